/**
 * System control ports: port B (61h) drives the speaker and shows the refresh and check bits, port A (92h) has the fast A20
 * gate and the fast reset. Register offsets are absolute ports.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "System control port A", "System control port B";
 * the refresh rate (timer tick / 18): IBM PC AT Technical Reference, "System timers".
 *
 * Not modelled: see `notModelled` below.
 */
import { flag, type StateOf, struct, u8 } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';

const portB = {
  timer2Gate: 0x01,
  speakerData: 0x02,
  /** The gate, the data, and the two check disables. */
  writable: 0x0f,
  refresh: 0x10,
  timer2Output: 0x20,
} as const;

const portA = {
  fastReset: 0x01,
  a20: 0x02,
  /** Those two, the password lock (bit 3) and the activity lights (bits 6 and 7). */
  writable: 0xcb,
} as const;

const state = struct({
  portB: u8(),
  portA: u8(),
  timer2Output: flag(),
  /** Toggles with every refresh request; delay loops count it. */
  refresh: flag(),
});

type Context = DeviceContext<StateOf<typeof state>, 'timer2Gate' | 'speakerData' | 'a20' | 'reset', unknown>;

function driveLines({ state, lines }: Context): void {
  lines.timer2Gate((state.portB & portB.timer2Gate) !== 0);
  lines.speakerData((state.portB & portB.speakerData) !== 0);
  lines.a20((state.portA & portA.a20) !== 0);
}

/** System control ports A and B; register offsets are the absolute ports 92h and 61h. */
export const systemControl = defineDevice({
  name: 'systemControl',
  source: 'IBM Personal System/2 Hardware Interface Technical Reference, "System control port A" and "B"',
  notModelled: [
    'memory parity and channel checks: they never fail, so their bits read as zero and their disables have no effect',
    'the password lock and the activity lights of port A: their bits are kept',
    'a refresh rate that follows counter 1 of the timer: it is the one every firmware sets, a timer tick / 18',
  ],
  /** One tick a refresh request: 14.31818 MHz / 12 / 18. */
  clock: { numerator: 14_318_180, denominator: 216 },
  registers: { portB: 0x61, portA: 0x92 },
  inputs: ['timer2Output'],
  outputs: ['timer2Gate', 'speakerData', 'a20', 'reset'],
  state,

  reset(context: Context) {
    driveLines(context);
    context.lines.reset(false);
  },

  advance({ state }, ticks) {
    if (ticks % 2 === 1) state.refresh = !state.refresh;
  },

  read: {
    portB: ({ state }) =>
      state.portB | (state.refresh ? portB.refresh : 0) | (state.timer2Output ? portB.timer2Output : 0),
    portA: ({ state }) => state.portA,
  },
  write: {
    portB(context, value) {
      context.state.portB = value & portB.writable;
      driveLines(context);
    },
    portA(context, value) {
      const resets = (value & ~context.state.portA & portA.fastReset) !== 0;
      context.state.portA = value & portA.writable;
      driveLines(context);
      if (!resets) return;
      context.lines.reset(true);
      context.lines.reset(false);
    },
  },

  input: {
    timer2Output({ state }, level) {
      state.timer2Output = level;
    },
  },

  operations: {
    /** The level of the speaker's gate behind the timer. */
    speakerData: ({ state }: Context): boolean => (state.portB & portB.speakerData) !== 0,
  },
});
