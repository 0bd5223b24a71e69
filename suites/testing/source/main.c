/* A kernel that uses what is there for kernels under test, tells COM1 and the debug console what differs, and ends by the debug exit. */
#include "testing.h"

extern char vector_stubs[];
static struct {
  u16 low, selector, kind, high;
} idt[256] __attribute__((aligned(8)));
u32 seen[256], order[16], orders, faulted;
void (*on_interrupt)(u32 vector);

static void put(char letter) {
  while (!(in8(0x3fd) & 0x20)) {}
  out8(0x3f8, letter);
  out8(0xe9, letter);
}

#define INSTEAD_OF " instead of "
#include "report.h"

static volatile u32 recover_at;

void forget(void) {
  for (u32 vector = 0; vector < 256; vector++) seen[vector] = 0;
  orders = 0;
}

/* From entry.asm. A fault of an instruction that may fault goes on where that one said. */
void trap(struct frame *frame) {
  u32 vector = frame->vector;
  if (vector < 32 && vector != 2) {
    faulted = vector;
    if (!recover_at) {
      print("UNEXPECTED vector ");
      print_hex(vector);
      print(" at ");
      print_hex(frame->eip);
      print("\n");
      out32(0xf4, 0x7f);
    }
    frame->eip = recover_at;
    return;
  }
  seen[vector]++;
  if (orders < 16) order[orders++] = vector;
  if (on_interrupt) on_interrupt(vector);
  if (vector >= 32 && vector != 0xff) APIC(0xb0) = 0;
}

u32 write_msr(u32 number, u64 value) {
  faulted = 0;
  asm volatile("movl $1f, %0\n wrmsr\n 1: movl $0, %0" : "+m"(recover_at) : "c"(number), "A"(value) : "memory");
  return faulted;
}
u32 read_faults(u32 number) {
  u32 low, high;
  faulted = 0;
  asm volatile("movl $1f, %0\n rdmsr\n 1: movl $0, %0" : "+m"(recover_at), "=a"(low), "=d"(high) : "c"(number) : "memory");
  return faulted;
}

static void set_up_interrupts(void) {
  for (u32 vector = 0; vector < 256; vector++) {
    u32 address = (u32)vector_stubs + 16 * vector;
    idt[vector].low = address;
    idt[vector].selector = 8;
    idt[vector].kind = 0x8e00;
    idt[vector].high = address >> 16;
  }
  struct {
    u16 limit;
    u32 base;
  } __attribute__((packed)) table = {sizeof idt - 1, (u32)idt};
  asm volatile("lidt %0" ::"m"(table));
  out8(0x21, 0xff);
  out8(0xa1, 0xff);
}

/* 115200 bits a second, eight bits a byte: after a reset a 16550A sends five. */
static void set_up_serial(void) {
  out8(0x3fb, 0x83);
  out16(0x3f8, 1);
  out8(0x3fb, 0x03);
}

void main(u32 magic, u32 *information) {
  set_up_serial();
  set_up_interrupts();
  out8(0x80, 0x10);
  is("Multiboot: its magic", magic, 0x2badb002);
  is("Multiboot: it has memory, a command line and a map", information[0] & 0x45, 0x45);
  is("Debug console: it reads as itself", in8(0xe9), 0xe9);
  is("Debug exit: it reads as zero", in32(0xf4), 0);
  out8(0x80, 0x20);
  ask_configuration();
  out8(0x80, 0x30);
  ask_test_device();
  out8(0x80, 0x40);
  ask_io_apic();
  out8(0x80, 0x50);
  ask_local_apic();
  out8(0x80, 0x60);
  ask_processor();
  print("right ");
  print_hex(right);
  print(", wrong ");
  print_hex(wrong);
  print("\n");
  out8(0x80, wrong ? 0xee : 0xff);
  out32(0xf4, wrong ? 1 : 0x10);
  print("NOT ENDED\n");
}
