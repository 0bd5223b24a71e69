/*
 * Disks and CD-ROM drives behind a 53C895A: each command is a SCRIPTS program of its own, which follows the target through the phases, lets
 * it disconnect and waits for it to come back.
 *
 * Sources: LSI53C895A PCI to Ultra2 SCSI Controller Technical Manual 2.2, chapters 4 (registers) and 5 (SCRIPTS); SCSI-2
 * (X3.131-1994): messages, INQUIRY, READ CAPACITY, READ(10), WRITE(10).
 *
 * Not modelled: logical units above 0, targets above 7, synchronous and wide transfers, tapes.
 */
#include "services.h"

#define SCRIPT_SEGMENT (QUEUE_LINEAR >> 4)
#define COMMAND_AT 0x100
#define MESSAGE_OUT_AT 0x120
#define MESSAGE_IN_AT 0x121
#define STATUS_AT 0x122
#define ANSWER_AT 0x140
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

static void reset_chip(u16 ports) {
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
static u8 command(u16 ports, u8 target, const u8 *bytes, u8 direction, u32 buffer, u32 length) {
    for (u8 index = 0; index < LENGTH(program); index++) far_write32(SCRIPT_SEGMENT, index * 4, program[index]);
    far_write32(SCRIPT_SEGMENT, 0, program[0] | (u32)target << 16);
    far_write32(SCRIPT_SEGMENT, 2 * 8, MOVE_COMMAND | (bytes[0] < 0x20 ? 6 : 10));
    far_write32(SCRIPT_SEGMENT, 5 * 8, 0x08000000 | (u32)direction << 24 | length);
    far_write32(SCRIPT_SEGMENT, 5 * 8 + 4, buffer);
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
        reset_chip(ports);
        return 0x80;
    }
    return status == 0 ? 0 : 0x20;
}

/* A disk that has just been reset answers once that it was. */
static bool is_ready(u16 ports, u8 target) {
    static const ROM ROM_DATA u8 tries_max = 5;
    u8 test[10] = {0x00}, sense[10] = {0x03, 0, 0, 0, 18};
    for (u8 tries = 0; tries < tries_max; tries++) {
        u8 status = command(ports, target, test, 1, AT(ANSWER_AT), 0);
        if (status == 0) return true;
        if (status == 0x80) return false;
        command(ports, target, sense, 1, AT(ANSWER_AT), 18);
    }
    return false;
}

static u32 answer32(u16 at) {
    u32 value = 0;
    for (u8 index = 0; index < 4; index++) value = value << 8 | far_read8(SCRIPT_SEGMENT, ANSWER_AT + at + index);
    return value;
}

static void add_target(u8 controller, u8 target) {
    u16 ports = platform.storage[controller].ports;
    u8 inquiry[10] = {0x12, 0, 0, 0, 36}, capacity[10] = {0x25};
    char model[17];
    if (command(ports, target, inquiry, 1, AT(ANSWER_AT), 36)) return;
    u8 last = 16;
    for (u8 index = 0; index < 16; index++) model[index] = far_read8(SCRIPT_SEGMENT, ANSWER_AT + 16 + index);
    while (last > 0 && model[last - 1] == ' ') last--;
    model[last] = 0;
    u8 kind = far_read8(SCRIPT_SEGMENT, ANSWER_AT);
    if (kind == 5) cdrom_add(CDROM_SCSI | controller << 3 | target, model);
    if (kind != 0) return; /* No disk. */
    if (!is_ready(ports, target) || command(ports, target, capacity, 1, AT(ANSWER_AT), 8)) return;
    struct disk *disk = disk_next();
    if (!disk || answer32(4) != 512) return;
    disk->kind = DISK_SCSI;
    disk->controller = controller;
    disk->unit = target;
    disk->sectors = answer32(0) + 1;
    disk_add(model);
}

u8 lsi_transfer(const struct disk *disk, enum transfer kind, u64 sector, u16 count, u16 segment, u16 offset, u16 *done) {
    u16 ports = platform.storage[disk->controller].ports;
    bool write = kind == TRANSFER_WRITE;
    if (kind == TRANSFER_VERIFY) {
        *done = count;
        return 0;
    }
    while (*done < count) {
        struct bounce b = bounce_begin(segment, offset, count - *done, write);
        u32 first = sector;
        u8 bytes[10] = {write ? 0x2A : 0x28, 0, first >> 24, first >> 16, first >> 8, first, 0, 0, b.count, 0};
        u8 status = command(ports, disk->unit, bytes, !write, b.linear, b.count * 512u);
        /* A target that was reset since says so once, instead of obeying. */
        if (status && is_ready(ports, disk->unit)) status = command(ports, disk->unit, bytes, !write, b.linear, b.count * 512u);
        if (status) return status;
        bounce_end(&b, segment, offset, write);
        segment += b.count * 32;
        sector += b.count;
        *done += b.count;
    }
    return 0;
}

u8 lsi_packet(u8 unit, const u8 *packet, u16 segment, u16 offset, u32 bytes, u32 *received) {
    struct bounce b = bounce_begin(segment, offset, 4, false);
    u8 status = command(platform.storage[unit >> 3 & 7].ports, unit & 7, packet, 1, b.linear, bytes);
    *received = bytes;
    if (b.copied) far_copy(segment + (offset >> 4), offset & 15, b.linear >> 4, 0, bytes);
    return status;
}

void lsi_initialise(void) {
    for (u8 index = 0; index < platform.storage_count; index++) {
        if (platform.storage[index].kind != STORAGE_LSI || !platform.storage[index].ports) continue;
        reset_chip(platform.storage[index].ports);
        for (u8 target = 0; target < 7; target++) add_target(index, target);
    }
}
