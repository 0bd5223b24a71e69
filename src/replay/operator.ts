/** What a person (or a script) does at a machine: types, waits for something to appear, presses reset. */
import { UserError } from '../base/errors.js';
import { type Cycle, cycle } from '../base/integers.js';
import type { InputEvent, Machine, MachineDescription, SerialOutput, StopReason } from '../machine/machine.js';
import { screenText } from '../screen/text.js';
import { chordEvents, textKeys } from './keys.js';
import { buttonBit, mouseSteps, mouseTimes, wheelSteps } from './mouse.js';
import type { Pattern } from './pattern.js';
import { runTo } from './run.js';

/** A machine and its input door: a recorder is one. */
export interface Operated {
  readonly machine: Machine;
  input(event: InputEvent): void;
  run(until: Cycle): StopReason;
}

/**
 * What to wait for: a pattern on the text screen, or in what a serial port has sent since the last wait that matched on it; or that
 * the guest ends its run by its debug exit, with a status or with any.
 */
export type Awaited =
  | { readonly on: 'screen'; readonly pattern: Pattern }
  | { readonly on: 'serial'; readonly port: number; readonly pattern: Pattern }
  | { readonly on: 'exit'; readonly status: number | undefined };

/** The guest did not do in time what was waited for, or stopped for good. Commands exit with code 4. */
export class GuestStuck extends Error {
  override name = 'GuestStuck';

  constructor(
    problem: string,
    readonly cycle: Cycle,
    /** The text screen then; empty in a graphics mode. */
    readonly screen: string,
  ) {
    super([`${problem} (cycle ${cycle})`, ...(screen === '' ? [] : ['The screen then:', screen.trimEnd()])].join('\n'));
  }
}

/** The guest ended its run by its debug exit. */
export class GuestEnded extends Error {
  override name = 'GuestEnded';

  constructor(readonly status: number) {
    super(`The guest ended with status ${status}.`);
  }
}

/** Acts on a machine, in guest time. Every method may throw {@link GuestStuck} or {@link GuestEnded}. */
export interface Operator {
  /** The status with which the guest ended, after it was waited for. */
  readonly exitStatus: number | undefined;
  /** Types a text on a US layout. */
  type(text: string): void;
  /** Strikes a chord such as `ctrl+alt+delete`. */
  press(chord: string): void;
  send(data: Uint8Array, port: number): void;
  /** Moves the mouse by counts to the right and down, so many at once. */
  moveMouse(dx: number, dy: number, step?: number): void;
  /** Turns the mouse's wheel by notches, towards the user where positive. */
  turnWheel(notches: number): void;
  /** Presses a mouse button (by its name) and holds it, or lets it go. */
  holdButton(button: string, held: boolean): void;
  /** Any other input, such as the reset button. */
  input(event: InputEvent): void;
  /** Lets guest time pass, in seconds, rounded to cycles. */
  wait(seconds: number): void;
  /** Lets time pass up to a cycle; UserError when it is over already. */
  waitUntil(at: Cycle): void;
  /** Looks until the pattern appears, at most so many guest seconds. */
  waitFor(awaited: Awaited, withinSeconds: number): void;
}

/** How long a key is held, and how long the hand rests until the next: together sixteen keys a guest second. */
const heldSeconds = 1 / 32;
const restSeconds = 1 / 32;
/** How often the screen and the serial ports are looked at. */
const looksPerSecond = 50;
/** A match may reach back this many characters of what a port has sent. */
const serialReach = 65536;

/** How a machine stopped, and what one may not think of: the board's usual processor can be older than the guest takes for granted. */
function describeStop(stop: StopReason, { processor }: MachineDescription): string {
  if (stop.kind !== 'shutdown') return stop.kind;
  const old =
    processor === '80386' ? '; its processor is an 80386, and a guest may need a newer one (--processor)' : '';
  return `shutdown, by a triple fault (${stop.detail})${old}`;
}

