/** The APICs of a board: the local one between the 8259As and the processor, and the I/O APIC beside the 8259As. */
import { createDevice } from '../../device/device.js';
import { ioApic } from '../../device/io-apic/io-apic.js';
import { localApic } from '../../device/local-apic/local-apic.js';
import type { Board } from '../board.js';
import type { BusRegion } from '../memory-map.js';

const ioBase = 0xfec0_0000;
const pageBytes = 4096;
/** The I/O APIC input of each ISA request: the timer stands at 2, where the 8259As are cascaded (MP Specification 1.4, section 3.6.2.2). */
const inputOf = (request: number): number => (request === 0 ? 2 : request);

export function attachApic(board: Board): void {
  const local = createDevice(localApic, {
    lines: {
      interrupt: (level) => board.interruptRequest(level),
      nonMaskable: (level) => board.nonMaskableInterrupt(level),
    },
    board: {
      endOfInterrupt: (vector) => io.operations.endOfInterrupt(vector),
      init: () => board.resetProcessor(),
      asQemu: board.description.quirks === 'qemu',
    },
  });
  const io = createDevice(ioApic, {
    lines: {},
    board: { send: (message) => board.touch(local, () => local.operations.receive(message)) },
  });
  board.add('localApic', local);
  board.add('ioApic', io);
  const registers: BusRegion = {
    read: (offset, width) => board.touch(local, () => local.operations.readRegister(offset, width)),
    write: (offset, value, width) => board.touch(local, () => local.operations.writeRegister(offset, value, width)),
  };
  let remove = (): void => {};
  board.addressSpace.map.place(ioBase, pageBytes, {
    read: (offset) => io.operations.readRegister(offset),
    write: (offset, value) => io.operations.writeRegister(offset, value),
  });
  board.onInterruptRequest((request, level) => {
    if (request !== 2) io.operations.setInput(inputOf(request), level);
  });
  board.routeInterrupts({
    external: (level) => local.input('lint0', level),
    nonMaskable: (level) => local.input('lint1', level),
    place(physical, enabled) {
      remove();
      remove = enabled ? board.addressSpace.map.place(physical, pageBytes, registers) : () => {};
      local.operations.setEnabled(enabled);
    },
    message: (message) => board.touch(local, () => local.operations.receive(message)),
    performance: (masks) => board.touch(local, () => local.operations.performance(masks)),
    initialize: () => board.touch(local, () => local.operations.initialize()),
    isUnmaskable: () => io.operations.isUnmaskable() || local.operations.isUnmaskable(),
    acknowledge(external) {
      const vector = board.touch(local, () => local.operations.acknowledge());
      return vector < 0 ? external() : vector;
    },
  });
}
