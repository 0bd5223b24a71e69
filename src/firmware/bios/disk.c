/*
 * INT 13h: fixed disks by cylinder, head and sector and by the extensions; diskettes are handed on to floppy.c, CD-ROM
 * drives to cdrom.c, and emulated drives are seen by el_torito.c first.
 *
 * Sources: IBM PS/2 and PC BIOS Interface Technical Reference (INT 13h, fixed disk parameter table); Phoenix Enhanced Disk
 * Drive Specification 1.1 and 3.0 (AH=41h to 48h); QEMU and Bochs for the meaning of CMOS 39h.
 *
 * Not modelled: formatting (a format is a verify of the track); buffers above 1 MiB in packets with 64-bit addresses.
 */
#include "services.h"

#define TRANSLATION_BY_SIZE 1

enum status { OK, BAD_COMMAND = 0x01, NOT_FOUND = 0x04, BOUNDARY = 0x09, NOT_REMOVABLE = 0xB2 };

/* The two tables of INT 41h and 46h, at the offsets where other firmware has them too. */
#define TABLE_OFFSET(drive) (0x3D + (drive) * 16)

static const ROM ROM_DATA char text_disk[] = "Disk ";
static const ROM ROM_DATA char text_mib[] = " MiB\n";
static const ROM ROM_DATA char text_colon[] = ": ";
static const ROM ROM_DATA char text_comma[] = ", ";

u64 disk_sectors(const struct disk *disk) { return (u64)disk->sectors_high << 32 | disk->sectors; }

static u32 sectors_shown(const struct disk *disk) { return disk->sectors_high ? 0xFFFFFFFF : disk->sectors; }

/*
 * The geometry for callers. CMOS 39h has two bits for each ATA drive: its own geometry, or with as many more heads as it takes
 * fewer cylinders (LARGE), or made from its size: 63 sectors and the fewest heads that suffice. Other disks have the last.
 */
static void choose_geometry(struct disk *disk) {
    u8 translation = cmos_read(0x39) >> disk->unit * 2 & 3;
    if (disk->kind == DISK_ATA && translation != TRANSLATION_BY_SIZE) {
        u16 cylinders = disk->drive_cylinders;
        u8 heads = disk->drive_heads;
        for (; translation && cylinders > 1024 && heads < 128; heads *= 2) cylinders /= 2;
        disk->cylinders = cylinders < 1024 ? cylinders : 1024;
        disk->heads = heads;
        disk->sectors_per_track = disk->drive_sectors_per_track;
        return;
    }
    u32 sectors = sectors_shown(disk);
    u16 heads = 16;
    while (heads < 256 && sectors / (heads * 63) > 1024) heads *= 2;
    disk->heads = heads < 256 ? heads : 255;
    disk->sectors_per_track = 63;
    u32 cylinders = sectors / (disk->heads * 63u);
    disk->cylinders = cylinders == 0 ? 1 : cylinders < 1024 ? cylinders : 1024;
}

struct disk *disk_next(void) {
    if (BDA->disk_count == DISKS_MAX) return 0;
    struct disk *disk = &disks[BDA->disk_count];
    *disk = (struct disk){0};
    return disk;
}

void disk_add(const char *model) {
    struct disk *disk = &disks[BDA->disk_count];
    choose_geometry(disk);
    if (!disk->drive_heads) {
        disk->drive_heads = disk->heads;
        disk->drive_sectors_per_track = disk->sectors_per_track;
        disk->drive_cylinders = disk->cylinders;
    }
    print(text_disk);
    print_decimal(BDA->disk_count);
    print(text_colon);
    print_text(model);
    print(text_comma);
    print_decimal(disk->sectors_high ? (u32)disk->sectors_high << 21 | disk->sectors >> 11 : disk->sectors >> 11);
    print(text_mib);
    BDA->disk_count++;
}

