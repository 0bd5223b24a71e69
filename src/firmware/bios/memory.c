/*
 * Memory: its size, the A20 gate, and INT 15h.
 *
 * Sources: IBM PC/AT Technical Reference (INT 15h, CMOS 15h to 18h, 30h, 31h); QEMU and Bochs for CMOS 34h and 35h (64 KiB
 * blocks above 16 MiB); ACPI Specification 6.5, section 15.1 (INT 15h E820h).
 *
 * Not modelled: joystick, cassette, memory above 4 GiB.
 */
#include "services.h"

#define UNSUPPORTED 0x86
#define MIB 0x100000
#define SIGNATURE_SMAP 0x534D4150
#define TABLES_BYTES 0x10000 /* At the end of memory: see setup/tables.c. */

u32 protected_copy(u32 gdt_linear, u32 words);
bool probe_dword(u32 linear);

u8 table_register[6];
static u32 extended_kib;

u32 memory_extended_kib(void) { return extended_kib; }

/* Either gate lets A20 through, so one opens it and both must be shut to close it. */
void a20_set(bool enabled) {
    out8(0x92, (in8(0x92) & 0xFC) | (enabled ? 2 : 0));
    if (!enabled && keyboard_controller_write(0xD1)) keyboard_write_data(0xDD);
}

/* By looking: with A20 held low, the second megabyte shows the first. */
bool a20_enabled(void) {
    u16 old = far_read16(0, 0x4F0), high = far_read16(0xFFFF, 0x500);
    u16 probe = ~high;
    far_write16(0, 0x4F0, probe);
    bool same = far_read16(0xFFFF, 0x500) == probe;
    far_write16(0, 0x4F0, old);
    return !same;
}

/* What CMOS claims, as far as the last dword of every megabyte keeps what is written there. */
void memory_initialise(void) {
    u32 claimed = cmos_read16(0x30, 0x31);
    u32 above_16_mib = cmos_read16(0x34, 0x35);
    if (cmos_read16(0x17, 0x18) > claimed) claimed = cmos_read16(0x17, 0x18);
    if (above_16_mib) claimed = 15 * 1024 + above_16_mib * 64;
    u32 confirmed = 0;
    while (confirmed < claimed) {
        u32 next = confirmed + 1024 < claimed ? confirmed + 1024 : claimed;
        if (!probe_dword(MIB + next * 1024 - 4)) break;
        confirmed = next;
    }
    if (has_pci() && confirmed > 64) {
        confirmed -= TABLES_BYTES / 1024;
        platform.memory_end = MIB + confirmed * 1024;
    }
    extended_kib = confirmed;
    u8 equipment = cmos_read(0x14) & 0xC3; /* Floppies and the coprocessor; the rest is found out. */
    BDA->equipment |= equipment | 0x20;
}

enum range_type { USABLE = 1, RESERVED = 2, ACPI_TABLES = 3, ACPI_KEPT = 4 };

/* One entry of the memory map by its index, or false after the last. Empty ones are passed over by the caller. */
static bool memory_range(u16 index, u32 *start, u32 *length, u32 *type) {
    u32 base_end = BDA->base_memory_kib * 1024u, extended_end = MIB + extended_kib * 1024;
    bool pci = has_pci();
    *type = RESERVED;
    switch (index) {
    case 0:
        *start = 0, *length = base_end, *type = USABLE;
        return true;
    case 1:
        *start = base_end, *length = 0xA0000 - base_end;
        return true;
    case 2:
        *start = 0xE0000, *length = MIB - *start;
        return true;
    case 3:
        *start = MIB, *length = extended_end - MIB, *type = USABLE;
        return true;
    case 4:
        *start = extended_end, *length = pci ? TABLES_BYTES - 0x1000 : 0, *type = ACPI_TABLES;
        return true;
    case 5:
        *start = extended_end + TABLES_BYTES - 0x1000, *length = pci ? 0x1000 : 0, *type = ACPI_KEPT;
        return true;
    case 6:
        *start = 0xFEC00000, *length = pci ? 0x1000 : 0;
        return true;
    case 7:
        *start = 0xFEE00000, *length = pci ? 0x1000 : 0;
        return true;
    case 8:
        *start = pci ? 0xFFF00000 : 0xFFFF0000, *length = -*start;
        return true;
    }
    return false;
}

bool memory_map_entry(u16 *index, u32 *start, u32 *length, u32 *type) {
    do {
        if (!memory_range((*index)++, start, length, type)) return false;
    } while (*length == 0);
    return true;
}

