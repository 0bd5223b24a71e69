/* Virtual-8086 mode: what it may do at which IOPL, interrupts out of it, its virtual interrupt flag, the permission map. */
#include "protection.h"

/* Where 8086 code lies, as segments; its stack ends at 9100h. */
enum { CODE = 0x800, STACK = 0x900, TABLE_HANDLER = 0x40 };
static u32 mode_flags, stack_pointer = 0x100;

static void enter(void) { enter_virtual(CODE, STACK, stack_pointer, mode_flags | VM | 2); }

/* Runs code in the mode, which ends by a trap. */
#define RUN(flags, ...) ({ \
  static const u8 code[] = {__VA_ARGS__}; \
  for (u32 index = 0; index < sizeof code; index++) ((u8 *)(CODE << 4))[index] = code[index]; \
  mode_flags = (flags); \
  ending(enter); })
/* INT 40h, which ends a body; needs IOPL 3. */
#define STOP 0xcd, 0x40

static void try_entry(void) {
  is("INT n with IOPL 3", RUN(IOPL(3) | IF, STOP), END);
  is("  pushes ES, DS, FS and GS", last.es8086 == 0x1111 && last.ds8086 == 0x2222 && last.fs8086 == 0x3333 && last.gs8086 == 0x4444, 1);
  is("  pushes SS and SP", last.ss == STACK && last.esp == 0x100, 1);
  is("  pushes CS and IP", last.cs == CODE && last.eip == 2, 1);
  is("  pushes VM, IF and IOPL", last.flags & (VM | IF | IOPL(3)), VM | IF | IOPL(3));
  is("  clears the data segments", (last.ds | last.es | last.fs | last.gs) & 0xffff, 0);
  is("  takes the stack of level 0", last_stack + 4 * 11, TOP(stacks[0]));
  set_vector(SPARE_VECTOR, CONFORMING0, 0, INTERRUPT | LEVEL(3));
  is("a handler in conforming code", RUN(IOPL(3), 0xcd, SPARE_VECTOR), FAULT(GP, CONFORMING0));
  set_vector(SPARE_VECTOR, CODE1, 0, INTERRUPT | LEVEL(3));
  is("a handler of level 1", RUN(IOPL(3), 0xcd, SPARE_VECTOR), FAULT(GP, CODE1));
  set_vector(SPARE_VECTOR, CODE0, 0, INTERRUPT);
  is("a gate of level 0", RUN(IOPL(3), 0xcd, SPARE_VECTOR), FAULT(GP, SPARE_VECTOR * 8 + 2));
  restore_vector(SPARE_VECTOR);
}

static void try_sensitive(void) {
  is("IOPL 0: INT n", RUN(0, STOP), FAULT(GP, 0));
  is("IOPL 0: INT3", RUN(0, 0xcc), BP);
  is("IOPL 0: CLI", RUN(0, 0xfa), FAULT(GP, 0));
  is("IOPL 0: STI", RUN(0, 0xfb), FAULT(GP, 0));
  is("IOPL 0: PUSHF", RUN(0, 0x9c), FAULT(GP, 0));
  is("IOPL 0: POPF", RUN(0, 0x9d), FAULT(GP, 0));
  is("IOPL 0: IRET", RUN(0, 0xcf), FAULT(GP, 0));
  is("IOPL 3: CLI, STI, PUSHF, POPF", RUN(IOPL(3), 0xfa, 0xfb, 0x9c, 0x9d, STOP), END);
  is("IOPL 3: POPF leaves IOPL and VM", RUN(IOPL(3), 0x6a, 0x02, 0x9d, STOP), END);
  is("  as they were", last.flags & (VM | IOPL(3)), VM | IOPL(3));
  is("HLT", RUN(IOPL(3), 0xf4), FAULT(GP, 0));
  is("MOV CR0", RUN(IOPL(3), 0x0f, 0x20, 0xc0), FAULT(GP, 0));
  is("LGDT", RUN(IOPL(3), 0x0f, 0x01, 0x16, 0, 0), FAULT(GP, 0));
  is("LMSW", RUN(IOPL(3), 0x0f, 0x01, 0xf0), FAULT(GP, 0));
  is("CLTS", RUN(IOPL(3), 0x0f, 0x06), FAULT(GP, 0));
  is("LLDT", RUN(IOPL(3), 0x0f, 0x00, 0xd0), UD);
  is("STR", RUN(IOPL(3), 0x0f, 0x00, 0xc8), UD);
  is("VERR", RUN(IOPL(3), 0x0f, 0x00, 0xe0), UD);
  is("LAR", RUN(IOPL(3), 0x0f, 0x02, 0xc0), UD);
  is("ARPL", RUN(IOPL(3), 0x63, 0xc0), UD);
  is("SMSW", RUN(IOPL(3), 0x0f, 0x01, 0xe0, STOP), END);
  is("a word at FFFFh", RUN(IOPL(3), 0xa1, 0xff, 0xff), FAULT(GP, 0));
  stack_pointer = 1;
  is("a push at SP 1", RUN(IOPL(3), 0x50), FAULT(SS, 0));
  stack_pointer = 0x100;
  /* To 7FFh:15h, which is where its own INT lies: 800h:5. */
  is("a far jump", RUN(IOPL(3), 0xea, 0x15, 0x00, 0xff, 0x07, STOP), END);
  is("  takes any segment", last.cs == 0x7ff && last.eip == 0x17, 1);
  is("MOV to a segment", RUN(IOPL(3), 0xb8, 0x34, 0x12, 0x8e, 0xd8, STOP), END);
  is("  any value will do", last.ds8086, 0x1234);
}

