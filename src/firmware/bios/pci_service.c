/*
 * PCI BIOS: INT 1Ah AH=B1h and, compiled a second time as 32-bit code, the service behind the BIOS32 directory.
 *
 * Source: PCI BIOS Specification 2.1, chapter 4.
 *
 * Not modelled: special cycles; buses other than 0; the routing options (AL=0Eh) of the 32-bit service.
 */
#include "services.h"

#define FUNCTION_UNSUPPORTED 0x81
#define BAD_VENDOR 0x83
#define DEVICE_NOT_FOUND 0x86
#define BAD_REGISTER 0x87
#define SET_FAILED 0x88
#define BUFFER_TOO_SMALL 0x89

static u32 configuration_address(u16 place, u8 at) { return 0x80000000 | (u32)place << 8 | (at & 0xFC); }

static u32 read_dword(u16 place, u8 at) {
    out32(0xCF8, configuration_address(place, at));
    return in32(0xCFC);
}

/* The index-th function whose dword at a place, under a mask, is the wanted one; FFFFh when there are fewer. */
static u16 find_function(u8 at, u32 mask, u32 wanted, u16 index) {
    for (u16 devfn = 0; devfn < 256; devfn++) {
        if (devfn & 7 && !(read_dword(devfn & 0xF8, 0x0C) & 0x800000)) {
            devfn |= 7;
            continue;
        }
        if ((u16)read_dword(devfn, 0) == 0xFFFF) continue;
        if ((read_dword(devfn, at) & mask) == wanted && index-- == 0) return devfn;
    }
    return 0xFFFF;
}

static u8 find_service(struct registers *r, u8 at, u32 mask, u32 wanted) {
    u16 found = find_function(at, mask, wanted, SI(r));
    if (found == 0xFFFF) return DEVICE_NOT_FOUND;
    r->bx = found;
    return 0;
}

/* AL=08h to 0Dh: bytes, words and dwords, read and then written. */
static u8 register_service(struct registers *r) {
    u8 kind = r->al - 8, width = kind % 3;
    u16 at = DI(r), port = 0xCFC + (at & 3);
    if (at > 0xFF || at & ((1 << width) - 1)) return BAD_REGISTER;
    out32(0xCF8, configuration_address(r->bx, at));
    bool there = r->bh == 0;
    switch (kind) {
    case 0:
        r->cl = there ? in8(port) : 0xFF;
        break;
    case 1:
        r->cx = there ? in16(port) : 0xFFFF;
        break;
    case 2:
        r->ecx = there ? in32(port) : 0xFFFFFFFF;
        break;
    case 3:
        if (there) out8(port, r->cl);
        break;
    case 4:
        if (there) out16(port, r->cx);
        break;
    default:
        if (there) out32(port, r->ecx);
    }
    return 0;
}

/* AL=0Fh: CH is the interrupt for pin CL (0Ah is INTA#) of the device in BX. */
static u8 set_interrupt(struct registers *r) {
    u8 irq = r->ch, pin = r->cl - 0x0A, device = r->bl >> 3;
    if (pin > 3 || r->bh || (irq != 5 && irq != 9 && irq != 10 && irq != 11)) return SET_FAILED;
    out32(0xCF8, configuration_address(0x08, 0x60));
    out8(0xCFC + ((pin + device - 1) & 3), irq);
    u16 port = 0x4D0 + (irq >> 3);
    out8(port, in8(port) | 1 << (irq & 7));
    return 0;
}

#ifndef PCI_SERVICE_32
/* AL=0Eh: the slots of the routing table into the buffer that ES:DI describes by its size and a pointer. */
static u8 routing_options(struct registers *r) {
    u16 table = 0;
    while (table < TABLES_END && far_read32(ROM_SEGMENT, table) != 0x52495024) table += 16;
    if (table >= TABLES_END) return FUNCTION_UNSUPPORTED;
    u16 bytes = far_read16(ROM_SEGMENT, table + 6) - 32, room = far_read16(r->es, DI(r));
    u16 offset = far_read16(r->es, DI(r) + 2), segment = far_read16(r->es, DI(r) + 4);
    far_write16(r->es, DI(r), bytes);
    if (room < bytes) return BUFFER_TOO_SMALL;
    far_copy(segment, offset, ROM_SEGMENT, table + 32, bytes);
    r->bx = 0;
    return 0;
}
#endif

/* Puts the answer into AH; the carry is set when it is not zero. */
#ifdef PCI_SERVICE_32
u8 pci_service_32(struct registers *r) {
#else
u8 pci_service(struct registers *r) {
#endif
    u8 status;
    switch (r->al) {
    case 0x01:
        r->edx = 0x20494350;
        r->ax = 0x0001; /* Mechanism #1, without special cycles. */
        r->bx = 0x0210;
        r->cl = 0;
        return 0;
    case 0x02:
        status = r->dx == 0xFFFF ? BAD_VENDOR : find_service(r, 0x00, 0xFFFFFFFF, (u32)r->cx << 16 | r->dx);
        break;
    case 0x03:
        status = find_service(r, 0x08, 0xFFFFFF00, r->ecx << 8);
        break;
    case 0x08:
    case 0x09:
    case 0x0A:
    case 0x0B:
    case 0x0C:
    case 0x0D:
        status = register_service(r);
        break;
#ifndef PCI_SERVICE_32
    case 0x0E:
        status = routing_options(r);
        break;
#endif
    case 0x0F:
        status = set_interrupt(r);
        break;
    default:
        status = FUNCTION_UNSUPPORTED;
    }
    r->ah = status;
    return status;
}
