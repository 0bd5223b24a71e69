/* The local APIC and the I/O APIC: priorities, interrupts to itself, the timer, errors, levels and edges, NMI. */
#include "protection.h"

enum { LOCAL = 0xfee00000, IO = 0xfec00000 };
enum { ID = 0x20, VERSION = 0x30, TPR = 0x80, PPR = 0xa0, EOI = 0xb0, LDR = 0xd0, DFR = 0xe0, SVR = 0xf0, ISR = 0x100, TMR = 0x180, IRR = 0x200,
  ESR = 0x280, ICR = 0x300, ICR_HIGH = 0x310, LVT_TIMER = 0x320, LVT_LINT0 = 0x350, LVT_LINT1 = 0x360, LVT_ERROR = 0x370, INITIAL = 0x380, CURRENT = 0x390,
  DIVIDE = 0x3e0 };
enum { SELF = 0x40000, MASKED = 0x10000, PERIODIC = 0x20000, LEVEL_BIT = 0x8000, NMI_MODE = 0x400, LOGICAL = 0x800 };
enum { LOW = 0x51, SAME = 0x58, HIGH = 0x71, TIMER = 0x81, ERROR_VECTOR = 0x91, PIN = 0xa1 };

static u32 get(u32 offset) { return *(volatile u32 *)(LOCAL + offset); }
static void put(u32 offset, u32 value) { *(volatile u32 *)(LOCAL + offset) = value; }
static u32 io_get(u32 index) { *(volatile u32 *)IO = index; return *(volatile u32 *)(IO + 0x10); }
static void io_put(u32 index, u32 value) { *(volatile u32 *)IO = index; *(volatile u32 *)(IO + 0x10) = value; }

static u32 taken, order[8], priority_in, in_service, taken_at, ends = 1;
static void take(struct frame *frame) {
  if (taken < 8) order[taken] = frame->vector;
  taken++;
  taken_at = frame->eip;
  priority_in = get(PPR);
  in_service = get(ISR + (frame->vector >> 5) * 0x10) >> (frame->vector & 31) & 1;
  if (ends) put(EOI, 0);
}
static void begin(void) {
  taken = 0;
  ends = 1;
  for (u32 index = 0; index < 8; index++) order[index] = 0;
}
static void on(void) { asm volatile("sti; nop; nop; nop; nop; nop; nop; nop; nop; cli"); }
/* Lets interrupts in until there were so many. */
static void await(u32 count) { for (u32 round = 0; round < 10000000 && taken < count; round++) asm volatile("sti; nop; cli"); }
static void let_pass(u32 rounds) { for (volatile u32 index = 0; index < rounds; index++) {} }

static void try_priorities(void) {
  begin();
  put(ICR, SELF | LOW);
  is("to itself: waits while IF is clear", taken, 0);
  is("  in the IRR", get(IRR + 0x20) >> (LOW & 31) & 1, 1);
  on();
  is("  then is taken", taken, 1);
  is("  was in service", in_service, 1);
  is("  with the priority of its class", priority_in, LOW & 0xf0);
  is("  not any more after EOI", get(ISR + 0x20) | get(IRR + 0x20), 0);
  begin();
  put(ICR, SELF | LOW);
  put(ICR, SELF | HIGH);
  put(ICR, SELF | SAME);
  on();
  is("the highest first", order[0] << 16 | order[1] << 8 | order[2], HIGH << 16 | SAME << 8 | LOW);
  begin();
  put(TPR, HIGH & 0xf0);
  put(ICR, SELF | HIGH);
  on();
  is("the task priority holds back its own class", taken, 0);
  is("  and is the processor's", get(PPR), HIGH & 0xf0);
  put(TPR, (HIGH & 0xf0) - 1);
  on();
  is("  and not a higher one", taken, 1);
  put(TPR, 0);
  begin();
  ends = 0;
  put(ICR, SELF | HIGH);
  on();
  put(ICR, SELF | LOW);
  on();
  is("without EOI lower ones wait", taken, 1);
  put(TPR, 0x7f);
  is("  the task priority in full where classes are equal", get(PPR), 0x7f);
  put(TPR, 0);
  ends = 1;
  put(EOI, 0);
  on();
  is("  until EOI", taken, 2);
  begin();
  put(ICR, SELF | LOW);
  put(ICR, SELF | LOW);
  on();
  is("one vector twice is taken once", taken, 1);
}

