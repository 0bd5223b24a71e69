/* The first ATA disk: one sector at a time by programmed input and output; the interrupt tells when the disk is ready.
   Source: ATA/ATAPI-4 (T13/1153D), sections 8.12 (IDENTIFY DEVICE), 8.27 and 8.48 (READ and WRITE SECTOR(S)), 9.5. */
#include "kernel.h"

enum { REQUEST = 14, BASE = 0x1f0 };
enum {
  DATA = BASE,
  SECTOR_COUNT = BASE + 2,
  ADDRESS_LOW = BASE + 3,
  ADDRESS_MIDDLE = BASE + 4,
  ADDRESS_HIGH = BASE + 5,
  DEVICE = BASE + 6,
  STATUS = BASE + 7,
  COMMAND = BASE + 7,
  ALTERNATE_STATUS = 0x3f6,
  CONTROL = 0x3f6,
};
enum { BUSY = 0x80, DRIVE_READY = 0x40, FAULT = 0x20, DATA_REQUEST = 0x08, ERROR = 0x01 };
enum { READ_SECTORS = 0x20, WRITE_SECTORS = 0x30, IDENTIFY = 0xec, FLUSH_CACHE = 0xe7 };
enum { ADDRESS_BY_SECTOR = 0xe0, SECTOR_WORDS = SECTOR_BYTES / 2, WAIT_READS = 100000, PATIENCE_TICKS = 300 };
/* Words of the identification. */
enum { IDENTITY_MODEL = 27, IDENTITY_SECTORS = 60, IDENTITY_COMMANDS = 83, HAS_FLUSH_CACHE = 1 << 12 };

static volatile bool interrupted, timed_out;
static volatile uint8_t status;
static struct thread *waiting;
static bool flushes;

static void disk_interrupt(struct frame *frame) {
  (void)frame;
  status = in8(STATUS); /* Reading it withdraws the request. */
  interrupted = true;
  if (waiting) thread_wake(waiting);
}

static void timeout_action(struct event *event) {
  (void)event;
  timed_out = true;
  if (waiting) thread_wake(waiting);
}

static struct event timeout_event = {.name = "disk timeout", .action = timeout_action};

/* Reads the status until the disk is not busy and shows `wanted`. */
static bool poll(uint8_t wanted) {
  for (uint32_t i = 0; i < WAIT_READS; i++) {
    uint8_t now = in8(ALTERNATE_STATUS);
    if (!(now & BUSY) && (now & wanted) == wanted) return true;
    if (!(now & BUSY) && (now & (ERROR | FAULT))) return false;
  }
  return false;
}

/* Waits for the interrupt of the command in progress; whether it went well. */
static bool await_interrupt(void) {
  interrupts_off();
  event_post(&timeout_event, timer_ticks() + PATIENCE_TICKS);
  while (!interrupted && !timed_out) thread_wait();
  event_cancel(&timeout_event);
  bool good = interrupted && !(status & (BUSY | FAULT | ERROR));
  interrupted = false;
  interrupts_on();
  return good;
}

static bool command(uint8_t code, uint32_t sector) {
  waiting = thread_current;
  interrupted = timed_out = false;
  out8(DEVICE, (uint8_t)(ADDRESS_BY_SECTOR | (sector >> 24)));
  if (!poll(DRIVE_READY)) return false;
  out8(SECTOR_COUNT, 1);
  out8(ADDRESS_LOW, (uint8_t)sector);
  out8(ADDRESS_MIDDLE, (uint8_t)(sector >> 8));
  out8(ADDRESS_HIGH, (uint8_t)(sector >> 16));
  out8(COMMAND, code);
  return true;
}

static bool command_in(uint8_t code, uint32_t sector, void *target) {
  if (!command(code, sector) || !await_interrupt() || !(status & DATA_REQUEST)) return false;
  in_words(DATA, target, SECTOR_WORDS);
  return true;
}

bool disk_read(uint32_t sector, void *target) {
  return command_in(READ_SECTORS, sector, target);
}

bool disk_write(uint32_t sector, const void *source) {
  if (!command(WRITE_SECTORS, sector) || !poll(DATA_REQUEST)) return false;
  out_words(DATA, source, SECTOR_WORDS);
  if (!await_interrupt()) return false;
  return !flushes || (command(FLUSH_CACHE, 0) && await_interrupt());
}

uint32_t disk_start(void) {
  uint16_t identity[SECTOR_WORDS];
  char model[41];
  if (in8(ALTERNATE_STATUS) == 0xff) return 0; /* Nothing drives the bus. */
  interrupts_handle(REQUEST, disk_interrupt);
  out8(CONTROL, 0); /* Interrupts on. */
  if (!command_in(IDENTIFY, 0, identity)) return 0;
  for (uint32_t i = 0; i < 20; i++) {
    model[i * 2] = (char)(identity[IDENTITY_MODEL + i] >> 8);
    model[i * 2 + 1] = (char)identity[IDENTITY_MODEL + i];
  }
  uint32_t length = 40;
  while (length > 0 && model[length - 1] == ' ') length--;
  model[length] = 0;
  flushes = (identity[IDENTITY_COMMANDS] & 0xc000) == 0x4000 && (identity[IDENTITY_COMMANDS] & HAS_FLUSH_CACHE);
  uint32_t sectors = identity[IDENTITY_SECTORS] | ((uint32_t)identity[IDENTITY_SECTORS + 1] << 16);
  report("disk: %s, %u sectors", model, sectors);
  return sectors;
}
