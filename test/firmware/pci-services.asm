; A boot program for a board with PCI, in the manner of services.asm: the services and tables that are there with it. It ends
; with "done" and switches the power off. Built by pci.test.ts as a floppy image.

%include "program.asm"

second:
    call pci_bios
    call tables
    call display_rom
    call memory_map
    call disks
    call cdrom
    call display
    call pointer
    call power
    mov si, text_done
    call say
    mov ax, 0x5307
    mov bx, 1
    mov cx, 3
    int 0x15
.stop:
    hlt
    jmp .stop

pci_bios:
    mov ax, 0xB101
    int 0x1A
    check nc, "the PCI BIOS is there"
    cmp edx, 0x20494350
    check e, "and says so"
    mov ax, 0xB102
    mov cx, 0x7000
    mov dx, 0x8086
    xor si, si
    int 0x1A
    cmp bx, 0x0008
    check e, "it finds the ISA bridge by its numbers"
    mov ax, 0xB103
    mov ecx, 0x030000
    xor si, si
    int 0x1A
    mov [display_place], bx
    check nc, "and the display by its class"
    mov ax, 0xB102
    mov cx, 0x1234
    mov dx, 0x4321
    xor si, si
    int 0x1A
    cmp ah, 0x86
    check e, "what is not there is not found"
    mov ax, 0xB10A
    mov bx, 0x0008
    mov di, 0
    int 0x1A
    cmp ecx, 0x70008086
    check e, "it reads a dword"
    mov ax, 0xB109
    mov di, 1
    int 0x1A
    cmp ah, 0x87
    check e, "refuses a register that is not aligned"
    mov ax, 0xB10B
    mov di, 0x4E
    mov cl, 0x5A
    mov bx, [display_place]
    mov di, 0x3C
    int 0x1A
    mov ax, 0xB108
    mov di, 0x3C
    int 0x1A
    cmp cl, 0x5A
    check e, "and writes a byte"
    mov ax, 0xB10E
    mov word [0x600], 0x200
    mov word [0x602], 0x700
    mov word [0x604], 0
    mov di, 0x600
    int 0x1A
    check nc, "it tells how interrupts are routed"
    cmp word [0x700], 0x0800
    check e, "from device 1 on"
    ret

; EAX: signature. SI: where it stands in segment F000h on a multiple of 16, BP bytes long; the sum of them in AL.
find_table:
    push ds
    push word 0xF000
    pop ds
    xor si, si
.next:
    cmp [si], eax
    je .found
    add si, 16
    jnz .next
.found:
    mov cx, bp
    mov al, 0
    mov di, si
.sum:
    add al, [di]
    inc di
    loop .sum
    mov ebx, [si + 4]
    mov edx, [si + 16]
    pop ds
    test al, al
    ret

tables:
    mov eax, 'RSD '
    mov bp, 20
    call find_table
    check z, "the root of ACPI's tables adds up to zero"
    mov eax, 'RSD '
    mov bp, 36
    call find_table
    check z, "its extension too"
    mov eax, '$PIR'
    mov bp, 32 + 10 * 16
    call find_table
    check z, "the routing table adds up to zero"
    mov eax, '_32_'
    mov bp, 16
    call find_table
    check z, "the BIOS32 directory adds up to zero"
    mov eax, '_SM_'
    mov bp, 31
    call find_table
    check z, "the SMBIOS entry point adds up to zero"
    mov eax, '_MP_'
    mov bp, 16
    call find_table
    check z, "the MP pointer adds up to zero"
    mov eax, '$PnP'
    mov bp, 33
    call find_table
    check z, "the plug and play check adds up to zero"
    ret

; What programs look for that run a display's BIOS by themselves.
display_rom:
    push ds
    push word 0xC000
    pop ds
    movzx cx, byte [2]
    shl cx, 9
    mov al, 0
    xor di, di
.sum:
    add al, [di]
    inc di
    loop .sum
    mov bx, [0]
    mov edx, [0x1D]
    shr edx, 8
    mov si, [0x18]
    mov esi, [si]
    pop ds
    mov [0x700], esi
    test al, al
    check z, "the display's ROM adds up to zero"
    cmp bx, 0xAA55
    check e, "has the signature of a ROM"
    cmp edx, 'IBM'
    check e, "says what it is compatible with"
    cmp dword [0x700], 'PCIR'
    check e, "and which function it belongs to"
    ret

