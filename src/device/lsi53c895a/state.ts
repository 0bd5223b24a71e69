/** What the adapter and the bus behind it remember, and what the chip is granted. */
import { byteQueue, bytes, count, flag, oneOf, repeat, type StateOf, struct, u8 } from '../../state/schema.js';
import type { DeviceContext } from '../device.js';
import type { MemoryAccess } from '../memory-access.js';
import type { ScsiTarget } from '../scsi-target.js';
import { registerBytes } from './registers.js';

export const targetsMost = 16;
export const ramBytes = 0x2000;
/** Own ticks of 100 ns in a microsecond. */
export const ticksPerMicrosecond = 10;

/** What a target has to do: the nexus of initiator, target, unit and perhaps tag. */
const nexusState = struct({
  active: flag(),
  /** It left the bus and comes back when `ticksLeft` are over; 0: it wants the bus now. */
  disconnected: flag(),
  ticksLeft: count(Infinity),
  logicalUnit: u8(),
  tagged: flag(),
  tag: u8(),
  mayDisconnect: flag(),
  direction: oneOf(['none', 'in', 'out'], 'none'),
  bytesLeft: count(),
  nanosecondsPerByte: count(),
});

const busState = struct({
  connected: flag(),
  target: u8(),
  phase: u8(),
  /** Ticks until the target asserts REQ in this phase; Infinity when it already does, or never will. */
  ticksLeft: count(Infinity),
  request: flag(),
  attention: flag(),
  /** Bytes of messages to the host, and what follows when the last is taken. */
  message: byteQueue(16),
  next: oneOf(['command', 'data', 'status', 'free', 'leave'], 'command'),
  /** Bytes of messages and commands that are not complete yet. */
  messageOut: byteQueue(16),
  command: byteQueue(16),
});

export const adapterState = struct({
  registers: bytes(registerBytes),
  ram: bytes(ramBytes),
  carry: flag(),
  /** SCRIPTS: stopped; about to execute; or in an instruction that waits for something. */
  script: oneOf(['stopped', 'running', 'request', 'reselect', 'disconnect'], 'stopped'),
  /** The instruction in DCMD, DBC and DSPS waited and is to be executed again, not the next one fetched. */
  again: flag(),
  /** Ticks until the next instructions of a running script. */
  scriptTicks: count(Infinity),
  /** A selection that nobody answers is under way, and how long it still goes on. */
  selecting: flag(),
  selectionTicks: count(Infinity),
  generalTicks: count(Infinity),
  bus: busState,
  nexus: repeat(targetsMost, nexusState),
});
export type AdapterState = StateOf<typeof adapterState>;
export type NexusState = StateOf<typeof nexusState>;

export interface AdapterBoard {
  readonly memory: MemoryAccess;
  /** The target with identifier `id`; undefined where none is on the bus. */
  target(id: number): ScsiTarget | undefined;
  /** The physical address of base address register 1 (registers) or 2 (RAM); undefined while memory is not decoded. */
  base(index: 1 | 2): number | undefined;
}
export type AdapterContext = DeviceContext<AdapterState, 'interrupt', AdapterBoard>;

// Registers of several bytes, least significant first.

export const get8 = ({ state }: AdapterContext, at: number): number => state.registers[at]!;
export function set8({ state }: AdapterContext, at: number, value: number): void {
  state.registers[at] = value;
}
export function get32({ state: { registers } }: AdapterContext, at: number): number {
  return (registers[at]! | (registers[at + 1]! << 8) | (registers[at + 2]! << 16) | (registers[at + 3]! << 24)) >>> 0;
}
export const get24 = (context: AdapterContext, at: number): number => get32(context, at) & 0xffffff;
export function set32({ state: { registers } }: AdapterContext, at: number, value: number): void {
  for (let index = 0; index < 4; index++) registers[at + index] = value >>> (8 * index);
}
export function set24({ state: { registers } }: AdapterContext, at: number, value: number): void {
  for (let index = 0; index < 3; index++) registers[at + index] = value >>> (8 * index);
}
