/*
 * Five bodies under gravity, and the Mandelbrot set. Included twice: once compiled for the x87, once for SSE2; the includer
 * names the two functions `BODIES` and `MANDELBROT`, and their lengths.
 */
#include "runtime.h"

typedef struct {
    double x, y, z, vx, vy, vz, mass;
} body;

static inline double square_root(double value) {
#ifdef __SSE2_MATH__
    __asm__("sqrtsd %0, %0" : "+x"(value));
#else
    __asm__("fsqrt" : "+t"(value));
#endif
    return value;
}

/* The Sun and the four great planets, roughly: distances in astronomical units, time in days, the Sun's mass is 1. */
static void place(body *bodies) {
    static const body start[5] = {
        {0, 0, 0, 0, 0, 0, 1},
        {4.84, -1.16, -0.104, 0.00166, 0.0077, -0.000069, 0.000955},
        {8.34, 4.125, -0.4035, -0.00277, 0.005, 0.000023, 0.000286},
        {12.89, -15.11, -0.2233, 0.00296, 0.00238, -0.00003, 0.0000437},
        {15.38, -25.92, 0.179, 0.00268, 0.00163, -0.000095, 0.0000515},
    };
    for (int index = 0; index < 5; index++) bodies[index] = start[index];
}

static void advance(body *bodies, double step) {
    const double gravity = 0.0002959122;
    for (int left = 0; left < 5; left++) {
        body *a = &bodies[left];
        for (int right = left + 1; right < 5; right++) {
            body *b = &bodies[right];
            double x = a->x - b->x, y = a->y - b->y, z = a->z - b->z;
            double square = x * x + y * y + z * z;
            double pull = gravity * step / (square * square_root(square));
            a->vx -= x * b->mass * pull;
            a->vy -= y * b->mass * pull;
            a->vz -= z * b->mass * pull;
            b->vx += x * a->mass * pull;
            b->vy += y * a->mass * pull;
            b->vz += z * a->mass * pull;
        }
    }
    for (int index = 0; index < 5; index++) {
        body *a = &bodies[index];
        a->x += step * a->vx;
        a->y += step * a->vy;
        a->z += step * a->vz;
    }
}

word BODIES(void) {
    static body bodies[5];
    word checksum = CHECKSUM_START;
    place(bodies);
    for (int step = 0; step < BODY_STEPS; step++) advance(bodies, 0.5);
    for (word index = 0; index < sizeof bodies / (sizeof(word)); index++)
        checksum = mixed(checksum, ((const word *)bodies)[index]);
    return checksum;
}

enum { POINTS = 64, ITERATIONS_MOST = 200 };

static int iterations_at(double x, double y) {
    double real = 0, imaginary = 0;
    for (int count = 0; count < ITERATIONS_MOST; count++) {
        double real_square = real * real, imaginary_square = imaginary * imaginary;
        if (real_square + imaginary_square > 4.0) return count;
        imaginary = 2.0 * real * imaginary + y;
        real = real_square - imaginary_square + x;
    }
    return ITERATIONS_MOST;
}

word MANDELBROT(void) {
    word checksum = CHECKSUM_START;
    for (int picture = 0; picture < MANDELBROT_PICTURES; picture++) {
        for (int row = 0; row < POINTS; row++) {
            for (int column = 0; column < POINTS; column++)
                checksum = mixed(checksum, (word)iterations_at(column * (3.0 / POINTS) - 2.0, row * (2.5 / POINTS) - 1.25));
        }
    }
    return checksum;
}
