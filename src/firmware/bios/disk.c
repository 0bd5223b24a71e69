/*
 * INT 13h: fixed disks by cylinder, head and sector and by the extensions; diskettes are handed on to floppy.c.
 *
 * Sources: IBM PS/2 and PC BIOS Interface Technical Reference (INT 13h, fixed disk parameter table); Phoenix Enhanced Disk
 * Drive Specification 1.1 (AH=41h to 48h).
 *
 * Not modelled: formatting (a format is a verify of the track), removable disks, device parameter table extension, 64-bit
 * buffer addresses.
 */
#include "services.h"

enum status { OK, BAD_COMMAND = 0x01, NOT_FOUND = 0x04, BOUNDARY = 0x09, NOT_REMOVABLE = 0xB2 };

/* The two tables of INT 41h and 46h, at the offsets where other firmware has them too. */
#define TABLE_OFFSET(drive) (0x3D + (drive) * 16)

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
    for (u8 drive = 0; drive < BDA->disk_count; drive++) write_table(drive);
}

static u8 transfer(struct registers *r, u8 drive, enum transfer kind) {
    const struct disk *disk = &disks[drive];
    u16 cylinder = r->ch | (r->cl & 0xC0) << 2, done;
    u8 sector = r->cl & 0x3F, count = r->al;
    if (sector == 0 || sector > disk->sectors_per_track || r->dh >= disk->heads || cylinder >= disk->cylinders) return NOT_FOUND;
    if (count == 0 || count > 128) return BAD_COMMAND;
    u32 first = ((u32)cylinder * disk->heads + r->dh) * disk->sectors_per_track + sector - 1;
    if (first >= disk->sectors || disk->sectors - first < count) return NOT_FOUND;
    u8 status = ata_transfer(drive, kind, first, count, r->es, r->bx, &done);
    r->al = done;
    return status;
}

/* AH=02h to 05h, 0Ah, 0Bh and 0Ch name a place; the long forms move plain sectors, for drives have no others. */
static u8 place_service(struct registers *r, u8 drive) {
    switch (r->ah) {
    case 0x02:
    case 0x0A:
        return transfer(r, drive, TRANSFER_READ);
    case 0x03:
    case 0x0B:
        return transfer(r, drive, TRANSFER_WRITE);
    case 0x04:
        return transfer(r, drive, TRANSFER_VERIFY);
    default: /* Format and seek only see whether the place exists. */
        return (r->ch | (r->cl & 0xC0) << 2) < disks[drive].cylinders && r->dh < disks[drive].heads ? OK : NOT_FOUND;
    }
}

static u8 parameters_service(struct registers *r, u8 drive) {
    u16 last = disks[drive].cylinders - 1;
    r->ax = 0;
    r->bl = 0;
    r->ch = last;
    r->cl = (last >> 2 & 0xC0) | disks[drive].sectors_per_track;
    r->dh = disks[drive].heads - 1;
    r->dl = BDA->disk_count;
    return OK;
}

/* AH=15h: kind 3, a fixed disk, with its sectors in CX:DX. */
static void kind_service(struct registers *r, u8 drive) {
    u32 sectors = (u32)disks[drive].cylinders * disks[drive].heads * disks[drive].sectors_per_track;
    r->ah = 3;
    r->cx = sectors >> 16;
    r->dx = sectors;
}

/* AH=42h to 44h and 47h: the packet at DS:SI holds its size, a count, the buffer and a 64-bit sector. */
static u8 packet_service(struct registers *r, u8 drive) {
    u16 from = SI(r), done = 0, count = far_read16(r->ds, from + 2);
    u32 first = far_read32(r->ds, from + 8);
    u16 offset = far_read16(r->ds, from + 4), segment = far_read16(r->ds, from + 6);
    if (far_read8(r->ds, from) < 16) return BAD_COMMAND;
    if (far_read32(r->ds, from + 12) || first >= disks[drive].sectors) return NOT_FOUND;
    if (r->ah == 0x47) return OK;
    if (disks[drive].sectors - first < count) return NOT_FOUND;
    if (count > 127 && r->ah != 0x44) return BOUNDARY;
    enum transfer kind = r->ah == 0x42 ? TRANSFER_READ : r->ah == 0x43 ? TRANSFER_WRITE : TRANSFER_VERIFY;
    u8 status = ata_transfer(drive, kind, first, count, segment, offset, &done);
    far_write16(r->ds, from + 2, done);
    return status;
}

static u8 extended_parameters(struct registers *r, u8 drive) {
    const struct disk *disk = &disks[drive];
    u16 to = SI(r);
    if (far_read16(r->ds, to) < 26) return BAD_COMMAND;
    far_write16(r->ds, to, 26);
    far_write16(r->ds, to + 2, 0x0002); /* The geometry is valid. */
    far_write32(r->ds, to + 4, disk->drive_cylinders);
    far_write32(r->ds, to + 8, disk->drive_heads);
    far_write32(r->ds, to + 12, disk->drive_sectors_per_track);
    far_write32(r->ds, to + 16, disk->sectors);
    far_write32(r->ds, to + 20, 0);
    far_write16(r->ds, to + 24, 512);
    return OK;
}

static u8 extensions(struct registers *r, u8 drive) {
    switch (r->ah) {
    case 0x42:
    case 0x43:
    case 0x44:
    case 0x47:
        return packet_service(r, drive);
    case 0x45:
    case 0x46:
        return NOT_REMOVABLE;
    case 0x48:
        return extended_parameters(r, drive);
    default:
        return BAD_COMMAND;
    }
}

static u8 disk_service(struct registers *r, u8 drive) {
    switch (r->ah) {
    case 0x00:
        BDA->floppy_calibrated = 0; /* A reset of a disk also means the diskettes; they seek anew. */
        return ata_reset();
    case 0x0D:
        return ata_reset();
    case 0x01:
        return BDA->disk_status;
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x05:
    case 0x0A:
    case 0x0B:
    case 0x0C:
        return place_service(r, drive);
    case 0x08:
        return parameters_service(r, drive);
    case 0x09:
        if (disks[drive].lba) return OK;
        return ata_simple_command(drive, 0x91, disks[drive].drive_sectors_per_track, disks[drive].drive_heads - 1);
    case 0x10:
        return ata_drive_ready(drive);
    case 0x11:
        return OK; /* A recalibration means nothing to a drive that addresses by itself. */
    case 0x14:
        return ata_simple_command(drive, 0x90, 0, 0) == 0 ? OK : 0x20;
    default:
        return extensions(r, drive);
    }
}

void int13(struct registers *r) {
    u8 drive = r->dl - 0x80;
    if (r->dl < 0x80) {
        floppy_service(r);
        return;
    }
    bool present = drive < BDA->disk_count;
    if (r->ah == 0x15 && present) {
        kind_service(r, drive);
        set_flag(r, CARRY, false);
        return;
    }
    if (r->ah == 0x41 && present && r->bx == 0x55AA) {
        r->bx = 0xAA55;
        r->ah = 0x21; /* Version 1.1. */
        r->cx = 0x0001; /* The access functions; locking and the device path are not there. */
        set_flag(r, CARRY, false);
        return;
    }
    u8 status = present ? disk_service(r, drive) : r->ah == 0x15 ? OK : BAD_COMMAND;
    if (r->ah != 0x01 || !present) BDA->disk_status = status;
    r->ah = status;
    set_flag(r, CARRY, status != OK);
}
