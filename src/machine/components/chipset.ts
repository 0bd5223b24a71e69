/** Intel's 440FX and PIIX3 on a board: the PCI bus, what the host bridge maps, interrupt routing, reset and power management. */
import { createDevice } from '../../device/device.js';
import { attributeMap, hostBridge, hostBridgeRegisters, mappedSegments } from '../../device/i440fx/i440fx.js';
import { isaBridge, isaBridgeRegisters, piix3, routeControl, routeOf } from '../../device/piix3/piix3.js';
import {
  portRanges,
  powerManagement,
  powerManagementIdentity,
  powerManagementRegisters,
} from '../../device/power-management/power-management.js';
import { assert } from '../../base/assert.js';
import type { Width } from '../../device/device.js';
import type { PciIdentity } from '../../device/pci-identity.js';
import type { PciFunctionDevice } from '../../device/pci-function.js';
import type { Board } from '../board.js';
import type { BusRegion } from '../memory-map.js';
import type { PciBus } from '../pci-bus.js';

const configurationPorts = { address: 0xcf8, data: 0xcfc, count: 4 } as const;
/** Where the chipset's functions sit, as on every board of its kind. */
const places = {
  hostBridge: { device: 0, function: 0 },
  isaBridge: { device: 1, function: 0 },
  powerManagement: { device: 1, function: 3 },
} as const;
/** APMC and APMS, the south bridge's command port for system management. */
const commandPorts = { base: 0xb2, count: 2 } as const;
/** The request of ACPI's system control interrupt: the PIIX4 has it wired. */
export const systemControlInterrupt = 9;

/** The PCI bus of a board whose description has one. */
export function pciOf(board: Board): PciBus {
  assert(board.pci !== undefined, 'a board with PCI components has a PCI bus');
  return board.pci;
}

export function attachChipset(board: Board): void {
  const pci = pciOf(board);
  board.ports.place(configurationPorts.address, configurationPorts.count, pci.address);
  board.ports.place(configurationPorts.data, configurationPorts.count, pci.data);
  attachHostBridge(board, pci);
  attachIsaBridge(board, pci);
  attachPowerManagement(board, pci);
}

/** By these two firmware knows the board of which it may ask for its configuration. */
const configuredBoard = { subsystemVendor: 0x1af4, subsystem: 0x1100 } as const;

function hostBridgeOf({ description }: Board): PciIdentity {
  return description.testing?.firmwareConfiguration === undefined ? hostBridge : { ...hostBridge, ...configuredBoard };
}

function attachHostBridge(board: Board, pci: PciBus): void {
  const attached: { device?: PciFunctionDevice } = {};
  const map = (): void => {
    const { device } = attached;
    if (device === undefined) return;
    const { offset, bytes } = attributeMap;
    const registers = Array.from({ length: bytes }, (_, index) => device.operations.read(offset + index, 1));
    for (const { first, count, ...shadow } of mappedSegments(registers)) {
      board.addressSpace.setShadow(first, count, shadow);
    }
  };
  attached.device = pci.attach({
    name: 'hostBridge',
    identity: hostBridgeOf(board),
    place: places.hostBridge,
    own: hostBridgeRegisters,
    changed: map,
  }).device;
}

function attachIsaBridge(board: Board, pci: PciBus): void {
  const attached: { device?: PciFunctionDevice } = {};
  const route = (): void => {
    const { device } = attached;
    for (let line = 0; line < routeControl.lines; line++) {
      board.routePci(line, device && routeOf(device.operations.read(routeControl.offset + line, 1)));
    }
  };
  attached.device = pci.attach({
    name: 'isaBridge',
    identity: isaBridge,
    place: places.isaBridge,
    own: isaBridgeRegisters,
    changed: route,
  }).device;
  const device = createDevice(piix3, {
    lines: {},
    board: {
      edgeLevel: (levelTriggered) => board.setEdgeLevel(levelTriggered),
      reset: (hard) => (hard ? board.resetBoard() : board.resetProcessor()),
    },
  });
  board.ports.connect(device, 0, board.add('piix3', device));
}

function attachPowerManagement(board: Board, pci: PciBus): void {
  const device = createDevice(powerManagement, {
    lines: { interrupt: board.interrupts.source(systemControlInterrupt) },
    board: { powerOff: () => board.powerOff() },
  });
  const timed = board.add('powerManagement', device);
  const { operations } = device;
  const registers: BusRegion = {
    read(offset, width) {
      timed.sync(board.now()); // Reading moves no edge, and guests read the timer all the time.
      return operations.readRegister(offset, width);
    },
    write: (offset, value, width) => board.touch(device, () => operations.writeRegister(offset, value, width)),
  };
  board.ports.place(commandPorts.base, commandPorts.count, {
    read: (offset, width) => (width === 1 ? operations.readCommand(offset) : undefined),
    write: (offset, value, width) =>
      width === 1 && (board.touch(device, () => operations.writeCommand(offset, value)), true),
  });
  const systemManagementBus: BusRegion = {
    read: (offset, width) => (width === 1 ? operations.readBus(offset) : undefined),
    write: (offset, value, width) => width === 1 && (operations.writeBus(offset, value), true),
  };
  const attached: { device?: PciFunctionDevice } = {};
  const moving = [
    { range: portRanges.powerManagement, region: registers },
    { range: portRanges.systemManagementBus, region: systemManagementBus },
  ].map(({ range, region }) => placedRange(board, range, region, () => attached.device));
  attached.device = pci.attach({
    name: 'powerManagement',
    identity: powerManagementIdentity,
    place: places.powerManagement,
    own: powerManagementRegisters,
    changed: () => moving.forEach((place) => place()),
  }).device;
  board.onInput('powerButton', () => board.touch(device, () => operations.powerButton()));
  board.onInput('sleepButton', () => board.touch(device, () => operations.sleepButton()));
}

/** Ports whose base and enable bit are registers of a function's own: places them anew whenever those changed. */
function placedRange(
  board: Board,
  range: (typeof portRanges)[keyof typeof portRanges],
  region: BusRegion,
  owner: () => PciFunctionDevice | undefined,
): () => void {
  let at = 0;
  let remove = (): void => {};
  return () => {
    const device = owner();
    if (device === undefined) return;
    const enabled = (device.operations.read(range.enable, 1) & 1) !== 0;
    const base = enabled ? device.operations.read(range.base, 2 satisfies Width) & range.mask : 0;
    if (base === at) return;
    remove();
    remove = base === 0 ? () => {} : board.ports.place(base, range.count, region);
    at = base;
  };
}
