/* Interrupt lines that the test device drives, through the I/O APIC; the local APIC, its timer and what it sends itself. */
#include "testing.h"

#define STI asm volatile("sti")
#define CLI asm volatile("cli")
#define LET_THROUGH asm volatile("sti; nop; nop; cli" ::: "memory")

static void redirect(u32 input, u32 low) {
  DEVICE(0xfec00000) = 0x11 + 2 * input;
  DEVICE(0xfec00010) = 0;
  DEVICE(0xfec00000) = 0x10 + 2 * input;
  DEVICE(0xfec00010) = low;
}
static u32 redirection(u32 input) {
  DEVICE(0xfec00000) = 0x10 + 2 * input;
  return DEVICE(0xfec00010);
}
static void line(u32 input, u32 level) { out8(0x2000 + input, level); }
static u32 bit(u32 set, u32 vector) { return APIC(set + 16 * (vector / 32)) >> vector % 32 & 1; }

enum { MASKED = 0x10000, LEVEL = 0x8000, REQUESTS = 0x200, IN_SERVICE = 0x100, TRIGGER = 0x180 };

static u32 trigger_seen, in_service_seen;
static void look(u32 vector) {
  trigger_seen = bit(TRIGGER, vector);
  in_service_seen = bit(IN_SERVICE, vector);
}
static void look_and_lower(u32 vector) {
  look(vector);
  line(14, 0);
}
static u32 times;
static void lower_at_third(u32 vector) {
  look(vector);
  if (++times == 3) line(14, 0);
}

static void ask_edges(void) {
  redirect(14, 0x81);
  forget();
  on_interrupt = look;
  line(14, 1);
  LET_THROUGH;
  is("I/O APIC: an edge", seen[0x81], 1);
  is("I/O APIC: an edge is in service", in_service_seen, 1);
  is("I/O APIC: its trigger mode is edge", trigger_seen, 0);
  line(14, 1);
  LET_THROUGH;
  is("I/O APIC: the same level is no edge", seen[0x81], 1);
  line(14, 0);
  line(14, 1);
  line(14, 0);
  line(14, 1);
  LET_THROUGH;
  is("I/O APIC: two edges before it is taken are one", seen[0x81], 2);
  line(14, 0);
  redirect(14, 0x81 | MASKED);
  line(14, 1);
  redirect(14, 0x81);
  LET_THROUGH;
  is("I/O APIC: an edge on a masked input is lost", seen[0x81], 2);
  line(14, 0);
  redirect(14, 0x66);
  redirect(15, 0x78);
  forget();
  line(14, 1);
  line(15, 1);
  LET_THROUGH;
  LET_THROUGH;
  is("I/O APIC: of two the higher vector comes first", order[0] << 8 | order[1], 0x7866);
  line(14, 0);
  line(15, 0);
  redirect(15, MASKED);
}

static void ask_levels(void) {
  redirect(14, 0x82 | LEVEL);
  forget();
  on_interrupt = look_and_lower;
  line(14, 1);
  LET_THROUGH;
  is("I/O APIC: a level", seen[0x82], 1);
  is("I/O APIC: its trigger mode is level", trigger_seen, 1);
  is("I/O APIC: no remote request after its end", redirection(14) & 0x4000, 0);
  times = 0;
  forget();
  on_interrupt = lower_at_third;
  line(14, 1);
  for (int turn = 0; turn < 5; turn++) LET_THROUGH;
  is("I/O APIC: a level that stays comes again after each end", seen[0x82], 3);
  redirect(14, 0x82 | LEVEL | MASKED);
  forget();
  on_interrupt = look_and_lower;
  line(14, 1);
  LET_THROUGH;
  is("I/O APIC: a masked level waits", seen[0x82], 0);
  redirect(14, 0x82 | LEVEL);
  LET_THROUGH;
  is("I/O APIC: and comes when it is let through", seen[0x82], 1);
  redirect(14, MASKED);
}

