/*
 * Keyboard: the controller at power-on, IRQ 1 with its translation of scan codes, the lights, and INT 16h.
 *
 * Sources: Intel 8042 as programmed in the PC/AT (Technical Reference, "Keyboard Controller"), IBM Enhanced Keyboard
 * (scan code set 1 after translation), IBM PS/2 and PC BIOS Interface Technical Reference (INT 09h, INT 16h).
 *
 * Not modelled: typematic rate (INT 16h AH=03h is accepted and sent to the keyboard, AL=05h only), key click, national
 * layouts, the beep of a full buffer, and hot keys of the 122-key keyboard.
 */
#include "services.h"
#include "keymap.h"

#define DATA 0x60
#define COMMAND 0x64
#define QUICK_TOGGLES 400 /* Six milliseconds. */
#define ONE_SECOND_TICKS 19
#define OUTPUT_FULL 0x01
#define INPUT_FULL 0x02
#define COMMAND_BYTE 0x64 /* Translate, pointer disabled, system flag; bit 0 adds the interrupt. */
#define ONE_SECOND_TOGGLES 66300u

enum shift_flag { RIGHT_SHIFT = 1, LEFT_SHIFT = 2, CONTROL = 4, ALTERNATE = 8, SCROLL = 16, NUMBER = 32, CAPITALS = 64, INSERT = 128 };
enum shift_flag_2 { LEFT_CONTROL = 1, LEFT_ALTERNATE = 2, SYSTEM_KEY = 4, PAUSED = 8 };
enum flag_3 { LAST_E1 = 1, LAST_E0 = 2, RIGHT_CONTROL = 4, RIGHT_ALTERNATE = 8, ENHANCED = 16 };
enum led_flag { LED_MASK = 7, LED_UPDATING = 64 };

u8 scan_code;
static u8 led_stage; /* 0 idle, 1 command sent, 2 lights sent. */

static bool wait_input_empty(void) {
    for (u32 toggles = 0; toggles < ONE_SECOND_TOGGLES; toggles++) {
        if (!(in8(COMMAND) & INPUT_FULL)) return true;
        delay_refresh(1);
    }
    return false;
}

bool keyboard_controller_write(u8 command) {
    if (!wait_input_empty()) return false;
    out8(COMMAND, command);
    return true;
}

bool keyboard_write_data(u8 value) {
    if (!wait_input_empty()) return false;
    out8(DATA, value);
    return true;
}

bool keyboard_command_byte(u8 value) { return keyboard_controller_write(0x60) && keyboard_write_data(value); }

/* Waits for that very byte from the controller or the keyboard, a second at most; others are dropped. */
static bool expect(u8 wanted) {
    for (u32 toggles = 0; toggles < QUICK_TOGGLES; toggles++) {
        if (!(in8(COMMAND) & OUTPUT_FULL)) delay_refresh(1);
        else if (in8(DATA) == wanted) return true;
    }
    /* Only the self test takes longer; it is waited for with the processor at rest. */
    struct deadline deadline = deadline_in(ONE_SECOND_TICKS);
    do {
        while (in8(COMMAND) & OUTPUT_FULL)
            if (in8(DATA) == wanted) return true;
    } while (deadline_idle(&deadline));
    return false;
}

void keyboard_initialise(void) {
    BDA->key_buffer_start = BDA->key_head = BDA->key_tail = 0x1E;
    BDA->key_buffer_end = 0x3E;
    BDA->keyboard_flags_3 = ENHANCED;
    keyboard_controller_write(0xAD);
    keyboard_controller_write(0xA7);
    for (u8 count = 0; count < 32 && in8(COMMAND) & OUTPUT_FULL; count++) in8(DATA);
    if (!keyboard_controller_write(0xAA) || !expect(0x55)) return;
    keyboard_command_byte(COMMAND_BYTE);
    bool present = keyboard_controller_write(0xAB) && expect(0x00);
    keyboard_controller_write(0xAE);
    if (present && keyboard_write_data(0xFF) && expect(0xFA) && expect(0xAA)) {
        keyboard_write_data(0xF4);
        expect(0xFA);
    }
    keyboard_command_byte(COMMAND_BYTE | 0x01);
}

