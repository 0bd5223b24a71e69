/*
 * PCI: the functions of bus 0, room for their ranges, and where their interrupts go.
 *
 * Source: PCI Local Bus Specification 2.2, sections 3.2.2.3.2 (mechanism #1), 6.1 and 6.2.5 (base address registers).
 *
 * Not modelled: bridges to other buses; 64-bit ranges above 4 GiB; ranges that others have placed already are placed anew.
 */
#include "setup.h"

#define PORTS_START 0xC000
#define PORTS_END 0x10000
#define MEMORY_START 0xE0000000u
#define MEMORY_END 0xFEC00000u
#define COMMAND 0x04
#define COMMAND_PORTS 1
#define COMMAND_MEMORY 2
#define ROM_REGISTER 0x30

struct function functions[FUNCTIONS_MAX];
u32 functions_count;

static u16 select(u8 devfn, u8 at) {
    out32(0xCF8, 0x80000000 | devfn << 8 | (at & 0xFC));
    return 0xCFC + (at & 3);
}
u8 pci_read8(u8 devfn, u8 at) { return in8(select(devfn, at)); }
u16 pci_read16(u8 devfn, u8 at) { return in16(select(devfn, at)); }
u32 pci_read32(u8 devfn, u8 at) { return in32(select(devfn, at)); }
void pci_write8(u8 devfn, u8 at, u8 value) { out8(select(devfn, at), value); }
void pci_write16(u8 devfn, u8 at, u16 value) { out16(select(devfn, at), value); }
void pci_write32(u8 devfn, u8 at, u32 value) { out32(select(devfn, at), value); }

void pci_find_functions(void) {
    functions_count = 0;
    for (u32 devfn = 0; devfn < 256 && functions_count < FUNCTIONS_MAX; devfn++) {
        u32 id = pci_read32(devfn, 0);
        if ((id & 0xFFFF) == 0xFFFF || (id & 0xFFFF) == 0) {
            if ((devfn & 7) == 0) devfn |= 7;
            continue;
        }
        struct function *found = &functions[functions_count++];
        found->devfn = devfn;
        found->vendor = id;
        found->device = id >> 16;
        found->class_code = pci_read32(devfn, 0x08) >> 8;
        found->interrupt_pin = pci_read8(devfn, 0x3D);
        found->interrupt_line = pci_read8(devfn, 0x3C);
        if ((devfn & 7) == 0 && !(pci_read8(devfn, 0x0E) & 0x80)) devfn |= 7;
    }
}

const struct function *pci_find(u16 vendor, u16 device) {
    for (u32 index = 0; index < functions_count; index++) {
        if (functions[index].vendor == vendor && functions[index].device == device) return &functions[index];
    }
    return 0;
}

/* A range as its register tells of it when all ones are written: its size, or zero for none. */
struct range {
    u8 devfn, at;
    bool ports, wide;
    u32 bytes;
};
static struct range ranges[FUNCTIONS_MAX * 7];
static u32 ranges_count;

static void add_range(u8 devfn, u8 at) {
    u32 ones = at == ROM_REGISTER ? 0xFFFFF800 : 0xFFFFFFFF;
    pci_write32(devfn, at, ones);
    u32 mask = pci_read32(devfn, at);
    pci_write32(devfn, at, 0);
    bool ports = at != ROM_REGISTER && mask & 1;
    u32 bits = mask & (at == ROM_REGISTER ? 0xFFFFF800 : ports ? 0xFFFFFFFC : 0xFFFFFFF0);
    if (bits == 0) return;
    if (ports) bits |= 0xFFFF0000;
    struct range *range = &ranges[ranges_count++];
    range->devfn = devfn;
    range->at = at;
    range->ports = ports;
    range->wide = at != ROM_REGISTER && !ports && (mask & 6) == 4;
    range->bytes = -bits;
}

