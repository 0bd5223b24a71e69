/*
 * The pointing device: INT 15h AH=C2h, and IRQ 12 with the program's handler.
 *
 * Sources: IBM PS/2 and PC BIOS Interface Technical Reference (INT 15h AH=C2h, INT 74h); IBM PS/2 Hardware Interface Technical
 * Reference, keyboard and auxiliary device controller.
 */
#include "services.h"

#define DATA 0x60
#define STATUS 0x64
#define OUTPUT_FULL 0x01
#define FROM_POINTER 0x20
#define ANSWER_TOGGLES 3000 /* 45 milliseconds. */
#define TEST_TOGGLES 66300u
#define COMMAND_BYTE 0x45 /* Translate, system flag, keyboard interrupt. */
#define POINTER_OFF 0x20
#define POINTER_INTERRUPT 0x02

enum status { OK, BAD_FUNCTION, BAD_INPUT, INTERFACE_ERROR, RESEND, NO_HANDLER };

static u16 handler_offset, handler_segment;
static u8 packet_bytes, packet_count, packet[8];

void call_pointer(u32 target, const u16 *words);

/* The next byte from the pointing device; bytes of the keyboard meanwhile are left to its interrupt. */
static bool take(u8 *byte, u32 toggles) {
    for (; toggles > 0; toggles--) {
        u8 status = in8(STATUS);
        if ((status & (OUTPUT_FULL | FROM_POINTER)) == (OUTPUT_FULL | FROM_POINTER)) {
            *byte = in8(DATA);
            return true;
        }
        if (status & OUTPUT_FULL) window();
        delay_refresh(1);
    }
    return false;
}

/* Sends a byte to the device, which acknowledges it. */
static u8 send(u8 byte) {
    u8 answer;
    if (!keyboard_controller_write(0xD4) || !keyboard_write_data(byte)) return INTERFACE_ERROR;
    if (!take(&answer, ANSWER_TOGGLES)) return INTERFACE_ERROR;
    return answer == 0xFA ? OK : answer == 0xFE ? RESEND : INTERFACE_ERROR;
}

static u8 send_pair(u8 command, u8 value) {
    u8 status = send(command);
    return status == OK ? send(value) : status;
}

/* Ends its interrupts while it is spoken to; gives back whether they were on. */
static void listen(bool interrupts) { keyboard_command_byte(COMMAND_BYTE | (interrupts ? POINTER_INTERRUPT : 0)); }

static u8 reset(u8 *result, u8 *identification) {
    u8 status = send(0xFF);
    if (status != OK) return status;
    if (!take(result, TEST_TOGGLES) || !take(identification, ANSWER_TOGGLES)) return INTERFACE_ERROR;
    return OK;
}

void mouse_initialise(void) {
    u8 result, identification;
    listen(false);
    bool present = reset(&result, &identification) == OK && result == 0xAA;
    if (present) BDA->equipment |= 0x04;
    keyboard_command_byte(COMMAND_BYTE | POINTER_OFF);
}

static u8 set_rate(u8 code) {
    static const ROM ROM_DATA u8 rates[] = {10, 20, 40, 60, 80, 100, 200};
    return code < LENGTH(rates) ? send_pair(0xF3, rates[code]) : BAD_INPUT;
}

static u8 tell_status(struct registers *r) {
    u8 status = send(0xE9);
    if (status != OK) return status;
    if (!take(&r->bl, ANSWER_TOGGLES) || !take(&r->cl, ANSWER_TOGGLES) || !take(&r->dl, ANSWER_TOGGLES)) return INTERFACE_ERROR;
    return OK;
}

static u8 tell_type(struct registers *r) {
    u8 status = send(0xF2);
    if (status != OK) return status;
    return take(&r->bh, ANSWER_TOGGLES) ? OK : INTERFACE_ERROR;
}

static u8 initialise(struct registers *r) {
    u8 result, identification;
    if (r->bh < 1 || r->bh > 8) return BAD_INPUT;
    packet_bytes = r->bh;
    packet_count = 0;
    u8 status = reset(&result, &identification);
    if (status != OK) return status;
    r->bx = identification << 8 | result;
    return OK;
}

static u8 dispatch(struct registers *r) {
    u8 result, identification, status;
    switch (r->al) {
    case 0x00:
        if (r->bh > 1) return BAD_INPUT;
        if (r->bh && !(handler_offset | handler_segment)) return NO_HANDLER;
        packet_count = 0;
        return send(r->bh ? 0xF4 : 0xF5);
    case 0x01:
        status = reset(&result, &identification);
        if (status == OK) r->bx = identification << 8 | result;
        packet_count = 0;
        return status;
    case 0x02:
        return set_rate(r->bh);
    case 0x03:
        return r->bh < 4 ? send_pair(0xE8, r->bh) : BAD_INPUT;
    case 0x04:
        return tell_type(r);
    case 0x05:
        return initialise(r);
    case 0x06:
        if (r->bh == 0) return tell_status(r);
        return r->bh < 3 ? send(0xE5 + r->bh) : BAD_INPUT;
    default:
        return BAD_FUNCTION;
    }
}

void mouse_service(struct registers *r) {
    u8 status;
    if (!(BDA->equipment & 0x04)) status = INTERFACE_ERROR;
    else if (r->al == 0x07) {
        handler_segment = r->es;
        handler_offset = r->bx;
        status = OK;
    } else {
        bool on = handler_offset | handler_segment;
        listen(false);
        status = dispatch(r);
        if (status == OK && r->al == 0x00) on = r->bh;
        irq_enable(12);
        listen(on);
    }
    r->ah = status;
    set_flag(r, CARRY, status != OK);
}

/* IRQ 12. The handler gets status, X, Y and Z as words, in this order of pushing. */
void int74(struct registers *r) {
    (void)r;
    if ((in8(STATUS) & (OUTPUT_FULL | FROM_POINTER)) == (OUTPUT_FULL | FROM_POINTER)) {
        u8 byte = in8(DATA);
        u8 wanted = packet_bytes ? packet_bytes : 3;
        if (packet_count < sizeof packet) packet[packet_count++] = byte;
        if (packet_count >= wanted) {
            u16 words[4] = {packet[0], packet[1], packet[2], wanted > 3 ? packet[3] : 0};
            packet_count = 0;
            if (handler_offset | handler_segment) call_pointer(FAR_ADDRESS(handler_segment, handler_offset), words);
        }
    }
    end_of_interrupt(12);
}
