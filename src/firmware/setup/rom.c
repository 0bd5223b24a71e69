/*
 * Option ROMs of PCI functions: the image for PC-compatible firmware is copied to where option ROMs run.
 *
 * Sources: PCI Local Bus Specification 2.2, section 6.3 (expansion ROMs); PCI Firmware Specification 3.0, chapter 5.
 */
#include "setup.h"

#define ROM_REGISTER 0x30
#define SIGNATURE_PCIR 0x52494350
#define IMAGES_MAX 16

/* The first image of code type 0 in a ROM, or null. */
static const u8 *find_image(const u8 *rom, u32 *bytes) {
    for (u32 count = 0; count < IMAGES_MAX; count++) {
        if (*(const u16 *)rom != 0xAA55) return 0;
        const u8 *data = rom + *(const u16 *)(rom + 0x18);
        if (*(const u32 *)data != SIGNATURE_PCIR) return 0;
        u32 length = *(const u16 *)(data + 0x10) * 512u;
        if (data[0x14] == 0) {
            *bytes = length;
            if (rom[2] * 512u > length) *bytes = rom[2] * 512u;
            return rom;
        }
        if (data[0x15] & 0x80 || length == 0) return 0;
        rom += length;
    }
    return 0;
}

/* Arguments and answers lie in PLATFORM: no paragraphs means that there is nothing to run. */
void option_rom_load(void) {
    volatile struct platform *p = PLATFORM;
    u8 devfn = p->rom_devfn;
    u32 place = pci_read32(devfn, ROM_REGISTER) & 0xFFFFF800, bytes = 0;
    u16 command = pci_read16(devfn, 0x04);
    p->rom_paragraphs = 0;
    if (!place) return;
    pci_write32(devfn, ROM_REGISTER, place | 1);
    pci_write16(devfn, 0x04, command | 2);
    const u8 *image = find_image((const u8 *)place, &bytes);
    if (image && bytes && bytes / 16 <= (u32)(p->rom_limit - p->rom_segment)) {
        copy((void *)(p->rom_segment * 16u), image, bytes);
        p->rom_paragraphs = bytes / 16;
    }
    pci_write32(devfn, ROM_REGISTER, place);
    pci_write16(devfn, 0x04, command);
}
