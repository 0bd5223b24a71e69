/*
 * INT 19h: what is started, in the order of CMOS 3Dh and 38h: a diskette, a disk, a CD-ROM, the network. A kernel that
 * the machine's description holds comes before them all.
 *
 * Sources: IBM PC/AT Technical Reference (INT 19h); BIOS Boot Specification 1.01; QEMU and Bochs for the meaning of CMOS 3Dh
 * and the upper half of 38h (1 diskette, 2 disk, 3 CD-ROM, 4 network).
 *
 * Not modelled: a menu.
 */
#include "services.h"

#define BOOT_ADDRESS 0x7C00
#define READ_TRIES 4
#define NO_MEDIUM 0x80
#define DEFAULT_ORDER 0x4321

enum device { DEVICE_FLOPPY = 1, DEVICE_DISK, DEVICE_CDROM, DEVICE_NETWORK };

/* INT 13h as whoever has taken it serves it. False when the carry comes back. */
static bool disk_interrupt(struct registers *r) {
    r->cs = VECTOR(0x13) >> 16;
    r->ip = VECTOR(0x13);
    call_interrupt(r);
    return !(r->flags & CARRY);
}

static bool load_sector(u8 drive) {
    for (u8 tries = 0; tries < READ_TRIES; tries++) {
        struct registers r = {0};
        r.dl = drive;
        disk_interrupt(&r);
        r = (struct registers){0};
        r.ax = 0x0201;
        r.bx = BOOT_ADDRESS;
        r.cx = 1;
        r.dx = drive;
        if (disk_interrupt(&r)) return far_read16(0, BOOT_ADDRESS + 510) == 0xAA55;
        if (r.ah == NO_MEDIUM) return false; /* Trying again would only take time. */
    }
    return false;
}

/* True when `r` is ready to start what the device holds. */
static bool try_device(u8 device, struct registers *r) {
    r->cs = 0;
    r->ip = BOOT_ADDRESS;
    switch (device) {
    case DEVICE_FLOPPY:
        r->dl = 0x00;
        return load_sector(0x00);
    case DEVICE_DISK:
        r->dl = 0x80;
        return BDA->disk_count && load_sector(0x80);
    case DEVICE_CDROM:
        for (u8 drive = 0; has_pci() && drive < cdrom_count(); drive++) {
            if (el_torito_boot(drive, r)) return true;
        }
        return false;
    case DEVICE_NETWORK:
        network_boot();
        return false;
    }
    return false;
}

static void boot_failed(void) {
    struct registers r = {0};
    r.cs = VECTOR(0x18) >> 16;
    r.ip = VECTOR(0x18);
    call_interrupt(&r);
}

static void clear(struct registers *r) {
    u16 action = r->action;
    *r = (struct registers){0};
    r->action = action;
    r->flags = 0x0202;
}

/* Four nibbles, the first device lowest. CMOS has room for three; a CD-ROM and the network come last where it is silent. */
static u16 boot_order(void) {
    u16 order = cmos_read(0x3D) | (cmos_read(0x38) & 0xF0) << 4;
    if (!order) return DEFAULT_ORDER;
    u8 named = 0, shift = 0;
    for (; shift < 16 && order >> shift; shift += 4) named |= 1 << (order >> shift & 7);
    for (u8 device = DEVICE_CDROM; device <= DEVICE_NETWORK && shift < 16; device++) {
        if (named & 1 << device) continue;
        order |= device << shift;
        shift += 4;
    }
    return order;
}

/* What is to be started gets clear registers, DL as its drive, and ES:DI as the plug and play installation check. */
void int19(struct registers *r) {
    for (;;) {
        u16 order = boot_order();
        clear(r);
        if (kernel_present()) {
            kernel_boot(r);
            return;
        }
        for (; order; order >>= 4) {
            clear(r);
            if (!try_device(order & 0x0F, r)) continue;
            r->es = ROM_SEGMENT;
            r->edi = PNP_TABLE;
            return;
        }
        boot_failed();
    }
}

static const ROM ROM_DATA char text_no_boot[] = "\nNothing to boot from. Insert a disk and press a key.\n";

/* INT 18h: the boot has failed. Returns when a key has been pressed; INT 19h then tries again. */
void int18(struct registers *r) {
    (void)r;
    print(text_no_boot);
    BDA->key_head = BDA->key_tail;
    while (BDA->key_head == BDA->key_tail) idle();
    BDA->key_head = BDA->key_tail;
}
