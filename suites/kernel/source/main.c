/* Minnow's start: every part in turn, then the threads. */
#include "kernel.h"

/* Called by start.asm with paging on and interrupts off. */
void kernel_main(const struct boot_information *information) {
  screen_start();
  interrupts_start();
  serial_start();
  screen_color(CYAN);
  report("Minnow 1.0, a small kernel to test machines with");
  screen_color(GREY);
  memory_start(information);
  struct memory_figures figures = memory_figures();
  report("memory: %u KiB in %u ranges, %u page frames", figures.usable_kilobytes, information->range_count, figures.frames);
  struct date date = clock_read();
  report("clock: %04u-%02u-%02u %02u:%02u", (uint32_t)date.year, (uint32_t)date.month, (uint32_t)date.day,
         (uint32_t)date.hour, (uint32_t)date.minute);
  events_start();
  keyboard_start();
  timer_start();
  report("timer: %u ticks a second", TICKS_PER_SECOND);
  threads_start();
}
