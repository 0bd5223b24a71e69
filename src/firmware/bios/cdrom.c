/*
 * CD-ROM drives behind ATAPI or SCSI: reading blocks of 2048 bytes, and INT 13h for them from E0h on.
 *
 * Sources: SFF-8020i revision 2.6 (packet commands TEST UNIT READY, READ CAPACITY, READ(10), START STOP UNIT, PREVENT ALLOW
 * MEDIUM REMOVAL); Phoenix Enhanced Disk Drive Specification 3.0 (drives with removable media).
 *
 * Not modelled: audio, multiple sessions, writing.
 */
#include "services.h"

enum status { OK, BAD_COMMAND = 0x01, WRITE_PROTECTED = 0x03, NOT_FOUND = 0x04, NO_MEDIA = 0x31, NOT_LOCKED = 0xB0 };
#define READY_TRIES 5

static EXTENDED u8 units[CDROMS_MAX];
static EXTENDED u8 count_found;
static EXTENDED u8 locks[CDROMS_MAX];

static const ROM ROM_DATA char text_cd[] = "CD ";
static const ROM ROM_DATA char text_colon[] = ": ";

void cdrom_add(u8 unit, const char *model) {
    if (count_found == CDROMS_MAX) return;
    print(text_cd);
    print_decimal(count_found);
    print(text_colon);
    print_text(model);
    print_character('\n');
    units[count_found++] = unit;
}

static u8 packet_command(u8 drive, const u8 *packet, u16 segment, u16 offset, u32 bytes, u32 *received) {
    u8 unit = units[drive];
    return (unit & CDROM_SCSI ? scsi_packet : atapi_command)(unit, packet, segment, offset, bytes, received);
}

u8 cdrom_count(void) { return count_found; }

/* Whether a disc is in and can be read; the first answers after a change are only told once. */
u8 cdrom_media(u8 drive) {
    u8 packet[12] = {0}, status = NO_MEDIA;
    u32 received;
    for (u8 tries = 0; tries < READY_TRIES && status; tries++) status = packet_command(drive, packet, 0, 0, 0, &received);
    return status ? NO_MEDIA : OK;
}

static u32 blocks_of(u8 drive) {
    u8 packet[12] = {0x25}, answer[8];
    u32 received;
    if (packet_command(drive, packet, data_segment_now(), (u16)(u32)answer, 8, &received) || received < 8) return 0;
    return ((u32)answer[0] << 24 | (u32)answer[1] << 16 | answer[2] << 8 | answer[3]) + 1;
}

u8 cdrom_read(u8 drive, u32 block, u16 count, u16 segment, u16 offset, u16 *done) {
    segment += offset >> 4;
    offset &= 15;
    *done = 0;
    for (; count > 0; count--, block++, (*done)++, segment += 128) {
        u8 packet[12] = {0x28, 0, block >> 24, block >> 16, block >> 8, block, 0, 0, 1};
        u32 received;
        u8 status = packet_command(drive, packet, segment, offset, 2048, &received);
        if (status) return cdrom_media(drive) == OK ? status : NO_MEDIA;
        if (received < 2048) return NOT_FOUND;
    }
    return OK;
}

static u8 packet_service(struct registers *r, u8 drive) {
    u16 from = SI(r), done, count = far_read16(r->ds, from + 2);
    if (far_read8(r->ds, from) < 16) return BAD_COMMAND;
    if (r->ah == 0x43) return WRITE_PROTECTED;
    if (far_read32(r->ds, from + 12)) return NOT_FOUND;
    if (r->ah != 0x42) return cdrom_media(drive);
    u8 status = cdrom_read(drive, far_read32(r->ds, from + 8), count, far_read16(r->ds, from + 6), far_read16(r->ds, from + 4), &done);
    far_write16(r->ds, from + 2, done);
    return status;
}

static u8 parameters(struct registers *r, u8 drive) {
    u16 to = SI(r), room = far_read16(r->ds, to);
    if (room < 26) return BAD_COMMAND;
    u32 blocks = blocks_of(drive);
    far_write16(r->ds, to, room < 30 ? 26 : 30);
    far_write16(r->ds, to + 2, 0x0074); /* Removable, changes told, can be locked; no geometry. */
    far_write32(r->ds, to + 4, 0xFFFFFFFF);
    far_write32(r->ds, to + 8, 0xFFFFFFFF);
    far_write32(r->ds, to + 12, 0xFFFFFFFF);
    far_write32(r->ds, to + 16, blocks ? blocks : 0xFFFFFFFF);
    far_write32(r->ds, to + 20, blocks ? 0 : 0xFFFFFFFF);
    far_write16(r->ds, to + 24, 2048);
    if (room >= 30) far_write32(r->ds, to + 26, 0xFFFFFFFF);
    return OK;
}

/* AH=45h: locks are counted; AL=0 locks, 1 unlocks, 2 tells. */
static u8 lock_service(struct registers *r, u8 drive) {
    u8 kind = r->al, before = locks[drive];
    if (kind > 2) return BAD_COMMAND;
    if (kind == 0) {
        if (before == 0xFF) return 0xB4;
        locks[drive]++;
    } else if (kind == 1) {
        if (before == 0) return NOT_LOCKED;
        locks[drive]--;
    }
    if (!before != !locks[drive]) {
        u8 packet[12] = {0x1E, 0, 0, 0, locks[drive] ? 1 : 0};
        u32 received;
        packet_command(drive, packet, 0, 0, 0, &received);
    }
    r->al = locks[drive] != 0;
    return OK;
}

static u8 eject_service(u8 drive) {
    u8 packet[12] = {0x1B, 0, 0, 0, 2};
    u32 received;
    if (locks[drive]) return 0xB1;
    return packet_command(drive, packet, 0, 0, 0, &received) ? 0xB5 : OK;
}

static u8 dispatch(struct registers *r, u8 drive) {
    switch (r->ah) {
    case 0x00:
    case 0x09:
    case 0x0D:
    case 0x11:
    case 0x14:
        return OK;
    case 0x01:
        return BDA->disk_status;
    case 0x10:
        return cdrom_media(drive);
    case 0x03:
    case 0x05:
        return WRITE_PROTECTED;
    case 0x41:
        if (r->bx != 0x55AA) return BAD_COMMAND;
        r->bx = 0xAA55;
        r->cx = 0x0007;
        return OK;
    case 0x42:
    case 0x43:
    case 0x44:
    case 0x47:
        return packet_service(r, drive);
    case 0x45:
        return lock_service(r, drive);
    case 0x46:
        return eject_service(drive);
    case 0x48:
        return parameters(r, drive);
    case 0x49:
        return OK;
    default:
        return BAD_COMMAND;
    }
}

void cdrom_service(struct registers *r, u8 drive) {
    u8 function = r->ah, status = dispatch(r, drive);
    if (function != 0x01) BDA->disk_status = status;
    r->ah = function == 0x41 && status == OK ? 0x30 : status;
    set_flag(r, CARRY, status != OK);
}
