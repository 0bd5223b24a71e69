; A boot program that calls the firmware's services and says on COM1 which behave: one line a check, "ok" or "BAD" first.
; It ends with "done". Built by boot.test.ts as a floppy or as a disk image; sector n from 64 on begins with the dword n.

%define FIRST_MARKED 64
%define BUFFER 0x2000        ; Segment of scratch memory.

%include "program.asm"

second:
    call data_area
    call registers
    call memory
    call block_move
    call protected_mode
    call clock
    call keys
    call screen
    call hooks
    call ports
    cmp byte [boot_drive], 0x80
    jae .disk
    call floppy
    jmp .done
.disk:
    call disk
.done:
    call stack_use
    mov si, text_done
    call say
.stop:
    hlt
    jmp .stop

data_area:
    int 0x12
    cmp ax, 639
    check e, "int 12h tells 639 KiB"
    mov ah, 0xC1
    int 0x15
    mov ax, es
    cmp ax, 0x9FC0
    check e, "int 15h C1h tells the EBDA"
    cmp byte [es:0], 1
    check e, "the EBDA is 1 KiB long"
    cmp ax, [0x40E]
    check e, "40:0E tells the EBDA"
    int 0x11
    and ax, 0x31
    cmp ax, 0x21
    check e, "int 11h tells a floppy and a colour screen"
    mov ah, 0xC0
    int 0x15
    cmp byte [es:bx + 2], 0xFC
    check e, "int 15h C0h tells an AT"
    xor ax, ax
    mov es, ax
    ret

registers:
    mov eax, 0x11110300
    mov ebx, 0x22220000
    mov ecx, 0x33330000
    mov esi, 0x55555555
    mov edi, 0x66666666
    mov ebp, 0x77777777
    mov dx, 0x1234
    mov fs, dx
    inc dx
    mov gs, dx
    mov edx, 0x44440000
    or esp, 0x00A50000
    int 0x10
    shr eax, 16
    cmp ax, 0x1111
    jne .end
    shr ebx, 16
    cmp bx, 0x2222
    jne .end
    shr ecx, 16
    cmp cx, 0x3333
    jne .end
    shr edx, 16
    cmp dx, 0x4444
    jne .end
    cmp esi, 0x55555555
    jne .end
    cmp edi, 0x66666666
    jne .end
    cmp ebp, 0x77777777
    jne .end
    mov ax, fs
    cmp ax, 0x1234
    jne .end
    mov ax, gs
    cmp ax, 0x1235
    jne .end
    mov eax, esp
    shr eax, 16
    cmp ax, 0x00A5
.end:
    movzx esp, sp
    check e, "a service keeps every register, upper halves too"
    ret

memory:
    mov ah, 0x88
    int 0x15
    cmp ax, 15360
    check e, "int 15h 88h tells 15 MiB"
    mov ax, 0xE801
    int 0x15
    cmp ax, 15360
    check e, "int 15h E801h tells 15 MiB"
    test bx, bx
    check z, "and nothing above 16 MiB"
    xor ebx, ebx
    xor bp, bp
    mov di, 0x600
.next:
    mov eax, 0xE820
    mov edx, 0x534D4150
    mov ecx, 20
    int 0x15
    jc .end
    inc bp
    cmp dword [0x600 + 16], 1
    jne .more
    mov ecx, [0x600 + 8]
    add [usable], ecx
.more:
    test ebx, ebx
    jnz .next
.end:
    cmp bp, 5
    check e, "int 15h E820h lists five ranges"
    cmp dword [usable], 639 * 1024 + 15360 * 1024
    check e, "whose usable bytes are all the memory"
    mov ax, 0x2400
    int 0x15
    mov ax, 0x2402
    int 0x15
    cmp al, 0
    check e, "int 15h 2400h holds A20 low"
    mov ax, 0x2401
    int 0x15
    mov ax, 0x2402
    int 0x15
    cmp al, 1
    check e, "int 15h 2401h frees it"
    mov ax, 0x4100
    int 0x15
    check c, "int 15h refuses what it does not know"
    ret

block_move:
    push es
    mov ax, 0x2400
    int 0x15
    mov dword [0x700], 0x600DCAFE
    mov word [descriptors + 0x12], 0x700
    mov byte [descriptors + 0x14], 0
    mov word [descriptors + 0x1A], 0
    mov byte [descriptors + 0x1C], 0x10
    call .move
    mov dword [0x700], 0
    mov word [descriptors + 0x12], 0
    mov byte [descriptors + 0x14], 0x10
    mov word [descriptors + 0x1A], 0x700
    mov byte [descriptors + 0x1C], 0
    call .move
    cmp dword [0x700], 0x600DCAFE
    check e, "int 15h 87h moves to extended memory and back"
    mov ax, 0x2402
    int 0x15
    cmp al, 0
    check e, "and leaves A20 as it was"
    mov ax, 0x2401
    int 0x15
    pop es
    ret
