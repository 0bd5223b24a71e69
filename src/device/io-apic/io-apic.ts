/**
 * I/O APIC: 24 interrupt inputs, each with a redirection entry that says what message it sends.
 *
 * Source: Intel 82093AA I/O Advanced Programmable Interrupt Controller, order number 290566.
 * Not modelled: see `notModelled` below.
 */
import { repeat, struct, u32, u8 } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';

const pins = 24;
const version = 0x0017_0011;
const entryBits = { masked: 0x1_0000, level: 0x8000, remoteRequest: 0x4000, low: 0x2000, logical: 0x800 } as const;
const writableLow = 0x1_afff;

interface State {
  select: number;
  id: number;
  /** The level of each input, one bit each. */
  inputs: number;
  low: number[];
  high: number[];
}

/** Delivery modes NMI and INIT (section 3.2.4). */
const unmaskable: ReadonlySet<number> = new Set([4, 5]);

/** A message as an entry sends it. */
export interface IoApicMessage {
  readonly mode: number;
  readonly vector: number;
  readonly level: boolean;
  readonly logical: boolean;
  readonly destination: number;
}
export interface IoApicBoard {
  /** Sends a message; false when nobody took it. */
  readonly send: (message: IoApicMessage) => boolean;
}
type Context = DeviceContext<State, never, IoApicBoard>;

function send({ state, board }: Context, pin: number): boolean {
  const low = state.low[pin]!;
  return board.send({
    mode: (low >> 8) & 7,
    vector: low & 0xff,
    level: (low & entryBits.level) !== 0,
    logical: (low & entryBits.logical) !== 0,
    destination: state.high[pin]! >>> 24,
  });
}

const isHigh = ({ state }: Context, pin: number): boolean => ((state.inputs >>> pin) & 1) !== 0;

/** A level-triggered input that is up sends once, until its end of interrupt (section 3.2.4, remote IRR). */
function serviceLevel(context: Context, pin: number): void {
  const { state } = context;
  const low = state.low[pin]!;
  const waits = (low & (entryBits.masked | entryBits.remoteRequest)) !== 0 || (low & entryBits.level) === 0;
  if (waits || !isHigh(context, pin)) return;
  // Set before: a message may end at once.
  state.low[pin] = low | entryBits.remoteRequest;
  if (!send(context, pin)) state.low[pin] = state.low[pin]! & ~entryBits.remoteRequest;
}

function setInput(context: Context, pin: number, level: boolean): void {
  const { state } = context;
  const rises = level && !isHigh(context, pin);
  state.inputs = (level ? state.inputs | (1 << pin) : state.inputs & ~(1 << pin)) >>> 0;
  const low = state.low[pin]!;
  if ((low & entryBits.level) !== 0) serviceLevel(context, pin);
  else if (rises && (low & entryBits.masked) === 0) send(context, pin); // An edge on a masked input is lost.
}

function readIndexed({ state }: Context): number {
  const { select } = state;
  if (select === 0 || select === 2) return (state.id << 24) >>> 0;
  if (select === 1) return version;
  const pin = (select - 0x10) >> 1;
  if (select < 0x10 || pin >= pins) return 0;
  return (select & 1) === 0 ? state.low[pin]! : state.high[pin]!;
}

function writeIndexed(context: Context, value: number): void {
  const { state } = context;
  const { select } = state;
  if (select === 0) state.id = (value >>> 24) & 0x0f;
  const pin = (select - 0x10) >> 1;
  if (select < 0x10 || pin >= pins) return;
  if ((select & 1) !== 0) {
    state.high[pin] = (value & 0xff00_0000) >>> 0;
    return;
  }
  const kept = state.low[pin]! & entryBits.remoteRequest;
  // An edge-triggered entry has no remote request.
  state.low[pin] = (value & writableLow) | ((value & entryBits.level) !== 0 ? kept : 0);
  serviceLevel(context, pin);
}

const registers = { select: 0x00, window: 0x10, endOfInterrupt: 0x40 } as const;

export const ioApic = defineDevice({
  name: 'ioApic',
  source: 'Intel 82093AA, order number 290566',
  notModelled: ['arbitration between several I/O APICs', 'the polarity bit: inputs are levels, up or down'],
  registers: {},
  inputs: [],
  outputs: [],
  state: struct<State>({
    select: u8(),
    id: u8(),
    inputs: u32(),
    low: repeat(pins, u32(entryBits.masked)),
    high: repeat(pins, u32()),
  }),
  reset(context: Context) {
    context.state.select = 0;
  },
  read: {},
  write: {},
  operations: {
    readRegister(context: Context, offset: number): number {
      if (offset === registers.select) return context.state.select;
      return offset === registers.window ? readIndexed(context) : 0;
    },
    writeRegister(context: Context, offset: number, value: number): void {
      if (offset === registers.select) context.state.select = value & 0xff;
      else if (offset === registers.window) writeIndexed(context, value >>> 0);
    },
    setInput,
    /** Whether an input can become what no flag of the processor masks: NMI or INIT. */
    isUnmaskable: ({ state }: Context): boolean =>
      state.low.some((low) => (low & entryBits.masked) === 0 && unmaskable.has((low >> 8) & 7)),
    /** A local APIC tells that a level-triggered vector has ended. */
    endOfInterrupt(context: Context, vector: number): void {
      const { state } = context;
      for (let pin = 0; pin < pins; pin++) {
        const low = state.low[pin]!;
        if ((low & 0xff) !== vector || (low & entryBits.remoteRequest) === 0) continue;
        state.low[pin] = low & ~entryBits.remoteRequest;
        serviceLevel(context, pin);
      }
    },
  },
});
