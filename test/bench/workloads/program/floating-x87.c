/* Compiled with -mfpmath=387. */
#define BODIES bodies_x87
#define BODY_STEPS 60000
#define MANDELBROT mandelbrot_x87
#define MANDELBROT_PICTURES 10
#include "floating.h"
