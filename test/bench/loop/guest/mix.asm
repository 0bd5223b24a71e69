; One iteration of the fixed mix, as a macro: the same instructions in 16-bit and in 32-bit code. The includer defines the
; registers A B C D S T P K (accumulator, base, count, data, source, target, frame, stack pointer), WORD_BYTES, DATA,
; and MOVS, LODS, STOS. Whatever way the branches go, an iteration takes `instructions_per_iteration` instructions; each
; iteration of the one REP MOVS counts as an instruction.

; 8 + 10 + 10 + 10 + 23 + 23 + 13 + 3, section by section below.
instructions_per_iteration equ 100

%macro MIX 1
%1_iteration:
    ; Pseudo-random numbers: 8.
    imul A, A, 0x4e6d
    add A, 12345
    mov S, A
    shr S, 2
    and S, 0x3ffc
    mov D, A
    rol D, 5
    xor D, 0x1d3

    ; Loads and stores over 16 KiB: 10.
    mov B, [S + DATA]
    add B, A
    mov [S + DATA], B
    add [S + DATA + 4], D
    movzx C, byte [S + DATA + 1]
    lea T, [B + S + 5]
    mov [DATA + 0x7000], T
    mov [S + DATA + 9], cl
    adc D, [DATA + 0x7000]
    sub T, C

    ; Branches that depend on numbers, both ways equally long: 10.
    test A, 0x40
    jz %1_clear
    add B, T
    jmp %1_joined
%1_clear:
    sub B, D
    nop
%1_joined:
    cmp T, D
    jae %1_above
    xor D, T
    inc T
    jmp %1_ordered
%1_above:
    dec T
    not D
    nop
%1_ordered:
    sbb B, 3

    ; Shifts, bytes, multiplication and division: 10.
    shl B, 3
    sar T, 1
    mov cl, dl
    and cl, 7
    ror B, cl
    xor ah, bl
    mov C, B
    or C, 1
    xor D, D
    div C

    ; A call with arguments on the stack and a frame, and a call through a register: 23.
    push B
    push T
    call %1_function
    add K, 2 * WORD_BYTES
    mov P, %1_one
    test A, 0x100
    jz %1_first
    mov P, %1_other
    jmp %1_chosen
%1_first:
    xchg B, T
    nop
%1_chosen:
    call P

    ; A short loop over an array: 23.
    mov C, 4
    mov S, 0x40
%1_sum:
    add A, [S + DATA]
    xor B, A
    add S, WORD_BYTES
    dec C
    jnz %1_sum
    neg B

    ; Strings: 13, five of them the repeated one's.
    mov S, DATA + 0x5000
    mov T, DATA + 0x5800
    mov C, 5
    add [DATA + 0x5000], A
    LODS
    STOS
    MOVS
    rep MOVS
    add A, [DATA + 0x6000]

    ; The end of an iteration: 3.
    mov [DATA + 0x6000], A
    sub dword [DATA + 0x6010], 1
    jnz %1_iteration
%endmacro

; What the mix calls: 9 instructions for the first, 4 for either of the others.
%macro MIX_FUNCTIONS 1
%1_function:
    push P
    mov P, K
    mov A, [P + 2 * WORD_BYTES]
    xor A, [P + 3 * WORD_BYTES]
    mov [P + 3 * WORD_BYTES], A
    add A, D
    mov K, P
    pop P
    ret
%1_one:
    inc B
    add D, B
    xor A, B
    ret
%1_other:
    dec T
    sub D, T
    xor A, D
    ret
%endmacro
