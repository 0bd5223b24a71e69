/*
 * SMBIOS: the processor and its caches, as CPUID tells of them, and its clock, as the power management timer measures it.
 *
 * Sources: DMTF System Management BIOS Reference Specification 2.6.1 (DSP0134), sections 3.3.5 and 3.3.8; Intel application note
 * 485 (241618), sections 3.1.3 (descriptors) and 5; i486 data sheet (242202), section 6; Pentium Developer's Manual (241428), chapter 18; Intel
 * Software Developer's Manual Vol. 3, "APIC Timer"; ACPI Specification 1.0b, section 4.7.3.3.
 *
 * Not modelled: voltages, sockets; the clock of a processor without a time-stamp counter (unknown).
 */
#include "setup.h"

#define PM_TIMER (PM_BASE + 8)
#define PM_TIMER_MASK 0xFFFFFF
#define PM_TICKS_PER_100_US 358     /* 3,579,545 a second, to one part in 7000. */
#define PM_TICKS_MEASURED (20 * PM_TICKS_PER_100_US)
#define READS_MAX 1000000
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE 0x3E0
#define APIC_DIVIDE_BY_1 0x0B
#define LOCAL_APIC 0xFEE00000u
#define CACHES_OFF 0x40000000
#define CACHE_ABSENT 0xFFFF

struct identity {
    u8 family, model;
    u32 signature, features;
};

static struct identity identify(void) {
    struct cpuid answer = {0, 0, 0, 0};
    struct identity who = {processor_flag_changes(0x40000) ? 4 : 3, 0, 0, 0};
    if (!cpuid(1, &answer)) return who;
    who.family = answer.eax >> 8 & 0x0F;
    who.model = answer.eax >> 4 & 0x0F;
    who.signature = answer.eax;
    who.features = answer.edx;
    return who;
}

/* Processor families of SMBIOS by the first family and model that have them. */
static const struct {
    u8 family, model, kind;
    const char *name;
} kinds[] = {
    {6, 13, 0xB9, "Pentium M"}, {6, 10, 0x11, "Pentium III"}, {6, 9, 0xB9, "Pentium M"},   {6, 7, 0x11, "Pentium III"},
    {6, 3, 0x0D, "Pentium II"}, {6, 0, 0x0C, "Pentium Pro"},  {5, 4, 0x0E, "Pentium MMX"}, {5, 0, 0x0B, "Pentium"},
    {4, 0, 0x06, "80486"},      {0, 0, 0x05, "80386"},
};

static u32 kind_of(const struct identity *who) {
    u32 index = 0;
    u32 place = who->family << 4 | who->model;
    while (place < (u32)(kinds[index].family << 4 | kinds[index].model)) index++;
    return index;
}

/* Text up to a zero byte or `most` bytes; where it ends. */
static char *append(char *to, const char *from, u32 most) {
    for (u32 index = 0; index < most && from[index]; index++) *to++ = from[index];
    return to;
}

/* The maker and the name that the processor itself gives, which may begin with blanks; else what such a one is called. */
static void name_processor(char *to, u32 kind) {
    struct cpuid parts[3];
    to = append(to, "CPU 0\n", 6);
    if (cpuid(0, parts)) {
        u32 maker[3] = {parts->ebx, parts->edx, parts->ecx};
        to = append(to, (const char *)maker, sizeof maker);
    } else to = append(to, "Intel", 5);
    *to++ = '\n';
    if (cpuid(0x80000002, &parts[0]) && cpuid(0x80000003, &parts[1]) && cpuid(0x80000004, &parts[2])) {
        const char *name = (const char *)parts, *end = name + sizeof parts;
        while (name < end && *name == ' ') name++;
        to = append(to, name, end - name);
    } else to = append(to, kinds[kind].name, 32);
    *to++ = '\n';
    *to = 0;
}

enum cache_kind { INSTRUCTIONS = 3, DATA, UNIFIED };
enum associativity { TWO_WAY = 4, FOUR_WAY = 5, EIGHT_WAY = 7 };

struct cache {
    u8 descriptor, level, kind, ways;
    u16 kib;
};

static const struct cache described[] = {
    {0x06, 1, INSTRUCTIONS, FOUR_WAY, 8}, {0x08, 1, INSTRUCTIONS, FOUR_WAY, 16}, {0x30, 1, INSTRUCTIONS, EIGHT_WAY, 32},
    {0x0A, 1, DATA, TWO_WAY, 8},          {0x0C, 1, DATA, FOUR_WAY, 16},         {0x2C, 1, DATA, EIGHT_WAY, 32},
    {0x41, 2, UNIFIED, FOUR_WAY, 128},    {0x42, 2, UNIFIED, FOUR_WAY, 256},     {0x43, 2, UNIFIED, FOUR_WAY, 512},
    {0x44, 2, UNIFIED, FOUR_WAY, 1024},   {0x45, 2, UNIFIED, FOUR_WAY, 2048},    {0x82, 2, UNIFIED, EIGHT_WAY, 256},
    {0x7D, 2, UNIFIED, EIGHT_WAY, 2048},
};
/* Of processors before the descriptors, by their data sheets. */
static const struct cache of_80486[] = {{0, 1, UNIFIED, FOUR_WAY, 8}};
static const struct cache of_pentium[] = {{0, 1, INSTRUCTIONS, TWO_WAY, 8}, {0, 1, DATA, TWO_WAY, 8}};
static const struct cache of_pentium_mmx[] = {{0, 1, INSTRUCTIONS, FOUR_WAY, 16}, {0, 1, DATA, FOUR_WAY, 16}};

