/*
 * Where a bus master may put data. In real mode that is the caller's buffer; under a memory manager (virtual 8086 mode)
 * the caller's addresses are not the bus's, and data goes through a buffer whose address is the same for both.
 *
 * Source: Intel 80386 Programmer's Reference Manual, sections 10.1 and 15.1 (SMSW shows PE in virtual 8086 mode too).
 */
#include "services.h"

#define BOUNCE_SEGMENT ((QUEUE_LINEAR + 0x3800) >> 4)
#define BOUNCE_SECTORS 4
#define DIRECT_SECTORS 127

static bool under_manager(void) {
    u16 status;
    __asm__ volatile("smsw %w0" : "=r"(status));
    return status & 1;
}

/* Readies the next part of a transfer of 512-byte sectors: its bus address, and how many sectors it takes. */
struct bounce bounce_begin(u16 segment, u16 offset, u16 count, bool write) {
    struct bounce b = {((u32)segment << 4) + offset, count < DIRECT_SECTORS ? count : DIRECT_SECTORS, under_manager()};
    if (!b.copied) return b;
    b.linear = (u32)BOUNCE_SEGMENT << 4;
    if (b.count > BOUNCE_SECTORS) b.count = BOUNCE_SECTORS;
    if (write) far_copy(BOUNCE_SEGMENT, 0, segment + (offset >> 4), offset & 15, b.count * 512);
    return b;
}

void bounce_end(const struct bounce *b, u16 segment, u16 offset, bool write) {
    if (b->copied && !write) far_copy(segment + (offset >> 4), offset & 15, BOUNCE_SEGMENT, 0, b->count * 512);
}
