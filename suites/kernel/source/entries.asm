; Interrupt entries, the switch between threads and the way into a new one.
; Source: Intel 80386 Programmer's Reference Manual, chapter 9 (exceptions and interrupts), section 7.1 (task state).

        cpu     386
        bits    32

KERNEL_DATA     equ 0x10
USER_CODE       equ 0x1b
USER_DATA       equ 0x23

        extern  interrupt_dispatch
        global  interrupt_entries, switch_stacks, enter_user, thread_begin

        section .text

; One entry of 16 bytes a vector, 0 to 49, so that a table needs no 50 names. Vectors 8, 10 to 14 come with an error code.
        align   16
interrupt_entries:
%assign vector 0
%rep 50
        align   16
  %if vector != 8 && (vector < 10 || vector > 14)
        push    dword 0
  %endif
        push    dword vector
        jmp     interrupt_common
  %assign vector vector + 1
%endrep

; The pushes make `struct frame` of kernel.h.
        align   16
interrupt_common:
        pushad
        push    ds
        push    es
        mov     eax, KERNEL_DATA
        mov     ds, ax
        mov     es, ax
        cld
        push    esp
        call    interrupt_dispatch
        add     esp, 4
        pop     es
        pop     ds
        popad
        add     esp, 8
        iret

; void switch_stacks(uint32_t *old_stack, uint32_t new_stack): saves what a call must preserve, and takes the other
; thread's up where it left off.
switch_stacks:
        mov     eax, [esp + 4]
        mov     edx, [esp + 8]
        push    ebp
        push    ebx
        push    esi
        push    edi
        mov     [eax], esp
        mov     esp, edx
        pop     edi
        pop     esi
        pop     ebx
        pop     ebp
        ret

; A new thread's first instructions; its function is on the stack. It starts inside somebody's interrupt, so interrupts
; are off.
thread_begin:
        pop     eax
        xor     ebp, ebp
        sti
        call    eax
        int3                            ; Threads do not end.

; void enter_user(uint32_t instruction, uint32_t stack): goes on at privilege level 3 with interrupts on.
enter_user:
        mov     ecx, [esp + 4]
        mov     edx, [esp + 8]
        mov     eax, USER_DATA
        mov     ds, ax
        mov     es, ax
        push    dword USER_DATA
        push    edx
        push    dword 0x202
        push    dword USER_CODE
        push    ecx
        iret
