/*
 * The header of a display's ROM at C0000h, where the display has brought none. The services themselves stay in segment F000h;
 * this is what programs look for that run a display's BIOS by themselves (X servers with the VESA driver, v86d) or recognise
 * a VGA by it.
 *
 * Sources: IBM PS/2 and PC BIOS Interface Technical Reference, ROM scan; IBM VGA BIOS ("IBM" at 1Eh); PCI Firmware
 * Specification 3.0, section 5.1 (PCI data structure); VESA BIOS Extension Core Functions Standard 3.0.
 *
 * Not modelled: an expansion ROM behind the display's own base register; the protected mode entry point of VBE 3.0.
 */
#include "setup.h"

#define PLACE 0xC0000
#define SIGNATURE 0xAA55
#define SIGNATURE_PCIR 0x52494350
#define DISPLAY_CLASS 0x030000
#define FAR_RETURN 0xCB
#define FAR_JUMP 0xEA
#define INT_10 0xF000F065 /* The AT's fixed entry. */

struct display_rom {
    u16 signature;
    u8 blocks, initialise, spare[20];
    u16 pci_data, expansion_header;
    u8 spare_again[2];
    char compatible[34];
    struct {
        u32 signature;
        u16 vendor, device, reserved, length;
        u8 revision, class_code[3];
        u16 blocks, code_revision;
        u8 code_type, indicator;
        u16 reserved_again;
    } PACKED pci;
    u8 jump;
    u32 target;
    u8 rest[512 - 0x5D - 1], sum;
} PACKED;
_Static_assert(sizeof(struct display_rom) == 512, "the ROM is one block");
_Static_assert(__builtin_offsetof(struct display_rom, compatible) == 0x1E, "where programs look for it");

static const struct display_rom display_rom = {
    .signature = SIGNATURE,
    .blocks = 1,
    .initialise = FAR_RETURN,
    .compatible = "IBM VGA compatible, tsvm-test",
    .pci = {.signature = SIGNATURE_PCIR, .length = sizeof display_rom.pci, .class_code = {0, 0, 3}, .blocks = 1, .indicator = 0x80},
    .jump = FAR_JUMP,
    .target = INT_10,
};

void display_rom_write(void) {
    struct display_rom *rom = (struct display_rom *)PLACE;
    u8 devfn = PLATFORM->display_devfn;
    copy(rom, &display_rom, sizeof display_rom);
    if (pci_read32(devfn, 0x08) >> 8 == DISPLAY_CLASS) {
        rom->pci.vendor = pci_read16(devfn, 0x00);
        rom->pci.device = pci_read16(devfn, 0x02);
        rom->pci_data = __builtin_offsetof(struct display_rom, pci);
    }
    rom->sum = -sum_of(rom, sizeof *rom);
}
