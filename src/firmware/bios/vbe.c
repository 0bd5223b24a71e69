/*
 * VESA BIOS extensions over the display's DISPI registers: modes with a linear framebuffer and a 64 KiB window.
 *
 * Sources: VESA BIOS Extension Core Functions Standard 3.0; VESA Display Data Channel Standard (VBE/DDC) 1.1; Bochs and QEMU
 * for the DISPI registers (QEMU: docs/specs/standard-vga).
 *
 * Not modelled: modes below 100h in the mode list; text written by INT 10h in these modes; refresh rates of one's own
 * (CRTC information blocks are ignored); stereo; hardware triple buffering.
 */
#include "services.h"

#define INDEX 0x1CE
#define VALUE 0x1CF
#define ISA_FRAMEBUFFER 0xE0000000
#define ENABLED 0x01
#define DAC_8_BIT 0x20
#define FRAMEBUFFER 0x40
#define KEEP_MEMORY 0x80
#define MODE_LINEAR 0x4000
#define MODE_KEEP 0x8000
#define NO_MODE 0
#define MODE_NONE_OF_VGA 0x7F

enum dispi { ID, WIDTH, HEIGHT, DEPTH, ENABLE, BANK, VIRTUAL_WIDTH, VIRTUAL_HEIGHT, X_OFFSET, Y_OFFSET, MEMORY_64K };
enum status { OK = 0x00, FAILED = 0x01, NOT_HERE = 0x02, NOT_IN_THIS_MODE = 0x03, UNKNOWN = 0xFF };

static u16 memory_blocks; /* Of 64 KiB; zero without such a display. */
static u16 mode_now;

struct vbe_mode {
    u16 number, width, height;
    u8 depth;
} PACKED;

#define DEPTHS(first, width, height) {first, width, height, 15}, {first + 1, width, height, 16}, {first + 2, width, height, 24}
#define WIDE(first, width, height) {first, width, height, 16}, {first + 1, width, height, 24}, {first + 2, width, height, 32}

static const ROM ROM_DATA struct vbe_mode modes[] = {
    {0x100, 640, 400, 8},      {0x101, 640, 480, 8},    {0x103, 800, 600, 8},    {0x105, 1024, 768, 8},
    {0x107, 1280, 1024, 8},    DEPTHS(0x10D, 320, 200), DEPTHS(0x110, 640, 480), DEPTHS(0x113, 800, 600),
    DEPTHS(0x116, 1024, 768),  DEPTHS(0x119, 1280, 1024), {0x11C, 1600, 1200, 8}, DEPTHS(0x11D, 1600, 1200),
    {0x140, 320, 200, 32},     {0x141, 640, 400, 32},   {0x142, 640, 480, 32},   {0x143, 800, 600, 32},
    {0x144, 1024, 768, 32},    {0x145, 1280, 1024, 32}, {0x146, 320, 200, 8},    {0x147, 1600, 1200, 32},
    {0x148, 1152, 864, 8},     DEPTHS(0x149, 1152, 864), {0x14C, 1152, 864, 32}, WIDE(0x178, 1280, 800),
    WIDE(0x17B, 1440, 900),    WIDE(0x18D, 1280, 720),  WIDE(0x190, 1920, 1080),
};

static const ROM ROM_DATA char oem_name[] = "tsvm-test VBE";
static const ROM ROM_DATA char product_name[] = "DISPI display";
extern u8 vbe_window_entry[], vbe_protected[], vbe_protected_end[];

static u16 dispi_read(enum dispi index) {
    out16(INDEX, index);
    return in16(VALUE);
}

static void dispi_write(enum dispi index, u16 value) {
    out16(INDEX, index);
    out16(VALUE, value);
}

void vbe_initialise(void) {
    mode_now = NO_MODE;
    memory_blocks = 0;
    if ((dispi_read(ID) & 0xFFF0) != 0xB0C0) return;
    if (has_pci() && !platform.display_memory) return;
    dispi_write(ID, 0xB0C5);
    memory_blocks = dispi_read(MEMORY_64K);
    if (memory_blocks == 0 || memory_blocks > 0x4000) memory_blocks = 64;
    dispi_write(ENABLE, 0);
}

/* Before a mode of the VGA is set. */
void vbe_leave(void) {
    if (memory_blocks && mode_now) dispi_write(ENABLE, 0);
    mode_now = NO_MODE;
}

static u16 line_bytes(u16 width, u8 depth) { return width * ((depth + 7) >> 3); }

