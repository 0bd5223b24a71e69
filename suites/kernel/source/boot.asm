; Boot sector: reads the sectors that follow it to 0x10000 and jumps to the setup code at their start.
; Uses the disk extensions where the firmware has them (INT 13h AH=42h), otherwise one sector at a time by cylinder,
; head and sector (AH=02h). Source: Phoenix, BIOS Enhanced Disk Drive Specification 3.0; IBM PC/AT Technical Reference.
; `SECTORS` is how many sectors to read; the build gives it.

        cpu     386
        bits    16
        org     0x7c00

LOAD_SEGMENT    equ 0x1000

        jmp     0:start                 ; Some firmware enters at 07C0:0000.

start:
        cli
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, 0x7c00
        sti
        cld
        mov     [drive], dl

        mov     ah, 0x41
        mov     bx, 0x55aa
        int     0x13
        jc      by_geometry
        cmp     bx, 0xaa55
        jne     by_geometry
        test    cl, 1
        jz      by_geometry
        mov     si, packet
        mov     dl, [drive]
        mov     ah, 0x42
        int     0x13
        jnc     loaded

by_geometry:
        mov     dl, [drive]
        mov     ah, 0x08
        xor     di, di
        int     0x13
        jc      failed
        push    word 0
        pop     es
        and     cx, 0x3f
        mov     [sectors_per_track], cx
        movzx   ax, dh
        inc     ax
        mov     [heads], ax

        mov     bp, 1                   ; The next sector to read, counted from the disk's start.
        mov     ax, LOAD_SEGMENT
        mov     es, ax
.next:
        mov     ax, bp
        xor     dx, dx
        div     word [sectors_per_track]
        mov     cx, dx
        inc     cx                      ; Sectors count from one.
        xor     dx, dx
        div     word [heads]
        mov     dh, dl
        mov     ch, al
        mov     dl, [drive]
        mov     ax, 0x0201
        xor     bx, bx
        int     0x13
        jc      failed
        mov     ax, es
        add     ax, 512 / 16
        mov     es, ax
        inc     bp
        cmp     bp, SECTORS + 1
        jb      .next

loaded:
        mov     dl, [drive]
        jmp     LOAD_SEGMENT:0

failed:
        mov     si, message
.character:
        lodsb
        test    al, al
        jz      .stop
        mov     ah, 0x0e
        mov     bx, 7
        int     0x10
        jmp     .character
.stop:
        cli
        hlt
        jmp     .stop

message         db 'Minnow: the disk cannot be read', 13, 10, 0

        align   4
packet:
        db      16, 0
        dw      SECTORS
        dw      0, LOAD_SEGMENT         ; Offset, segment.
        dq      1                       ; First sector.

drive                   db 0
sectors_per_track       dw 0
heads                   dw 0

        times   510 - ($ - $$) db 0
        dw      0xaa55
