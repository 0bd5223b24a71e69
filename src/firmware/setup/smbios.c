/*
 * SMBIOS: what the board says of itself to inventories.
 *
 * Source: DMTF System Management BIOS Reference Specification 2.4 (DSP0134), chapters 2 and 3.
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

static u8 image[1024];
static u32 used;
static u16 structures, largest;

/* Appends the formatted part and its strings, which are separated by newlines. */
static void add(const void *formatted, const char *strings) {
    u32 start = used, length = ((const u8 *)formatted)[1];
    u8 *body = image + used;
    copy(body, formatted, length);
    body[2] = structures;
    body[3] = 0x10 + (structures >> 8);
    used += length;
    for (; *strings; strings++) image[used++] = *strings == '\n' ? 0 : *strings;
    if (image[used - 1] != 0 || used == start + length) image[used++] = 0;
    image[used++] = 0;
    structures++;
    if (used - start > largest) largest = used - start;
}

static void add_identity(void) {
    static const u8 firmware[] = {0, 0x18, 0, 0, 1, 2, 0, 0xF0, 3, 1, 0x90, 0xD8, 0x01, 0, 0, 0, 0, 0, 0x01, 0x08, 0, 0, 0xFF, 0xFF};
    static const u8 system[] = {1, 0x1B, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0};
    static const u8 enclosure[] = {3, 0x0D, 0, 0, 1, 3, 0, 0, 0, 3, 3, 3, 2};
    // Systems conclude from this year what a board can do: its windows are as ACPI says from 2008 on, its clock wakes through ACPI from 2015 on.
    add(firmware, "tsvm-test\n1\n01/01/2010\n");
    add(system, "tsvm-test\n440FX PC\n1\n");
    add(enclosure, "tsvm-test\n");
}

static void add_processor(void) {
    struct cpuid features = {0, 0, 0, 0};
    bool known = cpuid(1, &features);
    u8 family = known ? features.eax >> 8 & 0x0F : 4;
    struct {
        u8 type, length;
        u16 handle;
        u8 socket, kind, family, maker;
        u32 identification, features;
        u8 version, voltage;
        u16 external_clock, speed_maximum, speed;
        u8 status, upgrade;
        u16 caches[3];
        u8 serial, asset, part;
    } PACKED entry = {4, 0x23, 0, 1, 3, family >= 6 ? 0x11 : family == 5 ? 0x0B : 0x06, 2, features.eax, features.edx,
                      0, 0x80, 0, 0, 0, 0x41, 6, {0xFFFF, 0xFFFF, 0xFFFF}, 0, 0, 0};
    add(&entry, "CPU 0\nIntel\n");
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
    u16 array_handle = 0x1000 + structures;
    add(&array, "");
    struct {
        u8 type, length;
        u16 handle, array, error, total_bits, data_bits, mib;
        u8 form, set, locator, bank, kind;
        u16 detail, speed;
        u8 maker, serial, asset, part;
    } PACKED device = {17, 0x1B, 0, array_handle, 0xFFFE, 64, 64, mib, 9, 0, 1, 0, 7, 0x04, 0, 0, 0, 0, 0};
    add(&device, "DIMM 0\n");
    struct {
        u8 type, length;
        u16 handle;
        u32 start, end;
        u16 array;
        u8 partitions;
    } PACKED mapped = {19, 15, 0, 0, kib - 1, array_handle, 1};
    add(&mapped, "");
}

void smbios_write(void) {
    static const u8 boot[] = {32, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0}, end[] = {127, 4, 0, 0};
    used = structures = largest = 0;
    add_identity();
    add_processor();
    add_memory((PLATFORM->memory_end + 0x10000) >> 10);
    add(boot, "");
    add(end, "");
    struct entry_point *entry = table_place_low(sizeof *entry);
    void *place = table_place_kept(used, 16);
    if (!entry || !place) return;
    copy(place, image, used);
    copy(entry->anchor, "_SM_", 4);
    entry->length = sizeof *entry;
    entry->major = 2;
    entry->minor = 4;
    entry->largest = largest;
    copy(entry->intermediate, "_DMI_", 5);
    entry->bytes = used;
    entry->table = (u32)place;
    entry->structures = structures;
    entry->bcd_revision = 0x24;
    entry->intermediate_checksum = -sum_of(entry->intermediate, 15);
    entry->checksum = -sum_of(entry, sizeof *entry);
}
