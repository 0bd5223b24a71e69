/* Page frames above the kernel, and a region at 128 MiB whose pages appear, zeroed, when they are first touched.
   Source: Intel 80386 Programmer's Reference Manual, sections 5.2 and 9.8.14 (page fault error code). */
#include "kernel.h"

enum { PRESENT = 1, WRITABLE = 2, USER = 4 };
enum { FAULT_PROTECTION = 1 };
enum { RANGE_USABLE = 1 };

/* start.asm maps this much memory from KERNEL_BASE on. */
#define MAPPED_BYTES 0x01000000u

extern uint32_t page_directory[1024], page_tables[4 * 1024];
extern char user_start[], user_end[], zero_end[];

static uint32_t user_table[1024] __attribute__((aligned(4096)));
static uint32_t first_frame, frames, frames_used, demand_faults, usable_kilobytes;

static uint32_t physical(const void *address) {
  return (uint32_t)address - KERNEL_BASE;
}

static void flush_translations(void) {
  uint32_t directory;
  __asm__ volatile("movl %%cr3, %0; movl %0, %%cr3" : "=r"(directory) : : "memory");
}

/* The frames are those from the kernel's end to the end of the range that holds it. */
static void find_frames(const struct boot_information *information) {
  first_frame = physical(zero_end) / PAGE_BYTES;
  for (uint32_t i = 0; i < information->range_count; i++) {
    const struct memory_range *range = &information->ranges[i];
    if (range->type != RANGE_USABLE || range->base_high || range->length_high) continue;
    usable_kilobytes += range->length / 1024;
    uint32_t end = range->base + range->length;
    if (end > MAPPED_BYTES) end = MAPPED_BYTES;
    if (range->base <= physical(zero_end) && end > physical(zero_end)) frames = end / PAGE_BYTES - first_frame;
  }
}

void memory_start(const struct boot_information *information) {
  find_frames(information);
  /* The worker's code lies in the kernel's image: its pages, and only they, are open to privilege level 3. */
  for (uint32_t page = physical(user_start); page < physical(user_end); page += PAGE_BYTES) {
    page_tables[page / PAGE_BYTES] = (page | PRESENT | USER);
  }
  page_directory[KERNEL_BASE >> 22] |= USER;
  page_directory[USER_BASE >> 22] = physical(user_table) | PRESENT | WRITABLE | USER;
  flush_translations();
}

bool memory_fault(uint32_t address, uint32_t error) {
  if ((error & FAULT_PROTECTION) || address - USER_BASE >= USER_BYTES) return false;
  if (frames_used == frames) panic("no page frame left");
  uint32_t frame = (first_frame + frames_used++) * PAGE_BYTES;
  memset((void *)(frame + KERNEL_BASE), 0, PAGE_BYTES);
  user_table[(address >> 12) & 1023] = frame | PRESENT | WRITABLE | USER;
  flush_translations();
  demand_faults++;
  return true;
}

struct memory_figures memory_figures(void) {
  return (struct memory_figures){usable_kilobytes, frames, frames_used, demand_faults};
}
