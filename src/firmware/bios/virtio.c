/*
 * Virtio block and SCSI devices by the legacy interface: one request at a time in one ring, and the device reset after each, so
 * that a system finds it as it was after power-on.
 *
 * Source: Virtual I/O Device (VIRTIO) 1.0, sections 2.4 (virtqueues), 4.1.4.8, 5.2 and 5.6 (legacy interfaces).
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

void queue_write32(u16 offset, u32 value) { far_write32(QUEUE_SEGMENT, offset, value); }

/* The upper half of an address is zero, as the whole ring was. */
static void describe(u8 index, u32 address, u32 bytes, u16 flags) {
    u16 at = index * 16;
    queue_write32(at, address);
    queue_write32(at + 8, bytes);
    queue_write32(at + 12, (index + 1) * 0x10000u + flags);
}

/* Resets the device and gives the ring to one of its queues; the number of its entries, or zero when it cannot be used. */
static u16 start_device(u16 ports, u16 queue) {
    out8(ports + DEVICE_STATUS, 0);
    out8(ports + DEVICE_STATUS, 1);
    out8(ports + DEVICE_STATUS, 3);
    out32(ports + 4, 0);
    out16(ports + 14, queue);
    u16 entries = in16(ports + 12);
    if (entries < 4 || entries > QUEUE_MAX) return 0;
    far_fill16(QUEUE_SEGMENT, 0, 0, 0x1800);
    out32(ports + 8, QUEUE_LINEAR >> 12);
    out8(ports + DEVICE_STATUS, 7);
    return entries;
}

/* Offers the chain that begins with descriptor 0, as the `turn`th since the device was started, and waits for its end. */
static void run_chain(u16 ports, u16 queue, u16 entries, u16 turn) {
    u16 available = entries * 16, used = (available + 6 + entries * 2 + 0xFFF) & 0xF000;
    far_write16(QUEUE_SEGMENT, available, 1); /* No interrupt is wanted. */
    far_write16(QUEUE_SEGMENT, available + 2 + turn * 2, 0);
    far_write16(QUEUE_SEGMENT, available + 2, turn);
    out16(ports + 16, queue);
    for (u32 toggles = 0; toggles < DRIVER_TOGGLES && far_read16(QUEUE_SEGMENT, used + 2) != turn; toggles++) {
        window();
        delay_refresh(1);
    }
    in8(ports + 19);
}

u8 virtio_request(u16 ports, bool write, u64 sector, u32 buffer, u8 count) {
    u16 entries = start_device(ports, 0);
    if (!entries) return 0x20;
    queue_write32(HEADER, write);
    queue_write32(HEADER + 4, 0);
    queue_write32(HEADER + 8, sector);
    queue_write32(HEADER + 12, sector >> 32);
    far_write8(QUEUE_SEGMENT, STATUS_BYTE, NOTHING_YET);
    describe(0, QUEUE_LINEAR + HEADER, 16, DESCRIPTOR_NEXT);
    describe(1, buffer, count * 512u, DESCRIPTOR_NEXT | (write ? 0 : DESCRIPTOR_WRITE));
    describe(2, QUEUE_LINEAR + STATUS_BYTE, 1, DESCRIPTOR_WRITE);
    run_chain(ports, 0, entries, 1);
    u8 status = far_read8(QUEUE_SEGMENT, STATUS_BYTE);
    out8(ports + DEVICE_STATUS, 0);
    return status == 0 ? 0 : status == NOTHING_YET ? 0x80 : write ? 0x03 : 0x04;
}

#define SCSI_QUEUE 2
#define SCSI_REQUEST_BYTES 51 /* 19, and a command of 32. */
#define SCSI_RESPONSE 0x3080
#define SCSI_RESPONSE_BYTES 108 /* 12, and sense data of 96. */

/*
 * Every target says after the device's reset that it was reset: to a TEST UNIT READY that comes first, so that the command is done.
 * `direction` is 1 for data to memory.
 */
u8 virtio_scsi_command(u16 ports, u8 target, const u8 *bytes, u8 direction, u32 buffer, u32 length) {
    u8 out = !direction && length;
    u16 entries = start_device(ports, SCSI_QUEUE);
    if (!entries) return 0x20;
    far_fill16(QUEUE_SEGMENT, HEADER, 0, (SCSI_REQUEST_BYTES + 1) / 2);
    queue_write32(HEADER, 0x400001u | target << 8); /* Unit 0. */
    describe(0, QUEUE_LINEAR + HEADER, SCSI_REQUEST_BYTES, DESCRIPTOR_NEXT);
    describe(2 - out, buffer, length, out ? DESCRIPTOR_NEXT : DESCRIPTOR_WRITE);
    describe(1 + out, QUEUE_LINEAR + SCSI_RESPONSE, SCSI_RESPONSE_BYTES, DESCRIPTOR_WRITE | (length && !out));
    run_chain(ports, SCSI_QUEUE, entries, 1);
    queue_write32(SCSI_RESPONSE + 8, 0xFFFFFFFF);
    far_copy(QUEUE_SEGMENT, HEADER + 19, data_segment_now(), (u16)(u32)bytes, 10);
    run_chain(ports, SCSI_QUEUE, entries, 2);
    u16 status = far_read16(QUEUE_SEGMENT, SCSI_RESPONSE + 10); /* The response is its upper half. */
    out8(ports + DEVICE_STATUS, 0);
    return status >> 8 ? 0x80 : status ? 0x20 : 0;
}

void virtio_initialise(void) {
    for (u8 index = 0; index < platform.storage_count; index++) {
        u16 ports = platform.storage[index].ports;
        if (platform.storage[index].kind != STORAGE_VIRTIO || !ports) continue;
        struct disk *disk = disk_next();
        if (!disk) return;
        char name[] = "virtio";
        out8(ports + DEVICE_STATUS, 0);
        disk->kind = DISK_VIRTIO;
        disk->controller = index;
        disk->sectors = in32(ports + 0x14);
        disk->sectors_high = in32(ports + 0x18);
        if (disk_sectors(disk)) disk_add(name);
    }
}
