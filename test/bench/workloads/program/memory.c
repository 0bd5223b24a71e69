/* Sorting, chasing pointers, copying: what waits for memory. */
#include "runtime.h"

enum { NUMBERS = 1000000 };

typedef int (*comparison)(const void *, const void *);
static int by_value(const void *left, const void *right) {
    word a = *(const word *)left, b = *(const word *)right;
    return a < b ? -1 : a > b;
}

static void exchange(word *left, word *right) {
    word kept = *left;
    *left = *right;
    *right = kept;
}

/* Quicksort as a C library does it: the middle of three, a comparison through a pointer, insertion for what is short. */
static void quick_sort(word *low, word *high, comparison compare) {
    while (high - low > 12) {
        word *middle = low + (high - low) / 2;
        if (compare(middle, low) < 0) exchange(middle, low);
        if (compare(high, middle) < 0) exchange(high, middle);
        if (compare(middle, low) < 0) exchange(middle, low);
        word pivot = *middle, *left = low, *right = high;
        while (left <= right) {
            while (compare(left, &pivot) < 0) left++;
            while (compare(right, &pivot) > 0) right--;
            if (left <= right) exchange(left++, right--);
        }
        if (right - low < high - left) {
            quick_sort(low, right, compare);
            low = left;
        } else {
            quick_sort(left, high, compare);
            high = right;
        }
    }
    for (word *next = low + 1; next <= high; next++) {
        word value = *next, *at = next;
        while (at > low && compare(&value, at - 1) < 0) *at = at[-1], at--;
        *at = value;
    }
}

word sort_million(void) {
    word seed = 0x51ce, checksum = CHECKSUM_START;
    for (int index = 0; index < NUMBERS; index++) arena[index] = next_random(&seed);
    quick_sort(arena, arena + NUMBERS - 1, by_value);
    for (int index = 0; index < NUMBERS; index += 97) checksum = mixed(checksum, arena[index]);
    return checksum;
}

/* One node in each 64 bytes of 16 MiB, linked in one ring of random order. */
enum { NODE_WORDS = 16, RING = ARENA_BYTES / 64, STEPS = 2000000 };

word chase_pointers(void) {
    word seed = 0xc4a5e;
    for (word index = 0; index < RING; index++) arena[index * NODE_WORDS] = index;
    /* Sattolo's shuffle leaves one ring. */
    for (word index = RING - 1; index > 0; index--)
        exchange(&arena[index * NODE_WORDS], &arena[next_random(&seed) % index * NODE_WORDS]);
    for (word index = 0; index < RING; index++)
        arena[index * NODE_WORDS] = (word)&arena[arena[index * NODE_WORDS] * NODE_WORDS];
    const word *at = arena;
    for (int step = 0; step < STEPS; step++) at = *(const word *const *)at;
    return mixed(CHECKSUM_START, (word)(at - arena));
}

/* 4 MiB from one half of the memory into the other, so often. */
enum { COPY_WORDS = 1 << 20, COPY_TIMES_REP = 32, COPY_TIMES_LOOP = 24 };

static word filled(void) {
    word seed = 0xc09f;
    for (int index = 0; index < COPY_WORDS; index++) arena[index] = next_random(&seed);
    return seed;
}
static word sum_of_copy(word checksum) {
    for (int index = 0; index < COPY_WORDS; index += 1021) checksum = mixed(checksum, arena[2 * COPY_WORDS + index]);
    return checksum;
}

word copy_rep(void) {
    filled();
    for (int time = 0; time < COPY_TIMES_REP; time++) {
        const word *from = arena;
        word *to = arena + 2 * COPY_WORDS, count = COPY_WORDS;
        arena[time] = (word)time;
        __asm__ volatile("rep movsl" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
    }
    return sum_of_copy(CHECKSUM_START);
}

word copy_loop(void) {
    filled();
    for (int time = 0; time < COPY_TIMES_LOOP; time++) {
        const volatile word *from = arena;
        volatile word *to = arena + 2 * COPY_WORDS;
        arena[time] = (word)time;
        for (int index = 0; index < COPY_WORDS; index++) to[index] = from[index];
    }
    return sum_of_copy(CHECKSUM_START);
}

static byte dirtied[DIRTY_PAGES * PAGE_BYTES] __attribute__((aligned(4096)));

/* Writes a word into each of 10,000 pages: what a snapshot of the difference has to find. */
word dirty_pages(void) {
    word checksum = CHECKSUM_START;
    for (word page = 0; page < DIRTY_PAGES; page++) {
        *(word *)(dirtied + page * PAGE_BYTES) = page + 1;
        checksum = mixed(checksum, page);
    }
    return checksum;
}
