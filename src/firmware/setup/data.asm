; What build.sh made of dsdt.asl, and the larger fonts, which INT 10h finds at E6000h.
section .rodata
global dsdt_start, dsdt_end
dsdt_start: incbin "dsdt.aml"
dsdt_end:

section .font progbits alloc noexec nowrite
    incbin "font8x16.bin"
    incbin "font8x14.bin"
