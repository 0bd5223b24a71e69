/**
 * Debug console: a port whose written bytes go out at once, without a line, a rate or a status to wait for. It reads as E9h, by which
 * software finds it.
 *
 * Source: the port E9h of Bochs ("port_e9_hack" in its user manual), and QEMU's device `isa-debugcon` by its documented interface. No
 * real board has it; it is absent unless a description asks for it.
 *
 * Not modelled: see `notModelled` below.
 */
import { struct } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';

export interface DebugConsoleBoard {
  transmit(byte: number): void;
}

type Context = DeviceContext<object, never, DebugConsoleBoard>;

/** What the port reads as, wherever it is. */
const present = 0xe9;

/** The console; its register is the port itself. */
export const debugConsole = defineDevice({
  name: 'debugConsole',
  source: 'Bochs, port E9h; QEMU, isa-debugcon',
  notModelled: ['another value to be read than E9h'],
  registers: { data: 0 },
  inputs: [],
  outputs: [],
  state: struct({}),
  read: { data: () => present },
  write: { data: ({ board }: Context, value) => board.transmit(value) },
});
