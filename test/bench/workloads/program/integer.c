/*
 * A mix of what most programs do, of the kind that CoreMark made usual and written anew: a linked list searched, reversed and
 * sorted; a matrix of 16-bit numbers multiplied; numbers read from text by a state machine; a CRC over all of it.
 */
#include "runtime.h"

enum { ROUNDS = 1400, NODES = 200, SIDE = 24, TEXT = 600 };

struct node {
    struct node *next;
    half key, weight;
};

static half crc_byte(half crc, byte value) {
    for (int bit = 0; bit < 8; bit++) {
        int carry = (value ^ crc) & 1;
        value >>= 1;
        crc = (half)(crc >> 1) ^ (carry ? 0xa001 : 0);
    }
    return crc;
}
static half crc_word(half crc, word value) {
    for (int shift = 0; shift < 32; shift += 8) crc = crc_byte(crc, (byte)(value >> shift));
    return crc;
}

static struct node *make_list(word *seed) {
    struct node *nodes = (struct node *)arena;
    for (int index = 0; index < NODES; index++) {
        nodes[index].next = index + 1 < NODES ? &nodes[index + 1] : 0;
        nodes[index].key = (half)next_random(seed);
        nodes[index].weight = (half)index;
    }
    return nodes;
}
static struct node *reversed(struct node *list) {
    struct node *done = 0;
    while (list != 0) {
        struct node *rest = list->next;
        list->next = done;
        done = list;
        list = rest;
    }
    return done;
}
static const struct node *found(const struct node *list, half key) {
    while (list != 0 && list->key != key) list = list->next;
    return list;
}

typedef int (*comparison)(const struct node *, const struct node *);
static int by_key(const struct node *left, const struct node *right) { return (int)left->key - (int)right->key; }
static int by_weight(const struct node *left, const struct node *right) { return (int)left->weight - (int)right->weight; }

/* Merge sort from the bottom up: runs of one, then of two, then of four. */
static struct node *sorted(struct node *list, comparison compare) {
    for (int run = 1;; run *= 2) {
        struct node *from = list, *tail = 0;
        int merges = 0;
        list = 0;
        while (from != 0) {
            struct node *left = from, *right = from;
            int left_count = 0, right_count = run;
            merges++;
            while (left_count < run && right != 0) left_count++, right = right->next;
            while (left_count > 0 || (right_count > 0 && right != 0)) {
                int take_left = left_count > 0 && (right_count == 0 || right == 0 || compare(left, right) <= 0);
                struct node *taken = take_left ? left : right;
                if (take_left) left = left->next, left_count--;
                else right = right->next, right_count--;
                if (tail != 0) tail->next = taken;
                else list = taken;
                tail = taken;
            }
            from = right;
        }
        tail->next = 0;
        if (merges <= 1) return list;
    }
}

static half list_work(word *seed) {
    half crc = 0;
    struct node *list = make_list(seed);
    for (int search = 0; search < 20; search++) {
        const struct node *hit = found(list, (half)(search & 1 ? list->key + search : list->next->next->key));
        crc = crc_word(crc, hit == 0 ? 0 : hit->weight);
        list = reversed(list);
    }
    list = sorted(list, by_key);
    for (const struct node *at = list; at != 0; at = at->next) crc = crc_byte(crc, (byte)at->weight);
    list = sorted(list, by_weight);
    return crc_word(crc, list->key);
}

static half matrix_work(word *seed) {
    static short left[SIDE][SIDE], right[SIDE][SIDE];
    static int product[SIDE][SIDE];
    half crc = 0;
    for (int row = 0; row < SIDE; row++) {
        for (int column = 0; column < SIDE; column++) {
            left[row][column] = (short)next_random(seed);
            right[row][column] = (short)(left[row][column] ^ (row * 8 + column));
        }
    }
    for (int row = 0; row < SIDE; row++) {
        for (int column = 0; column < SIDE; column++) {
            int sum = 0;
            for (int inner = 0; inner < SIDE; inner++) sum += left[row][inner] * right[inner][column];
            product[row][column] = sum;
        }
    }
    for (int row = 0; row < SIDE; row++) {
        int sum = 0;
        for (int column = 0; column < SIDE; column++) sum += product[row][column] >> 3 & 0x7ff;
        crc = crc_word(crc, (word)sum);
    }
    return crc;
}

enum state { BETWEEN, SIGN, INTEGER, POINT, FRACTION, EXPONENT, WRONG, STATES };

static enum state step(enum state state, byte letter) {
    int digit = letter >= '0' && letter <= '9';
    if (letter == ',') return BETWEEN;
    switch (state) {
    case BETWEEN:
        if (digit) return INTEGER;
        return letter == '-' || letter == '+' ? SIGN : letter == '.' ? POINT : WRONG;
    case SIGN:
        return digit ? INTEGER : letter == '.' ? POINT : WRONG;
    case INTEGER:
        if (digit) return INTEGER;
        return letter == '.' ? FRACTION : letter == 'e' ? EXPONENT : WRONG;
    case POINT:
    case FRACTION:
        return digit ? FRACTION : letter == 'e' && state == FRACTION ? EXPONENT : WRONG;
    case EXPONENT:
        return digit || letter == '-' ? EXPONENT : WRONG;
    default:
        return WRONG;
    }
}

static half text_work(word *seed) {
    static byte text[TEXT];
    word visits[STATES] = {0};
    half crc = 0;
    for (int index = 0; index < TEXT; index++) text[index] = (byte) "0123456789,,.-+e,5,7x31.25,8e-4"[next_random(seed) % 31];
    enum state state = BETWEEN;
    for (int index = 0; index < TEXT; index++) visits[state = step(state, text[index])]++;
    for (int index = 0; index < STATES; index++) crc = crc_word(crc, visits[index]);
    return crc;
}

word integer_mix(void) {
    word checksum = CHECKSUM_START, seed = 0x3415;
    for (int round = 0; round < ROUNDS; round++) {
        checksum = mixed(checksum, list_work(&seed));
        checksum = mixed(checksum, matrix_work(&seed));
        checksum = mixed(checksum, text_work(&seed));
    }
    return checksum;
}
