/** Virtio devices on the PCI bus: the entropy and the console device, and how any of them is put on the board. */
import { UserError } from '../../base/errors.js';
import type { Cycle } from '../../base/integers.js';
import { createDevice, type Drive, type Width } from '../../device/device.js';
import type { MemoryAccess } from '../../device/memory-access.js';
import type { PciFunctionDevice } from '../../device/pci-function.js';
import type { PciIdentity } from '../../device/pci-identity.js';
import { virtioConsole, virtioConsoleIdentity } from '../../device/virtio/console.js';
import { virtioEntropy, virtioEntropyIdentity } from '../../device/virtio/entropy.js';
import type { AnyDevice, Board } from '../board.js';
import { memoryFor } from './bus-master.js';
import { pciOf } from './chipset.js';

/** The registers of a virtio device: ports in range 0, memory in range 4. */
interface VirtioDevice extends AnyDevice {
  readonly operations: {
    readRegister(offset: number, width: Width): number;
    writeRegister(offset: number, value: number, width: Width): void;
    readMemory(offset: number, width: Width): number;
    writeMemory(offset: number, value: number, width: Width): void;
  };
}

/** Puts a virtio device on the bus; `make` is given the line of its interrupt pin, and memory while it may master it. */
export function attachVirtio<Device extends VirtioDevice>(
  board: Board,
  name: string,
  identity: PciIdentity,
  make: (interrupt: Drive, memory: MemoryAccess) => Device,
): Device {
  const pci = pciOf(board);
  const attached: { device?: PciFunctionDevice; interrupt?: Drive } = {};
  const memory = memoryFor(board, () => attached.device);
  const device = make((level) => attached.interrupt?.(level), memory);
  const { readRegister, writeRegister, readMemory, writeMemory } = device.operations;
  board.add(name, device);
  const found = pci.attach({
    name,
    identity,
    place: { device: pci.freeDevice(), function: 0 },
    regions: {
      0: {
        read: (offset, width) => board.touch(device, () => readRegister(offset, width)),
        write: (offset, value, width) => board.touch(device, () => writeRegister(offset, value, width)),
      },
      4: {
        read: (offset, width) => board.touch(device, () => readMemory(offset, width)),
        write: (offset, value, width) => board.touch(device, () => writeMemory(offset, value, width)),
      },
    },
  });
  [attached.device, attached.interrupt] = [found.device, found.interrupt];
  return device;
}

export function attachEntropy(board: Board): void {
  attachVirtio(board, 'virtioRng', virtioEntropyIdentity, (interrupt, memory) =>
    createDevice(virtioEntropy, { lines: { interrupt }, board: { memory, seed: board.powerOn.seed } }),
  );
}

export function attachConsole(board: Board): void {
  const device = attachVirtio(board, 'virtioConsole', virtioConsoleIdentity, (interrupt, memory) =>
    createDevice(virtioConsole, {
      lines: { interrupt },
      board: {
        memory,
        transmit: (data) => board.observers.console?.({ data, cycle: board.now() as Cycle }),
      },
    }),
  );
  board.onInput('console', ({ data }) => {
    const room = device.operations.room();
    // All or nothing: what a recording refuses must not have reached the machine.
    if (data.length > room) {
      throw new UserError(`the console holds no more than ${room} of ${data.length} bytes now`, {
        nextStep: 'Send less at once, or wait until the guest has read.',
      });
    }
    board.touch(device, () => device.operations.receive(data));
  });
}
