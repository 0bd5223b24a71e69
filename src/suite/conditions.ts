/** What a suite may wait for. A condition only looks: evaluating it changes nothing in the machine. */
import { hex } from '../base/integers.js';
import type { KeyboardLights, ProcessorView, StopReason } from '../machine/machine.js';

/** What a condition may look at. */
export interface Observed {
  /** The text screen, one line a row, trailing spaces removed; the empty string in a graphics mode. */
  readonly screen: { text(): string };
  /** What the guest has sent on its serial ports, as text. */
  readonly serial: { text(port?: number): string };
  /** What it has printed on its parallel port, and written to its virtio console. */
  readonly printer: { text(): string };
  readonly console: { text(): string };
  /** What it has written to its debug console. */
  readonly debugConsole: { text(): string };
  /** What its POST card shows. */
  readonly postCard: { last(): number | undefined };
  /** What its speaker says now. */
  readonly speaker: { hertz(): number | undefined };
  /** Which LEDs of its keyboard are lit. */
  readonly keyboard: { leds(): KeyboardLights };
  readonly processor: ProcessorView;
  /** What the last run ended with; undefined before there was one. */
  readonly ended: StopReason['kind'] | undefined;
  /** The exit status of a guest that has ended by its debug exit. */
  readonly exitStatus: number | undefined;
  readMemory(physical: number, length: number): Uint8Array;
}

/** Something to wait for, and how a report names it. */
export interface Condition {
  readonly description: string;
  readonly holds: (observed: Observed) => boolean;
  /** An address to stop at instead of looking from time to time. */
  readonly executes?: number;
}

const found = (text: string, wanted: string | RegExp): boolean =>
  typeof wanted === 'string'
    ? text.includes(wanted)
    : new RegExp(wanted.source, wanted.flags.replace(/[gy]/g, '')).test(text);

const shown = (wanted: string | RegExp): string =>
  typeof wanted === 'string' ? JSON.stringify(wanted) : String(wanted);

/** The text screen shows a string, or matches a pattern over all its lines. */
export function screenShows(wanted: string | RegExp): Condition {
  return { description: `the screen to show ${shown(wanted)}`, holds: ({ screen }) => found(screen.text(), wanted) };
}

/** The last line with anything on it starts with this: a prompt that waits for a command. */
export function promptShows(prompt: string): Condition {
  return {
    description: `the last line of the screen to be ${shown(prompt)}`,
    holds: ({ screen }) => screen.text().trimEnd().split('\n').at(-1)?.trimEnd() === prompt,
  };
}

/** A serial port has sent a string, or its whole output matches a pattern. Port 0 to 3. */
export function serialShows(wanted: string | RegExp, port = 0): Condition {
  return {
    description: `serial port ${port} to send ${shown(wanted)}`,
    holds: ({ serial }) => found(serial.text(port), wanted),
  };
}

/** The printer on the parallel port has taken a string, or everything printed matches a pattern. */
export function printerShows(wanted: string | RegExp): Condition {
  return {
    description: `the printer to print ${shown(wanted)}`,
    holds: ({ printer }) => found(printer.text(), wanted),
  };
}

/** The virtio console has taken a string, or everything written to it matches a pattern. */
export function consoleShows(wanted: string | RegExp): Condition {
  return { description: `the console to show ${shown(wanted)}`, holds: (seen) => found(seen.console.text(), wanted) };
}

/** The debug console has taken a string, or everything written to it matches a pattern. */
export function debugConsoleShows(wanted: string | RegExp): Condition {
  return {
    description: `the debug console to show ${shown(wanted)}`,
    holds: ({ debugConsole }) => found(debugConsole.text(), wanted),
  };
}

/** The POST card shows this code. */
export function postCodeShows(code: number): Condition {
  return { description: `the POST card to show ${hex(code)}h`, holds: ({ postCard }) => postCard.last() === code };
}

/** The speaker sounds. */
export function speakerSounds(): Condition {
  return { description: 'the speaker to sound', holds: ({ speaker }) => speaker.hertz() !== undefined };
}

/** An LED of the keyboard is lit; or dark, with `false`. */
export function ledLit(led: keyof KeyboardLights, lit = true): Condition {
  return {
    description: `the LED ${led} to be ${lit ? 'lit' : 'dark'}`,
    holds: ({ keyboard }) => keyboard.leds()[led] === lit,
  };
}

/** The processor halts. */
export function halted(): Condition {
  return { description: 'the processor to halt', holds: ({ processor }) => processor.halted };
}

/** The guest has switched its machine off. */
export function poweredOff(): Condition {
  return { description: 'the machine to be switched off', holds: ({ ended }) => ended === 'powerOff' };
}

/** The guest has ended its run by its debug exit, with this status (twice the written value, plus one) or any. */
export function exited(status?: number): Condition {
  return {
    description: `the guest to end${status === undefined ? '' : ` with status ${status}`}`,
    holds: ({ ended, exitStatus }) => ended === 'exited' && (status === undefined || exitStatus === status),
  };
}

/** Physical memory holds these bytes. */
export function memoryHolds(physical: number, bytes: Uint8Array | readonly number[]): Condition {
  const wanted = Uint8Array.from(bytes);
  return {
    description: `${wanted.length} bytes at physical address 0x${hex(physical)}`,
    holds: ({ readMemory }) => readMemory(physical, wanted.length).every((byte, index) => byte === wanted[index]),
  };
}

/** The instruction at a linear address is about to be executed. Exact: the run stops right before it. */
export function executes(linear: number): Condition {
  return {
    description: `the instruction at 0x${hex(linear)} to be reached`,
    holds: ({ processor }) => processor.linear === linear && !processor.halted,
    executes: linear,
  };
}
