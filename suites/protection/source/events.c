/* Events that meet: faults on the way to a handler, tasks that serve what comes from outside, debug exceptions held back, the APIC that moves. */
#include "protection.h"

enum { LOCAL = 0xfee00000, VERSION = 0x30, TPR = 0x80, EOI = 0xb0, SVR = 0xf0, ICR = 0x300, ICR_HIGH = 0x310, LVT_TIMER = 0x320, LVT_LINT0 = 0x350,
  LVT_LINT1 = 0x360, INITIAL = 0x380, CURRENT = 0x390, DIVIDE = 0x3e0 };
enum { SELF = 0x40000, MASKED = 0x10000, PERIODIC = 0x20000, NMI_MODE = 0x400, OUTSIDE = 0x61, TIMER = 0x81, APIC_BASE = 0x1b };

static u32 at(u32 base, u32 offset) { return *(volatile u32 *)(base + offset); }
static u32 get(u32 offset) { return at(LOCAL, offset); }
static void put(u32 offset, u32 value) { *(volatile u32 *)(LOCAL + offset) = value; }

/* A task that serves an event at level 0, on a stack of its own. */
static void set_task(void (*body)(void)) {
  tasks[1] = (struct task){.cr3 = (u32)directory, .eip = (u32)body, .flags = 2, .cs = CODE0, .ss = DATA0, .ds = DATA0, .es = DATA0,
    .fs = DATA0, .gs = DATA0, .esp = TOP(task_stacks[0]), .esp0 = TOP(stacks[0]), .ss0 = DATA0, .map = 0x68};
  set_access(TASK_A, TSS_32);
  for (u32 index = 0; index < 8; index++) seen[index] = 0;
}

/* Bodies whose stack is a page that cannot be written: the page fault's task mends it, and the instruction begins anew. */
static u32 *entry, divisor;
BODY(mends) {
  asm("1: popl seen+8; movl %cr2, %eax; movl %eax, seen+12; movl entry, %eax; orl $2, (%eax); invlpg scratch+4096; incl seen+16; iret; jmp 1b");
}
BODY(divides) {
  asm("movl %esp, seen+4; movl $scratch+8192, %esp; xorl %edx, %edx; movl $1500, %eax; events_divide: divl divisor; movl seen+4, %esp;"
      "movl %eax, seen; int $0x40");
}
BODY(interrupts) { asm("movl %esp, seen+4; movl $scratch+8192, %esp; int $0x50; movl seen+4, %esp; int $0x40"); }
BODY(quiet) { asm("incl seen; iret"); }
extern u8 events_divide[];
static u32 helped;
static void help_divide(struct frame *frame) { (void)frame; divisor = 10; helped++; }
static void help_segment(struct frame *frame) {
  seen[5] = frame->error;
  helped++;
  set_vector(SPARE_VECTOR, CODE0, (u32)quiet, INTERRUPT);
}
static void spoil(void) {
  set_task(mends);
  helped = 0;
  entry = page_entry((u32)scratch + 4096);
  *entry &= ~2;
  flush((u32)scratch + 4096);
}
static void try_faults_in_a_row(void) {
  set_vector(PF, TASK_A, 0, TASK_GATE);
  handlers[DE] = help_divide;
  divisor = 0;
  spoil();
  is("a divide error, and a page fault on its stack", ending(divides), END);
  is("  one after the other", seen[4] << 8 | helped, 0x101);
  is("  the instruction began anew", seen[0], 150);
  is("  the page fault's code: a write to what is present", seen[2], 3);
  is("  its address: the first push", seen[3], (u32)scratch + 8188);
  handlers[NP] = help_segment;
  set_segment(SPARE, 0, 0xfffff, EXECUTE & ~0x80, BIG | PAGES);
  set_vector(SPARE_VECTOR, SPARE, (u32)quiet, INTERRUPT);
  spoil();
  is("a handler's code that is absent, and a page fault on the stack", ending(interrupts), END);
  is("  one after the other", seen[4] << 8 | helped, 0x101);
  is("  the error code: INT n is not from outside", seen[5], SPARE);
  is("  the interrupt came in the end", seen[0], 1);
  handlers[DE] = handlers[NP] = 0;
  restore_vector(PF);
  restore_vector(SPARE_VECTOR);
  asm volatile("clts");
}

