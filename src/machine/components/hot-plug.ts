/** PCI hot plug on a board: where its registers are, and its interrupt. What comes and goes is `../hot-plug.ts`'s. */
import { createDevice } from '../../device/device.js';
import { hotPlugBytes, pciHotPlug } from '../../device/pci-hot-plug/pci-hot-plug.js';
import type { Board } from '../board.js';
import { pciOf, systemControlInterrupt } from './chipset.js';

const places = { slots: 0xae00, events: 0xafe0 } as const;

export function attachHotPlug(board: Board): void {
  const pci = pciOf(board);
  const device = createDevice(pciHotPlug, {
    lines: { interrupt: board.interrupts.source(systemControlInterrupt) },
    board: { removable: () => pci.removableSlots(), eject: () => board.ejectCards() },
  });
  const { readSlots, writeSlots, readEvents, writeEvents, ...controller } = device.operations;
  board.add('pciHotPlug', device);
  board.ports.place(places.slots, hotPlugBytes.slots, { read: readSlots, write: writeSlots });
  board.ports.place(places.events, hotPlugBytes.events, { read: readEvents, write: writeEvents });
  board.setHotPlug({ ...controller, isEjecting: () => device.state.ejecting !== 0, leaving: () => device.state.down });
}
