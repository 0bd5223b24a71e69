/*
 * What the 16-bit and the 32-bit part of the firmware tell one another. Both include it; it lies at the start of the
 * EXTENDED data, so that both know where it is.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#define PLATFORM_LINEAR 0xE8400
#define QUEUE_LINEAR 0xEC000 /* 12 KiB for rings and scripts of storage controllers, on a page boundary. */

/* Functions of setup_call(). */
enum setup_function { SETUP_SHADOW, SETUP_BUS, SETUP_TABLES, SETUP_OPTION_ROM, SETUP_LOCK, SETUP_KERNEL, SETUP_DISPLAY_ROM };

/* PCI interrupts go where these say, INTA# to INTD# of device 1 first; the system control interrupt is of its own. */
#define PIRQ_A 10
#define PIRQ_B 10
#define PIRQ_C 11
#define PIRQ_D 11
#define SCI_IRQ 9
#define PM_BASE 0x600
#define SMBUS_BASE 0x700
#define SMI_COMMAND_PORT 0xB2
#define ACPI_ENABLE 0xF1
#define ACPI_DISABLE 0xF0

#define STORAGE_MAX 8
#define ROMS_MAX 12

enum storage_kind { STORAGE_NONE, STORAGE_VIRTIO, STORAGE_LSI, STORAGE_VIRTIO_SCSI };

struct storage_controller {
    unsigned char kind, devfn;
    unsigned short ports;
};

struct platform {
    unsigned int memory_end;        /* Where usable extended memory ends: tables follow. */
    unsigned int display_memory;    /* The linear framebuffer; zero without a display on PCI. */
    unsigned char pci;              /* There is a PCI bus. */
    unsigned char power;            /* There is a power management function. */
    unsigned char smi_command;      /* It changes to ACPI by writing SMI_COMMAND_PORT. */
    unsigned char acpi;             /* Tables were written. */
    unsigned char local_apic, io_apic, hpet;
    unsigned char display_devfn;
    unsigned char storage_count, rom_count;
    struct storage_controller storage[STORAGE_MAX];
    unsigned char roms[ROMS_MAX];   /* Functions with a ROM, the display's first. */
    unsigned short com_ports[4], lpt_ports[3]; /* What POST found. */
    unsigned char floppies, pointer;
    unsigned short table_start, table_end;     /* Room for tables in segment F000h. */
    unsigned short bios32_entry;
    /* Arguments and answers of SETUP_OPTION_ROM. */
    unsigned char rom_devfn, rom_unused;
    unsigned short rom_segment, rom_limit, rom_paragraphs;
};

/* How a kernel is started: written by the board's boot loader, laid out by src/firmware/boot/note.ts. */
#define KERNEL_NOTE_LINEAR 0x7000
#define KERNEL_SIGNATURE 0x4C4E524B
#define KERNEL_RANGES_MAX 10
enum kernel_kind { KERNEL_LINUX = 1, KERNEL_MULTIBOOT, KERNEL_MULTIBOOT2 };
struct kernel_note {
    unsigned int signature, kind;
    unsigned int entry;  /* Linear; for Linux the segment of the real-mode part. */
    unsigned int stack;  /* Linux: SP. */
    unsigned int eax, ebx;
    unsigned int info;   /* Multiboot's information. */
    unsigned int append; /* Where the memory map or further tags go. */
    unsigned int vbe;    /* Room for the two information blocks of VBE, on a multiple of 16. */
    unsigned short graphics, width, height, depth;
    /* What the 16-bit part adds. */
    unsigned short mode, ranges_count;
    unsigned int base_kib, extended_kib;
    struct {
        unsigned int start, length, type;
    } ranges[KERNEL_RANGES_MAX];
    unsigned int apm_entry; /* The 32-bit entry of power management in segment F000h; zero where there is none. */
};

#endif
