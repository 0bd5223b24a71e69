/* What the parts of this kernel share. */
#pragma once
#include "kernel.h"

struct frame {
  u32 edi, esi, ebp, esp, ebx, edx, ecx, eax;
  u32 vector, error, eip, cs, flags;
};

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
