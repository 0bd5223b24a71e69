/*
 * Diskettes: the 82077 with DMA channel 2, recognition of the medium, and INT 13h for drives 00h and 01h.
 *
 * Sources: Intel 82077AA data sheet (DOR, MSR, DIR, CCR, commands, status registers 0 to 3); Intel 8237A; IBM PC/AT Technical
 * Reference (diskette parameters of INT 1Eh, media state at 40:90, INT 13h).
 *
 * Not modelled: head settle time (byte 9 of the parameters), single density, more than two drives.
 */
#include "services.h"

#define DIGITAL_OUTPUT 0x3F2
#define MAIN_STATUS 0x3F4
#define FIFO 0x3F5
#define RATE_AND_CHANGE 0x3F7
#define ENABLED 0x0C /* Not in reset, interrupt and DMA passed on. */
#define DISK_CHANGED 0x80
#define TYPE_360K 1
#define TYPE_1200K 2
#define TYPE_720K 3
#define TYPE_1440K 4
#define TYPE_2880K 5
#define DEFAULT_PARAMETERS 0xEFC7
#define ESTABLISHED 0x10
#define DOUBLE_STEP 0x20
#define SECOND_TICKS 19
#define MOTOR_KEEP_TICKS 0x25

enum status { OK, BAD_COMMAND, NO_MARK, PROTECTED, NOT_FOUND, CHANGED = 6, OVERRUN = 8, BOUNDARY, BAD_CRC = 16, CONTROLLER = 32, SEEK_FAILED = 64, TIMED_OUT = 128 };
/* Bytes of the diskette parameters. */
enum parameter { STEP_RATE, LOAD_TIME, MOTOR_OFF, SIZE_CODE, LAST_SECTOR, GAP, DATA_LENGTH, FORMAT_GAP, FILL, SETTLE, SPIN_UP };

struct geometry {
    u8 last_track, last_sector;
    u8 parameters[11];
};

/* By drive type of CMOS; the first is the 360 KiB medium in whatever drive. */
static const ROM ROM_DATA struct geometry geometries[] = {
    {39, 9, {0xDF, 0x02, 0x25, 2, 9, 0x2A, 0xFF, 0x50, 0xF6, 0x0F, 8}},
    {39, 9, {0xDF, 0x02, 0x25, 2, 9, 0x2A, 0xFF, 0x50, 0xF6, 0x0F, 8}},
    {79, 15, {0xDF, 0x02, 0x25, 2, 15, 0x1B, 0xFF, 0x54, 0xF6, 0x0F, 8}},
    {79, 9, {0xDF, 0x02, 0x25, 2, 9, 0x2A, 0xFF, 0x50, 0xF6, 0x0F, 8}},
    {79, 18, {0xDF, 0x02, 0x25, 2, 18, 0x1B, 0xFF, 0x6C, 0xF6, 0x0F, 8}},
    {79, 36, {0xAF, 0x02, 0x25, 2, 36, 0x1B, 0xFF, 0x53, 0xF6, 0x0F, 8}},
};

/* Data rates as the two bits of CCR, in the order to be tried; FFh ends a list. */
static const ROM ROM_DATA u8 rates[6][4] = {{0xFF}, {2, 0xFF}, {0, 1, 0xFF}, {2, 0xFF}, {0, 2, 0xFF}, {3, 0, 2, 0xFF}};

u8 floppy_drive_type(u8 drive) {
    u8 types = cmos_read(0x10), type = drive == 0 ? types >> 4 : drive == 1 ? types & 0x0F : 0;
    return type <= TYPE_2880K ? type : 0;
}

/* Which geometry a drive shows: that of its medium once known, else that of the drive. */
static u8 geometry_of(u8 drive) {
    u8 type = floppy_drive_type(drive), media = BDA->floppy_media[drive], rate = media >> 6;
    if (!(media & ESTABLISHED)) return type;
    if (type == TYPE_1200K && rate == 1) return TYPE_360K;
    if (type >= TYPE_1440K && rate == 2) return TYPE_720K;
    return type == TYPE_2880K && rate == 0 ? TYPE_1440K : type;
}

