/* The event list: what is to happen at some tick, sorted by tick. A ring of links through a head, so that every event has
   two neighbours. Interrupt handlers post events; the timer's bottom half runs those that are due. */
#include "kernel.h"

/* More steps than this and the list runs in a circle. */
enum { EVENTS_MAX = 256 };

static struct event event_list;

void events_start(void) {
  event_list.next = event_list.previous = &event_list;
  event_list.queued = true;
  event_list.name = "(head)";
}

static void corrupt(const struct event *event, const char *why) {
  log_line("event list: '%s' at %x, next %x, previous %x: %s", event->name, (uint32_t)event, (uint32_t)event->next,
           (uint32_t)event->previous, why);
  panic("event list corrupt");
}

/* Looks at every link of the list, and returns the last event that is not later than `due`. */
static struct event *events_check(uint32_t due) {
  struct event *place = &event_list;
  struct event *event = &event_list;
  uint32_t steps = 0;
  do {
    struct event *next = event->next;
    if (next->previous != event) corrupt(event, "its next event does not point back");
    if (next == event && event != &event_list) corrupt(event, "it follows itself");
    if (!next->queued) corrupt(next, "it is on the list, but not queued");
    if (next != &event_list) {
      if (next->due < event->due && event != &event_list) corrupt(next, "it comes too late");
      if (next->due <= due) place = next;
    }
    if (++steps > EVENTS_MAX) corrupt(event, "the list has no end");
    event = next;
  } while (event != &event_list);
  return place;
}

void event_post(struct event *event, uint32_t due) {
  if (event->queued) return;
  event->due = due;
  struct event *place = events_check(due);
  event->next = place->next;
  event->previous = place;
  place->next->previous = event;
  place->next = event;
  event->queued = true;
}

void event_cancel(struct event *event) {
  if (!event->queued) return;
  event->previous->next = event->next;
  event->next->previous = event->previous;
  event->next = event->previous = NULL;
  event->queued = false;
}

/* The first event, taken off the list; none when the first is not due. */
static struct event *take_due(uint32_t now) {
  uint32_t flags = interrupts_save();
  events_check(now);
  struct event *event = event_list.next;
  bool due = event != &event_list && event->due <= now;
  if (due) event_cancel(event);
  interrupts_restore(flags);
  return due ? event : NULL;
}

void events_run(uint32_t now) {
  struct event *event;
  while ((event = take_due(now))) event->action(event);
}

void events_each(void (*show)(const struct event *)) {
  for (const struct event *event = event_list.next; event != &event_list; event = event->next) show(event);
}
