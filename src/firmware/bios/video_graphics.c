/*
 * Pixels and characters in graphics modes: CGA banks, EGA planes and the linear 256 colours.
 *
 * Sources: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem (graphics controller: set/reset, data rotate,
 * read map select, write mode 1, bit mask); IBM PS/2 and PC BIOS Interface Technical Reference (XOR by bit 7).
 */
#include "services.h"

#define GRAPHICS 0x3CE
#define XOR_FLAG 0x80

static u8 bytes_per_character(const ROM struct video_mode *mode) {
    if (mode->layout == LINEAR) return 8;
    return mode->layout == CGA ? mode->bits_per_pixel : 1;
}

static u16 line_offset(const ROM struct video_mode *mode, u8 page, u16 line) {
    if (mode->layout == CGA) return (line & 1) * 0x2000 + (line >> 1) * 80;
    if (mode->layout == LINEAR) return line * 320;
    return page * BDA->video_page_bytes + line * BDA->video_columns;
}

/* Readies the graphics controller to put one colour into the pixels of a mask, through the latches. */
static void planar_begin(u8 color, bool exclusive) {
    out16(GRAPHICS, (color & 0x0F) << 8);
    out16(GRAPHICS, 0x0F01);
    out16(GRAPHICS, exclusive ? 0x1803 : 0x0003);
}

static void planar_put(u16 offset, u8 mask) {
    out16(GRAPHICS, mask << 8 | 0x08);
    far_read8(0xA000, offset);
    far_write8(0xA000, offset, 0xFF);
}

static void planar_end(void) {
    out16(GRAPHICS, 0x0000);
    out16(GRAPHICS, 0x0001);
    out16(GRAPHICS, 0x0003);
    out16(GRAPHICS, 0xFF08);
}

/* Where the rows of a character's picture are. The 8x8 font of the ROM is two halves. */
static u32 glyph_address(const ROM struct video_mode *mode, u8 character) {
    u32 font = VECTOR(0x43);
    bool halves = mode->layout == CGA || font == FAR_ADDRESS(ROM_SEGMENT, 0xFA6E);
    if (halves && character >= 128) {
        font = VECTOR(0x1F);
        character -= 128;
    }
    return font + character * (mode->layout == CGA ? 8 : BDA->character_height);
}

static void cga_row(const ROM struct video_mode *mode, u16 offset, u8 bits, u8 attribute) {
    u8 width = mode->bits_per_pixel, ones = (1 << width) - 1, color = attribute & ones;
    u16 value = 0;
    for (u8 pixel = 0; pixel < 8; pixel++) value = value << width | (bits << pixel & 0x80 ? color : 0);
    for (u8 byte = 0; byte < width; byte++) {
        u8 part = width == 2 && byte == 0 ? value >> 8 : value;
        if (attribute & XOR_FLAG) part ^= far_read8(mode->segment, offset + byte);
        far_write8(mode->segment, offset + byte, part);
    }
}

static void planar_row(u16 offset, u8 bits, u8 attribute) {
    if (!(attribute & XOR_FLAG)) {
        planar_begin(0, false);
        planar_put(offset, 0xFF);
    }
    planar_begin(attribute, attribute & XOR_FLAG);
    planar_put(offset, bits);
}

void graphics_character(u8 page, u8 row, u8 column, u8 character, u8 attribute) {
    const ROM struct video_mode *mode = current_mode();
    u32 glyph = glyph_address(mode, character);
    u8 height = BDA->character_height;
    u16 left = column * bytes_per_character(mode);
    for (u8 line = 0; line < height; line++) {
        u8 bits = far_read8(glyph >> 16, glyph + line);
        u16 offset = line_offset(mode, page, row * height + line) + left;
        if (mode->layout == CGA) cga_row(mode, offset, bits, attribute);
        else if (mode->layout == PLANAR) planar_row(offset, bits, attribute);
        else {
            for (u8 pixel = 0; pixel < 8; pixel++) far_write8(0xA000, offset + pixel, bits << pixel & 0x80 ? attribute : 0);
        }
    }
    if (mode->layout == PLANAR) planar_end();
}

