; Where a boot loader enters (Multiboot 1), tables, and the way to every handler.
bits 32

MULTIBOOT equ 0x1badb002
section .multiboot
        align 4
        dd MULTIBOOT, 0, -MULTIBOOT

section .bss
        align 4096
        resb 16384
stack_top:

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

; One entry a vector. Those without an error code push a zero in its place.
%macro entry 1
        align 16
    %if (%1 = 8) || (%1 >= 10 && %1 <= 14) || (%1 = 17)
    %else
        push dword 0
    %endif
        push dword %1
        jmp trapped
%endmacro
        align 16
vector_stubs:
%assign number 0
%rep 256
        entry number
%assign number number + 1
%endrep

; Its frame is `struct frame` of testing.h.
trapped:
        pushad
        push esp
        call trap
        add esp, 4
        popad
        add esp, 8
        iretd