/* Programs hang their own parameters on INT 1Eh; while nobody has, those of the medium hold. */
static u8 parameter(u8 drive, enum parameter index) {
    u32 pointer = VECTOR(0x1E);
    if (pointer == FAR_ADDRESS(ROM_SEGMENT, DEFAULT_PARAMETERS)) return geometries[geometry_of(drive)].parameters[index];
    return far_read8(pointer >> 16, pointer + index);
}

static bool wait_ready(u8 direction) {
    for (u32 toggles = 0; toggles < 66300; toggles++) {
        if ((in8(MAIN_STATUS) & 0xC0) == (0x80 | direction)) return true;
        delay_refresh(1);
    }
    return false;
}

static bool send(u8 byte) {
    if (!wait_ready(0)) return false;
    out8(FIFO, byte);
    return true;
}

/* Takes up to seven result bytes, until the controller has no more. */
static u8 take_results(void) {
    u8 count = 0;
    while (count < 7 && wait_ready(0x40)) {
        BDA->floppy_results[count++] = in8(FIFO);
        delay_refresh(1);
        if (!(in8(MAIN_STATUS) & 0x10)) break;
    }
    return count;
}

static bool wait_interrupt(void) {
    struct deadline deadline = deadline_in(2 * SECOND_TICKS);
    while (!(BDA->floppy_calibrated & 0x80)) {
        if (!deadline_idle(&deadline)) return false;
    }
    BDA->floppy_calibrated &= 0x7F;
    return true;
}

static void forget_interrupt(void) {
    irq_enable(6);
    BDA->floppy_calibrated &= 0x7F;
}

static bool sense_interrupt(void) { return send(0x08) && take_results() == 2; }

static bool specify(u8 drive) { return send(0x03) && send(parameter(drive, STEP_RATE)) && send(parameter(drive, LOAD_TIME)); }

static u8 output_value(u8 drive) { return ENABLED | drive | (BDA->floppy_motors & 3) << 4; }

static u8 reset_controller(void) {
    u8 drive = BDA->floppy_motors >> 4 & 1;
    forget_interrupt();
    out8(DIGITAL_OUTPUT, output_value(drive) & ~0x04);
    delay_refresh(2);
    out8(DIGITAL_OUTPUT, output_value(drive));
    BDA->floppy_calibrated = 0;
    if (!wait_interrupt()) return TIMED_OUT;
    for (u8 unit = 0; unit < 4; unit++) {
        if (!sense_interrupt()) return CONTROLLER;
    }
    return specify(drive) ? OK : CONTROLLER;
}

void floppy_initialise(void) {
    u8 count = 0;
    for (u8 drive = 0; drive < 2; drive++) {
        u8 type = floppy_drive_type(drive);
        if (type) count++;
        /* Capabilities: 80 tracks, several rates, both known. */
        u8 known = type == 0 ? 0 : type == TYPE_360K || type == TYPE_720K ? 0x04 | (type == TYPE_720K) : 0x07;
        BDA->floppy_capabilities |= known << drive * 4;
    }
    BDA->equipment = (BDA->equipment & ~0xC1) | (count ? 1 | (count - 1) << 6 : 0);
    BDA->floppy_status = count ? reset_controller() : OK;
}

/* The motor stays on until the tick has counted its time down; a motor just started must first come to speed. */
static void start_motor(u8 drive) {
    u8 bit = 1 << drive;
    bool running = BDA->floppy_motors & bit;
    BDA->floppy_motor_ticks = 0xFF;
    BDA->floppy_motors = (BDA->floppy_motors & 0x0F) | bit | drive << 4;
    out8(DIGITAL_OUTPUT, output_value(drive));
    if (running) return;
    struct deadline deadline = deadline_in(parameter(drive, SPIN_UP) * 5 / 2);
    while (parameter(drive, SPIN_UP) && deadline_idle(&deadline)) {
    }
}

