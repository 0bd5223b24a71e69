/*
 * Shared ground of the 32-bit part: runs from the ROM below 4 GiB in flat protected mode with interrupts disabled, with
 * its variables and its stack below 80000h, during POST and for starting a kernel. Nothing of it stays.
 */
#ifndef SETUP_H
#define SETUP_H
#include "../bios/basic.h"
#include "../bios/platform.h"

#define PLATFORM ((volatile struct platform *)PLATFORM_LINEAR)
/* Without PCI there is no memory there, and reads give ones. */
#define PLATFORM_IS_THERE (PLATFORM->pci == 1)

/* Hides what a value is: the compiler may give two operands known to be equal one register, even where the first is counted down. */
#define OPAQUE(value) __asm__("" : "+r"(value))

static inline void copy(void *to, const void *from, u32 bytes) {
    u32 dwords = bytes >> 2, rest = bytes & 3;
    OPAQUE(rest);
    __asm__ volatile("rep movsl; movl %3, %%ecx; rep movsb" : "+D"(to), "+S"(from), "+&c"(dwords) : "r"(rest) : "memory");
}
static inline void fill(void *to, u8 value, u32 bytes) {
    u32 dwords = bytes >> 2, rest = bytes & 3;
    OPAQUE(rest);
    __asm__ volatile("rep stosl; movl %3, %%ecx; rep stosb"
                     : "+D"(to), "+&c"(dwords) : "a"(value * 0x01010101u), "r"(rest) : "memory");
}
static inline u8 sum_of(const void *from, u32 bytes) {
    u8 sum = 0;
    for (u32 index = 0; index < bytes; index++) sum += ((const u8 *)from)[index];
    return sum;
}

/* pci.c: configuration space of bus 0, and the functions found there. */
struct function {
    u8 devfn, interrupt_pin, interrupt_line;
    u16 vendor, device;
    u32 class_code;
};
#define FUNCTIONS_MAX 64
extern struct function functions[FUNCTIONS_MAX];
extern u32 functions_count;
#define DEVFN(device, function) ((device) << 3 | (function))
u8 pci_read8(u8 devfn, u8 at);
u16 pci_read16(u8 devfn, u8 at);
u32 pci_read32(u8 devfn, u8 at);
void pci_write8(u8 devfn, u8 at, u8 value);
void pci_write16(u8 devfn, u8 at, u16 value);
void pci_write32(u8 devfn, u8 at, u32 value);
void pci_find_functions(void);
void pci_place(void);
u8 pci_irq_of(u8 devfn, u8 pin);
const struct function *pci_find(u16 vendor, u16 device);

/* chipset.c, processor.c, rom.c, display_rom.c */
void shadow_memory(void);
void shadow_lock(void);
void chipset_initialise(void);
struct cpuid {
    u32 eax, ebx, ecx, edx;
};
/* Whether a flag of EFLAGS can be changed. */
bool processor_flag_changes(u32 flag);
bool cpuid(u32 leaf, struct cpuid *answer);
void processor_initialise(void);
void option_rom_load(void);
void display_rom_write(void);

/* tables.c and those it calls. */
void tables_write(void);
/* Room in memory that a system may take over, in the page that stays, and in segment F000h; null when there is none. */
void *table_place(u32 bytes, u32 alignment);
void *table_place_kept(u32 bytes, u32 alignment);
void *table_place_low(u32 bytes);
void acpi_write(void);
void smbios_write(void);
/* Appends a structure, its formatted part and its strings, which end with newlines; its handle. */
u16 smbios_add(const void *formatted, const char *strings);
void smbios_add_processor(void);
void mp_write(void);
void pirq_write(void);
void bios32_write(void);

/* kernel.c */
void kernel_start(const struct kernel_note *note);

#endif
