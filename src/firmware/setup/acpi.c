/*
 * ACPI: the root pointer, the root tables of both revisions, and what they point to.
 *
 * Sources: ACPI Specification 1.0b, chapter 5, and 2.0c, chapter 5; IA-PC HPET Specification 1.0a, section 3.2.4; Intel
 * 82371AB PIIX4 data sheet (290562), section 7.2 (registers of the power management function).
 *
 * The FADT is there twice: the old root table names one of revision 1, the extended one names one of revision 3.
 */
#include "setup.h"

struct header {
    u32 signature, length;
    u8 revision, checksum;
    char oem[6], oem_table[8];
    u32 oem_revision, creator, creator_revision;
} PACKED;

struct address {
    u8 space, bits, offset, access;
    u64 at;
} PACKED;

struct fadt {
    struct header header;
    u32 facs, dsdt;
    u8 model, profile;
    u16 sci;
    u32 smi_command;
    u8 acpi_enable, acpi_disable, s4_bios, processor_state;
    u32 pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer, gpe0, gpe1;
    u8 pm1_event_bytes, pm1_control_bytes, pm2_control_bytes, pm_timer_bytes, gpe0_bytes, gpe1_bytes, gpe1_base, cstate;
    u16 c2_latency, c3_latency, flush_size, flush_stride;
    u8 duty_offset, duty_width, day_alarm, month_alarm, century;
    u16 boot_flags;
    u8 reserved;
    u32 flags;
    struct address reset;
    u8 reset_value, reserved_2[3];
    u64 x_facs, x_dsdt;
    struct address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control, x_pm2_control, x_pm_timer, x_gpe0, x_gpe1;
} PACKED;

struct facs {
    u32 signature, length, hardware, waking_vector, global_lock, flags;
    u64 x_waking_vector;
    u8 version, reserved[31];
} PACKED;

struct rsdp {
    char signature[8];
    u8 checksum;
    char oem[6];
    u8 revision;
    u32 rsdt, length;
    u64 xsdt;
    u8 extended_checksum, reserved[3];
} PACKED;

/* General purpose events: the power management function's own, which nothing drives, or those of PCI hot plug. */
#ifdef HOT_PLUG
#define GPE_BASE 0xAFE0
#else
#define GPE_BASE (PM_BASE + 0x0C)
#endif

#define FADT_1_BYTES 116
#define RESET_SUPPORTED (1 << 10)

extern const u8 dsdt_start[], dsdt_end[];

static void *table(const char *signature, u8 revision, u32 bytes) {
    struct header *header = table_place(bytes, 16);
    if (!header) return 0;
    header->signature = *(const u32 *)signature;
    header->length = bytes;
    header->revision = revision;
    copy(header->oem, "TSVM\0", 6);
    copy(header->oem_table, "TSVM", 4);
    copy(header->oem_table + 4, signature, 4);
    header->oem_revision = 1;
    copy(&header->creator, "TSVM", 4);
    header->creator_revision = 1;
    return header;
}

static void finish(struct header *header) {
    header->checksum = 0;
    header->checksum = -sum_of(header, header->length);
}

/* The devices that POST found, as bits of the integer PRES: see dsdt.asl. */
static u32 presence(void) {
    static const u16 com[4] = {0x3F8, 0x2F8, 0x3E8, 0x2E8}, lpt[3] = {0x378, 0x278, 0x3BC};
    volatile struct platform *p = PLATFORM;
    u32 bits = 1 << 10;
    for (u32 port = 0; port < 4; port++) {
        for (u32 index = 0; index < 4; index++) {
            if (p->com_ports[port] == com[index]) bits |= 1 << index;
            if (index < 3 && port < 3 && p->lpt_ports[port] == lpt[index]) bits |= 1 << (4 + index);
        }
    }
    if (p->floppies) bits |= 1 << 7;
    if (p->pointer) bits |= 1 << 8;
    if (p->hpet) bits |= 1 << 9;
    return bits;
}

/* `08 "PRES" 0C`, then the dword. */
static struct header *write_dsdt(void) {
    static const u8 name[6] = {0x08, 'P', 'R', 'E', 'S', 0x0C};
    u32 bytes = dsdt_end - dsdt_start;
    u8 *dsdt = table_place(bytes, 16);
    if (!dsdt) return 0;
    copy(dsdt, dsdt_start, bytes);
    for (u32 at = sizeof(struct header); at + 10 < bytes; at++) {
        u32 matched = 0;
        while (matched < 6 && dsdt[at + matched] == name[matched]) matched++;
        if (matched < 6) continue;
        *(u32 *)(dsdt + at + 6) = presence();
        break;
    }
    finish((struct header *)dsdt);
    return (struct header *)dsdt;
}

static struct address port_at(u16 port, u8 bytes) {
    struct address address = {1, bytes * 8, 0, 0, port};
    return address;
}

static void fill_fadt(struct fadt *f, u32 facs, u32 dsdt) {
    volatile struct platform *p = PLATFORM;
    f->facs = facs;
    f->dsdt = dsdt;
    f->model = f->header.revision == 1 ? 1 : 0;
    f->sci = SCI_IRQ;
    if (p->smi_command) {
        f->smi_command = SMI_COMMAND_PORT;
        f->acpi_enable = ACPI_ENABLE;
        f->acpi_disable = ACPI_DISABLE;
    }
    f->pm1a_event = PM_BASE;
    f->pm1a_control = PM_BASE + 4;
    f->pm_timer = PM_BASE + 8;
    f->gpe0 = GPE_BASE;
    f->pm1_event_bytes = 4;
    f->pm1_control_bytes = 2;
    f->pm_timer_bytes = 4;
    f->gpe0_bytes = 4;
    f->c2_latency = 0xFFF;
    f->c3_latency = 0xFFF;
    f->day_alarm = 0;
    f->century = 0x32;
    f->flags = 1 << 0 | 1 << 2 | 1 << 7; /* WBINVD, C1, and an RTC that cannot wake from S4. Both buttons are fixed. */
}

