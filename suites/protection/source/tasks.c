/* Hardware task switches: by CALL, JMP, IRET and gates; what a task keeps, and what is wrong with one. */
#include "protection.h"

/* A task: tells its flags and its register, and goes back. */
BODY(task_body) { asm("1: pushfl; popl seen; strw seen+4; movl %cr0, %eax; movl %eax, seen+8; incl seen+12; iret; jmp 1b"); }
BODY(task_jumps_back) { asm("1: strw seen+4; incl seen+12; ljmp $0x50, $0; jmp 1b"); }
BODY(call_task) { asm("movl $0x12345678, %ebx; lcall $0x58, $0; movl %ebx, seen+16; movl %eax, seen+20; pushfl; popl seen+24; int $0x40"); }
BODY(jump_task) { asm("ljmp $0x58, $0; strw seen+16; int $0x40"); }
BODY(call_gate) { asm("lcall $0x83, $0; int $0x40"); }
BODY(call_task_3) { asm("lcall $0x5b, $0; int $0x40"); }
BODY(call_itself) { asm("lcall $0x50, $0"); }
BODY(call_task_16) { asm("movl $0x5a5a1234, %ebx; lcall $0x68, $0; movl %ebx, seen+16; int $0x40"); }
BODY(return_nested) { asm("pushfl; orl $0x4000, (%esp); popfl; iret"); }
BODY(task_end) { asm("int $0x40"); }

/* Task 1 or 2 as it is switched to for the first time: at level 0, on a stack of its own. */
static void set_task(u32 number, void (*body)(void)) {
  tasks[number] = (struct task){.cr3 = (u32)directory, .eip = (u32)body, .flags = 2, .cs = CODE0, .ss = DATA0, .ds = DATA0,
    .es = DATA0, .fs = DATA0, .gs = DATA0, .esp = TOP(task_stacks[number - 1]), .esp0 = TOP(stacks[0]), .ss0 = DATA0, .map = 0x68};
}
static void prepare(void (*body)(void)) {
  set_task(1, body);
  set_segment(TASK_A, (u32)&tasks[1], 0x67, TSS_32, 0);
  for (u32 index = 0; index < 8; index++) seen[index] = 0;
}
/* Makes the main task the one that runs, whatever happened. */
static void back(void) {
  set_access(TASK_A, TSS_32);
  set_access(MAIN_TASK, TSS_32);
  asm volatile("ltr %w0; clts; lldt %w1" : : "r"(MAIN_TASK), "r"(0));
}

static void try_ways(void) {
  prepare(task_body);
  is("CALL to a task", ending_at(0, call_task, 0), END);
  is("  its flags have NT", seen[0] & NT, NT);
  is("  it is in the task register", seen[1] & 0xffff, TASK_A);
  is("  CR0.TS is set", seen[2] & 8, 8);
  is("  it is linked to the old one", tasks[1].link & 0xffff, MAIN_TASK);
  is("  the old one's registers come back", seen[4], 0x12345678);
  is("  the old one's flags have no NT", seen[6] & NT, 0);
  is("  it is not busy any more", access_of(TASK_A), TSS_32);
  is("  the old one is busy", access_of(MAIN_TASK), TSS_32 | 2);
  is("  it stands behind its IRET", *(u8 *)tasks[1].eip == 0xeb || *(u8 *)tasks[1].eip == 0xe9, 1);
  is("  IRET saved its flags without NT", tasks[1].flags & NT, 0);
  asm volatile("clts");

  prepare(task_jumps_back);
  tasks[1].link = 0x77;
  is("JMP to a task and back", ending_at(0, jump_task, 0), END);
  is("  it links nothing", tasks[1].link, 0x77);
  is("  the main task runs again", seen[4] & 0xffff, MAIN_TASK);
  is("  it is not busy any more", access_of(TASK_A), TSS_32);
  asm volatile("clts");

  prepare(task_body);
  set_gate(SPARE, TASK_A, 0, 0, TASK_GATE | LEVEL(3));
  is("CALL through a task gate from level 3", ending_at(3, call_gate, 0), END);
  is("  the task ran", seen[3], 1);
  is("  the old one's level is kept", tasks[0].cs & 0xffff, CODE3 | 3);
  set_gate(SPARE, TASK_A, 0, 0, TASK_GATE);
  is("CALL through a task gate of level 0 from level 3", ending_at(3, call_gate, 0), FAULT(GP, SPARE));
  is("CALL to a task of level 0 from level 3", ending_at(3, call_task_3, 0), FAULT(GP, TASK_A));
  is("CALL to itself", ending_at(0, call_itself, 0), FAULT(GP, MAIN_TASK));
  set_gate(SPARE, 0x0c, 0, 0, TASK_GATE | LEVEL(3));
  is("task gate to a local selector", ending_at(3, call_gate, 0), FAULT(GP, 0x0c));
  set_gate(SPARE, DATA0, 0, 0, TASK_GATE | LEVEL(3));
  is("task gate to data", ending_at(3, call_gate, 0), FAULT(GP, DATA0));
  asm volatile("clts");
}