.move:
    mov si, descriptors
    mov cx, 3
    mov ah, 0x87
    int 0x15
    ret

protected_mode:
    mov si, selectors
    mov bx, 0x0870              ; The interrupt bases stay as they are.
    mov ah, 0x89
    int 0x15
    mov bx, cs                  ; Back in real mode this would still be zero.
    mov dx, ss
    mov eax, cr0
    and al, 0xFE
    mov cr0, eax
    jmp 0:.real
.real:
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    lidt [real_vectors]
    mov al, 0xB8
    out 0x21, al
    mov al, 0x8F
    out 0xA1, al
    sti
    cmp bx, 0x30
    jne .end
    cmp dx, 0x28
.end:
    check e, "int 15h 89h enters protected mode with the caller's selectors"
    ret

clock:
    mov ebx, [0x46C]
    mov cx, 3
    mov dx, 0x0D40              ; 210 ms: four ticks, give or take one.
    mov ah, 0x86
    int 0x15
    mov eax, [0x46C]
    sub eax, ebx
    cmp eax, 3
    jb .waited
    cmp eax, 6
    ja .waited
    cmp al, al
.waited:
    check e, "int 15h 86h waits its time"
    mov byte [0x600], 0
    mov bx, 0x600
    xor cx, cx
    mov dx, 50000
    mov ax, 0x8300
    int 0x15
    mov eax, [0x46C]
    add eax, 4
.event:
    hlt
    cmp eax, [0x46C]
    ja .event
    cmp byte [0x600], 0x80
    check e, "int 15h 83h sets the caller's flag"
    mov ah, 0
    int 0x1A
    cmp dx, [0x46C]
    check e, "int 1Ah 00h tells the ticks"
    mov cx, 0x2359
    mov dx, 0x5700
    mov ah, 3
    int 0x1A
    mov ah, 2
    int 0x1A
    cmp cx, 0x2359
    check e, "int 1Ah sets and tells the time"
    mov cx, 0x1999
    mov dx, 0x1231
    mov ah, 5
    int 0x1A
    mov ah, 4
    int 0x1A
    cmp dx, 0x1231
    check e, "int 1Ah sets and tells the date"
    mov cx, 0x18
    mov dx, 0x00AF
    mov ah, 1
    int 0x1A
    mov ebx, [0x46C]
.midnight:
    hlt
    cmp ebx, [0x46C]
    je .midnight
    mov ah, 0
    int 0x1A
    cmp al, 1
    check e, "the tick counts midnight"
    ret

keys:
    mov cx, 0x1E61
    mov ah, 5
    int 0x16
    cmp al, 0
    check e, "int 16h 05h puts a key"
    mov ah, 1
    int 0x16
    check nz, "int 16h 01h sees it"
    mov ah, 0
    int 0x16
    cmp ax, 0x1E61
    check e, "int 16h 00h takes it"
    mov ah, 1
    int 0x16
    check z, "and it is gone"
    mov cx, 0x8500              ; F11, unknown to the old functions.
    mov ah, 5
    int 0x16
    mov cx, 0x48E0
    mov ah, 5
    int 0x16
    mov ah, 0
    int 0x16
    cmp ax, 0x4800
    check e, "int 16h 00h drops F11 and shows the grey arrow as the old one"
    mov cx, 0x48E0
    mov ah, 5
    int 0x16
    mov ah, 0x10
    int 0x16
    cmp ax, 0x48E0
    check e, "int 16h 10h shows it as it is"
    mov cx, 15
.fill:
    push cx
    mov cx, 0x3920
    mov ah, 5
    int 0x16
    pop cx
    loop .fill
    mov ah, 5
    int 0x16
    cmp al, 1
    check e, "the sixteenth key finds the buffer full"
    mov ax, [0x41C]
    mov [0x41A], ax
    ret

