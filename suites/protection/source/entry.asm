; Where a boot loader enters (Multiboot 1), the way to every handler, and the ways between privilege levels.
bits 32

%include "multiboot.asm"
; What `attempt` comes back to: its stack.
recovery: resd 1

section .text
        global _start, attempt, enter_level, enter_virtual, recover, vector_stubs, reload_segments
        extern main, trap

_start:
        mov esp, stack_top
        cld
        call main
.stop:  cli
        hlt
        jmp .stop

; Loads every segment register from the table that is in use now.
reload_segments:
        mov ax, 0x10
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        jmp 0x08:.done
.done:  ret

; void attempt(void (*body)(void)): calls it, and returns after it or after the trap that it ended in.
attempt:
        mov eax, [esp + 4]
        pushfd
        pushad
        push dword [recovery]
        mov [recovery], esp
        call eax
        ; Falls into: as if a trap had ended it.
recover:
        mov ax, 0x10
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov esp, [recovery]
        pop dword [recovery]
        popad
        popfd
        cld
        ret

; void enter_level(body, code, data, stack, flags): runs body at the level of these selectors; it ends by a trap.
enter_level:
        mov ebp, esp
        mov eax, [ebp + 12]
        mov ds, ax
        mov es, ax
        push eax
        push dword [ebp + 16]
        push dword [ebp + 20]
        push dword [ebp + 8]
        push dword [ebp + 4]
        iretd

; void enter_virtual(code, stack, pointer, flags): runs 8086 code from the start of a segment; it ends by a trap.
enter_virtual:
        mov ebp, esp
        push dword 0x4444
        push dword 0x3333
        push dword 0x2222
        push dword 0x1111
        push dword [ebp + 8]
        push dword [ebp + 12]
        push dword [ebp + 16]
        push dword [ebp + 4]
        push dword 0
        iretd

%include "vectors.asm"

; Its frame is `struct frame` of protection.h.
trapped:
        pushad
        push ds
        push es
        push fs
        push gs
        mov ax, 0x10
        mov ds, ax
        mov es, ax
        cld
        push esp
        call trap
        pop ecx
        test eax, eax
        jz recover
        pop gs
        pop fs
        pop es
        pop ds
        popad
        add esp, 8
        iretd
