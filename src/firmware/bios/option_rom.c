/*
 * Option ROMs: those that cards have mapped from C0000h on, and those of PCI functions, which are copied there.
 *
 * Sources: IBM PC/AT Technical Reference (ROM scan); Plug and Play BIOS Specification 1.0A, chapter 3 (expansion header);
 * BIOS Boot Specification 1.01 (connection and bootstrap vectors); PCI Firmware Specification 3.0, section 5.2.
 *
 * Not modelled: PMM; the disconnect vector; removal of ROMs that are not started.
 */
#include "services.h"

#define FIRST 0xC000
#define STEP 0x80 /* 2 KiB in paragraphs. */
#define SIGNATURE_PNP 0x506E5024

static u16 last_segment(void) { return has_pci() ? FONT_SEGMENT : 0xE000; }

/* Paragraphs of the ROM at a segment, or zero when there is none or its sum is not zero. */
static u16 rom_size(u16 segment) {
    if (far_read16(segment, 0) != 0xAA55) return 0;
    u16 blocks = far_read8(segment, 2);
    u8 sum = 0;
    for (u16 block = 0; block < blocks; block++) {
        for (u16 at = 0; at < 512; at++) sum += far_read8(segment + block * 32, at);
    }
    return sum ? 0 : blocks * 32;
}

static u16 round_up(u16 segment) { return (segment + STEP - 1) & -STEP; }

/* Calls an entry of a ROM as plug and play firmware does: AX is the PCI function, ES:DI the installation check. */
static void call_entry(u16 segment, u16 offset, u8 devfn) {
    struct registers r = {0};
    r.eax = devfn;
    r.ebx = 0xFFFF;
    r.edx = 0xFFFF;
    r.es = ROM_SEGMENT;
    r.edi = PNP_TABLE;
    r.cs = segment;
    r.ip = offset;
    call_far(&r);
}

/* A word of the ROM's plug and play header, or zero. */
static u16 pnp_word(u16 segment, u16 at) {
    u16 header = far_read16(segment, 0x1A);
    if (!header || far_read32(segment, header) != SIGNATURE_PNP) return 0;
    return far_read16(segment, header + at);
}

static void start(u16 segment, u8 devfn) { call_entry(segment, 3, devfn); }

/* Copies the ROM of a PCI function to a segment; false when it has none that runs here. */
static bool load(u8 devfn, u16 segment) {
    platform.rom_devfn = devfn;
    platform.rom_segment = segment;
    platform.rom_limit = last_segment();
    setup_call(SETUP_OPTION_ROM, 0);
    return platform.rom_paragraphs && rom_size(segment);
}

static bool first_is_display(void) { return has_pci() && platform.rom_count && platform.roms[0] == platform.display_devfn; }

void call_video(struct registers *r) {
    r->cs = VECTOR(0x10) >> 16;
    r->ip = VECTOR(0x10);
    call_interrupt(r);
}

/* A display's ROM leaves it to others to set a mode. */
static void set_text_mode(void) {
    struct registers r = {0};
    r.ax = 0x0003;
    call_video(&r);
}

void option_rom_display(void) {
    if (first_is_display() && load(platform.roms[0], FIRST)) start(FIRST, platform.roms[0]);
    else if (rom_size(FIRST)) start(FIRST, 0);
    else {
        if (has_pci()) setup_call(SETUP_DISPLAY_ROM, 0);
        return;
    }
    set_text_mode();
}

/* The next ROM from a segment on: where it is, or the end. */
static u16 next_rom(u16 segment, u16 *paragraphs) {
    for (; segment < last_segment(); segment += STEP) {
        *paragraphs = rom_size(segment);
        if (*paragraphs) break;
    }
    return segment;
}

void option_roms_initialise(void) {
    u16 paragraphs, end = FIRST;
    for (u16 segment = next_rom(FIRST, &paragraphs); segment < last_segment(); segment = next_rom(end, &paragraphs)) {
        if (segment != FIRST) start(segment, 0);
        end = round_up(segment + paragraphs);
    }
    if (!has_pci()) return;
    for (u8 index = first_is_display() ? 1 : 0; index < platform.rom_count; index++) {
        if (!load(platform.roms[index], end)) {
            far_fill16(end, 0, 0xFFFF, 1);
            continue;
        }
        start(end, platform.roms[index]);
        u16 connect = pnp_word(end, 0x16);
        if (connect) call_entry(end, connect, platform.roms[index]);
        end = round_up(end + far_read8(end, 2) * 32);
    }
}

/*
 * Every ROM that can start a system by itself is asked to; it comes back when it cannot. The sums are not looked at again,
 * for ROMs change themselves when they are initialised.
 */
void network_boot(void) {
    u16 paragraphs;
    for (u16 segment = FIRST; segment < last_segment(); segment = round_up(segment + paragraphs)) {
        paragraphs = STEP;
        if (far_read16(segment, 0) != 0xAA55) continue;
        u16 bootstrap = pnp_word(segment, 0x1A);
        if (far_read8(segment, 2)) paragraphs = far_read8(segment, 2) * 32;
        if (bootstrap) call_entry(segment, bootstrap, 0);
    }
}
