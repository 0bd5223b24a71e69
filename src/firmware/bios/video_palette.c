/*
 * Colours: the default contents of the DAC and INT 10h AH=0Bh and 10h.
 *
 * Sources: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem (attribute controller, video DAC); IBM PS/2 and
 * PC BIOS Interface Technical Reference (INT 10h AH=10h; gray sum 30 % red, 59 % green, 11 % blue).
 */
#include "services.h"

static void dac_write(u8 red, u8 green, u8 blue) {
    out8(0x3C9, red);
    out8(0x3C9, green);
    out8(0x3C9, blue);
}

/* The 64 colours of the EGA: two bits for each gun, the weak one in bits 3 to 5. */
static u8 ega_level(u8 color, u8 bit) { return (color >> bit & 1 ? 0x2A : 0) + (color >> (bit + 3) & 1 ? 0x15 : 0); }

/* The 16 colours of the CGA, where brown is dark yellow and bit 4 is intensity. */
static void cga_color(u8 color) {
    u8 intense = color & 0x10 ? 0x15 : 0;
    u8 red = color & 4 ? 0x2A : 0, green = color & 2 ? 0x2A : 0, blue = color & 1 ? 0x2A : 0;
    if ((color & 0x17) == 6) green = 0x15;
    dac_write(red + intense, green + intense, blue + intense);
}

/* One of 24 hues between a lowest and a highest level; five levels lead from one to the other. */
static void hue_color(u8 hue, const ROM u8 *levels) {
    u8 step = hue & 3, low = levels[0], high = levels[4], up = levels[step], down = levels[4 - step];
    switch (hue >> 2) {
    case 0:
        dac_write(up, low, high);
        break;
    case 1:
        dac_write(high, low, down);
        break;
    case 2:
        dac_write(high, up, low);
        break;
    case 3:
        dac_write(down, high, low);
        break;
    case 4:
        dac_write(low, high, up);
        break;
    default:
        dac_write(low, down, high);
    }
}

static void load_256_colors(void) {
    static const ROM ROM_DATA u8 grays[] = {0, 5, 8, 11, 14, 17, 20, 24, 28, 32, 36, 40, 45, 50, 56, 63};
    static const ROM ROM_DATA u8 levels[9][5] = {
        {0, 16, 31, 47, 63}, {31, 39, 47, 55, 63}, {45, 49, 54, 58, 63}, {0, 7, 14, 21, 28},  {14, 17, 21, 24, 28},
        {20, 22, 24, 26, 28}, {0, 4, 8, 12, 16},   {8, 10, 12, 14, 16},  {11, 12, 13, 15, 16},
    };
    for (u8 color = 0; color < 16; color++) cga_color((color & 7) | (color & 8) << 1);
    for (u8 gray = 0; gray < 16; gray++) dac_write(grays[gray], grays[gray], grays[gray]);
    for (u8 ramp = 0; ramp < 9; ramp++) {
        for (u8 hue = 0; hue < 24; hue++) hue_color(hue, levels[ramp]);
    }
    for (u8 color = 248; color != 0; color++) dac_write(0, 0, 0);
}

/* 0 monochrome, 1 CGA, 2 EGA: 64 entries, four times; 3: the 256 colours of mode 13h. */
void palette_load_default(u8 kind) {
    out8(0x3C8, 0);
    if (kind == 3) {
        load_256_colors();
        return;
    }
    for (u16 entry = 0; entry < 256; entry++) {
        u8 color = entry & 0x3F;
        if (kind == 2) {
            dac_write(ega_level(color, 2), ega_level(color, 1), ega_level(color, 0));
        } else if (kind == 1) {
            cga_color(color & 0x17);
        } else {
            u8 level = (color & 0x18) == 0x18 ? 0x3F : color & 0x08 ? 0x2A : 0;
            dac_write(level, level, level);
        }
    }
}

void palette_sum_to_gray(u16 first, u16 count) {
    while (count--) {
        out8(0x3C7, first);
        u16 red = in8(0x3C9), green = in8(0x3C9), blue = in8(0x3C9);
        u16 gray = (red * 77 + green * 151 + blue * 28 + 0x80) >> 8;
        if (gray > 0x3F) gray = 0x3F;
        out8(0x3C8, first);
        dac_write(gray, gray, gray);
        first++;
    }
}

static void select_color_page(struct registers *r) {
    u8 mode = attribute_read(0x10);
    if (r->bl == 0) attribute_write(0x10, (mode & 0x7F) | (r->bh & 1) << 7);
    else attribute_write(0x14, mode & 0x80 ? r->bh & 0x0F : (r->bh & 3) << 2);
}

static void write_block(u16 segment, u16 offset, u8 first, u16 count) {
    out8(0x3C8, first);
    for (u16 byte = 0; byte < count * 3; byte++) out8(0x3C9, far_read8(segment, offset + byte));
}

static void read_block(u16 segment, u16 offset, u8 first, u16 count) {
    out8(0x3C7, first);
    for (u16 byte = 0; byte < count * 3; byte++) far_write8(segment, offset + byte, in8(0x3C9));
}

static void palette_registers(struct registers *r) {
    switch (r->al) {
    case 0x00:
        attribute_write(r->bl & 0x1F, r->bh);
        break;
    case 0x01:
        attribute_write(0x11, r->bh);
        break;
    case 0x02:
        for (u8 index = 0; index < 16; index++) attribute_write(index, far_read8(r->es, r->dx + index));
        attribute_write(0x11, far_read8(r->es, r->dx + 16));
        break;
    case 0x03:
        attribute_write(0x10, (attribute_read(0x10) & ~0x08) | (r->bl & 1) << 3);
        BDA->cga_mode_control = (BDA->cga_mode_control & ~0x20) | (r->bl & 1) << 5;
        break;
    case 0x07:
        r->bh = attribute_read(r->bl & 0x1F);
        break;
    case 0x08:
        r->bh = attribute_read(0x11);
        break;
    case 0x09:
        for (u8 index = 0; index < 16; index++) far_write8(r->es, r->dx + index, attribute_read(index));
        far_write8(r->es, r->dx + 16, attribute_read(0x11));
        break;
    }
}

void palette_service(struct registers *r) {
    u8 page;
    switch (r->al) {
    case 0x10:
        out8(0x3C8, r->bx);
        dac_write(r->dh, r->ch, r->cl);
        break;
    case 0x12:
        write_block(r->es, r->dx, r->bx, r->cx);
        break;
    case 0x13:
        select_color_page(r);
        break;
    case 0x15:
        out8(0x3C7, r->bx);
        r->dh = in8(0x3C9);
        r->ch = in8(0x3C9);
        r->cl = in8(0x3C9);
        break;
    case 0x17:
        read_block(r->es, r->dx, r->bx, r->cx);
        break;
    case 0x18:
        out8(0x3C6, r->bl);
        break;
    case 0x19:
        r->bl = in8(0x3C6);
        break;
    case 0x1A:
        r->bl = attribute_read(0x10) >> 7;
        page = attribute_read(0x14) & 0x0F;
        r->bh = r->bl ? page : page >> 2;
        break;
    case 0x1B:
        palette_sum_to_gray(r->bx, r->cx);
        break;
    default:
        palette_registers(r);
    }
}
