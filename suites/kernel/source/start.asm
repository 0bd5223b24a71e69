; Kernel entry at physical 1 MiB: clears what starts as zero, turns paging on, continues at the high addresses.
; Source: Intel 80386 Programmer's Reference Manual, section 5.2 (page translation).

        cpu     386
        bits    32

KERNEL_BASE     equ 0xc0000000
MAPPED_TABLES   equ 4                   ; 16 MiB of memory from KERNEL_BASE on.
PRESENT         equ 1
WRITABLE        equ 2

        extern  kernel_main, zero_start, zero_end
        global  start, page_directory, page_tables, boot_stack

        section .text.start exec
start:
        cld
        mov     edi, zero_start - KERNEL_BASE
        mov     ecx, zero_end
        sub     ecx, zero_start
        xor     eax, eax
        shr     ecx, 2
        rep stosd

        mov     edi, page_tables - KERNEL_BASE
        mov     eax, PRESENT | WRITABLE
        mov     ecx, MAPPED_TABLES * 1024
.entry:
        stosd
        add     eax, 0x1000
        loop    .entry

        mov     edi, page_directory - KERNEL_BASE
        mov     eax, page_tables - KERNEL_BASE + (PRESENT | WRITABLE)
        mov     [edi], eax              ; Also at 0, until the jump below.
        mov     ecx, MAPPED_TABLES
        add     edi, (KERNEL_BASE >> 22) * 4
.table:
        stosd
        add     eax, 0x1000
        loop    .table

        mov     eax, page_directory - KERNEL_BASE
        mov     cr3, eax
        mov     eax, cr0
        or      eax, 0x80000000
        mov     cr0, eax
        mov     eax, .high
        jmp     eax
.high:
        mov     dword [page_directory], 0
        mov     eax, cr3                ; Forgets the translations at 0.
        mov     cr3, eax

        mov     esp, boot_stack + 4096
        xor     ebp, ebp                ; Ends the chain of frames that a panic follows.
        add     ebx, KERNEL_BASE
        push    ebx
        call    kernel_main
.stop:
        cli
        hlt
        jmp     .stop

        section .bss
        alignb  4096
page_directory: resb    4096
page_tables:    resb    MAPPED_TABLES * 4096
boot_stack:     resb    4096
