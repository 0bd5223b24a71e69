/* Minnow's parts and what each offers the others. */
#ifndef KERNEL_H
#define KERNEL_H

#include "machine.h"

#define KERNEL_BASE 0xc0000000u
#define PAGE_BYTES 4096u
#define TICKS_PER_SECOND 100u

/* ---- text.c: memory and strings ---- */

void *memcpy(void *target, const void *source, size_t count);
void *memset(void *target, int value, size_t count);
uint32_t text_length(const char *text);
bool text_equal(const char *left, const char *right);
/* Takes an unsigned decimal number from the start of `text`; `fallback` where there is none. */
uint32_t text_number(const char *text, uint32_t fallback);
/* Gives every character to `put`. Knows %s %c %d %u %x and a width with or without a leading zero; a minus aligns left. */
void text_format(void (*put)(char), const char *format, va_list arguments);

/* ---- screen.c: VGA text mode 3 ---- */

enum color { BLUE = 1, GREEN = 2, CYAN = 3, GREY = 7, BRIGHT_GREEN = 10, YELLOW = 14, WHITE = 15 };

void screen_start(void);
void screen_clear(uint8_t attribute);
void screen_color(uint8_t attribute);
void screen_put(char character);
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- serial.c: COM1, 115200 bit/s, interrupt-driven output ---- */

void serial_start(void);
void serial_put(char character);
/* From now on bytes are sent at once, without interrupts. */
void serial_panic(void);
/* One line of the log: the time, the text. Interrupts may be on or off. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* To the log and to the screen. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- interrupts.c: descriptor tables, 8259A pair, dispatch ---- */

enum vector {
  VECTOR_DIVIDE_ERROR = 0,
  VECTOR_PAGE_FAULT = 14,
  VECTOR_IRQ = 32,
  VECTOR_SYSTEM_CALL = 48,
  VECTOR_PANIC = 49,
};

/* What an interrupt entry leaves on the stack, lowest address first. */
struct frame {
  uint32_t es, ds;
  uint32_t edi, esi, ebp, unused_esp, ebx, edx, ecx, eax;
  uint32_t vector, error;
  uint32_t eip, cs, eflags;
  /* Only where the privilege level changed. */
  uint32_t user_esp, user_ss;
};

void interrupts_start(void);
/* Lets an interrupt request through to `handler`, which runs with interrupts off. */
void interrupts_handle(uint8_t request, void (*handler)(struct frame *));
/* Tells the interrupt controllers that a request has been taken care of. Only the timer says so itself, early. */
void interrupts_end(uint8_t request);
/* Where privilege level 0 begins its stack when it interrupts level 3. */
void interrupts_stack(uint32_t top);

/* ---- memory.c: page frames, demand-zero pages ---- */

struct memory_range {
  uint32_t base, base_high, length, length_high, type;
};

/* Left by setup.asm. */
struct boot_information {
  uint32_t drive, conventional_kilobytes, range_count;
  struct memory_range ranges[16];
};

struct memory_figures {
  uint32_t usable_kilobytes, frames, frames_used, demand_faults;
};

/* Pages here appear, zeroed, when they are first touched. */
#define USER_BASE 0x08000000u
#define USER_BYTES 0x00040000u

void memory_start(const struct boot_information *information);
/* Answers a fault in the demand-zero region; false for any other. */
bool memory_fault(uint32_t address, uint32_t error);
struct memory_figures memory_figures(void);

/* ---- events.c: what is to happen at some tick ---- */

struct event {
  struct event *next, *previous;
  uint32_t due;
  bool queued;
  const char *name;
  void (*action)(struct event *);
};

void events_start(void);
/* Puts an event on the list, unless it is there already. Interrupts must be off. */
void event_post(struct event *event, uint32_t due);
/* Takes an event off the list, if it is there. Interrupts must be off. */
void event_cancel(struct event *event);
/* Runs what is due. */
void events_run(uint32_t now);
/* Gives the list's events to `show` in order. */
void events_each(void (*show)(const struct event *));

/* ---- timer.c: 8254, the tick and its bottom half ---- */

void timer_start(void);
/* Ticks since the timer was started, 100 a second. */
uint32_t timer_ticks(void);
/* Whether a bottom half is in progress: nobody switches threads then. */
bool timer_busy(void);

/* ---- threads.c ---- */

enum thread_state { RUNNING, READY, WAITING };

struct thread {
  uint32_t stack;
  const char *name, *mode;
  enum thread_state state;
  uint32_t ticks, switches, preemptions;
  uint32_t *stack_area;
};

enum { IDLE, SHELL, WORKER, THREADS };

extern struct thread threads[THREADS];
extern struct thread *thread_current;

void threads_start(void) __attribute__((noreturn));
/* Gives the processor away until somebody wakes the caller. Interrupts must be off, and are off again on return. */
void thread_wait(void);
void thread_wake(struct thread *thread);
/* Waits for `ticks` ticks. */
void thread_sleep(uint32_t ticks);
/* Asks for a switch when the current interrupt ends. */
void thread_yield_later(void);
/* Switches threads if somebody asked for it. Called at the end of every interrupt. */
void thread_interrupt_end(void);

/* ---- worker.c: the thread at privilege level 3 ---- */

void worker_main(void);
void worker_system_call(struct frame *frame);
/* Sieves completed, and primes found by the last. */
extern uint32_t worker_sieves, worker_primes;

/* ---- keyboard.c: 8042, scan code set 1 ---- */

void keyboard_start(void);
/* Waits for a character. */
char keyboard_read(void);
/* For the timer's bottom half: has the keyboard event run at the next tick. */
void keyboard_tick(void);

/* ---- clock.c: the MC146818's date ---- */

struct date {
  uint16_t year;
  uint8_t month, day, hour, minute, second;
};

struct date clock_read(void);

/* ---- disk.c: ATA, programmed input and output, interrupt-driven ---- */

#define SECTOR_BYTES 512u

/* Sectors of the first disk; 0 where there is none. Only a thread may call the disk. */
uint32_t disk_start(void);
bool disk_read(uint32_t sector, void *target);
bool disk_write(uint32_t sector, const void *source);

/* ---- journal.c: lines kept on the disk ---- */

/* Finds what earlier runs have written. */
void journal_start(uint32_t disk_sectors);
bool journal_append(const char *text);
void journal_show(void);

/* ---- shell.c, panic.c ---- */

void shell_main(void);

/* Why the kernel stopped; set before panic_show. */
extern const char *panic_message;
/* Stops the kernel with registers, stack and `message` on the screen and in the log. */
void panic(const char *message) __attribute__((noreturn));
void panic_show(const struct frame *frame) __attribute__((noreturn));

#endif