static void write_table(u8 drive) {
    const struct disk *disk = &disks[drive];
    u16 segment = BDA->ebda_segment, to = TABLE_OFFSET(drive);
    far_fill8(segment, to, 0, 16);
    far_write16(segment, to, disk->cylinders);
    far_write8(segment, to + 2, disk->heads);
    far_write16(segment, to + 5, 0xFFFF);
    far_write8(segment, to + 8, disk->heads > 8 ? 0x08 : 0);
    far_write16(segment, to + 12, disk->cylinders);
    far_write8(segment, to + 14, disk->sectors_per_track);
    if (disk->heads != disk->drive_heads || disk->cylinders != disk->drive_cylinders) { /* A translated table. */
        far_write8(segment, to + 3, 0xA0);
        far_write8(segment, to + 4, disk->drive_sectors_per_track);
        far_write16(segment, to + 9, disk->drive_cylinders);
        far_write8(segment, to + 11, disk->drive_heads);
        u8 sum = 0;
        for (u8 index = 0; index < 15; index++) sum += far_read8(segment, to + index);
        far_write8(segment, to + 15, -sum);
    }
    VECTOR(drive ? 0x46 : 0x41) = FAR_ADDRESS(segment, to);
}

void disk_initialise(void) {
    VECTOR(0x41) = VECTOR(0x46) = FAR_ADDRESS(ROM_SEGMENT, 0xE401);
    ata_initialise();
    if (has_pci()) {
        virtio_initialise();
        scsi_initialise();
    }
    for (u8 drive = 0; drive < BDA->disk_count && drive < 2; drive++) write_table(drive);
}

u8 disk_transfer(const struct disk *disk, enum transfer kind, u64 sector, u16 count, u16 segment, u16 offset, u16 *done) {
    *done = 0;
    switch (disk->kind) {
    case DISK_ATA:
        return ata_transfer(disk, kind, sector, count, segment, offset, done);
    case DISK_VIRTIO:
    case DISK_SCSI:
        return mastered_transfer(disk, kind, sector, count, segment, offset, done);
    }
    return BAD_COMMAND;
}

static u8 transfer(struct registers *r, const struct disk *disk, enum transfer kind) {
    u16 cylinder = r->ch | (r->cl & 0xC0) << 2, done;
    u8 sector = r->cl & 0x3F, count = r->al;
    if (sector == 0 || sector > disk->sectors_per_track || r->dh >= disk->heads || cylinder >= disk->cylinders) return NOT_FOUND;
    if (count == 0 || count > 128) return BAD_COMMAND;
    u32 first = ((u32)cylinder * disk->heads + r->dh) * disk->sectors_per_track + sector - 1;
    if (first >= sectors_shown(disk) || sectors_shown(disk) - first < count) return NOT_FOUND;
    u8 status = disk_transfer(disk, kind, first, count, r->es, r->bx, &done);
    r->al = done;
    return status;
}

/* AH=02h to 05h, 0Ah, 0Bh and 0Ch name a place; the long forms move plain sectors, for drives have no others. */
static u8 place_service(struct registers *r, const struct disk *disk) {
    switch (r->ah) {
    case 0x02:
    case 0x0A:
        return transfer(r, disk, TRANSFER_READ);
    case 0x03:
    case 0x0B:
        return transfer(r, disk, TRANSFER_WRITE);
    case 0x04:
        return transfer(r, disk, TRANSFER_VERIFY);
    default: /* Format and seek only see whether the place exists. */
        return (r->ch | (r->cl & 0xC0) << 2) < disk->cylinders && r->dh < disk->heads ? OK : NOT_FOUND;
    }
}

static u8 parameters_service(struct registers *r, const struct disk *disk) {
    u16 last = disk->cylinders - 1;
    r->ax = 0;
    r->bl = 0;
    r->ch = last;
    r->cl = (last >> 2 & 0xC0) | disk->sectors_per_track;
    r->dh = disk->heads - 1;
    r->dl = BDA->disk_count;
    return OK;
}

/* AH=15h: kind 3, a fixed disk, with its sectors in CX:DX. */
static void kind_service(struct registers *r, const struct disk *disk) {
    u32 sectors = (u32)disk->cylinders * disk->heads * disk->sectors_per_track;
    r->ah = 3;
    r->cx = sectors >> 16;
    r->dx = sectors;
}

