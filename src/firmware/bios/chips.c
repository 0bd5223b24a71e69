/*
 * The chips every other part stands on: interrupt controllers, timer, DMA, CMOS, and bounded waiting.
 *
 * Sources: Intel 8259A (initialisation command words), Intel 8254 (control word), Intel 8237A (command and mode registers),
 * Motorola MC146818A (registers A to D); IBM PC/AT Technical Reference (port 61h bit 4 toggles every 15.085 microseconds).
 *
 * Not modelled: the CMOS checksum is neither checked nor written; daylight saving.
 */
#include "services.h"

#define PIC1 0x20
#define PIC2 0xA0
#define TOGGLES_PER_TICK 3641 /* 54.925 ms over 15.085 us. */

u16 private_sp;
u16 caller_ss;
u32 caller_esp;

u8 cmos_read(u8 index) {
    out8(0x70, index);
    return in8(0x71);
}

void cmos_write(u8 index, u8 value) {
    out8(0x70, index);
    out8(0x71, value);
}

u16 cmos_read16(u8 low, u8 high) { return cmos_read(low) | cmos_read(high) << 8; }

static void pic_initialise(void) {
    out8(PIC1, 0x11);
    out8(PIC1 + 1, 0x08);
    out8(PIC1 + 1, 0x04);
    out8(PIC1 + 1, 0x01);
    out8(PIC2, 0x11);
    out8(PIC2 + 1, 0x70);
    out8(PIC2 + 1, 0x02);
    out8(PIC2 + 1, 0x01);
    out8(PIC1 + 1, 0xB8); /* Tick, keyboard, second controller, floppy. */
    out8(PIC2 + 1, 0x8F); /* Pointer, coprocessor, disk; the clock's is enabled when somebody waits. */
}

static void pit_initialise(void) {
    out8(0x43, 0x36);
    out8(0x40, 0);
    out8(0x40, 0);
    out8(0x43, 0x54); /* Counter 1 requested memory refresh on the AT. */
    out8(0x41, 18);
    out8(0x43, 0xB6);
    out8(0x42, 0x33); /* The beep of the AT: 1331 divides to 896 Hz. */
    out8(0x42, 0x05);
}

static void dma_initialise(void) {
    out8(0x0D, 0);
    out8(0xDA, 0);
    out8(0x08, 0);
    out8(0xD0, 0);
    out8(0xD6, 0xC0); /* Channel 4 cascades the first controller. */
    out8(0xD4, 0x00);
}

void chips_initialise(void) {
    pic_initialise();
    pit_initialise();
    dma_initialise();
    out8(0x61, in8(0x61) & 0xFC);
    cmos_write(0x0A, 0x26);
    cmos_write(0x0B, (cmos_read(0x0B) & 0x87 & ~0x70) | 0x02);
    cmos_read(0x0C);
}

void irq_enable(u8 irq) {
    u16 port = irq < 8 ? PIC1 + 1 : PIC2 + 1;
    u8 mask = in8(port), bit = 1 << (irq & 7);
    if (mask & bit) out8(port, mask & ~bit);
    if (irq >= 8) irq_enable(2);
}

void end_of_interrupt(u8 irq) {
    if (irq >= 8) out8(PIC2, 0x20);
    out8(PIC1, 0x20);
}

/* Waits for changes of the refresh toggle; each is 15.085 microseconds. */
void delay_refresh(u32 toggles) {
    u8 last = in8(0x61) & 0x10;
    while (toggles) {
        u8 now = in8(0x61) & 0x10;
        if (now != last) toggles--;
        last = now;
    }
}

struct deadline deadline_in(u16 ticks) {
    struct deadline deadline = {BDA->ticks, ticks, 0};
    return deadline;
}

/*
 * Waits a little, with interrupts let in: until the next interrupt, or, where the caller has masked the tick, for one
 * refresh toggle. False when the time is over.
 */
bool deadline_idle(struct deadline *deadline) {
    if (in8(PIC1 + 1) & 1) {
        window();
        delay_refresh(1);
        if (++deadline->toggles < TOGGLES_PER_TICK) return true;
        deadline->toggles = 0;
    } else {
        idle();
        if (BDA->ticks == deadline->last_tick) return true;
        deadline->last_tick = BDA->ticks;
    }
    if (deadline->ticks_left == 0) return false;
    deadline->ticks_left--;
    return true;
}
