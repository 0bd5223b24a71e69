/* The date of the MC146818 real-time clock.
   Source: Motorola MC146818A, "Update Cycle" and Table 3; the century in register 32h is the PC/AT's. */
#include "kernel.h"

enum { INDEX = 0x70, DATA = 0x71 };
enum { SECOND = 0, MINUTE = 2, HOUR = 4, DAY = 7, MONTH = 8, YEAR = 9, STATUS_A = 10, STATUS_B = 11, CENTURY = 0x32 };
enum { UPDATING = 0x80, BINARY = 0x04, HOURS_24 = 0x02, AFTERNOON = 0x80, WAIT_READS = 200000 };

static uint8_t read_register(uint8_t index) {
  out8(INDEX, index);
  return in8(DATA);
}

static uint8_t number(uint8_t value, bool binary) {
  return binary ? value : (uint8_t)((value >> 4) * 10 + (value & 15));
}

struct date clock_read(void) {
  uint32_t flags = interrupts_save();
  for (uint32_t i = 0; i < WAIT_READS && (read_register(STATUS_A) & UPDATING); i++) {}
  uint8_t status = read_register(STATUS_B);
  bool binary = status & BINARY;
  uint8_t raw_hour = read_register(HOUR);
  struct date date = {
      .year = (uint16_t)(number(read_register(CENTURY), binary) * 100 + number(read_register(YEAR), binary)),
      .month = number(read_register(MONTH), binary),
      .day = number(read_register(DAY), binary),
      .hour = number(raw_hour & (uint8_t)~AFTERNOON, binary),
      .minute = number(read_register(MINUTE), binary),
      .second = number(read_register(SECOND), binary),
  };
  if (!(status & HOURS_24)) date.hour = (uint8_t)(date.hour % 12 + (raw_hour & AFTERNOON ? 12 : 0));
  interrupts_restore(flags);
  return date;
}
