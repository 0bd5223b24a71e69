/** A board whose processor stands still, for programs that test chips: what they reach, and how time passes. */
import type { Cycle } from '../base/integers.js';
import type { Width } from '../device/device.js';
import type { AddressSpace } from './address-space.js';
import type { InputEvent } from './machine.js';
import type { PortMap } from './ports.js';
import type { Timeline } from './timeline.js';

export interface Bench {
  readonly cyclesPerSecond: number;
  readonly cycle: Cycle;
  readPort(port: number, width: Width): number;
  writePort(port: number, value: number, width: Width): void;
  /** Physical memory in one access, as the processor would reach it; A20 lets everything through. */
  readMemory(physical: number, width: Width): number;
  writeMemory(physical: number, value: number, width: Width): void;
  /** Physical memory in bulk, as a bus master reaches it. */
  readBlock(physical: number, into: Uint8Array): void;
  writeBlock(physical: number, from: Uint8Array): void;
  /** Lets time pass up to a cycle. */
  pass(until: Cycle): void;
  /** The cycle of the next thing that happens by itself; Infinity for nothing. */
  nextEdge(): number;
  /** The same of the chips that have work to finish, those left out whose clocks never rest. */
  nextWork(): number;
  /** Hears every change of an interrupt request, 0 to 15. */
  onInterruptRequest(listen: (request: number, level: boolean) => void): void;
  input(event: InputEvent): void;
}

/** What a bench reaches of a board. */
export interface BenchBoard {
  readonly cyclesPerSecond: number;
  /** Both are others when cards come and go. */
  timeline(): Timeline;
  readonly space: AddressSpace;
  ports(): PortMap;
  now(): Cycle;
  /** Moves the clock to a cycle at or before the next edge, and lets what is due there happen. */
  passTo(cycle: Cycle): void;
  /** Something was written: what waits for the end of an instruction is done. */
  written(): void;
  onInterruptRequest(listen: (request: number, level: boolean) => void): void;
  input(event: InputEvent): void;
}

/** Chips whose clocks never rest, by name. */
const restless: ReadonlySet<string> = new Set([
  'pit',
  'rtc',
  'systemControl',
  'hpet',
  'localApic',
  'powerManagement',
  'ib700',
]);

/** Makes a bench of a board. */
export function createBench(board: BenchBoard): Bench {
  const { space } = board;
  /** The access as bytes, where memory answers; undefined where a chip does. */
  const inMemory = (physical: number, width: Width): Uint8Array | undefined => {
    const answered = space.page(physical - (physical % 4096)).address !== 0;
    return answered ? new Uint8Array(width) : undefined;
  };
  return {
    cyclesPerSecond: board.cyclesPerSecond,
    get cycle() {
      return board.now();
    },
    readPort: (port, width) => board.ports().read(port, width) >>> 0,
    writePort(port, value, width) {
      board.ports().write(port, value, width);
      board.written();
    },
    readMemory(physical, width) {
      const bytes = inMemory(physical, width);
      if (bytes === undefined) return space.readMemory(physical, width) >>> 0;
      space.master.read(physical, bytes);
      return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
    },
    writeMemory(physical, value, width) {
      const bytes = inMemory(physical, width);
      if (bytes === undefined) return space.writeMemory(physical, value, width);
      space.master.write(
        physical,
        bytes.map((_, at) => (value >>> (8 * at)) & 0xff),
      );
    },
    readBlock: (physical, into) => space.master.read(physical, into),
    writeBlock: (physical, from) => space.master.write(physical, from),
    pass(until) {
      while (board.timeline().due <= until) board.passTo(Math.max(board.timeline().due, board.now()) as Cycle);
      if (board.now() < until) board.passTo(until);
    },
    nextEdge: () => board.timeline().due,
    nextWork: () => board.timeline().dueWithout(restless),
    onInterruptRequest: (listen) => board.onInterruptRequest(listen),
    input: (event) => board.input(event),
  };
}
