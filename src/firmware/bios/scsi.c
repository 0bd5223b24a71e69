/*
 * Disks and CD-ROM drives behind a SCSI adapter, a 53C895A or a virtio one: the commands, whoever carries them.
 *
 * Source: SCSI-2 (X3.131-1994): INQUIRY, READ CAPACITY, READ(10), WRITE(10), TEST UNIT READY, REQUEST SENSE.
 *
 * Not modelled: logical units above 0, targets above 6, tapes.
 */
#include "services.h"

#define ANSWER_SEGMENT (SCSI_ANSWER_LINEAR >> 4)
#define READY_TRIES 5

/* Does a command of ten bytes; `direction` is 1 for data to memory. Zero, or an INT 13h status: 80h where nobody answers. */
static u8 command(u8 controller, u8 target, const u8 *bytes, u8 direction, u32 buffer, u32 length) {
    const volatile struct storage_controller *to = &platform.storage[controller];
    return (to->kind == STORAGE_LSI ? lsi_command : virtio_scsi_command)(to->ports, target, bytes, direction, buffer, length);
}

/* A disk that has just been reset answers once that it was. */
static bool is_ready(u8 controller, u8 target) {
    u8 bytes[10] = {0}, status = 1;
    for (u8 tries = 0; tries < READY_TRIES && status && status != 0x80; tries++) {
        bytes[0] = bytes[4] = 0;
        status = command(controller, target, bytes, 1, SCSI_ANSWER_LINEAR, 0);
        bytes[0] = 0x03;
        bytes[4] = 18;
        if (status) command(controller, target, bytes, 1, SCSI_ANSWER_LINEAR, 18);
    }
    return !status;
}

static u32 answer32(u16 at) {
    u32 value = 0;
    for (u8 index = 0; index < 4; index++) value = value << 8 | far_read8(ANSWER_SEGMENT, at + index);
    return value;
}

static void add_target(u8 controller, u8 target) {
    u8 bytes[10] = {0x12, 0, 0, 0, 36};
    char model[17];
    if (command(controller, target, bytes, 1, SCSI_ANSWER_LINEAR, 36)) return;
    u8 last = 16;
    for (u8 index = 0; index < 16; index++) model[index] = far_read8(ANSWER_SEGMENT, 16 + index);
    while (last > 0 && model[last - 1] == ' ') last--;
    model[last] = 0;
    u8 kind = far_read8(ANSWER_SEGMENT, 0);
    if (kind == 5) cdrom_add(CDROM_SCSI | controller << 3 | target, model);
    if (kind != 0) return; /* No disk. */
    bytes[0] = 0x25;
    bytes[4] = 0;
    if (!is_ready(controller, target) || command(controller, target, bytes, 1, SCSI_ANSWER_LINEAR, 8)) return;
    struct disk *disk = disk_next();
    if (!disk || answer32(4) != 512) return;
    disk->kind = DISK_SCSI;
    disk->controller = controller;
    disk->unit = target;
    disk->sectors = answer32(0) + 1;
    disk_add(model);
}

static u8 scsi_request(const struct disk *disk, bool write, u32 first, u32 buffer, u8 count) {
    u8 bytes[10] = {write ? 0x2A : 0x28, 0, first >> 24, first >> 16, first >> 8, first, 0, 0, count, 0}, status;
    /* A target that was reset since says so once, instead of obeying. */
    for (u8 tries = 0; tries < 2; tries++) {
        status = command(disk->controller, disk->unit, bytes, !write, buffer, count * 512u);
        if (!status || !is_ready(disk->controller, disk->unit)) break;
    }
    return status;
}

/* Virtio and SCSI disks, whose data a bus master moves. */
u8 mastered_transfer(const struct disk *disk, enum transfer kind, u64 sector, u16 count, u16 segment, u16 offset, u16 *done) {
    bool write = kind == TRANSFER_WRITE;
    if (kind == TRANSFER_VERIFY) *done = count;
    while (*done < count) {
        struct bounce b = bounce_begin(segment, offset, count - *done, write);
        u8 status = disk->kind == DISK_SCSI ? scsi_request(disk, write, sector, b.linear, b.count)
                                            : virtio_request(platform.storage[disk->controller].ports, write, sector, b.linear, b.count);
        if (status) return status;
        bounce_end(&b, segment, offset, write);
        segment += b.count * 32;
        sector += b.count;
        *done += b.count;
    }
    return 0;
}

u8 scsi_packet(u8 unit, const u8 *packet, u16 segment, u16 offset, u32 bytes, u32 *received) {
    struct bounce b = bounce_begin(segment, offset, 4, false);
    u8 status = command(unit >> 3 & 7, unit & 7, packet, 1, b.linear, bytes);
    *received = bytes;
    if (b.copied) far_copy(segment + (offset >> 4), offset & 15, b.linear >> 4, 0, bytes);
    return status;
}

void scsi_initialise(void) {
    for (u8 index = 0; index < platform.storage_count; index++) {
        volatile struct storage_controller *controller = &platform.storage[index];
        if ((controller->kind != STORAGE_LSI && controller->kind != STORAGE_VIRTIO_SCSI) || !controller->ports) continue;
        if (controller->kind == STORAGE_LSI) lsi_reset(controller->ports);
        for (u8 target = 0; target < 7; target++) add_target(index, target);
    }
}
