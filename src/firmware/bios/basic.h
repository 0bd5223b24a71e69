/* What both parts of the firmware, of 16 and of 32 bits, are written in: integer types and port access. */
#ifndef BASIC_H
#define BASIC_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef _Bool bool;
#define true 1
#define false 0
#define PACKED __attribute__((packed))
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static inline u8 in8(u16 port) {
    u8 value;
    __asm__ volatile("inb %w1, %b0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void out8(u16 port, u8 value) { __asm__ volatile("outb %b0, %w1" : : "a"(value), "Nd"(port)); }

static inline void out16(u16 port, u16 value) { __asm__ volatile("outw %w0, %w1" : : "a"(value), "Nd"(port)); }

static inline u16 in16(u16 port) {
    u16 value;
    __asm__ volatile("inw %w1, %w0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline u32 in32(u16 port) {
    u32 value;
    __asm__ volatile("inl %w1, %k0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void out32(u16 port, u32 value) { __asm__ volatile("outl %k0, %w1" : : "a"(value), "Nd"(port)); }

#endif
