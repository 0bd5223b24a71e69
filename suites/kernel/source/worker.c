/* The worker: a thread at privilege level 3 that counts the primes below 65,536 over and over, with pauses. Its work takes
   longer than a tick, so it is preempted; its memory appears page by page, so it faults. */
#include "kernel.h"

#define USER_FUNCTION __attribute__((section(".user"), noinline))

enum { LIMIT = 65536, PAUSE_TICKS = 50 };
enum { CALL_SLEEP = 1, CALL_REPORT = 2 };

extern void enter_user(uint32_t instruction, uint32_t stack);

uint32_t worker_sieves, worker_primes;

/* ---- Privilege level 3: nothing below may call the kernel's functions or read its data ---- */

static inline void system_call(uint32_t number, uint32_t argument) {
  __asm__ volatile("int $48" : "+a"(number) : "b"(argument) : "memory");
}

USER_FUNCTION static uint32_t sieve(volatile uint8_t *composite) {
  uint32_t primes = 0;
  for (uint32_t i = 0; i < LIMIT; i++) composite[i] = 0;
  for (uint32_t i = 2; i < LIMIT; i++) {
    if (composite[i]) continue;
    primes++;
    if (i >= 256) continue; /* The squares of these are beyond the limit. */
    for (uint32_t j = i * i; j < LIMIT; j += i) composite[j] = 1;
  }
  return primes;
}

USER_FUNCTION static void user_main(void) {
  for (;;) {
    system_call(CALL_REPORT, sieve((volatile uint8_t *)USER_BASE));
    system_call(CALL_SLEEP, PAUSE_TICKS);
  }
}

/* ---- Privilege level 0 ---- */

void worker_system_call(struct frame *frame) {
  if (frame->eax == CALL_SLEEP) {
    thread_sleep(frame->ebx);
  } else if (frame->eax == CALL_REPORT) {
    worker_primes = frame->ebx;
    if (worker_sieves++ == 0) log_line("worker: %u primes below %u", worker_primes, (uint32_t)LIMIT);
  } else {
    frame->eax = 0xffffffff;
  }
}

void worker_main(void) {
  enter_user((uint32_t)user_main, USER_BASE + USER_BYTES);
}
