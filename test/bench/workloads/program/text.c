/* Text to be compressed: words of a made-up language, the common ones far more often than the rare ones. */
#include "runtime.h"

enum { WORDS = 2000, LETTERS_MOST = 9 };

static char vocabulary[WORDS][LETTERS_MOST + 1];

static void invent(word *seed) {
    static const char consonants[] = "bdfgklmnprstvz", vowels[] = "aeiou";
    for (int index = 0; index < WORDS; index++) {
        int length = 2 + (int)(next_random(seed) % (LETTERS_MOST - 2));
        for (int letter = 0; letter < length; letter++) {
            word drawn = next_random(seed);
            vocabulary[index][letter] = letter & 1 ? vowels[drawn % 5] : consonants[drawn % 14];
        }
    }
}

void write_text(word bytes) {
    char *text = (char *)arena;
    word seed = 0x7e87, length = 0;
    if (bytes > ARENA_BYTES - 64) end(2);
    invent(&seed);
    while (length < bytes) {
        word rank = next_random(&seed) % WORDS;
        rank = rank * (next_random(&seed) % WORDS) / WORDS;
        for (const char *letter = vocabulary[rank]; *letter != 0; letter++) text[length++] = *letter;
        text[length++] = next_random(&seed) % 12 == 0 ? '\n' : ' ';
    }
    write_all(1, text, bytes);
}
