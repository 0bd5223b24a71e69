/* Limits and rights of segments; what loading a selector asks; LAR, LSL, VERR, VERW, ARPL. */
#include "protection.h"

static u32 selector, offset;

static void load_es(void) { asm volatile("movl %0, %%es" : : "r"(selector)); }
static void load_ss(void) { asm volatile("movl %0, %%ss" : : "r"(selector)); }
static void read_byte(void) { asm volatile("movl %0, %%es; movb %%es:(%1), %%al" : : "r"(selector), "r"(offset) : "eax"); }
static void read_long(void) { asm volatile("movl %0, %%es; movl %%es:(%1), %%eax" : : "r"(selector), "r"(offset) : "eax"); }
static void write_word(void) { asm volatile("movl %0, %%es; movw %%es:(%1), %%ax; movw %%ax, %%es:(%1)" : : "r"(selector), "r"(offset) : "eax"); }
/* Stacks of level 3, whose faults are handled on another: pushes below and pops at the pointer that is given. */
static u32 pointer;
BODY(push_there) { asm("movl $0x83, %eax; movl pointer, %ebx; movl %eax, %ss; movl %ebx, %esp; pushl %eax; int $0x40"); }
BODY(pop_there) { asm("movl $0x83, %eax; movl pointer, %ebx; movl %eax, %ss; movl %ebx, %esp; popl %eax; int $0x40"); }

static u32 reading(u32 at) { offset = at; return ending(read_byte); }
static u32 reading_long(u32 at) { offset = at; return ending(read_long); }
static u32 writing(u32 at) { offset = at; return ending(write_word); }

static void try_limits(void) {
  u32 base = (u32)scratch[0];
  selector = SPARE;
  set_segment(SPARE, base, 0xff, WRITABLE, BIG);
  is("limit: its last byte", reading(0xff), NONE);
  is("limit: one beyond", reading(0x100), FAULT(GP, 0));
  is("limit: a doubleword across", reading_long(0xfd), FAULT(GP, 0));
  is("limit: a doubleword up to it", reading_long(0xfc), NONE);
  is("limit: an offset near 4 GiB", reading_long(0xfffffffe), FAULT(GP, 0));
  set_segment(SPARE, base, 0, WRITABLE, BIG | PAGES);
  is("limit in pages: its last byte", reading(0xfff), NONE);
  is("limit in pages: one beyond", reading(0x1000), FAULT(GP, 0));
  set_segment(SPARE, base, 0xff, DOWN, BIG);
  is("expand-down: the limit itself", reading(0xff), FAULT(GP, 0));
  is("expand-down: above the limit", reading(0x100), NONE);
  is("expand-down: a doubleword from the limit", reading_long(0xfe), FAULT(GP, 0));
  set_segment(SPARE, base, 0xff, DOWN, 0);
  is("expand-down, 16 bits: below 64 KiB", reading(0xffff), NONE);
  is("expand-down, 16 bits: a doubleword across 64 KiB", reading_long(0xfffd), FAULT(GP, 0));
  is("expand-down, 16 bits: at 64 KiB", reading(0x10000), FAULT(GP, 0));
  set_segment(SPARE, base, 0, DOWN, BIG | PAGES);
  is("expand-down in pages: below the limit", reading(0xfff), FAULT(GP, 0));
  is("expand-down in pages: above the limit", reading(0x1000), NONE);
  set_segment(SPARE, base, 0xfff, READ_ONLY, BIG);
  is("read-only: a read", reading(0), NONE);
  is("read-only: a write", writing(0), FAULT(GP, 0));
  set_segment(SPARE, base, 0xfff, EXECUTE, BIG);
  is("code: a read", reading(0), NONE);
  is("code: a write", writing(0), FAULT(GP, 0));
  selector = 0;
  is("null: a read", reading(0), FAULT(GP, 0));
}

static u32 pushing(u32 at) { pointer = at; return ending_at(3, push_there, 0); }
static u32 popping(u32 at) { pointer = at; return ending_at(3, pop_there, 0); }
static void try_stacks(void) {
  u32 base = (u32)scratch[0];
  set_segment(SPARE, base, 0xff, WRITABLE | LEVEL(3), BIG);
  is("stack: a push to the last doubleword", pushing(0x100), END);
  is("stack: a push beyond", pushing(0x101), FAULT(SS, 0));
  is("stack: a push that wraps", pushing(2), FAULT(SS, 0));
  is("stack: a pop across the limit", popping(0xfd), FAULT(SS, 0));
  set_segment(SPARE, base, 0xff, DOWN | LEVEL(3), BIG);
  is("expand-down stack: a push into the limit", pushing(0x103), FAULT(SS, 0));
  is("expand-down stack: a push above the limit", pushing(0x104), END);
  set_segment(SPARE, base, 0xffff, WRITABLE | LEVEL(3), 0);
  is("16-bit stack: a push that wraps", pushing(0x10000), END);
  is("  leaves the upper half of ESP", last.esp, 0x1fffc);
}

static u32 loading(u32 what) { selector = what; return ending(load_es); }
static u32 loading_stack(u32 what) { selector = what; return ending(load_ss); }

