/* Paging: who may do what, error codes, accessed and dirty bits, accesses across pages, large pages. */
#include "protection.h"

/* A page that is mapped by a table of its own, behind what everything else uses. */
enum { PLACE = 0x1000000, USER = 4, WRITE_ = 2, PRESENT = 1, ACCESSED = 0x20, DIRTY = 0x40 };
static u32 own_pages[1024] __attribute__((aligned(4096)));

static void map(u32 directory_bits, u32 page_bits) {
  own_pages[0] = (u32)scratch[0] | page_bits;
  own_pages[1] = (u32)scratch[1] | page_bits;
  directory[PLACE >> 22] = (u32)own_pages | directory_bits;
  WRITE("cr3", READ("cr3"));
}

static void read_there(void) { asm volatile("movl 0x1000000, %%eax; int $0x40" : : : "eax"); }
static void write_there(void) { asm volatile("movl $1, 0x1000000; int $0x40" : : : "memory"); }
BODY(read_outer) { asm("movl 0x1000000, %eax; int $0x40"); }
BODY(write_outer) { asm("movl $1, 0x1000000; int $0x40"); }
BODY(write_across) { asm("movl $0x55555555, 0x1000ffe; int $0x40"); }
BODY(run_there) { asm("movl $0x1000000, %eax; jmp *%eax"); }
BODY(add_there) { asm("addl $1, 0x1000000; int $0x40"); }

/* Every combination of rights, access and WP against the rule. */
static void try_rights(void) {
  u32 differ = 0;
  for (u32 bits = 0; bits < 64; bits++) {
    u32 directory_bits = bits & 7, page_bits = bits >> 3 & 7;
    map(directory_bits, page_bits);
    u32 both = directory_bits & page_bits;
    for (u32 way = 0; way < 8; way++) {
      u32 user = way & 1, write = way >> 1 & 1, protect = way >> 2 & 1;
      WRITE("cr0", (READ("cr0") & ~0x10000) | protect << 16);
      flush(PLACE);
      u32 end = user ? ending_at(3, write ? write_outer : read_outer, 0) : ending(write ? write_there : read_there);
      int allowed = (both & PRESENT) && (!user || (both & USER)) && (!write || (both & WRITE_) || (!user && !protect));
      u32 wanted = allowed ? END : FAULT(PF, user << 2 | write << 1 | (both & PRESENT));
      if (end != wanted) differ++;
      if (!allowed && last_cr2 != PLACE) differ++;
    }
  }
  WRITE("cr0", READ("cr0") | 0x10000);
  is("rights: 512 accesses by the rule", differ, 0);
}

static void try_marks(void) {
  map(7, 7);
  ending(read_there);
  is("a read marks the page as accessed", own_pages[0] & 0x60, ACCESSED);
  is("  and its table", directory[PLACE >> 22] & 0x60, ACCESSED);
  ending(write_there);
  is("a write marks it as dirty", own_pages[0] & 0x60, ACCESSED | DIRTY);
  is("  and not its table", directory[PLACE >> 22] & 0x60, ACCESSED);
  map(7, PRESENT | USER);
  ending(write_there);
  is("a write that is refused marks nothing dirty", own_pages[0] & DIRTY, 0);
  map(7, PRESENT | USER);
  is("a read and write of a page that cannot be written", ending(add_there), FAULT(PF, 3));
  map(7, 7);
  own_pages[1] &= ~PRESENT;
  scratch[0][4094] = scratch[0][4095] = 0x77;
  is("a write across into an absent page", ending_at(0, write_across, 0), FAULT(PF, 2));
  is("  names the absent page", last_cr2, PLACE + 4096);
  is("  and writes nothing", scratch[0][4094] | scratch[0][4095] << 8, 0x7777);
  own_pages[1] = (u32)scratch[1] | PRESENT | USER;
  flush(PLACE + 4096);
  is("a write across into a page that cannot be written", ending_at(3, write_across, 0), FAULT(PF, 7));
  is("  writes nothing", scratch[0][4094] | scratch[0][4095] << 8, 0x7777);
  map(7, 0);
  is("code in an absent page", ending_at(0, run_there, 0), FAULT(PF, 0));
  is("  at level 3", ending_at(3, run_there, 0), FAULT(PF, 4));
  is("  stands at its first byte", last.eip, PLACE);
  map(7, 3);
  scratch[0][0] = 0xcd;
  scratch[0][1] = 0x40;
  is("code of the supervisor at level 3", ending_at(3, run_there, 0), FAULT(PF, 5));
  is("  and at level 0", ending_at(0, run_there, 0), END);
}

static u32 marker = 0xfeedface;
static void try_large(void) {
  directory[PLACE >> 22] = 0x87;
  WRITE("cr3", READ("cr3"));
  is("a page of 4 MiB", *(volatile u32 *)(PLACE + (u32)&marker), 0xfeedface);
  is("  is marked as accessed", directory[PLACE >> 22] & 0x60, ACCESSED);
  *(volatile u32 *)(PLACE + (u32)&marker) = 0xcafe;
  is("  and as dirty", directory[PLACE >> 22] & 0x60, ACCESSED | DIRTY);
  is("  and shows the same memory", *(volatile u32 *)&marker, 0xcafe);
  directory[PLACE >> 22] = 0x85;
  WRITE("cr3", READ("cr3"));
  is("a page of 4 MiB that cannot be written", ending_at(3, write_outer, 0), FAULT(PF, 7));
  directory[PLACE >> 22] = 0;
  WRITE("cr3", READ("cr3"));
}
void try_paging(void) {
  try_rights();
  try_marks();
  try_large();
}