/* Where the buffer of the packet at DS:SI is; false when it cannot be reached. */
static bool packet_buffer(struct registers *r, u16 *segment, u16 *offset) {
    u16 from = SI(r);
    *offset = far_read16(r->ds, from + 4);
    *segment = far_read16(r->ds, from + 6);
    if (far_read8(r->ds, from) < 24 || *offset != 0xFFFF || *segment != 0xFFFF) return true;
    u32 flat = far_read32(r->ds, from + 16);
    if (far_read32(r->ds, from + 20) || flat >= 0x100000) return false;
    *segment = flat >> 4;
    *offset = flat & 15;
    return true;
}

/* AH=42h to 44h and 47h: the packet at DS:SI holds its size, a count, the buffer and a 64-bit sector. */
static u8 packet_service(struct registers *r, const struct disk *disk) {
    u16 from = SI(r), done, count = far_read16(r->ds, from + 2), offset, segment;
    u64 first = (u64)far_read32(r->ds, from + 12) << 32 | far_read32(r->ds, from + 8);
    if (far_read8(r->ds, from) < 16 || !packet_buffer(r, &segment, &offset)) return BAD_COMMAND;
    if (first >= disk_sectors(disk)) return NOT_FOUND;
    if (r->ah == 0x47) return OK;
    if (disk_sectors(disk) - first < count) return NOT_FOUND;
    if (count > 127 && r->ah != 0x44) return BOUNDARY;
    enum transfer kind = r->ah == 0x42 ? TRANSFER_READ : r->ah == 0x43 ? TRANSFER_WRITE : TRANSFER_VERIFY;
    u8 status = disk_transfer(disk, kind, first, count, segment, offset, &done);
    far_write16(r->ds, from + 2, done);
    return status;
}

static EXTENDED u8 parameter_extension[16];

/* EDD 2.0: ports, interrupt and addressing of an ATA drive; the table lies in the data segment. */
static u32 describe_interface(const struct disk *disk) {
    u8 *to = parameter_extension;
    u16 base = disk->unit & 2 ? 0x170 : 0x1F0;
    if (disk->kind != DISK_ATA) return 0xFFFFFFFF;
    to[0] = base;
    to[1] = base >> 8;
    to[2] = base + 0x206;
    to[3] = (base + 0x206) >> 8;
    to[4] = 0xA0 | (disk->unit & 1) << 4 | (disk->flags & DISK_LBA ? 0x40 : 0);
    to[5] = 0;
    to[6] = disk->unit & 2 ? 15 : 14;
    to[7] = 1;
    to[8] = to[9] = 0;
    to[10] = disk->flags & DISK_LBA ? 0x10 : 0;
    to[11] = to[12] = to[13] = 0;
    to[14] = 0x11;
    u8 sum = 0;
    for (u8 index = 0; index < 15; index++) sum += to[index];
    to[15] = -sum;
    return FAR_ADDRESS(data_segment_now(), to);
}

/* EDD 3.0: 36 bytes that say which bus and which device the disk is behind. */
static void describe_path(const struct disk *disk, u16 segment, u16 to) {
    static const ROM ROM_DATA char interfaces[3][8] = {{'A', 'T', 'A', ' ', ' ', ' ', ' ', ' '},
                                                       {'S', 'C', 'S', 'I', ' ', ' ', ' ', ' '}};
    u8 devfn = disk->kind == DISK_ATA ? 0x09 : platform.storage[disk->controller].devfn, sum = 0;
    far_fill8(segment, to, 0, 36);
    far_write16(segment, to, 0xBEDD);
    far_write8(segment, to + 2, 36);
    far_write32(segment, to + 6, 0x20494350);
    const ROM char *name = interfaces[disk->kind == DISK_ATA ? 0 : 1];
    for (u8 index = 0; index < 8; index++) far_write8(segment, to + 10 + index, name[index]);
    far_write8(segment, to + 19, devfn >> 3);
    far_write8(segment, to + 20, devfn & 7);
    far_write8(segment, to + 21, disk->kind == DISK_ATA ? disk->unit >> 1 : 0xFF);
    far_write8(segment, to + 26, disk->kind == DISK_ATA ? disk->unit & 1 : disk->unit);
    for (u8 index = 0; index < 35; index++) sum += far_read8(segment, to + index);
    far_write8(segment, to + 35, -sum);
}