/* The lights follow the lock keys; the two bytes are sent one acknowledgement apart, from the interrupt. */
static void lights_follow(void) {
    u8 wanted = BDA->shift_flags >> 4 & LED_MASK;
    if (BDA->keyboard_leds & LED_UPDATING || (BDA->keyboard_leds & LED_MASK) == wanted) return;
    if (in8(COMMAND) & (INPUT_FULL | OUTPUT_FULL)) return;
    BDA->keyboard_leds = wanted | LED_UPDATING;
    led_stage = 1;
    out8(DATA, 0xED);
}

static bool lights_answer(u8 code) {
    if (!(BDA->keyboard_leds & LED_UPDATING) || (code != 0xFA && code != 0xFE)) return false;
    if (code == 0xFA && led_stage == 1) {
        led_stage = 2;
        keyboard_write_data(BDA->keyboard_leds & LED_MASK);
    } else {
        led_stage = 0;
        BDA->keyboard_leds &= ~LED_UPDATING;
    }
    return true;
}

static bool buffer_put(u16 key) {
    u16 next = BDA->key_tail + 2;
    if (next >= BDA->key_buffer_end) next = BDA->key_buffer_start;
    if (next == BDA->key_head) return false;
    *(volatile LOW u16 *)(0x400 + (u32)BDA->key_tail) = key;
    BDA->key_tail = next;
    return true;
}

static void hold(u8 flag, bool down) {
    if (down) BDA->shift_flags |= flag;
    else BDA->shift_flags &= ~flag;
}

/* Lock keys change at the press only; their own bit of the second byte tells a repeat from a press. */
static void lock(u8 flag, bool down) {
    if (down && !(BDA->shift_flags_2 & flag)) BDA->shift_flags ^= flag;
    if (down) BDA->shift_flags_2 |= flag;
    else BDA->shift_flags_2 &= ~flag;
}

static void control_key(bool right, bool down) {
    if (right) BDA->keyboard_flags_3 = (BDA->keyboard_flags_3 & ~RIGHT_CONTROL) | (down ? RIGHT_CONTROL : 0);
    else BDA->shift_flags_2 = (BDA->shift_flags_2 & ~LEFT_CONTROL) | (down ? LEFT_CONTROL : 0);
    hold(CONTROL, BDA->shift_flags_2 & LEFT_CONTROL || BDA->keyboard_flags_3 & RIGHT_CONTROL);
}

static void alternate_key(bool right, bool down) {
    if (right) BDA->keyboard_flags_3 = (BDA->keyboard_flags_3 & ~RIGHT_ALTERNATE) | (down ? RIGHT_ALTERNATE : 0);
    else BDA->shift_flags_2 = (BDA->shift_flags_2 & ~LEFT_ALTERNATE) | (down ? LEFT_ALTERNATE : 0);
    bool held = BDA->shift_flags_2 & LEFT_ALTERNATE || BDA->keyboard_flags_3 & RIGHT_ALTERNATE;
    hold(ALTERNATE, held);
    if (held || BDA->alt_keypad == 0) return;
    buffer_put(BDA->alt_keypad);
    BDA->alt_keypad = 0;
}

/* Keys that change state rather than type; true when the code was one of them. */
static bool shift_key(u8 code, bool extended, bool down) {
    switch (code) {
    case 0x2A:
    case 0x36: /* With E0h these are the shifts that the keyboard pretends around grey keys. */
        if (!extended) hold(code == 0x2A ? LEFT_SHIFT : RIGHT_SHIFT, down);
        return true;
    case 0x1D:
        control_key(extended, down);
        return true;
    case 0x38:
        alternate_key(extended, down);
        return true;
    case 0x3A:
        lock(CAPITALS, down);
        return true;
    }
    return false;
}

