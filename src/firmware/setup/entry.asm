; The first bytes of the ROM: where setup_call() enters with EAX and EDX as its arguments, and leaves with EAX.
bits 32
cpu 386
extern setup_main
section .entry progbits alloc exec
    cld
    call setup_main
    retf
