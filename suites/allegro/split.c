/*
 * A split screen in mode X: above, a part of a picture that is larger than the screen, moved by the hardware; below, forty lines that stay as they
 * are. No program of Allegro's own calls split_modex_screen. The arrow keys move by one dot, with Shift by sixteen; Escape ends it.
 *   split [WIDTH HEIGHT]    default: 320 240
 */
#include <stdlib.h>
#include <allegro.h>

enum { panel = 40, square = 40, marginRight = 64, marginBottom = 16, step = 16 };

/* Squares with their numbers, so that every part of the picture is seen to be the part it is. */
static void drawPicture(BITMAP *picture)
{
  int column, row;
  for (row = 0; row * square < picture->h; row++)
    for (column = 0; column * square < picture->w; column++) {
      int x = column * square, y = row * square;
      rectfill(picture, x, y, x + square - 1, y + square - 1, 32 + (column * 5 + row * 7) % 24);
      rect(picture, x, y, x + square - 1, y + square - 1, 15);
      textprintf_ex(picture, font, x + 4, y + 16, 15, 0, "%2d,%d", column, row);
    }
  line(picture, 0, 0, picture->w - 1, picture->h - 1, 14);
}

/* What the display shows behind the split begins at the first byte of video memory. */
static void drawPanel(int x, int y)
{
  rectfill(screen, 0, 0, SCREEN_W - 1, panel - 1, 1);
  rect(screen, 0, 0, SCREEN_W - 1, panel - 1, 15);
  textprintf_ex(screen, font, 8, 8, 15, -1, "%s %d x %d", gfx_driver->name, SCREEN_W, SCREEN_H);
  textprintf_ex(screen, font, 8, 24, 14, -1, "split at %d, scrolled by %d,%d", SCREEN_H - panel, x, y);
}

static int within(int value, int last)
{
  return value < 0 ? 0 : value > last ? last : value;
}

int main(int argc, char **argv)
{
  int width = argc == 3 ? atoi(argv[1]) : 320, height = argc == 3 ? atoi(argv[2]) : 240;
  int x = 0, y = 0, key, by;
  BITMAP *picture;

  if (allegro_init() != 0)
    return 1;
  install_keyboard();
  if (set_gfx_mode(GFX_MODEX, width, height, width + marginRight, height + marginBottom) != 0) {
    allegro_message("%s\n", allegro_error);
    return 1;
  }
  set_palette(default_palette);
  picture = create_sub_bitmap(screen, 0, panel, width + marginRight, height - panel + marginBottom);
  drawPicture(picture);
  split_modex_screen(height - panel);
  do {
    drawPanel(x, y);
    scroll_screen(x, panel + y);
    key = readkey();
    by = key_shifts & KB_SHIFT_FLAG ? step : 1;
    x = within(x + ((key >> 8) == KEY_RIGHT ? by : 0) - ((key >> 8) == KEY_LEFT ? by : 0), marginRight);
    y = within(y + ((key >> 8) == KEY_DOWN ? by : 0) - ((key >> 8) == KEY_UP ? by : 0), marginBottom);
  } while ((key >> 8) != KEY_ESC);
  return 0;
}
END_OF_MAIN()
