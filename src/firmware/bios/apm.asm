; Advanced Power Management: INT 15h AH=53h, and the same functions behind the 16-bit and 32-bit protected mode connections.
; One text for all three, for nothing here touches memory.
;
; Source: Advanced Power Management BIOS Interface Specification 1.2 (Intel, Microsoft).
;
; Not modelled: standby and suspend (refused), events, batteries, timers, cooperation; whether somebody is connected.

cpu 386
global apm_real, apm_protected_16, apm_protected_32

%define PM_CONTROL 0x604
%define VERSION 0x0102
%define UNKNOWN_DEVICE 0x09
%define BAD_STATE 0x0A
%define UNSUPPORTED 0x0C
%define CANNOT_ENTER 0x60
%define NO_EVENT 0x80

; AL: the function. Carry and AH: an error. %1 names the copy.
%macro apm_functions 1
apm_dispatch_%1:
    cmp al, 0x00
    je .check
    cmp al, 0x04
    je .good
    cmp al, 0x05
    je .idle
    cmp al, 0x06
    je .good
    cmp al, 0x07
    je .set_state
    cmp al, 0x08
    je .good
    cmp al, 0x09
    je .good
    cmp al, 0x0A
    je .power_status
    cmp al, 0x0B
    je .event
    cmp al, 0x0C
    je .state
    cmp al, 0x0D
    je .good
    cmp al, 0x0E
    je .version
    cmp al, 0x0F
    je .good
    cmp al, 0x10
    je .capabilities
    mov ah, UNSUPPORTED
    stc
    ret
.check:
    test bx, bx
    jnz .unknown
    mov ax, VERSION
    mov bx, 0x504D      ; PM
    mov cx, 0x0003      ; Both protected modes.
    clc
    ret
.idle:
    sti
    hlt
.good:
    mov ah, 0
    clc
    ret
.unknown:
    mov ah, UNKNOWN_DEVICE
    stc
    ret
.set_state:
    cmp bx, 0x0001      ; All that is managed together.
    jne .unknown
    cmp cx, 3
    je .off
    ja .bad_state
    test cx, cx
    jz .good
    mov ah, CANNOT_ENTER
    stc
    ret
.bad_state:
    mov ah, BAD_STATE
    stc
    ret
.off:
    push dx
    mov dx, PM_CONTROL
    in ax, dx
    and ax, 0xC3FF      ; Sleep type 0 is soft off.
    or ax, 0x2000
    out dx, ax
    pop dx
    mov ah, CANNOT_ENTER
    stc
    ret
.power_status:
    cmp bx, 0x0001
    jne .unknown
    mov bx, 0x01FF      ; On line; no battery.
    mov cx, 0x80FF
    mov dx, 0xFFFF
    mov si, 0
    jmp short .good
.event:
    mov ah, NO_EVENT
    stc
    ret
.state:
    xor cx, cx
    jmp short .good
.version:
    mov ax, VERSION
    clc
    ret
.capabilities:
    mov bl, 0
    xor cx, cx
    jmp short .good
%endmacro

bits 16
apm_functions 16

; INT 15h AH=53h. Functions 01h to 03h connect and are for real mode alone.
apm_real:
    cmp al, 0x01
    je .connected
    cmp al, 0x02
    je .connect_16
    cmp al, 0x03
    je .connect_32
    call apm_dispatch_16
    jmp short .end
.connect_16:
    test bx, bx
    jnz .unknown
    mov bx, apm_protected_16
    mov si, 0xFFFF
    jmp short .segments
.connect_32:
    test bx, bx
    jnz .unknown
    mov ebx, apm_protected_32
    mov esi, 0xFFFFFFFF
    mov dx, 0xF000
.segments:
    mov ax, 0xF000
    mov cx, ax
    mov di, 0xFFFF
    clc
    jmp short .end
.unknown:
    mov ah, UNKNOWN_DEVICE
    stc
    jmp short .end
.connected:
    mov ah, 0
    clc
.end:
    push bp
    mov bp, sp
    jc .failed
    and byte [bp + 6], 0xFE
    pop bp
    iret
.failed:
    or byte [bp + 6], 1
    pop bp
    iret

apm_protected_16:
    call apm_dispatch_16
    retf

bits 32
apm_functions 32
apm_protected_32:
    call apm_dispatch_32
    retf