static void find_ranges(const struct function *f) {
    u8 last = (pci_read8(f->devfn, 0x0E) & 0x7F) == 0 ? 0x24 : 0x14;
    if (f->class_code >> 8 == 0x0600) return; /* The host bridge's ranges, if any, are not on this bus. */
    pci_write16(f->devfn, COMMAND, pci_read16(f->devfn, COMMAND) & ~(COMMAND_PORTS | COMMAND_MEMORY));
    for (u8 at = 0x10; at <= last; at += 4) {
        u32 before = ranges_count;
        add_range(f->devfn, at);
        if (ranges_count > before && ranges[before].wide) at += 4;
    }
    if (last == 0x24) add_range(f->devfn, ROM_REGISTER);
}

/* Ranges from the largest to the smallest, so that each lies on a multiple of its size without gaps. */
static void place_all(bool ports, u32 next, u32 end) {
    for (u32 bytes = 0x20000000; bytes >= 4; bytes >>= 1) {
        for (u32 index = 0; index < ranges_count; index++) {
            const struct range *range = &ranges[index];
            if (range->ports != ports || range->bytes != bytes) continue;
            u32 at = (next + bytes - 1) & -bytes;
            if (at < next || at >= end || end - at < bytes) continue; /* No room: it stays unplaced and shut. */
            pci_write32(range->devfn, range->at, at);
            if (range->wide) pci_write32(range->devfn, range->at + 4, 0);
            next = at + bytes;
            if (range->at == ROM_REGISTER) continue;
            u16 command = pci_read16(range->devfn, COMMAND);
            pci_write16(range->devfn, COMMAND, command | (ports ? COMMAND_PORTS : COMMAND_MEMORY));
        }
    }
}

/* Devices one after another take the four lines turned by one; device 1 has them in order. */
u8 pci_irq_of(u8 devfn, u8 pin) {
    static const u8 routes[4] = {PIRQ_A, PIRQ_B, PIRQ_C, PIRQ_D};
    return routes[(pin - 1 + (devfn >> 3) - 1) & 3];
}

static void note_function(const struct function *f) {
    volatile struct platform *p = PLATFORM;
    if (f->class_code >> 8 == 0x0300 || f->class_code >> 8 == 0x0001) {
        if (!p->display_devfn) p->display_devfn = f->devfn;
        if (f->vendor == 0x1234 && f->device == 0x1111 && p->display_devfn == f->devfn) {
            p->display_memory = pci_read32(f->devfn, 0x10) & 0xFFFFFFF0;
        }
    }
    u8 kind = f->vendor == 0x1AF4 && f->device == 0x1001   ? STORAGE_VIRTIO
              : f->vendor == 0x1AF4 && f->device == 0x1004 ? STORAGE_VIRTIO_SCSI
              : f->vendor == 0x1000 && f->device == 0x0012 ? STORAGE_LSI
                                                           : STORAGE_NONE;
    if (kind && p->storage_count < STORAGE_MAX) {
        volatile struct storage_controller *controller = &p->storage[p->storage_count++];
        controller->kind = kind;
        controller->devfn = f->devfn;
        controller->ports = pci_read32(f->devfn, 0x10) & 0xFFFC;
        pci_write16(f->devfn, COMMAND, pci_read16(f->devfn, COMMAND) | 4);
    }
}

static void note_rom(u8 devfn, bool display) {
    volatile struct platform *p = PLATFORM;
    if ((devfn == p->display_devfn) != display || p->rom_count == ROMS_MAX) return;
    if (pci_read32(devfn, ROM_REGISTER) & 0xFFFFF800) p->roms[p->rom_count++] = devfn;
}

void pci_place(void) {
    ranges_count = 0;
    for (u32 index = 0; index < functions_count; index++) find_ranges(&functions[index]);
    place_all(true, PORTS_START, PORTS_END);
    place_all(false, MEMORY_START, MEMORY_END);
    for (u32 index = 0; index < functions_count; index++) {
        const struct function *f = &functions[index];
        if (f->interrupt_pin) pci_write8(f->devfn, 0x3C, pci_irq_of(f->devfn, f->interrupt_pin));
        note_function(f);
    }
    for (u32 pass = 0; pass < 2; pass++) {
        for (u32 index = 0; index < functions_count; index++) note_rom(functions[index].devfn, pass == 0);
    }
    PLATFORM->pci = 1;
}
