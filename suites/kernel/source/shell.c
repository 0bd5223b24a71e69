/* The shell: reads lines from the keyboard, runs commands, logs each. */
#include "kernel.h"

enum { LINE_BYTES = 128, STRESS_EVENTS = 64 };

static struct event stress_events[STRESS_EVENTS];

struct command {
  const char *name, *help;
  void (*run)(const char *argument);
};

static void run_help(const char *argument);

static void run_echo(const char *argument) {
  print("%s\n", argument);
}

static void run_clear(const char *argument) {
  (void)argument;
  screen_clear(GREY);
}

static void run_ps(const char *argument) {
  static const char *const states[] = {"running", "ready", "waiting"};
  (void)argument;
  print("thread   mode    state      ticks  switches  preempted\n");
  for (uint32_t i = 0; i < THREADS; i++) {
    const struct thread *thread = &threads[i];
    print("%-8s %-7s %-7s %8u %9u %10u\n", thread->name, thread->mode, states[thread->state], thread->ticks,
          thread->switches, thread->preemptions);
  }
  print("The worker has run %u sieves and found %u primes each time.\n", worker_sieves, worker_primes);
}

static void run_mem(const char *argument) {
  struct memory_figures figures = memory_figures();
  (void)argument;
  print("usable memory   %6u KiB\n", figures.usable_kilobytes);
  print("page frames     %6u, of them used %u\n", figures.frames, figures.frames_used);
  print("demand faults   %6u\n", figures.demand_faults);
}

static void run_ticks(const char *argument) {
  (void)argument;
  print("%u\n", timer_ticks());
}

static void run_date(const char *argument) {
  struct date date = clock_read();
  (void)argument;
  print("%04u-%02u-%02u %02u:%02u:%02u\n", (uint32_t)date.year, (uint32_t)date.month, (uint32_t)date.day,
        (uint32_t)date.hour, (uint32_t)date.minute, (uint32_t)date.second);
}

static void run_write(const char *argument) {
  if (!*argument) {
    print("write what?\n");
  } else if (journal_append(argument)) {
    print("written\n");
  }
}

static void run_log(const char *argument) {
  (void)argument;
  journal_show();
}

static void show_event(const struct event *event) {
  print("%8u  %s\n", event->due, event->name);
}

static void run_events(const char *argument) {
  (void)argument;
  uint32_t flags = interrupts_save();
  print("    tick  event\n");
  events_each(show_event);
  interrupts_restore(flags);
}

static void run_sleep(const char *argument) {
  thread_sleep(text_number(argument, TICKS_PER_SECOND));
}

static void run_spin(const char *argument) {
  uint32_t ticks = text_number(argument, 20);
  uint32_t end = timer_ticks() + ticks, preemptions = threads[SHELL].preemptions, sieves = worker_sieves;
  while ((int32_t)(end - timer_ticks()) > 0) {}
  print("ticks: %u, preemptions: %u, sieves meanwhile: %u\n", ticks, threads[SHELL].preemptions - preemptions,
        worker_sieves - sieves);
}

static void stress_action(struct event *event) {
  log_line("%s: an hour has passed", event->name);
}

/* A long event list: whatever walks it takes longer. */
static void run_stress(const char *argument) {
  bool on = text_equal(argument, "on");
  if (!on && !text_equal(argument, "off")) {
    print("stress on, or stress off\n");
    return;
  }
  for (uint32_t i = 0; i < STRESS_EVENTS; i++) {
    struct event *event = &stress_events[i];
    uint32_t flags = interrupts_save();
    event->name = "stress";
    event->action = stress_action;
    if (on) event_post(event, timer_ticks() + 3600 * TICKS_PER_SECOND);
    else event_cancel(event);
    interrupts_restore(flags);
  }
  print("%u events more on the list\n", on ? (uint32_t)STRESS_EVENTS : 0);
}

static void __attribute__((noinline)) store(uint32_t address, uint32_t value) {
  *(volatile uint32_t *)address = value;
}

static void run_crash(const char *argument) {
  (void)argument;
  store(0xdeadbeec, 1);
}

static void run_divide(const char *argument) {
  (void)argument;
  uint32_t quotient = 1, remainder = 0, divisor = 0;
  __asm__ volatile("divl %2" : "+a"(quotient), "+d"(remainder) : "r"(divisor));
}

/* The log's last bytes must leave before everything ends. */
static void finish(const char *why) {
  log_line("shell: %s", why);
  serial_panic();
}

static void run_halt(const char *argument) {
  (void)argument;
  print("The computer may be switched off.\n");
  finish("halted");
  stop();
}

static void run_reboot(const char *argument) {
  (void)argument;
  finish("rebooting");
  out8(0x64, 0xfe); /* The 8042 pulses the processor's reset line. */
  stop();
}

static const struct command commands[] = {
    {"help", "this list", run_help},
    {"echo", "TEXT: shows it", run_echo},
    {"clear", "clears the screen", run_clear},
    {"ps", "the threads", run_ps},
    {"mem", "memory figures", run_mem},
    {"ticks", "timer ticks since the start", run_ticks},
    {"date", "the real-time clock's date", run_date},
    {"events", "what the event list holds", run_events},
    {"write", "TEXT: adds a line to the journal on the disk", run_write},
    {"log", "shows the journal", run_log},
    {"sleep", "TICKS: waits idle", run_sleep},
    {"spin", "TICKS: waits busy", run_spin},
    {"stress", "on, off: a longer event list", run_stress},
    {"crash", "writes where no memory is", run_crash},
    {"divide", "divides by zero", run_divide},
    {"reboot", "resets the computer", run_reboot},
    {"halt", "stops the computer", run_halt},
};

static void run_help(const char *argument) {
  (void)argument;
  for (uint32_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    print("  %-8s%s\n", commands[i].name, commands[i].help);
  }
}

static void read_line(char *line) {
  uint32_t length = 0;
  for (;;) {
    char character = keyboard_read();
    if (character == '\n') break;
    if (character == '\b') {
      if (length == 0) continue;
      length--;
      print("\b \b");
    } else if (character >= ' ' && length < LINE_BYTES - 1) {
      line[length++] = character;
      screen_put(character);
    }
  }
  line[length] = 0;
  screen_put('\n');
}

static void __attribute__((noinline)) run_line(char *line) {
  char *argument = line;
  while (*argument && *argument != ' ') argument++;
  if (*argument) *argument++ = 0;
  while (*argument == ' ') argument++;
  for (uint32_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    if (!text_equal(commands[i].name, line)) continue;
    commands[i].run(argument);
    return;
  }
  print("%s: no such command; help lists them\n", line);
}

void shell_main(void) {
  static char line[LINE_BYTES];
  journal_start(disk_start());
  print("\nType help for the commands.\n");
  log_line("shell: ready");
  for (;;) {
    screen_color(BRIGHT_GREEN);
    print("minnow> ");
    screen_color(WHITE);
    read_line(line);
    screen_color(GREY);
    if (!*line) continue;
    log_line("shell: %s", line);
    run_line(line);
  }
}
