/* What every workload may use: the kernel's calls, output, and a checksum. No library: what runs is what stands here. */
#ifndef RUNTIME_H
#define RUNTIME_H

typedef unsigned char byte;
typedef unsigned short half;
typedef unsigned int word;
typedef unsigned long long wide;

enum call { CALL_EXIT = 1, CALL_FORK = 2, CALL_READ = 3, CALL_WRITE = 4, CALL_WAITPID = 7, CALL_GETPPID = 64 };

/* A call into the kernel through the interrupt gate 80h. */
static inline int call3(enum call number, word first, word second, word third) {
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(first), "c"(second), "d"(third) : "memory");
    return result;
}

/* Mixes a value into a checksum: 32-bit FNV-1a, a word at a time. */
static inline word mixed(word checksum, word value) { return (checksum ^ value) * 16777619u; }
#define CHECKSUM_START 2166136261u

/* The next of a sequence that looks random: xorshift. The state is never 0. */
static inline word next_random(word *state) {
    word value = *state;
    value ^= value << 13;
    value ^= value >> 17;
    value ^= value << 5;
    return *state = value;
}

/* Writes everything, or ends the program. */
void write_all(int file, const void *bytes, word count);
/* Writes a line on standard output in one piece: a verb, a name, and a checksum where `checksum` is not 0. */
void write_mark(const char *verb, const char *name, const word *checksum);
__attribute__((noreturn)) void end(int status);
int equal_text(const char *left, const char *right);
word number_from(const char *digits);

/* The workloads; each returns the checksum of what it computed. */
word integer_mix(void);
word sort_million(void);
word chase_pointers(void);
word copy_rep(void);
word copy_loop(void);
word bodies_x87(void);
word bodies_sse2(void);
word mandelbrot_x87(void);
word mandelbrot_sse2(void);
word system_calls(void);
word forks(void);
word one_page(void);
word dirty_pages(void);

/* Writes so many bytes of text that compresses about as English does. */
void write_text(word bytes);

/* 16 MiB that workloads share, one after another. */
#define ARENA_BYTES (16u << 20)
extern word arena[ARENA_BYTES / sizeof(word)];
/* Another 40 MiB and more: the pages that `dirty_pages` writes. */
#define DIRTY_PAGES 10000u
#define PAGE_BYTES 4096u

#endif
