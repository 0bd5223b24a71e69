/*
 * SMBIOS: what the board says of itself to inventories.
 *
 * Source: DMTF System Management BIOS Reference Specification 2.6.1 (DSP0134), chapters 2 and 3. The processor is in smbios_processor.c.
 *
 * Not modelled: connectors of ports, slots of the ISA bus, batteries, sensors, the event log.
 */
#include "setup.h"

struct entry_point {
    char anchor[4];
    u8 checksum, length, major, minor;
    u16 largest;
    u8 revision, formatted[5];
    char intermediate[5];
    u8 intermediate_checksum;
    u16 bytes;
    u32 table;
    u16 structures;
    u8 bcd_revision;
} PACKED;

static u8 image[2048];
static u32 used;
static u16 structures, largest;

u16 smbios_add(const void *formatted, const char *strings) {
    u32 start = used, length = ((const u8 *)formatted)[1];
    u16 handle = 0x1000 + structures;
    u8 *body = image + used;
    copy(body, formatted, length);
    body[2] = handle;
    body[3] = handle >> 8;
    used += length;
    for (; *strings; strings++) image[used++] = *strings == '\n' ? 0 : *strings;
    if (image[used - 1] != 0 || used == start + length) image[used++] = 0;
    image[used++] = 0;
    structures++;
    if (used - start > largest) largest = used - start;
    return handle;
}

static void add_identity(void) {
    /* ISA, PCI, APM; shadowing, CD-ROMs, the order of booting, disks beyond their geometry; floppies of every kind, INT 9, 10h, 14h, 17h; ACPI. */
    static const u8 firmware[] = {0, 0x18, 0, 0, 1, 2, 0, 0xF0, 3, 1, 0x90, 0x94, 0xC9, 0x7B, 0, 0, 0, 0, 0x01, 0, 0, 0, 0xFF, 0xFF};
    static const u8 system[] = {1, 0x1B, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0};
    static const u8 enclosure[] = {3, 0x0D, 0, 0, 1, 3, 0, 0, 0, 3, 3, 3, 2};
    struct {
        u8 type, length;
        u16 handle;
        u8 maker, product, version, serial, asset, features, place;
        u16 enclosure;
        u8 kind, contained;
    } PACKED board = {2, 0x0F, 0, 1, 2, 3, 0, 0, 0x01, 0, 0, 0x0A, 0}; /* A motherboard, which hosts everything. */
    // Systems conclude from this year what a board can do: its windows are as ACPI says from 2008 on, its clock wakes through ACPI from 2015 on.
    smbios_add(firmware, "tsvm-test\n1\n01/01/2010\n");
    smbios_add(system, "tsvm-test\n440FX PC\n1\n");
    board.enclosure = smbios_add(enclosure, "tsvm-test\n");
    smbios_add(&board, "tsvm-test\n440FX PC\n1\n");
}

static bool is_taken(u32 device) {
    for (u32 index = 0; index < functions_count; index++)
        if (functions[index].devfn >> 3 == (u8)device) return true;
    return false;
}

/* Slots as the routing table numbers them, or with hot plug as ACPI does; those beyond the routing table where they hold a card. */
#ifdef HOT_PLUG
#define SLOT_NUMBER(device) (device)
#define SLOT_IS_THERE(device) true
#define SLOT_FEATURES 0x02
#else
#define SLOT_NUMBER(device) ((device) - 2)
#define SLOT_IS_THERE(device) ((device) <= 10 || is_taken(device))
#define SLOT_FEATURES 0
#endif

static void add_slots(void) {
    for (u32 device = 3; device < 32; device++) {
        if (!SLOT_IS_THERE(device)) continue;
        u32 number = SLOT_NUMBER(device);
        struct {
            u8 type, length;
            u16 handle;
            u8 name, kind, width, usage, size;
            u16 number;
            u8 voltages, features;
            u16 segment;
            u8 bus, devfn;
        } PACKED slot = {9, 0x11, 0, 1, 6, 5, is_taken(device) ? 4 : 3, 2, number, 0x02, SLOT_FEATURES, 0, 0, DEVFN(device, 0)};
        char name[] = "PCI 00\n";
        char *digit = name + 4;
        if (number >= 10) *digit++ = '0' + number / 10;
        *digit++ = '0' + number % 10;
        *digit++ = '\n';
        *digit = 0;
        smbios_add(&slot, name);
    }
}

static void add_display(void) {
    u8 devfn = PLATFORM->display_devfn;
    if (devfn != DEVFN(2, 0)) return; /* It is a card, or there is none. */
    const u8 display[] = {41, 0x0B, 0, 0, 1, 0x83, 1, 0, 0, 0, devfn};
    smbios_add(display, "Display\n");
}

static void add_memory(u32 kib) {
    u16 mib = kib >> 10;
    struct {
        u8 type, length;
        u16 handle;
        u8 location, use, correction;
        u32 maximum;
        u16 error, devices;
    } PACKED array = {16, 15, 0, 3, 3, 3, kib, 0xFFFE, 1};
    u16 array_handle = smbios_add(&array, "");
    struct {
        u8 type, length;
        u16 handle, array, error, total_bits, data_bits, mib;
        u8 form, set, locator, bank, kind;
        u16 detail, speed;
        u8 maker, serial, asset, part, ranks;
    } PACKED device = {17, 0x1C, 0, array_handle, 0xFFFE, 64, 64, mib, 9, 0, 1, 0, 7, 0x04, 0, 0, 0, 0, 0, 0};
    smbios_add(&device, "DIMM 0\n");
    struct {
        u8 type, length;
        u16 handle;
        u32 start, end;
        u16 array;
        u8 partitions;
    } PACKED mapped = {19, 15, 0, 0, kib - 1, array_handle, 1};
    smbios_add(&mapped, "");
}

void smbios_write(void) {
    static const u8 boot[] = {32, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0}, end[] = {127, 4, 0, 0};
    used = structures = largest = 0;
    add_identity();
    smbios_add_processor();
    add_slots();
    add_display();
    add_memory((PLATFORM->memory_end + 0x10000) >> 10);
    smbios_add(boot, "");
    smbios_add(end, "");
    struct entry_point *entry = table_place_low(sizeof *entry);
    void *place = table_place_kept(used, 16);
    if (!entry || !place) return;
    copy(place, image, used);
    copy(entry->anchor, "_SM_", 4);
    entry->length = sizeof *entry;
    entry->major = 2;
    entry->minor = 6;
    entry->largest = largest;
    copy(entry->intermediate, "_DMI_", 5);
    entry->bytes = used;
    entry->table = (u32)place;
    entry->structures = structures;
    entry->bcd_revision = 0x26;
    entry->intermediate_checksum = -sum_of(entry->intermediate, 15);
    entry->checksum = -sum_of(entry, sizeof *entry);
}
