; 32-bit entry points that systems find by tables: the BIOS32 directory's and the PCI service's. Nothing here may know
; where it lies: callers use segments of their own.
;
; Source: Standard BIOS 32-bit Service Directory Proposal 0.4; PCI BIOS Specification 2.1, section 3.3.
bits 32
cpu 386
extern pci_service_32
global bios32_entry, pci32_entry

section .text

; EAX: the service wanted; BL: zero. AL: 0 found, 80h absent, 81h BL is no function. EBX base, ECX length, EDX entry.
bios32_entry:
    cmp bl, 0
    jne .bad_function
    cmp eax, '$PCI'
    jne .absent
    mov ebx, 0xF0000
    mov ecx, 0x10000
    mov edx, pci32_entry
    mov al, 0
    retf
.absent:
    mov al, 0x80
    retf
.bad_function:
    mov al, 0x81
    retf

; The caller's registers as struct registers; only the first eight are there.
pci32_entry:
    pushfd
    cld
    pushad
    mov eax, esp
    call pci_service_32
    cmp al, 0
    popad
    je .good
    popfd
    stc
    retf
.good:
    popfd
    clc
    retf
