/*
 * Virtio block devices by the legacy interface: one request at a time in one ring, and the device reset after each, so
 * that a system finds it as it was after power-on.
 *
 * Source: Virtual I/O Device (VIRTIO) 1.0, sections 2.4 (virtqueues), 4.1.4.8 and 5.2 (legacy interfaces).
 *
 * Not modelled: devices whose ring has more than 256 entries; flushing the cache; read-only devices tell it by an error.
 */
#include "services.h"

#define QUEUE_SEGMENT (QUEUE_LINEAR >> 4)
#define HEADER 0x3000 /* Behind the ring: request header, then status. */
#define STATUS_BYTE 0x3010
#define DEVICE_STATUS 0x12
#define QUEUE_MAX 256
#define DESCRIPTOR_NEXT 1
#define DESCRIPTOR_WRITE 2
#define NOTHING_YET 0xFF

static const ROM ROM_DATA char text_name[] = "virtio";

static void describe(u8 index, u32 address, u32 bytes, u16 flags) {
    u16 at = index * 16;
    far_write32(QUEUE_SEGMENT, at, address);
    far_write32(QUEUE_SEGMENT, at + 4, 0);
    far_write32(QUEUE_SEGMENT, at + 8, bytes);
    far_write16(QUEUE_SEGMENT, at + 12, flags);
    far_write16(QUEUE_SEGMENT, at + 14, index + 1);
}

/* Resets the device and gives it the ring; the number of its entries, or zero when it cannot be used. */
static u16 start_device(u16 ports) {
    out8(ports + DEVICE_STATUS, 0);
    out8(ports + DEVICE_STATUS, 1);
    out8(ports + DEVICE_STATUS, 3);
    out32(ports + 4, 0);
    out16(ports + 14, 0);
    u16 entries = in16(ports + 12);
    if (entries < 4 || entries > QUEUE_MAX) return 0;
    far_fill16(QUEUE_SEGMENT, 0, 0, 0x1800);
    out32(ports + 8, QUEUE_LINEAR >> 12);
    out8(ports + DEVICE_STATUS, 7);
    return entries;
}

static u8 request(u16 ports, bool write, u64 sector, u32 buffer, u32 bytes) {
    u16 entries = start_device(ports);
    if (!entries) return 0x20;
    far_write32(QUEUE_SEGMENT, HEADER, write);
    far_write32(QUEUE_SEGMENT, HEADER + 4, 0);
    far_write32(QUEUE_SEGMENT, HEADER + 8, sector);
    far_write32(QUEUE_SEGMENT, HEADER + 12, sector >> 32);
    far_write8(QUEUE_SEGMENT, STATUS_BYTE, NOTHING_YET);
    describe(0, QUEUE_LINEAR + HEADER, 16, DESCRIPTOR_NEXT);
    describe(1, buffer, bytes, DESCRIPTOR_NEXT | (write ? 0 : DESCRIPTOR_WRITE));
    describe(2, QUEUE_LINEAR + STATUS_BYTE, 1, DESCRIPTOR_WRITE);
    u16 available = entries * 16, used = (available + 6 + entries * 2 + 0xFFF) & 0xF000;
    far_write16(QUEUE_SEGMENT, available, 1); /* No interrupt is wanted. */
    far_write16(QUEUE_SEGMENT, available + 4, 0);
    far_write16(QUEUE_SEGMENT, available + 2, 1);
    out16(ports + 16, 0);
    for (u32 toggles = 0; toggles < DRIVER_TOGGLES && far_read16(QUEUE_SEGMENT, used + 2) != 1; toggles++) {
        window();
        delay_refresh(1);
    }
    in8(ports + 19);
    u8 status = far_read8(QUEUE_SEGMENT, STATUS_BYTE);
    out8(ports + DEVICE_STATUS, 0);
    return status == 0 ? 0 : status == NOTHING_YET ? 0x80 : write ? 0x03 : 0x04;
}

u8 virtio_transfer(const struct disk *disk, enum transfer kind, u64 sector, u16 count, u16 segment, u16 offset, u16 *done) {
    u16 ports = platform.storage[disk->controller].ports;
    if (kind == TRANSFER_VERIFY) {
        *done = count;
        return 0;
    }
    while (*done < count) {
        struct bounce b = bounce_begin(segment, offset, count - *done, kind == TRANSFER_WRITE);
        u8 status = request(ports, kind == TRANSFER_WRITE, sector, b.linear, b.count * 512u);
        if (status) return status;
        bounce_end(&b, segment, offset, kind == TRANSFER_WRITE);
        segment += b.count * 32;
        sector += b.count;
        *done += b.count;
    }
    return 0;
}

void virtio_initialise(void) {
    for (u8 index = 0; index < platform.storage_count; index++) {
        u16 ports = platform.storage[index].ports;
        if (platform.storage[index].kind != STORAGE_VIRTIO || !ports) continue;
        struct disk *disk = disk_next();
        if (!disk) return;
        char name[sizeof text_name];
        for (u8 at = 0; at < sizeof text_name; at++) name[at] = text_name[at];
        out8(ports + DEVICE_STATUS, 0);
        disk->kind = DISK_VIRTIO;
        disk->controller = index;
        disk->sectors = in32(ports + 0x14);
        disk->sectors_high = in32(ports + 0x18);
        if (disk_sectors(disk)) disk_add(name);
    }
}
