/*
 * The 440FX host bridge and the PIIX3/PIIX4 south bridge: shadow memory, interrupt routing, disks, power management.
 *
 * Sources: Intel 82441FX data sheet (290549), section 3.2.15 (PAM); Intel 82371FB/SB PIIX3 data sheet (290550), PIRQRC,
 * IDETIM, edge/level control; Intel 82371AB PIIX4 data sheet (290562), chapter 7 (power management function).
 */
#include "setup.h"

extern const u8 fonts_start[], fonts_end[];

#define HOST DEVFN(0, 0)
#define ISA_BRIDGE DEVFN(1, 0)
#define SHADOW_BUFFER 0x40000
#define ROM_BELOW_4_GIB 0xFFFF0000

/* Pairs of bits: 1 reads memory, 2 writes it. 59h has the F segment above; 5Ah to 5Fh have 32 KiB each from C0000h on. */
static void set_shadow(u8 first, u8 last, u8 bits) {
    for (u8 at = first; at <= last; at++) pci_write8(HOST, at, bits | bits << 4);
}

/* What cards have mapped at C0000h to DFFFFh, and this ROM's upper half, go to memory; E0000h to EFFFFh become blank but for the fonts. */
void shadow_memory(void) {
    set_shadow(0x5A, 0x5D, 0);
    copy((void *)SHADOW_BUFFER, (void *)0xC0000, 0x20000);
    set_shadow(0x5A, 0x5F, 3);
    pci_write8(HOST, 0x59, (pci_read8(HOST, 0x59) & 0x0F) | 0x30);
    copy((void *)0xC0000, (void *)SHADOW_BUFFER, 0x20000);
    copy((void *)0xF0000, (void *)ROM_BELOW_4_GIB, 0x10000);
    fill((void *)0xE0000, 0xFF, 0x8000);
    copy((void *)0xE6000, fonts_start, fonts_end - fonts_start);
    fill((void *)0xE8000, 0, 0x8000);
}

static bool is_blank(u32 from, u32 bytes) {
    for (u32 index = 0; index < bytes; index += 4) {
        u32 value = *(u32 *)(from + index);
        if (value != 0xFFFFFFFF && value != 0) return false;
    }
    return true;
}

/* After POST ROMs can no longer be written; 16 KiB with nothing in them go back to the bus, free for cards. */
void shadow_lock(void) {
    for (u32 block = 0; block < 10; block++) {
        u8 at = 0x5A + block / 2, shift = block & 1 ? 4 : 0;
        u8 bits = is_blank(0xC0000 + block * 0x4000, 0x4000) ? 0 : 1;
        pci_write8(HOST, at, (pci_read8(HOST, at) & ~(3 << shift)) | bits << shift);
    }
    pci_write8(HOST, 0x59, (pci_read8(HOST, 0x59) & 0x0F) | 0x10);
}

static void route_interrupts(void) {
    static const u8 routes[4] = {PIRQ_A, PIRQ_B, PIRQ_C, PIRQ_D};
    u16 level = 0;
    for (u8 line = 0; line < 4; line++) {
        pci_write8(ISA_BRIDGE, 0x60 + line, routes[line]);
        level |= 1 << routes[line];
    }
    out8(0x4D0, level);
    out8(0x4D1, level >> 8 | 1 << (SCI_IRQ - 8));
}

/* The interface decodes both channels at the addresses of the AT. */
static void enable_disks(void) {
    for (u32 index = 0; index < functions_count; index++) {
        const struct function *f = &functions[index];
        if (f->class_code >> 8 != 0x0101 || f->vendor != 0x8086) continue;
        pci_write16(f->devfn, 0x40, pci_read16(f->devfn, 0x40) | 0x8000);
        pci_write16(f->devfn, 0x42, pci_read16(f->devfn, 0x42) | 0x8000);
        pci_write16(f->devfn, 0x04, pci_read16(f->devfn, 0x04) | 0x0005);
    }
}

static void enable_power_management(void) {
    const struct function *f = pci_find(0x8086, 0x7113);
    if (!f) return;
    pci_write32(f->devfn, 0x40, PM_BASE | 1);
    pci_write8(f->devfn, 0x80, pci_read8(f->devfn, 0x80) | 1);
    pci_write32(f->devfn, 0x90, SMBUS_BASE | 1);
    pci_write8(f->devfn, 0xD2, 0x09);
    pci_write16(f->devfn, 0x04, pci_read16(f->devfn, 0x04) | 1);
    pci_write8(f->devfn, 0x3C, SCI_IRQ);
    volatile struct platform *p = PLATFORM;
    p->power = 1;
    /* A board whose management firmware answers the port changes to ACPI when asked; else it is in ACPI for good. */
    out8(SMI_COMMAND_PORT, ACPI_ENABLE);
    p->smi_command = in16(PM_BASE + 4) & 1;
    if (p->smi_command) out8(SMI_COMMAND_PORT, ACPI_DISABLE);
    else out16(PM_BASE + 4, in16(PM_BASE + 4) | 1);
}

void chipset_initialise(void) {
    route_interrupts();
    enable_disks();
    enable_power_management();
}