screen:
    mov ax, 3
    int 0x10
    mov ah, 0x0F
    int 0x10
    cmp ax, 0x5003
    check e, "int 10h 0Fh tells mode 3 with 80 columns"
    mov ah, 2
    mov bh, 0
    mov dx, 0x0504
    int 0x10
    mov ax, 0x0958
    mov bx, 0x001E
    mov cx, 2
    int 0x10
    mov ah, 8
    int 0x10
    cmp ax, 0x1E58
    check e, "int 10h 09h writes what 08h reads"
    mov ax, 0x0601
    mov bh, 0x07
    xor cx, cx
    mov dx, 0x184F
    int 0x10
    push es
    mov ax, 0xB800
    mov es, ax
    cmp word [es:(4 * 80 + 5) * 2], 0x1E58
    check e, "int 10h 06h scrolls up"
    mov ax, 0x0701
    mov bh, 0x07
    mov cx, 0x0404
    mov dx, 0x0605
    int 0x10
    cmp word [es:(5 * 80 + 5) * 2], 0x1E58
    check e, "int 10h 07h scrolls a window down"
    mov dx, 0x1800
    mov bx, 0
    mov ah, 2
    int 0x10
    mov ax, 0x0E0A
    int 0x10
    cmp word [es:(4 * 80 + 5) * 2], 0x1E58
    check e, "a line feed on the last row scrolls"
    pop es
    mov ax, 0x1A00
    int 0x10
    cmp bl, 8
    check e, "int 10h 1Ah tells a colour VGA"
    mov ax, 0x1015
    mov bx, 0x3F
    int 0x10
    cmp cx, 0x3F3F
    check e, "the DAC holds white where the attribute controller looks"
    mov ax, 0x0012
    int 0x10
    mov ax, 0x0C0D
    mov cx, 601
    mov dx, 471
    mov bh, 0
    int 0x10
    mov ah, 0x0D
    int 0x10
    cmp al, 0x0D
    check e, "mode 12h gives back the pixel written"
    mov ax, 0x0E51
    mov bl, 15
    int 0x10
    xor dx, dx
    mov ah, 2
    int 0x10
    mov ah, 8
    int 0x10
    cmp al, 'Q'
    check e, "and reads back the character written"
    mov ax, 0x0003
    int 0x10
    ret

hooks:
    mov word [0x1C * 4], tick
    mov word [0x1C * 4 + 2], 0
    mov eax, [0x46C]
    add eax, 3
.wait:
    hlt
    cmp eax, [0x46C]
    ja .wait
    cmp byte [ticks], 2
    check ae, "int 1Ch is called by the tick"
    mov ax, 0x4F1E
    stc
    int 0x15
    check c, "the keyboard intercept lets keys through"
    cmp ax, 0x4F1E
    check e, "unchanged"
    ret
tick:
    inc byte [cs:ticks]
    iret

ports:
    cmp word [0x400], 0x3F8
    check e, "COM1 is in the data area"
    mov ah, 3
    xor dx, dx
    int 0x14
    test ah, 0x20
    check nz, "int 14h 03h tells that COM1 can send"
    mov dx, 3
    mov ah, 3
    int 0x14
    test ah, 0x80
    check nz, "a port that is not there times out"
    ret

; EAX: sector; reads BP sectors of the boot drive to BUFFER:0 by cylinder, head and sector.
read_place:
    push ax
    mov ah, 8
    mov dl, [boot_drive]
    push es
    int 0x13
    pop es
    and cx, 0x3F
    movzx esi, cx
    inc dh
    movzx edi, dh
    pop ax
    movzx eax, ax
    xor edx, edx
    div esi
    mov cx, dx
    inc cx
    xor edx, edx
    div edi
    mov dh, dl
    mov ch, al
    mov dl, [boot_drive]
    push es
    mov ax, BUFFER
    mov es, ax
    xor bx, bx
    mov ax, bp
    mov ah, [operation]
    int 0x13
    pop es
    ret

; Whether BP sectors at BUFFER:0 begin with the numbers from EDX on: ZF.
compare_marks:
    push ds
    mov ax, BUFFER
    mov ds, ax
    xor bx, bx
.next:
    cmp [bx], edx
    jne .end
    inc edx
    add bx, 512
    dec bp
    jnz .next
.end:
    pop ds
    ret

floppy:
    mov ah, 8
    mov dl, 0
    int 0x13
    cmp cx, 0x4F12
    check e, "int 13h 08h tells 80 tracks of 18 sectors"
    mov ax, [es:di + 3]
    cmp ax, 0x1202
    check e, "and points to parameters that say the same"
    xor ax, ax
    mov es, ax
    mov ax, 72
    mov bp, 18
    call read_place
    check nc, "a whole track is read"
    mov edx, 72
    mov bp, 18
    call compare_marks
    check e, "and is the right one"
    mov ax, 80                  ; Sector 9 of head 0 of cylinder 2.
    mov bp, 20
    call read_place
    mov edx, 80
    mov bp, 20
    call compare_marks
    check e, "a read runs on from head 0 to head 1"
    push es
    mov ax, 0x2FE0
    mov es, ax
    mov ax, 0x0201
    mov bx, 0x0000
    mov cx, 0x0301
    mov dx, 0
    int 0x13
    check nc, "a read just below a DMA boundary is made"
    mov ax, 0x0201
    mov bx, 0x0010
    mov cx, 0x0301
    mov dx, 0
    int 0x13
    pop es
    cmp ah, 9
    check e, "one across it is refused"
    call write_back
    mov ax, 0x0201
    mov cx, 0x0220
    mov dx, 0
    mov bx, 0x7000
    int 0x13
    check c, "sector 32 of a track is not found"
    mov ah, 1
    mov dl, 0
    int 0x13
    cmp ah, 4
    check e, "and int 13h 01h says so"
    mov ah, 0x15
    mov dl, 0
    int 0x13
    cmp ah, 2
    check e, "int 13h 15h tells a drive with a change line"
    ret

