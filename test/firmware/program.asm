; The beginning of a boot program: it loads itself whole, says lines on COM1, and has the macro `check`. The program goes on at
; `second` and ends with `code_end`.

bits 16
cpu 386
org 0x7C00

start:
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7C00
    mov [boot_drive], dl
    mov ax, 0x0200 + (code_end - start + 511) / 512 - 1
    mov bx, second
    mov cx, 2
    mov dh, 0
    int 0x13
    jnc second
    mov si, text_load
    call say
.stop:
    hlt
    jmp .stop

; SI: text ended by zero, to COM1.
say:
    push ax
    push dx
.next:
    lodsb
    test al, al
    jz .end
    call send
    jmp .next
.end:
    pop dx
    pop ax
    ret
send:
    push ax
    mov dx, 0x3FD
.wait:
    in al, dx
    test al, 0x20
    jz .wait
    pop ax
    mov dx, 0x3F8
    out dx, al
    ret

text_load: db "BAD load", 10, 0
text_ok: db "ok ", 0
text_bad: db "BAD ", 0
text_done: db "done", 10, 0
boot_drive: db 0
    times 510 - ($ - $$) db 0
    dw 0xAA55

; check CONDITION, "name": the condition is the one of a jump taken when all is well.
%macro check 2
    j%1 %%good
    mov si, text_bad
    jmp %%say
%%good:
    mov si, text_ok
%%say:
    call say
    mov si, %%name
    call say
    jmp %%end
%%name: db %2, 10, 0
%%end:
%endmacro

