/* What Allegro's configuration writes into this file on Linux, but for ALLEGRO_NO_ASM and ALLEGRO_USE_C: see assembler.h. */
#define ALLEGRO_UNIX
