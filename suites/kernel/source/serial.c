/* The log on COM1. Bytes wait in a ring until the 16550A asks for them.
   Source: National Semiconductor PC16550D, sections 8.1 to 8.10. */
#include "kernel.h"

enum { BASE = 0x3f8, REQUEST = 4 };
enum {
  DATA = BASE,
  INTERRUPT_ENABLE = BASE + 1,
  INTERRUPT_IDENTITY = BASE + 2,
  FIFO_CONTROL = BASE + 2,
  LINE_CONTROL = BASE + 3,
  MODEM_CONTROL = BASE + 4,
  LINE_STATUS = BASE + 5,
};
enum { TRANSMITTER_EMPTY_INTERRUPT = 0x02, HOLDING_EMPTY = 0x20, DIVISOR_ACCESS = 0x80, EIGHT_BITS = 0x03 };
enum { DIVISOR_115200 = 1, FIFO_ON_AND_CLEARED = 0x07, FIFO_WORKS = 0xc0 };
/* DTR and RTS, and OUT2, which lets the interrupt through on a PC. */
enum { READY_WITH_INTERRUPTS = 0x0b };

enum { RING_BYTES = 4096 };

static char ring[RING_BYTES];
static uint32_t written, sent;
static uint32_t burst_bytes = 1;
static bool immediate;

static void send_now(char character) {
  while (!(in8(LINE_STATUS) & HOLDING_EMPTY)) {}
  out8(DATA, (uint8_t)character);
}

static void serial_interrupt(struct frame *frame) {
  (void)frame;
  (void)in8(INTERRUPT_IDENTITY); /* Reading it withdraws the request. */
  if (!(in8(LINE_STATUS) & HOLDING_EMPTY)) return;
  for (uint32_t i = 0; i < burst_bytes && sent != written; i++) out8(DATA, (uint8_t)ring[sent++ % RING_BYTES]);
  if (sent == written) out8(INTERRUPT_ENABLE, 0);
}

void serial_start(void) {
  out8(INTERRUPT_ENABLE, 0);
  out8(LINE_CONTROL, DIVISOR_ACCESS);
  out8(BASE, DIVISOR_115200);
  out8(BASE + 1, 0);
  out8(LINE_CONTROL, EIGHT_BITS);
  out8(FIFO_CONTROL, FIFO_ON_AND_CLEARED);
  if ((in8(INTERRUPT_IDENTITY) & FIFO_WORKS) == FIFO_WORKS) burst_bytes = 16;
  out8(MODEM_CONTROL, READY_WITH_INTERRUPTS);
  interrupts_handle(REQUEST, serial_interrupt);
}

static void put(char character) {
  if (immediate) {
    send_now(character);
    return;
  }
  uint32_t flags = interrupts_save();
  if (written - sent == RING_BYTES) send_now(ring[sent++ % RING_BYTES]);
  ring[written++ % RING_BYTES] = character;
  out8(INTERRUPT_ENABLE, TRANSMITTER_EMPTY_INTERRUPT);
  interrupts_restore(flags);
}

void serial_put(char character) {
  if (character == '\n') put('\r');
  put(character);
}

void serial_panic(void) {
  interrupts_off();
  out8(INTERRUPT_ENABLE, 0);
  while (sent != written) send_now(ring[sent++ % RING_BYTES]);
  immediate = true;
}

static void log_format(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_format(serial_put, format, arguments);
  va_end(arguments);
}

/* A line is put whole, so that lines of an interrupt and of a thread do not mix. */
static void format_line(const char *format, va_list arguments) {
  uint32_t flags = interrupts_save();
  uint32_t ticks = timer_ticks();
  log_format("[%5u.%02u] ", ticks / TICKS_PER_SECOND, ticks % TICKS_PER_SECOND);
  text_format(serial_put, format, arguments);
  serial_put('\n');
  interrupts_restore(flags);
}

void log_line(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  format_line(format, arguments);
  va_end(arguments);
}

void report(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  format_line(format, arguments);
  va_end(arguments);
  va_start(arguments, format);
  text_format(screen_put, format, arguments);
  va_end(arguments);
  screen_put('\n');
}
