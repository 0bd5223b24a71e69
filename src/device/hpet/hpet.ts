/**
 * High Precision Event Timers: a 64-bit counter and three comparators, at the rate of the PC's oscillator.
 *
 * Source: IA-PC HPET Specification, revision 1.0a (October 2004), section 2.3.
 * Not modelled: see `notModelled` below.
 */
import { flag, repeat, struct, u32 } from '../../state/schema.js';
import { defineDevice, type DeviceContext, type Width } from '../device.js';

/** A 64-bit register as two halves. */
interface Long {
  low: number;
  high: number;
}
const long = struct<Long>({ low: u32(), high: u32() });

interface TimerState {
  configuration: number;
  comparator: Long;
  /** The value that a periodic timer adds to its comparator. */
  period: Long;
  /** The next write of the comparator sets the comparator alone, not the period too. */
  setsValue: boolean;
}
interface State {
  enabled: boolean;
  legacy: boolean;
  counter: Long;
  status: number;
  timers: TimerState[];
}

/** Where a timer's interrupt stands: in place of a legacy request, or at an input of the I/O APIC. */
export interface HpetRoute {
  readonly legacy: boolean;
  readonly input: number;
}

/** What the board does for the timers. */
export interface HpetBoard {
  /** Timers 0 and 1 take the requests of the timer and the clock (section 2.3.5, LEG_RT_CNF), or give them back. */
  readonly replaceLegacy: (replaced: boolean) => void;
  /** The level of a timer's interrupt at an input of the I/O APIC, or at a legacy request. */
  readonly interrupt: (timer: number, route: HpetRoute, level: boolean) => void;
}
type Context = DeviceContext<State, never, HpetBoard>;

const timerCount = 3;
/** Femtoseconds a tick of 14.31818 MHz, rounded. */
const periodFemtoseconds = 69_841_279;
/** Revision 1, three timers, a 64-bit counter, legacy replacement, vendor 8086h. */
const capabilities = 0x8086_a201;
/** I/O APIC inputs 2 and 8 to 11 may be chosen by any timer. */
const routesPossible = 0x0000_0f04;

const bits = {
  level: 0x0002,
  interruptEnable: 0x0004,
  periodic: 0x0008,
  periodicCapable: 0x0010,
  wideCapable: 0x0020,
  setValue: 0x0040,
  narrow: 0x0100,
  route: 0x3e00,
  writable: 0x3f4e,
} as const;
const offsets = {
  capabilities: 0,
  configuration: 0x10,
  status: 0x20,
  counter: 0xf0,
  timers: 0x100,
  timerBytes: 0x20,
} as const;

const full = 2n ** 64n;
const half = 2n ** 32n;
/** No edge is said to be further away. */
const furthest = 2n ** 52n;
const valueOf = ({ low, high }: Long): bigint => (BigInt(high) << 32n) | BigInt(low);
function assign(into: Long, value: bigint): void {
  into.low = Number(value & 0xffff_ffffn);
  into.high = Number((value >> 32n) & 0xffff_ffffn);
}
const isNarrow = ({ configuration }: TimerState): boolean => (configuration & bits.narrow) !== 0;

/** Ticks until the counter next equals the comparator: at least 1, as the moment itself has passed. */
function ticksUntilMatch(state: State, timer: TimerState): bigint {
  const width = isNarrow(timer) ? half : full;
  const away = (valueOf(timer.comparator) - valueOf(state.counter)) % width;
  return away <= 0n ? away + width : away;
}

const routeOf = (state: State, timer: number): HpetRoute => ({
  legacy: state.legacy && timer < 2,
  input: (state.timers[timer]!.configuration & bits.route) >> 9,
});

function drive(context: Context, timer: number, level: boolean): void {
  const { state, board } = context;
  board.interrupt(timer, routeOf(state, timer), level);
}

/** Whether a timer's next match is heard outside; other matches are made up for when the counter is looked at. */
const isHeard = ({ configuration }: TimerState): boolean => (configuration & bits.interruptEnable) !== 0;

/** The counter goes on by so many ticks, over any number of a timer's matches. */
function pass(timer: TimerState, ticks: bigint, ticksToMatch: bigint): void {
  if ((timer.configuration & bits.periodic) === 0) return;
  const width = isNarrow(timer) ? half : full;
  const period = valueOf(timer.period);
  const more = period === 0n ? 0n : (ticks - ticksToMatch) / period;
  assign(timer.comparator, (valueOf(timer.comparator) + period * (1n + more)) % width);
}
function interrupt(context: Context, index: number): void {
  const isLevel = (context.state.timers[index]!.configuration & bits.level) !== 0;
  drive(context, index, true);
  if (!isLevel) drive(context, index, false); // An edge.
}

/** A register's bytes replaced by an access of 1, 2 or 4. */
function merge(old: number, at: number, value: number, width: Width): number {
  if (width === 4) return value >>> 0;
  const mask = (2 ** (8 * width) - 1) * 2 ** (8 * at);
  return ((old & ~mask) | ((value << (8 * at)) & mask)) >>> 0;
}

