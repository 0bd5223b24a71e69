/*
 * Shared ground of the firmware: address spaces, the caller's registers and the two data areas.
 *
 * Sources: IBM Personal Computer AT Technical Reference (BIOS listing and data area), Intel 80386 Programmer's Reference
 * Manual; GCC manual, "Named Address Spaces" (x86).
 *
 * Memory model: CS = F000h. DS = ES = SS = the data segment, whose last part is a private stack, so ordinary C data lives
 * there and locals may be pointed to: the EBDA on a board without PCI, else shadow memory at E8000h, which is larger and
 * alone holds what is declared EXTENDED. FS = 0 reaches the vectors and the BIOS data area; GS = F000h reaches constants
 * in the ROM. Other segments are reached by the far_ functions alone. Everything runs with interrupts disabled, except in
 * idle(), window() and call_real().
 */
#ifndef BIOS_H
#define BIOS_H

#include "basic.h"

#define ROM __seg_gs
/* Placed in its own section: the linker script refuses an ordinary constant, which DS could not reach. */
#define ROM_DATA __attribute__((section(".rom")))
#define LOW __seg_fs
/* Data that only a board with PCI has room for. */
#define EXTENDED __attribute__((section(".bss.extended")))

#define ROM_SEGMENT 0xF000
/* POST writes small tables into the first bytes of the ROM's shadow. */
#define TABLES_START 0x0010
#define TABLES_END 0x0900
#define PNP_TABLE 0xFEB0 /* fixed.asm: the plug and play installation check. */

/* Flag bits in the caller's frame. */
#define CARRY 0x0001
#define ZERO 0x0040

/* The caller's registers, copied to the private stack by the entry code and copied back afterwards. */
struct registers {
    u32 edi, esi, ebp, unused_esp;
    union { u32 ebx; u16 bx; struct { u8 bl, bh; }; };
    union { u32 edx; u16 dx; struct { u8 dl, dh; }; };
    union { u32 ecx; u16 cx; struct { u8 cl, ch; }; };
    union { u32 eax; u16 ax; struct { u8 al, ah; }; };
    u16 gs, fs, es, ds;
    /* Where the entry code goes after restoring everything: an action_ label of entry.asm. */
    u16 action;
    u16 ip, cs, flags;
};

#define DI(r) ((u16)(r)->edi)
#define SI(r) ((u16)(r)->esi)
#define BP(r) ((u16)(r)->ebp)

/* BIOS data area at 40:0, by offset. */
struct bda {
    u16 com_ports[4];           /* 00 */
    u16 lpt_ports[3];           /* 08 */
    u16 ebda_segment;           /* 0E */
    u16 equipment;              /* 10 */
    u8 post_state;              /* 12 */
    u16 base_memory_kib;        /* 13 */
    u16 reserved_15;            /* 15 */
    u8 shift_flags;             /* 17 */
    u8 shift_flags_2;           /* 18 */
    u8 alt_keypad;              /* 19 */
    u16 key_head;               /* 1A */
    u16 key_tail;               /* 1C */
    u16 key_buffer[16];         /* 1E */
    u8 floppy_calibrated;       /* 3E: bits 0-3 drives, bit 7 interrupt seen */
    u8 floppy_motors;           /* 3F */
    u8 floppy_motor_ticks;      /* 40 */
    u8 floppy_status;           /* 41 */
    u8 floppy_results[7];       /* 42 */
    u8 video_mode;              /* 49 */
    u16 video_columns;          /* 4A */
    u16 video_page_bytes;       /* 4C */
    u16 video_page_start;       /* 4E */
    u16 cursor_positions[8];    /* 50 */
    u16 cursor_shape;           /* 60 */
    u8 video_page;              /* 62 */
    u16 crtc_port;              /* 63 */
    u8 cga_mode_control;        /* 65 */
    u8 cga_palette;             /* 66 */
    u16 resume_offset;          /* 67 */
    u16 resume_segment;         /* 69 */
    u8 last_unexpected_irq;     /* 6B */
    u32 ticks;                  /* 6C */
    u8 midnight;                /* 70 */
    u8 break_flag;              /* 71 */
    u16 warm_boot;              /* 72 */
    u8 disk_status;             /* 74 */
    u8 disk_count;              /* 75 */
    u8 disk_control;            /* 76 */
    u8 disk_port_offset;        /* 77 */
    u8 lpt_timeouts[4];         /* 78 */
    u8 com_timeouts[4];         /* 7C */
    u16 key_buffer_start;       /* 80 */
    u16 key_buffer_end;         /* 82 */
    u8 video_last_row;          /* 84 */
    u16 character_height;       /* 85 */
    u8 video_control;           /* 87 */
    u8 video_switches;          /* 88 */
    u8 vga_flags;               /* 89 */
    u8 display_combination;     /* 8A */
    u8 floppy_last_rate;        /* 8B */
    u8 disk_status_register;    /* 8C */
    u8 disk_error_register;     /* 8D */
    u8 disk_interrupt;          /* 8E */
    u8 floppy_capabilities;     /* 8F */
    u8 floppy_media[2];         /* 90 */
    u8 floppy_operation[2];     /* 92 */
    u8 floppy_track[2];         /* 94 */
    u8 keyboard_flags_3;        /* 96 */
    u8 keyboard_leds;           /* 97 */
    u16 wait_flag_offset;       /* 98 */
    u16 wait_flag_segment;      /* 9A */
    u32 wait_microseconds;      /* 9C */
    u8 wait_active;             /* A0 */
    u8 reserved_a1[7];          /* A1 */
    u16 video_save_offset;      /* A8 */
    u16 video_save_segment;     /* AA */
} PACKED;

