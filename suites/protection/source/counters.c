/* Performance counters and their interrupt, single steps on branches, the record of the last one. Runs with the local APIC on. */
#include "protection.h"

enum { COUNTER0 = 0xc1, COUNTER1 = 0xc2, SELECT0 = 0x186, SELECT1 = 0x187, DEBUGCTL = 0x1d9, LAST_FROM = 0x1db, LAST_TO = 0x1dc };
enum { CLOCKS = 0x79, RETIRED = 0xc0, BRANCHES = 0xc4, TAKEN = 0xc9 };
enum { USR = 1 << 16, OS = 1 << 17, INT = 1 << 20, EN = 1 << 22, INV = 1 << 23, LBR = 1, BTF = 2 };
#define LEAST(events) ((u32)(events) << 24)
enum { LVT_COUNTER = 0x340, LVT_MASKED = 0x10000, LVT_NMI = 0x400, VECTOR = 0x61 };
#define LOCAL(offset) (*(volatile u32 *)(0xfee00000 + (offset)))

BODY(nothing) { asm("ret"); }
BODY(ten) { asm("nop; nop; nop; nop; nop; nop; nop; nop; nop; nop; ret"); }
BODY(repeated) { asm("pushl %edi; movl $50, %ecx; movl $scratch, %edi; rep stosb; popl %edi; ret"); }
BODY(loop) { asm("movl $10, %ecx; 1: decl %ecx; jnz 1b; ret"); }
BODY(outer_nothing) { asm("int $0x40"); }
BODY(outer_ten) { asm("nop; nop; nop; nop; nop; nop; nop; nop; nop; nop; int $0x40"); }
LINE(read_first, "xorl %ecx, %ecx; rdpmc")
LINE(read_third, "movl $2, %ecx; rdpmc")

static void select(u32 selection) {
  model_write(SELECT0, 0);
  model_write(COUNTER0, 0);
  model_write(SELECT0, selection | EN);
}
static u32 stopped(void) {
  model_write(SELECT0, 0);
  return model_read(COUNTER0);
}
/* What a body counts more than an empty one. */
static u32 counted(u32 selection, void (*body)(void)) {
  u32 counts[2];
  for (u32 index = 0; index < 2; index++) {
    select(selection);
    (index ? body : nothing)();
    counts[index] = stopped();
  }
  return counts[1] - counts[0];
}
static u32 counted_at(int level, u32 selection) {
  u32 counts[2];
  for (u32 index = 0; index < 2; index++) {
    select(selection);
    ending_at(level, index ? outer_ten : outer_nothing, 0);
    counts[index] = stopped();
  }
  return counts[1] - counts[0];
}

static void try_counting(void) {
  is("instructions retired", counted(RETIRED | OS, ten), 10);
  is("  a repeated one once", counted(RETIRED | OS, repeated), 5);
  is("  in cycles with at least one", counted(RETIRED | OS | LEAST(1), ten) <= 10, 1);
  is("  in cycles with at least 16", counted(RETIRED | OS | LEAST(16), ten), 0);
  is("  in cycles with fewer than 16: all of them", counted(RETIRED | OS | LEAST(16) | INV, repeated) > 0, 1);
  is("clocks", counted(CLOCKS | OS, repeated) > 0, 1);
  is("branches retired", counted(BRANCHES | OS, loop), 10);
  is("  and taken", counted(TAKEN | OS, loop), 9);
  is("at level 3 alone: at level 3", counted_at(3, RETIRED | USR), 10);
  is("  at level 1", counted_at(1, RETIRED | USR), 10);
  is("  at level 0", counted_at(0, RETIRED | USR), 0);
  is("at level 0 alone: at level 0", counted_at(0, RETIRED | OS), 10);
  is("  at level 3", counted_at(3, RETIRED | OS), 0);
  is("at no level", counted_at(0, RETIRED), 0);
  model_write(COUNTER1, 0);
  model_write(SELECT1, RETIRED | OS);
  ten();
  is("the second waits for the first one's switch", model_read(COUNTER1), 0);
  select(0);
  ten();
  stopped();
  is("  and counts with it", model_read(COUNTER1) > 10, 1);
  model_write(SELECT1, 0);
  model_write(COUNTER0, 0x80000000);
  u32 low, high;
  asm volatile("rdpmc" : "=a"(low), "=d"(high) : "c"(0));
  is("what is written is extended by its sign to 40 bits", low == 0x80000000 && high == 0xff, 1);
  is("RDPMC of a third", ending(read_third), FAULT(GP, 0));
  is("RDPMC at level 3", ending_at(3, read_first, 0), FAULT(GP, 0));
  WRITE("cr4", READ("cr4") | 0x100);
  is("  with CR4.PCE", ending_at(3, read_first, 0), END);
  WRITE("cr4", READ("cr4") & ~0x100);
}