static bool memory_map(struct registers *r) {
    u32 start, length, type, next;
    if (r->edx != SIGNATURE_SMAP || r->ecx < 20) return false;
    u16 index = r->ebx, to = DI(r);
    if (r->ebx > 8 || !memory_map_entry(&index, &start, &length, &type)) return false;
    far_write32(r->es, to, start);
    far_write32(r->es, to + 4, 0);
    far_write32(r->es, to + 8, length);
    far_write32(r->es, to + 12, 0);
    far_write32(r->es, to + 16, type);
    if (r->ecx >= 24) far_write32(r->es, to + 20, 1); /* ACPI 3.0: the entry counts. */
    r->eax = SIGNATURE_SMAP;
    r->ecx = r->ecx >= 24 ? 24 : 20;
    next = index;
    r->ebx = memory_map_entry(&index, &start, &length, &type) ? next : 0;
    return true;
}

/* E801h and E881h: KiB between 1 and 16 MiB, and 64 KiB blocks above 16 MiB, twice. */
static void memory_sizes(struct registers *r, bool wide) {
    u32 low = extended_kib < 15 * 1024 ? extended_kib : 15 * 1024;
    u32 high = (extended_kib - low) / 64;
    if (wide) {
        r->eax = r->ecx = low;
        r->ebx = r->edx = high;
    } else {
        r->ax = r->cx = low;
        r->bx = r->dx = high;
    }
}

/* Writes a data or code descriptor of 64 KiB into the caller's table. */
static void write_descriptor(u16 segment, u16 offset, u32 base, u8 access) {
    far_write32(segment, offset, base << 16 | 0xFFFF);
    far_write32(segment, offset + 4, (base >> 16 & 0xFF) | access << 8 | (base & 0xFF000000));
}

static u32 linear(u16 segment, u16 offset) { return ((u32)segment << 4) + offset; }

static void move_block(struct registers *r) {
    u16 table = SI(r);
    if (r->cx > 0x8000) {
        r->ah = 0x02;
        set_flag(r, CARRY, true);
        return;
    }
    write_descriptor(r->es, table + 0x08, linear(r->es, table), 0x93);
    write_descriptor(r->es, table + 0x20, 0xF0000, 0x9B);
    write_descriptor(r->es, table + 0x28, linear(data_segment_now(), 0), 0x93);
    bool was_enabled = a20_enabled();
    if (!was_enabled) a20_set(true);
    protected_copy(linear(r->es, table), r->cx);
    if (!was_enabled) a20_set(false);
    r->ah = 0;
    set_flag(r, CARRY, false);
    set_flag(r, ZERO, true);
}

/* The entry code completes the switch: descriptors 38h for it, 08h and 10h for the tables; BH and BL are the IRQ bases. */
static void enter_protected_mode(struct registers *r) {
    out8(0x20, 0x11);
    out8(0x21, r->bh);
    out8(0x21, 0x04);
    out8(0x21, 0x01);
    out8(0xA0, 0x11);
    out8(0xA1, r->bl);
    out8(0xA1, 0x02);
    out8(0xA1, 0x01);
    out8(0x21, 0xFF);
    out8(0xA1, 0xFF);
    a20_set(true);
    write_descriptor(r->es, SI(r) + 0x38, 0xF0000, 0x9B);
    r->action = ADDRESS(action_protected_mode);
}

static void a20_service(struct registers *r) {
    u8 function = r->al;
    r->ah = 0;
    switch (function) {
    case 0:
    case 1:
        a20_set(function);
        break;
    case 2:
        r->al = a20_enabled();
        r->cx = 0;
        break;
    case 3:
        r->bx = 3; /* Both the keyboard controller and port 92h. */
        break;
    default:
        r->ah = UNSUPPORTED;
    }
    set_flag(r, CARRY, r->ah != 0);
}

static bool memory_e8(struct registers *r) {
    if (r->al == 0x20) return memory_map(r);
    if (r->al != 0x01 && r->al != 0x81) return false;
    memory_sizes(r, r->al == 0x81);
    return true;
}

void int15(struct registers *r) {
    switch (r->ah) {
    case 0x24:
        a20_service(r);
        return;
    case 0x83:
        clock_event_wait(r);
        return;
    case 0x86:
        clock_wait(r);
        return;
    case 0x87:
        move_block(r);
        return;
    case 0x88:
        r->ax = extended_kib < 0xFC00 ? extended_kib : 0xFC00;
        break;
    case 0x89:
        enter_protected_mode(r);
        return;
    case 0x80: /* Device open, close, program end, system key, device busy and ready: for systems that take them. */
    case 0x81:
    case 0x82:
    case 0x85:
    case 0x90:
    case 0x91:
        r->ah = 0;
        break;
    case 0xC0:
        r->es = ROM_SEGMENT;
        r->bx = 0xE6F5;
        r->ah = 0;
        break;
    case 0xC1:
        r->es = BDA->ebda_segment;
        break;
    case 0xC2:
        mouse_service(r);
        return;
    case 0xE8:
        if (memory_e8(r)) break;
        /* Falls through. */
    default:
        r->ah = UNSUPPORTED;
        set_flag(r, CARRY, true);
        return;
    }
    set_flag(r, CARRY, false);
}