memory_map:
    xor ebx, ebx
    mov di, 0x600
.next:
    mov eax, 0xE820
    mov edx, 0x534D4150
    mov ecx, 24
    int 0x15
    jc .end
    mov ecx, [0x600 + 16]
    mov eax, [0x600 + 8]
    cmp ecx, 8
    jae .end
    add [ranges + ecx * 4], eax
    test ebx, ebx
    jnz .next
.end:
    mov eax, [ranges + 4]
    add eax, [ranges + 12]
    add eax, [ranges + 16]
    cmp eax, 63 * 0x100000 + 639 * 1024
    check e, "usable memory and ACPI's tables are all the memory"
    cmp dword [ranges + 16], 4096
    check e, "a page of it stays"
    ret

disks:
    mov ah, 8
    mov dl, 0x80
    int 0x13
    cmp dl, 3
    check e, "there are three disks: ATA, virtio and SCSI"
    mov bp, 0x80
.next:
    mov ah, 0x41
    mov bx, 0x55AA
    mov dx, bp
    int 0x13
    cmp ah, 0x30
    check e, "a disk has the extensions 3.0"
    mov word [0x600], 66
    mov si, 0x600
    mov ah, 0x48
    mov dx, bp
    int 0x13
    cmp word [0x600 + 30], 0xBEDD
    check e, "and says where it is"
    mov si, packet
    mov ah, 0x43
    mov al, 0
    mov dx, bp
    mov dword [packet + 8], 1000
    mov [0x7000], bp
    int 0x13
    check nc, "it is written"
    mov word [0x7000], 0
    mov si, packet
    mov ah, 0x42
    mov dx, bp
    int 0x13
    cmp [0x7000], bp
    check e, "and gives back what was written"
    mov si, packet
    mov dword [packet + 8], 0x7FFFFFFF
    mov ah, 0x42
    mov dx, bp
    int 0x13
    check c, "a sector behind its end is refused"
    inc bp
    cmp bp, 0x83
    jb .next
    ret

cdrom:
    mov ah, 0x41
    mov bx, 0x55AA
    mov dl, 0xE0
    int 0x13
    cmp cx, 7
    check e, "the CD-ROM drive has the extensions"
    mov dword [packet + 8], 0
    mov si, packet
    mov ah, 0x42
    mov dl, 0xE0
    int 0x13
    check nc, "a block of it is read"
    cmp dword [0x7000 + 2048 - 4], 0x31323334
    check e, "2048 bytes long"
    mov si, packet
    mov ax, 0x4300
    mov dl, 0xE0
    int 0x13
    cmp ah, 3
    check e, "writing is refused"
    mov ax, 0x4500
    mov dl, 0xE0
    int 0x13
    mov ah, 0x46
    mov al, 0
    mov dl, 0xE0
    int 0x13
    cmp ah, 0xB1
    check e, "a locked disc is not ejected"
    ret

