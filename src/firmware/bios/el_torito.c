/*
 * Starting from a CD-ROM: the boot catalogue, and the drive that an image on the disc stands for.
 *
 * Source: Phoenix and IBM, "El Torito" Bootable CD-ROM Format Specification 1.0.
 *
 * Not modelled: choosing among several entries of the catalogue: the default entry is started.
 */
#include "services.h"

enum status { OK, BAD_COMMAND = 0x01, WRITE_PROTECTED = 0x03, NOT_FOUND = 0x04 };
#define BUFFER_SEGMENT 0x1000 /* Scratch memory while nothing has been started. */
#define BLOCK_BYTES 2048
#define DESCRIPTOR_BLOCK 17

/* The specification packet of AX=4B01h, as the program sees it. */
struct specification {
    u8 bytes, media, drive, controller;
    u32 first_block;
    u16 device, buffer_segment, load_segment, sectors;
    u8 cylinder_low, sector_and_cylinder, head;
} PACKED;

static EXTENDED struct specification emulated;
static EXTENDED u8 cd_drive;
static EXTENDED bool active; /* A drive is emulated. */
static EXTENDED u8 emulated_heads, emulated_sectors;
static EXTENDED u16 emulated_cylinders;
static EXTENDED u8 block_buffer[BLOCK_BYTES];
static EXTENDED u32 buffered; /* Which block the buffer holds, plus one. */

/* One 512-byte sector of the image. */
static u8 read_sector(u32 sector, u16 segment, u16 offset) {
    u32 block = emulated.first_block + sector / 4;
    u16 done;
    if (buffered != block + 1) {
        buffered = 0;
        u8 status = cdrom_read(cd_drive, block, 1, data_segment_now(), (u16)(u32)block_buffer, &done);
        if (status) return status;
        buffered = block + 1;
    }
    far_copy(segment + (offset >> 4), offset & 15, data_segment_now(), (u16)(u32)block_buffer + sector % 4 * 512, 512);
    return OK;
}

static u8 read_sectors(u32 sector, u16 count, u16 segment, u16 offset, u16 *done) {
    segment += offset >> 4;
    offset &= 15;
    for (*done = 0; *done < count; (*done)++) {
        u8 status = read_sector(sector + *done, segment, offset);
        if (status) return status;
        segment += 32;
    }
    return OK;
}

static u8 transfer_service(struct registers *r, bool move) {
    u16 cylinder = r->ch | (r->cl & 0xC0) << 2, done = r->al;
    u8 sector = r->cl & 0x3F, status = OK;
    if (!sector || sector > emulated_sectors || r->dh >= emulated_heads || cylinder >= emulated_cylinders) return NOT_FOUND;
    u32 first = ((u32)cylinder * emulated_heads + r->dh) * emulated_sectors + sector - 1;
    if (move) status = read_sectors(first, r->al, r->es, r->bx, &done);
    r->al = done;
    return status;
}

static u8 packet_service(struct registers *r) {
    u16 from = SI(r), done, count = far_read16(r->ds, from + 2);
    u32 first = far_read32(r->ds, from + 8);
    u32 all = (u32)emulated_cylinders * emulated_heads * emulated_sectors;
    if (far_read8(r->ds, from) < 16) return BAD_COMMAND;
    if (first >= all || all - first < count) return NOT_FOUND;
    if (r->ah != 0x42) return OK;
    u8 status = read_sectors(first, count, far_read16(r->ds, from + 6), far_read16(r->ds, from + 4), &done);
    far_write16(r->ds, from + 2, done);
    return status;
}

static u8 parameters(struct registers *r) {
    u16 last = emulated_cylinders - 1;
    bool floppy = emulated.drive == 0;
    r->ax = 0;
    r->bl = floppy ? ((emulated.media & 15) == 1 ? 2 : (emulated.media & 15) == 2 ? 4 : 6) : 0;
    r->ch = last;
    r->cl = (last >> 2 & 0xC0) | emulated_sectors;
    r->dh = emulated_heads - 1;
    r->dl = floppy ? 1 : BDA->disk_count + 1;
    if (floppy) {
        r->es = ROM_SEGMENT;
        r->edi = (r->edi & 0xFFFF0000) | 0xEFC7;
    }
    return OK;
}

static u8 emulated_service(struct registers *r) {
    switch (r->ah) {
    case 0x00:
    case 0x09:
    case 0x0C:
    case 0x0D:
    case 0x10:
    case 0x11:
    case 0x14:
    case 0x16:
        return OK;
    case 0x01:
        return emulated.drive ? BDA->disk_status : BDA->floppy_status;
    case 0x02:
        return transfer_service(r, true);
    case 0x04:
        return transfer_service(r, false);
    case 0x03:
    case 0x05:
    case 0x43:
        return WRITE_PROTECTED;
    case 0x08:
        return parameters(r);
    case 0x42:
    case 0x44:
    case 0x47:
        return emulated.drive ? packet_service(r) : BAD_COMMAND;
    default:
        return BAD_COMMAND;
    }
}

/* AX=4B00h ends the emulation and tells of it, 4B01h only tells. */
static u8 status_service(struct registers *r) {
    if (!emulated.bytes || r->al > 1) return BAD_COMMAND;
    far_copy(r->ds, SI(r), data_segment_now(), (u16)(u32)&emulated, sizeof emulated);
    if (r->al == 0) active = false;
    return OK;
}

