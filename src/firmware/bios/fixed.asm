; F000:E000 to F000:FFFF: the entry points and tables that programs know by address, and the reset vector.
;
; Source: IBM Personal Computer AT Technical Reference, BIOS listing (compatibility addresses of ORG statements).

bits 16
cpu 386
extern video_parameters

%macro at_address 1
    times %1 - 0xE000 - ($ - $$) db 0xFF
%endmacro
%macro jump_at 2
    at_address %1
    jmp word %2
%endmacro

global data_segment
section .fixed progbits alloc exec
    db "tsvm-test firmware", 0
align 2, db 0
data_segment: dw 0          ; Zero means the EBDA; POST writes another into the shadow of this ROM.
    jump_at 0xE05B, post_entry
%include "apm.asm"
bits 16
    jump_at 0xE2C3, entry_02
%include "vbe32.asm"
bits 16
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
%include "protected.asm"
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
%include "entry.asm"
    jump_at 0xF841, entry_12
    jump_at 0xF84D, entry_11
    jump_at 0xF859, entry_15
    at_address 0xFA6E       ; The first 128 characters of the 8x8 font.
    incbin "font8x8.bin", 0, 1024
    jump_at 0xFE6E, entry_1a
    jump_at 0xFEA5, entry_08
    at_address 0xFEA8       ; Plug and play BIOS: says that it has no functions.
    mov ax, 0x82
    retf
; Its installation check, which option ROMs are given. Source: Plug and Play BIOS Specification 1.0A, section 4.4.
%assign pnp_sum 0x24 + 0x50 + 0x6E + 0x50 + 0x10 + 0x21 + 2 * (0xA8 + 0xFE) + 2 * 0xF0 + 2 * 0x0F
    at_address 0xFEB0
    db "$PnP", 0x10, 0x21
    dw 0
    db (-pnp_sum) & 0xFF
    dd 0
    dw 0xFEA8, 0xF000, 0xFEA8
    dd 0xF0000, 0
    dw 0xF000
    dd 0xF0000
    at_address 0xFF53
    iret
    jump_at 0xFF54, entry_05
    at_address 0xFFF0
    jmp 0xF000:0xE05B
    db "12/31/99"           ; Fixed, for the bytes must not depend on the day; systems refuse ACPI of before 1999.
    db 0xFF, 0xFC, 0x00

section .rom progbits alloc noexec nowrite
global font_8x8_high
font_8x8_high: incbin "font8x8.bin", 1024, 1024
