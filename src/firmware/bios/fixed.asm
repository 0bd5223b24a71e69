; F000:E000 to F000:FFFF: the entry points and tables that programs know by address, and the reset vector.
;
; Source: IBM Personal Computer AT Technical Reference, BIOS listing (compatibility addresses of ORG statements).

bits 16
cpu 386
extern entry_10, entry_11, entry_12, entry_13, entry_14, entry_15, entry_16, entry_17, entry_18, entry_19, entry_1a
extern entry_05, entry_02, entry_08, entry_09, entry_0e, post_entry, video_parameters

%macro at_address 1
    times %1 - 0xE000 - ($ - $$) db 0xFF
%endmacro
%macro jump_at 2
    at_address %1
    jmp word %2
%endmacro

section .fixed
    db "tsvm-test firmware", 0
    jump_at 0xE05B, post_entry
    jump_at 0xE2C3, entry_02
    jump_at 0xE3FE, entry_13
    at_address 0xE401 ; Fixed disk types of INT 41h; disks describe themselves, so type 1 alone, as on the AT.
    dw 306
    db 4
    dw 0, 128
    db 0, 0
    dw 0
    db 0
    dw 305
    db 17, 0
    jump_at 0xE6F2, entry_19
    at_address 0xE6F5
    dw 8                    ; Bytes that follow.
    db 0xFC, 0x01, 0x00     ; AT: model, submodel, revision.
    db 0x74                 ; Second 8259, RTC, keyboard intercept, EBDA.
    db 0x40, 0, 0, 0        ; INT 16h AH=09h.
    jump_at 0xE739, entry_14
    jump_at 0xE82E, entry_16
    jump_at 0xE987, entry_09
    jump_at 0xEC59, entry_13
    jump_at 0xEF57, entry_0e
    at_address 0xEFC7       ; Diskette parameters of INT 1Eh, for 1.44 MB.
    db 0xDF, 0x02, 0x25, 0x02, 18, 0x1B, 0xFF, 0x6C, 0xF6, 0x0F, 0x08
    jump_at 0xEFD2, entry_17
    jump_at 0xF065, entry_10
    at_address 0xF0A4       ; Video parameters of INT 1Dh: 6845 registers of four CGA modes, page sizes, columns, modes.
    db 0x38, 0x28, 0x2D, 0x0A, 0x1F, 0x06, 0x19, 0x1C, 0x02, 0x07, 0x06, 0x07, 0, 0, 0, 0
    db 0x71, 0x50, 0x5A, 0x0A, 0x1F, 0x06, 0x19, 0x1C, 0x02, 0x07, 0x06, 0x07, 0, 0, 0, 0
    db 0x38, 0x28, 0x2D, 0x0A, 0x7F, 0x06, 0x64, 0x70, 0x02, 0x01, 0x06, 0x07, 0, 0, 0, 0
    db 0x61, 0x50, 0x52, 0x0F, 0x19, 0x06, 0x19, 0x19, 0x02, 0x0D, 0x0B, 0x0C, 0, 0, 0, 0
    dw 2048, 4096, 16384, 16384
    db 40, 40, 80, 80, 40, 40, 80, 80
    db 0x2C, 0x28, 0x2D, 0x29, 0x2A, 0x2E, 0x1E, 0x29
    jump_at 0xF841, entry_12
    jump_at 0xF84D, entry_11
    jump_at 0xF859, entry_15
    at_address 0xFA6E       ; The first 128 characters of the 8x8 font.
    incbin "font8x8.bin", 0, 1024
    jump_at 0xFE6E, entry_1a
    jump_at 0xFEA5, entry_08
    at_address 0xFF53
    iret
    jump_at 0xFF54, entry_05
    at_address 0xFFF0
    jmp 0xF000:0xE05B
    db "01/01/90"           ; The date of the firmware; fixed, for the bytes must not depend on the day.
    db 0xFF, 0xFC, 0x00

section .font progbits alloc noexec nowrite
global font_8x16, font_8x14, font_8x8_high
font_8x16: incbin "font8x16.bin"
font_8x14: incbin "font8x14.bin"
font_8x8_high: incbin "font8x8.bin", 1024, 1024