/* The drives of the same kind behind the emulated one are counted from the next number on. */
bool el_torito_service(struct registers *r) {
    u8 status;
    if (r->ah == 0x4B && emulated.bytes && (r->dl == 0x7F || r->dl == emulated.drive)) {
        status = status_service(r);
    } else {
        if (!active) return false;
        if (r->dl != emulated.drive) {
            if ((r->dl ^ emulated.drive) & 0x80 || r->dl >= CDROM_FIRST) return false;
            u8 function = r->ah;
            r->dl--;
            if (r->dl < 0x80) floppy_service(r);
            else {
                active = false;
                int13(r);
                active = true;
            }
            if (function != 0x15 || r->ah != 3) r->dl++; /* The drive again, or how many there are. */
            return true;
        }
        if (r->ah == 0x15) {
            u32 all = (u32)emulated_cylinders * emulated_heads * emulated_sectors;
            r->ah = emulated.drive ? 3 : 1;
            if (emulated.drive) {
                r->cx = all >> 16;
                r->dx = all;
            }
            set_flag(r, CARRY, false);
            return true;
        }
        if (r->ah == 0x41 && emulated.drive && r->bx == 0x55AA) {
            r->bx = 0xAA55;
            r->ah = 0x21;
            r->cx = 1;
            set_flag(r, CARRY, false);
            return true;
        }
        status = emulated_service(r);
    }
    r->ah = status;
    set_flag(r, CARRY, status != OK);
    return true;
}

static bool read_block(u8 drive, u32 block, u16 segment) {
    u16 done;
    return cdrom_read(drive, block, 1, segment, 0, &done) == OK;
}

/* The block of the catalogue, from the boot record that names El Torito; zero when there is none. */
static u32 find_catalogue(u8 drive) {
    static const ROM ROM_DATA char name[] = "CD001\1EL TORITO SPECIFICATION";
    if (!read_block(drive, DESCRIPTOR_BLOCK, BUFFER_SEGMENT) || far_read8(BUFFER_SEGMENT, 0) != 0) return 0;
    for (u8 index = 0; name[index]; index++) {
        if (far_read8(BUFFER_SEGMENT, 1 + index) != (u8)name[index]) return 0;
    }
    return far_read32(BUFFER_SEGMENT, 0x47);
}

static bool catalogue_is_valid(void) {
    u16 sum = 0;
    for (u16 index = 0; index < 32; index += 2) sum += far_read16(BUFFER_SEGMENT, index);
    return far_read8(BUFFER_SEGMENT, 0) == 1 && far_read16(BUFFER_SEGMENT, 0x1E) == 0xAA55 && sum == 0 &&
           far_read8(BUFFER_SEGMENT, 0x20) == 0x88;
}

static void set_geometry(u8 media) {
    static const ROM ROM_DATA u8 sectors[] = {0, 15, 18, 36};
    emulated_heads = 2;
    emulated_cylinders = 80;
    if (media < 4) {
        emulated_sectors = sectors[media];
        return;
    }
    /* A hard disk: the first partition's last place shows the geometry of whoever made it. */
    u8 sector[512];
    read_sector(0, data_segment_now(), (u16)(u32)sector);
    const u8 *last = sector + 446 + 5;
    emulated_heads = last[0] + 1;
    emulated_sectors = last[1] & 0x3F;
    emulated_cylinders = (last[2] | (last[1] & 0xC0) << 2) + 1;
    if (!emulated_sectors || !emulated_heads) {
        emulated_heads = 16;
        emulated_sectors = 63;
        emulated_cylinders = 1024;
    }
}

/* Loads what the default entry names and readies the registers of its start. */
bool el_torito_boot(u8 drive, struct registers *r) {
    active = false;
    emulated.bytes = 0;
    buffered = 0;
    if (cdrom_media(drive) != OK) return false;
    u32 catalogue = find_catalogue(drive);
    if (!catalogue || !read_block(drive, catalogue, BUFFER_SEGMENT) || !catalogue_is_valid()) return false;
    u8 media = far_read8(BUFFER_SEGMENT, 0x21) & 0x0F;
    u16 segment = far_read16(BUFFER_SEGMENT, 0x22), count = far_read16(BUFFER_SEGMENT, 0x26), done;
    if (media > 4) return false;
    if (!segment) segment = 0x7C0;
    if (!count) count = media ? 1 : 4;
    cd_drive = drive;
    emulated.media = media;
    emulated.drive = media == 0 ? CDROM_FIRST + drive : media == 4 ? 0x80 : 0x00;
    emulated.first_block = far_read32(BUFFER_SEGMENT, 0x28);
    emulated.load_segment = segment;
    emulated.sectors = count;
    if (read_sectors(0, count, segment, 0, &done)) return false;
    if (media) {
        set_geometry(media);
        emulated.cylinder_low = emulated_cylinders - 1;
        emulated.sector_and_cylinder = ((emulated_cylinders - 1) >> 2 & 0xC0) | emulated_sectors;
        emulated.head = emulated_heads - 1;
        active = true;
    }
    emulated.bytes = sizeof emulated;
    r->cs = segment == 0x7C0 ? 0 : segment;
    r->ip = segment == 0x7C0 ? 0x7C00 : 0;
    r->dl = emulated.drive;
    return true;
}