static u8 extended_parameters(struct registers *r, const struct disk *disk) {
    u16 to = SI(r), room = far_read16(r->ds, to);
    if (room < 26) return BAD_COMMAND;
    u16 bytes = !has_pci() || room < 30 ? 26 : room < 66 ? 30 : 66;
    far_write16(r->ds, to, bytes);
    far_write16(r->ds, to + 2, 0x0002); /* The geometry is valid. */
    far_write32(r->ds, to + 4, disk->drive_cylinders);
    far_write32(r->ds, to + 8, disk->drive_heads);
    far_write32(r->ds, to + 12, disk->drive_sectors_per_track);
    far_write32(r->ds, to + 16, disk->sectors);
    far_write32(r->ds, to + 20, disk->sectors_high);
    far_write16(r->ds, to + 24, 512);
    if (bytes >= 30) far_write32(r->ds, to + 26, describe_interface(disk));
    if (bytes >= 66) describe_path(disk, r->ds, to + 30);
    return OK;
}

static u8 extensions(struct registers *r, const struct disk *disk) {
    switch (r->ah) {
    case 0x42:
    case 0x43:
    case 0x44:
    case 0x47:
        return packet_service(r, disk);
    case 0x45:
    case 0x46:
        return NOT_REMOVABLE;
    case 0x48:
        return extended_parameters(r, disk);
    default:
        return BAD_COMMAND;
    }
}

static u8 reset_disk(const struct disk *disk) { return disk->kind == DISK_ATA ? ata_reset(disk->unit) : OK; }

static u8 disk_service(struct registers *r, const struct disk *disk) {
    bool ata = disk->kind == DISK_ATA;
    switch (r->ah) {
    case 0x00:
        BDA->floppy_calibrated = 0; /* A reset of a disk also means the diskettes; they seek anew. */
        return reset_disk(disk);
    case 0x0D:
        return reset_disk(disk);
    case 0x01:
        return BDA->disk_status;
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x05:
    case 0x0A:
    case 0x0B:
    case 0x0C:
        return place_service(r, disk);
    case 0x08:
        return parameters_service(r, disk);
    case 0x09:
        if (!ata || disk->flags & DISK_LBA) return OK;
        return ata_simple_command(disk->unit, 0x91, disk->drive_sectors_per_track, disk->drive_heads - 1);
    case 0x10:
        return ata ? ata_drive_ready(disk->unit) : OK;
    case 0x11:
        return OK; /* A recalibration means nothing to a drive that addresses by itself. */
    case 0x14:
        return !ata || ata_simple_command(disk->unit, 0x90, 0, 0) == 0 ? OK : 0x20;
    default:
        return extensions(r, disk);
    }
}

void int13(struct registers *r) {
    if (has_pci() && el_torito_service(r)) return;
    u8 drive = r->dl - 0x80;
    if (r->dl < 0x80) {
        floppy_service(r);
        return;
    }
    if (has_pci() && r->dl >= CDROM_FIRST && r->dl - CDROM_FIRST < cdrom_count()) {
        cdrom_service(r, r->dl - CDROM_FIRST);
        return;
    }
    bool present = drive < BDA->disk_count;
    if (r->ah == 0x15 && present) {
        kind_service(r, &disks[drive]);
        set_flag(r, CARRY, false);
        return;
    }
    if (r->ah == 0x41 && present && r->bx == 0x55AA) {
        r->bx = 0xAA55;
        r->ah = has_pci() ? 0x30 : 0x21; /* Version 3.0 or 1.1. */
        r->cx = has_pci() ? 0x0005 : 0x0001; /* Access, and the tables of the interface; no locking. */
        set_flag(r, CARRY, false);
        return;
    }
    u8 status = present ? disk_service(r, &disks[drive]) : r->ah == 0x15 ? OK : BAD_COMMAND;
    if (r->ah != 0x01 || !present) BDA->disk_status = status;
    r->ah = status;
    set_flag(r, CARRY, status != OK);
}
