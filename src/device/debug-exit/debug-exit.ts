/**
 * Debug exit: a port whose write ends the machine's run for good, with the written value in its exit status. Kernels that are tested
 * tell by it whether they passed.
 *
 * Source: QEMU's device `isa-debug-exit` by its documented interface: the status is the value shifted left by one, plus one, so that it
 * is never that of a run that nobody ended. No real board has it; it is absent unless a description asks for it.
 *
 * Not modelled: see `notModelled` below.
 */
import { struct } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';

export interface DebugExitBoard {
  /** Ends the run at the end of the instruction. */
  exit(status: number): void;
}

type Context = DeviceContext<object, never, DebugExitBoard>;

/** The exit status that a written value gives: 32 bits. */
export const exitStatusOf = (value: number): number => ((value << 1) | 1) >>> 0;

const operations = {
  read: (_: Context): number => 0,
  write: ({ board }: Context, value: number): void => board.exit(exitStatusOf(value)),
};

/** The port; the board says where it is, and how wide. */
export const debugExit = defineDevice<object, never, never, never, DebugExitBoard, typeof operations>({
  name: 'debugExit',
  source: 'QEMU, isa-debug-exit',
  notModelled: ['an end in the middle of an instruction: a string instruction ends its iteration first'],
  registers: {},
  inputs: [],
  outputs: [],
  state: struct({}),
  read: {},
  write: {},
  operations,
});