function read32({ state }: Context, offset: number): number {
  const timer = state.timers[Math.floor((offset - offsets.timers) / offsets.timerBytes)];
  if (offset >= offsets.timers && timer !== undefined) {
    const fixed = bits.wideCapable | bits.periodicCapable;
    const within = (offset - offsets.timers) % offsets.timerBytes;
    return (
      [(timer.configuration | fixed) >>> 0, routesPossible, timer.comparator.low, timer.comparator.high][within / 4] ??
      0
    );
  }
  switch (offset) {
    case offsets.capabilities:
      return capabilities;
    case offsets.capabilities + 4:
      return periodFemtoseconds;
    case offsets.configuration:
      return (state.enabled ? 1 : 0) | (state.legacy ? 2 : 0);
    case offsets.status:
      return state.status;
    case offsets.counter:
      return state.counter.low;
    case offsets.counter + 4:
      return state.counter.high;
    default:
      return 0;
  }
}

function writeConfiguration(context: Context, value: number): void {
  const { state, board } = context;
  state.enabled = (value & 1) !== 0;
  const legacy = (value & 2) !== 0;
  if (legacy === state.legacy) return;
  state.legacy = legacy;
  board.replaceLegacy(legacy);
}

function writeTimer(context: Context, index: number, within: number, value: number): void {
  const timer = context.state.timers[index]!;
  if (within === 0) {
    timer.configuration = value & bits.writable & ~bits.setValue;
    timer.setsValue = (value & bits.setValue) !== 0;
    if (isNarrow(timer)) timer.comparator.high = timer.period.high = 0;
    // No interrupt waits once its enable is gone.
    if ((value & bits.interruptEnable) === 0) drive(context, index, false);
    return;
  }
  if (within !== 8 && within !== 12) return;
  const part = within === 8 ? 'low' : 'high';
  if (part === 'high' && isNarrow(timer)) return;
  const periodic = (timer.configuration & bits.periodic) !== 0;
  if (!periodic || timer.setsValue) timer.comparator[part] = value;
  if (periodic) timer.period[part] = value;
  if (part === 'low' && isNarrow(timer)) timer.setsValue = false;
  if (part === 'high') timer.setsValue = false;
}

function write32(context: Context, offset: number, value: number): void {
  const { state } = context;
  const index = Math.floor((offset - offsets.timers) / offsets.timerBytes);
  if (offset >= offsets.timers) {
    if (index < timerCount) writeTimer(context, index, (offset - offsets.timers) % offsets.timerBytes, value);
    return;
  }
  switch (offset) {
    case offsets.configuration:
      return writeConfiguration(context, value);
    case offsets.status:
      for (let timer = 0; timer < timerCount; timer++) {
        if (((value & state.status) >> timer) & 1) drive(context, timer, false);
      }
      state.status &= ~value;
      return;
    case offsets.counter:
      if (!state.enabled) state.counter.low = value; // Written while it stands (section 2.3.7).
      return;
    case offsets.counter + 4:
      if (!state.enabled) state.counter.high = value;
  }
}

export const hpet = defineDevice({
  name: 'hpet',
  source: 'IA-PC HPET Specification, revision 1.0a',
  notModelled: ['interrupts by message (FSB)', 'accesses of 8 bytes: they arrive as two of 4'],
  clock: { numerator: 14_318_180, denominator: 1 },
  registers: {},
  inputs: [],
  outputs: [],
  state: struct<State>({
    enabled: flag(),
    legacy: flag(),
    counter: long,
    status: u32(),
    timers: repeat(
      timerCount,
      struct<TimerState>({ configuration: u32(), comparator: long, period: long, setsValue: flag() }),
    ),
  }),
  reset({ board, state }: Context) {
    for (const timer of state.timers) assign(timer.comparator, full - 1n);
    board.replaceLegacy(false);
  },
  advance(context: Context, ticks) {
    const { state } = context;
    if (!state.enabled) return;
    const step = BigInt(ticks);
    const away = state.timers.map((timer) => ticksUntilMatch(state, timer));
    assign(state.counter, (valueOf(state.counter) + step) % full);
    state.timers.forEach((timer, index) => {
      if (away[index]! > step) return;
      pass(timer, step, away[index]!);
      if ((timer.configuration & bits.level) !== 0) state.status |= 1 << index;
      if (isHeard(timer)) interrupt(context, index);
    });
  },
  nextEdge({ state }: Context): number {
    if (!state.enabled) return Infinity;
    let nearest = furthest;
    for (const timer of state.timers) {
      const away = isHeard(timer) ? ticksUntilMatch(state, timer) : furthest;
      if (away < nearest) nearest = away;
    }
    return Number(nearest); // Early is allowed.
  },
  read: {},
  write: {},
  operations: {
    /** Where a timer's interrupt stands now. */
    route: ({ state }: Context, timer: number) => routeOf(state, timer),
    readRegister(context: Context, offset: number, width: Width): number {
      const whole = read32(context, offset & ~3);
      return width === 4 ? whole : (whole >>> (8 * (offset & 3))) & (2 ** (8 * width) - 1);
    },
    writeRegister(context: Context, offset: number, value: number, width: Width): void {
      const aligned = offset & ~3;
      write32(context, aligned, merge(read32(context, aligned), offset & 3, value, width));
    },
  },
});