BODY(serves) { asm("1: incl seen; pushfl; popl seen+4; movl $0, 0xfee000b0; iret; incl seen+8; jmp 1b"); }
static void try_tasks_from_outside(void) {
  set_task(serves);
  set_vector(OUTSIDE, TASK_A, 0, TASK_GATE);
  put(ICR, SELF | OUTSIDE);
  asm volatile("sti; nop; nop; cli" : : : "memory");
  is("an interrupt served by a task", seen[0], 1);
  is("  with its flags and NT", seen[1] & (IF | NT), NT);
  is("  in the place of the main one", tasks[1].link & 0xffff, MAIN_TASK);
  is("  whose flags were saved", tasks[0].flags & IF, IF);
  put(ICR, SELF | OUTSIDE);
  asm volatile("sti; nop; nop; cli" : : : "memory");
  is("  goes on behind its IRET", seen[0] << 8 | seen[2], 0x201);
  restore_vector(OUTSIDE);
  set_task(serves);
  set_vector(NMI, TASK_A, 0, TASK_GATE);
  for (u32 round = 0; round < 2; round++) {
    put(ICR_HIGH, get(0x20));
    put(ICR, NMI_MODE);
    asm volatile("nop; nop" : : : "memory");
  }
  is("an NMI served by a task, and another after its IRET", seen[0], 2);
  restore_vector(NMI);
  asm volatile("clts");
}

BODY(tells_level) { asm("1: movw %cs, seen; movw %ss, seen+4; incl seen+8; iret; jmp 1b"); }
BODY(calls) { asm("lcall $0x58, $0xf4f4f4f4; int $0x40"); }
static void try_levels_of_tasks(void) {
  /* IRET to a task in virtual-8086 mode, which an invalid instruction leaves for the main one. */
  *(u16 *)0x8000 = 0x0b0f;
  set_task(serves);
  tasks[1].flags = VM | 2;
  tasks[1].cs = 0x800;
  tasks[1].eip = 0;
  tasks[1].ss = 0x900;
  tasks[1].ds = 0x1234;
  tasks[1].fs = 0x2345;
  set_access(TASK_A, TSS_32 | 2);
  tasks[0].link = TASK_A;
  set_vector(UD, MAIN_TASK, 0, TASK_GATE);
  asm volatile("pushfl; orl $0x4000, (%%esp); popfl; iret; pushfl; popl seen+20; pushfl; andl $~0x4000, (%%esp); popfl" : : : "memory");
  is("IRET to a task in virtual-8086 mode, and back by a task gate", tasks[1].flags & VM, VM);
  is("  it stood at the instruction", tasks[1].cs << 16 | tasks[1].eip, 0x8000000);
  is("  its segments were saved", tasks[1].ds << 16 | tasks[1].fs, 0x12342345);
  is("  the main one is linked to it", tasks[0].link & 0xffff, TASK_A);
  is("  with NT", seen[5] & NT, NT);
  restore_vector(UD);

  set_task(tells_level);
  set_segment(SPARE, 0, 0xfffff, CONFORMING, BIG | PAGES);
  tasks[1].cs = SPARE | 3;
  tasks[1].ss = tasks[1].ds = tasks[1].es = tasks[1].fs = tasks[1].gs = DATA3 | 3;
  tasks[1].flags = IOPL(3) | 2;
  tasks[1].esp = TOP(task_stacks[0]);
  is("a task at level 3 in conforming code of level 0", ending(calls), END);
  is("  keeps its level", seen[2] << 16 | (seen[0] & 0xffff), 0x10000 | SPARE | 3);
  asm volatile("clts");
}

