/** A trace opened for replaying: its machine, its images, and what it sends. */
import { assert } from '../base/assert.js';
import { type Cycle, cycle } from '../base/integers.js';
import { UserError } from '../base/errors.js';
import { breathe } from '../host/environment.js';
import { imagesOf, openTrace } from '../host/traces.js';
import { progress } from '../host/terminal.js';
import { firmwareDigests } from '../host/firmware.js';
import { createMachine } from '../host/machines.js';
import type { Images, SerialOutput, StopReason } from '../machine/machine.js';
import { createPlayer, type MachineFactory, type Player, type PlayerOptions } from '../replay/player.js';
import type { Trace } from '../trace/reader.js';
import { hearTesting, type TestingOutputs } from './testing-outputs.js';

/** The options of every command that replays. */
export const playbackOptions = {
  image: { type: 'string', array: true, default: [] as string[], describe: 'An image that the trace names by digest' },
} as const;

/** A trace and how to make its machine. */
export interface OpenedTrace {
  readonly path: string;
  readonly trace: Trace;
  readonly images: Images;
  readonly factory: MachineFactory;
  readonly firmware: Readonly<Record<string, string>>;
}

/** Reads a trace and finds its images; throws {@link UserError} for what is wrong or missing. */
export function openForReplay(path: string, given: readonly string[]): OpenedTrace {
  const trace = openTrace(path);
  const images = imagesOf(trace, path, given);
  const factory: MachineFactory = (description, powerOn) => createMachine(description, images, powerOn);
  return { path, trace, images, factory, firmware: firmwareDigests(trace.header.machine) };
}

/** A replay under way, with everything the guest has sent. */
export interface Playback {
  readonly player: Player;
  readonly sent: readonly SerialOutput[];
  /** What it has written to its debug console and its POST card. */
  readonly testing: TestingOutputs;
  /** Goes on to `until`, reporting progress; returns what stopped the machine for good. Throws Divergence. */
  go(until: Cycle, title: string): Promise<StopReason | undefined>;
}

/** Powers a trace's machine on. */
export function startPlayback({ trace, factory, firmware }: OpenedTrace, options: PlayerOptions = {}): Playback {
  const player = createPlayer(trace, factory, { firmware, ...options });
  const sent: SerialOutput[] = [];
  player.machine.onSerial = (output) => void sent.push(output);
  const testing = hearTesting(player.machine);
  const slice = Math.max(1, Math.floor(trace.header.machine.cyclesPerSecond / 10));
  return {
    player,
    sent,
    testing,
    async go(until, title) {
      const shown = progress(title);
      const { machine } = player;
      let stop: StopReason | undefined;
      try {
        for (;;) {
          stop = player.advance(cycle(Math.min(until, machine.cycle + slice)));
          if (stop !== undefined || machine.cycle >= until) return stop;
          shown.at(machine.cycle, until, `cycle ${machine.cycle} of ${until}`);
          await breathe();
        }
      } finally {
        shown.end();
      }
    },
  };
}

/** A cycle as a user writes it: `1500000`, `1_500_000` or `1.5e6`. */
export function cycleOption(text: string, option: string): Cycle {
  const value = Number(text.replaceAll('_', ''));
  if (text !== '' && Number.isSafeInteger(value) && value >= 0) return cycle(value);
  throw new UserError(`"${text}" is no cycle`, { place: option, nextStep: `Give a whole number: ${option} 1500000` });
}

/** The bytes of one serial port. */
export function serialBytes(sent: readonly SerialOutput[], port: number): Uint8Array {
  assert(port >= 0 && port <= 3, 'there are four serial ports');
  return Uint8Array.from(sent.filter((output) => output.port === port).map(({ byte }) => byte));
}