/** An operator for a machine. Takes over the machine's serial observer, and passes on to the one there was. */
export function createOperator(operated: Operated): Operator {
  const { machine } = operated;
  const { cyclesPerSecond } = machine.description;
  const received = ['', '', '', ''];
  const observer = machine.onSerial;
  machine.onSerial = (output: SerialOutput) => {
    received[output.port] = ((received[output.port] ?? '') + String.fromCharCode(output.byte)).slice(-serialReach);
    observer?.(output);
  };

  const stuck = (problem: string): GuestStuck => new GuestStuck(problem, machine.cycle, screenText(machine.screen()));

  function runUntil(at: Cycle): void {
    const stop = runTo(
      {
        get cycle() {
          return machine.cycle;
        },
        run: operated.run,
      },
      at,
    );
    if (stop?.kind === 'exited') throw new GuestEnded(stop.status);
    if (stop !== undefined) throw stuck(`The machine stopped: ${describeStop(stop, machine.description)}`);
  }
  const wait = (seconds: number): void => runUntil(cycle(machine.cycle + Math.round(seconds * cyclesPerSecond)));

  function press(chord: string): void {
    const { presses, releases } = chordEvents(chord);
    for (const event of presses) operated.input(event);
    wait(heldSeconds);
    for (const event of releases) operated.input(event);
    wait(restSeconds);
  }

  let buttons = 0;
  function give(events: readonly InputEvent[]): void {
    for (const event of events) {
      operated.input(event);
      wait(mouseTimes.step);
    }
  }

  function appeared(awaited: Exclude<Awaited, { on: 'exit' }>): boolean {
    if (awaited.on === 'screen') return awaited.pattern.matches(screenText(machine.screen()));
    const found = awaited.pattern.matches(received[awaited.port] ?? '');
    if (found) received[awaited.port] = '';
    return found;
  }

  let exitStatus: number | undefined;
  /** Lets the guest run until it ends itself; whoever waits for another status hears of this one. */
  function waitForExit(wanted: number | undefined, limit: Cycle, withinSeconds: number): void {
    try {
      runUntil(limit);
    } catch (error) {
      if (!(error instanceof GuestEnded) || (wanted !== undefined && error.status !== wanted)) throw error;
      exitStatus = error.status;
      return;
    }
    throw stuck(`The guest did not end by its debug exit within ${withinSeconds} guest seconds`);
  }

  return {
    get exitStatus() {
      return exitStatus;
    },
    wait,
    press,
    type: (text) => textKeys(text).forEach(press),
    send: (data, port) => operated.input({ kind: 'serial', port, data }),
    moveMouse: (dx, dy, step) => give(mouseSteps(dx, dy, buttons, step)),
    turnWheel: (notches) => give(wheelSteps(notches, buttons)),
    holdButton(button, held) {
      buttons = held ? buttons | buttonBit(button) : buttons & ~buttonBit(button);
      operated.input({ kind: 'mouse', dx: 0, dy: 0, wheel: 0, buttons });
      wait(mouseTimes.click);
    },
    input: (event) => operated.input(event),
    waitUntil(at) {
      if (at < machine.cycle) throw new UserError(`Cycle ${at} is over: the machine is at cycle ${machine.cycle}.`);
      runUntil(at);
    },
    waitFor(awaited, withinSeconds) {
      const limit = cycle(machine.cycle + Math.round(withinSeconds * cyclesPerSecond));
      if (awaited.on === 'exit') return waitForExit(awaited.status, limit, withinSeconds);
      const step = Math.ceil(cyclesPerSecond / looksPerSecond);
      while (!appeared(awaited)) {
        if (machine.cycle >= limit) {
          throw stuck(
            `${awaited.pattern.source} did not appear on the ${awaited.on} within ${withinSeconds} guest seconds`,
          );
        }
        try {
          runUntil(cycle(Math.min(limit, machine.cycle + step)));
        } catch (stopped) {
          // The last words of a guest that switches itself off were waited for in vain only if they are other ones.
          if (!appeared(awaited)) throw stopped;
          return;
        }
      }
    },
  };
}
