/* Instructions of the system: who may use them, control registers, model-specific registers, fast calls, faults of all kinds. */
#include "protection.h"

LINE(halt, "hlt")
LINE(clear_ts, "clts")
LINE(load_gdt, "lgdt scratch")
LINE(load_idt, "lidt scratch")
LINE(load_task, "ltr %ax")
LINE(load_local, "lldt %ax")
LINE(load_status, "lmsw %ax")
LINE(store_status, "smsw %ax")
LINE(read_cr0, "movl %cr0, %eax")
LINE(write_cr3, "movl %eax, %cr3")
LINE(invalidate, "invlpg scratch")
LINE(write_back, "wbinvd")
LINE(read_msr, "movl $0x10, %ecx; rdmsr")
LINE(write_msr, "movl $0x10, %ecx; wrmsr")
LINE(read_tsc, "rdtsc")
LINE(read_counter, "xorl %ecx, %ecx; rdpmc")
LINE(input, "inb $0x61, %al")
LINE(input_string, "movl $0x61, %edx; movl $scratch, %edi; insb")
LINE(clear_if, "cli")
LINE(enter_fast, "sysenter")
LINE(leave_fast, "sysexit")

static void try_privileges(void) {
  static const struct { const char *name; void (*body)(void); u32 wanted; } cases[] = {
    {"HLT at level 3", halt, FAULT(GP, 0)}, {"CLTS at level 3", clear_ts, FAULT(GP, 0)},
    {"LGDT at level 3", load_gdt, FAULT(GP, 0)}, {"LIDT at level 3", load_idt, FAULT(GP, 0)},
    {"LTR at level 3", load_task, FAULT(GP, 0)}, {"LLDT at level 3", load_local, FAULT(GP, 0)},
    {"LMSW at level 3", load_status, FAULT(GP, 0)}, {"SMSW at level 3", store_status, END},
    {"MOV from CR0 at level 3", read_cr0, FAULT(GP, 0)}, {"MOV to CR3 at level 3", write_cr3, FAULT(GP, 0)},
    {"INVLPG at level 3", invalidate, FAULT(GP, 0)}, {"WBINVD at level 3", write_back, FAULT(GP, 0)},
    {"RDMSR at level 3", read_msr, FAULT(GP, 0)}, {"WRMSR at level 3", write_msr, FAULT(GP, 0)},
    {"RDTSC at level 3", read_tsc, END}, {"RDPMC at level 3", read_counter, FAULT(GP, 0)},
    {"IN at level 3", input, FAULT(GP, 0)}, {"INS at level 3", input_string, FAULT(GP, 0)},
    {"CLI at level 3", clear_if, FAULT(GP, 0)}, {"SYSEXIT at level 3", leave_fast, FAULT(GP, 0)},
  };
  for (u32 index = 0; index < sizeof cases / sizeof *cases; index++)
    is(cases[index].name, ending_at(3, cases[index].body, 0), cases[index].wanted);
  is("CLI at level 3 with IOPL 3", ending_at(3, clear_if, IOPL(3)), END);
  is("IN at level 3 with IOPL 3", ending_at(3, input, IOPL(3)), END);
  is("CLI at level 1 with IOPL 0", ending_at(1, clear_if, 0), FAULT(GP, 0));
  is("CLI at level 1 with IOPL 1", ending_at(1, clear_if, IOPL(1)), END);
  WRITE("cr4", READ("cr4") | 4);
  is("RDTSC at level 3 with CR4.TSD", ending_at(3, read_tsc, 0), FAULT(GP, 0));
  is("RDTSC at level 0 with CR4.TSD", ending_at(0, read_tsc, 0), END);
  WRITE("cr4", READ("cr4") & ~4);
}

static u32 value, number;
static void put_cr0(void) { WRITE("cr0", value); }
static void put_cr4(void) { WRITE("cr4", value); }
static void put_msr(void) { asm volatile("wrmsr" : : "c"(number), "a"(value), "d"(0)); }
static void get_msr(void) { asm volatile("rdmsr; movl %%eax, %0" : "=m"(value) : "c"(number) : "eax", "edx"); }
static u32 msr(u32 which, u32 what) { number = which; value = what; return ending(put_msr); }

static void try_registers(void) {
  u32 cr0 = READ("cr0");
  value = cr0 & ~1;
  is("CR0: PG without PE", ending(put_cr0), FAULT(GP, 0));
  value = (cr0 | 0x20000000) & ~0x40000000;
  is("CR0: NW without CD", ending(put_cr0), FAULT(GP, 0));
  value = cr0 | 0x10;
  ending(put_cr0);
  is("CR0.ET is one", READ("cr0") & 0x10, 0x10);
  value = READ("cr4") | 0x80000000;
  is("CR4: a bit that is not there", ending(put_cr4), FAULT(GP, 0));
  asm volatile("lmsw %w0" : : "r"(0xe));
  is("LMSW sets MP, EM and TS and cannot clear PE", READ("cr0") & 0xf, 0xf);
  asm volatile("clts");
  is("CLTS clears TS", READ("cr0") & 0xf, 0x7);
  WRITE("cr0", cr0);
  number = 0x12345;
  is("RDMSR of none", ending(get_msr), FAULT(GP, 0));
  is("WRMSR of none", msr(0x12345, 0), FAULT(GP, 0));
  u32 low, high, again, again_high;
  asm volatile("wrmsr" : : "c"(0x10), "a"(0x1000), "d"(0));
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  asm volatile("rdtsc" : "=a"(again), "=d"(again_high));
  is("WRMSR of the time-stamp counter", high == 0 && low >= 0x1000 && low < 0x1000000, 1);
  is("  which goes on", again > low, 1);
}

