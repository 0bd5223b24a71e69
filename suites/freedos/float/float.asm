; FLOAT.COM: numbers that the x87 unit works out, printed to fifteen decimals, and an exception caught as DOS programs do it.
; Assembled by build.sh into float.img.
bits 16
cpu 386
org 0x100

DIGITS_AFTER_POINT equ 15

start:
    fninit
    mov word [scratch], 0x5a5a
    fnstsw [scratch]
    cmp byte [scratch], 0
    jne no_unit
    fnstcw [scratch]
    mov ax, [scratch]
    and ax, 0x103f
    cmp ax, 0x003f
    jne no_unit

    mov dx, title
    call print

    mov dx, name_pi
    fldpi
    call show

    ; 16 atan(1/5) - 4 atan(1/239), each by its series.
    mov dx, name_machin
    mov word [scratch], 5
    call series
    fmul dword [sixteen]
    mov word [scratch], 239
    call series
    fmul dword [four]
    fsubp st1, st0
    call show

    mov dx, name_root
    fld1
    fadd st0, st0
    fsqrt
    call show

    ; 2^(log2 e), its whole part scaled and its fraction through F2XM1.
    mov dx, name_e
    fldl2e
    fld st0
    frndint
    fsub st1, st0
    fxch st1
    f2xm1
    fld1
    faddp st1, st0
    fscale
    fstp st1
    call show

    mov dx, name_sine
    fld1
    fsin
    call show

    mov dx, name_cosine
    fld1
    fcos
    call show

    mov dx, name_tangent
    fld1
    fptan
    fdivp st1, st0
    call show

    mov dx, name_angle
    fld1
    fld dword [two]
    fpatan
    call show

    mov dx, name_logarithm
    fldln2
    fld dword [ten]
    fyl2x
    call show

    mov dx, name_remainder
    fldpi
    fld dword [hundred]
.again:
    fprem
    fnstsw ax
    test ah, 4
    jnz .again
    fstp st1
    call show

    ; Two thirds with 24, 53 and 64 bits of precision.
    mov dx, name_single
    mov word [scratch], 0x007f
    call two_thirds
    mov dx, name_double
    mov word [scratch], 0x027f
    call two_thirds
    mov dx, name_extended
    mov word [scratch], 0x037f
    call two_thirds

    call divide_by_zero
    mov ax, 0x4c00
    int 0x21

no_unit:
    mov dx, absent
    call print
    mov ax, 0x4c01
    int 0x21

; Two thirds under the control word in [scratch].
two_thirds:
    fldcw [scratch]
    fld dword [two]
    fdiv dword [three]
    mov word [scratch], 0x037f
    fldcw [scratch]
    jmp show

; ST(0) becomes atan(1 / [scratch]): x - x^3/3 + x^5/5 - …, until a term no longer counts.
series:
    fild word [scratch]         ; n
    fmul st0, st0               ; n^2
    fld1
    fidiv word [scratch]        ; power, n^2
    fldz                        ; sum, power, n^2
    mov word [divisor], 1
.term:
    fld st1
    fidiv word [divisor]        ; term, sum, power, n^2
    test word [divisor], 2
    jz .positive
    fchs
.positive:
    fadd st0, st1               ; new sum, sum, power, n^2
    fcom st1
    fnstsw ax
    fstp st1                    ; sum, power, n^2
    sahf
    je .done
    fld st1
    fdiv st0, st3
    fstp st2
    add word [divisor], 2
    jmp .term
.done:
    fstp st2
    fstp st0
    ret

; Prints DX, then ST(0) and a new line; pops.
show:
    call print
    fmul qword [scale]
    fbstp [decimal]
    mov al, ' '
    test byte [decimal + 9], 0x80
    jz .sign
    mov al, '-'
.sign:
    call put
    mov si, 8
    mov cx, 18
    mov bl, 0                   ; whether a digit that counts was printed
.digit:
    mov al, [decimal + si]
    test cl, 1
    jnz .low
    shr al, 4
    jmp .have
.low:
    dec si
.have:
    and al, 15
    or bl, al
    cmp cx, DIGITS_AFTER_POINT + 1
    jbe .print                  ; The digit in front of the point is always printed.
    test bl, bl
    jz .next
.print:
    add al, '0'
    call put
    cmp cx, DIGITS_AFTER_POINT + 1
    jne .next
    mov al, '.'
    call put
.next:
    loop .digit
    mov dx, line_end
    jmp print

; The BIOS hands interrupt 75h on as 2, as it has done since the PC AT.
divide_by_zero:
    mov ax, 0x3502
    int 0x21
    push es
    push bx
    mov dx, handler
    mov ax, 0x2502
    int 0x21
    mov word [scratch], 0x037b  ; ZM clear
    fldcw [scratch]
    fld1
    fldz
    fdivp st1, st0
    fwait
    fninit
    pop dx
    pop ax
    push ds
    mov ds, ax
    mov ax, 0x2502
    int 0x21
    pop ds
    mov dx, not_caught
    cmp byte [caught], 1
    jne .say
    mov dx, was_caught
.say:
    jmp print

handler:
    push ax
    fnstsw ax
    test al, 4                  ; ZE
    jz .other
    inc byte [cs:caught]
.other:
    fnclex
    pop ax
    iret

print:
    mov ah, 9
    int 0x21
    ret
put:
    push dx
    mov dl, al
    mov ah, 2
    int 0x21
    pop dx
    ret

title db 'x87 unit found', 13, 10, '$'
absent db 'no x87 unit', 13, 10, '$'
name_pi db 'pi              $'
name_machin db 'pi, by series   $'
name_root db 'square root of 2$'
name_e db 'e               $'
name_sine db 'sin 1           $'
name_cosine db 'cos 1           $'
name_tangent db 'tan 1           $'
name_angle db 'atan 1/2        $'
name_logarithm db 'ln 10           $'
name_remainder db '100 mod pi      $'
name_single db '2/3, 24 bits    $'
name_double db '2/3, 53 bits    $'
name_extended db '2/3, 64 bits    $'
was_caught db 'division by zero: caught', 13, 10, '$'
not_caught db 'division by zero: not caught', 13, 10, '$'
line_end db 13, 10, '$'
two dd 2.0
three dd 3.0
four dd 4.0
ten dd 10.0
hundred dd 100.0
sixteen dd 16.0
scale dq 1.0e15
caught db 0
scratch dw 0
divisor dw 0
decimal dt 0.0
