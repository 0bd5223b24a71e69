/* Call gates between all levels, far transfers, RETF. */
#include "protection.h"

/* GATE_OUTER: SPARE (80h) with RPL 3. */
#define GATE_OUTER "0x83"
#define GATE_INNER "0x80"

/* What a gate leads to: copies its frame to `seen`, then SS, and returns, releasing three parameters. */
BODY(target) {
  asm("pushal; leal 32(%esp), %esi; movl $seen, %edi; movl $8, %ecx; cld; rep movsl; movl %ss, %eax; stosl; popal; lret $12");
}
BODY(target_16) {
  asm("pushal; leal 32(%esp), %esi; movl $seen, %edi; movl $8, %ecx; cld; rep movsw; popal; data16 lret $6");
}
BODY(target_plain) { asm("movw %cs, seen; movw %ss, seen+4; lret"); }
BODY(target_end) { asm("movw %cs, seen; int $0x40"); }

BODY(call_3) {
  asm("movl %esp, seen+64; pushl $0x33333333; pushl $0x22222222; pushl $0x11111111; lcall $" GATE_OUTER ", $0xdead;"
      "movl %esp, seen+68; movw %cs, seen+72; int $0x40");
}
BODY(call_3_words) {
  /* The return takes 16 bits of ESP: a stack below 64 KiB. */
  asm("movl $0x7000, %esp; movl %esp, seen+64; pushw $0x3333; pushw $0x2222; pushw $0x1111; lcall $" GATE_OUTER ", $0xdead;"
      "movl %esp, seen+68; movw %cs, seen+72; int $0x40");
}
/* Its return address has 16 bits too: it runs in a segment that begins with it. */
BODY(call_3_words_there) { asm("ljmp $0x93, $0"); }
BODY(call_plain) { asm("lcall $" GATE_OUTER ", $0; movw %cs, seen+8; int $0x40"); }
BODY(call_inner) { asm("lcall $" GATE_INNER ", $0; int $0x40"); }
BODY(jump) { asm("ljmp $" GATE_OUTER ", $0"); }

static const u32 codes[] = {CODE0, CODE1 | 1, CODE2 | 2, CODE3 | 3}, datas[] = {DATA0, DATA1 | 1, DATA2 | 2, DATA3 | 3};

static void try_levels(void) {
  static const char *const names[4][4] = {
    {0, 0, 0, 0},
    {"call gate from level 1 to 0", 0, 0, 0},
    {"call gate from level 2 to 0", "call gate from level 2 to 1", 0, 0},
    {"call gate from level 3 to 0", "call gate from level 3 to 1", "call gate from level 3 to 2", 0},
  };
  for (u32 from = 1; from < 4; from++) {
    for (u32 to = 0; to < from; to++) {
      set_gate(SPARE, codes[to], (u32)target, 3, CALL_GATE | LEVEL(3));
      is(names[from][to], ending_at(from, call_3, 0), END);
      is("  its return selector", seen[1] & 0xffff, codes[from]);
      is("  its parameters", seen[2] == 0x11111111 && seen[3] == 0x22222222 && seen[4] == 0x33333333, 1);
      is("  the outer stack pointer", seen[5], seen[16] - 12);
      is("  the outer stack segment", seen[6] & 0xffff, datas[from]);
      is("  the inner stack segment", seen[8] & 0xffff, datas[to]);
      is("  the stack after the return", seen[17], seen[16]);
      is("  the level after the return", seen[18] & 0xffff, codes[from]);
    }
  }
  set_segment(SPARE2, (u32)target_16, 0xfff, EXECUTE, BIG);
  set_gate(SPARE, SPARE2, 0, 3, CALL_GATE_16 | LEVEL(3));
  set_segment(SPARE3, (u32)call_3_words, 0xfff, EXECUTE | LEVEL(3), BIG);
  is("16-bit call gate", ending_at(3, call_3_words_there, 0), END);
  is("  its parameters are words", seen[1] == 0x22221111 && (seen[2] & 0xffff) == 0x3333, 1);
  is("  the outer stack pointer, 16 bits", seen[2] >> 16, (seen[16] - 6) & 0xffff);
  set_gate(SPARE, CONFORMING0, (u32)target_plain, 3, CALL_GATE | LEVEL(3));
  is("call gate to conforming code", ending_at(3, call_plain, 0), END);
  is("  stays at its level", seen[0] & 0xffff, CONFORMING0 | 3);
  is("  and on its stack", seen[1] & 0xffff, DATA3 | 3);
}