static u32 blocks_needed(const ROM struct vbe_mode *mode) {
    return ((u32)line_bytes(mode->width, mode->depth) * mode->height + 0xFFFF) >> 16;
}

static const ROM struct vbe_mode *find_mode(u16 number) {
    for (u8 index = 0; index < LENGTH(modes); index++) {
        if (modes[index].number == (number & 0x1FF)) return blocks_needed(&modes[index]) <= memory_blocks ? &modes[index] : 0;
    }
    return 0;
}

static u8 controller_information(struct registers *r) {
    u16 segment = r->es, to = DI(r), list = to + 34;
    bool second = far_read32(segment, to) == 0x32454256;
    far_fill8(segment, to, 0, second ? 512 : 256);
    far_write32(segment, to, 0x41534556);
    far_write16(segment, to + 4, 0x0300);
    far_write32(segment, to + 6, FAR_ADDRESS(ROM_SEGMENT, oem_name));
    far_write32(segment, to + 10, 0x00000001); /* The DAC can be switched to 8 bits. */
    far_write32(segment, to + 14, FAR_ADDRESS(segment, list));
    far_write16(segment, to + 18, memory_blocks);
    if (second) {
        far_write16(segment, to + 20, 0x0100);
        far_write32(segment, to + 22, FAR_ADDRESS(ROM_SEGMENT, oem_name));
        far_write32(segment, to + 26, FAR_ADDRESS(ROM_SEGMENT, product_name));
        far_write32(segment, to + 30, FAR_ADDRESS(ROM_SEGMENT, product_name + sizeof product_name - 1));
    }
    for (u8 index = 0; index < LENGTH(modes); index++) {
        if (blocks_needed(&modes[index]) > memory_blocks) continue;
        far_write16(segment, list, modes[index].number);
        list += 2;
    }
    far_write16(segment, list, 0xFFFF);
    return OK;
}

/* Size and place of red, green, blue and the rest in a pixel, by depth: 15, 16, then 24 and 32 (8 bits each). */
static const ROM ROM_DATA u8 masks_15[8] = {5, 10, 5, 5, 5, 0, 1, 15};
static const ROM ROM_DATA u8 masks_16[8] = {5, 11, 6, 5, 5, 0, 0, 0};
static const ROM ROM_DATA u8 masks_32[8] = {8, 16, 8, 8, 8, 0, 8, 24};

static void write_masks(u16 segment, u16 to, u8 depth) {
    const ROM u8 *masks = depth == 15 ? masks_15 : depth == 16 ? masks_16 : masks_32;
    u8 count = depth == 24 ? 6 : 8;
    for (u8 index = 0; index < count; index++) far_write8(segment, to + index, masks[index]);
}

static u8 mode_information(struct registers *r) {
    const ROM struct vbe_mode *mode = find_mode(r->cx);
    u16 segment = r->es, to = DI(r);
    if (!mode) return FAILED;
    u16 line = line_bytes(mode->width, mode->depth);
    u32 pages = memory_blocks / blocks_needed(mode) - 1;
    u8 images = pages > 255 ? 255 : pages;
    far_fill8(segment, to, 0, 256);
    far_write16(segment, to, 0x009B); /* Supported, with all information, colour, graphics, linear framebuffer. */
    far_write8(segment, to + 2, 0x07);
    far_write16(segment, to + 4, 64);
    far_write16(segment, to + 6, 64);
    far_write16(segment, to + 8, 0xA000);
    far_write32(segment, to + 12, FAR_ADDRESS(ROM_SEGMENT, vbe_window_entry));
    far_write16(segment, to + 16, line);
    far_write16(segment, to + 18, mode->width);
    far_write16(segment, to + 20, mode->height);
    far_write16(segment, to + 22, 0x1008);
    far_write16(segment, to + 24, mode->depth << 8 | 1);
    far_write16(segment, to + 26, (mode->depth == 8 ? 4 : 6) << 8 | 1);
    far_write16(segment, to + 29, 0x0100 | images);
    far_write32(segment, to + 40, has_pci() ? platform.display_memory : ISA_FRAMEBUFFER);
    far_write16(segment, to + 50, line);
    far_write16(segment, to + 52, images << 8 | images);
    if (mode->depth > 8) {
        write_masks(segment, to + 31, mode->depth);
        write_masks(segment, to + 54, mode->depth);
        far_write8(segment, to + 39, mode->depth == 32 ? 2 : 0); /* The spare bits may be used. */
    }
    far_write32(segment, to + 62, 0x0BEBC200); /* 200 MHz. */
    return OK;
}