static bool lock_key(struct registers *r, u8 code, bool extended, bool down) {
    bool control = BDA->shift_flags & CONTROL;
    if (code == 0x45 && !extended) {
        if (!control) lock(NUMBER, down);
        else if (down) {
            BDA->shift_flags_2 |= PAUSED;
            r->action = ADDRESS(action_pause);
        }
        return true;
    }
    if (code != 0x46) return false;
    if (!control && !extended) lock(SCROLL, down);
    else if (down) {
        BDA->key_head = BDA->key_tail = BDA->key_buffer_start;
        BDA->break_flag = 0x80;
        buffer_put(0);
        r->action = ADDRESS(action_break);
    }
    return true;
}

static bool system_key(struct registers *r, u8 code, bool extended, bool down) {
    if (code == 0x54) {
        if (down && BDA->shift_flags_2 & SYSTEM_KEY) return true;
        BDA->shift_flags_2 ^= SYSTEM_KEY;
        r->action = down ? ADDRESS(action_system_key_down) : ADDRESS(action_system_key_up);
        return true;
    }
    if (code != 0x37 || !extended) return false;
    if (!down) return true;
    if (BDA->shift_flags & CONTROL) buffer_put(0x7200);
    else r->action = ADDRESS(action_print_screen);
    return true;
}

/* The decimal number typed on the keypad while Alt is held; 0Ah marks keys that are no digits. */
static bool keypad_number(u8 code) {
    static const ROM ROM_DATA u8 digits[] = {7, 8, 9, 0x0A, 4, 5, 6, 0x0A, 1, 2, 3, 0};
    if (code < 0x47 || code > 0x52 || digits[code - 0x47] == 0x0A) return false;
    BDA->alt_keypad = BDA->alt_keypad * 10 + digits[code - 0x47];
    return true;
}

static u16 pick(const ROM struct key *key, bool shifted) {
    if (BDA->shift_flags & ALTERNATE) return key->alternate;
    if (BDA->shift_flags & CONTROL) return key->control;
    return shifted ? key->shifted : key->plain;
}

static u16 translate(u8 code, bool extended) {
    bool shifted = BDA->shift_flags & (LEFT_SHIFT | RIGHT_SHIFT);
    if (extended) {
        for (u8 index = 0; index < LENGTH(grey_keys); index++) {
            if (grey_keys[index].scan == code) return pick(&grey_keys[index].key, shifted);
        }
        return 0;
    }
    if (code >= LENGTH(keys)) return 0;
    const ROM struct key *key = &keys[code];
    u8 character = key->plain;
    if (BDA->shift_flags & CAPITALS && character >= 'a' && character <= 'z') shifted = !shifted;
    bool keypad = code >= 0x47 && code <= 0x53 && code != 0x4A && code != 0x4E;
    if (keypad && BDA->shift_flags & NUMBER) shifted = !shifted;
    return pick(key, shifted);
}

static void type_key(struct registers *r, u8 code, bool extended) {
    u8 shift = BDA->shift_flags;
    if (code == 0x53 && (shift & (CONTROL | ALTERNATE)) == (CONTROL | ALTERNATE)) {
        BDA->warm_boot = 0x1234;
        r->action = ADDRESS(action_reboot);
        return;
    }
    if (BDA->shift_flags_2 & PAUSED) { /* Any key ends a pause and is not typed. */
        BDA->shift_flags_2 &= ~PAUSED;
        return;
    }
    if (shift & ALTERNATE && !extended && keypad_number(code)) return;
    if (code == 0x52 && !(shift & (CONTROL | ALTERNATE))) lock(INSERT, true);
    u16 key = translate(code, extended);
    if (key) buffer_put(key);
}

