; Out of the firmware and back: calls of option ROMs, of interrupts that others may have taken, and of a program's handler
; of the pointing device. Each works on the caller's stack, as idle() does. Included by entry.asm.

; Leaves the private stack. DS stays the data segment.
%macro leave_private 0
    push dword [caller_esp]
    push word [caller_ss]
    push word [private_sp]
    mov [private_sp], sp
    mov ss, [caller_ss]
    mov esp, [caller_esp]
%endmacro

; Returns to it and to the C caller.
%macro enter_private 0
    load_data_segment ax, fs
    mov ds, ax
    mov es, ax
    mov ss, ax
    movzx esp, word [private_sp]
    pop word [private_sp]
    pop word [caller_ss]
    pop dword [caller_esp]
%endmacro

; void call_far(struct registers *r): the target ends with RETF. void call_interrupt(r): it ends with IRET.
call_interrupt:
    stc
    jmp call_real
call_far:
    clc
call_real:
    push ebx
    push esi
    push edi
    push ebp
    leave_private ; MOV and PUSH leave the carry alone.
    push ds
    push eax
    jnc .target
    pushf
    or byte [esp + 1], 2 ; IRET lets interrupts in again.
.target:
    push cs
    push word .back
    push word [eax + 44]
    push word [eax + 42]
    push word [eax + 38]
    push word [eax + 36]
    push word [eax + 34]
    push word [eax + 32]
%assign offset 28
%rep 8
    push dword [eax + offset]
%assign offset offset - 4
%endrep
    popad
    pop gs
    pop fs
    pop es
    pop ds
    retf
.back:
    pushf
    cli
    cld
    sub sp, 6
    push ds
    push es
    push fs
    push gs
    pushad
    mov bp, sp
    mov di, [bp + 48]
    mov es, [bp + 52]
    mov ax, ss
    mov ds, ax
    mov si, sp
    mov cx, 20
    rep movsw
    mov ax, [bp + 46]
    mov [es:di + 6], ax
    add sp, 54
    xor ax, ax
    mov fs, ax
    mov ax, cs
    mov gs, ax
    enter_private
    pop ebp
    pop edi
    pop esi
    pop ebx
    o32 ret

; void call_pointer(u32 target, const u16 *words): four words for the handler, which leaves them on the stack.
call_pointer:
    push ebx
    push esi
    push edi
    push ebp
    leave_private
    pushad
    push ds
    push es
    push fs
    push gs
    push word [edx]
    push word [edx + 2]
    push word [edx + 4]
    push word [edx + 6]
    push cs
    push word .back
    push eax
    sti
    retf
.back:
    cli
    cld
    add sp, 8
    pop gs
    pop fs
    pop es
    pop ds
    popad
    enter_private
    pop ebp
    pop edi
    pop esi
    pop ebx
    o32 ret
