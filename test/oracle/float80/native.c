/*
 * Runs x87 and SSE instructions on the host processor. Reads requests of 64 bytes from standard input, writes answers of 64 bytes:
 *   request: operation (4), control word (4), condition codes set before (4), 4 unused; ST(0) (10 of 16); ST(1) (10 of 16); memory operand (16)
 *   answer: status word (2), abridged tag word (1), 13 unused; ST(0); ST(1); memory operand after
 * SSE: the control word is MXCSR, ST(0) and ST(1) hold the operands, the result goes to the memory operand, the status is MXCSR's
 * exceptions, with bit 7 set if one of them was not masked and the instruction faulted.
 * Operations are numbered by their place in the list below, which native.ts repeats.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

struct request { uint32_t operation, control, codes, unused; uint8_t st0[16], st1[16], memory[16]; };
struct answer { uint16_t status; uint8_t tag, unused[13]; uint8_t st0[16], st1[16], memory[16]; };

static uint8_t image[512] __attribute__((aligned(16)));

#define RUN(number, text)                                                                                              \
  case number:                                                                                                         \
    __asm__ volatile("fninit\n\tfldt (%1)\n\tfldt (%0)\n\tfnstenv (%5)\n\torw %6, 4(%5)\n\tfldenv (%5)\n\tfldcw (%2)\n\t" text "\n\tfxsave (%4)\n\tfnclex\n\tfninit"      \
                     :                                                                                                 \
                     : "r"(in->st0), "r"(in->st1), "r"(&control), "r"(out->memory), "r"(image),                          \
                       "r"(environment), "r"(codes)                                                                    \
                     : "memory");                                                                                      \
    break;

static sigjmp_buf faulted;
static volatile uint32_t faulted_mxcsr;

static void on_fault(int number, siginfo_t *information, void *context) {
  (void)number, (void)information;
  faulted_mxcsr = ((ucontext_t *)context)->uc_mcontext.fpregs->mxcsr;
  siglongjmp(faulted, 1);
}

#define SSE(number, move, text)                                                                                        \
  case number:                                                                                                         \
    __asm__ volatile("ldmxcsr (%2)\n\t" move " (%0), %%xmm0\n\t" move " (%1), %%xmm1\n\t" text " %%xmm1, %%xmm0\n\t" move     \
                     " %%xmm0, (%3)\n\tstmxcsr (%4)"                                                                   \
                     :                                                                                                 \
                     : "r"(in->st0), "r"(in->st1), "r"(&control), "r"(out->memory), "r"(&after)                          \
                     : "memory", "xmm0", "xmm1");                                                                      \
    break;

static int run_sse(const struct request *in, struct answer *out) {
  static uint32_t usual = 0x1f80, control, after;
  memcpy(out->memory, in->memory, 16);
  memcpy(out->st0, in->st0, 10);
  memcpy(out->st1, in->st1, 10);
  control = in->control;
  if (sigsetjmp(faulted, 1) != 0) {
    __asm__ volatile("ldmxcsr (%0)" : : "r"(&usual));
    out->status = (uint16_t)((faulted_mxcsr & 0x3f) | 0x80);
    return 1;
  }
  switch (in->operation) {
    SSE(41, "movss", "addss")
    SSE(42, "movss", "subss")
    SSE(43, "movss", "mulss")
    SSE(44, "movss", "divss")
    SSE(45, "movss", "sqrtss")
    SSE(46, "movsd", "addsd")
    SSE(47, "movsd", "subsd")
    SSE(48, "movsd", "mulsd")
    SSE(49, "movsd", "divsd")
    SSE(50, "movsd", "sqrtsd")
    default: return 0;
  }
  __asm__ volatile("ldmxcsr (%0)" : : "r"(&usual));
  out->status = (uint16_t)(after & 0x3f);
  return 1;
}

static int run(const struct request *in, struct answer *out) {
  uint16_t control = (uint16_t)in->control, codes = (uint16_t)in->codes;
  uint8_t environment[28];
  memcpy(out->memory, in->memory, 16);
  switch (in->operation) {
    RUN(0, "fadd %%st(1), %%st(0)")
    RUN(1, "fsub %%st(1), %%st(0)")
    RUN(2, "fmul %%st(1), %%st(0)")
    RUN(3, "fdiv %%st(1), %%st(0)")
    RUN(4, "fsqrt")
    RUN(5, "fprem")
    RUN(6, "fprem1")
    RUN(7, "frndint")
    RUN(8, "fscale")
    RUN(9, "fxtract")
    RUN(10, "fcom %%st(1)")
    RUN(11, "fucom %%st(1)")
    RUN(12, "ftst")
    RUN(13, "fxam")
    RUN(14, "flds (%3)")
    RUN(15, "fldl (%3)")
    RUN(16, "fsts (%3)")
    RUN(17, "fstl (%3)")
    RUN(18, "fistps (%3)")
    RUN(19, "fistpl (%3)")
    RUN(20, "fistpll (%3)")
    RUN(21, "fisttps (%3)")
    RUN(22, "fisttpl (%3)")
    RUN(23, "fisttpll (%3)")
    RUN(24, "fbstp (%3)")
    RUN(25, "fbld (%3)")
    RUN(26, "f2xm1")
    RUN(27, "fyl2x")
    RUN(28, "fyl2xp1")
    RUN(29, "fptan")
    RUN(30, "fpatan")
    RUN(31, "fsin")
    RUN(32, "fcos")
    RUN(33, "fsincos")
    RUN(34, "fadds (%3)")
    RUN(35, "faddl (%3)")
    RUN(36, "fldl2t")
    RUN(37, "fldl2e")
    RUN(38, "fldpi")
    RUN(39, "fldlg2")
    RUN(40, "fldln2")
    default: return run_sse(in, out);
  }
  memcpy(&out->status, image + 2, 2);
  out->tag = image[4];
  memcpy(out->st0, image + 32, 10);
  memcpy(out->st1, image + 48, 10);
  return 1;
}

int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGFPE, &action, NULL);
  struct request in;
  struct answer out;
  while (fread(&in, sizeof in, 1, stdin) == 1) {
    memset(&out, 0, sizeof out);
    if (!run(&in, &out)) return 1;
    if (fwrite(&out, sizeof out, 1, stdout) != 1) return 1;
  }
  return 0;
}
