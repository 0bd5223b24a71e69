/**
 * The boot loader of a board whose description holds a kernel: one port. It reads as a number that says so; a write places
 * the kernel and what comes with it in memory, at once, as often as firmware asks.
 *
 * Source: this project's own (src/firmware/boot/plan.ts says what is placed). No such device is on a real board, and with no
 * kernel in the description it is absent.
 *
 * Not modelled: see `notModelled` below.
 */
import { struct, u32 } from '../../state/schema.js';
import { defineDevice } from '../device.js';

/** What the port reads as. */
const present = 0x4b;

export interface BootLoaderBoard {
  /** Writes everything to memory. */
  place(): void;
}

/** The boot loader; its register is the port itself. */
export const bootLoader = defineDevice({
  name: 'bootLoader',
  source: 'src/firmware/boot/plan.ts',
  notModelled: ['time: a kernel is in memory as soon as the port was written'],
  registers: { control: 0x5e0 },
  inputs: [],
  outputs: [],
  state: struct({ placed: u32() }),
  read: { control: () => present },
  write: {
    control({ state, board }: { state: { placed: number }; board: BootLoaderBoard }) {
      state.placed = (state.placed + 1) >>> 0;
      board.place();
    },
  },
});
