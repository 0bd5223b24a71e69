/*
 * The two disks of the first ATA channel: detection, IDENTIFY DEVICE, and transfers through the data register.
 *
 * Source: AT Attachment with Packet Interface, ATA/ATAPI-4 (T13/1153D): registers, PIO data transfers, sections 8.12 and 9.
 *
 * Not modelled: packet devices, 48-bit addresses, multiple mode, DMA, the second channel.
 */
#include "services.h"

#define DATA 0x1F0
#define ERROR 0x1F1
#define COUNT 0x1F2
#define SECTOR 0x1F3
#define CYLINDER_LOW 0x1F4
#define CYLINDER_HIGH 0x1F5
#define DRIVE_HEAD 0x1F6
#define STATUS 0x1F7
#define CONTROL 0x3F6
#define BUSY 0x80
#define READY 0x40
#define FAULT 0x20
#define REQUEST 0x08
#define FAILED 0x01
#define RESET_TICKS 570 /* 31 seconds, as long as a drive may take. */
#define COMMAND_TICKS 182

struct disk disks[2];

static void short_pause(void) {
    for (u8 count = 0; count < 4; count++) in8(CONTROL); /* 400 ns before the status is valid. */
}

/* Until the drive is not busy, seen in the alternate status, which leaves the interrupt alone. */
static bool wait_idle(u16 ticks) {
    struct deadline deadline = deadline_in(ticks);
    while (in8(CONTROL) & BUSY) {
        if (!deadline_idle(&deadline)) return false;
    }
    return true;
}

static u8 decode_error(u8 status) {
    BDA->disk_status_register = status;
    if (status & FAULT) return 0x20;
    if (!(status & FAILED)) return 0;
    u8 error = in8(ERROR);
    BDA->disk_error_register = error;
    if (error & 0x80) return 0x0A;
    if (error & 0x40) return 0x10;
    if (error & 0x10) return 0x04;
    if (error & 0x04) return 0x01;
    if (error & 0x02) return 0x40;
    return error & 0x01 ? 0x02 : 0x20;
}

static bool select_drive(u8 drive, u8 bits) {
    if (!wait_idle(COMMAND_TICKS)) return false;
    out8(DRIVE_HEAD, 0xA0 | drive << 4 | bits);
    short_pause();
    return wait_idle(COMMAND_TICKS);
}

static void start_command(u8 command) {
    irq_enable(14);
    BDA->disk_interrupt = 0;
    out8(CONTROL, 0x08);
    out8(STATUS, command);
    short_pause();
}

/* A command without data. */
u8 ata_simple_command(u8 drive, u8 command, u8 count, u8 head) {
    if (!select_drive(drive, head)) return 0x80;
    out8(COUNT, count);
    start_command(command);
    if (!wait_idle(COMMAND_TICKS)) return 0x80;
    return decode_error(in8(STATUS));
}

u8 ata_drive_ready(u8 drive) {
    if (!select_drive(drive, 0)) return 0x80;
    return (in8(STATUS) & (READY | BUSY)) == READY ? 0 : 0xAA;
}

/* Both drives at once; a drive without LBA must be told its geometry again. */
u8 ata_reset(void) {
    out8(CONTROL, 0x0C);
    delay_refresh(1);
    out8(CONTROL, 0x08);
    delay_refresh(133); /* Two milliseconds before the drives may be looked at. */
    if (!wait_idle(RESET_TICKS)) return 0x05;
    for (u8 drive = 0; drive < BDA->disk_count; drive++) {
        if (disks[drive].lba) continue;
        ata_simple_command(drive, 0x91, disks[drive].drive_sectors_per_track, disks[drive].drive_heads - 1);
    }
    return 0;
}

static void read_words(u16 segment, u16 offset) {
    u32 edi = offset, ecx = 256;
    __asm__ volatile("movw %w2, %%es; rep insw; pushw %%ds; popw %%es"
                     : "+D"(edi), "+c"(ecx) : "r"(segment), "d"(DATA) : "memory");
}

static void write_words(u16 segment, u16 offset) {
    u32 esi = offset, ecx = 256;
    __asm__ volatile("pushw %%ds; movw %w2, %%ds; rep outsw; popw %%ds"
                     : "+S"(esi), "+c"(ecx) : "r"(segment), "d"(DATA) : "memory");
}

static bool address_sector(u8 drive, u32 sector, u8 count) {
    const struct disk *disk = &disks[drive];
    u8 bits = 0x40 | (sector >> 24 & 0x0F), low = sector;
    u16 cylinder = sector >> 8;
    if (!disk->lba) {
        u32 track = sector / disk->drive_sectors_per_track;
        low = sector % disk->drive_sectors_per_track + 1;
        cylinder = track / disk->drive_heads;
        bits = track % disk->drive_heads;
    }
    if (!select_drive(drive, bits)) return false;
    out8(COUNT, count);
    out8(SECTOR, low);
    out8(CYLINDER_LOW, cylinder);
    out8(CYLINDER_HIGH, cylinder >> 8);
    return true;
}

