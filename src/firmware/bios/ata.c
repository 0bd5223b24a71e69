/*
 * The two ATA channels: detection, IDENTIFY, transfers through the data register, and packet commands.
 *
 * Sources: AT Attachment with Packet Interface 6 (T13/1410D): registers, PIO data, packet and 48-bit protocols, sections 8.15,
 * 8.16 and 9; SFF-8020i (packet devices).
 *
 * Not modelled: multiple mode, DMA, overlapped packets.
 */
#include "services.h"

#define DATA 0
#define ERROR 1
#define COUNT 2
#define SECTOR 3
#define CYLINDER_LOW 4
#define CYLINDER_HIGH 5
#define DRIVE_HEAD 6
#define STATUS 7
#define CONTROL 0x206
#define BUSY 0x80
#define READY 0x40
#define FAULT 0x20
#define REQUEST 0x08
#define FAILED 0x01
#define RESET_TICKS 570 /* 31 seconds, as long as a drive may take. */
#define COMMAND_TICKS 182

struct disk disks[DISKS_MAX];
static u16 base; /* First port of the channel chosen last. */

static u8 read(u16 at) { return in8(base + at); }
static void write(u16 at, u8 value) { out8(base + at, value); }
static void choose_channel(u8 unit) { base = unit & 2 ? 0x170 : 0x1F0; }

static void short_pause(void) {
    for (u8 count = 0; count < 4; count++) read(CONTROL); /* 400 ns before the status is valid. */
}

/*
 * Until the drive is not busy, seen in the alternate status, which leaves the interrupt alone. Half a millisecond is spent
 * looking, for not every phase ends with an interrupt; after that the processor rests.
 */
static bool wait_idle(u16 ticks) {
    for (u8 toggles = 0; toggles < 32; toggles++) {
        if (!(read(CONTROL) & BUSY)) return true;
        delay_refresh(1);
    }
    struct deadline deadline = deadline_in(ticks);
    while (read(CONTROL) & BUSY) {
        if (!deadline_idle(&deadline)) return false;
    }
    return true;
}

static u8 decode_error(u8 status) {
    BDA->disk_status_register = status;
    if (status & FAULT) return 0x20;
    if (!(status & FAILED)) return 0;
    u8 error = read(ERROR);
    BDA->disk_error_register = error;
    if (error & 0x80) return 0x0A;
    if (error & 0x40) return 0x10;
    if (error & 0x10) return 0x04;
    if (error & 0x04) return 0x01;
    if (error & 0x02) return 0x40;
    return error & 0x01 ? 0x02 : 0x20;
}

static bool select_drive(u8 unit, u8 bits) {
    choose_channel(unit);
    if (!wait_idle(COMMAND_TICKS)) return false;
    write(DRIVE_HEAD, 0xA0 | (unit & 1) << 4 | bits);
    short_pause();
    return wait_idle(COMMAND_TICKS);
}

static void start_command(u8 command) {
    irq_enable(base == 0x1F0 ? 14 : 15);
    BDA->disk_interrupt = 0;
    write(CONTROL, 0x08);
    write(STATUS, command);
    short_pause();
}

/* A command without data. */
u8 ata_simple_command(u8 unit, u8 command, u8 count, u8 head) {
    if (!select_drive(unit, head)) return 0x80;
    write(COUNT, count);
    start_command(command);
    if (!wait_idle(COMMAND_TICKS)) return 0x80;
    return decode_error(read(STATUS));
}

u8 ata_drive_ready(u8 unit) {
    if (!select_drive(unit, 0)) return 0x80;
    return (read(STATUS) & (READY | BUSY)) == READY ? 0 : 0xAA;
}

/* Both drives of a channel at once; a drive without LBA must be told its geometry again. */
u8 ata_reset(u8 unit) {
    choose_channel(unit);
    write(CONTROL, 0x0C);
    delay_refresh(1);
    write(CONTROL, 0x08);
    delay_refresh(133); /* Two milliseconds before the drives may be looked at. */
    if (!wait_idle(RESET_TICKS)) return 0x05;
    for (u8 drive = 0; drive < BDA->disk_count; drive++) {
        const struct disk *disk = &disks[drive];
        if (disk->kind != DISK_ATA || disk->flags & DISK_LBA || (disk->unit ^ unit) & 2) continue;
        ata_simple_command(disk->unit, 0x91, disk->drive_sectors_per_track, disk->drive_heads - 1);
    }
    return 0;
}