struct caches {
    u8 family;
    u16 handles[3]; /* By level. */
};

static void add_cache(struct caches *to, const struct cache *cache) {
    static const char names[][8] = {"L1 code", "L1 data", "L1", "L2"};
    u32 cr0;
    __asm__("movl %%cr0, %0" : "=r"(cr0));
    u8 mode = to->family >= 6 ? 2 : to->family == 5 ? 1 : 0; /* By address (MTRRs), write-back, write-through. */
    struct {
        u8 type, length;
        u16 handle;
        u8 name;
        u16 configuration, kib_most, kib, sram, sram_now;
        u8 speed, correction, kind, ways;
    } PACKED entry = {7, 0x13, 0, 1, mode << 8 | (cr0 & CACHES_OFF ? 0 : 0x80) | (cache->level - 1),
                      cache->kib, cache->kib, 0x0002, 0x0002, 0, 2, cache->kind, cache->ways};
    char name[10];
    *append(append(name, names[cache->level == 2 ? 3 : cache->kind - INSTRUCTIONS], 8), "\n", 2) = 0;
    u16 handle = smbios_add(&entry, name);
    if (cache->kind != INSTRUCTIONS) to->handles[cache->level - 1] = handle;
}

static void add_described(struct caches *to, u32 descriptors) {
    if (descriptors >> 31) return;
    for (; descriptors; descriptors >>= 8)
        for (u32 index = 0; index < sizeof described / sizeof *described; index++)
            if (described[index].descriptor == (u8)descriptors) add_cache(to, &described[index]);
}

static void add_caches(struct caches *to, const struct identity *who) {
    struct cpuid descriptors;
    to->family = who->family;
    to->handles[0] = to->handles[1] = to->handles[2] = CACHE_ABSENT;
    if (cpuid(2, &descriptors)) {
        add_described(to, descriptors.eax & ~0xFF);
        add_described(to, descriptors.ebx);
        add_described(to, descriptors.ecx);
        add_described(to, descriptors.edx);
    } else if (who->family == 4) add_cache(to, of_80486);
    else if (who->family == 5) {
        const struct cache *both = who->model >= 4 ? of_pentium_mmx : of_pentium;
        add_cache(to, both);
        add_cache(to, both + 1);
    }
}

static u32 time_stamp(void) {
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low;
}

/* Millions a second of what counted `count` in so many ticks of the timer, to the nearest. */
static u16 megahertz(u32 count, u32 ticks) { return (count * PM_TICKS_PER_100_US / 100 + ticks / 2) / ticks; }

/* The clocks of the processor, and of its bus where an APIC counts it; zero stands for one that is not known. */
static void measure_clocks(bool has_counter, u16 *processor, u16 *bus) {
    volatile u32 *apic = (volatile u32 *)LOCAL_APIC;
    bool has_apic = PLATFORM->local_apic;
    *processor = *bus = 0;
    if (!PLATFORM->power || !has_counter) return;
    if (has_apic) {
        apic[APIC_TIMER_DIVIDE / 4] = APIC_DIVIDE_BY_1;
        apic[APIC_TIMER_INITIAL / 4] = 0xFFFFFFFF;
    }
    u32 start = in32(PM_TIMER), stamp = time_stamp(), left = has_apic ? apic[APIC_TIMER_CURRENT / 4] : 0, ticks = 0;
    for (u32 reads = 0; reads < READS_MAX && ticks < PM_TICKS_MEASURED; reads++) ticks = (in32(PM_TIMER) - start) & PM_TIMER_MASK;
    stamp = time_stamp() - stamp;
    if (has_apic) {
        left -= apic[APIC_TIMER_CURRENT / 4];
        apic[APIC_TIMER_INITIAL / 4] = 0;
        apic[APIC_TIMER_DIVIDE / 4] = 0;
    }
    if (ticks < PM_TICKS_MEASURED) return;
    *processor = megahertz(stamp, ticks);
    if (has_apic) *bus = megahertz(left, ticks);
}

void smbios_add_processor(void) {
    struct identity who = identify();
    u32 kind = kind_of(&who);
    struct caches caches;
    u16 clock, bus_clock;
    char strings[96];
    add_caches(&caches, &who);
    measure_clocks(who.features & 1 << 4, &clock, &bus_clock);
    name_processor(strings, kind);
    struct {
        u8 type, length;
        u16 handle;
        u8 socket, kind, family, maker;
        u32 identification, features;
        u8 version, voltage;
        u16 external_clock, speed_maximum, speed;
        u8 status, upgrade;
        u16 caches[3];
        u8 serial, asset, part, cores, cores_enabled, threads;
        u16 characteristics, family_2;
    } PACKED entry = {4, 0x2A, 0, 1, 3, kinds[kind].kind, 2, who.signature, who.features, 3, 0, bus_clock, clock, clock, 0x41, 6,
                      {caches.handles[0], caches.handles[1], caches.handles[2]}, 0, 0, 0, 1, 1, 1, 0, kinds[kind].kind};
    smbios_add(&entry, strings);
}
