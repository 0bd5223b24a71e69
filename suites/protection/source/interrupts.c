/* Interrupt and trap gates, error codes and EXT, double faults, faults on the way to an inner level. */
#include "protection.h"

BODY(interrupt) { asm("int $0x50; int $0x40"); }
BODY(flags_handler) { asm("pushfl; popl seen; movw %cs, seen+4; movl 8(%esp), %eax; movl %eax, seen+8; iret"); }
BODY(handler_16) { asm("movl (%esp), %eax; movl %eax, seen; movzwl 4(%esp), %eax; movl %eax, seen+4; data16 iret"); }
BODY(breakpoint) { asm("int3; int $0x40"); }
BODY(overflow) { asm("movb $0x7f, %al; addb $1, %al; into; int $0x40"); }
BODY(divide) { asm("xorl %ecx, %ecx; divl %ecx"); }
BODY(invalid) { asm("ud2"); }
BODY(protection) { asm("xorl %eax, %eax; movl %eax, %es; movl %es:0, %eax"); }
BODY(page_fault) { asm("movl scratch, %eax; int $0x40"); }

/* Calls `interrupt` in a segment of its own, where its offsets have 16 bits. */
BODY(interrupt_16) { asm("ljmp $0x88, $0"); }

static u32 to(u32 target, u32 offset, u32 access) {
  set_vector(SPARE_VECTOR, target, offset, access);
  return ending_at(0, interrupt, 0);
}
static void try_gate_types(void) {
  u32 handler = (u32)flags_handler, code = SPARE_VECTOR * 8 + 2;
  set_vector(SPARE_VECTOR, CODE0, handler, INTERRUPT | LEVEL(3));
  is("interrupt gate", ending_at(3, interrupt, IF | NT | IOPL(3)), END);
  is("  clears IF, TF and NT", seen[0] & (IF | TF | NT), 0);
  is("  pushes them as they were", seen[2] & (IF | NT), IF | NT);
  set_vector(SPARE_VECTOR, CODE0, handler, TRAP | LEVEL(3));
  is("trap gate", ending_at(3, interrupt, IF | NT | IOPL(3)), END);
  is("  leaves IF and clears NT", seen[0] & (IF | NT), IF);
  set_vector(SPARE_VECTOR, CONFORMING0, handler, INTERRUPT | LEVEL(3));
  is("interrupt gate to conforming code", ending_at(3, interrupt, 0), END);
  is("  keeps the level", seen[1] & 0xffff, CONFORMING0 | 3);
  set_segment(SPARE, (u32)handler_16, 0xfff, EXECUTE, BIG);
  set_vector(SPARE_VECTOR, SPARE, 0, INTERRUPT_16 | LEVEL(3));
  set_segment(SPARE2, (u32)interrupt, 0xfff, EXECUTE, BIG);
  is("16-bit interrupt gate", ending_at(0, interrupt_16, 0), END);
  is("  pushes words", seen[0], SPARE2 << 16 | 2);
  set_vector(SPARE_VECTOR, CODE0, handler, INTERRUPT);
  is("INT n from level 3 through a gate of level 0", ending_at(3, interrupt, 0), FAULT(GP, code));
  is("absent gate", to(CODE0, handler, INTERRUPT & ~0x80), FAULT(NP, code));
  is("call gate in the table", to(CODE0, handler, CALL_GATE), FAULT(GP, code));
  is("gate to null", to(0, handler, INTERRUPT), FAULT(GP, 0));
  is("gate to data", to(DATA0, handler, INTERRUPT), FAULT(GP, DATA0));
  is("gate to an outer level", to(CODE3, handler, INTERRUPT), FAULT(GP, CODE3));
  set_segment(SPARE, 0, 0xfffff, EXECUTE & ~0x80, BIG | PAGES);
  is("gate to absent code", to(SPARE, handler, INTERRUPT), FAULT(NP, SPARE));
  set_segment(SPARE, 0, 0xfff, EXECUTE, BIG);
  is("gate to beyond the limit", to(SPARE, handler, INTERRUPT), FAULT(GP, 0));
  set_vector(SPARE_VECTOR, CODE0, handler, INTERRUPT);
  set_vector_limit(SPARE_VECTOR * 8 + 6);
  is("gate beyond the table", ending_at(0, interrupt, 0), FAULT(GP, code));
  set_vector_limit(256 * 8 - 1);
  restore_vector(SPARE_VECTOR);
}

