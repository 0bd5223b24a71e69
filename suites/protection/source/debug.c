/* Breakpoints, single steps, DR6 and DR7, and what holds debug exceptions back. */
#include "protection.h"

static u32 steps, step_at[16], marker_word, status;

/* A debug exception that the body goes on after. */
static void count_step(struct frame *frame) {
  if (steps < 16) step_at[steps] = frame->eip;
  steps++;
  status = READ("dr6");
  WRITE("dr6", 0);
}
static void count_and_resume(struct frame *frame) {
  count_step(frame);
  frame->flags |= RF;
}

BODY(stepped) {
  asm("pushfl; orl $0x100, (%esp); popfl; debug_first: nop; debug_second: nop; pushfl; andl $~0x100, (%esp); popfl;"
      "debug_third: int $0x40");
}
BODY(stepped_over_stack) {
  asm("movl %ss, %eax; pushfl; orl $0x100, (%esp); popfl; movl %eax, %ss; nop; debug_over: nop; pushfl; andl $~0x100, (%esp); popfl;"
      "int $0x40");
}
BODY(stepped_into) {
  asm("pushfl; orl $0x100, (%esp); popfl; int $0x50; debug_behind: nop; pushfl; andl $~0x100, (%esp); popfl; int $0x40");
}
BODY(quiet) { asm("pushfl; popl seen; iret"); }
BODY(broken) { asm("nop; debug_here: nop; debug_next: nop; int $0x40"); }
BODY(written) { asm("movl $7, marker_word; debug_written: nop; int $0x40"); }
BODY(was_read) { asm("movl marker_word, %eax; debug_read: nop; int $0x40"); }
BODY(icebp) { asm(".byte 0xf1; debug_ice: int $0x40"); }
BODY(moves) { asm("movl %dr7, %eax; int $0x40"); }
BODY(old_name) { asm(".byte 0x0f, 0x21, 0xe0; int $0x40"); }
BODY(moves_outer) { asm("movl %dr0, %eax"); }
BODY(repeated) {
  asm("pushfl; orl $0x100, (%esp); popfl; movl $3, %ecx; movl $scratch, %edi; cld; rep stosb; pushfl; andl $~0x100, (%esp); popfl; int $0x40");
}
extern u8 debug_first[], debug_second[], debug_third[], debug_over[], debug_behind[], debug_here[], debug_next[], debug_written[], debug_read[], debug_ice[];

static u32 stepping(void (*body)(void), int level) {
  steps = 0;
  status = 0;
  handlers[DB] = count_step;
  u32 end = ending_at(level, body, IOPL(3));
  handlers[DB] = 0;
  return end;
}

static void try_steps(void) {
  is("single steps", stepping(stepped, 0), END);
  /* POPF's own end is not one; the POPF that clears TF still is. */
  is("  after each instruction under TF", steps, 5);
  is("  the first behind the first instruction", step_at[0], (u32)debug_second);
  is("  the last behind the one that clears TF", step_at[4], (u32)debug_third);
  is("  DR6.BS", status & 0xe00f, 0x4000);
  is("single steps at level 3", stepping(stepped, 3), END);
  is("  as many", steps, 5);
  is("single steps over MOV SS", stepping(stepped_over_stack, 0), END);
  is("  not between it and the next", step_at[0], (u32)debug_over);
  set_vector(SPARE_VECTOR, CODE0, (u32)quiet, INTERRUPT | LEVEL(3));
  is("a single step into INT n", stepping(stepped_into, 0), END);
  is("  the handler runs without TF", seen[0] & TF, 0);
  is("  the first step is behind the instruction after INT n", step_at[0], (u32)debug_behind + 1);
  restore_vector(SPARE_VECTOR);
  is("single steps through REP", stepping(repeated, 0), END);
  /* MOV, MOV, CLD, three iterations, PUSHF, AND, POPF. */
  is("  stop after each iteration", steps, 9);
}

static void set_breakpoint(u32 linear, u32 kind) {
  WRITE("dr0", linear);
  WRITE("dr7", 0x400 | 2 | kind << 16);
}
static void try_breakpoints(void) {
  steps = 0;
  handlers[DB] = count_and_resume;
  set_breakpoint((u32)debug_here, 0);
  is("a code breakpoint", ending_at(0, broken, 0), END);
  is("  once, as RF is set", steps, 1);
  is("  in front of the instruction", step_at[0], (u32)debug_here);
  is("  DR6.B0", status & 0xe00f, 1);
  steps = 0;
  set_breakpoint((u32)&marker_word, 1 | 3 << 2);
  ending_at(0, was_read, 0);
  is("a write breakpoint ignores a read", steps, 0);
  ending_at(0, written, 0);
  is("a write breakpoint", steps, 1);
  is("  behind the instruction", step_at[0], (u32)debug_written);
  set_breakpoint((u32)&marker_word, 3 | 3 << 2);
  ending_at(3, was_read, 0);
  is("a read breakpoint at level 3", step_at[1], (u32)debug_read);
  WRITE("dr7", 0x400);
  ending_at(0, written, 0);
  is("a breakpoint that is off", steps, 2);
  handlers[DB] = 0;
}

static void try_registers(void) {
  WRITE("dr6", 0);
  is("DR6 has ones where nothing is", READ("dr6"), 0xffff0ff0);
  WRITE("dr7", 0);
  is("DR7 bit 10 is one", READ("dr7"), 0x400);
  WRITE("dr7", 0x2400);
  is("DR7.GD: MOV from DR7", ending_at(0, moves, 0), DB);
  is("  DR6.BD", READ("dr6") & 0xe00f, 0x2000);
  is("  stands at the instruction", *(u8 *)last.eip, 0x0f);
  is("  clears GD", READ("dr7") & 0x2000, 0);
  WRITE("dr6", 0);
  is("DR4 is DR6", ending_at(0, old_name, 0), END);
  WRITE("cr4", READ("cr4") | 8);
  is("DR4 with CR4.DE", ending_at(0, old_name, 0), UD);
  WRITE("cr4", READ("cr4") & ~8);
  is("MOV from DR0 at level 3", ending_at(3, moves_outer, 0), FAULT(GP, 0));
  is("INT 1 by its own code at level 3", ending_at(3, icebp, 0), DB);
  is("  behind the instruction", last.eip, (u32)debug_ice);
  WRITE("dr6", 0);
}

void try_debug(void) {
  try_steps();
  try_breakpoints();
  try_registers();
}