static u32 debugs, debug_at[8], debug_status[8], breaks, break_at;
static void note_debug(struct frame *frame) {
  if (debugs < 8) {
    debug_at[debugs] = frame->eip;
    debug_status[debugs] = READ("dr6") & 0xe00f;
  }
  debugs++;
  WRITE("dr6", 0);
}
static void note_break(struct frame *frame) { breaks++; break_at = frame->eip; }
static u32 watched = DATA0;
static u32 noting(void (*body)(void)) {
  debugs = breaks = 0;
  WRITE("dr6", 0);
  handlers[DB] = note_debug;
  handlers[BP] = note_break;
  u32 end = ending(body);
  handlers[DB] = handlers[BP] = 0;
  return end;
}
BODY(watch_ice) { asm("movw watched, %ss; .byte 0x2e, 0x2e, 0xf1; events_ice: int $0x40"); }
BODY(watch_software) { asm("movw watched, %ss; int $1; events_software: int $0x40"); }
BODY(watch_break) { asm("movw watched, %ss; .byte 0x2e, 0xcc; events_break: int $0x40"); }
BODY(watch_nothing) { asm("movw watched, %ss; nop; events_nothing: int $0x40"); }
#define STEPPED "pushfl; popl %eax; orl $0x100, %eax; pushl %eax; movl %ss, %ecx; popfl; "
#define STEPS_END "andl $~0x100, %eax; pushl %eax; popfl; int $0x40"
BODY(step_ice) { asm(STEPPED "movl %ecx, %ss; .byte 0xf1; events_step_ice: .byte 0xf1; events_step_ice_2: " STEPS_END); }
BODY(step_detect) { asm("xorl %ebx, %ebx; movl $0x2400, %edx; movl %edx, %dr7; " STEPPED "movl %ecx, %ss; events_detect: movl %ebx, %dr6; events_detect_2: " STEPS_END); }
BODY(step_sti) { asm("cli; " STEPPED "sti; events_sti: andl $~0x100, %eax; events_sti_2: pushl %eax; popfl; cli; int $0x40"); }
BODY(step_halt) { asm("cli; " STEPPED "sti; events_halt: hlt; events_halt_2: " STEPS_END); }
extern u8 events_ice[], events_software[], events_break[], events_nothing[], events_step_ice[], events_step_ice_2[], events_detect[], events_detect_2[],
  events_sti[], events_sti_2[], events_halt[], events_halt_2[];
static void try_debug_together(void) {
  WRITE("dr1", (u32)&watched);
  WRITE("dr7", 0x00f0040a);
  is("MOV SS from a watched word: the trap waits", noting(watch_nothing), END);
  is("  for the next instruction's end", debug_at[0], (u32)events_nothing);
  is("  once", debugs << 8 | debug_status[0], 0x102);
  is("  and then INT1", noting(watch_ice), END);
  is("  one exception for both", debugs, 1);
  is("  behind it", debug_at[0], (u32)events_ice);
  set_vector(DB, CODE0, (u32)vector_stubs[DB], INTERRUPT);
  is("  and then INT 1", noting(watch_software), END);
  is("  one exception for each", debugs, 2);
  is("  and then INT3", noting(watch_break), END);
  is("  one exception for each", debugs << 8 | breaks, 0x101);
  is("  INT3's is behind it", break_at, (u32)events_break);
  WRITE("dr7", 0x400);
  is("single steps over MOV SS and INT1", noting(step_ice), END);
  is("  INT1's own exception", debug_at[0], (u32)events_step_ice);
  is("  is no single step", debug_status[0], 0);
  is("  nor is the next one's", debug_at[1] == (u32)events_step_ice_2 && debug_status[1] == 0, 1);
  is("  then steps", debugs << 16 | debug_status[2], 5 << 16 | 0x4000);
  is("single steps over MOV SS to a guarded debug register", noting(step_detect), END);
  is("  its fault is not held back", debug_at[0], (u32)events_detect);
  is("  and is no single step", debug_status[0], 0x2000);
  is("  the instruction's own step follows", debug_at[1] == (u32)events_detect_2 && debug_status[1] == 0x4000, 1);
  is("single steps over STI", noting(step_sti), END);
  is("  which holds none back", debug_at[0] == (u32)events_sti && debug_at[1] == (u32)events_sti_2, 1);
  is("single steps over HLT", noting(step_halt), END);
  is("  which it ends", debug_at[1], (u32)events_halt_2);
  /* A match clears the bits of the others, and nothing else of DR6. */
  WRITE("dr2", (u32)events_nothing);
  WRITE("dr7", 0x420);
  WRITE("dr6", 0x4001);
  is("DR6 after a match", ending(watch_nothing), DB);
  is("  tells of this one, and keeps BS", READ("dr6") & 0xe00f, 0x4004);
  WRITE("dr7", 0x400);
  WRITE("dr6", 0);
}

