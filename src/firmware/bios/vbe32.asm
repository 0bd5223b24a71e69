; VBE entry points outside INT 10h: the window function that programs call far, and the 32-bit protected mode interface.
;
; Source: VESA BIOS Extension Core Functions Standard 3.0, functions 05h and 0Ah.

cpu 386
global vbe_window_entry, vbe_protected, vbe_protected_end

%define INDEX 0x1CE
%define VALUE 0x1CF
%define DEPTH 3
%define BANK 5
%define VIRTUAL_WIDTH 6
%define X_OFFSET 8
%define Y_OFFSET 9

bits 16
; BH: 0 sets the window to DX, 1 tells it in DX; BL is the window, of which there is one. AX may change.
vbe_window_entry:
    push dx
    mov ax, BANK
    mov dx, INDEX
    out dx, ax
    inc dx
    test bh, bh
    jnz .tell
    pop ax
    push ax
    out dx, ax
    pop dx
    mov ax, 0x004F
    retf
.tell:
    in ax, dx
    pop dx
    mov dx, ax
    mov ax, 0x004F
    retf

bits 32
vbe_protected:
    dw set_window - vbe_protected
    dw set_start - vbe_protected
    dw set_palette - vbe_protected
    dw ports - vbe_protected
ports:
    dw 0x1CE, 0x1CF, 0x1D0, 0x3C7, 0x3C8, 0x3C9, 0xFFFF
    dw 0xFFFF

; BX: as for the real mode function; DX: the window.
set_window:
    test bx, bx
    jnz .other
    push edx
    mov ecx, edx
    mov ax, BANK
    mov dx, INDEX
    out dx, ax
    inc edx
    mov eax, ecx
    out dx, ax
    pop edx
    mov ax, 0x004F
    ret
.other:
    mov ax, 0x014F
    ret

; AX: an index. AX: its value.
read_value:
    mov dx, INDEX
    out dx, ax
    inc edx
    in ax, dx
    ret

; DX:CX: the start as a count of dwords.
set_start:
    push ebx
    push ecx
    push edx
    push esi
    push edi
    shl edx, 16
    movzx esi, cx
    or esi, edx
    shl esi, 2
    mov ax, DEPTH
    call read_value
    movzx edi, ax
    add edi, 7
    shr edi, 3
    mov ax, VIRTUAL_WIDTH
    call read_value
    movzx ebx, ax
    imul ebx, edi
    test ebx, ebx
    jz .done
    mov eax, esi
    xor edx, edx
    div ebx
    mov esi, eax ; The line.
    mov eax, edx
    xor edx, edx
    div edi
    mov ecx, eax ; The pixel in it.
    mov ax, X_OFFSET
    mov dx, INDEX
    out dx, ax
    inc edx
    mov eax, ecx
    out dx, ax
    dec edx
    mov ax, Y_OFFSET
    out dx, ax
    inc edx
    mov eax, esi
    out dx, ax
.done:
    pop edi
    pop esi
    pop edx
    pop ecx
    pop ebx
    mov ax, 0x004F
    ret

; CX entries from DX on, at ES:EDI: blue, green, red and a spare byte.
set_palette:
    push ecx
    push edx
    push edi
    mov al, dl
    mov dx, 0x3C8
    out dx, al
    inc edx
    movzx ecx, cx
    jecxz .done
.next:
    mov al, [es:edi + 2]
    out dx, al
    mov al, [es:edi + 1]
    out dx, al
    mov al, [es:edi]
    out dx, al
    add edi, 4
    loop .next
.done:
    pop edi
    pop edx
    pop ecx
    mov ax, 0x004F
    ret
vbe_protected_end:
