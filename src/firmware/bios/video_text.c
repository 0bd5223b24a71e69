/*
 * Characters and the cursor on the screen, for text modes directly and for graphics modes through video_graphics.c.
 *
 * Source: IBM PS/2 and PC BIOS Interface Technical Reference (INT 10h AH=01h to 0Ah, 0Eh).
 */
#include "services.h"

#define BEEP_TOGGLES 6600 /* A tenth of a second. */

static u16 page_offset(u8 page) { return page * BDA->video_page_bytes; }

static u16 cell_offset(u8 page, u8 row, u8 column) {
    return page_offset(page) + (row * BDA->video_columns + column) * 2;
}

/* Puts the hardware cursor where the active page's cursor is. */
void cursor_show(void) {
    u16 position = BDA->cursor_positions[BDA->video_page];
    u16 address = cell_offset(BDA->video_page, position >> 8, position) >> 1;
    crtc_write(0x0E, address >> 8);
    crtc_write(0x0F, address);
}

/* Programs count eight lines a character; unless told not to (40:87 bit 0), the shape is stretched to the font. */
void cursor_set_shape(u16 shape) {
    u8 start = shape >> 8 & 0x3F, end = shape & 0x1F, height = BDA->character_height;
    BDA->cursor_shape = shape;
    if (!(BDA->video_control & 1) && height > 8 && start < 8 && end < 8) {
        if (end == start + 1 && start >= 5) {
            start = height - 3;
            end = height - 2;
        } else {
            start = start * height / 8;
            end = (end + 1) * height / 8 - 1;
        }
    }
    crtc_write(0x0A, start);
    crtc_write(0x0B, end);
}

void cursor_move(u8 page, u8 row, u8 column) {
    BDA->cursor_positions[page & 7] = row << 8 | column;
    if (page == BDA->video_page) cursor_show();
}

void video_select_page(u8 page) {
    const ROM struct video_mode *mode = current_mode();
    if (page > 7 || mode->layout == LINEAR) return;
    BDA->video_page = page;
    BDA->video_page_start = page_offset(page);
    video_set_start(mode->layout == TEXT ? BDA->video_page_start >> 1 : BDA->video_page_start);
    cursor_show();
}

static void text_scroll(u8 lines, u8 attribute, u8 top, u8 left, u8 bottom, u8 right, bool down) {
    u16 segment = current_mode()->segment, blank = attribute << 8 | ' ', width = right - left + 1;
    u8 height = bottom - top + 1, kept = lines && lines < height ? height - lines : 0;
    for (u8 index = 0; index < height; index++) {
        u8 row = down ? bottom - index : top + index;
        u16 to = cell_offset(BDA->video_page, row, left);
        if (index < kept) {
            far_copy(segment, to, segment, cell_offset(BDA->video_page, down ? row - lines : row + lines, left), width * 2);
        } else {
            far_fill16(segment, to, blank, width);
        }
    }
}

/* Scrolls the window of the active page; zero lines, or too many, blank it. */
void video_scroll(u8 lines, u8 attribute, u8 top, u8 left, u8 bottom, u8 right, bool down) {
    if (bottom > BDA->video_last_row) bottom = BDA->video_last_row;
    if (right >= BDA->video_columns) right = BDA->video_columns - 1;
    if (top > bottom || left > right) return;
    if (video_is_text()) text_scroll(lines, attribute, top, left, bottom, right, down);
    else graphics_scroll(lines, attribute, top, left, bottom, right, down);
}

struct cell cell_read(u8 page) {
    u16 position = BDA->cursor_positions[page & 7];
    struct cell cell = {0, 0};
    if (video_is_text()) {
        u16 value = far_read16(current_mode()->segment, cell_offset(page, position >> 8, position));
        cell.character = value;
        cell.attribute = value >> 8;
    } else {
        cell.character = graphics_read_character(page, position >> 8, position);
    }
    return cell;
}

static void put_cell(u8 page, u8 row, u8 column, u8 character, u8 attribute, bool with_attribute) {
    const ROM struct video_mode *mode = current_mode();
    if (mode->layout != TEXT) {
        graphics_character(page, row, column, character, attribute);
        return;
    }
    u16 offset = cell_offset(page, row, column);
    if (with_attribute) far_write16(mode->segment, offset, attribute << 8 | character);
    else far_write8(mode->segment, offset, character);
}

/* Writes the character `count` times from the cursor on, which stays. Text runs on into the next rows. */
void cell_write(u8 page, u8 character, u8 attribute, bool with_attribute, u16 count) {
    u16 position = BDA->cursor_positions[page & 7];
    u16 row = position >> 8, column = position & 0xFF;
    bool text = video_is_text();
    while (count--) {
        put_cell(page, row, column, character, attribute, with_attribute);
        if (++column < BDA->video_columns) continue;
        column = 0;
        if (++row > BDA->video_last_row && !text) return;
    }
}

static void beep(void) {
    u8 port = in8(0x61);
    out8(0x43, 0xB6);
    out8(0x42, 0x33);
    out8(0x42, 0x05);
    out8(0x61, port | 3);
    delay_refresh(BEEP_TOGGLES);
    out8(0x61, port);
}

void teletype(u8 page, u8 character, u8 attribute, bool with_attribute) {
    u16 position = BDA->cursor_positions[page & 7];
    u8 row = position >> 8, column = position;
    switch (character) {
    case 7:
        beep();
        return;
    case 8:
        if (column) column--;
        break;
    case 10:
        row++;
        break;
    case 13:
        column = 0;
        break;
    default:
        put_cell(page, row, column, character, attribute, with_attribute);
        if (++column >= BDA->video_columns) {
            column = 0;
            row++;
        }
    }
    if (row > BDA->video_last_row) {
        row = BDA->video_last_row;
        u8 blank = 0;
        if (video_is_text()) blank = far_read8(current_mode()->segment, cell_offset(page, row, column) + 1);
        video_scroll(1, blank, 0, 0, row, BDA->video_columns - 1, false);
    }
    cursor_move(page, row, column);
}
