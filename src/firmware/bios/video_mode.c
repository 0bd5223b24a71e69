/*
 * Setting a video mode: every register of the VGA from the parameter table, the colours, the font and the data area.
 *
 * Source: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem (sequencer reset around clocking mode, CRTC
 * protection, attribute controller's flip-flop).
 *
 * Not modelled: monochrome monitors; overrides through the pointers at 40:A8 other than what the caller may read there.
 */
#include "services.h"

const ROM struct video_mode *current_mode(void) {
    u8 number = BDA->video_mode;
    for (u8 index = 0; index < video_modes_length; index++) {
        if (video_modes[index].number == number) return &video_modes[index];
    }
    return &video_modes[3];
}

bool video_is_text(void) { return current_mode()->layout == TEXT; }

void crtc_write(u8 index, u8 value) { out16(BDA->crtc_port, value << 8 | index); }

/* Reading 3BAh or 3DAh makes the next write to 3C0h an index. Bit 5 of the index keeps the screen on. */
void attribute_write(u8 index, u8 value) {
    in8(BDA->crtc_port + 6);
    out8(0x3C0, index);
    out8(0x3C0, value);
    out8(0x3C0, 0x20);
}

u8 attribute_read(u8 index) {
    in8(BDA->crtc_port + 6);
    out8(0x3C0, index);
    u8 value = in8(0x3C1);
    in8(BDA->crtc_port + 6);
    out8(0x3C0, 0x20);
    return value;
}

void video_set_start(u16 address) {
    crtc_write(0x0C, address >> 8);
    crtc_write(0x0D, address);
}

static void write_registers(const ROM struct video_parameters *p) {
    in8(0x3DA);
    in8(0x3BA);
    out8(0x3C0, 0x00); /* Screen off while everything changes. */
    out16(0x3C4, 0x0100);
    for (u8 index = 0; index < 4; index++) out16(0x3C4, p->sequencer[index] << 8 | (index + 1));
    out8(0x3C2, p->miscellaneous);
    out16(0x3C4, 0x0300);
    crtc_write(0x11, 0x00); /* Register 11h bit 7 protects registers 0 to 7. */
    for (u8 index = 0; index < 25; index++) crtc_write(index, p->crtc[index]);
    for (u8 index = 0; index < 9; index++) out16(0x3CE, p->graphics[index] << 8 | index);
    in8(BDA->crtc_port + 6);
    for (u8 index = 0; index < 20; index++) {
        out8(0x3C0, index);
        out8(0x3C0, p->attribute[index]);
    }
    out8(0x3C0, 0x14);
    out8(0x3C0, 0x00);
    out8(0x3C6, 0xFF);
}

static void clear_memory(const ROM struct video_mode *mode) {
    if (mode->layout == TEXT) far_fill16(mode->segment, 0, 0x0720, 0x4000);
    else if (mode->layout == CGA) far_fill16(mode->segment, 0, 0, 0x2000);
    else far_fill16(mode->segment, 0, 0, 0x8000);
}

static u8 scan_line_choice(void) {
    switch (BDA->vga_flags & 0x90) {
    case 0x80:
        return 0;
    case 0x00:
        return 1;
    default:
        return 2;
    }
}

extern u8 font_8x8_high[];

static void set_data_area(const ROM struct video_mode *mode, const ROM struct video_parameters *p, bool keep_memory) {
    static const ROM ROM_DATA u8 mode_controls[] = {0x2C, 0x28, 0x2D, 0x29, 0x2A, 0x2E, 0x1E, 0x29};
    BDA->video_mode = mode->number;
    BDA->video_columns = p->columns;
    BDA->video_page_bytes = p->page_bytes;
    BDA->video_page_start = 0;
    BDA->video_page = 0;
    for (u8 page = 0; page < 8; page++) BDA->cursor_positions[page] = 0;
    BDA->video_last_row = p->last_row;
    BDA->character_height = p->character_height;
    BDA->cursor_shape = mode->layout == TEXT ? 0x0607 : 0;
    BDA->video_control = (BDA->video_control & 0x7F) | (keep_memory ? 0x80 : 0);
    BDA->cga_mode_control = mode->number < 8 ? mode_controls[mode->number] : 0x29;
    BDA->cga_palette = mode->number == 6 ? 0x3F : 0x30;
    BDA->equipment = (BDA->equipment & ~0x30) | (mode->number == 7 ? 0x30 : 0x20);
}

/* Bit 7 keeps what the memory holds. An unknown mode changes nothing. */
void video_set_mode(u8 number) {
    bool keep_memory = number & 0x80;
    number &= 0x7F;
    const ROM struct video_mode *mode = video_modes;
    while (mode < video_modes + video_modes_length && mode->number != number) mode++;
    if (mode == video_modes + video_modes_length) return;
    const ROM struct video_parameters *p = &video_parameters[mode->parameters[scan_line_choice()]];
    vbe_leave();
    BDA->crtc_port = p->miscellaneous & 1 ? 0x3D4 : 0x3B4;
    write_registers(p);
    set_data_area(mode, p, keep_memory);
    if (!(BDA->vga_flags & 0x08)) {
        palette_load_default(mode->dac);
        if (BDA->vga_flags & 0x02) palette_sum_to_gray(0, 256);
    }
    if (!keep_memory) clear_memory(mode);
    if (mode->layout == TEXT) font_load_rom(0, p->character_height);
    VECTOR(0x43) = font_address(p->character_height);
    in8(BDA->crtc_port + 6);
    out8(0x3C0, 0x20);
}

void video_initialise(void) {
    VECTOR(0x1F) = FAR_ADDRESS(ROM_SEGMENT, ADDRESS(font_8x8_high));
    BDA->video_control = 0x60; /* 256 KiB, colour. */
    BDA->video_switches = 0xF9;
    BDA->vga_flags = 0x11; /* 400 lines, VGA active. */
    BDA->display_combination = 0x08;
    BDA->video_save_offset = ADDRESS(video_save_pointers);
    BDA->video_save_segment = ROM_SEGMENT;
    out8(0x3C3, 0x01);
    vbe_initialise();
    video_set_mode(3);
}