/* Inputs that are no requests of the 8259As. */
static void ask_high_inputs(void) {
  on_interrupt = 0;
  for (u32 input = 16; input < 24; input++) {
    redirect(input, 0x90 + input);
    forget();
    line(input, 1);
    LET_THROUGH;
    is("I/O APIC: an input from 16 on", seen[0x90 + input], 1);
    line(input, 0);
    redirect(input, MASKED);
  }
}

static void ask_8259(void) {
  static const u8 words[] = {0x11, 0x20, 0x04, 0x01}, others[] = {0x11, 0x28, 0x02, 0x01};
  out8(0x20, words[0]);
  out8(0xa0, others[0]);
  for (int index = 1; index < 4; index++) out8(0x21, words[index]), out8(0xa1, others[index]);
  out8(0x21, 0xdf);
  out8(0xa1, 0xff);
  APIC(0x350) = 0x700;
  forget();
  line(5, 1);
  LET_THROUGH;
  is("8259A: the test device's line 5, by LINT0", seen[0x25], 1);
  line(5, 0);
  out8(0x20, 0x20);
  out8(0x21, 0xff);
  APIC(0x350) = MASKED;
}

void ask_io_apic(void) {
  APIC(0xf0) = 0x1ff;
  DEVICE(0xfec00000) = 0;
  u32 id = DEVICE(0xfec00010);
  DEVICE(0xfec00010) = 0x0f000000;
  is("I/O APIC: its identifier can be written", DEVICE(0xfec00010) >> 24, 0x0f);
  DEVICE(0xfec00010) = id;
  DEVICE(0xfec00000) = 1;
  u32 version = DEVICE(0xfec00010);
  DEVICE(0xfec00010) = ~version;
  is("I/O APIC: its version cannot", DEVICE(0xfec00010), version);
  is("I/O APIC: it has 24 inputs", version >> 16 & 0xff, 23);
  ask_edges();
  ask_levels();
  ask_high_inputs();
  ask_8259();
}

static void send(u32 low, u32 destination) {
  APIC(0x310) = destination << 24;
  APIC(0x300) = low;
  while (APIC(0x300) & 0x1000) {}
}

static void ask_messages(void) {
  forget();
  on_interrupt = 0;
  u32 id = APIC(0x20) >> 24;
  send(0x40a1, id);
  LET_THROUGH;
  is("Local APIC: to itself by its identifier", seen[0xa1], 1);
  send(0x40a2, 0xff);
  LET_THROUGH;
  is("Local APIC: to everybody by destination FFh", seen[0xa2], 1);
  send(0x440a3, 0);
  LET_THROUGH;
  is("Local APIC: the shorthand self", seen[0xa3], 1);
  send(0x840a4, 0);
  LET_THROUGH;
  is("Local APIC: the shorthand all", seen[0xa4], 1);
  send(0xc40a5, 0);
  LET_THROUGH;
  is("Local APIC: the shorthand all but itself", seen[0xa5], 0);
  APIC(0xe0) = 0xffffffff;
  APIC(0xd0) = 0x02000000;
  send(0x48a6, 0x02);
  LET_THROUGH;
  is("Local APIC: a logical destination, flat", seen[0xa6], 1);
  APIC(0xe0) = 0x0fffffff;
  APIC(0xd0) = 0x31000000;
  send(0x48a7, 0x31);
  LET_THROUGH;
  is("Local APIC: a logical destination, cluster", seen[0xa7], 1);
  APIC(0xe0) = 0xffffffff;
  send(0x44400, 0);
  is("Local APIC: NMI to itself comes at once", seen[2], 1);
  send(0x440a1, 0);
  send(0x440b2, 0);
  forget();
  STI;
  asm volatile("nop; nop; nop; cli" ::: "memory");
  is("Local APIC: of two that wait the higher comes first", order[0] << 8 | order[1], 0xb2a1);
  send(0x440a1, 0);
  forget();
  asm volatile("sti; cli; nop" ::: "memory");
  is("Local APIC: none between STI and CLI", seen[0xa1], 0);
  LET_THROUGH;
  APIC(0x80) = 0xa0;
  send(0x440a1, 0);
  LET_THROUGH;
  is("Local APIC: the task priority holds its class back", seen[0xa1], 1);
  APIC(0x80) = 0;
  LET_THROUGH;
  is("Local APIC: and lets it go", seen[0xa1], 2);
}

