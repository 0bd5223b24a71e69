/*
 * The differentiated system description table: what a system learns of the board's devices and of how their interrupts
 * are routed. The firmware replaces the integer PRES by one bit for each device that POST found:
 * 0 to 3 COM1 to COM4, 4 to 6 parallel ports 378h, 278h, 3BCh, 7 floppy, 8 pointing device, 9 HPET, 10 keyboard.
 *
 * Source: Advanced Configuration and Power Interface Specification 1.0b and 2.0, chapters 5 to 7 and 16.
 */
DefinitionBlock ("dsdt.aml", "DSDT", 1, "TSVM", "TSVMDSDT", 0x00000001)
{
    Name (PRES, 0x5AA51234)
    Name (PICM, Zero)

    Method (_PIC, 1, NotSerialized) { Store (Arg0, PICM) }

    /* Bit Arg0 of PRES as the answer of _STA. */
    Method (STAT, 1, NotSerialized)
    {
        If (And (PRES, ShiftLeft (One, Arg0))) { Return (0x0F) }
        Return (Zero)
    }

    /* Soft off is type 0 in the PIIX4's power management control register. */
    Name (_S5, Package (4) { Zero, Zero, Zero, Zero })

    Scope (_PR)
    {
        Processor (CPU0, 0x00, 0x00000000, 0x00) {}
    }

    Scope (_SB)
    {
        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A03"))
            Name (_UID, One)
            Name (_BBN, Zero)
            Name (_CRS, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0x0000, 0x0000, 0x00FF, 0x0000, 0x0100)
                IO (Decode16, 0x0CF8, 0x0CF8, 0x01, 0x08)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0x0000, 0x0000, 0x0CF7, 0x0000, 0x0CF8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0x0000, 0x0D00, 0xFFFF, 0x0000, 0xF300)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite,
                    0x00000000, 0x000A0000, 0x000BFFFF, 0x00000000, 0x00020000)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                    0x00000000, 0xE0000000, 0xFEBFFFFF, 0x00000000, 0x1EC00000)
            })

#define SLOT(address, a, b, c, d) \
                Package (4) { address, Zero, a, Zero }, \
                Package (4) { address, One,  b, Zero }, \
                Package (4) { address, 2,    c, Zero }, \
                Package (4) { address, 3,    d, Zero }
#define SLOT_A(address) SLOT (address, LNKA, LNKB, LNKC, LNKD)
#define SLOT_B(address) SLOT (address, LNKB, LNKC, LNKD, LNKA)
#define SLOT_C(address) SLOT (address, LNKC, LNKD, LNKA, LNKB)
#define SLOT_D(address) SLOT (address, LNKD, LNKA, LNKB, LNKC)

            /* The same with the PIC and the I/O APIC, whose inputs are the interrupts of the links. */
            Name (_PRT, Package ()
            {
                SLOT_A (0x0001FFFF), SLOT_B (0x0002FFFF), SLOT_C (0x0003FFFF), SLOT_D (0x0004FFFF),
                SLOT_A (0x0005FFFF), SLOT_B (0x0006FFFF), SLOT_C (0x0007FFFF), SLOT_D (0x0008FFFF),
                SLOT_A (0x0009FFFF), SLOT_B (0x000AFFFF), SLOT_C (0x000BFFFF), SLOT_D (0x000CFFFF),
                SLOT_A (0x000DFFFF), SLOT_B (0x000EFFFF), SLOT_C (0x000FFFFF), SLOT_D (0x0010FFFF),
                SLOT_A (0x0011FFFF), SLOT_B (0x0012FFFF), SLOT_C (0x0013FFFF), SLOT_D (0x0014FFFF),
                SLOT_A (0x0015FFFF), SLOT_B (0x0016FFFF), SLOT_C (0x0017FFFF), SLOT_D (0x0018FFFF),
                SLOT_A (0x0019FFFF), SLOT_B (0x001AFFFF), SLOT_C (0x001BFFFF), SLOT_D (0x001CFFFF),
                SLOT_A (0x001DFFFF), SLOT_B (0x001EFFFF), SLOT_C (0x001FFFFF)
            })

            Device (ISA)
            {
                Name (_ADR, 0x00010000)
                OperationRegion (PIRQ, PCI_Config, 0x60, 0x04)
                Field (PIRQ, ByteAcc, NoLock, Preserve) { PRQ0, 8, PRQ1, 8, PRQ2, 8, PRQ3, 8 }

                Device (KBD)
                {
                    Name (_HID, EisaId ("PNP0303"))
                    Method (_STA, 0, NotSerialized) { Return (STAT (10)) }
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0060, 0x0060, 0x01, 0x01)
                        IO (Decode16, 0x0064, 0x0064, 0x01, 0x01)
                        IRQNoFlags () {1}
                    })
                }
                Device (MOU)
                {
                    Name (_HID, EisaId ("PNP0F13"))
                    Method (_STA, 0, NotSerialized) { Return (STAT (8)) }
                    Name (_CRS, ResourceTemplate () { IRQNoFlags () {12} })
                }
                Device (FDC0)
                {
                    Name (_HID, EisaId ("PNP0700"))
                    Method (_STA, 0, NotSerialized) { Return (STAT (7)) }
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x03F2, 0x03F2, 0x00, 0x04)
                        IO (Decode16, 0x03F7, 0x03F7, 0x00, 0x01)
                        IRQNoFlags () {6}
                        DMA (Compatibility, NotBusMaster, Transfer8) {2}
                    })
                }
