/*
 * The workloads of the bench: `work NAME` runs one between a mark that says so and a mark with its checksum, on standard
 * output. `work text BYTES` writes text to be compressed; `work nothing` ends at once.
 */
#include "runtime.h"

word arena[ARENA_BYTES / sizeof(word)];

static const struct {
    const char *name;
    word (*run)(void);
} workloads[] = {
    {"integer", integer_mix},
    {"sort", sort_million},
    {"chase", chase_pointers},
    {"copy-rep", copy_rep},
    {"copy-loop", copy_loop},
    {"nbody-x87", bodies_x87},
    {"nbody-sse2", bodies_sse2},
    {"mandelbrot-x87", mandelbrot_x87},
    {"mandelbrot-sse2", mandelbrot_sse2},
    {"syscall", system_calls},
    {"fork", forks},
    {"one-page", one_page},
    {"dirty", dirty_pages},
};

static int run(int count, char **arguments) {
    if (count == 3 && equal_text(arguments[1], "text")) {
        write_text(number_from(arguments[2]));
        return 0;
    }
    if (count != 2) return 2;
    const char *name = arguments[1];
    if (equal_text(name, "nothing")) return 0;
    for (word index = 0; index < sizeof workloads / sizeof workloads[0]; index++) {
        if (!equal_text(name, workloads[index].name)) continue;
        write_mark("start", name, 0);
        word checksum = workloads[index].run();
        write_mark("end", name, 0);
        write_mark("sum", name, &checksum);
        return 0;
    }
    return 2;
}

__attribute__((used, noreturn)) void begin(word *stack) { end(run((int)stack[0], (char **)(stack + 1))); }

/* The kernel enters with the count of arguments on top of the stack, and the arguments behind it. */
__asm__(".globl _start\n_start:\n\tmov %esp, %eax\n\tand $-16, %esp\n\tsub $12, %esp\n\tpush %eax\n\tcall begin\n");
