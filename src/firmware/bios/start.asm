; Power-on, return from a processor reset, shadow memory, and the stacks for POST and INT 19h. Included by entry.asm.
;
; Sources: IBM Personal Computer AT Technical Reference (shutdown byte, CMOS 0Fh; INT 19h); PCI Local Bus Specification
; 2.2, section 3.2.2.3.2 (mechanism #1); Intel Software Developer's Manual Vol. 3, "Initialization Overview" (caches).
;
; Not modelled: shutdown codes other than 05h and 0Ah (the block move returns without a reset).

%define SETUP_SHADOW 0
%define SHADOW_DATA_SEGMENT 0xE800
%define STACK_TOP_EBDA 0x400
%define STACK_TOP_SHADOW 0x1F00

post_entry:
    cli
    cld
    mov al, 0x8F
    out 0x70, al
    in al, 0x71
    mov ah, al
    mov al, 0x8F
    out 0x70, al
    mov al, 0
    out 0x71, al
    mov al, 0x0D ; NMI enabled again.
    out 0x70, al
    mov ebx, cr0 ; A reset leaves the caches of an 80486 and later off (CD, NW): systems expect them on.
    and ebx, 0x9FFFFFFF
    mov cr0, ebx
    xor ebx, ebx
    mov ds, bx
    cmp ah, 0x05
    je .resume_ended
    cmp ah, 0x0A
    je .resume
    mov ss, bx
    mov esp, BOOT_STACK
    in al, 0x92
    or al, 2 ; A20, so that all memory can be seen.
    and al, 0xFE
    out 0x92, al
    call shadow_initialise

    ; The EBDA is the last KiB of base memory, which CMOS 15h and 16h count and the first probe confirms.
    mov al, 0x16
    out 0x70, al
    in al, 0x71
    mov ah, al
    mov al, 0x15
    out 0x70, al
    in al, 0x71
    cmp ax, 640
    jbe .sane
    mov ax, 640
.sane:
    cmp ax, 64
    jae .probe
    mov ax, 64
.probe:
    dec ax
    mov bx, ax
    shl bx, 6
    mov es, bx
    mov dx, 0xA55A
    mov [es:0], dx
    not dx
    mov [es:2], dx
    not dx
    cmp [es:0], dx
    jne .missing
    not dx
    cmp [es:2], dx
    je .found
.missing:
    cmp ax, 64
    ja .probe
.found:
    mov bp, ax
    xor ax, ax
    mov si, es
    xor di, di
    mov cx, 0x200
    rep stosw
    mov byte [es:0], 1
    mov es, ax
    mov di, 0x400 ; The vectors are written one by one; only the data area must be blank.
    mov cx, 0x80
    rep stosw
    mov [EBDA_SEGMENT], si
    mov [0x413], bp
    load_data_segment bx, ds
    call private_stack_top
    mov ss, bx
    movzx esp, cx
    mov ds, bx
    mov [private_sp], sp
    mov word [caller_ss], 0
    mov dword [caller_esp], BOOT_STACK
    mov es, bx
    mov fs, ax
    mov bx, cs
    mov gs, bx
    call dword post
    xor ax, ax
    mov ss, ax
    mov esp, BOOT_STACK
    sti
    int 0x19

.resume_ended:
    mov al, 0x20
    out 0x20, al
.resume:
    jmp far [0x467]

; CX: where the private stack begins.
private_stack_top:
    mov cx, STACK_TOP_EBDA
    cmp word [cs:data_segment], 0
    je .small
    mov cx, STACK_TOP_SHADOW
.small:
    ret

; With a 440FX host bridge, memory takes the place of what is mapped from C0000h on, by the part of the ROM below 4 GiB.
shadow_initialise:
    mov eax, 0x80000000
    mov dx, 0xCF8
    out dx, eax
    mov dl, 0xFC
    in eax, dx
    cmp eax, 0x12378086
    jne .none
    mov eax, SETUP_SHADOW
    call dword setup_call
    mov bx, 0xF000
    mov es, bx
    mov word [es:data_segment], SHADOW_DATA_SEGMENT
    xor bx, bx
.none:
    ret

; INT 19h: the boot, on a stack of its own. What is started is entered by the IRET of the service.
entry_19:
    cli
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov esp, BOOT_STACK
    load_data_segment bx, ds
    mov es, bx
    call private_stack_top
    mov [es:private_sp], cx
    pushf
    push cs
    push word 0
    push word int19
    jmp serve
