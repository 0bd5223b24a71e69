; Every way into the firmware: service entry with the switch to the private stack, waiting, and hardware interrupts.
;
; Sources: Intel 80386 Programmer's Reference Manual (chapters 9 and 14); Intel 8259A data sheet; IBM Personal Computer
; AT Technical Reference, BIOS listing (order of INT 1Ch and end of interrupt, keyboard intercept).
;
; Stacks: a service takes 48 bytes of the caller's stack (with the INT frame) and runs C on the private stack at the end
; of the EBDA with interrupts disabled, so nothing can come in on that stack. Waiting goes back to the caller's stack
; for as long as interrupts are enabled; `private_sp` then marks how much of the private stack is taken. Waiting for
; a key keeps nothing on the private stack, so a task switcher may leave a program there for ever.


%define EBDA_SEGMENT 0x40E
%define FRAME_DWORDS 12
%define FRAME_ACTION 40
%define BOOT_STACK 0x7C00

; The data segment of the firmware into a register; %2 is a segment register that is zero.
%macro load_data_segment 2
    mov %1, [cs:data_segment]
    test %1, %1
    jnz %%known
    mov %1, [%2:EBDA_SEGMENT]
%%known:
%endmacro

extern platform
%define platform_power (platform + 9) ; The member `power`.
extern private_sp, caller_ss, caller_esp, scan_code
extern post, int10, int11, int12, int13, int14, int15, int16, int17, int18, int19, int1a, int09, int70, int74
global idle, window, call_far, call_interrupt, call_pointer, action_wait_key, action_print_screen, action_break, action_system_key_down, action_system_key_up
global action_pause, action_reboot, action_alarm, action_protected_mode, action_linux
global entry_10, entry_11, entry_12, entry_13, entry_14, entry_15, entry_16, entry_17, entry_18, entry_19, entry_1a
global entry_05, entry_02, entry_08, entry_09, entry_0e, entry_70, entry_71, entry_74, entry_75, entry_76, entry_77
global entry_unexpected_master, entry_unexpected_slave, entry_nothing, post_entry


%macro service 2
%1: cli
    push word %2
    jmp serve
%endmacro

service entry_10, int10
service entry_11, int11
service entry_12, int12
service entry_13, int13
service entry_14, int14
service entry_16, int16
service entry_17, int17
service entry_18, int18
service entry_1a, int1a
service entry_70, int70

; The keyboard intercept has nothing to do here, is called for every key, and answers "use the key".
entry_15:
    cmp ah, 0x4F
    je .use_key
    cmp ah, 0x53
    je .power
.service:
    cli
    push word int15
    jmp serve
; Power management is there with the chip for it: platform.power.
.power:
    cmp word [cs:data_segment], 0
    je .service
    push ds
    push word [cs:data_segment]
    pop ds
    cmp byte [platform_power], 0
    pop ds
    je .service
    jmp apm_real
.use_key:
    push bp
    mov bp, sp
    or byte [bp + 6], 1 ; Carry in the caller's flags, whose interrupt flag returns as it was.
    pop bp
    iret

; On the stack: the C function, then the frame of INT. The word of the function becomes that of the action.
serve:
    cld
    push ds
    push es
    push fs
    push gs
    pushad
    xor ax, ax
    mov fs, ax
    mov ax, cs
    mov gs, ax
    mov ax, ss
    mov ds, ax
    mov edx, esp
    load_data_segment bx, fs
    mov es, bx
    mov [es:caller_ss], ax
    mov [es:caller_esp], edx
    mov si, sp
    mov di, [es:private_sp]
    sub di, FRAME_DWORDS * 4
    movzx eax, di
    mov cx, FRAME_DWORDS
    rep movsd
    mov ss, bx
    mov esp, eax
    mov ds, bx
    movzx ecx, word [eax + FRAME_ACTION]
    mov word [eax + FRAME_ACTION], finish
    call ecx
    mov si, sp
    mov ax, [caller_ss]
    mov edx, [caller_esp]
    mov es, ax
    mov di, dx
    mov cx, FRAME_DWORDS
    rep movsd
    mov ss, ax
    mov esp, edx
    popad
    pop gs
    pop fs
    pop es
    pop ds
    ret
finish:
    iret

; void idle(void), void window(void): DS = SS = EBDA, interrupts disabled, before and after.
%macro hop 1+
    push dword [caller_esp]
    push word [caller_ss]
    push word [private_sp]
    mov [private_sp], sp
    mov ss, [caller_ss]
    mov esp, [caller_esp]
    sti
    %1
    cli
    load_data_segment ax, fs ; A program may have moved the EBDA meanwhile.
    mov ds, ax
    mov es, ax
    mov ss, ax
    movzx esp, word [private_sp]
    pop word [private_sp]
    pop word [caller_ss]
    pop dword [caller_esp]
    o32 ret
%endmacro
idle:
    hop hlt
window:
    hop nop

; Actions run with the caller's registers and stack, just above the frame of INT.
action_wait_key:
    sti
    hlt
    jmp entry_16

action_print_screen:
    int 0x05
    iret

action_break:
    int 0x1B
    iret

action_system_key_down:
    push ax
    mov ax, 0x8500
    jmp system_key
action_system_key_up:
    push ax
    mov ax, 0x8501
system_key:
    sti
    int 0x15
    pop ax
    iret

action_pause:
    push ds
    push word 0
    pop ds
.halted:
    sti
    hlt
    test byte [0x418], 8
    jnz .halted
    pop ds
    iret

action_alarm:
    int 0x4A
    iret

action_reboot:
    jmp 0xF000:post_entry

