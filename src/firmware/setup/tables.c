/*
 * What systems read about the board: small tables and entry points in the shadow of segment F000h, the rest in the last
 * 64 KiB of memory, which the memory map reserves.
 *
 * Sources: PCI BIOS Specification 2.1, section 3.3 (BIOS32 directory); Microsoft "PCI IRQ Routing Table Specification" 1.0.
 */
#include "setup.h"

#define SEGMENT_F000 0xF0000u
#define RESERVED_BYTES 0x1000 /* The last page stays reserved for good: what a system writes or reads late. */

static u32 low_next, low_end, high_next, high_end, kept_next, kept_end;

static void *take(u32 *next, u32 end, u32 bytes, u32 alignment) {
    u32 at = (*next + alignment - 1) & -alignment;
    if (at + bytes > end) return 0;
    *next = at + bytes;
    fill((void *)at, 0, bytes);
    return (void *)at;
}
void *table_place(u32 bytes, u32 alignment) { return take(&high_next, high_end, bytes, alignment); }
void *table_place_low(u32 bytes) { return take(&low_next, low_end, bytes, 16); }
void *table_place_kept(u32 bytes, u32 alignment) { return take(&kept_next, kept_end, bytes, alignment); }

struct bios32_directory {
    u32 signature, entry;
    u8 revision, paragraphs, checksum, reserved[5];
} PACKED;

void bios32_write(void) {
    struct bios32_directory *directory = table_place_low(sizeof *directory);
    if (!directory) return;
    directory->signature = 0x5F32335F;
    directory->entry = SEGMENT_F000 + PLATFORM->bios32_entry;
    directory->paragraphs = 1;
    directory->checksum = -sum_of(directory, sizeof *directory);
}

struct routing_pin {
    u8 link;
    u16 interrupts;
} PACKED;
struct routing_slot {
    u8 bus, devfn;
    struct routing_pin pins[4];
    u8 slot, reserved;
} PACKED;
struct routing_table {
    u32 signature;
    u16 version, bytes;
    u8 router_bus, router_devfn;
    u16 exclusive;
    u32 compatible_router, miniport_data;
    u8 reserved[11], checksum;
    struct routing_slot slots[];
} PACKED;

#define ROUTING_SLOTS 10
#define ROUTABLE (1 << 5 | 1 << 10 | 1 << 11)

void pirq_write(void) {
    u32 bytes = sizeof(struct routing_table) + ROUTING_SLOTS * sizeof(struct routing_slot);
    struct routing_table *table = table_place_low(bytes);
    if (!table) return;
    table->signature = 0x52495024;
    table->version = 0x0100;
    table->bytes = bytes;
    table->router_devfn = DEVFN(1, 0);
    table->compatible_router = 0x70008086;
    for (u32 index = 0; index < ROUTING_SLOTS; index++) {
        struct routing_slot *slot = &table->slots[index];
        u8 device = index + 1;
        slot->devfn = device << 3;
        for (u32 pin = 0; pin < 4; pin++) {
            slot->pins[pin].link = 0x60 + ((pin + device - 1) & 3);
            slot->pins[pin].interrupts = ROUTABLE;
        }
        slot->slot = device > 2 ? device - 2 : 0; /* Devices 1 and 2 are on the board itself. */
    }
    table->checksum = -sum_of(table, bytes);
}

void tables_write(void) {
    volatile struct platform *p = PLATFORM;
    low_next = SEGMENT_F000 + p->table_start;
    low_end = SEGMENT_F000 + p->table_end;
    high_next = p->memory_end;
    high_end = kept_next = p->memory_end + 0x10000 - RESERVED_BYTES;
    kept_end = kept_next + RESERVED_BYTES;
    pirq_write();
    bios32_write();
    if (p->memory_end) { /* Else there is 1 MiB of memory, and no end of it for them. */
        smbios_write();
        if (p->power) acpi_write();
    }
    if (p->local_apic && p->io_apic) mp_write();
}
