/* Output, and the little that a C library would have given. */
#include "runtime.h"

void end(int status) {
    for (;;) call3(CALL_EXIT, (word)status, 0, 0);
}

void write_all(int file, const void *bytes, word count) {
    const char *from = bytes;
    while (count > 0) {
        int written = call3(CALL_WRITE, (word)file, (word)from, count);
        if (written <= 0) end(1);
        from += written;
        count -= (word)written;
    }
}

static word append_text(char *line, word length, const char *text) {
    while (*text != 0) line[length++] = *text++;
    return length;
}

void write_mark(const char *verb, const char *name, const word *checksum) {
    char line[80];
    word length = append_text(line, 0, "@");
    length = append_text(line, length, verb);
    length = append_text(line, length, " ");
    length = append_text(line, length, name);
    if (checksum != 0) {
        line[length++] = ' ';
        for (int shift = 28; shift >= 0; shift -= 4) line[length++] = "0123456789abcdef"[*checksum >> shift & 15];
    }
    line[length++] = '\n';
    write_all(1, line, length);
}

int equal_text(const char *left, const char *right) {
    while (*left != 0 && *left == *right) left++, right++;
    return *left == *right;
}

word number_from(const char *digits) {
    word number = 0;
    for (; *digits >= '0' && *digits <= '9'; digits++) number = number * 10 + (word)(*digits - '0');
    return number;
}

/* The compiler may ask for these two whatever it compiles. */
void *memcpy(void *to, const void *from, word count) {
    void *target = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    return target;
}
void *memset(void *to, int value, word count) {
    void *target = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
    return target;
}
