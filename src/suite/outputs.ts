/** Everything that a guest has sent out so far: on serial ports, to a printer, to the virtio console and the debug console, to a POST card, through the speaker. */
import type { Cycle } from '../base/integers.js';
import type { Machine, SerialOutput } from '../machine/machine.js';

/** A tone that began, in hertz, or silence. */
export interface Tone {
  readonly cycle: Cycle;
  readonly hertz: number | undefined;
}

/** Outputs in the order in which they came. */
export class Outputs {
  readonly serial: SerialOutput[] = [];
  readonly printed: number[] = [];
  readonly console: number[] = [];
  /** What was written to the console's further ports, by port. */
  readonly consolePorts: readonly number[][] = Array.from({ length: 8 }, () => []);
  readonly debugConsole: number[] = [];
  readonly postCodes: number[] = [];
  readonly tones: Tone[] = [];

  /** What another guest has sent, for one that goes on from there. */
  constructor(from?: Outputs) {
    if (from === undefined) return;
    this.serial.push(...from.serial);
    this.printed.push(...from.printed);
    this.console.push(...from.console);
    this.consolePorts.forEach((port, at) => port.push(...from.consolePorts[at]!));
    this.debugConsole.push(...from.debugConsole);
    this.postCodes.push(...from.postCodes);
    this.tones.push(...from.tones);
  }

  /** Hears what a machine sends from now on. */
  hear(machine: Machine): void {
    machine.onSerial = (output) => this.serial.push(output);
    machine.observers.parallel = ({ byte }) => this.printed.push(byte);
    machine.observers.console = ({ data }) => {
      for (const byte of data) this.console.push(byte);
    };
    machine.observers.consolePort = ({ port, data }) => {
      for (const byte of data) this.consolePorts[port]!.push(byte);
    };
    machine.observers.debugConsole = ({ byte }) => this.debugConsole.push(byte);
    machine.observers.postCode = ({ code }) => this.postCodes.push(code);
    machine.observers.speaker = ({ hertz, cycle }) => this.tones.push({ cycle, hertz });
  }
}