static void try_unfit_tasks(void) {
  prepare(task_body);
  set_access(TASK_A, TSS_32 | 2);
  is("CALL to a busy task", ending_at(0, call_task, 0), FAULT(GP, TASK_A));
  set_access(TASK_A, TSS_32 & ~0x80);
  is("CALL to an absent task", ending_at(0, call_task, 0), FAULT(NP, TASK_A));
  set_segment(TASK_A, (u32)&tasks[1], 0x66, TSS_32, 0);
  is("CALL to a task that is too short", ending_at(0, call_task, 0), FAULT(TS, TASK_A));
  prepare(task_body);
  tasks[0].link = TASK_A;
  is("IRET with NT to a task that is not busy", ending_at(0, return_nested, 0), FAULT(TS, TASK_A));
  tasks[0].link = DATA0;
  is("IRET with NT to data", ending_at(0, return_nested, 0), FAULT(TS, DATA0));
  tasks[0].link = 0x0c;
  is("IRET with NT to a local selector", ending_at(0, return_nested, 0), FAULT(TS, 0x0c));
}

/*
 * A fault in what the new task loads comes up in the new task, which is not fit to handle it (Vol. 3A, section 6.15, "Interrupt 10"):
 * the handler is a third task.
 */
BODY(fault_task) { asm("popl seen; int $0x40"); }
static void unfit(const char *name, u32 wanted) {
  u32 vector = wanted & 0xff;
  set_task(2, fault_task);
  set_access(TASK_B, TSS_32);
  set_vector(vector, TASK_B, 0, TASK_GATE);
  seen[0] = 0xdead;
  u32 end = ending_at(0, call_task, 0);
  restore_vector(vector);
  back();
  is(name, FAULT(vector, seen[0]) | (end != END) << 31, wanted);
  is("  in the new task", tasks[2].link & 0xffff, TASK_A);
}
static void try_unfit_segments(void) {
  prepare(task_end);
  tasks[1].cs = 0;
  unfit("a task without code", FAULT(TS, 0));
  prepare(task_end);
  tasks[1].cs = DATA0;
  unfit("a task whose code is data", FAULT(TS, DATA0));
  prepare(task_end);
  tasks[1].cs = CODE3;
  unfit("a task whose code has another level than its RPL", FAULT(TS, CODE3));
  prepare(task_end);
  set_segment(SPARE, 0, 0xfffff, EXECUTE & ~0x80, BIG | PAGES);
  tasks[1].cs = SPARE;
  unfit("a task whose code is absent", FAULT(NP, SPARE));
  prepare(task_end);
  tasks[1].ss = 0;
  unfit("a task without a stack", FAULT(TS, 0));
  prepare(task_end);
  tasks[1].ss = DATA3;
  unfit("a task whose stack has another level", FAULT(TS, DATA3));
  prepare(task_end);
  set_segment(SPARE, 0, 0xfffff, EXECUTE_ONLY, BIG | PAGES);
  tasks[1].ds = SPARE;
  unfit("a task whose data cannot be read", FAULT(TS, SPARE));
  prepare(task_end);
  set_segment(SPARE, 0, 0xfffff, WRITABLE & ~0x80, BIG | PAGES);
  tasks[1].es = SPARE;
  unfit("a task whose data is absent", FAULT(NP, SPARE));
  prepare(task_end);
  tasks[1].local = DATA0;
  unfit("a task whose local table is none", FAULT(TS, DATA0));
  prepare(task_end);
  set_segment(SPARE, 0, 0xff, EXECUTE, BIG);
  tasks[1].cs = SPARE;
  unfit("a task that stands beyond its code", FAULT(GP, 0));
}

static void try_others(void) {
  prepare(task_body);
  tasks[1].trap = 1;
  WRITE("dr6", 0);
  u32 end = ending_at(0, call_task, 0);
  is("a task with its trap bit", end, DB);
  is("  DR6.BT", READ("dr6") & 0xf00f, 0x8000);
  is("  before its first instruction", last.eip, (u32)task_body);
  back();
  WRITE("dr6", 0);

  prepare(task_body);
  tasks[1].cr3 = (u32)other_directory;
  is("a task with its own page tables", ending_at(0, call_task, 0), END);
  is("  the old ones are back", READ("cr3"), (u32)directory);
  asm volatile("clts");

  /* A 16-bit task: its code lies at the start of a segment of its own. */
  static struct task16 fresh;
  task16 = fresh;
  set_segment(SPARE, (u32)task_body, 0xfff, EXECUTE, BIG);
  set_segment(SPARE2, 0, 0xffff, WRITABLE, 0);
  task16.cs = SPARE;
  task16.ss = SPARE2;
  task16.ds = task16.es = DATA0;
  task16.sp = 0x8000;
  task16.flags = 2;
  for (u32 index = 0; index < 8; index++) seen[index] = 0;
  is("CALL to a 16-bit task", ending_at(0, call_task_16, 0), END);
  is("  the task ran", seen[3], 1);
  is("  it is in the task register", seen[1] & 0xffff, TASK_16);
  is("  it is linked to the old one", task16.link, MAIN_TASK);
  is("  the old one's registers come back whole", seen[4], 0x5a5a1234);
  asm volatile("clts");
}

void try_tasks(void) {
  try_ways();
  try_unfit_tasks();
  try_unfit_segments();
  try_others();
}
