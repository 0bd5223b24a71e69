/*
 * Runs short sequences of 32-bit instructions on the host's processor: in user mode, in this process, at fixed addresses.
 * Requests come on standard input and answers go to standard output, as harness.ts lays them out. A sequence ends with
 * whatever signal it raises. One that calls the system ends this process: no call but those below is let through.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 3, CODE = 256, DATA = 512, STACK = 256, ENTRY = 0x100, FX = 512, FRAME_HEADER = 112 };
static uint8_t *const page[PAGES] = {(uint8_t *)0x20000000, (uint8_t *)0x20010000, (uint8_t *)0x20020000};

struct request {
  uint32_t registers[8]; /* EAX ECX EDX EBX ESP EBP ESI EDI */
  uint32_t flags;
  uint8_t code[CODE], data[DATA], stack[STACK];
  uint8_t fx[FX];
};
struct answer {
  uint32_t timed_out, registers[8], eip, flags, trap, error, address;
  uint8_t fx[FX];
};

struct request in __attribute__((aligned(16)));
uint8_t fx_in[FX] __attribute__((aligned(16)));
static struct answer out;
uint32_t saved_esp, in_flags, entry = 0x20000000 + ENTRY;
static uint8_t before[PAGES][PAGE];
static uint8_t signal_stack[65536];
static volatile unsigned number, seen, ticks;
extern char resume_case[];
void enter_case(void);

__asm__(".text\n"
        "enter_case:\n"
        "  pushal\n"
        "  movl %esp, saved_esp\n"
        "  fxrstor fx_in\n"
        "  pushl in+32\n"
        "  popfl\n"
        "  movl in, %eax\n"
        "  movl in+4, %ecx\n"
        "  movl in+8, %edx\n"
        "  movl in+12, %ebx\n"
        "  movl in+16, %esp\n"
        "  movl in+20, %ebp\n"
        "  movl in+24, %esi\n"
        "  movl in+28, %edi\n"
        "  jmp *entry\n"
        ".globl resume_case\n"
        "resume_case:\n"
        "  movl saved_esp, %esp\n"
        "  popal\n"
        "  ret\n");

static void handle(int signal, siginfo_t *info, void *context) {
  /* Alignment checks of the sequence would strike in here. */
  __asm__ volatile("pushfl; andl $~0x40400, (%%esp); popfl" ::: "cc");
  (void)info;
  greg_t *from = ((ucontext_t *)context)->uc_mcontext.gregs;
  uint32_t eip = from[REG_EIP];
  int inside = number != 0 && !(eip >= 0x60000000 && eip < 0x64000000);
  if (signal == SIGVTALRM) {
    if (!inside || seen != number) {
      seen = number;
      ticks = 0;
      return;
    }
    if (++ticks < 2) return;
  } else if (!inside) _exit(3);
  static const int order[8] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI};
  for (int i = 0; i < 8; i++) out.registers[i] = from[order[i]];
  out.timed_out = signal == SIGVTALRM;
  out.eip = eip;
  out.flags = from[REG_EFL];
  out.trap = from[REG_TRAPNO];
  out.error = from[REG_ERR];
  out.address = ((ucontext_t *)context)->uc_mcontext.cr2;
  memcpy(out.fx, (uint8_t *)((ucontext_t *)context)->uc_mcontext.fpregs + FRAME_HEADER, FX);
  from[REG_EIP] = (greg_t)resume_case;
  from[REG_EFL] = 0x202;
}

static void transfer(int writing, void *bytes, size_t count) {
  for (uint8_t *at = bytes; count > 0;) {
    ssize_t moved = writing ? write(1, at, count) : read(0, at, count);
    if (moved <= 0) _exit(0);
    at += moved;
    count -= moved;
  }
}

/* The first and the last byte that changed, and all between them. */
static void send_changes(const uint8_t *now, const uint8_t *old) {
  uint16_t span[2] = {0, 0};
  int last = PAGE - 1;
  while (span[0] < PAGE && now[span[0]] == old[span[0]]) span[0]++;
  if (span[0] < PAGE) {
    while (now[last] == old[last]) last--;
    span[1] = last + 1 - span[0];
  }
  transfer(1, span, sizeof span);
  transfer(1, (void *)(now + span[0]), span[1]);
}

static void only_needed_calls(void) {
  const int allowed[] = {1, 3, 4, 119, 173, 252}; /* exit, read, write, sigreturn, rt_sigreturn, exit_group */
  enum { COUNT = sizeof allowed / sizeof *allowed };
  struct sock_filter filter[COUNT + 3] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
  for (int i = 0; i < COUNT; i++)
    filter[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], COUNT - i, 0);
  filter[COUNT + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  filter[COUNT + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {COUNT + 3, filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(2);
}

int main(void) {
  stack_t alternative = {signal_stack, 0, sizeof signal_stack};
  sigaltstack(&alternative, NULL);
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  const int signals[] = {SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGBUS, SIGVTALRM};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  for (int i = 0; i < PAGES; i++)
    if (mmap(page[i], PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
        page[i])
      _exit(2);
  struct itimerval timer = {{0, 20000}, {0, 20000}};
  setitimer(ITIMER_VIRTUAL, &timer, NULL);
  only_needed_calls();
  for (unsigned count = 1;; count++) {
    transfer(0, &in, sizeof in);
    memset(before[0], 0xcc, PAGE);
    memcpy(before[0] + ENTRY, in.code, CODE);
    for (int at = 0; at < PAGE; at += DATA) memcpy(before[1] + at, in.data, DATA);
    for (int at = 0; at < PAGE; at += STACK) memcpy(before[2] + at, in.stack, STACK);
    for (int i = 0; i < PAGES; i++) memcpy(page[i], before[i], PAGE);
    memcpy(fx_in, in.fx, FX);
    number = count;
    enter_case();
    number = 0;
    transfer(1, &out, sizeof out);
    for (int i = 0; i < PAGES; i++) send_changes(page[i], before[i]);
  }
}
