/* The test device's ports and memory, and the firmware configuration by both of its interfaces. */
#include "testing.h"

void ask_test_device(void) {
  out32(0xe0, 0x12345678);
  is("Test device: a doubleword comes back", in32(0xe0), 0x12345678);
  out8(0xe1, 0xab);
  out16(0xe2, 0xcdef);
  is("Test device: bytes and words are parts of it", in32(0xe0), 0xcdefab78);
  is("Test device: a word of it", in16(0xe2), 0xcdef);
  u32 written[3] = {1, 2, 0x89abcdef}, read[2] = {0, 0};
  u32 *from = written, *to = read, count = 3;
  asm volatile("rep outsl" : "+S"(from), "+c"(count) : "d"(0xe0) : "memory");
  count = 2;
  asm volatile("rep insl" : "+D"(to), "+c"(count) : "d"(0xe0) : "memory");
  is("Test device: the last of a string stays", read[0], 0x89abcdef);
  is("Test device: and is read again", read[1], 0x89abcdef);
  out32(0xe4, 0x100000);
  is("Test device: a page is forgotten, the program goes on", in32(0xe0), 0x89abcdef);
  DEVICE(0xff000000) = 0xfeedface;
  *(volatile u8 *)0xff000002 = 0x11;
  is("Test device: memory on the bus", DEVICE(0xff000000), 0xfe11face);
  *(volatile u16 *)0xff00fffe = 0x55aa;
  is("Test device: its last word", *(volatile u16 *)0xff00fffe, 0x55aa);
  u32 old = 0xfe11face;
  asm volatile("lock cmpxchgl %2, %1" : "+a"(old), "+m"(DEVICE(0xff000000)) : "r"(7) : "memory");
  is("Test device: exchanged", DEVICE(0xff000000), 7);
}

static void selected(u16 key) { out16(0x510, key); }
static u32 number(u16 key, int bytes) {
  u32 value = 0;
  selected(key);
  for (int index = 0; index < bytes; index++) value |= (u32)in8(0x511) << (8 * index);
  return value;
}
static u32 swapped(u32 value) { return __builtin_bswap32(value); }
static int equal(const char *left, const char *right) {
  while (*left && *left == *right) left++, right++;
  return *left == *right;
}

struct file {
  u32 size;
  u16 key, reserved;
  char name[56];
};
static volatile struct {
  u32 control, length, high, low;
} command;

static u32 copy(u16 key, void *to, u32 length) {
  command.control = swapped((u32)key << 16 | 0x0a);
  command.length = swapped(length);
  command.high = 0;
  command.low = swapped((u32)to);
  out32(0x514, 0);
  out32(0x518, swapped((u32)&command));
  return command.control;
}

void ask_configuration(void) {
  is("Configuration: its signature", number(0, 4), 0x554d4551);
  is("Configuration: both interfaces", number(1, 4) & 3, 3);
  is("Configuration: one processor", number(5, 2), 1);
  is("Configuration: at most one", number(0x0f, 2), 1);
  is("Configuration: 64 MiB", number(3, 4), 64 << 20);
  is("Configuration: an item that is not there", number(0x3fff, 4), 0);
  is("Configuration: what its address reads as", in32(0x514), 0x554d4551);
  char signature[4];
  is("Configuration: a command is done", copy(0, signature, 4), 0);
  is("Configuration: it copied", *(u32 *)signature, 0x554d4551);
  struct file file = {0, 0, 0, ""};
  selected(0x19);
  u32 files = 0, found = 0;
  for (int index = 0; index < 4; index++) files = files << 8 | in8(0x511);
  for (u32 each = 0; each < files && !found; each++) {
    for (u32 at = 0; at < sizeof file; at++) ((u8 *)&file)[at] = in8(0x511);
    found = equal(file.name, "opt/testing/word");
  }
  is("Configuration: the user's file is in the directory", found, 1);
  is("Configuration: its size", swapped(file.size), 5);
  char word[8] = "       ";
  copy((u16)(file.key << 8 | file.key >> 8), word, sizeof word);
  is("Configuration: its text, and zeros behind it", equal(word, "hello") && word[7] == 0, 1);
}
