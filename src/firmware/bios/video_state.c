/*
 * Saving and restoring the display's state: INT 10h AH=1Ch and VBE function 04h.
 *
 * Sources: IBM PS/2 and PC BIOS Interface Technical Reference (INT 10h AH=1Ch); VESA BIOS Extension 3.0, function 04h.
 *
 * The layout is our own: hardware, then data area, then DAC, each only when asked for.
 */
#include "services.h"

#define HARDWARE 1
#define DATA_AREA 2
#define DAC 4
#define EXTENSION 8
#define HARDWARE_BYTES 64
#define DATA_BYTES 64
#define DAC_BYTES (768 + 1)
#define EXTENSION_BYTES 32

static void save_hardware(u16 segment, u16 to) {
    u16 crtc = BDA->crtc_port;
    far_write8(segment, to++, in8(0x3CC));
    for (u8 index = 0; index < 5; index++) {
        out8(0x3C4, index);
        far_write8(segment, to++, in8(0x3C5));
    }
    for (u8 index = 0; index < 25; index++) {
        out8(crtc, index);
        far_write8(segment, to++, in8(crtc + 1));
    }
    for (u8 index = 0; index < 9; index++) {
        out8(0x3CE, index);
        far_write8(segment, to++, in8(0x3CF));
    }
    for (u8 index = 0; index < 21; index++) far_write8(segment, to++, attribute_read(index));
}

static void restore_hardware(u16 segment, u16 from) {
    u8 miscellaneous = far_read8(segment, from++);
    out16(0x3C4, 0x0100);
    out8(0x3C2, miscellaneous);
    from++;
    for (u8 index = 1; index < 5; index++) out16(0x3C4, far_read8(segment, from++) << 8 | index);
    out16(0x3C4, 0x0300);
    u16 crtc = miscellaneous & 1 ? 0x3D4 : 0x3B4;
    BDA->crtc_port = crtc;
    crtc_write(0x11, 0);
    for (u8 index = 0; index < 25; index++) crtc_write(index, far_read8(segment, from++));
    for (u8 index = 0; index < 9; index++) out16(0x3CE, far_read8(segment, from++) << 8 | index);
    for (u8 index = 0; index < 21; index++) attribute_write(index, far_read8(segment, from++));
}

/* 40:49 to 40:66, 40:84 to 40:8A, 40:A8, and the vectors of the fonts. */
static void copy_data_area(u16 segment, u16 at, bool restore) {
    static const ROM ROM_DATA u16 areas[][2] = {{0x449, 30}, {0x484, 7}, {0x4A8, 4}, {0x10C, 4}, {0x07C, 4}, {0x410, 1}};
    for (u8 index = 0; index < LENGTH(areas); index++) {
        if (restore) far_copy(0, areas[index][0], segment, at, areas[index][1]);
        else far_copy(segment, at, 0, areas[index][0], areas[index][1]);
        at += areas[index][1];
    }
}

static void copy_dac(u16 segment, u16 at, bool restore) {
    if (restore) out8(0x3C6, far_read8(segment, at));
    else far_write8(segment, at, in8(0x3C6));
    out8(restore ? 0x3C8 : 0x3C7, 0);
    for (u16 index = 1; index <= 768; index++) {
        if (restore) out8(0x3C9, far_read8(segment, at + index));
        else far_write8(segment, at + index, in8(0x3C9));
    }
}

/* CX: what; ES:BX: where. The order of the parts is the order of the bits. */
static void move(u16 what, u16 segment, u16 at, bool restore) {
    u16 extension = at;
    if (what & EXTENSION) at += EXTENSION_BYTES;
    if (what & EXTENSION && restore) vbe_restore(segment, extension);
    if (what & HARDWARE) {
        if (!restore) save_hardware(segment, at);
        else if (!(what & EXTENSION) || far_read16(segment, extension) == 0) restore_hardware(segment, at);
        at += HARDWARE_BYTES;
    }
    if (what & DATA_AREA) {
        copy_data_area(segment, at, restore);
        at += DATA_BYTES;
    }
    if (what & DAC) copy_dac(segment, at, restore);
    if (what & EXTENSION && !restore) vbe_save(segment, extension);
}

/* The function is AL for INT 10h AH=1Ch and DL for VBE: 0 tells the size in blocks of 64 bytes, 1 saves, 2 restores. */
bool video_state_service(struct registers *r, bool extended) {
    u8 function = extended ? r->dl : r->al;
    u16 what = r->cx & (extended ? 15 : 7);
    if (function > 2 || !what) return false;
    u16 bytes = (what & HARDWARE ? HARDWARE_BYTES : 0) + (what & DATA_AREA ? DATA_BYTES : 0) + (what & DAC ? DAC_BYTES : 0) +
                (what & EXTENSION ? EXTENSION_BYTES : 0);
    if (function == 0) r->bx = (bytes + 63) >> 6;
    else move(what, r->es, r->bx, function == 2);
    return true;
}
