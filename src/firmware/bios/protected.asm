; Short visits to protected mode: moving a block, looking at one place of extended memory, and the 32-bit part.
;
; Source: Intel 80386 Programmer's Reference Manual, section 14.5 (leaving protected mode with 64 KiB limits).

global protected_copy, probe_dword, setup_call
extern table_register


; u32 protected_copy(u32 gdt_linear, u32 words): EAX, EDX. Descriptors 10h source, 18h target, 20h this code, 28h EBDA.
protected_copy:
    push esi
    push edi
    mov word [table_register], 0x2F
    mov [table_register + 2], eax
    mov ecx, edx
    push ds
    push es
    push fs
    push gs
    mov dx, ss
    o32 lgdt [table_register]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp 0x20:.protected
.protected:
    mov ax, 0x28
    mov ss, ax
    mov ax, 0x10
    mov ds, ax
    mov ax, 0x18
    mov es, ax
    xor esi, esi
    xor edi, edi
    shr ecx, 1
    a32 rep movsd
    jnc .even
    a32 movsw
.even:
    mov ax, 0x28
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov eax, cr0
    and al, 0xFE
    mov cr0, eax
    jmp 0xF000:.real
.real:
    mov ss, dx
    pop gs
    pop fs
    pop es
    pop ds
    pop edi
    pop esi
    o32 ret

; bool probe_dword(u32 linear): whether the place keeps two patterns; what it held is put back.
probe_dword:
    mov ecx, eax
    mov word [table_register], 0x27
    mov dword [table_register + 2], 0xF0000 + probe_table
    o32 lgdt [table_register]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp 0x20:.protected
.protected:
    mov ax, 0x10
    mov ds, ax
    mov edx, [ecx]
    not edx
    mov [ecx], edx
    cmp [ecx], edx
    sete al
    not edx
    mov [ecx], edx
    cmp [ecx], edx
    sete ah
    and al, ah
    mov dx, 0x18
    mov ds, dx
    mov edx, cr0
    and dl, 0xFE
    mov cr0, edx
    jmp 0xF000:.real
.real:
    mov dx, ss
    mov ds, dx
    movzx eax, al
    o32 ret

%define SETUP_ENTRY 0xFFFE0000
%define SETUP_STACK_TOP 0x80000

; u32 setup_call(u32 function, u32 linear): runs the 32-bit part, which works on memory below 80000h.
setup_call:
    push ebx
    push ebp
    push esi
    push edi
    push ds
    push es
    push fs
    push gs
    mov bx, ss
    mov ebp, esp
    mov word [table_register], 0x27
    mov dword [table_register + 2], 0xF0000 + probe_table
    o32 lgdt [table_register]
    mov ecx, cr0
    or cl, 1
    mov cr0, ecx
    jmp 0x20:.protected
.protected:
    mov cx, 0x10
    mov ds, cx
    mov es, cx
    mov fs, cx
    mov gs, cx
    mov ss, cx
    mov esp, SETUP_STACK_TOP
    call dword 0x08:SETUP_ENTRY
    mov cx, 0x18
    mov ds, cx
    mov es, cx
    mov fs, cx
    mov gs, cx
    mov ss, cx
    mov ecx, cr0
    and cl, 0xFE
    mov cr0, ecx
    jmp 0xF000:.real
.real:
    mov ss, bx
    mov esp, ebp
    pop gs
    pop fs
    pop es
    pop ds
    pop edi
    pop esi
    pop ebp
    pop ebx
    o32 ret

; A Multiboot kernel begins with these selectors. Their values are undefined by the specification, but many kernels write 08h and 10h
; into their interrupt table, or load a table of their own with code and data in those places, and never load the registers anew.
align 8
probe_table:
    dq 0
    dw 0xFFFF, 0x0000, 0x9B00, 0x00CF
    dw 0xFFFF, 0x0000, 0x9300, 0x00CF
    dw 0xFFFF, 0x0000, 0x9300, 0x0000
    dw 0xFFFF, 0x0000, 0x9B0F, 0x0000