static u32 overflows, overflowed_at;
static void overflow(struct frame *frame) {
  overflows++;
  overflowed_at = frame->eip;
  model_write(SELECT0, 0);
  if (frame->vector == VECTOR) LOCAL(0xb0) = 0;
}
/* How often a counter that is about to overflow interrupts, by its entry in the local APIC. */
static u32 interrupts(u32 entry, u32 selection) {
  overflows = 0;
  LOCAL(LVT_COUNTER) = entry;
  model_write(COUNTER0, -20);
  asm volatile("sti");
  model_write(SELECT0, RETIRED | OS | EN | selection);
  for (u32 round = 0; round < 10; round++) ten();
  asm volatile("cli");
  model_write(SELECT0, 0);
  LOCAL(LVT_COUNTER) = LVT_MASKED;
  return overflows;
}
static void try_overflow(void) {
  handlers[VECTOR] = overflow;
  handlers[NMI] = overflow;
  is("an overflow interrupts", interrupts(VECTOR, INT), 1);
  is("  not without INT", interrupts(VECTOR, 0), 0);
  is("  not where its entry is masked", interrupts(VECTOR | LVT_MASKED, INT), 0);
  is("  as NMI", interrupts(LVT_NMI, INT), 1);
  is("  somewhere in what was counted", overflowed_at != 0, 1);
  handlers[VECTOR] = 0;
  handlers[NMI] = 0;
}

BODY(steps) { asm("pushfl; orl $0x100, (%esp); popfl; nop; nop; jmp branch_to; nop; branch_to: nop; nop; int $0x40"); }
BODY(recorded) {
  asm("record_from: jmp record_to; nop; record_to: movl $0x1db, %ecx; rdmsr; movl %eax, seen; movl $0x1dc, %ecx; rdmsr; movl %eax, seen+4; int $0x40");
}
BODY(not_taken) {
  asm("jmp 1f; 1: xorl %eax, %eax; jnz 2f; 2: movl $0x1dc, %ecx; rdmsr; movl %eax, seen; int $0x40");
}
extern u8 branch_to[], record_from[], record_to[];
static void try_branches(void) {
  WRITE("dr6", 0);
  model_write(DEBUGCTL, BTF);
  is("BTF: a single step goes to the next branch", ending(steps), DB);
  is("  behind it", last.eip, (u32)branch_to);
  is("  DR6.BS", READ("dr6") & 0xf00f, 0x4000);
  is("  which clears BTF", model_read(DEBUGCTL) & BTF, 0);
  WRITE("dr6", 0);
  model_write(DEBUGCTL, LBR);
  ending(recorded);
  model_write(DEBUGCTL, 0);
  is("LBR: where the last branch stood", seen[0], (u32)record_from);
  is("  where it went", seen[1], (u32)record_to);
  model_write(DEBUGCTL, LBR);
  ending(not_taken);
  model_write(DEBUGCTL, 0);
  u32 kept = model_read(LAST_TO);
  is("  one that is not taken is none", seen[0] - (u32)not_taken, 2);
  nothing();
  is("  nothing is recorded without LBR", model_read(LAST_TO), kept);
}

void try_counters(void) {
  try_counting();
  try_overflow();
  try_branches();
}
