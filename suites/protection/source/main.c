/* A kernel that asks the processor and its interrupt controllers what the manual says they do, and tells COM1 what differs. */
#include "protection.h"

struct frame last;
u32 traps, last_cr2, last_stack, seen[32];
void (*handlers[256])(struct frame *frame);

static void put(char letter) {
  while (!(in8(0x3fd) & 0x20)) {}
  out8(0x3f8, letter);
}

#define CARRIAGE_RETURNS
#define INSTEAD_OF ", the manual has "
#include "report.h"

/* From entry.asm. Zero ends the body. */
int trap(struct frame *frame) {
  if (frame->vector == END || !handlers[frame->vector]) {
    last = *frame;
    last_cr2 = READ("cr2");
    last_stack = (u32)&frame->vector;
    traps++;
    return 0;
  }
  handlers[frame->vector](frame);
  return 1;
}

u32 ending(void (*body)(void)) {
  last.vector = NONE;
  last.error = 0;
  attempt(body);
  return FAULT(last.vector, last.error);
}

static struct { int level; void (*body)(void); u32 flags; } outer;
static void enter(void) {
  static const u32 codes[] = {CODE0, CODE1 | 1, CODE2 | 2, CODE3 | 3}, datas[] = {DATA0, DATA1 | 1, DATA2 | 2, DATA3 | 3};
  enter_level(outer.body, codes[outer.level], datas[outer.level], TOP(stacks[outer.level]), outer.flags);
}
u32 ending_at(int level, void (*body)(void), u32 flags) {
  outer.level = level;
  outer.body = body;
  outer.flags = flags | 2;
  return ending(enter);
}

static void part(const char *name, void (*try)(void)) {
  print(name);
  print("\n");
  try();
}

void main(void) {
  out8(0x3fb, 0x83);
  out8(0x3f8, 1);
  out8(0x3f9, 0);
  out8(0x3fb, 3);
  tables_begin();
  part("segments", try_segments);
  part("gates", try_gates);
  part("interrupts", try_interrupts);
  part("tasks", try_tasks);
  part("virtual 8086", try_virtual);
  part("paging", try_paging);
  part("debug", try_debug);
  part("system", try_system);
  part("apic", try_apic);
  part("counters", try_counters);
  part("events", try_events);
  print("right ");
  print_hex(right);
  print(", wrong ");
  print_hex(wrong);
  print("\n=== DONE\n");
}