static void release_motor(u8 drive) {
    u8 ticks = parameter(drive & 1, MOTOR_OFF);
    BDA->floppy_motor_ticks = ticks ? ticks : MOTOR_KEEP_TICKS;
}

static u8 finish_seek(u8 drive) {
    if (!wait_interrupt()) return TIMED_OUT;
    if (!sense_interrupt()) return CONTROLLER;
    return (BDA->floppy_results[0] & 0xE0) == 0x20 && (BDA->floppy_results[0] & 3) == drive ? OK : SEEK_FAILED;
}

/* A recalibration steps 79 times at most, so a head far out needs two. */
static u8 recalibrate(u8 drive) {
    u8 status = SEEK_FAILED;
    for (u8 attempt = 0; attempt < 2 && status == SEEK_FAILED; attempt++) {
        forget_interrupt();
        if (!send(0x07) || !send(drive)) return CONTROLLER;
        status = finish_seek(drive);
    }
    if (status != OK) return status;
    BDA->floppy_calibrated |= 1 << drive;
    BDA->floppy_track[drive] = 0;
    return OK;
}

static u8 seek(u8 drive, u8 head, u8 track) {
    if (!(BDA->floppy_calibrated & 1 << drive)) {
        u8 status = recalibrate(drive);
        if (status != OK) return status;
    }
    if (BDA->floppy_media[drive] & DOUBLE_STEP) track *= 2;
    if (BDA->floppy_track[drive] == track) return OK;
    forget_interrupt();
    if (!send(0x0F) || !send(head << 2 | drive) || !send(track)) return CONTROLLER;
    u8 status = finish_seek(drive);
    if (status != OK) {
        BDA->floppy_calibrated &= ~(1 << drive);
        return status;
    }
    BDA->floppy_track[drive] = track;
    return OK;
}

/* Whether the drive tells of a new disk. Only a step clears the line, and only with a disk inside. */
static u8 check_change(u8 drive) {
    if (floppy_drive_type(drive) == TYPE_360K || !(in8(RATE_AND_CHANGE) & DISK_CHANGED)) return OK;
    BDA->floppy_media[drive] = 0;
    u8 status = recalibrate(drive);
    if (status == OK) status = seek(drive, 0, 1);
    if (status == OK) status = seek(drive, 0, 0);
    if (status != OK) return status;
    return in8(RATE_AND_CHANGE) & DISK_CHANGED ? TIMED_OUT : CHANGED;
}

static u8 decode_results(void) {
    u8 first = BDA->floppy_results[0], second = BDA->floppy_results[1];
    if ((first & 0xC0) == 0) return OK;
    if ((first & 0xC0) != 0x40) return CONTROLLER;
    if (second & 0x80 || second & 0x04) return NOT_FOUND;
    if (second & 0x20) return BAD_CRC;
    if (second & 0x10) return OVERRUN;
    if (second & 0x02) return PROTECTED;
    if (second & 0x01) return NO_MARK;
    return CONTROLLER;
}

static u8 finish_command(void) {
    if (!wait_interrupt()) return TIMED_OUT;
    return take_results() == 7 ? decode_results() : CONTROLLER;
}

static void set_rate(u8 rate) {
    out8(RATE_AND_CHANGE, rate);
    BDA->floppy_last_rate = (BDA->floppy_last_rate & 0x3F) | rate << 6;
}

/* Finds the rate at which an address mark can be read where the head is. */
static u8 establish(u8 drive) {
    u8 type = floppy_drive_type(drive), status = NO_MARK;
    if (BDA->floppy_media[drive] & ESTABLISHED) {
        set_rate(BDA->floppy_media[drive] >> 6);
        return OK;
    }
    for (u8 index = 0; rates[type][index] != 0xFF; index++) {
        u8 rate = rates[type][index];
        set_rate(rate);
        forget_interrupt();
        if (!send(0x4A) || !send(drive)) return CONTROLLER;
        status = finish_command();
        if (status == TIMED_OUT) return TIMED_OUT;
        if (status != OK) continue;
        u8 state = type == TYPE_360K ? 3 : type == TYPE_1200K && rate == 1 ? 4 : type == TYPE_1200K ? 5 : 7;
        BDA->floppy_media[drive] = rate << 6 | (state == 4 ? DOUBLE_STEP : 0) | ESTABLISHED | state;
        return OK;
    }
    return status;
}