#define SERIAL(name, uid, port, irq, bit) \
                Device (name) \
                { \
                    Name (_HID, EisaId ("PNP0501")) \
                    Name (_UID, uid) \
                    Method (_STA, 0, NotSerialized) { Return (STAT (bit)) } \
                    Name (_CRS, ResourceTemplate () \
                    { \
                        IO (Decode16, port, port, 0x00, 0x08) \
                        IRQNoFlags () {irq} \
                    }) \
                }
                SERIAL (COM1, 1, 0x03F8, 4, 0)
                SERIAL (COM2, 2, 0x02F8, 3, 1)
                SERIAL (COM3, 3, 0x03E8, 4, 2)
                SERIAL (COM4, 4, 0x02E8, 3, 3)
#define PARALLEL(name, uid, port, irq, bit) \
                Device (name) \
                { \
                    Name (_HID, EisaId ("PNP0400")) \
                    Name (_UID, uid) \
                    Method (_STA, 0, NotSerialized) { Return (STAT (bit)) } \
                    Name (_CRS, ResourceTemplate () \
                    { \
                        IO (Decode16, port, port, 0x00, 0x04) \
                        IRQNoFlags () {irq} \
                    }) \
                }
                PARALLEL (LPT1, 1, 0x0378, 7, 4)
                PARALLEL (LPT2, 2, 0x0278, 5, 5)
                PARALLEL (LPT3, 3, 0x03BC, 7, 6)
                Device (RTC)
                {
                    Name (_HID, EisaId ("PNP0B00"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0070, 0x0070, 0x01, 0x02)
                        IRQNoFlags () {8}
                    })
                }
                Device (TIMR)
                {
                    Name (_HID, EisaId ("PNP0100"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0040, 0x0040, 0x01, 0x04)
                        IRQNoFlags () {0}
                    })
                }
                Device (PIC)
                {
                    Name (_HID, EisaId ("PNP0000"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0020, 0x0020, 0x01, 0x02)
                        IO (Decode16, 0x00A0, 0x00A0, 0x01, 0x02)
                        IO (Decode16, 0x04D0, 0x04D0, 0x01, 0x02)
                        IRQNoFlags () {2}
                    })
                }
                Device (DMAC)
                {
                    Name (_HID, EisaId ("PNP0200"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0000, 0x0000, 0x01, 0x10)
                        IO (Decode16, 0x0081, 0x0081, 0x01, 0x0F)
                        IO (Decode16, 0x00C0, 0x00C0, 0x01, 0x20)
                        DMA (Compatibility, BusMaster, Transfer8_16) {4}
                    })
                }
                Device (SPKR)
                {
                    Name (_HID, EisaId ("PNP0800"))
                    Name (_CRS, ResourceTemplate () { IO (Decode16, 0x0061, 0x0061, 0x01, 0x01) })
                }
                /* Ports that belong to no other device: power management, SMBus, their command port, port 92h. */
                Device (SYSR)
                {
                    Name (_HID, EisaId ("PNP0C02"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0092, 0x0092, 0x01, 0x01)
                        IO (Decode16, 0x00B2, 0x00B2, 0x01, 0x02)
                        IO (Decode16, 0x0600, 0x0600, 0x01, 0x40)
                        IO (Decode16, 0x0700, 0x0700, 0x01, 0x10)
                    })
                }
            }
        }

        Device (HPET)
        {
            Name (_HID, EisaId ("PNP0103"))
            Name (_UID, Zero)
            Method (_STA, 0, NotSerialized) { Return (STAT (9)) }
            Name (_CRS, ResourceTemplate () { Memory32Fixed (ReadOnly, 0xFED00000, 0x00000400) })
        }

        /* Interrupt links: a register of the south bridge each, whose bit 7 shuts it. */
        Name (BUFR, ResourceTemplate () { IRQ (Level, ActiveHigh, Shared) {5} })
        CreateWordField (BUFR, One, IRQM)
        Method (LSTA, 1, NotSerialized)
        {
            If (And (Arg0, 0x80)) { Return (0x09) }
            Return (0x0B)
        }
        Method (LCRS, 1, Serialized)
        {
            If (And (Arg0, 0x80)) { Store (Zero, IRQM) }
            Else { Store (ShiftLeft (One, And (Arg0, 0x0F)), IRQM) }
            Return (BUFR)
        }
        Method (LSRS, 1, Serialized)
        {
            CreateWordField (Arg0, One, MASK)
            FindSetRightBit (MASK, Local0)
            Decrement (Local0)
            Return (Local0)
        }
#define LINK(name, uid, register) \
        Device (name) \
        { \
            Name (_HID, EisaId ("PNP0C0F")) \
            Name (_UID, uid) \
            Name (_PRS, ResourceTemplate () { IRQ (Level, ActiveHigh, Shared) {5, 10, 11} }) \
            Method (_STA, 0, NotSerialized) { Return (LSTA (register)) } \
            Method (_DIS, 0, NotSerialized) { Or (register, 0x80, register) } \
            Method (_CRS, 0, Serialized) { Return (LCRS (register)) } \
            Method (_SRS, 1, Serialized) { Store (LSRS (Arg0), register) } \
        }
        LINK (LNKA, 1, \_SB.PCI0.ISA.PRQ0)
        LINK (LNKB, 2, \_SB.PCI0.ISA.PRQ1)
        LINK (LNKC, 3, \_SB.PCI0.ISA.PRQ2)
        LINK (LNKD, 4, \_SB.PCI0.ISA.PRQ3)
    }
#ifdef HOT_PLUG
#include "hot_plug.asl"
#endif
}
