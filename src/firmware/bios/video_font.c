/*
 * Fonts: the character generator in plane 2, and INT 10h AH=11h.
 *
 * Sources: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem (character maps); IBM PS/2 and PC BIOS Interface
 * Technical Reference (INT 10h AH=11h).
 *
 * Not modelled: alternate 9-dot characters (AX=1130h BH=05h and 07h answer with the 8-dot fonts' empty lists).
 */
#include "services.h"

extern u8 font_8x8_high[];
#define FONT_8X8_LOW 0xFA6E

/* Lets the processor see plane 2 at A0000h, and puts text memory back. */
static void open_plane_2(void) {
    out16(0x3C4, 0x0100);
    out16(0x3C4, 0x0402);
    out16(0x3C4, 0x0704);
    out16(0x3C4, 0x0300);
    out16(0x3CE, 0x0204);
    out16(0x3CE, 0x0005);
    out16(0x3CE, 0x0406);
}

static void close_plane_2(void) {
    out16(0x3C4, 0x0100);
    out16(0x3C4, 0x0302);
    out16(0x3C4, 0x0304);
    out16(0x3C4, 0x0300);
    out16(0x3CE, 0x0004);
    out16(0x3CE, 0x1005);
    out16(0x3CE, BDA->crtc_port == 0x3B4 ? 0x0A06 : 0x0E06);
}

/* Blocks 0 to 3 are 16 KiB apart, 4 to 7 lie half way between; each character takes 32 bytes. */
static void load(u8 block, u16 segment, u16 offset, u16 first, u16 count, u8 height) {
    u16 to = ((block & 3) << 14 | (block & 4) << 11) + first * 32;
    open_plane_2();
    while (count--) {
        far_copy(0xA000, to, segment, offset, height);
        to += 32;
        offset += height;
    }
    close_plane_2();
}

u32 font_address(u8 height) {
    if (height == 8) return FAR_ADDRESS(ROM_SEGMENT, FONT_8X8_LOW);
    return FAR_ADDRESS(FONT_SEGMENT, height == 14 ? FONT_8X14 : FONT_8X16);
}

void font_load_rom(u8 block, u8 height) {
    if (height == 8) {
        load(block, ROM_SEGMENT, FONT_8X8_LOW, 0, 128, 8);
        load(block, ROM_SEGMENT, ADDRESS(font_8x8_high), 128, 128, 8);
    } else {
        load(block, FONT_SEGMENT, height == 14 ? FONT_8X14 : FONT_8X16, 0, 256, height);
    }
}

/* Fits rows, cursor and CRTC to the height of the characters, as the 1xh functions do. */
static void fit_height(u8 height) {
    u8 line_register = 0x09;
    out8(BDA->crtc_port, line_register);
    u8 maximum = (in8(BDA->crtc_port + 1) & 0xE0) | (height - 1);
    crtc_write(line_register, maximum);
    if (BDA->video_mode == 7) crtc_write(0x14, height - 1);
    u16 lines = (BDA->vga_flags & 0x90) == 0x80 ? 200 : (BDA->vga_flags & 0x90) == 0x10 ? 400 : 350;
    u8 rows = lines / height;
    BDA->character_height = height;
    BDA->video_last_row = rows - 1;
    BDA->video_page_bytes = rows * BDA->video_columns * 2 + (rows * BDA->video_columns == 2000 ? 96 : 256);
    u16 end = rows * height * (lines == 200 ? 2 : 1) - 1;
    crtc_write(0x12, end);
    cursor_set_shape(BDA->cursor_shape);
    cursor_show();
}

static u8 rom_height(u8 function) {
    switch (function & 0x0F) {
    case 1:
        return 14;
    case 2:
        return 8;
    default:
        return 16;
    }
}

static void graphics_font(struct registers *r, u8 height) {
    static const ROM ROM_DATA u8 row_counts[] = {0, 14, 25, 43};
    BDA->character_height = height;
    BDA->video_last_row = (r->bl == 0 ? r->dl : r->bl < 4 ? row_counts[r->bl] : 25) - 1;
}

static void information(struct registers *r) {
    u32 pointer = 0;
    switch (r->bh) {
    case 0:
        pointer = VECTOR(0x1F);
        break;
    case 1:
        pointer = VECTOR(0x43);
        break;
    case 2:
        pointer = FAR_ADDRESS(FONT_SEGMENT, FONT_8X14);
        break;
    case 3:
        pointer = FAR_ADDRESS(ROM_SEGMENT, FONT_8X8_LOW);
        break;
    case 4:
        pointer = FAR_ADDRESS(ROM_SEGMENT, font_8x8_high);
        break;
    case 6:
        pointer = FAR_ADDRESS(FONT_SEGMENT, FONT_8X16);
        break;
    default:
        return;
    }
    r->es = pointer >> 16;
    r->ebp = (r->ebp & 0xFFFF0000) | (pointer & 0xFFFF);
    r->cx = BDA->character_height;
    r->dl = BDA->video_last_row;
}

void font_service(struct registers *r) {
    u8 function = r->al;
    switch (function) {
    case 0x00:
    case 0x10:
        load(r->bl & 7, r->es, BP(r), r->dx, r->cx, r->bh);
        if (function == 0x10) fit_height(r->bh);
        break;
    case 0x01:
    case 0x02:
    case 0x04:
    case 0x11:
    case 0x12:
    case 0x14:
        font_load_rom(r->bl & 7, rom_height(function));
        if (function >= 0x10) fit_height(rom_height(function));
        break;
    case 0x03:
        out16(0x3C4, r->bl << 8 | 0x03);
        break;
    case 0x20:
        VECTOR(0x1F) = FAR_ADDRESS(r->es, BP(r));
        break;
    case 0x21:
        VECTOR(0x43) = FAR_ADDRESS(r->es, BP(r));
        graphics_font(r, r->cx);
        break;
    case 0x22:
    case 0x23:
    case 0x24:
        VECTOR(0x43) = font_address(rom_height(function - 0x21));
        graphics_font(r, rom_height(function - 0x21));
        break;
    case 0x30:
        information(r);
        break;
    }
}