static u8 set_mode(u16 wanted) {
    if ((wanted & 0x3FFF) < 0x100) {
        video_set_mode((wanted & 0x7F) | (wanted & MODE_KEEP ? 0x80 : 0));
        return OK;
    }
    const ROM struct vbe_mode *mode = find_mode(wanted);
    if (!mode) return FAILED;
    /* The VGA's own registers as for 256 colours, so that its window and its DAC work. */
    video_set_mode(0x93);
    dispi_write(ENABLE, 0);
    dispi_write(DEPTH, mode->depth);
    dispi_write(WIDTH, mode->width);
    dispi_write(HEIGHT, mode->height);
    dispi_write(BANK, 0);
    dispi_write(ENABLE, ENABLED | (wanted & MODE_LINEAR ? FRAMEBUFFER : 0) | (wanted & MODE_KEEP ? KEEP_MEMORY : 0));
    mode_now = wanted & ~0x3E00;
    BDA->video_mode = MODE_NONE_OF_VGA;
    BDA->video_columns = mode->width >> 3;
    BDA->video_last_row = (mode->height >> 4) - 1;
    BDA->character_height = 16;
    return OK;
}

static u8 display_window(struct registers *r) {
    if (r->bl || r->bh > 1) return FAILED;
    if (mode_now & MODE_LINEAR) return NOT_IN_THIS_MODE;
    if (r->bh) r->dx = dispi_read(BANK);
    else dispi_write(BANK, r->dx);
    return OK;
}

/* The logical line's length: BL=0 sets it in pixels, 2 in bytes; 1 tells it, 3 the longest. */
static u8 line_length(struct registers *r) {
    u8 bytes = (dispi_read(DEPTH) + 7) >> 3;
    u32 all = (u32)memory_blocks << 16;
    u16 width = r->cx;
    switch (r->bl) {
    case 0:
        break;
    case 2:
        width = (r->cx + bytes - 1) / bytes;
        break;
    case 1:
        width = dispi_read(VIRTUAL_WIDTH);
        break;
    case 3:
        width = all / dispi_read(HEIGHT) / bytes > 0x3FF8 ? 0x3FF8 : all / dispi_read(HEIGHT) / bytes & ~7u;
        break;
    default:
        return FAILED;
    }
    if (!(r->bl & 1)) {
        if (width < dispi_read(WIDTH)) width = dispi_read(WIDTH);
        if ((u32)width * bytes * dispi_read(HEIGHT) > all) return NOT_HERE;
        dispi_write(VIRTUAL_WIDTH, width);
        width = dispi_read(VIRTUAL_WIDTH);
    }
    r->bx = width * bytes;
    r->cx = width;
    u32 lines = all / ((u32)width * bytes);
    r->dx = lines > 0xFFFF ? 0xFFFF : lines;
    return OK;
}

static u8 display_start(struct registers *r) {
    switch (r->bl) {
    case 0x00:
    case 0x80:
        dispi_write(X_OFFSET, r->cx);
        dispi_write(Y_OFFSET, r->dx);
        return dispi_read(X_OFFSET) == r->cx && dispi_read(Y_OFFSET) == r->dx ? OK : FAILED;
    case 0x01:
        r->bh = 0;
        r->cx = dispi_read(X_OFFSET);
        r->dx = dispi_read(Y_OFFSET);
        return OK;
    default:
        return FAILED;
    }
}

static u8 dac_width(struct registers *r) {
    u16 enable = dispi_read(ENABLE);
    if (r->bl > 1 || dispi_read(DEPTH) > 8) return FAILED;
    if (r->bl == 0) {
        enable = r->bh >= 8 ? enable | DAC_8_BIT : enable & ~DAC_8_BIT;
        dispi_write(ENABLE, enable | KEEP_MEMORY);
    }
    r->bh = dispi_read(ENABLE) & DAC_8_BIT ? 8 : 6;
    return OK;
}

/* Entries are blue, green, red and a spare byte. */
static u8 palette(struct registers *r) {
    u16 at = DI(r), first = r->dx, count = r->cx;
    if (r->bl & 0x7F && r->bl != 1) return FAILED;
    if (first > 255 || count > 256 - first) return FAILED;
    out8(r->bl == 1 ? 0x3C7 : 0x3C8, first);
    for (; count > 0; count--, at += 4) {
        for (u8 part = 2; part < 3; part--) {
            if (r->bl == 1) far_write8(r->es, at + part, in8(0x3C9));
            else out8(0x3C9, far_read8(r->es, at + part));
        }
    }
    return OK;
}

