/*
 * PCI hot plug, for a board that has its registers: slots that a card may be put into and pulled out of, and the event that
 * tells of both. Slots 0 to 2 hold what is soldered on.
 *
 * Sources: ACPI Specification 2.0, sections 5.6.3 and 6.3; QEMU, docs/specs/acpi_pci_hotplug (the registers).
 */
Scope (\_SB.PCI0)
{
    Device (HOTP)
    {
        Name (_HID, EisaId ("PNP0A06"))
        Name (_UID, "PCI hot plug")
        Name (_CRS, ResourceTemplate ()
        {
            IO (Decode16, 0xAE00, 0xAE00, 0x01, 0x10)
            IO (Decode16, 0xAFE0, 0xAFE0, 0x01, 0x04)
        })
    }
    OperationRegion (HOTR, SystemIO, 0xAE00, 0x10)
    Field (HOTR, DWordAcc, NoLock, WriteAsZeros) { HTUP, 32, HTDN, 32, HTEJ, 32, HTRM, 32 }

#define HOT_SLOT(name, address, number) \
    Device (name) \
    { \
        Name (_ADR, address) \
        Name (_SUN, number) \
        Method (_EJ0, 1, NotSerialized) { Store (ShiftLeft (One, number), HTEJ) } \
    }
    HOT_SLOT (S03, 0x00030000, 3)
    HOT_SLOT (S04, 0x00040000, 4)
    HOT_SLOT (S05, 0x00050000, 5)
    HOT_SLOT (S06, 0x00060000, 6)
    HOT_SLOT (S07, 0x00070000, 7)
    HOT_SLOT (S08, 0x00080000, 8)
    HOT_SLOT (S09, 0x00090000, 9)
    HOT_SLOT (S0A, 0x000A0000, 10)
    HOT_SLOT (S0B, 0x000B0000, 11)
    HOT_SLOT (S0C, 0x000C0000, 12)
    HOT_SLOT (S0D, 0x000D0000, 13)
    HOT_SLOT (S0E, 0x000E0000, 14)
    HOT_SLOT (S0F, 0x000F0000, 15)
    HOT_SLOT (S10, 0x00100000, 16)
    HOT_SLOT (S11, 0x00110000, 17)
    HOT_SLOT (S12, 0x00120000, 18)
    HOT_SLOT (S13, 0x00130000, 19)
    HOT_SLOT (S14, 0x00140000, 20)
    HOT_SLOT (S15, 0x00150000, 21)
    HOT_SLOT (S16, 0x00160000, 22)
    HOT_SLOT (S17, 0x00170000, 23)
    HOT_SLOT (S18, 0x00180000, 24)
    HOT_SLOT (S19, 0x00190000, 25)
    HOT_SLOT (S1A, 0x001A0000, 26)
    HOT_SLOT (S1B, 0x001B0000, 27)
    HOT_SLOT (S1C, 0x001C0000, 28)
    HOT_SLOT (S1D, 0x001D0000, 29)
    HOT_SLOT (S1E, 0x001E0000, 30)
    HOT_SLOT (S1F, 0x001F0000, 31)

    /* Which slots got a card is forgotten when it is read. */
    Method (HTEV, 0, Serialized)
    {
        Store (HTUP, Local0)
        Store (HTDN, Local1)
#define TELL(name, number) \
        If (And (ShiftRight (Local0, number), One)) { Notify (name, One) } \
        If (And (ShiftRight (Local1, number), One)) { Notify (name, 3) }
        TELL (S03, 3)
        TELL (S04, 4)
        TELL (S05, 5)
        TELL (S06, 6)
        TELL (S07, 7)
        TELL (S08, 8)
        TELL (S09, 9)
        TELL (S0A, 10)
        TELL (S0B, 11)
        TELL (S0C, 12)
        TELL (S0D, 13)
        TELL (S0E, 14)
        TELL (S0F, 15)
        TELL (S10, 16)
        TELL (S11, 17)
        TELL (S12, 18)
        TELL (S13, 19)
        TELL (S14, 20)
        TELL (S15, 21)
        TELL (S16, 22)
        TELL (S17, 23)
        TELL (S18, 24)
        TELL (S19, 25)
        TELL (S1A, 26)
        TELL (S1B, 27)
        TELL (S1C, 28)
        TELL (S1D, 29)
        TELL (S1E, 30)
        TELL (S1F, 31)
    }
}

Scope (\_GPE)
{
    Method (_E01, 0, NotSerialized) { \_SB.PCI0.HTEV () }
}
