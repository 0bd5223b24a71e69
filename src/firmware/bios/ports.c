/*
 * Serial and parallel ports: their detection, INT 14h and INT 17h.
 *
 * Sources: National Semiconductor PC16550D data sheet; IBM PC/AT Technical Reference (INT 14h, INT 17h, data area).
 *
 * Not modelled: PS/2 extended modes above the extended initialise of INT 14h AH=04h; a fourth parallel port.
 */
#include "services.h"

static const ROM ROM_DATA u16 com_candidates[] = {0x3F8, 0x2F8, 0x3E8, 0x2E8};
static const ROM ROM_DATA u16 lpt_candidates[] = {0x3BC, 0x378, 0x278};
/* 110, 150, 300, 600, 1200, 2400, 4800, 9600, then 19200 of AH=04h: 115200 divided by the rate. */
static const ROM ROM_DATA u16 divisors[] = {1047, 768, 384, 192, 96, 48, 24, 12, 6};

static bool com_present(u16 port) {
    if (in8(port + 1) & 0xF0 || in8(port + 2) & 0x30) return false;
    u8 line_control = in8(port + 3);
    out8(port + 3, 0x1A);
    bool kept = in8(port + 3) == 0x1A;
    out8(port + 3, line_control);
    return kept;
}

static bool lpt_present(u16 port) {
    out8(port, 0xAA);
    if (in8(port) != 0xAA) return false;
    out8(port, 0x55);
    return in8(port) == 0x55;
}

void ports_initialise(void) {
    u8 com = 0, lpt = 0;
    for (u8 index = 0; index < LENGTH(com_candidates); index++) {
        if (!com_present(com_candidates[index])) continue;
        BDA->com_timeouts[com] = 1;
        BDA->com_ports[com++] = com_candidates[index];
    }
    for (u8 index = 0; index < LENGTH(lpt_candidates); index++) {
        if (!lpt_present(lpt_candidates[index])) continue;
        BDA->lpt_timeouts[lpt] = 20;
        BDA->lpt_ports[lpt++] = lpt_candidates[index];
    }
    BDA->equipment = (BDA->equipment & 0x31FF) | com << 9 | lpt << 14;
}

/* Until the port shows all of the bits; about a tick for each unit of the time-out. */
static bool wait_for_bits(u16 port, u8 bits, u8 ticks) {
    struct deadline deadline = deadline_in(ticks);
    while ((in8(port) & bits) != bits) {
        window();
        delay_refresh(1);
        if (++deadline.toggles < 3641) continue;
        deadline.toggles = 0;
        if (deadline.ticks_left-- == 0) return false;
    }
    return true;
}

static void com_set_line(u16 port, u8 control, u16 divisor) {
    out8(port + 3, 0x80);
    out8(port, divisor);
    out8(port + 1, divisor >> 8);
    out8(port + 3, control);
    out8(port + 1, 0);
}

static void com_send(struct registers *r, u16 port, u8 timeout) {
    out8(port + 4, 0x03);
    bool ready = wait_for_bits(port + 6, 0x30, timeout) && wait_for_bits(port + 5, 0x20, timeout);
    if (ready) out8(port, r->al);
    r->ah = ready ? in8(port + 5) & 0x7F : in8(port + 5) | 0x80;
}

static void com_receive(struct registers *r, u16 port, u8 timeout) {
    out8(port + 4, 0x01);
    bool ready = wait_for_bits(port + 6, 0x20, timeout) && wait_for_bits(port + 5, 0x01, timeout);
    u8 status = in8(port + 5);
    if (ready) r->al = in8(port);
    r->ah = ready ? status & 0x1E : status | 0x80;
}

void int14(struct registers *r) {
    u16 port = r->dx < 4 ? BDA->com_ports[r->dx] : 0;
    if (port == 0) {
        r->ah = 0x80;
        return;
    }
    u8 timeout = BDA->com_timeouts[r->dx];
    switch (r->ah) {
    case 0x00:
        com_set_line(port, r->al & 0x1F, divisors[r->al >> 5]);
        break;
    case 0x01:
        com_send(r, port, timeout);
        return;
    case 0x02:
        com_receive(r, port, timeout);
        return;
    case 0x03:
        break;
    case 0x04:
        if (r->cl < LENGTH(divisors)) {
            static const ROM ROM_DATA u8 parities[] = {0x00, 0x08, 0x18, 0x28, 0x38};
            u8 parity = r->bh < LENGTH(parities) ? parities[r->bh] : 0;
            com_set_line(port, (r->ch & 3) | (r->bl & 1) << 2 | parity | (r->al & 1) << 6, divisors[r->cl]);
        }
        break;
    case 0x05:
        if (r->al == 1) out8(port + 4, r->bl);
        r->bl = in8(port + 4);
        break;
    default:
        return;
    }
    r->ah = in8(port + 5);
    r->al = in8(port + 6);
}

static u8 lpt_status(u16 port) { return (in8(port + 1) & 0xF8) ^ 0x48; }

void int17(struct registers *r) {
    u16 port = r->dx < 3 ? BDA->lpt_ports[r->dx] : 0;
    if (port == 0 || r->ah > 2) {
        r->ah = 0x01;
        return;
    }
    if (r->ah == 0) {
        out8(port, r->al);
        if (!wait_for_bits(port + 1, 0x80, BDA->lpt_timeouts[r->dx])) {
            r->ah = lpt_status(port) | 0x01;
            return;
        }
        out8(port + 2, 0x0D);
        delay_refresh(1);
        out8(port + 2, 0x0C);
    } else if (r->ah == 1) {
        out8(port + 2, 0x08);
        delay_refresh(4);
        out8(port + 2, 0x0C);
    }
    r->ah = lpt_status(port);
}
