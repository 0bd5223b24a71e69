/* Text of the firmware itself on the screen: the banner and what POST found. */
#include "services.h"

void print_character(u8 character) {
    if (character == '\n') teletype(BDA->video_page, '\r', 7, false);
    teletype(BDA->video_page, character, 7, false);
}

void print(const ROM char *text) {
    while (*text) print_character(*text++);
}

void print_decimal(u32 value) {
    if (value >= 10) print_decimal(value / 10);
    print_character('0' + value % 10);
}
