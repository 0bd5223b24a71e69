/*
 * Power-on self test: vectors, chips, screen, memory, keyboard, clock, ports and disks, in that order; then INT 18h.
 *
 * Sources: IBM PC/AT Technical Reference (vectors, data area, equipment word).
 *
 * Not modelled: option ROMs are not looked for; beeps; a setup program; the vectors 78h to FFh and 60h to 67h stay zero.
 */
#include "services.h"

#define ENTRY(name) extern u8 entry_##name[]
ENTRY(02); ENTRY(05); ENTRY(08); ENTRY(09); ENTRY(0e); ENTRY(10); ENTRY(11); ENTRY(12); ENTRY(13); ENTRY(14);
ENTRY(15); ENTRY(16); ENTRY(17); ENTRY(18); ENTRY(19); ENTRY(1a); ENTRY(70); ENTRY(71); ENTRY(74); ENTRY(75);
ENTRY(76); ENTRY(77); ENTRY(nothing); ENTRY(unexpected_master); ENTRY(unexpected_slave);

struct vector {
    u8 number;
    const u8 *entry;
};

/* The vectors whose entry stands at no fixed address come first; those of data follow in their own parts. */
static const ROM ROM_DATA struct vector vectors[] = {
    {0x02, entry_02}, {0x05, entry_05}, {0x08, entry_08}, {0x09, entry_09}, {0x0E, entry_0e}, {0x10, entry_10},
    {0x11, entry_11}, {0x12, entry_12}, {0x13, entry_13}, {0x14, entry_14}, {0x15, entry_15}, {0x16, entry_16},
    {0x17, entry_17}, {0x18, entry_18}, {0x19, entry_19}, {0x1A, entry_1a}, {0x40, entry_13}, {0x42, entry_10},
    {0x70, entry_70}, {0x71, entry_71}, {0x74, entry_74}, {0x75, entry_75}, {0x76, entry_76}, {0x77, entry_77},
};

static void vectors_initialise(void) {
    for (u16 number = 0; number < 0x100; number++) {
        bool free = number >= 0x78 || (number >= 0x60 && number < 0x68);
        VECTOR(number) = free ? 0 : FAR_ADDRESS(ROM_SEGMENT, entry_nothing);
    }
    for (u8 number = 0x0A; number < 0x10; number++) {
        VECTOR(number) = FAR_ADDRESS(ROM_SEGMENT, entry_unexpected_master);
    }
    for (u8 number = 0x72; number < 0x78; number++) {
        VECTOR(number) = FAR_ADDRESS(ROM_SEGMENT, entry_unexpected_slave);
    }
    for (u8 index = 0; index < LENGTH(vectors); index++) {
        VECTOR(vectors[index].number) = FAR_ADDRESS(ROM_SEGMENT, vectors[index].entry);
    }
    VECTOR(0x1D) = FAR_ADDRESS(ROM_SEGMENT, 0xF0A4);
    VECTOR(0x1E) = FAR_ADDRESS(ROM_SEGMENT, 0xEFC7);
}

static const ROM ROM_DATA char banner[] = "tsvm-test firmware\n";
static const ROM ROM_DATA char text_base[] = " KiB base and ";
static const ROM ROM_DATA char text_extended[] = " KiB extended memory\n";
static const ROM ROM_DATA char text_floppy[] = "Floppy ";
static const ROM ROM_DATA char text_colon[] = ": ";
static const ROM ROM_DATA char floppy_names[6][9] = {"", "360 KiB\n", "1.2 MB\n", "720 KiB\n", "1.44 MB\n", "2.88 MB\n"};

static void report(void) {
    print_decimal(BDA->base_memory_kib);
    print(text_base);
    print_decimal(memory_extended_kib());
    print(text_extended);
    for (u8 drive = 0; drive < 2; drive++) {
        u8 type = floppy_drive_type(drive);
        if (!type) continue;
        print(text_floppy);
        print_character('A' + drive);
        print(text_colon);
        print(floppy_names[type]);
    }
}

volatile struct platform platform __attribute__((section(".bss.extended.first")));
extern u8 bios32_entry[], pci32_entry[];

_Static_assert(__builtin_offsetof(struct platform, power) == 9, "entry.asm knows where this member is");

static void bus_initialise(void) {
    if (!has_pci()) return;
    setup_call(SETUP_BUS, 0);
}

/* Tables come when everything has been found. */
static void tables_initialise(void) {
    if (!has_pci()) return;
    for (u8 port = 0; port < 4; port++) platform.com_ports[port] = BDA->com_ports[port];
    for (u8 port = 0; port < 3; port++) platform.lpt_ports[port] = BDA->lpt_ports[port];
    platform.floppies = BDA->equipment & 1;
    platform.pointer = BDA->equipment >> 2 & 1;
    platform.table_start = TABLES_START;
    platform.table_end = TABLES_END;
    platform.bios32_entry = ADDRESS(bios32_entry);
    setup_call(SETUP_TABLES, 0);
    setup_call(SETUP_LOCK, 0);
}

void post(void) {
    vectors_initialise();
    chips_initialise();
    bus_initialise();
    video_initialise();
    option_rom_display();
    print(banner);
    memory_initialise();
    keyboard_initialise();
    ports_initialise();
    clock_initialise();
    floppy_initialise();
    mouse_initialise();
    report();
    disk_initialise();
    option_roms_initialise();
    tables_initialise();
    a20_set(false); /* As DOS-era systems find it; whoever needs the line opens either gate. */
    print_character('\n');
}

void int11(struct registers *r) { r->ax = BDA->equipment; }

void int12(struct registers *r) { r->ax = BDA->base_memory_kib; }
