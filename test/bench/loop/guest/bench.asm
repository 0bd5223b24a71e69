; The bench's guest: a floppy whose boot sector fetches the rest and then obeys commands on COM1, with interrupts off.
; A command is a letter and four bytes: R for 16-bit real mode, P for 32-bit protected mode, G for the same with paging;
; then the number of iterations, low byte first. The guest answers 'S' when the mix starts and 'E' when it has ended, then
; four bytes of a checksum of everything computed. 'B' is said once, when the guest is ready.
bits 16
org 0x7c00

COM1 equ 0x3f8
; The mix works on 32 KiB from here; its stack lies well away from code.
DATA_LINEAR equ 0x20000
STACK_LINEAR equ 0x30000
STACK_TOP equ 0x8000
; Paging maps the first 4 MiB to itself, through one table.
DIRECTORY equ 0x40000
TABLE equ 0x41000
SECTORS equ 4
FLAT_CODE equ 8
FLAT_DATA equ 16
CODE_16 equ 24
DATA_16 equ 32

boot:
    jmp 0:start
start:
    cli
    cld
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00
    sti
    mov ax, 0x0200 + SECTORS
    mov bx, header
    mov cx, 2
    mov dh, 0 ; The drive is in DL, where the firmware left it.
    int 0x13
    jc boot
    cli
    mov si, line_settings
.set_line:
    lodsb
    mov dl, al
    mov dh, COM1 >> 8
    lodsb
    out dx, al
    cmp si, line_settings.end
    jb .set_line
    call make_pages
    mov al, 'B'
    call send
    jmp obey

; Register by register: 115,200 baud, 8 data bits, no parity, one stop bit, FIFOs on, no interrupts.
line_settings:
    db 0xf9, 0, 0xfb, 0x80, 0xf8, 1, 0xf9, 0, 0xfb, 3, 0xfa, 7, 0xfc, 3
.end:

; Sends AL; clobbers AH and DX.
send:
    mov ah, al
    mov dx, COM1 + 5
.wait:
    in al, dx
    test al, 0x20
    jz .wait
    mov dx, COM1
    mov al, ah
    out dx, al
    ret

; Waits for a byte and returns it in AL; clobbers DX.
receive:
    mov dx, COM1 + 5
.wait:
    in al, dx
    test al, 1
    jz .wait
    mov dx, COM1
    in al, dx
    ret

make_pages:
    mov ax, DIRECTORY >> 4
    mov es, ax
    xor di, di
    mov eax, TABLE | 7
    stosd
    mov di, TABLE - DIRECTORY
    mov eax, 7
.next:
    stosd
    add eax, 0x1000
    cmp di, TABLE - DIRECTORY + 0x1000
    jb .next
    ret

    times 510 - ($ - $$) db 0
    dw 0xaa55

; What the host reads from the image: where each phase's mix begins and ends, and how long an iteration is.
header:
    db 'BENCH', 0, 0, 0
    dd instructions_per_iteration
    dd real_iteration, real_end
    dd flat_iteration, flat_end

iterations: dd 0
paging: db 0

obey:
    call receive
    mov bl, al
    mov cx, 4
.count:
    call receive
    ror eax, 8
    and eax, 0xff000000
    shr dword [iterations], 8
    or [iterations], eax
    loop .count
    call clear_data
    cmp bl, 'R'
    je real_phase
    cmp bl, 'G'
    sete [paging]
    jmp protected_phase

; Makes the mix a function of the number of iterations alone.
clear_data:
    mov ax, DATA_LINEAR >> 4
    mov es, ax
    xor di, di
    xor eax, eax
    mov cx, 0x8000 / 4
    rep stosd
    mov eax, [iterations]
    mov [es:0x6010], eax
    ret

; Ends every phase: the checksum is the accumulator.
finish:
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, 0x7c00
    mov ax, DATA_LINEAR >> 4
    mov es, ax
    mov ebx, [es:0x6000]
    mov al, 'E'
    call send
    mov cx, 4
.next:
    mov al, bl
    call send
    shr ebx, 8
    loop .next
    jmp obey

%include "mix.asm"

real_phase:
    mov ax, STACK_LINEAR >> 4
    mov ss, ax
    mov sp, STACK_TOP
    mov ax, DATA_LINEAR >> 4
    mov ds, ax
    mov es, ax
    mov al, 'S'
    call send
    xor eax, eax
    xor ebx, ebx
    xor ecx, ecx
    xor edx, edx
    xor esi, esi
    xor edi, edi
    xor ebp, ebp
    jmp real_iteration

%define A ax
%define B bx
%define C cx
%define D dx
%define S si
%define T di
%define P bp
%define K sp
%define WORD_BYTES 2
%define DATA 0
%define MOVS movsw
%define LODS lodsw
%define STOS stosw
align 64
MIX real
real_end:
    jmp finish
MIX_FUNCTIONS real

%undef A
%undef B
%undef C
%undef D
%undef S
%undef T
%undef P
%undef K
%define A eax
%define B ebx
%define C ecx
%define D edx
%define S esi
%define T edi
%define P ebp
%define K esp
%define WORD_BYTES 4
%define DATA DATA_LINEAR
%define MOVS movsd
%define LODS lodsd
%define STOS stosd

protected_phase:
    lgdt [gdt_pointer]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp FLAT_CODE:flat_start

bits 32
flat_start:
    mov ax, FLAT_DATA
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov esp, STACK_LINEAR + STACK_TOP
    cmp byte [paging], 0
    je .paging_settled
    mov eax, DIRECTORY
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
.paging_settled:
    mov edx, COM1 + 5
.wait:
    in al, dx
    test al, 0x20
    jz .wait
    mov edx, COM1
    mov al, 'S'
    out dx, al
    xor eax, eax
    xor ebx, ebx
    xor ecx, ecx
    xor edx, edx
    xor esi, esi
    xor edi, edi
    xor ebp, ebp
    jmp flat_iteration

align 64
MIX flat
flat_end:
    jmp flat_finish
MIX_FUNCTIONS flat

flat_finish:
    mov eax, cr0
    and eax, 0x7fffffff
    mov cr0, eax
    jmp CODE_16:leave_protected

bits 16
leave_protected:
    mov ax, DATA_16
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov eax, cr0
    and al, 0xfe
    mov cr0, eax
    jmp 0:finish

align 8
gdt:
    dq 0
    dq 0x00cf9a000000ffff
    dq 0x00cf92000000ffff
    dq 0x00009a000000ffff
    dq 0x000092000000ffff
gdt_pointer:
    dw $ - gdt - 1
    dd gdt

    times 512 * (1 + SECTORS) - ($ - $$) db 0