; Direct Linux: DS is the segment of the real-mode part, CX the top of its stack; it is entered 20h paragraphs on.
action_linux:
    cli
    mov ax, ds
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov ss, ax
    movzx esp, cx
    add ax, 0x20
    push ax
    push word 0
    xor eax, eax
    xor ebx, ebx
    xor ecx, ecx
    xor edx, edx
    xor esi, esi
    xor edi, edi
    xor ebp, ebp
    retf

; INT 15h AH=89h: the descriptors of GDT and IDT hold limit and base where LGDT and LIDT want them.
action_protected_mode:
    cli
    lgdt [es:si + 0x08]
    lidt [es:si + 0x10]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp 0x38:.protected
.protected:
    mov ax, 0x18
    mov ds, ax
    mov ax, 0x20
    mov es, ax
    mov ax, 0x28
    mov ss, ax
    pop bx
    add sp, 4
    push word 0x30
    push bx
    xor ax, ax
    retf

; IRQ 0: the tick, midnight, the floppy motors, and the user's tick before the end of interrupt, as on the AT.
entry_08:
    push ds
    push ax
    push dx
    push word 0x40
    pop ds
    inc dword [0x6C]
    cmp dword [0x6C], 0x1800B0
    jb .same_day
    mov dword [0x6C], 0
    mov byte [0x70], 1
.same_day:
    cmp byte [0x40], 0
    je .motors_done
    dec byte [0x40]
    jnz .motors_done
    and byte [0x3F], 0xF0
    mov dx, 0x3F2
    mov al, 0x0C
    out dx, al
.motors_done:
    int 0x1C
    cli
    mov al, 0x20
    out 0x20, al
    pop dx
    pop ax
    pop ds
    iret

; IRQ 1: a program may take or change the scan code (INT 15h AH=4Fh) before it is translated.
entry_09:
    push ax
    in al, 0x64
    test al, 1
    jz .taken
    in al, 0x60
    mov ah, 0x4F
    stc
    int 0x15
    cli
    jnc .taken
    push ds
    push word 0
    pop ds
    push bx
    load_data_segment bx, ds
    mov ds, bx
    mov [scan_code], al
    pop bx
    pop ds
    pop ax
    push word int09
    jmp serve
.taken:
    mov al, 0x20
    out 0x20, al
    pop ax
    iret

; IRQ 6: the floppy controller has finished a command.
entry_0e:
    push ds
    push ax
    push word 0
    pop ds
    or byte [0x43E], 0x80
    mov al, 0x20
    out 0x20, al
    pop ax
    pop ds
    iret

; IRQ 14 and 15: a disk has finished a command or wants data.
entry_76:
entry_77:
    push ds
    push ax
    push word 0
    pop ds
    mov byte [0x48E], 0xFF
    mov al, 0x20
    out 0xA0, al
    out 0x20, al
    pop ax
    pop ds
    iret

; IRQ 12: the pointing device has sent a byte.
service entry_74, int74

; IRQ 13: the coprocessor's error, which the AT hands on as NMI after clearing the latch.
entry_75:
    push ax
    xor al, al
    out 0xF0, al
    mov al, 0x20
    out 0xA0, al
    out 0x20, al
    pop ax
    int 0x02
    iret

; IRQ 9 stands in for IRQ 2 of the PC.
entry_71:
    push ax
    mov al, 0x20
    out 0xA0, al
    pop ax
    int 0x0A
    iret

; Any other IRQ: ended if it is in service; a spurious one is not, and ending it would end another.
entry_unexpected_slave:
    push ax
    mov al, 0x0B
    out 0xA0, al
    in al, 0xA0
    test al, al
    jz entry_unexpected_master.ended
    mov al, 0x20
    out 0xA0, al
    jmp entry_unexpected_master.master
entry_unexpected_master:
    push ax
    mov al, 0x0B
    out 0x20, al
    in al, 0x20
    test al, al
    jz .done
.master:
    push ds
    push word 0
    pop ds
    mov [0x46B], al
    pop ds
.ended:
    mov al, 0x20
    out 0x20, al
.done:
    pop ax
entry_nothing:
    iret

; NMI: nothing on this board raises one that could be answered.
entry_02:
    iret

; INT 05h: prints the text screen; 50:0 is 1 while printing and FFh after an error.
entry_05:
    pusha
    push ds
    push word 0x50
    pop ds
    cmp byte [0], 1
    je .busy
    mov byte [0], 1
    sti
    mov ah, 0x0F
    int 0x10
    mov cl, ah
    mov ah, 0x03
    int 0x10
    push dx
    xor dx, dx
    call .line_end
    jc .failed
.character:
    mov ah, 0x02
    int 0x10
    mov ah, 0x08
    int 0x10
    test al, al
    jnz .visible
    mov al, ' '
.visible:
    call .send
    jc .failed
    inc dl
    cmp dl, cl
    jb .character
    call .line_end
    jc .failed
    mov dl, 0
    inc dh
    push ds
    push word 0x40
    pop ds
    cmp dh, [0x84]
    pop ds
    jbe .character
    mov byte [0], 0
    jmp .restore
.failed:
    mov byte [0], 0xFF
.restore:
    pop dx
    mov ah, 0x02
    int 0x10
.busy:
    pop ds
    popa
    iret
.line_end:
    mov al, 13
    call .send
    jc .sent
    mov al, 10
.send:
    push dx
    xor dx, dx
    mov ah, 0
    int 0x17
    pop dx
    test ah, 0x29
    jz .sent
    stc
.sent:
    ret

%include "far.asm"
%include "start.asm"