static void try_refusals(void) {
  set_gate(SPARE, CODE0, (u32)target_end, 0, CALL_GATE | LEVEL(2));
  is("call gate of an inner level", ending_at(3, call_plain, 0), FAULT(GP, SPARE));
  is("call gate below the RPL", ending_at(0, call_plain, 0), FAULT(GP, SPARE));
  is("call gate at its own level", ending_at(0, call_inner, 0), END);
  set_gate(SPARE, CODE0, (u32)target_end, 0, (CALL_GATE & ~0x80) | LEVEL(3));
  is("absent call gate", ending_at(3, call_plain, 0), FAULT(NP, SPARE));
  set_gate(SPARE, 0, (u32)target_end, 0, CALL_GATE | LEVEL(3));
  is("call gate to null", ending_at(3, call_plain, 0), FAULT(GP, 0));
  set_gate(SPARE, DATA0, (u32)target_end, 0, CALL_GATE | LEVEL(3));
  is("call gate to data", ending_at(3, call_plain, 0), FAULT(GP, DATA0));
  set_gate(SPARE, 0x200, (u32)target_end, 0, CALL_GATE | LEVEL(3));
  is("call gate to beyond the table", ending_at(3, call_plain, 0), FAULT(GP, 0x200));
  set_segment(SPARE2, 0, 0xfffff, EXECUTE & ~0x80, BIG | PAGES);
  set_gate(SPARE, SPARE2, (u32)target_end, 0, CALL_GATE | LEVEL(3));
  is("call gate to absent code", ending_at(3, call_plain, 0), FAULT(NP, SPARE2));
  set_segment(SPARE2, 0, 0xfff, EXECUTE, BIG);
  is("call gate to beyond the limit", ending_at(3, call_plain, 0), FAULT(GP, 0));
  set_gate(SPARE, CODE0, (u32)target_end, 0, CALL_GATE | LEVEL(3));
  is("JMP through a call gate to an inner level", ending_at(3, jump, 0), FAULT(GP, CODE0));
  set_gate(SPARE, CODE3, (u32)target_end, 0, CALL_GATE | LEVEL(3));
  is("JMP through a call gate to its own level", ending_at(3, jump, 0), END);
  is("  with the level as RPL", seen[0] & 0xffff, CODE3 | 3);
  set_gate(SPARE, CODE3, (u32)target_end, 0, CALL_GATE | LEVEL(3));
  is("call gate to an outer level", ending_at(2, call_plain, 0), FAULT(GP, CODE3));
}

