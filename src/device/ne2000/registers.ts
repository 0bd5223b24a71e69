/** The registers of the DP8390D by page (section 10), a byte each. */
import { beginTransmission } from './line.js';
import { startRemote } from './memory.js';
import {
  command,
  driveInterrupt,
  interrupt,
  isStarted,
  type Ne2000Context as Context,
  type Ne2000State,
} from './state.js';

type Read = (context: Context) => number;
type Write = (context: Context, value: number) => void;
type ByteName = { [Name in keyof Ne2000State]: Ne2000State[Name] extends number ? Name : never }[keyof Ne2000State];

const low =
  (name: ByteName): Read =>
  ({ state }) =>
    state[name] & 0xff;
const high =
  (name: ByteName): Read =>
  ({ state }) =>
    state[name] >> 8;
const set =
  (name: ByteName, mask = 0xff): Write =>
  ({ state }, value) =>
    void (state[name] = value & mask);
/** Writes one half of 16-bit registers. */
const setHalf =
  (half: 'low' | 'high', ...names: readonly ByteName[]): Write =>
  ({ state }, value) => {
    for (const name of names)
      state[name] = half === 'low' ? (state[name] & 0xff00) | value : (state[name] & 0xff) | (value << 8);
  };

function writeCommand(context: Context, value: number): void {
  const { state } = context;
  state.command = value & ~command.transmit;
  if (value & command.stop) state.interruptStatus |= interrupt.reset;
  else if (value & command.start) state.interruptStatus &= ~interrupt.reset;
  if (value & command.transmit && isStarted(state)) beginTransmission(context);
  if (state.transmitTicks !== Infinity) state.command |= command.transmit;
  startRemote(context);
}

/** A tally counter: reading clears it. */
const takeMissed: Read = ({ state }) => {
  const { missed } = state;
  state.missed = 0;
  return missed;
};

const readPage0: Readonly<Record<number, Read>> = {
  0x01: ({ state }) => (state.current << 8) & 0xff,
  0x02: low('current'),
  0x03: low('boundary'),
  0x04: low('transmitStatus'),
  0x05: () => 0,
  0x06: () => 0,
  0x07: low('interruptStatus'),
  0x08: low('remoteAddress'),
  0x09: high('remoteAddress'),
  0x0a: ({ board }) => board.identification?.[0] ?? 0xff,
  0x0b: ({ board }) => board.identification?.[1] ?? 0xff,
  0x0c: low('receiveStatus'),
  0x0d: () => 0,
  0x0e: () => 0,
  0x0f: takeMissed,
};

const writePage0: Readonly<Record<number, Write>> = {
  0x01: set('pageStart'),
  0x02: set('pageStop'),
  0x03: set('boundary'),
  0x04: set('transmitPage'),
  0x05: setHalf('low', 'transmitBytes'),
  0x06: setHalf('high', 'transmitBytes'),
  0x07(context, value) {
    context.state.interruptStatus &= ~(value & ~interrupt.reset);
    driveInterrupt(context);
  },
  0x08: setHalf('low', 'remoteAddress', 'remoteStart'),
  0x09: setHalf('high', 'remoteAddress', 'remoteStart'),
  0x0a: setHalf('low', 'remoteBytes', 'remoteCount'),
  0x0b: setHalf('high', 'remoteBytes', 'remoteCount'),
  0x0c: set('receiveConfiguration', 0x3f),
  0x0d: set('transmitConfiguration', 0x1f),
  0x0e: set('dataConfiguration', 0x7f),
  0x0f(context, value) {
    context.state.interruptMask = value & 0x7f;
    driveInterrupt(context);
  },
};

const readPage2: Readonly<Record<number, Read>> = {
  0x01: low('pageStart'),
  0x02: low('pageStop'),
  0x04: low('transmitPage'),
  0x0c: ({ state }) => state.receiveConfiguration | 0xc0,
  0x0d: ({ state }) => state.transmitConfiguration | 0xe0,
  0x0e: ({ state }) => state.dataConfiguration | 0x80,
  0x0f: ({ state }) => state.interruptMask | 0x80,
};

function readPage1({ state }: Context, offset: number): number {
  if (offset < 7) return state.physical[offset - 1]!;
  return offset === 7 ? state.current : state.multicast[offset - 8]!;
}

function writePage1({ state }: Context, offset: number, value: number): void {
  if (offset < 7) state.physical[offset - 1] = value;
  else if (offset === 7) state.current = value;
  else state.multicast[offset - 8] = value;
}

const pageOf = (state: Ne2000State): number => (state.command & command.page) >> 6;

/** Reads register 0 to 15 of the page at hand. */
export function readChip(context: Context, offset: number): number {
  if (offset === 0) return context.state.command;
  switch (pageOf(context.state)) {
    case 0:
      return readPage0[offset]?.(context) ?? 0xff;
    case 1:
      return readPage1(context, offset);
    case 2:
      return readPage2[offset]?.(context) ?? 0xff;
    default:
      return 0;
  }
}

/** Writes register 0 to 15 of the page at hand. Pages 2 and 3 hold tests only. */
export function writeChip(context: Context, offset: number, value: number): void {
  if (offset === 0) writeCommand(context, value);
  else if (pageOf(context.state) === 0) writePage0[offset]?.(context, value);
  else if (pageOf(context.state) === 1) writePage1(context, offset, value);
}