/* SYSENTER goes to `fast_target`, which goes back by SYSEXIT. */
BODY(fast_target) {
  asm("movw %cs, seen; movw %ss, seen+4; movl %esp, seen+8; pushfl; popl seen+12; movl $fast_back, %edx; movl $stacks+16384, %ecx; sysexit");
}
BODY(fast_outer) {
  asm("sysenter; fast_back: movw %cs, seen+16; movw %ss, seen+20; movl %esp, seen+24; int $0x40");
}
static void try_fast_calls(void) {
  msr(0x174, 0);
  is("SYSENTER without a segment", ending_at(3, enter_fast, 0), FAULT(GP, 0));
  is("SYSEXIT without a segment", ending_at(0, leave_fast, 0), FAULT(GP, 0));
  /* Its four segments stand in a row: these are copies of the table's. */
  set_segment(SPARE, 0, 0xfffff, EXECUTE, BIG | PAGES);
  set_segment(SPARE2, 0, 0xfffff, WRITABLE, BIG | PAGES);
  set_segment(SPARE3, 0, 0xfffff, EXECUTE | LEVEL(3), BIG | PAGES);
  set_segment(SPARE4, 0, 0xfffff, WRITABLE | LEVEL(3), BIG | PAGES);
  msr(0x174, SPARE);
  msr(0x175, TOP(stacks[0]));
  msr(0x176, (u32)fast_target);
  is("SYSENTER and SYSEXIT", ending_at(3, fast_outer, IF | IOPL(3)), END);
  is("  the inner segments", (seen[0] & 0xffff) == SPARE && (seen[1] & 0xffff) == SPARE2, 1);
  is("  the inner stack", seen[2], TOP(stacks[0]));
  is("  without IF", seen[3] & IF, 0);
  is("  the outer segments", (seen[4] & 0xffff) == (SPARE3 | 3) && (seen[5] & 0xffff) == (SPARE4 | 3), 1);
  is("  the outer stack", seen[6], TOP(stacks[3]));
}

LINE(divide, "xorl %ecx, %ecx; divl %ecx")
LINE(divide_overflow, "movl $1, %edx; movl $1, %ecx; divl %ecx")
LINE(divide_signed, "movl $0x80000000, %eax; cdq; movl $-1, %ecx; idivl %ecx")
LINE(adjust, "movl $5, %eax; .byte 0xd4, 0")
LINE(bound_low, "movl $-1, %eax; movl $1, scratch; movl $9, scratch+4; bound %eax, scratch")
LINE(bound_within, "movl $9, %eax; movl $1, scratch; movl $9, scratch+4; bound %eax, scratch")
LINE(undefined, "ud2")
LINE(lock_register, ".byte 0xf0, 0x01, 0xc0")
LINE(lock_move, ".byte 0xf0, 0x89, 0x05; .long scratch")
LINE(lock_bits, "lock btsl $1, scratch")
LINE(far_register, ".byte 0xff, 0xd8")
LINE(move_cs, ".byte 0x8e, 0xc8")
LINE(long_instruction, ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90")
LINE(longest_instruction, ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90")
LINE(float_absent, "fninit")
LINE(wait_absent, "fwait")
LINE(float_divide, "fninit; movw $0x037b, scratch; fldcw scratch; fldz; fld1; fdivp; fwait")
LINE(misaligned, "movl $scratch, %ebx; movl 1(%ebx), %eax")
LINE(misaligned_word, "movl $scratch, %ebx; movw 2(%ebx), %ax")

static void try_faults(void) {
  is("DIV by zero", ending(divide), DE);
  is("DIV whose quotient is too large", ending(divide_overflow), DE);
  is("IDIV of the least number by -1", ending(divide_signed), DE);
  is("AAM by zero", ending(adjust), DE);
  is("BOUND below", ending(bound_low), BR);
  is("BOUND at its upper bound", ending(bound_within), END);
  is("UD2", ending(undefined), UD);
  is("LOCK of a register", ending(lock_register), UD);
  is("LOCK MOV", ending(lock_move), UD);
  is("LOCK BTS", ending(lock_bits), END);
  is("CALL far of a register", ending(far_register), UD);
  is("MOV to CS", ending(move_cs), UD);
  is("an instruction of 15 bytes", ending(longest_instruction), END);
  is("an instruction of 16 bytes", ending(long_instruction), FAULT(GP, 0));
  u32 cr0 = READ("cr0");
  WRITE("cr0", cr0 | 8);
  is("TS: a coprocessor instruction", ending(float_absent), NM);
  WRITE("cr0", (cr0 | 8) & ~2);
  is("TS without MP: WAIT", ending(wait_absent), END);
  WRITE("cr0", cr0 | 8 | 2);
  is("TS with MP: WAIT", ending(wait_absent), NM);
  WRITE("cr0", (cr0 & ~8) | 4);
  is("EM: a coprocessor instruction", ending(float_absent), NM);
  WRITE("cr0", (cr0 & ~(4 | 8)) | 0x20);
  is("NE: an unmasked division by zero", ending(float_divide), MF);
  asm volatile("fninit");
  WRITE("cr0", (cr0 & ~(4 | 8)) | 0x40000);
  is("AM and AC: a misaligned doubleword at level 3", ending_at(3, misaligned, AC), FAULT(ALIGNMENT, 0));
  is("AM and AC: an aligned word at level 3", ending_at(3, misaligned_word, AC), END);
  is("AM and AC: a misaligned doubleword at level 0", ending_at(0, misaligned, AC), END);
  is("AM alone: a misaligned doubleword at level 3", ending_at(3, misaligned, 0), END);
  WRITE("cr0", cr0);
}

void try_system(void) {
  try_privileges();
  try_registers();
  try_fast_calls();
  try_faults();
}