static void read_words(u16 segment, u16 offset, u16 words) {
    u32 edi = offset, ecx = words;
    __asm__ volatile("movw %w2, %%es; rep insw; pushw %%ds; popw %%es"
                     : "+D"(edi), "+c"(ecx) : "r"(segment), "d"(base) : "memory");
}

static void write_words(u16 segment, u16 offset, u16 words) {
    u32 esi = offset, ecx = words;
    __asm__ volatile("pushw %%ds; movw %w2, %%ds; rep outsw; popw %%ds"
                     : "+S"(esi), "+c"(ecx) : "r"(segment), "d"(base) : "memory");
}

static void write_address(u8 count, u8 low, u8 middle, u8 high) {
    write(COUNT, count);
    write(SECTOR, low);
    write(CYLINDER_LOW, middle);
    write(CYLINDER_HIGH, high);
}

/* Names the sectors of a command, by the short address while it reaches far enough; gives back which command does it. */
static u8 address_sector(const struct disk *disk, u64 sector, u16 count, u8 command) {
    if (disk->flags & DISK_LBA && (sector + count) >> 28) {
        if (!select_drive(disk->unit, 0x40)) return 0;
        write_address(count >> 8, sector >> 24, sector >> 32, sector >> 40);
        write_address(count, sector, sector >> 8, sector >> 16);
        return command == TRANSFER_VERIFY ? 0x42 : command | 0x04;
    }
    u8 bits = 0x40 | (sector >> 24 & 0x0F), low = sector;
    u16 cylinder = sector >> 8;
    if (!(disk->flags & DISK_LBA)) {
        u32 track = (u32)sector / disk->drive_sectors_per_track;
        low = (u32)sector % disk->drive_sectors_per_track + 1;
        cylinder = track / disk->drive_heads;
        bits = track % disk->drive_heads;
    }
    if (!select_drive(disk->unit, bits)) return 0;
    write_address(count, low, cylinder, cylinder >> 8);
    return command;
}

/* One command of at most 256 sectors. The segment moves on with each sector, so an offset never wraps. */
static u8 transfer_chunk(const struct disk *disk, enum transfer kind, u64 sector, u16 count, u16 segment, u16 offset, u16 *done) {
    u8 command = address_sector(disk, sector, count, kind);
    if (!command) return 0x80;
    start_command(command);
    if (kind == TRANSFER_VERIFY) {
        if (!wait_idle(COMMAND_TICKS)) return 0x80;
        u8 verified = decode_error(read(STATUS));
        *done += verified ? 0 : count;
        return verified;
    }
    for (; count > 0; count--) {
        if (!wait_idle(COMMAND_TICKS)) return 0x80;
        u8 status = read(STATUS), code = decode_error(status);
        if (code) return code;
        if (!(status & REQUEST)) return 0xE0;
        if (kind == TRANSFER_READ) read_words(segment, offset, 256);
        else write_words(segment, offset, 256);
        segment += 32;
        (*done)++;
        short_pause();
    }
    if (!wait_idle(COMMAND_TICKS)) return 0x80;
    u8 code = decode_error(read(STATUS));
    if (code && kind == TRANSFER_WRITE) (*done)--;
    return code;
}

u8 ata_transfer(const struct disk *disk, enum transfer kind, u64 sector, u16 count, u16 segment, u16 offset, u16 *done) {
    segment += offset >> 4;
    offset &= 15;
    while (count > 0) {
        u16 chunk = count < 256 ? count : 256, before = *done;
        u8 status = transfer_chunk(disk, kind, sector, chunk, segment, offset, done);
        if (status) return status;
        sector += *done - before;
        segment += chunk * 32;
        count -= chunk;
    }
    return 0;
}

/*
 * A packet command that reads: twelve bytes of command, then data as the device offers it, of which at most `bytes` are
 * kept. Gives an INT 13h status and how much came.
 */
