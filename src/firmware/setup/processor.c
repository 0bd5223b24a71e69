/*
 * The processor beyond the 80386: memory types, the local APIC as the PIC's wire, and the board's I/O APIC and HPET.
 *
 * Sources: Intel Software Developer's Manual Vol. 3, "Memory Cache Control" (MTRRs) and "APIC" (virtual wire mode);
 * Intel MultiProcessor Specification 1.4, section 3.6.2.2; Intel 82093AA data sheet; IA-PC HPET Specification 1.0a.
 */
#include "setup.h"

#define LOCAL_APIC 0xFEE00000u
#define IO_APIC 0xFEC00000u
#define HPET 0xFED00000u
#define WRITE_BACK 6ull
#define WRITE_PROTECTED 5ull

bool processor_flag_changes(u32 mask) {
    u32 before, after;
    __asm__ volatile("pushfl; popl %0; movl %0, %1; xorl %2, %1; pushl %1; popfl; pushfl; popl %1; pushl %0; popfl"
                     : "=&r"(before), "=&r"(after) : "r"(mask));
    return ((before ^ after) & mask) != 0;
}

bool cpuid(u32 leaf, struct cpuid *answer) {
    if (!processor_flag_changes(0x200000)) return false;
    u32 highest, b, c, d, first = leaf & 0x80000000;
    __asm__ volatile("cpuid" : "=a"(highest), "=b"(b), "=c"(c), "=d"(d) : "a"(first));
    if (leaf > highest || (highest & 0x80000000) != first) return false;
    __asm__ volatile("cpuid" : "=a"(answer->eax), "=b"(answer->ebx), "=c"(answer->ecx), "=d"(answer->edx) : "a"(leaf));
    return true;
}

static u64 msr_read(u32 index) {
    u64 value;
    __asm__ volatile("rdmsr" : "=A"(value) : "c"(index));
    return value;
}
static void msr_write(u32 index, u64 value) { __asm__ volatile("wrmsr" : : "A"(value), "c"(index)); }

static u64 eight(u64 type) { return type * 0x0101010101010101ull; }

/* Memory below 640 KiB and from 1 MiB on is written back, the display's is not cached, ROMs are write-protected. */
static void set_memory_types(void) {
    u64 capabilities = msr_read(0xFE);
    u32 pairs = capabilities & 0xFF;
    msr_write(0x2FF, 0);
    if (capabilities & 0x100) {
        msr_write(0x250, eight(WRITE_BACK));
        msr_write(0x258, eight(WRITE_BACK));
        msr_write(0x259, 0);
        for (u32 index = 0x268; index <= 0x26F; index++) msr_write(index, eight(WRITE_PROTECTED));
    }
    /* Uncached from E0000000h to 4 GiB, where PCI is; the rest of the first 64 GiB is the default, written back. */
    if (pairs) {
        msr_write(0x200, 0xE0000000);
        msr_write(0x201, 0xFE0000800ull);
        for (u32 pair = 1; pair < pairs; pair++) msr_write(0x201 + pair * 2, 0);
    }
    msr_write(0x2FF, 0x800 | (capabilities & 0x100 ? 0x400 : 0) | WRITE_BACK);
}

/* Virtual wire: the PIC's interrupt goes through LINT0 as it is, NMI through LINT1. A Pentium's APIC cannot be moved. */
static void wire_local_apic(bool movable) {
    volatile u32 *apic = (volatile u32 *)LOCAL_APIC;
    if (movable) msr_write(0x1B, (msr_read(0x1B) & 0xFFF) | LOCAL_APIC | 0x800);
    apic[0xF0 / 4] = 0x10F;
    apic[0x350 / 4] = 0x00700;
    apic[0x360 / 4] = 0x00400;
}

static bool find_io_apic(void) {
    volatile u32 *select = (volatile u32 *)IO_APIC, *window = (volatile u32 *)(IO_APIC + 0x10);
    *select = 1;
    u32 version = *window;
    if (version == 0xFFFFFFFF || version == 0 || (version >> 16 & 0xFF) < 15) return false;
    *select = 0;
    *window = 1 << 24; /* Its identification; the processor's is zero. */
    return true;
}

void processor_initialise(void) {
    struct cpuid features;
    volatile struct platform *p = PLATFORM;
    if (cpuid(1, &features)) {
        if (features.edx & 1 << 12 && features.edx & 1 << 5) set_memory_types();
        if (features.edx & 1 << 9 && features.edx & 1 << 5) {
            wire_local_apic((features.eax >> 8 & 15) >= 6);
            p->local_apic = 1;
        }
    }
    p->io_apic = find_io_apic();
    u32 identification = *(volatile u32 *)HPET;
    p->hpet = identification >> 16 == 0x8086;
}