display:
    mov dword [0x600], 'VBE2'
    mov di, 0x600
    mov ax, 0x4F00
    int 0x10
    cmp dword [0x600], 'VESA'
    check e, "VBE is there"
    cmp word [0x604], 0x0300
    check e, "in version 3.0"
    mov ax, 0x4F01
    mov cx, 0x144
    mov di, 0x600
    int 0x10
    cmp ax, 0x004F
    check e, "it knows mode 144h"
    cmp word [0x600 + 18], 1024
    check e, "1024 pixels wide"
    cmp dword [0x600 + 40], 0xE0000000
    check ae, "with a framebuffer where PCI is"
    mov ax, 0x4F02
    mov bx, 0x4144
    int 0x10
    mov ax, 0x4F03
    int 0x10
    cmp bx, 0x4144
    check e, "it sets the mode"
    mov ax, 0x4F06
    mov bl, 1
    int 0x10
    cmp bx, 4096
    check e, "whose lines have 4096 bytes"
    mov ax, 0x4F07
    mov bx, 0
    mov cx, 0
    mov dx, 768
    int 0x10
    mov ax, 0x4F07
    mov bx, 1
    int 0x10
    cmp dx, 768
    check e, "it shows the second screen"
    mov ax, 0x4F05
    mov bx, 0
    mov dx, 1
    int 0x10
    cmp ax, 0x034F
    check e, "a linear mode has no window"
    mov ax, 0x4F02
    mov bx, 0x0101
    int 0x10
    push es
    push word 0xA000
    pop es
    mov ax, 0x4F05
    mov bx, 0
    mov dx, 2
    int 0x10
    mov byte [es:5], 0x77
    mov ax, 0x4F05
    mov bx, 0
    mov dx, 0
    int 0x10
    cmp byte [es:5], 0
    check e, "the window moves"
    mov ax, 0x4F05
    mov bx, 0
    mov dx, 2
    int 0x10
    cmp byte [es:5], 0x77
    pop es
    check e, "and comes back"
    mov ax, 0x4F08
    mov bx, 0x0800
    int 0x10
    cmp bh, 8
    check e, "the DAC takes 8 bits"
    mov dword [0x600], 0x00AABBCC
    mov di, 0x600
    mov ax, 0x4F09
    mov bl, 0
    mov cx, 1
    mov dx, 9
    int 0x10
    mov dword [0x600], 0
    mov ax, 0x4F09
    mov bl, 1
    mov cx, 1
    mov dx, 9
    int 0x10
    cmp dword [0x600], 0x00AABBCC
    check e, "and gives back a colour"
    mov ax, 0x4F0A
    mov bl, 0
    push es
    int 0x10
    mov cx, [es:di]
    pop es
    cmp cx, 64
    check b, "there is a protected mode interface"
    mov ax, 0x4F15
    mov bl, 1
    mov dx, 0
    mov cx, 0
    mov di, 0x600
    int 0x10
    mov cx, 128
    mov al, 0
    mov si, 0x600
.sum:
    add al, [si]
    inc si
    loop .sum
    test al, al
    check z, "the monitor's description adds up to zero"
    call state
    ret

; Saves mode 101h with a colour, sets text, restores: the mode and the colour are there again.
state:
    mov ax, 0x4F04
    mov dl, 0
    mov cx, 15
    int 0x10
    cmp bx, 16
    check be, "the state takes at most 1024 bytes"
    mov ax, 0x4F04
    mov dl, 1
    mov cx, 15
    mov bx, 0x6000
    int 0x10
    mov ax, 3
    int 0x10
    mov ax, 0x4F03
    int 0x10
    cmp bx, 3
    check e, "text mode is mode 3"
    mov ax, 0x4F04
    mov dl, 2
    mov cx, 15
    mov bx, 0x6000
    int 0x10
    mov ax, 0x4F03
    int 0x10
    cmp bx, 0x0101
    check e, "the state comes back"
    mov ax, 3
    int 0x10
    ret

pointer:
    int 0x11
    test al, 4
    check nz, "there is a pointing device"
    mov ax, 0xC205
    mov bh, 3
    int 0x15
    check nc, "it is initialised"
    cmp bx, 0x00AA
    check e, "and is a plain mouse"
    mov ax, 0xC200
    mov bh, 1
    int 0x15
    cmp ah, 5
    check e, "it is not enabled without a handler"
    mov ax, 0xC207
    mov bx, handler
    int 0x15
    mov ax, 0xC200
    mov bh, 1
    int 0x15
    check nc, "and is with one"
    mov ax, 0xC206
    mov bh, 0
    int 0x15
    test bl, 0x20
    check nz, "its status says so"
    mov ax, 0xC200
    mov bh, 0
    int 0x15
    check nc, "it is disabled"
    ret
handler:
    retf

power:
    mov ax, 0x5300
    xor bx, bx
    int 0x15
    cmp bx, 0x504D
    check e, "power management is there"
    mov ax, 0x5301
    xor bx, bx
    int 0x15
    check nc, "it connects"
    mov ax, 0x530A
    mov bx, 1
    int 0x15
    cmp bh, 1
    check e, "and is on line"
    mov ax, 0x5303
    xor bx, bx
    int 0x15
    cmp ax, 0xF000
    check e, "it connects in 32 bits"
    ret

packet: db 16, 0
    dw 1, 0x7000, 0
    dq 1000
display_place: dw 0
ranges: times 8 dd 0
code_end:
    times 1474560 - ($ - $$) db 0