u8 atapi_command(u8 unit, const u8 *packet, u16 segment, u16 offset, u32 bytes, u32 *received) {
    *received = 0;
    if (!select_drive(unit, 0)) return 0x80;
    write(ERROR, 0); /* The features: no DMA. */
    write(CYLINDER_LOW, 0x00); /* At most 2048 bytes at a time. */
    write(CYLINDER_HIGH, 0x08);
    start_command(0xA0);
    if (!wait_idle(COMMAND_TICKS)) return 0x80;
    if ((read(STATUS) & (REQUEST | FAILED)) != REQUEST) return 0x20;
    for (u8 index = 0; index < 12; index += 2) out16(base, packet[index] | packet[index + 1] << 8);
    for (;;) {
        short_pause();
        if (!wait_idle(COMMAND_TICKS)) return 0x80;
        u8 status = read(STATUS);
        if (status & FAILED) return 0x20;
        if (!(status & REQUEST)) return 0;
        u16 offered = read(CYLINDER_LOW) | read(CYLINDER_HIGH) << 8, kept = offered;
        if (kept > bytes - *received) kept = bytes - *received;
        read_words(segment + (offset >> 4), offset & 15, kept / 2);
        for (u16 dropped = kept & ~1; dropped < offered; dropped += 2) in16(base);
        segment += kept >> 4;
        *received += kept;
    }
}

/* Zero, or how the device behind this unit answers: 1 a disk, 2 a packet device. */
static u8 drive_answers(u8 unit) {
    choose_channel(unit);
    write(DRIVE_HEAD, 0xA0 | (unit & 1) << 4);
    short_pause();
    write(COUNT, 0x55);
    write(SECTOR, 0xAA);
    if (read(COUNT) != 0x55 || read(SECTOR) != 0xAA || read(DRIVE_HEAD) != (0xA0 | (unit & 1) << 4)) return 0;
    if (!wait_idle(RESET_TICKS)) return 0;
    /* A reset leaves the signature behind, which IDENTIFY DEVICE puts there too when it is refused. */
    start_command(0xEC);
    if (!wait_idle(COMMAND_TICKS)) return 0;
    u8 status = read(STATUS);
    if ((status & (FAILED | REQUEST)) == REQUEST) return 1;
    if (!(status & FAILED) || read(CYLINDER_LOW) != 0x14 || read(CYLINDER_HIGH) != 0xEB) return 0;
    start_command(0xA1);
    if (!wait_idle(COMMAND_TICKS) || (read(STATUS) & (FAILED | REQUEST)) != REQUEST) return 0;
    return 2;
}

static void take_word(struct disk *disk, u8 index, u16 word) {
    if (index == 1) disk->drive_cylinders = word;
    else if (index == 3) disk->drive_heads = word;
    else if (index == 6) disk->drive_sectors_per_track = word;
    else if (index == 49 && word & 0x200) disk->flags |= DISK_LBA;
    else if (index == 60) disk->sectors = word;
    else if (index == 61) disk->sectors |= (u32)word << 16;
    else if (index == 83 && (word & 0xC400) == 0x4400) disk->flags |= DISK_LBA_48;
    else if (disk->flags & DISK_LBA_48 && index == 100) disk->sectors = word;
    else if (disk->flags & DISK_LBA_48 && index == 101) disk->sectors |= (u32)word << 16;
    else if (disk->flags & DISK_LBA_48 && index == 102) disk->sectors_high = word;
}

/* Reads the 256 words of identification; `model` takes the name, ended by zero. */
static void take_identification(struct disk *disk, char model[41]) {
    for (u16 index = 0; index < 256; index++) {
        u16 word = in16(base);
        take_word(disk, index, word);
        if (index < 27 || index >= 47) continue;
        model[(index - 27) * 2] = word >> 8;
        model[(index - 27) * 2 + 1] = word;
    }
    u8 last = 40;
    while (last > 0 && (model[last - 1] == ' ' || !model[last - 1])) last--;
    model[last] = 0;
}

void ata_initialise(void) {
    char model[41];
    for (u8 unit = 0; unit < 4; unit++) {
        choose_channel(unit);
        // No channel reads as FFh, a channel without drives as 7Fh.
        if (!(unit & 1) && ((read(STATUS) | BUSY) == 0xFF || ata_reset(unit) != 0)) {
            unit++;
            continue;
        }
        u8 kind = drive_answers(unit);
        if (kind == 1) {
            struct disk *disk = disk_next();
            if (!disk) return;
            disk->kind = DISK_ATA;
            disk->unit = unit;
            take_identification(disk, model);
            if (!disk->drive_heads || !disk->drive_sectors_per_track) continue;
            if (!(disk->flags & DISK_LBA)) disk->sectors = (u32)disk->drive_cylinders * disk->drive_heads * disk->drive_sectors_per_track;
            disk_add(model);
        } else if (kind == 2) {
            struct disk ignored = {0};
            take_identification(&ignored, model);
            if (has_pci()) cdrom_add(unit, model);
        }
    }
}
