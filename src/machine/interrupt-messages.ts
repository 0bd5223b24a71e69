/** Interrupt messages of PCI functions as the APICs have them (Intel SDM Vol. 3A, section 10.11, order number 253668). */
import type { ApicMessage } from '../device/local-apic/local-apic.js';

const messagesFrom = 0xfee0_0000;
const messageBytes = 1 << 20;
/** Whether the destination is a logical one; the hint to redirect beside it says nothing to one processor. */
const logicalDestination = 4;
const levelTriggered = 0x8000;

/** What a doubleword written to an address tells the APICs; undefined where it lies outside their megabyte. */
export function messageOf(address: number, data: number): ApicMessage | undefined {
  if (address < messagesFrom || address >= messagesFrom + messageBytes) return undefined;
  return {
    mode: (data >>> 8) & 7,
    vector: data & 0xff,
    level: (data & levelTriggered) !== 0,
    logical: (address & logicalDestination) !== 0,
    destination: (address >>> 12) & 0xff,
  };
}