/* The character whose picture stands there, any pixel that is not background counting as set; zero when none fits. */
u8 graphics_read_character(u8 page, u8 row, u8 column) {
    const ROM struct video_mode *mode = current_mode();
    u8 picture[32], height = BDA->character_height;
    if (height > sizeof picture) return 0;
    for (u8 line = 0; line < height; line++) {
        u8 bits = 0;
        for (u8 x = 0; x < 8; x++) bits = bits << 1 | (pixel_read(page, column * 8 + x, row * height + line) != 0);
        picture[line] = bits;
    }
    u8 character = 0;
    do {
        u32 glyph = glyph_address(mode, character);
        u8 line = 0;
        while (line < height && far_read8(glyph >> 16, glyph + line) == picture[line]) line++;
        if (line == height) return character;
    } while (++character);
    return 0;
}

static void fill_line(const ROM struct video_mode *mode, u16 offset, u16 bytes, u8 attribute) {
    u8 value = attribute;
    if (mode->layout == CGA) value = mode->bits_per_pixel == 2 ? (attribute & 3) * 0x55 : attribute & 1 ? 0xFF : 0;
    far_fill8(mode->segment, offset, value, bytes);
}

void graphics_scroll(u8 lines, u8 attribute, u8 top, u8 left, u8 bottom, u8 right, bool down) {
    const ROM struct video_mode *mode = current_mode();
    u8 height = BDA->character_height, unit = bytes_per_character(mode), page = BDA->video_page;
    u16 bytes = (right - left + 1) * unit, count = (bottom - top + 1) * height, shift = lines * height;
    u16 kept = shift && shift < count ? count - shift : 0;
    bool planar = mode->layout == PLANAR;
    if (planar) out16(GRAPHICS, 0x0105); /* Write mode 1 copies the four planes through the latches. */
    for (u16 index = 0; index < count; index++) {
        u16 line = down ? (bottom + 1) * height - 1 - index : top * height + index;
        u16 to = line_offset(mode, page, line) + left * unit;
        if (index == kept && planar) {
            out16(GRAPHICS, 0x0005);
            planar_begin(attribute, false);
        }
        if (index >= kept) fill_line(mode, to, bytes, attribute);
        else far_copy(mode->segment, to, mode->segment, line_offset(mode, page, down ? line - shift : line + shift) + left * unit, bytes);
    }
    if (!planar) return;
    out16(GRAPHICS, 0x0005);
    planar_end();
}

void pixel_write(u8 page, u16 x, u16 y, u8 color) {
    const ROM struct video_mode *mode = current_mode();
    u16 line = line_offset(mode, page, y);
    if (mode->layout == LINEAR) {
        far_write8(0xA000, line + x, color);
    } else if (mode->layout == PLANAR) {
        planar_begin(color, color & XOR_FLAG);
        planar_put(line + (x >> 3), 0x80 >> (x & 7));
        planar_end();
    } else if (mode->layout == CGA) {
        u8 width = mode->bits_per_pixel, ones = (1 << width) - 1, shift = 8 - width - (x * width & 7);
        u16 offset = line + (x * width >> 3);
        u8 old = far_read8(mode->segment, offset), bits = (color & ones) << shift;
        far_write8(mode->segment, offset, color & XOR_FLAG ? old ^ bits : (old & ~(ones << shift)) | bits);
    }
}

u8 pixel_read(u8 page, u16 x, u16 y) {
    const ROM struct video_mode *mode = current_mode();
    u16 line = line_offset(mode, page, y);
    if (mode->layout == LINEAR) return far_read8(0xA000, line + x);
    if (mode->layout == CGA) {
        u8 width = mode->bits_per_pixel, shift = 8 - width - (x * width & 7);
        return far_read8(mode->segment, line + (x * width >> 3)) >> shift & ((1 << width) - 1);
    }
    u8 color = 0;
    for (u8 plane = 4; plane-- > 0;) {
        out16(GRAPHICS, plane << 8 | 0x04);
        color = color << 1 | (far_read8(0xA000, line + (x >> 3)) >> (7 - (x & 7)) & 1);
    }
    out16(GRAPHICS, 0x0004);
    return color;
}
