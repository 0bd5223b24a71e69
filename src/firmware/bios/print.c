/* Text of the firmware itself on the screen: the banner and what POST found. */
#include "services.h"

extern u8 entry_10[];

static void put(u8 character) {
    if (VECTOR(0x10) == FAR_ADDRESS(ROM_SEGMENT, entry_10)) {
        teletype(BDA->video_page, character, 7, false);
        return;
    }
    /* The ROM of another display answers INT 10h. */
    struct registers r = {0};
    r.ax = 0x0E00 | character;
    r.bx = BDA->video_page << 8 | 7;
    call_video(&r);
}

void print_character(u8 character) {
    if (character == '\n') put('\r');
    put(character);
}

void print_text(const char *text) {
    while (*text) print_character(*text++);
}

void print(const ROM char *text) {
    while (*text) print_character(*text++);
}

void print_decimal(u32 value) {
    if (value >= 10) print_decimal(value / 10);
    print_character('0' + value % 10);
}
