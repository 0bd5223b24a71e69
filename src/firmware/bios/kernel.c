/*
 * Starting a kernel that the machine's description holds. The board's boot loader (port 5E0h) places it in memory with a
 * note of how it is to be started. What only the firmware knows, the memory map, the display and power management, is added to the note;
 * setup/kernel.c tells the kernel of it.
 *
 * Sources: The Linux/x86 Boot Protocol (Documentation/x86/boot.rst); Multiboot Specification 0.6.96, section 3.1.4.
 */
#include "services.h"

#define LOADER_PORT 0x5E0
#define LOADER_PRESENT 0x4B
#define NOTE ((volatile LOW struct kernel_note *)KERNEL_NOTE_LINEAR)
#define CONTROLLER_BYTES 512

static const ROM ROM_DATA char text_bad_note[] = "The kernel could not be loaded.\n";

extern u8 apm_protected_32[];

bool kernel_present(void) { return in8(LOADER_PORT) == LOADER_PRESENT; }

static void call_vbe(u8 function, u16 bx, u16 cx, u16 offset) {
    struct registers r = {0};
    r.ax = 0x4F00 | function;
    r.bx = bx;
    r.cx = cx;
    r.es = NOTE->vbe >> 4;
    r.edi = offset;
    call_video(&r);
}

/* Sets the first mode that fits what is wanted, where zero means the usual; its information stays behind the controller's. */
static void choose_screen(void) {
    u16 block = NOTE->vbe >> 4;
    u16 width = NOTE->width ? NOTE->width : 1024, height = NOTE->height ? NOTE->height : 768, depth = NOTE->depth ? NOTE->depth : 32;
    far_write32(block, 0, 0x32454256);
    call_vbe(0x00, 0, 0, 0);
    if (far_read32(block, 0) != 0x41534556) return;
    u16 list = far_read16(block, 14), segment = far_read16(block, 16), number;
    for (; (number = far_read16(segment, list)) != 0xFFFF; list += 2) {
        call_vbe(0x01, 0, number, CONTROLLER_BYTES);
        if (far_read16(block, CONTROLLER_BYTES + 18) != width || far_read16(block, CONTROLLER_BYTES + 20) != height) continue;
        if (far_read8(block, CONTROLLER_BYTES + 25) != depth) continue;
        call_vbe(0x02, number | 0x4000, 0, 0);
        NOTE->mode = number;
        return;
    }
}

static void note_services(void) {
    u32 start, length, type;
    u16 count = 0;
    for (u16 index = 0; count < KERNEL_RANGES_MAX && memory_map_entry(&index, &start, &length, &type); count++) {
        NOTE->ranges[count].start = start;
        NOTE->ranges[count].length = length;
        NOTE->ranges[count].type = type;
    }
    NOTE->ranges_count = count;
    NOTE->apm_entry = has_pci() && platform.power ? ADDRESS(apm_protected_32) : 0;
    NOTE->base_kib = BDA->base_memory_kib;
    NOTE->extended_kib = memory_extended_kib();
}

void kernel_boot(struct registers *r) {
    a20_set(true);
    out8(LOADER_PORT, 1);
    if (NOTE->signature != KERNEL_SIGNATURE) {
        print(text_bad_note);
        while (true) idle();
    }
    if (NOTE->kind == KERNEL_LINUX) {
        r->ds = NOTE->entry;
        r->ecx = NOTE->stack;
        r->action = ADDRESS(action_linux);
        return;
    }
    if (NOTE->graphics) choose_screen();
    note_services();
    setup_call(SETUP_KERNEL, KERNEL_NOTE_LINEAR);
}
