/*
 * Read before every C file of Allegro (gcc -include). Allegro 4.4 still has its assembler routines for the 386, and those of mode X exist in
 * no other form, but allegro/base.h says since 4.3.10 that they are not used. Read first and taken back here, it is skipped where Allegro reads it.
 */
#include "allegro/base.h"
#undef ALLEGRO_NO_ASM
