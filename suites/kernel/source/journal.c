/* The journal: one line a sector, from sector 1024 on. A sector counts when its mark, number and checksum are right, so a
   write that was cut short is not read back as a line. */
#include "kernel.h"

enum { FIRST_SECTOR = 1024, LINES_MAX = 128, TEXT_BYTES = 488 };
#define MARK 0x574e4e4du /* "MNNW" */

struct line {
  uint32_t mark, number, length, checksum, reserved[2];
  char text[TEXT_BYTES];
};
_Static_assert(sizeof(struct line) == SECTOR_BYTES, "a line fills a sector");

static struct line line;
static uint32_t lines, lines_max;

static uint32_t checksum(const struct line *of) {
  uint32_t sum = of->number * 31 + of->length;
  for (uint32_t i = 0; i < TEXT_BYTES; i++) sum = ((sum << 5) | (sum >> 27)) ^ (uint8_t)of->text[i];
  return sum;
}

static bool read_line(uint32_t number) {
  if (!disk_read(FIRST_SECTOR + number, &line)) return false;
  return line.mark == MARK && line.number == number && line.length < TEXT_BYTES && line.checksum == checksum(&line);
}

void journal_start(uint32_t disk_sectors) {
  lines_max = disk_sectors < FIRST_SECTOR ? 0 : disk_sectors - FIRST_SECTOR;
  if (lines_max > LINES_MAX) lines_max = LINES_MAX;
  while (lines < lines_max && read_line(lines)) lines++;
  report("journal: %u of %u lines used", lines, lines_max);
}

bool journal_append(const char *text) {
  if (lines == lines_max) {
    print("the journal is full\n");
    return false;
  }
  memset(&line, 0, sizeof line);
  line.mark = MARK;
  line.number = lines;
  line.length = text_length(text);
  memcpy(line.text, text, line.length);
  line.checksum = checksum(&line);
  if (!disk_write(FIRST_SECTOR + lines, &line)) {
    log_line("disk: writing sector %u failed, status %02x", FIRST_SECTOR + lines, (uint32_t)in8(0x3f6));
    print("the disk did not take it\n");
    return false;
  }
  log_line("disk: wrote sector %u", FIRST_SECTOR + lines);
  lines++;
  return true;
}

void journal_show(void) {
  uint32_t shown = 0;
  while (shown < lines && read_line(shown)) print("%3u  %s\n", ++shown, line.text);
  if (shown < lines) print("line %u cannot be read\n", shown + 1);
  log_line("journal: read %u lines", shown);
}
