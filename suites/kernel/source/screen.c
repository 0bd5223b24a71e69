/* The screen: VGA text mode 3 at B8000h, with the hardware cursor of the CRT controller.
   Source: IBM VGA Technical Reference, CRT controller registers 0Eh and 0Fh. */
#include "kernel.h"

enum { COLUMNS = 80, ROWS = 25, TAB = 8 };
enum { CRTC_INDEX = 0x3d4, CRTC_DATA = 0x3d5, CURSOR_HIGH = 0x0e, CURSOR_LOW = 0x0f };

static uint16_t *const cells = (uint16_t *)(KERNEL_BASE + 0xb8000);
static uint32_t column, row;
static uint16_t attribute_bits;

static void show_cursor(void) {
  uint32_t place = row * COLUMNS + column;
  out8(CRTC_INDEX, CURSOR_HIGH);
  out8(CRTC_DATA, (uint8_t)(place >> 8));
  out8(CRTC_INDEX, CURSOR_LOW);
  out8(CRTC_DATA, (uint8_t)place);
}

static void fill(uint16_t *from, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) from[i] = attribute_bits | ' ';
}

void screen_color(uint8_t attribute) {
  attribute_bits = (uint16_t)(attribute << 8);
}

void screen_clear(uint8_t attribute) {
  screen_color(attribute);
  fill(cells, COLUMNS * ROWS);
  column = row = 0;
  show_cursor();
}

void screen_start(void) {
  screen_clear(GREY);
}

static void new_line(void) {
  column = 0;
  if (++row < ROWS) return;
  row = ROWS - 1;
  memcpy(cells, cells + COLUMNS, COLUMNS * (ROWS - 1) * 2);
  fill(cells + COLUMNS * (ROWS - 1), COLUMNS);
}

/* Everything but the cursor, which costs four port writes. */
static void put_cell(char character) {
  if (character == '\n') {
    new_line();
  } else if (character == '\b') {
    if (column > 0) column--;
  } else if (character == '\t') {
    do put_cell(' ');
    while (column % TAB);
  } else {
    cells[row * COLUMNS + column] = attribute_bits | (uint8_t)character;
    if (++column == COLUMNS) new_line();
  }
}

void screen_put(char character) {
  put_cell(character);
  show_cursor();
}

void print(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_format(put_cell, format, arguments);
  va_end(arguments);
  show_cursor();
}
