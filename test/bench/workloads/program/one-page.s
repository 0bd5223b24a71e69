# Code, data and stack in one page, as in boot sectors and small DOS programs: a page-sized routine that calls itself a
# subroutine, pushes, pops and counts in memory beside its own instructions. It touches no byte that it executes.
    .globl one_page
    .section .onepage, "awx", @progbits
    .balign 4096
    .set TIMES, 1200000
one_page:
    push %ebx
    push %esi
    mov %esp, kept_stack
    mov $top_of_stack, %esp
    mov $TIMES, %esi
    mov $2166136261, %eax
again:
    push %eax
    call step
    add $4, %esp
    mov %eax, counters
    incl counters + 4
    dec %esi
    jnz again
    xor counters + 4, %eax
    mov kept_stack, %esp
    pop %esi
    pop %ebx
    ret
step:
    push %ebx
    mov 8(%esp), %ebx
    xor %esi, %ebx
    imul $16777619, %ebx, %eax
    mov %eax, counters + 8
    pop %ebx
    ret
    .balign 64
kept_stack:
    .long 0
counters:
    .long 0, 0, 0
    .balign 2048
    .space 1024
top_of_stack:
    .balign 4096
    .section .note.GNU-stack, "", @progbits