/* Sends a command; how many interrupts have come since the beginning. */
static u32 sent(u32 to, u32 command) {
  put(ICR_HIGH, to);
  put(ICR, command);
  on();
  return taken;
}
static void try_destinations(void) {
  begin();
  is("to its own number", sent(get(ID), LOW), 1);
  put(DFR, 0xffffffff);
  put(LDR, 0x04000000);
  is("to a set that has it, flat", sent(0x06000000, LOGICAL | LOW), 2);
  is("to a set without it", sent(0x02000000, LOGICAL | LOW), 2);
  put(DFR, 0x0fffffff);
  put(LDR, 0x12000000);
  is("to its cluster", sent(0x12000000, LOGICAL | LOW), 3);
  is("to another cluster", sent(0x22000000, LOGICAL | LOW), 3);
  put(DFR, 0xffffffff);
  put(LDR, 0);
  is("to all", sent(0, 0x80000 | LOW), 4);
  is("to all others", sent(0, 0xc0000 | LOW), 4);
  put(ESR, 0);
  put(ESR, 0);
}

/* The instruction after STI runs before an interrupt. */
BODY(shadow_sti) { asm("sti; nop; apic_behind: nop; cli; int $0x40"); }
BODY(shadow_none) { asm("sti; cli; nop; nop; int $0x40"); }
BODY(sleeping) { asm("sti; hlt; apic_awake: cli; int $0x40"); }
extern u8 apic_behind[], apic_awake[];
static void try_shadows(void) {
  begin();
  put(ICR, SELF | LOW);
  ending_at(0, shadow_sti, 0);
  is("STI holds interrupts back for one instruction", taken_at, (u32)apic_behind);
  begin();
  put(ICR, SELF | LOW);
  ending_at(0, shadow_none, 0);
  is("STI and CLI let nothing through", taken, 0);
  on();
  put(ICR, SELF | LOW);
  ending_at(0, sleeping, 0);
  is("STI and HLT: an interrupt that waits wakes it", taken_at, (u32)apic_awake);
}

static void try_timer(void) {
  begin();
  put(DIVIDE, 3);
  put(LVT_TIMER, TIMER);
  put(INITIAL, 1000);
  u32 first = get(CURRENT);
  is("timer: counts down from its start", first <= 1000 && get(CURRENT) <= first, 1);
  asm volatile("sti; hlt; cli");
  is("timer: one shot", order[0], TIMER);
  is("  stands at zero", get(CURRENT), 0);
  let_pass(100000);
  on();
  is("  and comes once", taken, 1);
  begin();
  put(LVT_TIMER, TIMER | PERIODIC);
  put(INITIAL, 2000);
  for (u32 round = 0; round < 3; round++) asm volatile("sti; hlt; cli");
  is("timer: periodic", taken >= 3, 1);
  put(LVT_TIMER, TIMER | PERIODIC | MASKED);
  on();
  begin();
  let_pass(100000);
  on();
  is("timer: masked", taken, 0);
  put(INITIAL, 0);
  is("timer: stopped by zero", get(CURRENT), 0);
  put(LVT_TIMER, TIMER);
  for (u32 code = 0; code < 16; code++) put(DIVIDE, code);
  put(DIVIDE, 0xb);
  is("timer: divides by one", get(DIVIDE), 0xb);
}

static void try_errors(void) {
  put(LVT_ERROR, ERROR_VECTOR);
  put(ESR, 0);
  put(ESR, 0);
  begin();
  put(ICR, SELF | 5);
  on();
  is("an illegal vector is an error", order[0], ERROR_VECTOR);
  put(ESR, 0);
  is("  which the status shows", get(ESR) & 0x20, 0x20);
  put(ESR, 0);
  is("  until it is written again", get(ESR), 0);
  /* An error vector that is itself illegal must not be the end. */
  put(LVT_ERROR, 5);
  put(ICR, SELF | 5);
  put(ESR, 0);
  is("an error whose own vector is illegal", get(ESR) & 0x20, 0x20);
  put(LVT_ERROR, MASKED);
  put(ESR, 0);
  put(ESR, 0);
}

static u32 nmis, nmis_nested, nmi_depth;
static void take_nmi(struct frame *frame) {
  (void)frame;
  nmi_depth++;
  if (nmi_depth > 1) nmis_nested++;
  nmis++;
  if (nmis == 1) {
    /* Another while this one is being served: it waits for IRET. */
    put(ICR_HIGH, get(ID));
    put(ICR, NMI_MODE);
    let_pass(100);
  }
  nmi_depth--;
}
static void try_nmi(void) {
  handlers[NMI] = take_nmi;
  put(ICR_HIGH, get(ID));
  put(ICR, NMI_MODE);
  let_pass(100);
  is("NMI to itself, and one while it is served", nmis, 2);
  is("  one after the other", nmis_nested, 0);
  handlers[NMI] = 0;
}

