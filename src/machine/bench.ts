/** A board whose processor stands still, for programs that test chips: what they reach, and how time passes. */
import type { Cycle } from '../base/integers.js';
import type { Width } from '../device/device.js';
import type { InputEvent } from './machine.js';

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
  /** Hears every change of an interrupt request, 0 to 15, and of the I/O APIC's further inputs. */
  onInterruptRequest(listen: (request: number, level: boolean) => void): void;
  input(event: InputEvent): void;
}
