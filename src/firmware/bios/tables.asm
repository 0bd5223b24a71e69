; Tables that hold far pointers: the video save pointers of 40:A8 and what they point to.
;
; Source: IBM PS/2 and PC BIOS Interface Technical Reference (save pointer table, display combination codes).

bits 16
extern video_parameters
global video_save_pointers

section .rom progbits alloc noexec nowrite

%define ROM_SEGMENT 0xF000

video_save_pointers:
    dw video_parameters, ROM_SEGMENT
    times 3 dd 0                ; Dynamic parameters, fonts of text and of graphics: the defaults.
    dw secondary_pointers, ROM_SEGMENT
    times 2 dd 0
secondary_pointers:
    dw 26
    dw display_combinations, ROM_SEGMENT
    times 5 dd 0
display_combinations:
    db 4, 1, 8, 0               ; Entries, version, highest code, reserved.
    db 0, 0, 0, 7, 0, 8, 7, 8