/* The 8254's output reaches pin 2. */
static void timer_8254(u32 count) {
  out8(0x43, 0x34);
  out8(0x40, count);
  out8(0x40, count >> 8);
}
static void try_io(void) {
  is("I/O APIC: entries", io_get(1) >> 16 & 0xff, 23);
  is("I/O APIC: an entry keeps what may be written", (io_put(0x10 + 2 * 20, 0xffffffff), io_get(0x10 + 2 * 20)) & ~0x5000, 0x1afff);
  io_put(0x10 + 2 * 20, MASKED);
  timer_8254(2000);
  begin();
  io_put(0x15, get(ID));
  io_put(0x14, PIN);
  for (u32 round = 0; round < 3; round++) asm volatile("sti; hlt; cli");
  is("I/O APIC: edges of the timer", taken, 3);
  is("  have no remote request", io_get(0x14) & 0x4000, 0);
  io_put(0x14, PIN | MASKED);
  on();
  begin();
  let_pass(200000);
  on();
  is("I/O APIC: masked", taken, 0);
  /* As a level the same output is up nearly all the time. */
  ends = 0;
  timer_8254(60000);
  let_pass(2000);
  io_put(0x14, PIN | LEVEL_BIT);
  on();
  is("I/O APIC: a level that is up", taken, 1);
  is("  has a remote request", io_get(0x14) & 0x4000, 0x4000);
  is("  is marked as a level", get(TMR + 0x50) >> (PIN & 31) & 1, 1);
  on();
  is("  waits for EOI", taken, 1);
  put(EOI, 0);
  on();
  is("  and comes again after it", taken, 2);
  io_put(0x14, PIN | LEVEL_BIT | MASKED);
  put(EOI, 0);
  on();
  is("  unless it is masked", taken, 2);
  ends = 1;
  io_put(0x14, MASKED);
  nmis = 2;
  handlers[NMI] = take_nmi;
  timer_8254(2000);
  io_put(0x14, NMI_MODE);
  asm volatile("cli; hlt");
  handlers[NMI] = take_nmi;
  io_put(0x14, NMI_MODE | MASKED);
  is("I/O APIC: NMI wakes a processor with IF clear", nmis >= 3, 1);
}

/* LINT0 is the 8259As: as fixed interrupts and as NMI. */
static void try_local_pins(void) {
  out8(0x20, 0x11);
  out8(0x21, 0x20);
  out8(0x21, 0x04);
  out8(0x21, 0x01);
  out8(0x21, 0xff);
  nmis = 2;
  put(LVT_LINT0, NMI_MODE);
  timer_8254(2000);
  out8(0x21, 0xfe);
  asm volatile("cli; hlt");
  put(LVT_LINT0, MASKED);
  is("LINT0 as NMI", nmis >= 3, 1);
  out8(0x21, 0xff);
  handlers[NMI] = 0;
  begin();
  handlers[0x20] = take;
  ends = 0;
  put(LVT_LINT0, 0x700);
  out8(0x21, 0xfe);
  await(1);
  is("LINT0 as the 8259As' interrupt", order[0], 0x20);
  is("  which is not in service here", get(ISR + 0x10), 0);
  out8(0x20, 0x20);
  out8(0x21, 0xff);
  put(LVT_LINT0, MASKED);
  handlers[0x20] = 0;
  ends = 1;
}

static void try_switches(void) {
  put(LVT_TIMER, TIMER);
  put(SVR, 0xf);
  is("disabled by software: its entries are masked", get(LVT_TIMER) & MASKED, MASKED);
  put(LVT_TIMER, TIMER);
  is("  and stay so", get(LVT_TIMER) & MASKED, MASKED);
  put(SVR, 0x1ff);
  is("  until they are written", (put(LVT_TIMER, TIMER), get(LVT_TIMER)), TIMER);
  put(LVT_TIMER, MASKED);
  is("the spurious vector's low bits are ones", (put(SVR, 0x1f0), get(SVR)) & 0x1ff, 0x1ff);
}

void try_apic(void) {
  static const u8 used[] = {LOW, SAME, HIGH, TIMER, ERROR_VECTOR, PIN};
  for (u32 index = 0; index < sizeof used; index++) handlers[used[index]] = take;
  put(SVR, 0x1ff);
  put(TPR, 0);
  put(LVT_LINT0, MASKED);
  put(LVT_LINT1, MASKED);
  put(EOI, 0);
  try_priorities();
  try_destinations();
  try_shadows();
  try_timer();
  try_errors();
  try_nmi();
  try_io();
  try_local_pins();
  try_switches();
}
