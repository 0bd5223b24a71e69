/** Virtio devices on the PCI bus: the entropy and the console device, and how any of them is put on the board. */
import { UserError } from '../../base/errors.js';
import type { Cycle } from '../../base/integers.js';
import { createDevice, type Drive, type Width } from '../../device/device.js';
import type { MemoryAccess } from '../../device/memory-access.js';
import type { PciIdentity } from '../../device/pci-identity.js';
import { virtioConsole, virtioConsoleIdentity } from '../../device/virtio/console.js';
import { virtioSerial, virtioSerialIdentity } from '../../device/virtio/serial.js';
import { virtioEntropy, virtioEntropyIdentity } from '../../device/virtio/entropy.js';
import type { VirtioMessages } from '../../device/virtio/state.js';
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

/** What the board gives a virtio device: the line of its interrupt pin, messages, and memory while it may master it. */
interface VirtioParts {
  readonly lines: { readonly interrupt: Drive };
  readonly memory: MemoryAccess;
  readonly messages: VirtioMessages;
  readonly asQemu: boolean;
}

/** Puts a virtio device on the bus. */
export function attachVirtio<Device extends VirtioDevice>(
  board: Board,
  name: string,
  identity: PciIdentity,
  make: (parts: VirtioParts) => Device,
  functionName = name,
): Device {
  const pci = pciOf(board);
  const attached: { found?: ReturnType<typeof pci.attach> } = {};
  const device = make({
    lines: { interrupt: (level) => attached.found?.interrupt(level) },
    memory: memoryFor(board, () => attached.found?.device),
    asQemu: board.description.quirks === 'qemu',
    messages: {
      enabled: () => attached.found?.messages?.enabled() ?? false,
      request: (vector) => attached.found?.messages?.request(vector),
    },
  });
  const { readRegister, writeRegister, readMemory, writeMemory } = device.operations;
  board.add(name, device);
  attached.found = pci.attach({
    name: functionName,
    identity,
    place: { device: pci.slotOf(functionName), function: 0 },
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
  return device;
}

function attachEntropyFrom(board: Board, name: string, seed: number): void {
  attachVirtio(board, name, virtioEntropyIdentity, ({ lines, ...parts }) =>
    createDevice(virtioEntropy, { lines, board: { ...parts, seed } }),
  );
}
export const attachEntropy = (board: Board): void => attachEntropyFrom(board, 'virtioRng', board.powerOn.seed);
/** Another, whose bytes are not those of the first. */
export const attachSecondEntropy = (board: Board): void =>
  attachEntropyFrom(board, 'virtioRng1', (board.powerOn.seed + 1) % 2 ** 32);

/** What is sent to a port has to find room. All or nothing: what a recording refuses must not have reached the machine. */
function checkRoom(where: string, data: Uint8Array, room: number): void {
  if (data.length <= room) return;
  throw new UserError(`${where} holds no more than ${room} of ${data.length} bytes now`, {
    nextStep: 'Send less at once, or wait until the guest has read.',
  });
}

export function attachConsole(board: Board): void {
  if (board.description.consolePorts !== undefined) {
    attachSerial(board, board.description.consolePorts);
    return;
  }
  const device = attachVirtio(board, 'virtioConsole', virtioConsoleIdentity, ({ lines, ...parts }) =>
    createDevice(virtioConsole, {
      lines,
      board: {
        ...parts,
        transmit: (data) => board.observers.console?.({ data, cycle: board.now() as Cycle }),
      },
    }),
  );
  board.onInput('console', ({ data }) => {
    checkRoom('the console', data, device.operations.room());
    board.touch(device, () => device.operations.receive(data));
  });
}

/** The console with further ports. */
function attachSerial(board: Board, names: readonly string[]): void {
  const { absentPorts: absent = [] } = board.description;
  const device = attachVirtio(board, 'virtioConsole', virtioSerialIdentity, ({ lines, ...parts }) =>
    createDevice(virtioSerial, {
      lines,
      board: {
        ...parts,
        names: () => names.map((name, at) => (absent.includes(at + 1) ? undefined : name)),
        transmit(port, data) {
          const cycle = board.now() as Cycle;
          if (port === 0) board.observers.console?.({ data, cycle });
          else board.observers.consolePort?.({ port, data, cycle });
        },
      },
    }),
  );
  const receive = (where: string, port: number, data: Uint8Array): void => {
    checkRoom(where, data, device.operations.room(port));
    board.touch(device, () => device.operations.receive(port, data));
  };
  board.onInput('console', ({ data }) => receive('the console', 0, data));
  board.onInnerChange((change) => {
    if (change.kind === 'ports') board.touch(device, () => device.operations.portsChanged());
  });
  board.onInput('consolePort', ({ port, data }) => receive(`port ${port} of the console`, port, data));
}