static u32 base_low, base_high;
static void put_base(void) { asm volatile("wrmsr" : : "c"(APIC_BASE), "a"(base_low), "d"(base_high)); }
static u32 base(u32 low, u32 high) {
  base_low = low;
  base_high = high;
  u32 end = ending(put_base);
  return end == NONE ? 0 : end;
}
static u32 has_apic(void) {
  u32 features;
  asm volatile("cpuid" : "=d"(features) : "a"(1) : "ebx", "ecx");
  return features >> 9 & 1;
}
static void try_base(void) {
  u32 version = get(VERSION), usual = model_read(APIC_BASE);
  is("APIC base: the usual one, on, of the first processor", usual, LOCAL | 0x900);
  is("  no x2APIC", base(usual | 0x400, 0), FAULT(GP, 0));
  is("  no bit 0", base(usual | 1, 0), FAULT(GP, 0));
  is("  no 37 bits of address", base(usual, 0x10), FAULT(GP, 0));
  is("  moves", base(0xfed40900, 0), 0);
  is("  and answers there", at(0xfed40000, VERSION), version);
  is("  and not here", get(VERSION), 0xffffffff);
  base(LOCAL | 0x100, 0);
  is("  off: CPUID has none", has_apic(), 0);
  put(VERSION, 0);
  is("  nothing answers", get(VERSION), 0xffffffff);
  base(usual, 0);
  is("  on again: CPUID has one", has_apic(), 1);
  is("  as after a reset", get(SVR) << 8 | get(TPR), 0xff00);
  put(SVR, 0x1ff);
  put(LVT_LINT0, MASKED);
  put(LVT_LINT1, MASKED);
}

static u32 until(u32 count, int below) {
  u32 now = get(CURRENT);
  for (u32 round = 0; round < 1000000 && (below ? now > count : now <= count && now); round++) now = get(CURRENT);
  return now;
}
static void try_timer_modes(void) {
  enum { START = 20000 };
  put(DIVIDE, 0xb);
  put(LVT_TIMER, TIMER | MASKED);
  put(INITIAL, START);
  until(START / 2, 1);
  put(LVT_TIMER, TIMER | MASKED | PERIODIC);
  is("timer: made periodic, it goes on from where it is", get(CURRENT) < START / 2, 1);
  is("  and keeps its start", get(INITIAL), START);
  until(START / 2, 0);
  is("  begins anew", get(CURRENT) > START / 2, 1);
  until(START / 2, 1);
  put(LVT_TIMER, TIMER | MASKED);
  is("timer: made one shot, it goes on", get(CURRENT) < START / 2 && get(CURRENT) > 0, 1);
  until(START / 2, 0);
  is("  to zero", get(CURRENT), 0);
  put(LVT_TIMER, TIMER | MASKED | PERIODIC);
  is("  where it stays when made periodic", get(CURRENT), 0);
  put(INITIAL, 0);
  put(LVT_TIMER, TIMER | MASKED);
}

void try_events(void) {
  put(SVR, 0x1ff);
  put(TPR, 0);
  put(LVT_LINT0, MASKED);
  put(LVT_LINT1, MASKED);
  try_faults_in_a_row();
  try_tasks_from_outside();
  try_levels_of_tasks();
  try_debug_together();
  try_base();
  try_timer_modes();
}