/* Channel 2 for a transfer within one 64 KiB page: mode 46h writes memory, 4Ah reads it, 42h only counts. */
static u8 set_dma(u8 mode, u16 segment, u16 offset, u32 bytes) {
    u32 address = ((u32)segment << 4) + offset;
    if ((address & 0xFFFF) + bytes > 0x10000 && mode != 0x42) return BOUNDARY;
    if (bytes == 0 || bytes > 0x10000) return BOUNDARY;
    out8(0x0A, 0x06);
    out8(0x0C, 0);
    out8(0x0B, mode);
    out8(0x04, address);
    out8(0x04, address >> 8);
    out8(0x81, address >> 16);
    out8(0x05, bytes - 1);
    out8(0x05, (bytes - 1) >> 8);
    out8(0x0A, 0x02);
    return OK;
}

struct request {
    u8 command, mode, drive, head, track, sector, count;
    u16 segment, offset;
};

static u8 send_command(const struct request *q) {
    bool sent = send(q->command) && send(q->head << 2 | q->drive);
    if (q->command == 0x4D) {
        sent = sent && send(parameter(q->drive, SIZE_CODE)) && send(parameter(q->drive, LAST_SECTOR)) && send(parameter(q->drive, FORMAT_GAP));
        return sent && send(parameter(q->drive, FILL)) ? OK : CONTROLLER;
    }
    sent = sent && send(q->track) && send(q->head) && send(q->sector) && send(parameter(q->drive, SIZE_CODE));
    sent = sent && send(parameter(q->drive, LAST_SECTOR)) && send(parameter(q->drive, GAP)) && send(parameter(q->drive, DATA_LENGTH));
    return sent ? OK : CONTROLLER;
}

static u8 attempt(const struct request *q) {
    u32 bytes = q->command == 0x4D ? parameter(q->drive, LAST_SECTOR) * 4 : (u32)q->count * (128 << parameter(q->drive, SIZE_CODE));
    u8 status = OK;
    if (q->command != 0x4D) status = seek(q->drive, 0, BDA->floppy_media[q->drive] & ESTABLISHED ? q->track : 0);
    if (status == OK && !(q->command == 0x4D && BDA->floppy_media[q->drive] & ESTABLISHED)) status = establish(q->drive);
    if (status == OK) set_rate(BDA->floppy_media[q->drive] >> 6);
    if (status == OK) status = seek(q->drive, q->head, q->track);
    if (status == OK) status = set_dma(q->mode, q->segment, q->offset, bytes);
    if (status != OK) return status;
    forget_interrupt();
    status = send_command(q);
    return status == OK ? finish_command() : status;
}

/* Reads, writes, verifies or formats. A first failure may only mean that the medium is another than was thought. */
static u8 transfer(const struct request *q) {
    start_motor(q->drive);
    u8 status = check_change(q->drive);
    if (status != OK) return status;
    if (q->mode == 0x4A) BDA->floppy_motors |= 0x80;
    specify(q->drive);
    status = attempt(q);
    if (status == OK || status == PROTECTED || status == BOUNDARY) return status;
    reset_controller();
    if (q->command == 0x4D) return status;
    BDA->floppy_media[q->drive] = 0;
    return attempt(q);
}

static u8 transfer_service(struct registers *r) {
    static const ROM ROM_DATA u8 commands[] = {0xE6, 0xC5, 0xE6, 0x4D}, modes[] = {0x46, 0x4A, 0x42, 0x4A};
    u8 which = r->ah - 2;
    struct request q = {commands[which], modes[which], r->dl, r->dh & 1, r->ch, r->cl, r->al, r->es, r->bx};
    if (q.command != 0x4D && (q.count == 0 || r->dh > 1)) return BAD_COMMAND;
    if (q.mode == 0x42) q.segment = q.offset = 0;
    u8 status = transfer(&q);
    if (status != OK) r->al = 0;
    return status;
}