; Writes a sector with another mark, verifies it, reads it back, and puts the old mark back.
write_back:
    mov ax, 90
    mov bp, 1
    call read_place
    push es
    push word BUFFER
    pop es
    mov dword [es:0], 0x12345678
    pop es
    mov byte [operation], 3
    mov ax, 90
    mov bp, 1
    call read_place
    check nc, "a sector is written"
    mov byte [operation], 4
    mov ax, 90
    mov bp, 1
    call read_place
    check nc, "and verified"
    push es
    push word BUFFER
    pop es
    mov dword [es:0], 0
    pop es
    mov byte [operation], 2
    mov ax, 90
    mov bp, 1
    call read_place
    mov edx, 0x12345678
    mov bp, 1
    call compare_marks
    check e, "and read back"
    ret

disk:
    mov ah, 8
    mov dl, 0x80
    int 0x13
    cmp dl, 1
    check e, "int 13h 08h tells one disk"
    mov ax, 200
    mov bp, 100
    call read_place
    check nc, "a hundred sectors are read"
    mov edx, 200
    mov bp, 100
    call compare_marks
    check e, "and are the right ones"
    call write_back
    mov ah, 0x41
    mov bx, 0x55AA
    mov dl, 0x80
    int 0x13
    cmp bx, 0xAA55
    check e, "the extensions are there"
    mov si, packet
    mov ah, 0x42
    mov dl, 0x80
    int 0x13
    check nc, "int 13h 42h reads"
    mov edx, 300
    mov bp, 40
    call compare_marks
    check e, "the right sectors"
    mov ah, 0x43
    mov al, 0
    mov dl, 0x80
    mov si, packet
    int 0x13
    check nc, "int 13h 43h writes"
    mov word [0x600], 26
    mov si, 0x600
    mov ah, 0x48
    mov dl, 0x80
    int 0x13
    cmp dword [0x610], 20160
    check e, "int 13h 48h tells 20160 sectors"
    mov ah, 0x15
    mov dl, 0x80
    int 0x13
    cmp ah, 3
    check e, "int 13h 15h tells a disk"
    cmp dx, 20160
    check e, "with its sectors"
    mov dword [packet + 8], 20160
    mov si, packet
    mov ah, 0x42
    mov dl, 0x80
    int 0x13
    check c, "a sector beyond the end is refused"
    mov ah, 0
    mov dl, 0x80
    int 0x13
    check nc, "the disk is reset"
    mov ax, 0x0201
    mov dl, 0x81
    int 0x13
    check c, "a second disk is not there"
    ret

; How deep the services go into the caller's stack: fills it, works, and looks for the lowest byte changed.
stack_use:
    mov [saved_sp], sp
    mov sp, 0x7000
    mov di, 0x6C00
    mov cx, 0x0400
    mov al, 0x5A
    rep stosb
    mov ax, 0x0E2E
    mov bx, 7
    int 0x10
    mov ax, 0x0201
    mov bx, 0x6000
    mov cx, 1
    mov dh, 0
    mov dl, [boot_drive]
    int 0x13
    mov eax, [0x46C]
    add eax, 3
.wait:
    hlt
    cmp eax, [0x46C]
    ja .wait
    mov di, 0x6C00
    mov cx, 0x0400
    mov al, 0x5A
    repe scasb
    mov ax, 0x7001
    sub ax, di
    mov sp, [saved_sp]
    cmp ax, 100
    check be, "services and ticks take at most 100 bytes of stack"
    ret

align 8
descriptors: dq 0, 0
    dw 0xFFFF, 0, 0x9300, 0
    dw 0xFFFF, 0, 0x9300, 0
    dq 0, 0
selectors: dq 0
    dw 0x3F, selectors, 0x9300, 0
    dw 0x07FF, 0, 0x9300, 0
    dw 0xFFFF, 0, 0x9300, 0
    dw 0xFFFF, 0, 0x9300, 0
    dw 0xFFFF, 0, 0x9300, 0
    dw 0xFFFF, 0, 0x9B00, 0
    dq 0
real_vectors: dw 0x3FF
    dd 0
packet: db 16, 0
    dw 40, 0, BUFFER
    dq 300
operation: db 2
usable: dd 0
saved_sp: dw 0
ticks: db 0
code_end:
    times FIRST_MARKED * 512 - ($ - $$) db 0
%assign number FIRST_MARKED
%rep SECTORS - FIRST_MARKED
    dd number
    times 508 db 0
%assign number number + 1
%endrep
