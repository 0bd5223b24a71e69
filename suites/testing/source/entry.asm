; Where a boot loader enters (Multiboot 1), tables, and the way to every handler.
bits 32

%include "multiboot.asm"

section .data
        align 8
gdt:    dq 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdt_register:
        dw $ - gdt - 1
        dd gdt

section .text
        global _start, vector_stubs
        extern main, trap

_start:
        mov esp, stack_top
        cld
        push ebx
        push eax
        lgdt [gdt_register]
        jmp 0x08:.flat
.flat:  mov ax, 0x10
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        call main
.stop:  cli
        hlt
        jmp .stop

%include "vectors.asm"

; Its frame is `struct frame` of testing.h.
trapped:
        pushad
        push esp
        call trap
        add esp, 4
        popad
        add esp, 8
        iretd
