/*
 * What a Multiboot kernel is told of memory and screen, and the jump into it in flat protected mode.
 *
 * Sources: Multiboot Specification 0.6.96, sections 3.2 and 3.3; Multiboot2 Specification 2.0, sections 3.3 and 3.6;
 * Advanced Power Management BIOS Interface Specification 1.2.
 *
 * Not modelled: Multiboot's drive list, configuration table and APM table; Multiboot2's tags of VBE, SMBIOS, the network and EFI. No kernel is told of a
 * boot device, for it came from the machine's description, not from a drive.
 */
#include "setup.h"

#define MODE_INFORMATION 512
#define SIGNATURE_RSD 0x20445352

static u32 *at32(u32 at) { return (u32 *)at; }

static u32 write_range(u32 at, const struct kernel_note *note, u32 index) {
    at32(at)[0] = note->ranges[index].start;
    at32(at)[1] = 0;
    at32(at)[2] = note->ranges[index].length;
    at32(at)[3] = 0;
    at32(at)[4] = note->ranges[index].type;
    return at + 20;
}

/* Place and size of red, green and blue; VBE has them the other way round. */
static void write_colours(u8 *to, const u8 *mode) {
    for (u32 index = 0; index < 6; index++) to[index] = mode[31 + (index ^ 1)];
}

/* Address, pitch, width, height, depth and kind, as both protocols have them: 22 bytes. */
static void write_screen(u32 at, const struct kernel_note *note) {
    const u8 *mode = (const u8 *)note->vbe + MODE_INFORMATION;
    bool graphics = note->mode != 0;
    at32(at)[0] = graphics ? *(const u32 *)(mode + 40) : 0xB8000;
    at32(at)[1] = 0;
    at32(at)[2] = graphics ? *(const u16 *)(mode + 16) : 160;
    at32(at)[3] = graphics ? *(const u16 *)(mode + 18) : 80;
    at32(at)[4] = graphics ? *(const u16 *)(mode + 20) : 25;
    *(u8 *)(at + 20) = graphics ? mode[25] : 16;
    *(u8 *)(at + 21) = graphics ? (mode[25] == 8 ? 0 : 1) : 2;
}

static void complete_multiboot(const struct kernel_note *note) {
    u32 *info = at32(note->info), at = note->append;
    for (u32 index = 0; index < note->ranges_count; index++) {
        *at32(at) = 20;
        at = write_range(at + 4, note, index);
    }
    info[0] |= 0x0041;
    info[1] = note->base_kib;
    info[2] = note->extended_kib;
    info[11] = at - note->append;
    info[12] = note->append;
    if (!note->mode) return;
    info[0] |= 0x1800;
    info[18] = note->vbe;
    info[19] = note->vbe + MODE_INFORMATION;
    info[20] = note->mode | 0x4000;
    write_screen(note->info + 88, note);
    write_colours((u8 *)note->info + 110, (const u8 *)note->vbe + MODE_INFORMATION);
}

/* A tag begins on a multiple of eight. Gives back where its contents go. */
static u32 begin_tag(u32 *at, u32 type, u32 bytes) {
    u32 tag = (*at + 7) & ~7u;
    at32(tag)[0] = type;
    at32(tag)[1] = bytes;
    *at = tag + bytes;
    return tag + 8;
}

static void add_root_pointer(u32 *at) {
    if (!PLATFORM_IS_THERE || !PLATFORM->acpi) return;
    for (u32 rsdp = 0xF0000; rsdp < 0x100000; rsdp += 16) {
        if (at32(rsdp)[0] != SIGNATURE_RSD) continue;
        copy((void *)begin_tag(at, 14, 8 + 20), (const void *)rsdp, 20);
        copy((void *)begin_tag(at, 15, 8 + 36), (const void *)rsdp, 36);
        return;
    }
}

/* What INT 15h AX=5303h answers, and AX=5300h in version and flags: see bios/apm.asm. */
static void add_power_management(u32 *at, const struct kernel_note *note) {
    if (!note->apm_entry) return;
    struct {
        u16 version, code_32;
        u32 entry;
        u16 code_16, data, flags, code_32_bytes, code_16_bytes, data_bytes;
    } PACKED table = {0x0102, 0xF000, note->apm_entry, 0xF000, 0xF000, 3, 0xFFFF, 0xFFFF, 0xFFFF};
    copy((void *)begin_tag(at, 10, 8 + sizeof table), &table, sizeof table);
}

static void complete_multiboot2(const struct kernel_note *note) {
    u32 at = note->append, to = begin_tag(&at, 4, 16);
    at32(to)[0] = note->base_kib;
    at32(to)[1] = note->extended_kib;
    to = begin_tag(&at, 8, note->mode ? 8 + 24 + 6 : 8 + 24);
    write_screen(to, note);
    *(u16 *)(to + 22) = 0;
    if (note->mode) write_colours((u8 *)to + 24, (const u8 *)note->vbe + MODE_INFORMATION);
    add_root_pointer(&at);
    add_power_management(&at, note);
    to = begin_tag(&at, 6, 16 + note->ranges_count * 24);
    at32(to)[0] = 24;
    at32(to)[1] = 0;
    to += 8;
    for (u32 index = 0; index < note->ranges_count; index++) {
        to = write_range(to, note, index);
        *at32(to) = 0;
        to += 4;
    }
    begin_tag(&at, 0, 8);
    at32(note->info)[0] = at - note->info;
    at32(note->info)[1] = 0;
}

void kernel_start(const struct kernel_note *note) {
    if (note->kind == KERNEL_MULTIBOOT) complete_multiboot(note);
    else complete_multiboot2(note);
    u32 entry = note->entry, eax = note->eax, ebx = note->ebx;
    __asm__ volatile("movl %2, %%edx; xorl %%esi, %%esi; xorl %%edi, %%edi; xorl %%ebp, %%ebp; jmp *%%edx"
                     : : "a"(eax), "b"(ebx), "c"(entry) : "memory");
    __builtin_unreachable();
}
