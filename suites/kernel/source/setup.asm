; Setup: runs in real mode at 1000:0000, asks the firmware for what only it knows, opens address line 20, enters protected
; mode, moves the kernel to 1 MiB and jumps there with EBX holding the address of the boot information.
; Source: Advanced Configuration and Power Interface 6.3, section 15 (INT 15h E820h); IBM PC/AT Technical Reference;
; Intel 80386 Programmer's Reference Manual, section 10.3 (switching to protected mode).
; `KERNEL_BYTES` is the kernel's size; the build gives it. The code is padded to two sectors.

        cpu     386
        bits    16
        org     0

SETUP_BYTES     equ 1024
LOAD_ADDRESS    equ 0x10000
KERNEL_ADDRESS  equ 0x100000
RANGES_MAX      equ 16

start:
        cli
        mov     ax, cs
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, 0xfffe              ; Above the loaded image in this segment.
        sti
        cld
        mov     [boot_drive], dl

        mov     ax, 0x0003              ; 80 by 25 characters.
        int     0x10
        mov     si, loading
        call    print

        int     0x12
        mov     [conventional_kilobytes], ax
        call    memory_map
        call    open_line_20

        cli
        lgdt    [gdt_pointer]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword 8:LOAD_ADDRESS + protected

; Fills `ranges` by INT 15h E820h. Without that service one range comes from AH=88h.
memory_map:
        xor     ebx, ebx
        mov     di, ranges
.next:
        mov     eax, 0xe820
        mov     edx, 0x534d4150         ; 'SMAP'
        mov     ecx, 20
        int     0x15
        jc      .end
        cmp     eax, 0x534d4150
        jne     .end
        add     di, 20
        inc     word [range_count]
        cmp     word [range_count], RANGES_MAX
        je      .end
        test    ebx, ebx
        jnz     .next
.end:
        cmp     word [range_count], 0
        jne     .done
        mov     ah, 0x88
        int     0x15
        jc      .done
        movzx   eax, ax
        shl     eax, 10
        mov     dword [ranges], KERNEL_ADDRESS
        mov     [ranges + 8], eax
        mov     dword [ranges + 16], 1
        mov     word [range_count], 1
.done:
        ret

; Asks the firmware first, then port 92h. Stops with a message where neither opens the line.
open_line_20:
        call    line_20_open
        jne     .done
        mov     ax, 0x2401
        int     0x15
        call    line_20_open
        jne     .done
        in      al, 0x92
        or      al, 2
        and     al, 0xfe                ; Bit 0 would reset the processor.
        out     0x92, al
        mov     cx, 0xffff
.wait:
        call    line_20_open
        jne     .done
        loop    .wait
        mov     si, line_20_closed
        call    print
.stop:
        cli
        hlt
        jmp     .stop
.done:
        ret

; Not equal when a byte at 1 MiB differs from the one at 0 after only the first was changed.
line_20_open:
        push    ds
        push    es
        xor     ax, ax
        mov     ds, ax
        dec     ax
        mov     es, ax
        mov     al, [es:0x0510]         ; FFFF:0510 is 0x100500.
        mov     ah, [0x0500]
        push    ax
        mov     byte [es:0x0510], 0x5a
        mov     byte [0x0500], 0xa5
        cmp     byte [es:0x0510], 0xa5
        pop     ax
        mov     [0x0500], ah            ; Moves leave the flags alone.
        mov     [es:0x0510], al
        pop     es
        pop     ds
        ret

print:
        lodsb
        test    al, al
        jz      .done
        mov     ah, 0x0e
        mov     bx, 7
        int     0x10
        jmp     print
.done:
        ret

        bits    32
protected:
        mov     ax, 16
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     fs, ax
        mov     gs, ax
        mov     esp, LOAD_ADDRESS
        mov     esi, LOAD_ADDRESS + SETUP_BYTES
        mov     edi, KERNEL_ADDRESS
        mov     ecx, KERNEL_BYTES / 4
        rep movsd
        mov     ebx, LOAD_ADDRESS + boot_information
        jmp     8:KERNEL_ADDRESS

        align   8
gdt:
        dq      0
        dq      0x00cf9a000000ffff      ; 8: code, 0 to 4 GiB.
        dq      0x00cf92000000ffff      ; 16: data, 0 to 4 GiB.
gdt_pointer:
        dw      $ - gdt - 1
        dd      LOAD_ADDRESS + gdt

loading                 db 'Minnow: loading', 13, 10, 0
line_20_closed          db 'Minnow: address line 20 stays closed', 13, 10, 0

        align   4
; `struct boot_information` in kernel.h.
boot_information:
boot_drive              dd 0
conventional_kilobytes  dd 0
range_count             dd 0
ranges:                                 ; Filled with 16 of 20 bytes each.

        times   SETUP_BYTES - RANGES_MAX * 20 - ($ - $$) db 0
        times   RANGES_MAX * 20 db 0
