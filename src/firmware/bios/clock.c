/*
 * Time of day: INT 1Ah, the clock's interrupt INT 70h, and the waits of INT 15h AH=83h and 86h.
 *
 * Sources: Motorola MC146818A (update in progress, registers B and C); IBM PC/AT Technical Reference (INT 1Ah, INT 70h,
 * wait flag at 40:A0); IBM tick rate 1193182/65536 Hz.
 *
 * Not modelled: sound multiplexer and system timer reads above AH=07h answer "not supported".
 */
#include "services.h"

#define PERIOD_MICROSECONDS 976
#define REGISTER_B_PERIODIC 0x40
#define REGISTER_B_ALARM 0x20
#define WAIT_PENDING 0x01
#define WAIT_OVER 0x80

static u8 from_bcd(u8 value) { return (value >> 4) * 10 + (value & 0x0F); }

/* False when an update has not ended within the 2.2 ms that the data sheet allows, generously counted. */
static bool clock_is_still(void) {
    for (u16 toggles = 0; cmos_read(0x0A) & 0x80; toggles++) {
        if (toggles == 400) return false;
        delay_refresh(1);
    }
    return true;
}

void clock_initialise(void) {
    if (!clock_is_still()) return;
    u32 seconds = from_bcd(cmos_read(0x04) & 0x7F) * 3600u + from_bcd(cmos_read(0x02)) * 60u + from_bcd(cmos_read(0x00));
    /* 1193182 = 18 * 65536 + 13534; the product stays below 32 bits for a day. */
    u32 ticks = seconds * 18 + (seconds * 13534 >> 16);
    BDA->ticks = ticks < 0x1800B0 ? ticks : 0;
}

static void read_time(struct registers *r) {
    r->ch = cmos_read(0x04);
    r->cl = cmos_read(0x02);
    r->dh = cmos_read(0x00);
    r->dl = cmos_read(0x0B) & 1;
}

static void read_date(struct registers *r) {
    r->ch = cmos_read(0x32);
    r->cl = cmos_read(0x09);
    r->dh = cmos_read(0x08);
    r->dl = cmos_read(0x07);
}

/* Bit 7 of register B stops the clock's updates while its registers are written. */
static void write_time(struct registers *r) {
    u8 register_b = cmos_read(0x0B);
    cmos_write(0x0B, register_b | 0x80);
    cmos_write(0x04, r->ch);
    cmos_write(0x02, r->cl);
    cmos_write(0x00, r->dh);
    cmos_write(0x0B, (register_b & 0x7E) | 0x02 | (r->dl & 1));
}

static void write_date(struct registers *r) {
    u8 register_b = cmos_read(0x0B);
    cmos_write(0x0B, register_b | 0x80);
    cmos_write(0x32, r->ch);
    cmos_write(0x09, r->cl);
    cmos_write(0x08, r->dh);
    cmos_write(0x07, r->dl);
    cmos_write(0x0B, register_b & 0x7F);
}

static bool set_alarm(struct registers *r) {
    u8 register_b = cmos_read(0x0B);
    if (register_b & REGISTER_B_ALARM) return false;
    cmos_write(0x05, r->ch);
    cmos_write(0x03, r->cl);
    cmos_write(0x01, r->dh);
    irq_enable(8);
    cmos_write(0x0B, (register_b & 0x7F) | REGISTER_B_ALARM);
    return true;
}

void int1a(struct registers *r) {
    bool failed = false;
    switch (r->ah) {
    case 0x00:
        r->cx = BDA->ticks >> 16;
        r->dx = BDA->ticks;
        r->al = BDA->midnight;
        BDA->midnight = 0;
        break;
    case 0x01:
        BDA->ticks = (u32)r->cx << 16 | r->dx;
        BDA->midnight = 0;
        break;
    case 0x02:
    case 0x04:
        failed = !clock_is_still();
        if (failed) break;
        if (r->ah == 0x02) read_time(r);
        else read_date(r);
        break;
    case 0x03:
        write_time(r);
        break;
    case 0x05:
        write_date(r);
        break;
    case 0x06:
        failed = !set_alarm(r);
        break;
    case 0x07:
        cmos_write(0x0B, cmos_read(0x0B) & ~REGISTER_B_ALARM & 0x7F);
        break;
    case 0xB1:
        failed = !has_pci() || pci_service(r) != 0;
        break;
    default:
        failed = true;
    }
    if (!failed && r->ah >= 0x02 && r->ah <= 0x05) r->ah = 0;
    set_flag(r, CARRY, failed);
}

static void start_wait(u32 microseconds, u16 segment, u16 offset) {
    BDA->wait_microseconds = microseconds;
    BDA->wait_flag_segment = segment;
    BDA->wait_flag_offset = offset;
    BDA->wait_active = WAIT_PENDING;
    irq_enable(8);
    cmos_write(0x0B, (cmos_read(0x0B) & 0x7F) | REGISTER_B_PERIODIC);
}

static void stop_wait(void) {
    cmos_write(0x0B, cmos_read(0x0B) & ~REGISTER_B_PERIODIC & 0x7F);
    BDA->wait_active = 0;
}

/* INT 15h AH=86h: waits CX:DX microseconds, halted. */
void clock_wait(struct registers *r) {
    bool busy = BDA->wait_active & WAIT_PENDING;
    set_flag(r, CARRY, busy);
    if (busy) {
        r->ah = 0x83;
        return;
    }
    /* The flag to be set is the byte at 40:A0 itself. */
    start_wait((u32)r->cx << 16 | r->dx, 0x40, 0xA0);
    while (!(BDA->wait_active & WAIT_OVER)) idle();
    BDA->wait_active = 0;
}

/* INT 15h AH=83h: sets bit 7 of the byte at ES:BX after CX:DX microseconds (AL=0), or gives that up (AL=1). */
void clock_event_wait(struct registers *r) {
    if (r->al == 1) {
        stop_wait();
        set_flag(r, CARRY, false);
        return;
    }
    bool busy = BDA->wait_active & WAIT_PENDING;
    set_flag(r, CARRY, busy);
    r->ah = busy ? 0x83 : 0;
    if (!busy) start_wait((u32)r->cx << 16 | r->dx, r->es, r->bx);
}

/* IRQ 8: the periodic interrupt counts down a wait; the alarm calls INT 4Ah. Reading register C lets the next one come. */
void int70(struct registers *r) {
    u8 cause = cmos_read(0x0C) & cmos_read(0x0B);
    if (cause & REGISTER_B_PERIODIC && BDA->wait_active & WAIT_PENDING) {
        if (BDA->wait_microseconds > PERIOD_MICROSECONDS) {
            BDA->wait_microseconds -= PERIOD_MICROSECONDS;
        } else {
            u16 segment = BDA->wait_flag_segment, offset = BDA->wait_flag_offset;
            stop_wait();
            BDA->wait_microseconds = 0;
            far_write8(segment, offset, far_read8(segment, offset) | WAIT_OVER);
        }
    }
    end_of_interrupt(8);
    if (cause & REGISTER_B_ALARM) r->action = ADDRESS(action_alarm);
}
