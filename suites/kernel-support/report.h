/*
 * How a kernel tells its answers: included by its main.c alone, which says before it how a letter leaves (`put`), what stands between
 * a wrong value and the right one (`INSTEAD_OF`), and, with `CARRIAGE_RETURNS`, that a line ends by two characters.
 */
#include "kernel.h"

static u32 right, wrong;

static void print(const char *text) {
  for (; *text; text++) {
#ifdef CARRIAGE_RETURNS
    if (*text == '\n') put('\r');
#endif
    put(*text);
  }
}
static void print_hex(u32 value) {
  int shift = 28;
  while (shift > 0 && !(value >> shift)) shift -= 4;
  for (; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
}

void is(const char *name, u32 got, u32 wanted) {
  if (got == wanted) {
    right++;
    print("  ");
    print(name);
    print("\n");
    return;
  }
  wrong++;
  print("WRONG ");
  print(name);
  print(": ");
  print_hex(got);
  print(INSTEAD_OF);
  print_hex(wanted);
  print("\n");
}
