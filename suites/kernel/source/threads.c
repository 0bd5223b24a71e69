/* Threads: two and an idle one, switched round robin at every tick, by waiting, or by an interrupt that woke somebody. */
#include "kernel.h"

enum { STACK_WORDS = 1024, GUARD_WORDS = 8 };
#define GUARD 0x5afe57acu

extern void switch_stacks(uint32_t *old_stack, uint32_t new_stack);
extern void thread_begin(void);

static uint32_t stacks[THREADS][STACK_WORDS] __attribute__((aligned(4096)));
static bool switch_wanted;
static uint32_t load_percent, idle_ticks_before;

struct thread threads[THREADS];
struct thread *thread_current = &threads[IDLE];

static struct event wake_events[THREADS], stacks_event, load_event, uptime_event;

/* ---- Switching ---- */

/* The next thread after the current one that can run; idle only where no other can. */
static struct thread *choose(void) {
  uint32_t current = (uint32_t)(thread_current - threads);
  for (uint32_t i = 1; i <= THREADS; i++) {
    uint32_t candidate = (current + i) % THREADS;
    if (candidate != IDLE && threads[candidate].state != WAITING) return &threads[candidate];
  }
  return &threads[IDLE];
}

static void switch_threads(void) {
  struct thread *old = thread_current, *new = choose();
  switch_wanted = false;
  if (old->state == RUNNING) old->state = READY;
  new->state = RUNNING;
  if (new == old) return;
  new->switches++;
  thread_current = new;
  interrupts_stack((uint32_t)(new->stack_area + STACK_WORDS));
  switch_stacks(&old->stack, new->stack);
}

void thread_wait(void) {
  thread_current->state = WAITING;
  switch_threads();
}

void thread_wake(struct thread *thread) {
  if (thread->state != WAITING) return;
  thread->state = READY;
  switch_wanted = true;
}

void thread_yield_later(void) {
  switch_wanted = true;
}

void thread_interrupt_end(void) {
  if (!switch_wanted || timer_busy()) return;
  struct thread *interrupted = thread_current;
  if (interrupted != &threads[IDLE] && choose() != interrupted) interrupted->preemptions++;
  switch_threads();
}

/* ---- Events of the threads ---- */

static void wake_action(struct event *event) {
  thread_wake(&threads[event - wake_events]);
}

void thread_sleep(uint32_t ticks) {
  uint32_t flags = interrupts_save();
  struct event *event = &wake_events[thread_current - threads];
  event_post(event, timer_ticks() + ticks);
  while (event->queued) thread_wait();
  interrupts_restore(flags);
}

static void post_again(struct event *event, uint32_t seconds) {
  uint32_t flags = interrupts_save();
  event_post(event, event->due + seconds * TICKS_PER_SECOND);
  interrupts_restore(flags);
}

/* A stack that grew over its end has destroyed its guard. */
static void stacks_action(struct event *event) {
  for (uint32_t i = 0; i < THREADS; i++) {
    for (uint32_t word = 0; word < GUARD_WORDS; word++) {
      if (threads[i].stack_area[word] != GUARD) panic("a thread's stack has overflowed");
    }
  }
  post_again(event, 1);
}

enum { LOAD_SECONDS = 5 };

static void load_action(struct event *event) {
  uint32_t idle = threads[IDLE].ticks - idle_ticks_before;
  idle_ticks_before = threads[IDLE].ticks;
  load_percent = 100 - idle * 100 / (LOAD_SECONDS * TICKS_PER_SECOND);
  post_again(event, LOAD_SECONDS);
}

static void uptime_action(struct event *event) {
  log_line("uptime %u s, load %u%%", timer_ticks() / TICKS_PER_SECOND, load_percent);
  post_again(event, 60);
}

/* ---- Start ---- */

static void create(uint32_t index, const char *name, const char *mode, void (*function)(void)) {
  struct thread *thread = &threads[index];
  uint32_t *stack = stacks[index];
  for (uint32_t word = 0; word < GUARD_WORDS; word++) stack[word] = GUARD;
  uint32_t *top = stack + STACK_WORDS;
  *--top = (uint32_t)function;
  *--top = (uint32_t)thread_begin;
  top -= 4; /* What switch_stacks takes off: EBP, EBX, ESI, EDI. */
  *thread = (struct thread){.stack = (uint32_t)top, .name = name, .mode = mode, .state = READY, .stack_area = stack};
  wake_events[index] = (struct event){.name = name, .action = wake_action};
  log_line("thread %s: ready, stack at %x", name, (uint32_t)(stack + STACK_WORDS));
}

static void post_periodic(struct event *event, const char *name, void (*action)(struct event *), uint32_t seconds) {
  *event = (struct event){.name = name, .action = action};
  event_post(event, seconds * TICKS_PER_SECOND);
}

static void idle_main(void) {
  for (;;) wait_for_interrupt();
}

void threads_start(void) {
  create(IDLE, "idle", "kernel", idle_main);
  create(SHELL, "shell", "kernel", shell_main);
  create(WORKER, "worker", "user", worker_main);
  post_periodic(&stacks_event, "stacks", stacks_action, 1);
  post_periodic(&load_event, "load", load_action, LOAD_SECONDS);
  post_periodic(&uptime_event, "uptime", uptime_action, 60);
  /* The stack of the start is left for good: nothing returns to it. */
  uint32_t start_stack;
  thread_current = &threads[SHELL];
  thread_current->state = RUNNING;
  thread_current->switches = 1;
  interrupts_stack((uint32_t)(thread_current->stack_area + STACK_WORDS));
  switch_stacks(&start_stack, thread_current->stack);
  panic("the start was resumed");
}
