/**
 * Programmable Interval Timer: three independent 16-bit down-counters, six modes each.
 *
 * Source: Intel 8254 data sheet, order number 231164.
 * Not modelled: set-up and hold times. A CLK pulse samples GATE and counts at one moment; an access falls between two
 * pulses. Undefined by the data sheet and chosen here: the state before the first Control Word (see `counter.ts`), CE
 * between a Control Word and the loading of its count (it stands), BCD digits above 9, a count of 1 in modes 2 and 3.
 */
import { struct } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';
import {
  clockCounter,
  type Counter,
  counterState,
  latchCount,
  latchStatus,
  programCounter,
  pulsesToEvent,
  readCount,
  setGate,
  wavePeriod,
  writeCount,
} from './counter.js';
import { controlWord, readBackCommand } from './registers.js';

type CounterName = (typeof counterNames)[number];
type Output = 'output0' | 'output1' | 'output2';
type PitState = Record<CounterName, Counter>;

/** What the board grants the timer. */
interface PitBoard {
  /**
   * Counters whose OUT pin is wired to something that must see every change, and so wakes the scheduler. The others drive
   * no line; `operations.output` gives their level.
   */
  readonly wired: readonly (0 | 1 | 2)[];
}

type Context = DeviceContext<PitState, Output, PitBoard>;

const counterNames = ['counter0', 'counter1', 'counter2'] as const;
const outputNames = ['output0', 'output1', 'output2'] as const;

function driveOutputs({ state, lines, board }: Context): void {
  for (const index of board.wired) lines[outputNames[index]](state[counterNames[index]].output);
}

function writeControl(context: Context, value: number): void {
  const { state } = context;
  const word = controlWord.decode(value);
  if (word.target === 'readBack') {
    const command = readBackCommand.decode(value);
    for (const name of counterNames) {
      if (!command[name]) continue;
      if (!command.keepCount) latchCount(state[name]);
      if (!command.keepStatus) latchStatus(state[name]);
    }
    return;
  }
  const counter = state[counterNames[word.target]];
  if (word.access === 'latch') return latchCount(counter);
  programCounter(counter, { mode: word.mode, access: (value >> 4) & 3, bcd: word.bcd });
  driveOutputs(context);
}

function writeCounter(name: CounterName) {
  return (context: Context, value: number): void => {
    writeCount(context.state[name], value & 0xff);
    driveOutputs(context);
  };
}

function gateInput(name: CounterName) {
  return (context: Context, level: boolean): void => {
    setGate(context.state[name], level);
    driveOutputs(context);
  };
}

/**
 * The timer. On a PC counter 0 is the system tick, counter 1 paced the memory refresh, counter 2 the speaker.
 * At reset the gates of counters 0 and 1 are high and that of counter 2 is low, as a PC ties them at power-on.
 */
export const pit = defineDevice({
  name: 'pit',
  source: 'Intel 8254, order number 231164',
  notModelled: ['set-up and hold times'],
  clock: { numerator: 14_318_180, denominator: 12 },
  registers: { counter0: 0, counter1: 1, counter2: 2, control: 3 },
  inputs: ['gate0', 'gate1', 'gate2'],
  outputs: outputNames,
  state: struct<PitState>({
    counter0: counterState(true),
    counter1: counterState(true),
    counter2: counterState(false),
  }),
  reset: driveOutputs,
  advance(context: Context, ticks) {
    for (const name of counterNames) clockCounter(context.state[name], ticks);
    driveOutputs(context);
  },
  nextEdge({ state, board }: Context) {
    let next = Infinity;
    for (const index of board.wired) next = Math.min(next, pulsesToEvent(state[counterNames[index]]));
    return next;
  },
  read: {
    counter0: ({ state }: Context) => readCount(state.counter0),
    counter1: ({ state }: Context) => readCount(state.counter1),
    counter2: ({ state }: Context) => readCount(state.counter2),
  },
  write: {
    counter0: writeCounter('counter0'),
    counter1: writeCounter('counter1'),
    counter2: writeCounter('counter2'),
    control: writeControl,
  },
  input: { gate0: gateInput('counter0'), gate1: gateInput('counter1'), gate2: gateInput('counter2') },
  operations: {
    /** Own ticks of a full period of the wave at a counter's OUT pin; undefined while it makes none. */
    period: ({ state }: Context, index: 0 | 1 | 2): number | undefined => wavePeriod(state[counterNames[index]]),
    /** The level of a counter's OUT pin now, wired or not. */
    output: ({ state }: Context, index: 0 | 1 | 2): boolean => state[counterNames[index]].output,
  },
});
