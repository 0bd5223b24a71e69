/*
 * The MP configuration table: one processor, two buses, one I/O APIC, and where every interrupt goes.
 *
 * Source: Intel MultiProcessor Specification 1.4, chapter 4.
 */
#include "setup.h"

#define BUS_PCI 0
#define BUS_ISA 1
#define IO_APIC_ID 1


struct pointer {
    u32 signature, table;
    u8 paragraphs, revision, checksum, features[5];
} PACKED;

struct configuration {
    u32 signature;
    u16 bytes;
    u8 revision, checksum;
    char oem[8], product[12];
    u32 oem_table;
    u16 oem_bytes, entries;
    u32 local_apic;
    u16 extended_bytes;
    u8 extended_checksum, reserved;
} PACKED;

static u8 image[sizeof(struct configuration) + 20 + 2 * 8 + 8 + (16 + FUNCTIONS_MAX + 2) * 8];
static u8 *next;

static void add(const void *entry, u32 bytes) {
    copy(next, entry, bytes);
    next += bytes;
    ((struct configuration *)image)->entries++;
}

static void add_processor(void) {
    struct cpuid features = {0, 0, 0, 0};
    cpuid(1, &features);
    u8 id = *(volatile u32 *)0xFEE00020 >> 24, version = *(volatile u32 *)0xFEE00030;
    struct {
        u8 type, id, version, flags;
        u32 signature, features, reserved[2];
    } PACKED entry = {0, id, version, 3, features.eax & 0xFFF, features.edx, {0, 0}};
    add(&entry, sizeof entry);
}

static void add_bus(u8 id, const char *name) {
    u8 entry[8] = {1, id};
    copy(entry + 2, name, 6);
    add(entry, sizeof entry);
}

static void add_interrupt(u8 type, u8 kind, u8 flags, u8 bus, u8 source, u8 apic, u8 input) {
    u8 entry[8] = {type, kind, flags, 0, bus, source, apic, input};
    add(entry, sizeof entry);
}

/* PCI pins first, then the ISA interrupts that no pin took. */
static void add_interrupts(void) {
    u32 taken = 1 << 2 | 1 << 13;
    u8 last_device = 0xFF, pins = 0;
    for (u32 index = 0; index < functions_count; index++) {
        const struct function *f = &functions[index];
        u8 device = f->devfn >> 3, pin = f->interrupt_pin;
        if (!pin || f->interrupt_line > 15) continue;
        if (device != last_device) pins = 0;
        last_device = device;
        taken |= 1 << f->interrupt_line;
        if (pins & 1 << pin) continue;
        pins |= 1 << pin;
        add_interrupt(3, 0, 0x0D, BUS_PCI, device << 2 | (pin - 1), IO_APIC_ID, f->interrupt_line);
    }
    for (u8 irq = 0; irq < 16; irq++) {
        if (!(taken & 1 << irq)) add_interrupt(3, 0, 0, BUS_ISA, irq, IO_APIC_ID, irq == 0 ? 2 : irq);
    }
    add_interrupt(4, 3, 0, BUS_ISA, 0, 0, 0);
    add_interrupt(4, 1, 0, BUS_ISA, 0, 0xFF, 1);
}

void mp_write(void) {
    struct configuration *c = (struct configuration *)image;
    next = image + sizeof *c;
    copy(&c->signature, "PCMP", 4);
    c->revision = 4;
    copy(c->oem, "TSVM    ", 8);
    copy(c->product, "440FX       ", 12);
    c->local_apic = 0xFEE00000;
    add_processor();
    add_bus(BUS_PCI, "PCI   ");
    add_bus(BUS_ISA, "ISA   ");
    u8 io_apic[8] = {2, IO_APIC_ID, 0x11, 1, 0x00, 0x00, 0xC0, 0xFE};
    add(io_apic, sizeof io_apic);
    add_interrupts();
    c->bytes = next - image;
    c->checksum = -sum_of(image, c->bytes);
    struct pointer *pointer = table_place_low(sizeof *pointer);
    void *place = table_place_low(c->bytes);
    if (!pointer || !place) return;
    copy(place, image, c->bytes);
    copy(&pointer->signature, "_MP_", 4);
    pointer->table = (u32)place;
    pointer->paragraphs = 1;
    pointer->revision = 4;
    pointer->checksum = -sum_of(pointer, sizeof *pointer);
}
