/* What the files of this kernel share. Read main.c first. */
#ifndef PROTECTION_H
#define PROTECTION_H

#include "kernel.h"

/* Selectors of segments at each level, without RPL. */
enum {
  CODE0 = 0x08, DATA0 = 0x10, CODE1 = 0x18, DATA1 = 0x20, CODE2 = 0x28, DATA2 = 0x30, CODE3 = 0x38, DATA3 = 0x40,
  CONFORMING0 = 0x48, MAIN_TASK = 0x50, TASK_A = 0x58, TASK_B = 0x60, TASK_16 = 0x68, LOCAL_TABLE = 0x70,
  /* For each test to use as it likes. */
  SPARE = 0x80, SPARE2 = 0x88, SPARE3 = 0x90, SPARE4 = 0x98,
};
/* Selectors with RPL, for asm statements. */
#define TEXT(x) #x
#define STRING(x) TEXT(x)

enum { CF = 1, TF = 0x100, IF = 0x200, DF = 0x400, NT = 0x4000, RF = 0x10000, VM = 0x20000, AC = 0x40000, VIF = 0x80000, VIP = 0x100000 };
#define IOPL(level) ((level) << 12)

/* Vectors. 0x40 ends a body; nothing went wrong. */
enum { DE, DB, NMI, BP, OF, BR, UD, NM, DOUBLE, TS = 10, NP, SS, GP, PF, MF = 16, ALIGNMENT = 17, END = 0x40, SPARE_VECTOR = 0x50 };
enum { NONE = 0x100 };

/* Access bytes of descriptors, present, without a level. */
enum { READ_ONLY = 0x91, WRITABLE = 0x93, DOWN = 0x97, EXECUTE_ONLY = 0x99, EXECUTE = 0x9b, CONFORMING = 0x9f,
  CALL_GATE_16 = 0x84, TASK_GATE = 0x85, INTERRUPT_16 = 0x86, TRAP_16 = 0x87, TSS_16 = 0x81, LDT = 0x82, TSS_32 = 0x89,
  CALL_GATE = 0x8c, INTERRUPT = 0x8e, TRAP = 0x8f };
#define LEVEL(level) ((level) << 5)
enum { BIG = 4, PAGES = 8 };

/* What `trapped` of entry.asm pushes on top of what the processor pushed. */
struct frame {
  u32 gs, fs, es, ds, edi, esi, ebp, unused, ebx, edx, ecx, eax, vector, error, eip, cs, flags, esp, ss, es8086, ds8086, fs8086, gs8086;
};

/* A 32-bit task state segment. */
struct task {
  u32 link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, flags, eax, ecx, edx, ebx, esp, ebp, esi, edi, es, cs, ss, ds, fs, gs, local;
  u16 trap, map;
  u8 redirection[32], ports[128 + 1];
};
/* A 16-bit one. */
struct task16 {
  u16 link, sp0, ss0, sp1, ss1, sp2, ss2, ip, flags, ax, cx, dx, bx, sp, bp, si, di, es, cs, ss, ds, local;
};

/* The last trap, how many there were, and where it found the stack. */
extern struct frame last;
extern u32 traps, last_cr2, last_stack;
/* What bodies leave for the test. */
extern u32 seen[32];
extern struct task tasks[3];
extern struct task16 task16;
extern u8 stacks[4][4096], task_stacks[2][4096];
#define TOP(stack) ((u32)(stack) + sizeof(stack))

/* entry.asm */
void attempt(void (*body)(void));
void enter_level(void (*body)(void), u32 code, u32 data, u32 stack, u32 flags);
void enter_virtual(u32 code, u32 stack, u32 pointer, u32 flags);
void reload_segments(void);
extern u8 vector_stubs[256][16];

/* main.c: the trap that ended a body: vector, or'ed with its error code << 16. */
u32 ending(void (*body)(void));
/* The same for a body that runs at a level. */
u32 ending_at(int level, void (*body)(void), u32 flags);
#define FAULT(vector, error) ((u32)(vector) | (u32)(error) << 16)
/* Called for a vector instead of ending the body, where set; the body goes on when it returns. */
extern void (*handlers[256])(struct frame *frame);

/* tables.c */
void tables_begin(void);
void set_segment(u32 selector, u32 base, u32 limit, u32 access, u32 size);
void set_gate(u32 selector, u32 target, u32 offset, u32 count, u32 access);
void set_vector(u32 vector, u32 target, u32 offset, u32 access);
void restore_vector(u32 vector);
void set_vector_limit(u32 limit);
u32 access_of(u32 selector);
void set_access(u32 selector, u32 access);
u32 *page_entry(u32 linear);
u32 *directory_entry(u32 linear);
extern u32 directory[1024], other_directory[1024];
extern u8 scratch[4][4096];

/* Registers. */
#define READ(register) ({ u32 value; asm volatile("mov %%" register ", %0" : "=r"(value)); value; })
#define WRITE(register, value) asm volatile("mov %0, %%" register : : "r"(value) : "memory")
static inline void flush(u32 linear) { asm volatile("invlpg (%0)" : : "r"(linear) : "memory"); }
static inline u32 flags_now(void) { u32 value; asm volatile("pushfl; popl %0" : "=r"(value)); return value; }

/* A body: bare instructions. It ends by a trap of its own, or returns where C calls it. */
#define BODY(name) static __attribute__((naked)) void name(void)
/* One that ends after a single line. */
#define LINE(name, code) BODY(name) { asm(code "; int $0x40"); }

static inline void model_write(u32 number, u32 low) { asm volatile("wrmsr" : : "c"(number), "a"(low), "d"(0) : "memory"); }
static inline u32 model_read(u32 number) { u32 low; asm volatile("rdmsr" : "=a"(low) : "c"(number) : "edx"); return low; }

/* The parts. */
void try_segments(void);
void try_gates(void);
void try_interrupts(void);
void try_tasks(void);
void try_virtual(void);
void try_paging(void);
void try_debug(void);
void try_apic(void);
void try_counters(void);
void try_events(void);
void try_system(void);

#endif