static struct fadt *write_fadt(u8 revision, u32 facs, u32 dsdt) {
    struct fadt *f = table("FACP", revision, revision == 1 ? FADT_1_BYTES : sizeof(struct fadt));
    if (!f) return 0;
    fill_fadt(f, facs, dsdt);
    if (revision > 1) {
        f->boot_flags = 0x0003; /* Devices of the AT and a keyboard controller. */
        f->flags |= RESET_SUPPORTED;
        f->reset = port_at(0xCF9, 1);
        f->reset_value = 0x06;
        f->x_facs = facs;
        f->x_dsdt = dsdt;
        f->x_pm1a_event = port_at(PM_BASE, 4);
        f->x_pm1a_control = port_at(PM_BASE + 4, 2);
        f->x_pm_timer = port_at(PM_BASE + 8, 4);
        f->x_gpe0 = port_at(GPE_BASE, 4);
    }
    finish(&f->header);
    return f;
}

static u8 *add_override(u8 *to, u8 irq, u8 input, u8 flags) {
    u8 entry[10] = {2, 10, 0, irq, input, 0, 0, 0, flags, 0};
    copy(to, entry, sizeof entry);
    return to + sizeof entry;
}

/* One processor, one I/O APIC whose inputs are the ISA interrupts, the tick at input 2, and levels where PCI may go. */
static struct header *write_madt(void) {
    static const u8 levels[] = {5, 9, 10, 11};
    u8 body[8 + 8 + 12 + 5 * 10 + 6], *to = body;
    *(u32 *)to = 0xFEE00000;
    *(u32 *)(to + 4) = 1; /* There are two 8259s too. */
    to += 8;
    u8 processor[8] = {0, 8, 0, *(volatile u32 *)0xFEE00020 >> 24, 1, 0, 0, 0};
    copy(to, processor, sizeof processor);
    to += sizeof processor;
    u8 io_apic[12] = {1, 12, 1, 0, 0x00, 0x00, 0xC0, 0xFE, 0, 0, 0, 0};
    copy(to, io_apic, sizeof io_apic);
    to = add_override(to + sizeof io_apic, 0, 2, 0);
    for (u32 index = 0; index < LENGTH(levels); index++) to = add_override(to, levels[index], levels[index], 0x0D);
    u8 nmi[6] = {4, 6, 0xFF, 0, 0, 1};
    copy(to, nmi, sizeof nmi);
    struct header *madt = table("APIC", 1, sizeof(struct header) + sizeof body);
    if (!madt) return 0;
    copy(madt + 1, body, sizeof body);
    finish(madt);
    return madt;
}

static struct header *write_hpet(void) {
    struct {
        struct header header;
        u32 identification;
        struct address address;
        u8 number;
        u16 tick_minimum;
        u8 attributes;
    } PACKED *hpet = table("HPET", 1, sizeof *hpet);
    if (!hpet) return 0;
    hpet->identification = *(volatile u32 *)0xFED00000;
    struct address at = {0, 64, 0, 0, 0xFED00000};
    hpet->address = at;
    hpet->tick_minimum = 100;
    finish(&hpet->header);
    return &hpet->header;
}

/* The tables that both roots name, after their FADT. */
static struct header *others[4];
static u32 others_count;

static struct header *write_root(const char *signature, u8 revision, u32 width, struct fadt *fadt) {
    struct header *root = table(signature, revision, sizeof(struct header) + (1 + others_count) * width);
    if (!root) return 0;
    u8 *to = (u8 *)(root + 1);
    *(u32 *)to = (u32)fadt;
    for (u32 index = 0; index < others_count; index++) *(u32 *)(to + (1 + index) * width) = (u32)others[index];
    finish(root);
    return root;
}

static void add_other(struct header *header) {
    if (header) others[others_count++] = header;
}

void acpi_write(void) {
    volatile struct platform *p = PLATFORM;
    struct facs *facs = table_place_kept(sizeof *facs, 64);
    struct rsdp *rsdp = table_place_low(sizeof *rsdp);
    struct header *dsdt = write_dsdt();
    if (!facs || !rsdp || !dsdt) return;
    copy(&facs->signature, "FACS", 4);
    facs->length = sizeof *facs;
    facs->version = 1;
    others_count = 0;
    if (p->local_apic && p->io_apic) add_other(write_madt());
    if (p->hpet) add_other(write_hpet());
    struct fadt *old = write_fadt(1, (u32)facs, (u32)dsdt), *new = write_fadt(3, (u32)facs, (u32)dsdt);
    struct header *rsdt = write_root("RSDT", 1, 4, old), *xsdt = write_root("XSDT", 1, 8, new);
    if (!old || !new || !rsdt || !xsdt) return;
    copy(rsdp->oem, "TSVM\0", 6);
    rsdp->revision = 2;
    rsdp->rsdt = (u32)rsdt;
    rsdp->length = sizeof *rsdp;
    rsdp->xsdt = (u32)xsdt;
    copy(rsdp->signature, "RSD PTR ", 8);
    rsdp->checksum = -sum_of(rsdp, 20);
    rsdp->extended_checksum = -sum_of(rsdp, sizeof *rsdp);
    p->acpi = 1;
}
