/**
 * The latch that turns the error output of a coprocessor (ERROR#, from the 80486 on FERR#) into an interrupt request, and the
 * port that clears it and lets the processor go on (IGNNE#). Register offsets are absolute ports.
 *
 * Source: Intel 82371SB (PIIX3, 290550), "COPROC_ERR: Coprocessor Error Register" and section "Coprocessor Error Function"; IBM
 * PC AT Technical Reference (6183355), "Math Coprocessor Control"; Intel SDM Vol. 1, appendix D.
 *
 * Not modelled: see `notModelled` below.
 */
import { flag, type StateOf, struct } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';

const state = struct({
  /** The coprocessor's error output. */
  error: flag(),
  /** The latched request. */
  requested: flag(),
  ignored: flag(),
});

type Context = DeviceContext<StateOf<typeof state>, 'interrupt' | 'ignoreError', unknown>;

function driveLines({ state, lines }: Context): void {
  lines.interrupt(state.requested);
  lines.ignoreError(state.ignored);
}

/** A write of any value drops the request; while the error stands, the processor is told to ignore it. */
function clear(context: Context): void {
  context.state.requested = false;
  context.state.ignored = context.state.error;
  driveLines(context);
}

export const coprocessorError = defineDevice({
  name: 'coprocessorError',
  source: 'Intel 82371SB (PIIX3, order number 290550), "COPROC_ERR: Coprocessor Error Register"',
  notModelled: [
    "the reset of a separate coprocessor through port F1h: the processor's own unit has no such pin, and the port clears the latch alone",
  ],
  registers: { clear: 0xf0, reset: 0xf1 },
  inputs: ['error'],
  outputs: ['interrupt', 'ignoreError'],
  state,

  reset: driveLines,

  read: {},
  write: {
    clear,
    reset: clear,
  },

  input: {
    error(context, level) {
      const { state } = context;
      if (level && !state.error) state.requested = true;
      if (!level) state.ignored = false;
      state.error = level;
      driveLines(context);
    },
  },
});