static u8 protected_interface(struct registers *r) {
    if (r->bl) return FAILED;
    r->es = ROM_SEGMENT;
    r->edi = (r->edi & 0xFFFF0000) | ADDRESS(vbe_protected);
    r->cx = vbe_protected_end - vbe_protected;
    return OK;
}

/* A monitor of our own making for 640x480 to 1280x1024; its preferred timing is 1024x768 at 60 Hz. */
static const ROM ROM_DATA u8 identification[127] = {
    0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x52, 0x76, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 1, 14, 0x01, 0x03, 0x80, 32, 24, 120,
    0x0A, 0xEE, 0x91, 0xA3, 0x54, 0x4C, 0x99, 0x26, 0x0F, 0x50, 0x54, 0x21, 0x08, 0x00, 0x61, 0x40, 0x81, 0x80, 0x45, 0x40, 0x71, 0x4F,
    0xA9, 0x40, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x64, 0x19, 0x00, 0x40, 0x41, 0x00, 0x26, 0x30, 0x18, 0x88, 0x36, 0x00, 0x40, 0xF0, 0x10, 0x00, 0x00, 0x18,
    0x00, 0x00, 0x00, 0xFD, 0x00, 50, 75, 30, 82, 16, 0x00, 0x0A, ' ', ' ', ' ', ' ', ' ', ' ',
    0x00, 0x00, 0x00, 0xFC, 0x00, 't', 's', 'v', 'm', '-', 't', 'e', 's', 't', 0x0A, ' ', ' ', ' ',
    0x00, 0x00, 0x00, 0x10,
};

static u8 display_identification(struct registers *r) {
    u16 to = DI(r);
    u8 sum = 0;
    if (r->bl == 0) {
        r->bx = 0x0102; /* A second for a block; the monitor speaks DDC2. */
        return OK;
    }
    if (r->bl != 1 || r->dx) return FAILED;
    for (u8 index = 0; index < LENGTH(identification); index++) {
        far_write8(r->es, to + index, identification[index]);
        sum += identification[index];
    }
    far_write8(r->es, to + 127, -sum);
    return OK;
}

static u8 dispatch(struct registers *r) {
    switch (r->al) {
    case 0x00:
        return controller_information(r);
    case 0x01:
        return mode_information(r);
    case 0x02:
        return set_mode(r->bx);
    case 0x03:
        r->bx = mode_now ? mode_now : BDA->video_mode | (BDA->video_control & 0x80) << 8;
        return OK;
    case 0x04:
        return video_state_service(r, true) ? OK : FAILED;
    case 0x0A:
        return protected_interface(r);
    case 0x15:
        return display_identification(r);
    }
    if (r->al < 0x05 || r->al > 0x09) return UNKNOWN;
    if (!mode_now) return NOT_IN_THIS_MODE;
    switch (r->al) {
    case 0x05:
        return display_window(r);
    case 0x06:
        return line_length(r);
    case 0x07:
        return display_start(r);
    case 0x08:
        return dac_width(r);
    default:
        return palette(r);
    }
}

/* AL=4Fh says that the function is there, AH how it went. */
void vbe_service(struct registers *r) {
    if (!memory_blocks) return;
    u8 status = dispatch(r);
    if (status == UNKNOWN) return;
    r->ax = status << 8 | 0x4F;
}

/* Saving and restoring the registers, for video_state.c: ten words. */
void vbe_save(u16 segment, u16 to) {
    far_write16(segment, to, mode_now);
    if (!memory_blocks) return;
    for (u8 index = WIDTH; index <= Y_OFFSET; index++) far_write16(segment, to + index * 2, dispi_read(index));
}

void vbe_restore(u16 segment, u16 from) {
    if (!memory_blocks) return;
    mode_now = far_read16(segment, from);
    u16 enable = far_read16(segment, from + ENABLE * 2);
    dispi_write(ENABLE, 0);
    if (!(enable & ENABLED)) return;
    for (u8 index = WIDTH; index <= DEPTH; index++) dispi_write(index, far_read16(segment, from + index * 2));
    dispi_write(ENABLE, enable | KEEP_MEMORY);
    for (u8 index = BANK; index <= Y_OFFSET; index++) {
        if (index != VIRTUAL_HEIGHT) dispi_write(index, far_read16(segment, from + index * 2));
    }
}
