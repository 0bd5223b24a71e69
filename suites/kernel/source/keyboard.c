/* The keyboard behind the 8042. The interrupt stores the scan code and posts the keyboard event; the event turns scan
   codes into characters, repeats a held key and wakes the reader. It also runs at every tick, for the repetition.
   Source: IBM PC/AT Technical Reference, "Keyboard Controller" and "Keyboard Scan-Code Set 1". */
#include "kernel.h"

enum { REQUEST = 1, DATA = 0x60, STATUS = 0x64, COMMAND = 0x64 };
enum { OUTPUT_FULL = 0x01, INPUT_FULL = 0x02 };
enum { READ_COMMAND_BYTE = 0x20, WRITE_COMMAND_BYTE = 0x60, DISABLE_KEYBOARD = 0xad, ENABLE_KEYBOARD = 0xae };
enum { KEYBOARD_INTERRUPT = 0x01, KEYBOARD_DISABLED = 0x10, TRANSLATE_TO_SET_1 = 0x40 };
enum { RELEASED = 0x80, EXTENDED = 0xe0, LEFT_SHIFT = 0x2a, RIGHT_SHIFT = 0x36, CAPS_LOCK = 0x3a };
enum { RING_BYTES = 64, WAIT_READS = 20000 };
/* A held key repeats after half a second, 20 times a second. */
enum { REPEAT_DELAY_TICKS = 50, REPEAT_PERIOD_TICKS = 5 };

/* By scan code, 0 to 57. */
static const char plain[] = "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

static volatile uint8_t codes[RING_BYTES];
static volatile uint32_t codes_in, codes_out;
static char characters[RING_BYTES];
static uint32_t characters_in, characters_out;
static bool shift, caps, extended;
static uint8_t held_code;
static char held_character;
static uint32_t repeat_at;

static void keyboard_action(struct event *event);
static struct event keyboard_event = {.name = "keyboard", .action = keyboard_action};

static void put_character(char character) {
  if (characters_in - characters_out < RING_BYTES) characters[characters_in++ % RING_BYTES] = character;
  thread_wake(&threads[SHELL]);
}

static char translate(uint8_t code) {
  if (code >= sizeof plain - 1) return 0;
  char character = shift ? shifted[code] : plain[code];
  if (!caps) return character;
  if (character >= 'a' && character <= 'z') return (char)(character - 32);
  if (character >= 'A' && character <= 'Z') return (char)(character + 32);
  return character;
}

static void key_pressed(uint8_t code) {
  if (code == LEFT_SHIFT || code == RIGHT_SHIFT) {
    shift = true;
  } else if (code == held_code) {
    return; /* The keyboard repeats on its own; this driver keeps its own time. */
  } else if (code == CAPS_LOCK) {
    caps = !caps;
    held_code = code;
    held_character = 0;
  } else {
    held_code = code;
    held_character = translate(code);
    repeat_at = timer_ticks() + REPEAT_DELAY_TICKS;
    if (held_character) put_character(held_character);
  }
}

static void key_released(uint8_t code) {
  if (code == LEFT_SHIFT || code == RIGHT_SHIFT) shift = false;
  if (code == held_code) held_code = 0;
}

static void key_changed(uint8_t code) {
  if (code == EXTENDED) {
    extended = true;
    return;
  }
  /* Of the keys with a prefix only Enter and the slash of the number pad mean anything here. */
  uint8_t key = code & (uint8_t)~RELEASED;
  bool ignored = extended && key != 0x1c && key != 0x35;
  extended = false;
  if (ignored) return;
  if (code & RELEASED) key_released(key);
  else key_pressed(key);
}

static void keyboard_action(struct event *event) {
  (void)event;
  while (codes_out != codes_in) key_changed(codes[codes_out++ % RING_BYTES]);
  if (held_code && held_character && timer_ticks() >= repeat_at) {
    repeat_at += REPEAT_PERIOD_TICKS;
    put_character(held_character);
  }
}

static void keyboard_interrupt(struct frame *frame) {
  (void)frame;
  if (!(in8(STATUS) & OUTPUT_FULL)) return;
  uint8_t code = in8(DATA);
  if (codes_in - codes_out < RING_BYTES) codes[codes_in++ % RING_BYTES] = code;
  event_post(&keyboard_event, timer_ticks());
}

void keyboard_tick(void) {
  event_post(&keyboard_event, timer_ticks() + 1);
}

char keyboard_read(void) {
  interrupts_off();
  while (characters_out == characters_in) thread_wait();
  char character = characters[characters_out++ % RING_BYTES];
  interrupts_on();
  return character;
}

static void send(uint16_t port, uint8_t value) {
  for (uint32_t i = 0; i < WAIT_READS && (in8(STATUS) & INPUT_FULL); i++) {}
  out8(port, value);
}

static uint8_t receive(void) {
  for (uint32_t i = 0; i < WAIT_READS && !(in8(STATUS) & OUTPUT_FULL); i++) {}
  return in8(DATA);
}

void keyboard_start(void) {
  send(COMMAND, DISABLE_KEYBOARD);
  for (uint32_t i = 0; i < 16 && (in8(STATUS) & OUTPUT_FULL); i++) (void)in8(DATA);
  send(COMMAND, READ_COMMAND_BYTE);
  uint8_t command = receive();
  command = (uint8_t)((command | KEYBOARD_INTERRUPT | TRANSLATE_TO_SET_1) & ~KEYBOARD_DISABLED);
  send(COMMAND, WRITE_COMMAND_BYTE);
  send(DATA, command);
  send(COMMAND, ENABLE_KEYBOARD);
  interrupts_handle(REQUEST, keyboard_interrupt);
}