#define BDA ((volatile LOW struct bda *)0x400)
#define VECTOR(number) (((volatile LOW u32 *)0)[number])
#define FAR_ADDRESS(segment, offset) ((u32)(segment) << 16 | (u16)(u32)(offset))

/* The data segment: where DS, ES and SS point. */
static inline u16 data_segment_now(void) {
    u16 segment;
    __asm__("movw %%ds, %w0" : "=r"(segment));
    return segment;
}

#define LINEAR_OF(pointer) (((u32)data_segment_now() << 4) + (u32)(pointer))

static inline u8 far_read8(u16 segment, u16 offset) {
    u8 value;
    __asm__ volatile("movw %w1, %%es; movb %%es:(%k2), %b0; pushw %%ds; popw %%es"
                     : "=q"(value) : "r"(segment), "r"((u32)offset) : "memory");
    return value;
}

static inline u16 far_read16(u16 segment, u16 offset) {
    u16 value;
    __asm__ volatile("movw %w1, %%es; movw %%es:(%k2), %w0; pushw %%ds; popw %%es"
                     : "=r"(value) : "r"(segment), "r"((u32)offset) : "memory");
    return value;
}

static inline u32 far_read32(u16 segment, u16 offset) {
    return far_read16(segment, offset) | (u32)far_read16(segment, offset + 2) << 16;
}

static inline void far_write8(u16 segment, u16 offset, u8 value) {
    __asm__ volatile("movw %w1, %%es; movb %b0, %%es:(%k2); pushw %%ds; popw %%es"
                     : : "q"(value), "r"(segment), "r"((u32)offset) : "memory");
}

static inline void far_write16(u16 segment, u16 offset, u16 value) {
    __asm__ volatile("movw %w1, %%es; movw %w0, %%es:(%k2); pushw %%ds; popw %%es"
                     : : "r"(value), "r"(segment), "r"((u32)offset) : "memory");
}

static inline void far_write32(u16 segment, u16 offset, u32 value) {
    far_write16(segment, offset, value);
    far_write16(segment, offset + 2, value >> 16);
}

/* Copies bytes upwards; offsets wrap in their segments. */
static inline void far_copy(u16 to_segment, u16 to, u16 from_segment, u16 from, u16 bytes) {
    u32 di = to, si = from, cx = bytes;
    __asm__ volatile("pushw %%ds; movw %w3, %%es; movw %w4, %%ds; rep movsb; popw %%ds; pushw %%ds; popw %%es"
                     : "+D"(di), "+S"(si), "+c"(cx) : "r"(to_segment), "r"(from_segment) : "memory");
}

static inline void far_fill16(u16 segment, u16 offset, u16 value, u16 words) {
    u32 di = offset, cx = words;
    __asm__ volatile("movw %w2, %%es; rep stosw; pushw %%ds; popw %%es"
                     : "+D"(di), "+c"(cx) : "r"(segment), "a"(value) : "memory");
}

static inline void far_fill8(u16 segment, u16 offset, u8 value, u16 bytes) {
    u32 di = offset, cx = bytes;
    __asm__ volatile("movw %w2, %%es; rep stosb; pushw %%ds; popw %%es"
                     : "+D"(di), "+c"(cx) : "r"(segment), "a"(value) : "memory");
}

static inline void set_flag(struct registers *r, u16 flag, bool on) {
    r->flags = on ? r->flags | flag : r->flags & ~flag;
}

/* entry.asm: waits on the caller's stack with interrupts enabled; idle() halts until one, window() only lets them in. */
void idle(void);
void window(void);

/* far.asm: calls r->cs:r->ip with these registers on the caller's stack and takes the registers back. */
void call_far(struct registers *r);
void call_interrupt(struct registers *r);

/* protected.asm: runs a function of the 32-bit part of the firmware (setup/setup.h). */
u32 setup_call(u32 function, u32 linear);

/* entry.asm: labels to be put into registers.action. */
extern u8 action_wait_key[], action_print_screen[], action_break[], action_system_key_down[], action_system_key_up[];
extern u8 action_pause[], action_reboot[], action_alarm[], action_protected_mode[], action_linux[];
#define ADDRESS(label) ((u16)(u32)(label))

#endif