static u32 with_stack(u32 selector, u32 pointer) {
  tasks[0].ss2 = selector;
  tasks[0].esp2 = pointer;
  u32 end = ending_at(3, call_plain, 0);
  tasks[0].ss2 = DATA2 | 2;
  tasks[0].esp2 = TOP(stacks[2]) - 2048;
  return end;
}
static void shorten_task(u32 limit) {
  set_segment(MAIN_TASK, (u32)&tasks[0], limit, TSS_32, 0);
  asm volatile("ltr %w0" : : "r"(MAIN_TASK));
}
static void try_inner_stacks(void) {
  u32 top = TOP(stacks[2]);
  set_gate(SPARE, CODE2, (u32)target_end, 0, CALL_GATE | LEVEL(3));
  is("inner stack: good", with_stack(DATA2 | 2, top), END);
  is("inner stack: null", with_stack(0, top), FAULT(TS, 0));
  is("inner stack: another RPL", with_stack(DATA2 | 3, top), FAULT(TS, DATA2));
  is("inner stack: another level", with_stack(DATA3 | 2, top), FAULT(TS, DATA3));
  is("inner stack: beyond the table", with_stack(0x202, top), FAULT(TS, 0x200));
  set_segment(SPARE2, 0, 0xfffff, READ_ONLY | LEVEL(2), BIG | PAGES);
  is("inner stack: read-only", with_stack(SPARE2 | 2, top), FAULT(TS, SPARE2));
  set_segment(SPARE2, 0, 0xfffff, (WRITABLE & ~0x80) | LEVEL(2), BIG | PAGES);
  is("inner stack: absent", with_stack(SPARE2 | 2, top), FAULT(SS, SPARE2));
  set_segment(SPARE2, 0, 0xff, WRITABLE | LEVEL(2), BIG);
  is("inner stack: too small", with_stack(SPARE2 | 2, 0x1000), FAULT(SS, SPARE2));
  set_segment(SPARE2, 0, 0xfffff, DOWN | LEVEL(2), BIG | PAGES);
  is("inner stack: expand-down without room", with_stack(SPARE2 | 2, top), FAULT(SS, SPARE2));
  set_segment(SPARE2, 0, 0, DOWN | LEVEL(2), BIG);
  is("inner stack: expand-down", with_stack(SPARE2 | 2, top), END);
  shorten_task(0x17);
  is("inner stack: beyond the task state segment", ending_at(3, call_plain, 0), FAULT(TS, MAIN_TASK));
  shorten_task(sizeof tasks[0] - 1);
}

BODY(return_inner) { asm("pushl $0x08; pushl $0; lret"); }
BODY(return_null) { asm("pushl $0; pushl $0; lret"); }
BODY(return_outer) {
  asm("movl $0x10, %eax; movl %eax, %es; movl $0x48, %eax; movl %eax, %fs; movl $0x43, %eax; movl %eax, %gs; movl %eax, %ds;"
      "pushl $0x43; pushl $stacks+16384; pushl $0x3b; pushl $1f; lret;"
      "1: movw %es, seen; movw %fs, seen+4; movw %gs, seen+8; movl %esp, seen+12; int $0x40");
}
BODY(return_bad_stack) { asm("pushl $0x10; pushl $stacks+16384; pushl $0x3b; pushl $0; lret"); }
BODY(return_null_stack) { asm("pushl $0; pushl $stacks+16384; pushl $0x3b; pushl $0; lret"); }
BODY(call_conforming) { asm("lcall $0x48, $1f; 1: movw %cs, seen; int $0x40"); }
BODY(call_code0) { asm("lcall $0x08, $0"); }
BODY(jump_rpl) { asm("ljmp $0x0b, $0"); }
BODY(jump_data) { asm("ljmp $0x10, $0"); }
BODY(jump_null) { asm("ljmp $0, $0"); }

static void try_direct(void) {
  is("RETF to an inner level", ending_at(3, return_inner, 0), FAULT(GP, CODE0));
  is("RETF to null", ending_at(0, return_null, 0), FAULT(GP, 0));
  is("RETF to level 3", ending_at(0, return_outer, 0), END);
  is("  drops a segment of level 0", seen[0] & 0xffff, 0);
  is("  keeps conforming code", seen[1] & 0xffff, CONFORMING0);
  is("  keeps a segment of level 3", seen[2] & 0xffff, DATA3 | 3);
  is("  takes the outer stack", seen[3], TOP(stacks[3]));
  is("RETF to level 3 with a stack of level 0", ending_at(0, return_bad_stack, 0), FAULT(GP, DATA0));
  is("RETF to level 3 without a stack", ending_at(0, return_null_stack, 0), FAULT(GP, 0));
  is("CALL to conforming code", ending_at(3, call_conforming, 0), END);
  is("  keeps the level", seen[0] & 0xffff, CONFORMING0 | 3);
  is("CALL to code of level 0 from level 3", ending_at(3, call_code0, 0), FAULT(GP, CODE0));
  is("JMP with an RPL above the level", ending_at(0, jump_rpl, 0), FAULT(GP, CODE0));
  is("JMP to data", ending_at(0, jump_data, 0), FAULT(GP, DATA0));
  is("JMP to null", ending_at(0, jump_null, 0), FAULT(GP, 0));
}

void try_gates(void) {
  try_levels();
  try_refusals();
  try_inner_stacks();
  try_direct();
}
