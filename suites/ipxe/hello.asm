; A network bootstrap program: prints a line, asks the PXE services which address DHCP gave, and stops.
; Source: Preboot Execution Environment (PXE) Specification 2.1, sections 3.2 (PXENV+ at ES:BX) and 3.4.1 (cached packets).
; nasm -f bin hello.asm -o served/hello.pxe
bits 16
org 0x7C00

GET_CACHED_INFO equ 0x71
DHCP_ACK equ 2
ENTRY_OF_PXENV equ 0x0A
OWN_ADDRESS equ 16

    jmp 0:start
start:
    xor ax, ax
    mov ds, ax
    mov eax, [es:bx + ENTRY_OF_PXENV]
    mov [entry], eax
    cmp dword [es:bx], 'PXEN'
    mov si, no_services
    jne stop
    mov si, greeting
    call print
    push ds
    pop es
    mov bx, GET_CACHED_INFO
    mov di, request
    cld
    call far [entry]
    mov si, no_packet
    or ax, [request.status]
    jnz stop
    les di, [request.buffer]
    mov cx, 4
.part:
    mov al, [es:di + OWN_ADDRESS]
    call print_number
    inc di
    mov al, '.'
    cmp cx, 1
    jne .separate
    mov al, 10
.separate:
    call print_character
    loop .part
    mov si, nothing
stop:
    call print
    sti
.rest:
    hlt
    jmp .rest

print_number: ; AL in decimal.
    xor ah, ah
    mov bl, 10
    div bl
    push ax
    test al, al
    jz .last
    call print_number
.last:
    pop ax
    mov al, ah
    add al, '0'
print_character:
    pusha
    mov ah, 0x0E
    mov bx, 7
    int 0x10
    popa
    ret

print: ; The text at SI, up to a zero.
    lodsb
    test al, al
    jz .done
    call print_character
    jmp print
.done:
    ret

greeting db 13, 10, 'Hello from a program that came over the network. Its address is ', 0
no_services db 'There are no PXE services.', 13, 10, 0
no_packet db 'PXE has kept no packet.', 13, 10
nothing db 0

align 4
entry dd 0
request:
.status dw 0
.kind dw DHCP_ACK
.size dw 0      ; Zero asks where the packet is.
.buffer dd 0
.limit dw 0
