; vector_stubs: 256 entries of 16 bytes. Each pushes its vector, after a zero where the processor pushes no error code, and jumps to `trapped`.
%macro entry 1
        align 16
    %if (%1 = 8) || (%1 >= 10 && %1 <= 14) || (%1 = 17)
    %else
        push dword 0
    %endif
        push dword %1
        jmp trapped
%endmacro
        align 16
vector_stubs:
%assign number 0
%rep 256
        entry number
%assign number number + 1
%endrep