static void take_code(struct registers *r, u8 scan) {
    u8 flags = BDA->keyboard_flags_3;
    if (scan == 0xE0 || scan == 0xE1) {
        BDA->keyboard_flags_3 = flags | (scan == 0xE0 ? LAST_E0 : LAST_E1);
        return;
    }
    u8 code = scan & 0x7F;
    bool down = !(scan & 0x80), extended = flags & LAST_E0;
    if (flags & LAST_E1) { /* Pause: E1 1D 45, then the same with bit 7. */
        if (code == 0x1D) return;
        BDA->keyboard_flags_3 = flags & ~LAST_E1;
        if (code != 0x45 || !down || BDA->shift_flags_2 & PAUSED) return;
        BDA->shift_flags_2 |= PAUSED;
        r->action = ADDRESS(action_pause);
        return;
    }
    BDA->keyboard_flags_3 = flags & ~LAST_E0;
    if (shift_key(code, extended, down) || lock_key(r, code, extended, down) || system_key(r, code, extended, down)) return;
    if (down) type_key(r, code, extended);
    else if (code == 0x52) lock(INSERT, false);
}

/* IRQ 1, after the intercept of INT 15h. 00h and FFh report a lost key. */
void int09(struct registers *r) {
    u8 scan = scan_code;
    if (!lights_answer(scan) && scan != 0x00 && scan != 0xFF) take_code(r, scan);
    end_of_interrupt(1);
    lights_follow();
}

/* The next key as the caller's function shows it; keys unknown to the old functions are dropped on the way. */
static bool next_key(bool enhanced, u16 *key) {
    while (BDA->key_head != BDA->key_tail) {
        u16 raw = *(volatile LOW u16 *)(0x400 + (u32)BDA->key_head);
        u8 scan = raw >> 8, character = raw;
        bool marked = character == 0xF0 && scan != 0;
        *key = raw;
        if (enhanced) {
            if (marked) *key = scan << 8;
            return true;
        }
        bool unknown = marked || (character == 0 && scan >= 0x85);
        if (scan == 0xE0) *key = (character == '/' ? 0x35 : 0x1C) << 8 | character;
        else if (character == 0xE0 && scan != 0) {
            *key = scan << 8;
            unknown = scan == 0x8D || scan == 0x91 || scan == 0x92 || scan == 0x93;
        }
        if (!unknown) return true;
        BDA->key_head = BDA->key_head + 2 >= BDA->key_buffer_end ? BDA->key_buffer_start : BDA->key_head + 2;
    }
    return false;
}

static u8 extended_shift_flags(void) {
    u8 second = BDA->shift_flags_2, third = BDA->keyboard_flags_3;
    return (second & 0x73) | (third & 0x0C) | (second & SYSTEM_KEY ? 0x80 : 0);
}

void int16(struct registers *r) {
    u16 key;
    bool enhanced = r->ah >= 0x10;
    lights_follow();
    switch (r->ah) {
    case 0x00:
    case 0x10:
        if (!next_key(enhanced, &key)) {
            r->action = ADDRESS(action_wait_key);
            break;
        }
        r->ax = key;
        BDA->key_head = BDA->key_head + 2 >= BDA->key_buffer_end ? BDA->key_buffer_start : BDA->key_head + 2;
        break;
    case 0x01:
    case 0x11:
        set_flag(r, ZERO, !next_key(enhanced, &key));
        if (!(r->flags & ZERO)) r->ax = key;
        break;
    case 0x02:
        r->al = BDA->shift_flags;
        break;
    case 0x03:
        if (r->al == 5 && keyboard_write_data(0xF3)) keyboard_write_data((r->bl & 0x1F) | (r->bh & 3) << 5);
        break;
    case 0x05:
        r->al = !buffer_put(r->cx);
        break;
    case 0x09:
        r->al = 0x20; /* AH=10h to 12h are there. */
        break;
    case 0x12:
        r->al = BDA->shift_flags;
        r->ah = extended_shift_flags();
        break;
    }
}