/* One command of at most 256 sectors. The segment moves on with each sector, so an offset never wraps. */
static u8 transfer_chunk(u8 drive, enum transfer kind, u32 sector, u16 count, u16 segment, u16 offset, u16 *done) {
    if (!address_sector(drive, sector, count)) return 0x80;
    start_command(kind);
    if (kind == TRANSFER_VERIFY) {
        if (!wait_idle(COMMAND_TICKS)) return 0x80;
        u8 verified = decode_error(in8(STATUS));
        *done += verified ? 0 : count;
        return verified;
    }
    for (; count > 0; count--) {
        if (!wait_idle(COMMAND_TICKS)) return 0x80;
        u8 status = in8(STATUS), code = decode_error(status);
        if (code) return code;
        if (!(status & REQUEST)) return 0xE0;
        if (kind == TRANSFER_READ) read_words(segment, offset);
        else write_words(segment, offset);
        segment += 32;
        (*done)++;
        short_pause();
    }
    if (!wait_idle(COMMAND_TICKS)) return 0x80;
    u8 code = decode_error(in8(STATUS));
    if (code && kind == TRANSFER_WRITE) (*done)--;
    return code;
}

u8 ata_transfer(u8 drive, enum transfer kind, u32 sector, u16 count, u16 segment, u16 offset, u16 *done) {
    segment += offset >> 4;
    offset &= 15;
    *done = 0;
    while (count > 0) {
        u16 chunk = count < 256 ? count : 256, before = *done;
        u8 status = transfer_chunk(drive, kind, sector, chunk, segment, offset, done);
        if (status) return status;
        sector += *done - before;
        segment += chunk * 32;
        count -= chunk;
    }
    return 0;
}

static bool drive_answers(u8 drive) {
    out8(DRIVE_HEAD, 0xA0 | drive << 4);
    short_pause();
    out8(COUNT, 0x55);
    out8(SECTOR, 0xAA);
    if (in8(COUNT) != 0x55 || in8(SECTOR) != 0xAA || in8(DRIVE_HEAD) != (0xA0 | drive << 4)) return false;
    return wait_idle(RESET_TICKS) && (in8(STATUS) & (READY | FAILED)) == READY;
}

/* The geometry for callers: the drive's own while DOS can hold it, else 63 sectors and the fewest heads that suffice. */
static void choose_geometry(struct disk *disk) {
    if (disk->drive_cylinders <= 1024 || !disk->lba) {
        disk->cylinders = disk->drive_cylinders;
        disk->heads = disk->drive_heads;
        disk->sectors_per_track = disk->drive_sectors_per_track;
        return;
    }
    u16 heads = 16;
    while (heads < 256 && disk->sectors / (heads * 63) > 1024) heads *= 2;
    disk->heads = heads < 256 ? heads : 255;
    disk->sectors_per_track = 63;
    u32 cylinders = disk->sectors / (disk->heads * 63u);
    disk->cylinders = cylinders < 1024 ? cylinders : 1024;
}

static void take_word(struct disk *disk, u8 index, u16 word) {
    if (index == 1) disk->drive_cylinders = word;
    else if (index == 3) disk->drive_heads = word;
    else if (index == 6) disk->drive_sectors_per_track = word;
    else if (index == 49) disk->lba = word & 0x200;
    else if (index == 60) disk->sectors = word;
    else if (index == 61) disk->sectors |= (u32)word << 16;
    else if (index >= 27 && index < 37) {
        disk->model[(index - 27) * 2] = word >> 8;
        disk->model[(index - 27) * 2 + 1] = word;
    }
}

static bool identify(u8 drive, struct disk *disk) {
    if (!drive_answers(drive)) return false;
    start_command(0xEC);
    if (!wait_idle(COMMAND_TICKS) || (in8(STATUS) & (FAILED | REQUEST)) != REQUEST) return false;
    for (u16 index = 0; index < 256; index++) {
        u16 word;
        __asm__ volatile("inw %w1, %w0" : "=a"(word) : "d"(DATA));
        take_word(disk, index, word);
    }
    for (u8 last = 20; last > 0 && (disk->model[last - 1] == ' ' || !disk->model[last - 1]); last--) disk->model[last - 1] = 0;
    if (!disk->drive_heads || !disk->drive_sectors_per_track) return false;
    if (!disk->lba) disk->sectors = (u32)disk->drive_cylinders * disk->drive_heads * disk->drive_sectors_per_track;
    choose_geometry(disk);
    return true;
}

/* A second drive alone becomes the first of INT 13h only when it is the first of the cable: the numbers are the drives'. */
void ata_initialise(void) {
    if (in8(STATUS) == 0xFF || ata_reset() != 0) return;
    while (BDA->disk_count < 2 && identify(BDA->disk_count, &disks[BDA->disk_count])) BDA->disk_count++;
}