static void wait_for_zero(void) {
  while (APIC(0x390)) {}
}

static void ask_timer(void) {
  enum { PERIODIC = 0x20000, COUNT = 0x9999 };
  APIC(0x3e0) = 0x0b;
  forget();
  APIC(0x320) = 0xc1;
  u64 from = read_tsc();
  APIC(0x380) = 0x10000;
  STI;
  while (!*(volatile u32 *)&seen[0xc1]) {}
  u64 passed = read_tsc() - from;
  CLI;
  is("Timer: once", seen[0xc1], 1);
  is("Timer: not before its time by the time stamp counter", passed >= 0x10000, 1);
  APIC(0x320) = 0xc1 | MASKED;
  APIC(0x380) = COUNT;
  APIC(0x320) = 0xc1 | MASKED | PERIODIC;
  is("Timer: the initial count stays with another mode", APIC(0x380), COUNT);
  APIC(0x320) = 0xc1 | MASKED;
  APIC(0x380) = COUNT;
  is("Timer: it counts", APIC(0x390) != 0 && APIC(0x390) <= COUNT, 1);
  wait_for_zero();
  is("Timer: it stays at zero", APIC(0x390), 0);
  APIC(0x380) = COUNT;
  while (APIC(0x390) > COUNT / 2) {}
  APIC(0x320) = 0xc1 | MASKED | PERIODIC;
  is("Timer: it goes on with another mode", APIC(0x390) < COUNT / 2 && APIC(0x390) != 0, 1);
  while (APIC(0x390) < COUNT / 2) {}
  is("Timer: it begins again", APIC(0x390) > COUNT / 2, 1);
  while (APIC(0x390) > COUNT / 2) {}
  APIC(0x320) = 0xc1 | MASKED;
  is("Timer: it goes on with one shot", APIC(0x390) < COUNT / 2, 1);
  wait_for_zero();
  APIC(0x320) = 0xc1 | MASKED | PERIODIC;
  is("Timer: a mode does not start it", APIC(0x390), 0);
  APIC(0x380) = 0;
  APIC(0x320) = MASKED;
}

static u32 has_apic(void) {
  u32 a, b, c, d;
  cpuid(1, &a, &b, &c, &d);
  return d >> 9 & 1;
}

static void ask_base(void) {
  u64 base = read_msr(0x1b);
  is("APIC base: enabled, on the bootstrap processor", (u32)base, 0xfee00900);
  is("Local APIC: its version", (APIC(0x30) & 0xff) >= 0x10 && (APIC(0x30) & 0xff) <= 0x15, 1);
  is("APIC base: a reserved bit", write_msr(0x1b, base | 1), 13);
  is("APIC base: beyond physical addresses", write_msr(0x1b, base | 1ull << 36), 13);
  is("APIC base: CPUID tells that it is on", has_apic(), 1);
  write_msr(0x1b, base & ~0x800ull);
  is("APIC base: CPUID tells that it is off", has_apic(), 0);
  is("APIC base: its registers are gone", APIC(0x30), 0xffffffff);
  write_msr(0x1b, base);
  is("APIC base: and come back as after a reset", APIC(0xf0), 0xff);
  is("APIC base: CPUID tells that again", has_apic(), 1);
  APIC(0xf0) = 0x1ff;
}

void ask_local_apic(void) {
  ask_base();
  ask_messages();
  ask_timer();
}