static void try_software(void) {
  is("INT3", ending_at(3, breakpoint, 0), BP);
  is("INTO", ending_at(3, overflow, 0), OF);
  set_vector(BP, CODE0, (u32)vector_stubs[BP], INTERRUPT);
  set_vector(OF, CODE0, (u32)vector_stubs[OF], INTERRUPT);
  is("INT3 from level 3 through a gate of level 0", ending_at(3, breakpoint, 0), FAULT(GP, BP * 8 + 2));
  is("INTO from level 3 through a gate of level 0", ending_at(3, overflow, 0), FAULT(GP, OF * 8 + 2));
  restore_vector(BP);
  restore_vector(OF);
}

static u32 without(u32 vector, void (*body)(void)) {
  set_vector(vector, CODE0, 0, INTERRUPT & ~0x80);
  u32 end = ending_at(0, body, 0);
  restore_vector(vector);
  return end;
}
static void try_double(void) {
  is("a benign fault whose gate is absent", without(UD, invalid), FAULT(NP, UD * 8 + 3));
  is("a contributory fault whose gate is absent", without(GP, protection), FAULT(DOUBLE, 0));
  is("a divide error whose gate is absent", without(DE, divide), FAULT(DOUBLE, 0));
  *page_entry((u32)scratch) &= ~1;
  flush((u32)scratch);
  is("a page fault", ending_at(0, page_fault, 0), FAULT(PF, 0));
  is("a page fault whose gate is absent", without(PF, page_fault), FAULT(DOUBLE, 0));
  is("  with the address of the page fault", last_cr2, (u32)scratch);
  *page_entry((u32)scratch) |= 1;
}

/* Handlers that are tasks: what they find goes to `seen`, and they return. */
BODY(double_task) {
  asm("1: popl seen; pushfl; popl seen+4; strw seen+8; int $0x40; jmp 1b");
}
BODY(stack_task) {
  asm("1: popl seen+32; movl %cr2, %eax; movl %eax, seen+36; movl $stacks+4096, tasks+4; iret; jmp 1b");
}
static void prepare(void (*body)(void)) {
  struct task *task = &tasks[1];
  task->eip = (u32)body;
  task->flags = 2;
  task->cs = CODE0;
  task->ss = task->ds = task->es = task->fs = task->gs = DATA0;
  task->esp = TOP(task_stacks[0]);
  set_access(TASK_A, TSS_32);
}
static void try_task_handlers(void) {
  prepare(double_task);
  set_vector(DOUBLE, TASK_A, 0, TASK_GATE);
  is("a double fault through a task gate", without(GP, protection) & 0xffff, END);
  is("  its error code", seen[0], 0);
  is("  its flags have NT", seen[1] & NT, NT);
  is("  its task", seen[2] & 0xffff, TASK_A);
  is("  the task it came from", tasks[1].link & 0xffff, MAIN_TASK);
  is("  where that stood", *(u8 *)tasks[0].eip == 0x26 && tasks[0].cs == CODE0, 1);
  restore_vector(DOUBLE);
  set_access(TASK_A, TSS_32);
  set_access(MAIN_TASK, TSS_32);
  asm volatile("ltr %w0; clts" : : "r"(MAIN_TASK));

  prepare(stack_task);
  set_vector(PF, TASK_A, 0, TASK_GATE);
  set_vector(SPARE_VECTOR, CODE0, (u32)flags_handler, INTERRUPT | LEVEL(3));
  *page_entry((u32)scratch) &= ~1;
  flush((u32)scratch);
  tasks[0].esp0 = (u32)scratch + 4096;
  is("a page fault on the inner stack", ending_at(3, interrupt, 0), END);
  is("  its error code: a write of the supervisor", seen[8], 2);
  is("  its address: the first push", seen[9], (u32)scratch + 4092);
  is("  the instruction was begun anew", seen[1] & 0xffff, CODE0);
  *page_entry((u32)scratch) |= 1;
  tasks[0].esp0 = TOP(stacks[0]);
  restore_vector(PF);
  restore_vector(SPARE_VECTOR);
  asm volatile("clts");
}

void try_interrupts(void) {
  try_gate_types();
  try_software();
  try_double();
  try_task_handlers();
}
