; Power-on, return from a processor reset, and the boot of INT 19h. Included by entry.asm.
;
; Sources: IBM Personal Computer AT Technical Reference (shutdown byte, CMOS 0Fh; INT 19h); QEMU and Bochs for the use
; of CMOS 3Dh and 38h as the boot order.
;
; Not modelled: shutdown codes other than 05h and 0Ah (the block move returns without a reset).

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
    xor bx, bx
    mov ds, bx
    cmp ah, 0x05
    je .resume_ended
    cmp ah, 0x0A
    je .resume
    in al, 0x92
    or al, 2 ; A20, so that all memory can be seen.
    and al, 0xFE
    out 0x92, al

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
    push es
    pop ss
    mov esp, PRIVATE_STACK_TOP
    xor ax, ax
    mov es, ax
    mov di, 0x400 ; The vectors are written one by one; only the data area must be blank.
    mov cx, 0x80
    rep stosw
    push ss
    pop es
    xor di, di
    mov cx, PRIVATE_STACK_TOP / 2
    rep stosw
    mov [0x40E], ss
    mov [0x413], bp
    mov ax, ss
    mov es, ax
    mov byte [es:0], 1
    mov word [es:private_sp], PRIVATE_STACK_TOP
    mov word [es:caller_ss], 0
    mov dword [es:caller_esp], BOOT_STACK
    xor bx, bx
    mov fs, bx
    mov bx, cs
    mov gs, bx
    mov ds, ax
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

; INT 19h: boots what CMOS 3Dh and 38h name, in order; with none named, the floppy and then the disk.
entry_19:
    cli
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov esp, BOOT_STACK
    mov es, [EBDA_SEGMENT]
    mov word [es:private_sp], PRIVATE_STACK_TOP
    sti
    cld
    mov al, 0x38
    call .cmos
    shr al, 4
    mov bh, al
    mov al, 0x3D
    call .cmos
    mov bl, al ; BX: three nibbles, the first device lowest.
    test bx, bx
    jnz .next
    mov bx, 0x021
.next:
    mov al, bl
    and al, 0x0F
    shr bx, 4
    push bx
    mov dl, 0
    dec al
    jz .try
    dec al
    jnz .skip
    cmp byte [0x475], 0
    je .skip
    mov dl, 0x80
.try:
    mov di, 4
.again:
    xor ax, ax
    mov es, ax
    int 0x13
    mov ax, 0x0201
    mov bx, BOOT_STACK
    mov cx, 1
    mov dh, 0
    int 0x13
    jnc .loaded
    cmp ah, 0x80 ; Nothing in the drive: trying again would only take time.
    je .skip
    dec di
    jnz .again
    jmp .skip
.loaded:
    cmp word [BOOT_STACK + 510], 0xAA55
    je .start
.skip:
    pop bx
    test bx, bx
    jnz .next
    int 0x18
    jmp entry_19
.start:
    mov sp, BOOT_STACK
    movzx edx, dl
    xor eax, eax
    xor ebx, ebx
    xor ecx, ecx
    xor esi, esi
    xor edi, edi
    xor ebp, ebp
    mov fs, ax
    mov gs, ax
    jmp 0:BOOT_STACK
.cmos:
    out 0x70, al
    in al, 0x71
    ret
