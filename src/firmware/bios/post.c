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
ENTRY(76); ENTRY(nothing); ENTRY(unexpected_master); ENTRY(unexpected_slave);

struct vector {
    u8 number;
    const u8 *entry;
};

/* The vectors whose entry stands at no fixed address come first; those of data follow in their own parts. */
static const ROM ROM_DATA struct vector vectors[] = {
    {0x02, entry_02}, {0x05, entry_05}, {0x08, entry_08}, {0x09, entry_09}, {0x0E, entry_0e}, {0x10, entry_10},
    {0x11, entry_11}, {0x12, entry_12}, {0x13, entry_13}, {0x14, entry_14}, {0x15, entry_15}, {0x16, entry_16},
    {0x17, entry_17}, {0x18, entry_18}, {0x19, entry_19}, {0x1A, entry_1a}, {0x40, entry_13}, {0x42, entry_10},
    {0x70, entry_70}, {0x71, entry_71}, {0x74, entry_74}, {0x75, entry_75}, {0x76, entry_76},
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

static const ROM ROM_DATA char banner[] = "tsvm-test firmware, 80386 PC/AT\n";
static const ROM ROM_DATA char text_base[] = " KiB base and ";
static const ROM ROM_DATA char text_extended[] = " KiB extended memory\n";
static const ROM ROM_DATA char text_floppy[] = "Floppy ";
static const ROM ROM_DATA char text_disk[] = "Disk ";
static const ROM ROM_DATA char text_mib[] = " MiB\n";
static const ROM ROM_DATA char text_colon[] = ": ";
static const ROM ROM_DATA char text_comma[] = ", ";
static const ROM ROM_DATA char floppy_names[6][9] = {"", "360 KiB\n", "1.2 MB\n", "720 KiB\n", "1.44 MB\n", "2.88 MB\n"};

static void print_model(const char *model) {
    while (*model) print_character(*model++);
}

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
    for (u8 drive = 0; drive < BDA->disk_count; drive++) {
        print(text_disk);
        print_decimal(drive);
        print(text_colon);
        print_model(disks[drive].model);
        print(text_comma);
        print_decimal(disks[drive].sectors >> 11);
        print(text_mib);
    }
    print_character('\n');
}

void post(void) {
    vectors_initialise();
    chips_initialise();
    video_initialise();
    print(banner);
    memory_initialise();
    keyboard_initialise();
    ports_initialise();
    clock_initialise();
    floppy_initialise();
    disk_initialise();
    a20_set(false); /* As DOS-era systems find it; whoever needs the line opens either gate. */
    report();
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

void int11(struct registers *r) { r->ax = BDA->equipment; }

void int12(struct registers *r) { r->ax = BDA->base_memory_kib; }