static void try_loads(void) {
  set_segment(SPARE, 0, 0xfffff, WRITABLE & ~0x80, BIG | PAGES);
  is("load: absent", loading(SPARE), FAULT(NP, SPARE));
  is("load: absent, as a stack", loading_stack(SPARE), FAULT(SS, SPARE));
  set_segment(SPARE, 0, 0xfffff, EXECUTE_ONLY, BIG | PAGES);
  is("load: code that cannot be read", loading(SPARE), FAULT(GP, SPARE));
  set_segment(SPARE, 0, 0xfffff, READ_ONLY, BIG | PAGES);
  is("load: read-only as a stack", loading_stack(SPARE), FAULT(GP, SPARE));
  is("load: RPL above the level", loading(DATA0 | 3), FAULT(GP, DATA0));
  is("load: RPL above the level, conforming code", loading(CONFORMING0 | 3), NONE);
  is("load: RPL 1 as a stack of level 0", loading_stack(DATA0 | 1), FAULT(GP, DATA0));
  is("load: level 3 as a stack of level 0", loading_stack(DATA3), FAULT(GP, DATA3));
  is("load: a task state segment", loading(TASK_A), FAULT(GP, TASK_A));
  is("load: beyond the table", loading(0x200), FAULT(GP, 0x200));
  is("load: a local selector without a local table", loading(0x0c), FAULT(GP, 0x0c));
  is("load: null as a stack", loading_stack(0), FAULT(GP, 0));
  is("load: null", loading(3), NONE);
  set_segment(SPARE, 0, 0xfffff, WRITABLE & ~1, BIG | PAGES);
  loading(SPARE);
  is("load: marks the descriptor as accessed", access_of(SPARE), WRITABLE);
  asm volatile("lldt %w0" : : "r"(LOCAL_TABLE));
  set_segment(0x0c, 0, 0xfffff, WRITABLE, BIG | PAGES);
  is("load: from the local table", loading(0x0c), NONE);
  is("load: beyond the local table", loading(0x44), FAULT(GP, 0x44));
  asm volatile("lldt %w0" : : "r"(0));
}

static u32 rights(u32 what) {
  u32 value = 0xdead, found;
  asm volatile("larl %2, %0; movl $0, %1; jnz 1f; movl $1, %1; 1:" : "+&r"(value), "=&r"(found) : "r"(what) : "cc");
  return found ? value : 0xdead;
}
static u32 limit(u32 what) {
  u32 value = 0xdead, found;
  asm volatile("lsll %2, %0; movl $0, %1; jnz 1f; movl $1, %1; 1:" : "+&r"(value), "=&r"(found) : "r"(what) : "cc");
  return found ? value : 0xdead;
}
static u32 verifies(u32 what) {
  u32 read, write;
  asm volatile("movl $0, %0; verr %w2; jnz 1f; movl $1, %0; 1: movl $0, %1; verw %w2; jnz 2f; movl $2, %1; 2:"
    : "=&r"(read), "=&r"(write) : "r"(what) : "cc");
  return read | write;
}
static u32 arpl(u32 target, u32 source) {
  u32 changed = 0;
  asm volatile("arpl %w2, %w0; jnz 1f; orl $0x10000, %1; 1:" : "+&r"(target), "+&r"(changed) : "r"(source) : "cc");
  return target | changed;
}

static void try_questions(void) {
  /* Where the limit would stand, bits 16 to 19 are undefined. */
  is("LAR of data", rights(DATA0) & ~0xf0000, 0xc09300);
  is("LAR of the task in use", rights(MAIN_TASK), 0x8b00);
  is("LAR hidden by RPL", rights(DATA0 | 3), 0xdead);
  is("LAR of conforming code, RPL 3", rights(CONFORMING0 | 3) & ~0xf0000, 0xc09f00);
  set_gate(SPARE, CODE0, 0, 0, CALL_GATE);
  is("LAR of a call gate", rights(SPARE) & 0xff00, 0x8c00);
  is("LSL of a call gate", limit(SPARE), 0xdead);
  set_gate(SPARE, CODE0, 0, 0, INTERRUPT);
  is("LAR of an interrupt gate", rights(SPARE), 0xdead);
  set_gate(SPARE, TASK_A, 0, 0, TASK_GATE);
  is("LAR of a task gate", rights(SPARE) & 0xff00, 0x8500);
  is("LSL of a task gate", limit(SPARE), 0xdead);
  is("LSL in pages", limit(DATA0), 0xffffffff);
  is("LSL of a task state segment", limit(TASK_A), 0x67);
  is("LSL of a null selector", limit(0), 0xdead);
  is("VERR, VERW of data", verifies(DATA0), 3);
  is("VERR, VERW of code", verifies(CODE0), 1);
  is("VERR, VERW of a task state segment", verifies(TASK_A), 0);
  set_segment(SPARE, 0, 0xfff, EXECUTE_ONLY, BIG);
  is("VERR, VERW of code that cannot be read", verifies(SPARE), 0);
  set_segment(SPARE, 0, 0xfff, WRITABLE & ~0x80, BIG);
  is("VERR, VERW do not ask for presence", verifies(SPARE), 3);
  is("ARPL raises", arpl(0x08, 0x03), 0x1000b);
  is("ARPL leaves", arpl(0x0b, 0x01), 0x0b);
}

void try_segments(void) {
  try_limits();
  try_stacks();
  try_loads();
  try_questions();
}
