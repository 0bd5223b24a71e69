/* The tick: counter 0 of the 8254, 100 times a second. The interrupt itself only counts; the rest, the bottom half, runs
   with interrupts on, so that the keyboard and the disk need not wait for it.
   Source: Intel 8254, order number 231164, "Mode 2: Rate Generator". */
#include "kernel.h"

enum { REQUEST = 0, COUNTER_0 = 0x40, CONTROL = 0x43, COUNTER_0_RATE_GENERATOR = 0x34 };
/* 1,193,182 Hz by 100, rounded. */
enum { DIVISOR = 11932 };

static volatile uint32_t ticks;
static bool busy;

uint32_t timer_ticks(void) {
  return ticks;
}

bool timer_busy(void) {
  return busy;
}

static void timer_bottom_half(void) {
  events_run(ticks);
  keyboard_tick();
  thread_yield_later();
}

static void timer_interrupt(struct frame *frame) {
  (void)frame;
  ticks++;
  thread_current->ticks++;
  interrupts_end(REQUEST);
  if (busy) return; /* The last tick's bottom half is still at work. */
  busy = true;
  interrupts_on();
  timer_bottom_half();
  interrupts_off();
  busy = false;
}

void timer_start(void) {
  out8(CONTROL, COUNTER_0_RATE_GENERATOR);
  out8(COUNTER_0, DIVISOR & 0xff);
  out8(COUNTER_0, DIVISOR >> 8);
  interrupts_handle(REQUEST, timer_interrupt);
}
