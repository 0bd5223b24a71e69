/*
 * Runs MMX and SSE instructions on the host processor. Reads requests of 96 bytes from standard input, writes answers of 64 bytes:
 *   request: MXCSR (4), bytes of code (4), code (16), EAX (4), ECX (4); XMM0 (16), XMM1 (16), MM0 (8), MM1 (8); 16 unused
 *   answer: MXCSR (4), signal number or 0 (4), EAX (4), status flags (4), XMM0 (16), MM0 (8), 24 unused
 * The instruction takes registers 0 and 1 of each kind alone.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

struct request { uint32_t mxcsr, length; uint8_t code[16]; uint32_t eax, ecx; uint8_t xmm0[16], xmm1[16], mm0[8], mm1[8], unused[16]; };
struct answer { uint32_t mxcsr, signal, eax, flags; uint8_t xmm0[16], mm0[8], unused[24]; };

static uint8_t *page;
static struct request in;
static struct answer out;
static uint32_t usual = 0x1f80;
static sigjmp_buf faulted;

static void on_fault(int number, siginfo_t *information, void *context) {
  (void)information;
  struct _libc_fpstate *state = ((ucontext_t *)context)->uc_mcontext.fpregs;
  out.mxcsr = state->mxcsr;
  out.signal = (uint32_t)number;
  memcpy(out.xmm0, &state->_xmm[0], 16);
  siglongjmp(faulted, 1);
}

static void run(void) {
  memset(&out, 0, sizeof out);
  memcpy(page, in.code, in.length);
  page[in.length] = 0xc3;
  if (sigsetjmp(faulted, 1) != 0) {
    __asm__ volatile("emms\n\tldmxcsr (%0)" : : "r"(&usual));
    return;
  }
  uint64_t flags;
  __asm__ volatile("movups %[x0], %%xmm0\n\tmovups %[x1], %%xmm1\n\tmovq %[m0], %%mm0\n\tmovq %[m1], %%mm1\n\t"
                   "movl %[eax], %%eax\n\tmovl %[ecx], %%ecx\n\tldmxcsr %[mxcsr]\n\t"
                   "cmpl %%eax, %%eax\n\tcall *%[page]\n\tpushfq\n\tpopq %[flags]\n\t"
                   "stmxcsr %[after]\n\tmovups %%xmm0, %[ox0]\n\tmovq %%mm0, %[om0]\n\tmovl %%eax, %[oeax]\n\temms\n\tldmxcsr %[usual]"
                   : [flags] "=&r"(flags), [after] "=m"(out.mxcsr), [ox0] "=m"(out.xmm0), [om0] "=m"(out.mm0), [oeax] "=m"(out.eax)
                   : [x0] "m"(in.xmm0), [x1] "m"(in.xmm1), [m0] "m"(in.mm0), [m1] "m"(in.mm1), [eax] "m"(in.eax), [ecx] "m"(in.ecx),
                     [mxcsr] "m"(in.mxcsr), [page] "r"(page), [usual] "m"(usual)
                   : "rax", "rcx", "xmm0", "xmm1", "mm0", "mm1", "memory", "cc");
  out.flags = (uint32_t)(flags & 0x8d5);
}

int main(void) {
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return 1;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGFPE, &action, NULL);
  sigaction(SIGILL, &action, NULL);
  while (fread(&in, sizeof in, 1, stdin) == 1) {
    run();
    if (fwrite(&out, sizeof out, 1, stdout) != 1) return 1;
  }
  return 0;
}
