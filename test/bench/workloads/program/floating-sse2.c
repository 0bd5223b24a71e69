/* Compiled with -msse2 -mfpmath=sse. */
#define BODIES bodies_sse2
#define BODY_STEPS 200000
#define MANDELBROT mandelbrot_sse2
#define MANDELBROT_PICTURES 40
#include "floating.h"
