/* Descriptor tables, task state segments, page tables; all of them ordinary, for tests to spoil one at a time. */
#include "protection.h"

static u32 table[64][2] __attribute__((aligned(8)));
static u32 local[8][2] __attribute__((aligned(8)));
static u32 vectors[256][2] __attribute__((aligned(8)));
struct task tasks[3];
struct task16 task16;
u8 stacks[4][4096] __attribute__((aligned(4096))), task_stacks[2][4096] __attribute__((aligned(4096)));
u8 scratch[4][4096] __attribute__((aligned(4096)));
u32 directory[1024] __attribute__((aligned(4096))), other_directory[1024] __attribute__((aligned(4096)));
static u32 pages[4][1024] __attribute__((aligned(4096)));

static u32 *slot(u32 selector) { return (selector & 4) ? local[selector >> 3] : table[selector >> 3]; }

void set_segment(u32 selector, u32 base, u32 limit, u32 access, u32 size) {
  u32 *at = slot(selector);
  at[0] = base << 16 | (limit & 0xffff);
  at[1] = (base & 0xff000000) | size << 20 | (limit & 0xf0000) | access << 8 | (base >> 16 & 0xff);
}
void set_gate(u32 selector, u32 target, u32 offset, u32 count, u32 access) {
  u32 *at = slot(selector);
  at[0] = target << 16 | (offset & 0xffff);
  at[1] = (offset & 0xffff0000) | access << 8 | count;
}
u32 access_of(u32 selector) { return slot(selector)[1] >> 8 & 0xff; }
void set_access(u32 selector, u32 access) { slot(selector)[1] = (slot(selector)[1] & ~0xff00) | access << 8; }

void set_vector(u32 vector, u32 target, u32 offset, u32 access) {
  vectors[vector][0] = target << 16 | (offset & 0xffff);
  vectors[vector][1] = (offset & 0xffff0000) | access << 8;
}
void restore_vector(u32 vector) {
  u32 level = vector == BP || vector == OF || vector == END ? LEVEL(3) : 0;
  set_vector(vector, CODE0, (u32)vector_stubs[vector], INTERRUPT | level);
}
struct pointer { u16 limit; u32 base; } __attribute__((packed));
void set_vector_limit(u32 limit) {
  struct pointer pointer = {limit, (u32)vectors};
  asm volatile("lidt %0" : : "m"(pointer));
}

u32 *page_entry(u32 linear) { return &pages[linear >> 22][linear >> 12 & 1023]; }
u32 *directory_entry(u32 linear) { return &directory[linear >> 22]; }

static void begin_paging(void) {
  for (u32 page = 0; page < 4096; page++) pages[page >> 10][page & 1023] = page << 12 | 7;
  for (u32 index = 0; index < 4; index++) directory[index] = (u32)pages[index] | 7;
  /* The APICs, in pages of 4 MiB that are not cached. */
  directory[0xfec00000u >> 22] = 0xfec00000u | 0x9b;
  for (u32 index = 0; index < 1024; index++) other_directory[index] = directory[index];
  WRITE("cr3", directory);
  WRITE("cr4", READ("cr4") | 0x10);
  WRITE("cr0", READ("cr0") | 0x80010000);
}

void tables_begin(void) {
  for (u32 level = 0; level < 4; level++) {
    set_segment(CODE0 + level * 16, 0, 0xfffff, EXECUTE | LEVEL(level), BIG | PAGES);
    set_segment(DATA0 + level * 16, 0, 0xfffff, WRITABLE | LEVEL(level), BIG | PAGES);
  }
  set_segment(CONFORMING0, 0, 0xfffff, CONFORMING, BIG | PAGES);
  set_segment(MAIN_TASK, (u32)&tasks[0], sizeof tasks[0] - 1, TSS_32, 0);
  set_segment(TASK_A, (u32)&tasks[1], 0x67, TSS_32, 0);
  set_segment(TASK_B, (u32)&tasks[2], 0x67, TSS_32, 0);
  set_segment(TASK_16, (u32)&task16, sizeof task16 - 1, TSS_16, 0);
  set_segment(LOCAL_TABLE, (u32)local, sizeof local - 1, LDT, 0);
  struct pointer pointer = {sizeof table - 1, (u32)table};
  asm volatile("lgdt %0" : : "m"(pointer));
  reload_segments();
  for (u32 vector = 0; vector < 256; vector++) restore_vector(vector);
  set_vector_limit(sizeof vectors - 1);

  struct task *task = &tasks[0];
  task->esp0 = TOP(stacks[0]);
  task->ss0 = DATA0;
  task->esp1 = TOP(stacks[1]) - 2048;
  task->ss1 = DATA1 | 1;
  task->esp2 = TOP(stacks[2]) - 2048;
  task->ss2 = DATA2 | 2;
  task->cr3 = (u32)directory;
  task->map = (u32)task->ports - (u32)task;
  for (u32 index = 0; index < sizeof task->ports; index++) task->ports[index] = 0xff;
  for (u32 index = 0; index < 2; index++) {
    tasks[index + 1].cr3 = (u32)directory;
    tasks[index + 1].map = 0x68;
    tasks[index + 1].esp0 = TOP(stacks[0]);
    tasks[index + 1].ss0 = DATA0;
  }
  asm volatile("ltr %w0" : : "r"(MAIN_TASK));
  begin_paging();
  /* Every request of the 8259As masked. */
  out8(0x21, 0xff);
  out8(0xa1, 0xff);
}