static u8 parameters_service(struct registers *r) {
    u8 drive = r->dl, count = (floppy_drive_type(0) != 0) + (floppy_drive_type(1) != 0);
    r->ax = r->bx = r->cx = 0;
    r->dx = count;
    r->es = 0;
    r->edi &= 0xFFFF0000;
    if (drive >= 2 || !floppy_drive_type(drive)) return OK;
    const ROM struct geometry *g = &geometries[geometry_of(drive)];
    r->bl = floppy_drive_type(drive);
    r->ch = g->last_track;
    r->cl = g->last_sector;
    r->dh = 1;
    r->es = ROM_SEGMENT;
    r->edi |= ADDRESS(&g->parameters);
    return OK;
}

static u8 media_state(u8 type, u8 rate) {
    return rate << 6 | ESTABLISHED | (type == TYPE_360K ? 3 : type == TYPE_1200K ? (rate == 1 ? 4 | DOUBLE_STEP : 5) : 7);
}

/* AH=17h names a medium by number, AH=18h by its last track and sector, both before formatting. */
static u8 set_media(struct registers *r) {
    static const ROM ROM_DATA u8 media_rates[] = {0, 2, 1, 0, 2};
    u8 drive = r->dl, type = floppy_drive_type(drive);
    start_motor(drive);
    u8 status = check_change(drive);
    if (status != OK && status != CHANGED) return status;
    if (r->ah == 0x17) {
        if (r->al == 0 || r->al > 4) return BAD_COMMAND;
        BDA->floppy_media[drive] = media_state(type, media_rates[r->al]);
        return OK;
    }
    for (u8 index = TYPE_360K; index < LENGTH(geometries); index++) {
        const ROM struct geometry *g = &geometries[index];
        bool fits = index == type || (index == TYPE_360K && type == TYPE_1200K) || (index < type && index >= TYPE_720K);
        if (!fits || g->last_track != r->ch || g->last_sector != (r->cl & 0x3F)) continue;
        u8 rate = index == TYPE_1200K || index == TYPE_1440K ? 0 : index == TYPE_2880K ? 3 : 2;
        BDA->floppy_media[drive] = media_state(type, index == TYPE_360K && type == TYPE_1200K ? 1 : rate);
        r->es = ROM_SEGMENT;
        r->edi = (r->edi & 0xFFFF0000) | ADDRESS(&g->parameters);
        return OK;
    }
    return 0x0C;
}

static u8 change_service(u8 drive) {
    start_motor(drive);
    return floppy_drive_type(drive) == TYPE_360K || in8(RATE_AND_CHANGE) & DISK_CHANGED ? CHANGED : OK;
}

static u8 dispatch(struct registers *r) {
    u8 function = r->ah;
    if (function == 0x08) return parameters_service(r);
    if (function == 0x01) return BDA->floppy_status;
    if (function == 0x00) {
        BDA->floppy_calibrated = 0;
        return reset_controller();
    }
    if (r->dl > 1) return BAD_COMMAND;
    if (!floppy_drive_type(r->dl)) return TIMED_OUT;
    if (function >= 0x02 && function <= 0x05) return transfer_service(r);
    if (function == 0x16) return change_service(r->dl);
    if (function == 0x17 || function == 0x18) return set_media(r);
    return BAD_COMMAND;
}

/* INT 13h for DL below 80h. */
void floppy_service(struct registers *r) {
    if (r->ah == 0x15) {
        u8 type = r->dl < 2 ? floppy_drive_type(r->dl) : 0;
        r->ah = type == 0 ? 0 : type == TYPE_360K ? 1 : 2;
        set_flag(r, CARRY, false);
        return;
    }
    if (r->ah >= 0x02 && r->ah != 0x08 && BDA->floppy_motor_ticks == 0) BDA->floppy_motor_ticks = 0xFF;
    u8 status = dispatch(r);
    release_motor(r->dl);
    BDA->floppy_status = status;
    r->ah = status;
    set_flag(r, CARRY, status != OK);
}
