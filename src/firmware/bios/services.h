/* What the firmware's files offer one another; each group is defined in the file named above it. */
#ifndef SERVICES_H
#define SERVICES_H
#include "bios.h"
#include "platform.h"

/* post.c: what is known of a board with PCI. Only there may it be looked at. */
#define SHADOW_DATA_SEGMENT 0xE800
extern volatile struct platform platform;
static inline bool has_pci(void) { return data_segment_now() == SHADOW_DATA_SEGMENT; }

/* pci_service.c */
u8 pci_service(struct registers *r);

/* chips.c */
#define DATA_TIMEOUT_TICKS 37 /* Two seconds of 18.2 Hz ticks. */
struct deadline {
    u32 last_tick;
    u16 ticks_left;
    u16 toggles;
};
void chips_initialise(void);
void irq_enable(u8 irq);
void end_of_interrupt(u8 irq);
u8 cmos_read(u8 index);
void cmos_write(u8 index, u8 value);
u16 cmos_read16(u8 low, u8 high);
void delay_refresh(u32 toggles);
struct deadline deadline_in(u16 ticks);
bool deadline_idle(struct deadline *deadline);

/* keyboard.c */
void keyboard_initialise(void);
bool keyboard_command_byte(u8 value);
bool keyboard_controller_write(u8 command);
bool keyboard_write_data(u8 value);

/* memory.c */
void memory_initialise(void);
u32 memory_extended_kib(void);
/* Entry *index of the memory map, which moves on to the next; false after the last. */
bool memory_map_entry(u16 *index, u32 *start, u32 *length, u32 *type);
bool a20_enabled(void);
void a20_set(bool enabled);

/* clock.c */
void clock_initialise(void);
void clock_wait(struct registers *r);
void clock_event_wait(struct registers *r);

/* floppy.c */
void floppy_initialise(void);
void floppy_service(struct registers *r);
u8 floppy_drive_type(u8 drive);

/* disk.c: the fixed disks, numbered from 80h on, whatever they are behind. */
enum disk_kind { DISK_NONE, DISK_ATA, DISK_VIRTIO, DISK_SCSI, DISK_CD_IMAGE };
enum disk_flag { DISK_LBA = 1, DISK_LBA_48 = 2, DISK_READ_ONLY = 4 };
struct disk {
    u32 sectors;             /* Addressable sectors, of 512 bytes. */
    u16 sectors_high;
    u16 cylinders;           /* Geometry shown to callers. */
    u8 heads;                /* 255 at most, as DOS needs. */
    u8 sectors_per_track;
    u16 drive_cylinders;     /* Geometry the drive itself answers to. */
    u8 drive_heads;
    u8 drive_sectors_per_track;
    u8 kind, flags;
    u8 unit;                 /* ATA: bit 1 the channel, bit 0 the drive. Else what its driver wants. */
    u8 controller;           /* Index in platform.storage. */
};
#define DISKS_MAX 8
enum transfer { TRANSFER_READ = 0x20, TRANSFER_WRITE = 0x30, TRANSFER_VERIFY = 0x40 };
extern struct disk disks[DISKS_MAX];
void disk_initialise(void);
void int13(struct registers *r);
/* The blank place of the next disk, or null when all are taken; disk_add() then counts it and says so on the screen. */
struct disk *disk_next(void);
void disk_add(const char *model);
u64 disk_sectors(const struct disk *disk);
/* Moves sectors from or to segment:offset; returns an INT 13h status and counts whole sectors done. */
u8 disk_transfer(const struct disk *disk, enum transfer kind, u64 sector, u16 count, u16 segment, u16 offset, u16 *done);

/* ata.c */
void ata_initialise(void);
u8 ata_transfer(const struct disk *disk, enum transfer kind, u64 sector, u16 count, u16 segment, u16 offset, u16 *done);
u8 ata_simple_command(u8 unit, u8 command, u8 count, u8 head);
u8 ata_reset(u8 unit);
u8 ata_drive_ready(u8 unit);
u8 atapi_command(u8 unit, const u8 *packet, u16 segment, u16 offset, u32 bytes, u32 *received);

/* cdrom.c, el_torito.c: only on a board with PCI. */
#define CDROMS_MAX 4
#define CDROM_FIRST 0xE0
#define CDROM_SCSI 0x80 /* Marks a unit of a SCSI controller: bits 3 to 5 the controller, 0 to 2 the target. */
void cdrom_add(u8 unit, const char *model);
u8 cdrom_count(void);
u8 cdrom_read(u8 drive, u32 block, u16 count, u16 segment, u16 offset, u16 *done);
u8 cdrom_media(u8 drive);
void cdrom_service(struct registers *r, u8 drive);
bool el_torito_boot(u8 drive, struct registers *r);
/* Serves INT 13h for an emulated drive, AX=4Bxxh, and the drives behind the emulated one; true when r is answered. */
bool el_torito_service(struct registers *r);

