/* What small test programs ask of the processor: MSRs, the time stamp counter, CPUID, CMPXCHG8B, the way back from an NMI. */
#include "testing.h"

static u32 kept(u32 number, u64 value) {
  u64 before = read_msr(number);
  if (write_msr(number, value)) return 0;
  u32 same = read_msr(number) == value;
  write_msr(number, before);
  return same;
}

static void ask_msrs(void) {
  is("MSR: SYSENTER_CS", kept(0x174, 0x1234), 1);
  is("MSR: SYSENTER_ESP", kept(0x175, 0x12345678), 1);
  is("MSR: SYSENTER_EIP", kept(0x176, 0x9abcdef0), 1);
  is("MSR: PAT", kept(0x277, 0x0707070707070707ull), 1);
  is("MSR: PAT with a type that is none", write_msr(0x277, 0x0000000000000002ull), 13);
  is("MSR: MTRR", kept(0x200, 0xf0000000ull), 1);
  is("MSR: MTRR capabilities cannot be written", write_msr(0xfe, 0), 13);
  is("MSR: machine check capabilities can be read", read_faults(0x179), 0);
  u32 banks = (u32)read_msr(0x179) & 0xff;
  is("MSR: there is a bank of machine checks", banks > 0, 1);
  is("MSR: its status takes zero", write_msr(0x401, 0), 0);
  is("MSR: its status takes nothing else", write_msr(0x401, 1), 13);
  is("MSR: one that is not there cannot be read", read_faults(0x12345678), 13);
  is("MSR: nor written", write_msr(0x12345678, 0), 13);
  is("MSR: EFER is not there", read_faults(0xc0000080), 13);
}

static void ask_time(void) {
  u64 before = read_tsc();
  is("TSC: it goes on", read_tsc() > before, 1);
  u32 fault = write_msr(0x10, 0);
  u64 after = read_tsc();
  is("TSC: it can be set", fault, 0);
  is("TSC: to zero", after < 1000, 1);
  write_msr(0x10, 0x1234500000000ull);
  is("TSC: its upper half is cleared by that", (u32)(read_tsc() >> 32), 0);
  write_msr(0x10, 0xffffffff);
  after = read_tsc();
  is("TSC: it counts on over its lower half", (u32)(after >> 32), 1);
  write_msr(0x10, before);
}

static void ask_identification(void) {
  u32 a, b, c, d, most, x, y, z, w;
  cpuid(0, &most, &b, &c, &d);
  is("CPUID: the maker", b, 0x756e6547);
  cpuid(most, &a, &b, &c, &d);
  cpuid(0x7fff, &x, &y, &z, &w);
  is("CPUID: beyond the last leaf is the last leaf", x == a && y == b && z == c && w == d, 1);
  cpuid(0x40000000, &x, &y, &z, &w);
  is("CPUID: no hypervisor", x == a && y == b && z == c && w == d, 1);
}

static u64 eight = 0x1111222233334444ull;
static void ask_exchange(void) {
  u32 low = 0x33334444, high = 0x11112222;
  u8 equal;
  asm volatile("lock cmpxchg8b %1; sete %0"
               : "=q"(equal), "+m"(eight), "+a"(low), "+d"(high)
               : "b"(0xbbbbbbbb), "c"(0xcccccccc)
               : "memory");
  is("CMPXCHG8B: equal", equal, 1);
  is("CMPXCHG8B: it stores", (u32)(eight >> 32), 0xcccccccc);
  low = high = 0;
  asm volatile("lock cmpxchg8b %1; sete %0"
               : "=q"(equal), "+m"(eight), "+a"(low), "+d"(high)
               : "b"(0), "c"(0)
               : "memory");
  is("CMPXCHG8B: not equal", equal, 0);
  is("CMPXCHG8B: it loads", low, 0xbbbbbbbb);
}

/* A second NMI waits for the first one's return. */
static u32 nested, depth, deepest;
static void again(u32 vector) {
  if (vector != 2) return;
  if (++depth > deepest) deepest = depth;
  if (!nested++) APIC(0x300) = 0x44400;
  depth--;
}
static void ask_nmi(void) {
  forget();
  on_interrupt = again;
  APIC(0x300) = 0x44400;
  asm volatile("nop; nop" ::: "memory");
  on_interrupt = 0;
  is("NMI: the second comes after the first's return", seen[2] << 4 | deepest, 0x21);
}

void ask_processor(void) {
  ask_msrs();
  ask_time();
  ask_identification();
  ask_exchange();
  ask_nmi();
}
