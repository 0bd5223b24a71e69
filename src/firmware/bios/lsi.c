/*
 * SCSI commands by a 53C895A: each is a SCRIPTS program of its own, which follows the target through the phases, lets it disconnect
 * and waits for it to come back.
 *
 * Sources: LSI53C895A PCI to Ultra2 SCSI Controller Technical Manual 2.2, chapters 4 (registers) and 5 (SCRIPTS); SCSI-2
 * (X3.131-1994): messages.
 *
 * Not modelled: logical units above 0, synchronous and wide transfers.
 */
#include "services.h"

#define SCRIPT_SEGMENT (QUEUE_LINEAR >> 4)
#define COMMAND_AT 0x100
#define MESSAGE_OUT_AT 0x120
#define MESSAGE_IN_AT 0x121
#define STATUS_AT 0x122
#define GOOD_END 1
#define BAD_END 2

enum register_offset { SCNTL0 = 0x00, SCNTL1 = 0x01, SCNTL3 = 0x03, SCID = 0x04, SXFER = 0x05, DSTAT = 0x0C, ISTAT = 0x14,
                       DSP = 0x2C, DSPS = 0x30, DMODE = 0x38, DIEN = 0x39, SIEN0 = 0x40, SIEN1 = 0x41, SIST0 = 0x42, SIST1 = 0x43,
                       STIME0 = 0x48 };

/* A program as pairs of dwords. LABEL(n) is the address of pair n. */
#define LABEL(pair) (QUEUE_LINEAR + (pair) * 8)
#define AT(offset) (QUEUE_LINEAR + (offset))
#define JUMP 0x80080000, LABEL
#define JUMP_WHEN_STATUS 0x830B0000, LABEL
#define JUMP_WHEN_MESSAGE 0x870B0000, LABEL
#define JUMP_IF_DISCONNECT 0x800C0004, LABEL
#define MOVE_COMMAND 0x0A000000
#define MOVE_STATUS 0x0B000001, AT(STATUS_AT)
#define MOVE_MESSAGE_OUT 0x0E000001, AT(MESSAGE_OUT_AT)
#define MOVE_MESSAGE_IN 0x0F000001, AT(MESSAGE_IN_AT)
#define CLEAR_ACKNOWLEDGE 0x60000040, 0
#define WAIT_DISCONNECT 0x48000000, 0
#define WAIT_RESELECT 0x50000000, LABEL
#define INTERRUPT 0x98080000

static const ROM ROM_DATA u32 program[] = {
    /* 0 */ 0x41000000, LABEL(17), /* Select with attention; the target goes into bits 16 to 19. */
    /* 1 */ MOVE_MESSAGE_OUT,
    /* 2 */ MOVE_COMMAND, AT(COMMAND_AT),
    /* 3 */ JUMP_WHEN_MESSAGE(11),
    /* 4 */ JUMP_WHEN_STATUS(7),
    /* 5 */ 0, 0, /* The data. */
    /* 6 */ JUMP(3),
    /* 7 */ MOVE_STATUS,
    /* 8 */ MOVE_MESSAGE_IN,
    /* 9 */ CLEAR_ACKNOWLEDGE,
    /* 10 */ JUMP(18),
    /* 11 */ MOVE_MESSAGE_IN,
    /* 12 */ CLEAR_ACKNOWLEDGE,
    /* 13 */ JUMP_IF_DISCONNECT(15),
    /* 14 */ JUMP(3),
    /* 15 */ WAIT_DISCONNECT,
    /* 16 */ WAIT_RESELECT(17),
    /* 17 */ JUMP(20),
    /* 18 */ WAIT_DISCONNECT,
    /* 19 */ INTERRUPT, GOOD_END,
    /* 20 */ MOVE_MESSAGE_IN, /* Who came back. */
    /* 21 */ CLEAR_ACKNOWLEDGE,
    /* 22 */ JUMP(3),
};

void lsi_reset(u16 ports) {
    out8(ports + ISTAT, 0x40);
    out8(ports + ISTAT, 0x00);
    out8(ports + SCNTL0, 0xC0); /* Full arbitration. */
    out8(ports + SCNTL3, 0x33);
    out8(ports + SCID, 0x47); /* It is number 7 and answers when reselected. */
    out8(ports + SXFER, 0);
    out8(ports + STIME0, 0x0C);
    out8(ports + DMODE, 0);
    out8(ports + DIEN, 0);
    out8(ports + SIEN0, 0);
    out8(ports + SIEN1, 0);
}

/* Runs a command of ten bytes; `direction` is the phase of its data. Zero, or an INT 13h status. */
u8 lsi_command(u16 ports, u8 target, const u8 *bytes, u8 direction, u32 buffer, u32 length) {
    for (u8 index = 0; index < LENGTH(program); index++) queue_write32(index * 4, program[index]);
    queue_write32(0, program[0] | (u32)target << 16);
    queue_write32(2 * 8, MOVE_COMMAND | (bytes[0] < 0x20 ? 6 : 10));
    queue_write32(5 * 8, 0x08000000 | (u32)direction << 24 | length);
    queue_write32(5 * 8 + 4, buffer);
    for (u8 index = 0; index < 10; index++) far_write8(SCRIPT_SEGMENT, COMMAND_AT + index, bytes[index]);
    far_write8(SCRIPT_SEGMENT, MESSAGE_OUT_AT, 0x80); /* Identify: unit 0. */
    far_write8(SCRIPT_SEGMENT, STATUS_AT, 0xFF);
    in8(ports + DSTAT);
    in8(ports + SIST0);
    in8(ports + SIST1);
    out32(ports + DSP, QUEUE_LINEAR);
    u8 cause = 0;
    for (u32 toggles = 0; toggles < DRIVER_TOGGLES && !cause; toggles++) {
        window();
        delay_refresh(1);
        cause = in8(ports + ISTAT) & 0x03;
    }
    bool ended = cause == 1 && in8(ports + DSTAT) & 0x04 && in32(ports + DSPS) == GOOD_END;
    u8 status = far_read8(SCRIPT_SEGMENT, STATUS_AT);
    if (!ended) {
        lsi_reset(ports);
        return 0x80;
    }
    return status == 0 ? 0 : 0x20;
}
