/** What no PC has and kernels under test rely on, where a description asks for it: a debug exit, a debug console, a POST card, a test device. */
import { UserError } from '../../base/errors.js';
import { type Cycle, hex } from '../../base/integers.js';
import { debugConsole } from '../../device/debug-console/debug-console.js';
import { debugExit } from '../../device/debug-exit/debug-exit.js';
import { createDevice, type Drive } from '../../device/device.js';
import { postCard } from '../../device/post-card/post-card.js';
import { testDevice, testDeviceSizes } from '../../device/test-device/test-device.js';
import type { Board } from '../board.js';
import { interruptRequests } from '../interrupt-lines.js';

/** Where the test device stands. */
const testPlaces = { data: 0xe0, flush: 0xe4, dataAgain: 0xe8, ports: 4, lines: 0x2000, memory: 0xff00_0000 } as const;
/** The 8259As' cascade: no line of a board. */
const cascade = 2;

export function attachTesting(board: Board): void {
  const {
    debugExit: exit,
    debugConsole: console,
    postCard: card,
    testDevice: hasTestDevice,
  } = board.description.testing ?? {};
  if (exit !== undefined) attachDebugExit(board, exit.port, exit.bytes);
  if (console !== undefined) attachDebugConsole(board, console.port);
  if (hasTestDevice === true) attachTestDevice(board);
  // Last: it hears what goes to the others too.
  if (card !== undefined) attachPostCard(board, card.port);
}

function attachPostCard(board: Board, port: number): void {
  if (board.ports.isWide(port)) refusePort('postCard', port, 'is one that is accessed in words on this board');
  const show = (code: number): void => board.observers.postCode?.({ code, cycle: board.now() as Cycle });
  const device = createDevice(postCard, { lines: {}, board: { show } });
  board.add('postCard', device);
  board.ports.overhear(port, device.operations.hear);
}

/** Refuses ports that something on this board answers at already. */
function needPorts(board: Board, place: string, first: number, count: number): void {
  for (let port = first; port < first + count; port++) {
    if (board.ports.isTaken(port)) refusePort(place, port, 'belongs to another part of this board');
  }
}

function refusePort(place: string, port: number, why: string): never {
  throw new UserError(`port 0x${hex(port, 4)} ${why}`, {
    file: 'machine description',
    place: `testing.${place}.port`,
    nextStep: 'Give a port that is free, such as 0xf4 or 0x501.',
  });
}

function attachDebugExit(board: Board, port: number, bytes: number): void {
  needPorts(board, 'debugExit', port, bytes);
  const device = createDevice(debugExit, { lines: {}, board: { exit: (status) => board.exit(status) } });
  board.add('debugExit', device);
  board.ports.place(port, bytes, {
    read: () => device.operations.read(),
    write: (_, value) => device.operations.write(value),
  });
}

function attachDebugConsole(board: Board, port: number): void {
  needPorts(board, 'debugConsole', port, 1);
  const transmit = (byte: number): void => board.observers.debugConsole?.({ byte, cycle: board.now() as Cycle });
  const device = createDevice(debugConsole, { lines: {}, board: { transmit } });
  board.ports.connect(device, port, board.add('debugConsole', device));
}

/** Lines below 16 are interrupt requests of the board, which others may hold up too; those above are inputs of the I/O APIC alone. */
function attachTestDevice(board: Board): void {
  const lines = Array.from({ length: testDeviceSizes.lines }, (_, line): Drive => {
    if (line === cascade) return () => {};
    return line < interruptRequests ? board.interrupts.source(line) : (level) => board.driveInput(line, level);
  });
  const device = createDevice(testDevice, { lines: {}, board: { line: (line, level) => lines[line]!(level) } });
  const { readPort, writePort, writeLine, readMemory, writeMemory } = device.operations;
  board.add('testDevice', device);
  for (const base of [testPlaces.data, testPlaces.dataAgain]) {
    board.ports.place(base, testPlaces.ports, { read: readPort, write: writePort });
  }
  board.ports.place(testPlaces.flush, testPlaces.ports, { read: () => 0, write: () => {} });
  board.ports.place(testPlaces.lines, testDeviceSizes.lines, {
    read: () => 0,
    write: (line, value) => writeLine(line, value),
  });
  board.addressSpace.map.place(testPlaces.memory, testDeviceSizes.memoryBytes, {
    read: readMemory,
    write: writeMemory,
  });
}
