; What a Multiboot 1 loader looks for, and the kernel's stack, whose top _start takes.
MULTIBOOT equ 0x1badb002
section .multiboot
        align 4
        dd MULTIBOOT, 0, -MULTIBOOT

section .bss
        align 4096
        resb 16384
stack_top:
