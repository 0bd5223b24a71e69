/* The panic screen: white on blue, with registers, the stack and the calls that led here; the same goes to the log. */
#include "kernel.h"

enum { STACK_SHOWN_WORDS = 32, CALLS_SHOWN = 8, USER_LEVEL = 3, WHITE_ON_BLUE = (BLUE << 4) | WHITE };

const char *panic_message;
static bool panicking;

static void put_both(char character) {
  screen_put(character);
  serial_put(character);
}

static void __attribute__((format(printf, 1, 2))) show(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_format(put_both, format, arguments);
  va_end(arguments);
}

/* Kernel stacks are pages; nothing beyond the page of `esp` belongs to its stack. */
static bool on_stack(uint32_t esp, uint32_t address) {
  bool mapped = esp >= KERNEL_BASE && esp < KERNEL_BASE + 0x01000000;
  return mapped && address % 4 == 0 && address / PAGE_BYTES == (esp - 1) / PAGE_BYTES;
}

static uint32_t word_at(uint32_t address) {
  return *(const uint32_t *)address;
}

static void show_registers(const struct frame *frame, uint32_t esp) {
  uint32_t cr0, cr2, cr3;
  __asm__("movl %%cr0, %0; movl %%cr2, %1; movl %%cr3, %2" : "=r"(cr0), "=r"(cr2), "=r"(cr3));
  show("  eax %08x  ebx %08x  ecx %08x  edx %08x\n", frame->eax, frame->ebx, frame->ecx, frame->edx);
  show("  esi %08x  edi %08x  ebp %08x  esp %08x\n", frame->esi, frame->edi, frame->ebp, esp);
  show("  eip %08x  efl %08x  cs  %04x      ds  %04x\n", frame->eip, frame->eflags, frame->cs & 0xffff,
       frame->ds & 0xffff);
  show("  cr0 %08x  cr2 %08x  cr3 %08x  err %08x\n", cr0, cr2, cr3, frame->error);
}

static void show_stack(uint32_t esp) {
  show("\nStack:");
  for (uint32_t i = 0; i < STACK_SHOWN_WORDS && on_stack(esp, esp + i * 4); i++) {
    if (i % 8 == 0) show("\n ");
    show(" %08x", word_at(esp + i * 4));
  }
}

/* Frames are linked by EBP, the caller's first word after it. */
static void show_calls(uint32_t esp, uint32_t ebp) {
  show("\n\nCalled from:");
  for (uint32_t i = 0; i < CALLS_SHOWN && on_stack(esp, ebp) && on_stack(esp, ebp + 4); i++) {
    show(" %08x", word_at(ebp + 4));
    if (word_at(ebp) <= ebp) break;
    ebp = word_at(ebp);
  }
  show("\n");
}

void panic_show(const struct frame *frame) {
  interrupts_off();
  if (panicking) stop(); /* The panic itself failed: what is on the screen must do. */
  panicking = true;
  serial_panic();
  log_line("panic: %s", panic_message);
  uint32_t ticks = timer_ticks();
  bool user = (frame->cs & USER_LEVEL) == USER_LEVEL;
  uint32_t esp = user ? frame->user_esp : (uint32_t)&frame->user_esp;
  screen_clear(WHITE_ON_BLUE);
  show("Minnow has stopped: %s\n\n", panic_message);
  show("In thread %s at tick %u%s.\n\n", thread_current->name, ticks, timer_busy() ? ", in the timer's bottom half" : "");
  show_registers(frame, esp);
  show_stack(esp);
  show_calls(esp, frame->ebp);
  show("\nThe computer may be switched off or reset.\n");
  stop();
}

void panic(const char *message) {
  panic_message = message;
  __asm__ volatile("int $49");
  stop();
}
