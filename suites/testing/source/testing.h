/* What the parts of this kernel share. */
#pragma once
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

struct frame {
  u32 edi, esi, ebp, esp, ebx, edx, ecx, eax;
  u32 vector, error, eip, cs, flags;
};

static inline void out8(u16 port, u8 value) { asm volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
static inline void out16(u16 port, u16 value) { asm volatile("outw %0, %1" ::"a"(value), "Nd"(port)); }
static inline void out32(u16 port, u32 value) { asm volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }
static inline u8 in8(u16 port) {
  u8 value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
static inline u16 in16(u16 port) {
  u16 value;
  asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
static inline u32 in32(u16 port) {
  u32 value;
  asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
static inline u64 read_tsc(void) {
  u64 value;
  asm volatile("rdtsc" : "=A"(value));
  return value;
}
static inline u64 read_msr(u32 number) {
  u64 value;
  asm volatile("rdmsr" : "=A"(value) : "c"(number));
  return value;
}
static inline void cpuid(u32 leaf, u32 *a, u32 *b, u32 *c, u32 *d) {
  asm volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "a"(leaf), "c"(0));
}

#define DEVICE(address) (*(volatile u32 *)(address))
#define APIC(offset) DEVICE(0xfee00000 + (offset))

/* main.c */
extern u32 seen[256], order[16], orders, faulted;
extern void (*on_interrupt)(u32 vector);
void is(const char *name, u32 got, u32 wanted);
/* Writes an MSR; gives the vector of the fault that it ended in, or 0. */
u32 write_msr(u32 number, u64 value);
u32 read_faults(u32 number);
void forget(void);

/* The parts. */
void ask_test_device(void);
void ask_configuration(void);
void ask_io_apic(void);
void ask_local_apic(void);
void ask_processor(void);
