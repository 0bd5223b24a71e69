/*
 * INT 10h: which service of the screen a caller asks for, and the small ones themselves.
 *
 * Source: IBM PS/2 and PC BIOS Interface Technical Reference (INT 10h).
 *
 * Not modelled: light pen (AH=04h answers "not triggered").
 */
#include "services.h"

static void set_mode(struct registers *r) {
    u8 mode = r->al & 0x7F;
    video_set_mode(r->al);
    r->al = mode > 7 ? 0x20 : mode == 6 ? 0x3F : 0x30;
}

static void set_cga_palette(u8 kind, u8 value) {
    u8 palette = BDA->cga_palette;
    if (kind == 0) palette = (palette & 0xE0) | (value & 0x1F);
    else palette = (palette & ~0x20) | (value & 1) << 5;
    BDA->cga_palette = palette;
    u8 background = (palette & 0x07) | (palette & 0x08) << 1, intense = palette & 0x10;
    if (kind == 0) {
        attribute_write(0x11, background);
        if (BDA->video_mode < 4 || BDA->video_mode > 6) return;
        attribute_write(0x00, background);
    }
    if (BDA->video_mode == 6) return;
    for (u8 index = 1; index <= 3; index++) attribute_write(index, (index * 2 + (palette >> 5 & 1)) | intense);
}

static void write_string(struct registers *r) {
    u8 page = r->bh & 7, attribute = r->bl;
    u16 saved = BDA->cursor_positions[page], from = BP(r);
    cursor_move(page, r->dh, r->dl);
    for (u16 count = r->cx; count > 0; count--) {
        u8 character = far_read8(r->es, from++);
        if (r->al & 2) attribute = far_read8(r->es, from++);
        teletype(page, character, attribute, true);
    }
    if (!(r->al & 1)) cursor_move(page, saved >> 8, saved);
}

static void alternate_select(struct registers *r) {
    u8 choice = r->al;
    static const ROM ROM_DATA u8 scan_lines[] = {0x80, 0x00, 0x10};
    switch (r->bl) {
    case 0x10:
        r->bx = BDA->crtc_port == 0x3B4 ? 0x0103 : 0x0003;
        r->cx = BDA->video_switches & 0x0F;
        return;
    case 0x20:
        return;
    case 0x30:
        if (choice > 2) return;
        BDA->vga_flags = (BDA->vga_flags & ~0x90) | scan_lines[choice];
        break;
    case 0x31:
        BDA->vga_flags = (BDA->vga_flags & ~0x08) | (choice & 1) << 3;
        break;
    case 0x32:
        out8(0x3C3, ~choice & 1);
        break;
    case 0x33:
        BDA->vga_flags = (BDA->vga_flags & ~0x02) | (~choice & 1) << 1;
        break;
    case 0x34:
        BDA->video_control = (BDA->video_control & ~0x01) | (choice & 1);
        break;
    case 0x36:
        out8(0x3C4, 0x01);
        out8(0x3C5, (in8(0x3C5) & ~0x20) | (choice & 1) << 5);
        break;
    default:
        return;
    }
    r->al = 0x12;
}

static void display_combination(struct registers *r) {
    if (r->al == 0) r->bx = BDA->display_combination;
    else if (r->al == 1) BDA->display_combination = r->bl;
    else return;
    r->al = 0x1A;
}

/* How many lines the mode shows: 0 for 200, 1 for 350, 2 for 400, 3 for 480. */
static u8 scan_lines(const ROM struct video_mode *mode) {
    if (mode->layout == TEXT) return BDA->vga_flags & 0x80 ? 0 : BDA->vga_flags & 0x10 ? 2 : 1;
    if (mode->number == 0x11 || mode->number == 0x12) return 3;
    return mode->number == 0x0F || mode->number == 0x10 ? 1 : 0;
}

/* 64 bytes: the table's address, the data area from the mode on, and what the adapter can show in this mode. */
static void state_information(struct registers *r) {
    u16 to = DI(r), segment = r->es;
    const ROM struct video_mode *mode = current_mode();
    far_fill8(segment, to, 0, 64);
    far_write32(segment, to, FAR_ADDRESS(ROM_SEGMENT, functionality_table));
    far_copy(segment, to + 4, 0x40, 0x49, 30);
    far_write8(segment, to + 0x22, BDA->video_last_row + 1);
    far_write16(segment, to + 0x23, BDA->character_height);
    far_write8(segment, to + 0x25, BDA->display_combination);
    far_write16(segment, to + 0x27, mode->layout == LINEAR ? 256 : mode->number == 7 ? 0 : 1 << mode->bits_per_pixel);
    far_write8(segment, to + 0x29, mode->layout == TEXT ? 8 : 1);
    far_write8(segment, to + 0x2A, scan_lines(mode));
    far_write8(segment, to + 0x2D, 0x21);
    far_write8(segment, to + 0x31, 3);
    r->al = 0x1B;
}

static void characters(struct registers *r) {
    u8 page = r->bh;
    struct cell cell;
    switch (r->ah) {
    case 0x08:
        cell = cell_read(page);
        r->al = cell.character;
        r->ah = cell.attribute;
        break;
    case 0x09:
        cell_write(page, r->al, r->bl, true, r->cx);
        break;
    case 0x0A:
        cell_write(page, r->al, r->bl, false, r->cx);
        break;
    default:
        teletype(BDA->video_page, r->al, r->bl, false);
    }
}

void int10(struct registers *r) {
    switch (r->ah) {
    case 0x00:
        set_mode(r);
        break;
    case 0x01:
        cursor_set_shape(r->cx);
        break;
    case 0x02:
        cursor_move(r->bh, r->dh, r->dl);
        break;
    case 0x03:
        r->dx = BDA->cursor_positions[r->bh & 7];
        r->cx = BDA->cursor_shape;
        break;
    case 0x04:
        r->ah = 0;
        break;
    case 0x05:
        video_select_page(r->al);
        break;
    case 0x06:
    case 0x07:
        video_scroll(r->al, r->bh, r->ch, r->cl, r->dh, r->dl, r->ah == 0x07);
        break;
    case 0x08:
    case 0x09:
    case 0x0A:
    case 0x0E:
        characters(r);
        break;
    case 0x0B:
        set_cga_palette(r->bh, r->bl);
        break;
    case 0x0C:
        pixel_write(r->bh, r->cx, r->dx, r->al);
        break;
    case 0x0D:
        if (!video_is_text()) r->al = pixel_read(r->bh, r->cx, r->dx);
        break;
    case 0x0F:
        r->al = BDA->video_mode | (BDA->video_control & 0x80);
        r->ah = BDA->video_columns;
        r->bh = BDA->video_page;
        break;
    case 0x10:
        palette_service(r);
        break;
    case 0x11:
        font_service(r);
        break;
    case 0x12:
        alternate_select(r);
        break;
    case 0x13:
        write_string(r);
        break;
    case 0x1A:
        display_combination(r);
        break;
    case 0x1B:
        if (r->bx == 0) state_information(r);
        break;
    case 0x1C:
        if (video_state_service(r, false)) r->al = 0x1C;
        break;
    case 0x4F:
        vbe_service(r);
        break;
    }
}
