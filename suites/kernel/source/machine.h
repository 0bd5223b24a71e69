/* What C cannot say about the processor: ports, the interrupt flag, whole types. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline void out8(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t in8(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
  return value;
}

/* Moves `count` words from a port to memory. */
static inline void in_words(uint16_t port, void *target, uint32_t count) {
  __asm__ volatile("rep insw" : "+D"(target), "+c"(count) : "d"(port) : "memory");
}

/* Moves `count` words from memory to a port. */
static inline void out_words(uint16_t port, const void *source, uint32_t count) {
  __asm__ volatile("rep outsw" : "+S"(source), "+c"(count) : "d"(port) : "memory");
}

static inline void interrupts_off(void) {
  __asm__ volatile("cli" : : : "memory");
}

static inline void interrupts_on(void) {
  __asm__ volatile("sti" : : : "memory");
}

/* Turns interrupts off; the result is for `interrupts_restore`. */
static inline uint32_t interrupts_save(void) {
  uint32_t flags;
  __asm__ volatile("pushfl; popl %0; cli" : "=r"(flags) : : "memory");
  return flags;
}

static inline void interrupts_restore(uint32_t flags) {
  __asm__ volatile("pushl %0; popfl" : : "r"(flags) : "memory", "cc");
}

/* Waits for an interrupt; STI takes effect after HLT has begun, so none is missed. */
static inline void wait_for_interrupt(void) {
  __asm__ volatile("sti; hlt" : : : "memory");
}

/* Stops the computer for good. */
static inline void __attribute__((noreturn)) stop(void) {
  for (;;) __asm__ volatile("cli; hlt");
}

#endif