static void permit(u32 port, int yes) {
  u8 *byte = &tasks[0].ports[port >> 3];
  *byte = yes ? *byte & ~(1 << (port & 7)) : *byte | 1 << (port & 7);
}
static void try_ports(void) {
  is("a port whose bit is set", RUN(IOPL(3), 0xe4, 0x61, STOP), FAULT(GP, 0));
  permit(0x61, 1);
  is("a port whose bit is clear", RUN(IOPL(3), 0xe4, 0x61, STOP), END);
  is("a word of which one bit is set", RUN(IOPL(3), 0xe5, 0x61, STOP), FAULT(GP, 0));
  permit(0x61, 0);
  permit(0x87, 1);
  permit(0x88, 1);
  is("a word across bytes of the map", RUN(IOPL(3), 0xe5, 0x87, STOP), END);
  permit(0x87, 0);
  permit(0x88, 0);
  is("a port beyond the map", RUN(IOPL(3), 0xba, 0x00, 0x80, 0xec), FAULT(GP, 0));
}

static void redirect(u32 vector, int own) {
  u8 *byte = &tasks[0].redirection[vector >> 3];
  *byte = own ? *byte & ~(1 << (vector & 7)) : *byte | 1 << (vector & 7);
}
static void try_extensions(void) {
  u32 *handler = (u32 *)(0x77 * 4), kept = *handler;
  *handler = CODE << 16 | TABLE_HANDLER;
  for (u32 vector = 0; vector < 256; vector++) redirect(vector, 0);
  WRITE("cr4", READ("cr4") | 1);
  is("VME: STI sets VIF", RUN(0, 0xfb, 0xf4), FAULT(GP, 0));
  is("  and leaves IF", last.flags & (VIF | IF), VIF);
  is("VME: CLI clears VIF", RUN(VIF | IF, 0xfa, 0xf4), FAULT(GP, 0));
  is("  and leaves IF", last.flags & (VIF | IF), IF);
  is("VME: STI with VIP", RUN(VIP, 0xfb), FAULT(GP, 0));
  is("  does nothing", last.flags & VIF, 0);
  is("VME: PUSHF", RUN(VIF, 0x9c, 0x58, 0xf4), FAULT(GP, 0));
  is("  has VIF for IF, and IOPL 3", last.eax & (IF | IOPL(3)), IF | IOPL(3));
  is("VME: POPF with IF", RUN(0, 0x68, 0x02, 0x02, 0x9d, 0xf4), FAULT(GP, 0));
  is("  goes to VIF", last.flags & (VIF | IF | IOPL(3)), VIF);
  is("VME: POPF with IF and VIP", RUN(VIP, 0x68, 0x02, 0x02, 0x9d), FAULT(GP, 0));
  is("VME: POPF with TF", RUN(0, 0x68, 0x02, 0x01, 0x9d), FAULT(GP, 0));
  is("VME: PUSHFD", RUN(0, 0x66, 0x9c), FAULT(GP, 0));
  is("VME: INT n of the monitor, IOPL 0", RUN(0, 0xcd, 0x77), FAULT(GP, 0));
  is("VME: INT n of the monitor, IOPL 3", RUN(IOPL(3), STOP), END);
  redirect(0x77, 1);
  ((u8 *)(CODE << 4))[TABLE_HANDLER] = 0xf4;
  is("VME: INT n of the task, IOPL 0", RUN(VIF, 0xcd, 0x77), FAULT(GP, 0));
  is("  goes through the task's own table", last.cs == CODE && last.eip == TABLE_HANDLER, 1);
  is("  clears VIF", last.flags & VIF, 0);
  u16 *stack = (u16 *)((STACK << 4) + 0x100);
  is("  pushes VIF for IF, and IOPL 3", stack[-1] & (IF | IOPL(3)), IF | IOPL(3));
  is("  pushes CS and IP", stack[-2] == CODE && stack[-3] == 2, 1);
  is("VME: INT n of the task, IOPL 3", RUN(IOPL(3) | IF, 0xcd, 0x77), FAULT(GP, 0));
  is("  clears IF", last.flags & IF, 0);
  redirect(3, 1);
  is("VME: INT3 is always the monitor's", RUN(0, 0xcc), BP);
  WRITE("cr4", READ("cr4") & ~1);
  *handler = kept;
}

BODY(clear_outer) { asm("cli; int $0x40"); }
BODY(set_outer) { asm("sti; int $0x40"); }
static void try_protected_extensions(void) {
  is("level 3: CLI", ending_at(3, clear_outer, 0), FAULT(GP, 0));
  WRITE("cr4", READ("cr4") | 2);
  is("PVI: STI", ending_at(3, set_outer, 0), END);
  is("  sets VIF", last.flags & (VIF | IF), VIF);
  is("PVI: CLI", ending_at(3, clear_outer, VIF), END);
  is("  clears VIF", last.flags & VIF, 0);
  is("PVI: STI with VIP", ending_at(3, set_outer, VIP), FAULT(GP, 0));
  is("PVI: CLI at level 2", ending_at(2, clear_outer, 0), FAULT(GP, 0));
  WRITE("cr4", READ("cr4") & ~2);
}

void try_virtual(void) {
  try_entry();
  try_sensitive();
  try_ports();
  try_extensions();
  try_protected_extensions();
}