/* bounce.c, virtio.c, scsi.c, lsi.c: only on a board with PCI. */
#define DRIVER_TOGGLES 663000u /* Ten seconds. */
struct bounce {
    u32 linear;
    u8 count;
    bool copied;
};
struct bounce bounce_begin(u16 segment, u16 offset, u16 count, bool write);
void bounce_end(const struct bounce *b, u16 segment, u16 offset, bool write);
void virtio_initialise(void);
void queue_write32(u16 offset, u32 value); /* Into the room at QUEUE_LINEAR. */
u8 virtio_request(u16 ports, bool write, u64 sector, u32 buffer, u8 count);
/* What carries SCSI commands: lsi.c, virtio.c. */
#define SCSI_ANSWER_LINEAR (QUEUE_LINEAR + 0x3200)
void lsi_reset(u16 ports);
u8 lsi_command(u16 ports, u8 target, const u8 *bytes, u8 direction, u32 buffer, u32 length);
u8 virtio_scsi_command(u16 ports, u8 target, const u8 *bytes, u8 direction, u32 buffer, u32 length);
void scsi_initialise(void);
/* A command whose data come to the caller, as atapi_command() has it. `unit` as a CD-ROM drive's. */
u8 scsi_packet(u8 unit, const u8 *packet, u16 segment, u16 offset, u32 bytes, u32 *received);
u8 mastered_transfer(const struct disk *disk, enum transfer kind, u64 sector, u16 count, u16 segment, u16 offset, u16 *done);

/* boot.c, option_rom.c, kernel.c */
/* INT 10h, whoever answers it. */
void call_video(struct registers *r);
void option_rom_display(void);
void option_roms_initialise(void);
void network_boot(void);
bool kernel_present(void);
void kernel_boot(struct registers *r);

/* mouse.c */
void mouse_initialise(void);
void mouse_service(struct registers *r);

/* video_state.c, vbe.c */
bool video_state_service(struct registers *r, bool extended);
void vbe_initialise(void);
void vbe_leave(void);
void vbe_save(u16 segment, u16 to);
void vbe_restore(u16 segment, u16 from);
void vbe_service(struct registers *r);

/* ports.c */
void ports_initialise(void);

/* video_mode.c, video_tables.c */
struct video_parameters {
    u8 columns, last_row, character_height;
    u16 page_bytes;
    u8 sequencer[4], miscellaneous, crtc[25], attribute[20], graphics[9];
} PACKED;
enum memory_layout { TEXT, CGA, PLANAR, LINEAR };
struct video_mode {
    u8 number, layout, bits_per_pixel, dac;
    u16 segment;
    u8 parameters[3]; /* Table row for 200, 350 and 400 scan lines. */
};
extern const ROM struct video_parameters video_parameters[];
extern const ROM struct video_mode video_modes[];
extern const ROM u8 video_modes_length;
extern const ROM u8 functionality_table[];
extern const ROM u8 video_save_pointers[];
const ROM struct video_mode *current_mode(void);
void video_initialise(void);
void video_set_mode(u8 mode);
void video_set_start(u16 address_bytes);
void crtc_write(u8 index, u8 value);
bool video_is_text(void);

/* video_font.c. The larger fonts lie in the lower half of the ROM, of which a copy stays there on a board with PCI. */
#define FONT_SEGMENT 0xE600
#define FONT_8X16 0x0000
#define FONT_8X14 0x1000
u32 font_address(u8 height);
void font_load_rom(u8 block, u8 height);
void font_service(struct registers *r);

/* video_palette.c */
void palette_load_default(u8 kind);
void palette_sum_to_gray(u16 first, u16 count);
void palette_service(struct registers *r);
u8 attribute_read(u8 index);
void attribute_write(u8 index, u8 value);

/* video_text.c */
struct cell {
    u8 character, attribute;
};
void cursor_show(void);
void cursor_set_shape(u16 shape);
void cursor_move(u8 page, u8 row, u8 column);
void video_select_page(u8 page);
void video_scroll(u8 lines, u8 attribute, u8 top, u8 left, u8 bottom, u8 right, bool down);
struct cell cell_read(u8 page);
void cell_write(u8 page, u8 character, u8 attribute, bool with_attribute, u16 count);
void teletype(u8 page, u8 character, u8 attribute, bool with_attribute);

/* video_graphics.c */
void graphics_clear(void);
void graphics_scroll(u8 lines, u8 attribute, u8 top, u8 left, u8 bottom, u8 right, bool down);
void graphics_character(u8 page, u8 row, u8 column, u8 character, u8 attribute);
u8 graphics_read_character(u8 page, u8 row, u8 column);
void pixel_write(u8 page, u16 x, u16 y, u8 color);
u8 pixel_read(u8 page, u16 x, u16 y);

/* print.c */
void print(const ROM char *text);
void print_decimal(u32 value);
void print_character(u8 character);
void print_text(const char *text);

#endif
