/* Descriptor tables, the two 8259A interrupt controllers, and the way from an interrupt to whoever handles it.
   Source: Intel 80386 Programmer's Reference Manual, chapters 6 and 9; Intel 8259A, order number 231468. */
#include "kernel.h"

enum { MASTER = 0x20, SLAVE = 0xa0, CASCADE = 2, REQUESTS = 16, VECTORS = 50 };
enum { INIT_WITH_ICW4 = 0x11, MODE_8086 = 0x01, END_OF_INTERRUPT = 0x20, READ_IN_SERVICE = 0x0b };
enum { KERNEL_CODE = 0x08, KERNEL_DATA = 0x10, TASK_STATE = 0x28 };
enum { GATE_INTERRUPT = 0x8e, GATE_INTERRUPT_USER = 0xee };

struct descriptor {
  uint32_t low, high;
};

struct __attribute__((packed)) table_pointer {
  uint16_t limit;
  void *base;
};

/* Only the stack for privilege level 0 is ever read by the processor. */
struct task_state {
  uint32_t link, esp0, ss0, unused[22];
  uint16_t trap, io_map;
};

extern const char interrupt_entries[];

static struct task_state task_state = {.ss0 = KERNEL_DATA, .io_map = sizeof(struct task_state)};
static struct descriptor gdt[6] = {
    {0, 0},
    {0x0000ffff, 0x00cf9a00}, /* 08: kernel code */
    {0x0000ffff, 0x00cf9200}, /* 10: kernel data */
    {0x0000ffff, 0x00cffa00}, /* 18: user code */
    {0x0000ffff, 0x00cff200}, /* 20: user data */
    {0, 0},                   /* 28: task state, filled in below */
};
static struct descriptor idt[VECTORS];
static void (*handlers[REQUESTS])(struct frame *);
static uint32_t spurious;

static const char *const exception_names[] = {
    "divide error", "debug exception", "non-maskable interrupt", "breakpoint", "overflow", "bounds exceeded",
    "invalid instruction", "coprocessor absent", "double fault", "coprocessor overrun", "bad task state",
    "segment absent", "stack fault", "general protection fault", "page fault",
};

static void set_gate(uint32_t vector, uint32_t type) {
  uint32_t offset = (uint32_t)interrupt_entries + vector * 16;
  idt[vector].low = (KERNEL_CODE << 16) | (offset & 0xffff);
  idt[vector].high = (offset & 0xffff0000) | (type << 8);
}

static void load_tables(void) {
  uint32_t base = (uint32_t)&task_state;
  gdt[5].low = (base << 16) | (sizeof task_state - 1);
  gdt[5].high = (base & 0xff000000) | 0x00008900 | ((base >> 16) & 0xff);
  struct table_pointer gdt_pointer = {sizeof gdt - 1, gdt}, idt_pointer = {sizeof idt - 1, idt};
  __asm__ volatile(
      "lgdt %0\n\t"
      "lidt %1\n\t"
      "ljmp $0x08, $1f\n"
      "1:\n\t"
      "movw $0x10, %%ax\n\t"
      "movw %%ax, %%ds\n\t"
      "movw %%ax, %%es\n\t"
      "movw %%ax, %%ss\n\t"
      "xorw %%ax, %%ax\n\t"
      "movw %%ax, %%fs\n\t"
      "movw %%ax, %%gs\n\t"
      "movw %w2, %%ax\n\t"
      "ltr %%ax"
      :
      : "m"(gdt_pointer), "m"(idt_pointer), "i"(TASK_STATE)
      : "eax", "memory");
}

static void start_controllers(void) {
  out8(MASTER, INIT_WITH_ICW4);
  out8(SLAVE, INIT_WITH_ICW4);
  out8(MASTER + 1, VECTOR_IRQ);
  out8(SLAVE + 1, VECTOR_IRQ + 8);
  out8(MASTER + 1, 1 << CASCADE);
  out8(SLAVE + 1, CASCADE);
  out8(MASTER + 1, MODE_8086);
  out8(SLAVE + 1, MODE_8086);
  out8(MASTER + 1, 0xff & ~(1 << CASCADE));
  out8(SLAVE + 1, 0xff);
}

void interrupts_start(void) {
  for (uint32_t vector = 0; vector < VECTORS; vector++) set_gate(vector, GATE_INTERRUPT);
  set_gate(VECTOR_SYSTEM_CALL, GATE_INTERRUPT_USER);
  load_tables();
  start_controllers();
}

void interrupts_stack(uint32_t top) {
  task_state.esp0 = top;
}

void interrupts_handle(uint8_t request, void (*handler)(struct frame *)) {
  handlers[request] = handler;
  uint16_t mask = request < 8 ? MASTER + 1 : SLAVE + 1;
  out8(mask, in8(mask) & (uint8_t)~(1 << (request % 8)));
}

void interrupts_end(uint8_t request) {
  if (request >= 8) out8(SLAVE, END_OF_INTERRUPT);
  out8(MASTER, END_OF_INTERRUPT);
}

/* A request that vanished before it was acknowledged shows up as level 7 with nothing in service (8259A, "Interrupt
   Sequence"). The master still owes an end for the cascade. */
static bool is_spurious(uint8_t request) {
  if (request % 8 != 7) return false;
  uint16_t controller = request < 8 ? MASTER : SLAVE;
  out8(controller, READ_IN_SERVICE);
  if (in8(controller) & 0x80) return false;
  spurious++;
  if (request >= 8) out8(MASTER, END_OF_INTERRUPT);
  return true;
}

static void request_dispatch(uint8_t request, struct frame *frame) {
  if (is_spurious(request)) return;
  if (handlers[request]) handlers[request](frame);
  if (request != 0) interrupts_end(request);
  thread_interrupt_end();
}

/* Called by every entry of entries.asm, with interrupts off. */
void interrupt_dispatch(struct frame *frame) {
  if (frame->vector >= VECTOR_IRQ && frame->vector < VECTOR_IRQ + REQUESTS) {
    request_dispatch((uint8_t)(frame->vector - VECTOR_IRQ), frame);
    return;
  }
  if (frame->vector == VECTOR_SYSTEM_CALL) {
    worker_system_call(frame);
    return;
  }
  if (frame->vector == VECTOR_PANIC) panic_show(frame);
  if (frame->vector == VECTOR_PAGE_FAULT) {
    uint32_t address;
    __asm__ volatile("movl %%cr2, %0" : "=r"(address));
    if (memory_fault(address, frame->error)) return;
  }
  bool named = frame->vector < sizeof exception_names / sizeof *exception_names;
  panic_message = named ? exception_names[frame->vector] : "unknown exception";
  panic_show(frame);
}
