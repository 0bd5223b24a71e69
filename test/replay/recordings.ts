/** Recordings of the toy machine, for the tests of replaying. */
import { cycle } from '../../src/base/integers.js';
import type { Machine } from '../../src/machine/machine.js';
import type { EndReason } from '../../src/trace/model.js';
import { chordEvents } from '../../src/replay/keys.js';
import { createPlayer, type Player } from '../../src/replay/player.js';
import { createRecorder, type Recorder, type RecordingOptions } from '../../src/replay/recorder.js';
import { runTo } from '../../src/replay/run.js';
import { readTrace, type Trace } from '../../src/trace/reader.js';
import { memorySink } from '../trace/samples.js';
import { createToy, toyDescription, type ToyOptions } from './toy-machine.js';

export const powerOn = { date: 1_700_000_000, seed: 42 };

type Act = (recorder: Recorder, machine: Machine) => void;

/** Does things at their cycles, and goes on to `end`. */
export function record(
  acts: readonly (readonly [at: number, act: Act])[],
  end: number,
  options: Partial<RecordingOptions> & { readonly toy?: ToyOptions; readonly reason?: EndReason | 'killed' } = {},
): Uint8Array {
  const sink = memorySink();
  const { toy, reason = 'finished', ...rest } = options;
  const machine = createToy(toyDescription, powerOn, toy);
  const recorder = createRecorder({
    machine,
    powerOn,
    sink,
    title: 'toy',
    packageVersion: '0.1.0',
    firmware: {},
    checkpointCycles: 5000,
    ...rest,
  });
  const running = {
    get cycle() {
      return machine.cycle;
    },
    run: recorder.run,
  };
  for (const [at, act] of acts) {
    runTo(running, cycle(at));
    act(recorder, machine);
  }
  runTo(running, cycle(end));
  if (reason !== 'killed') recorder.finish(reason);
  return sink.bytes();
}

/** Presses a key; it is let go 50 cycles later by {@link letGo}. */
export const strike =
  (key: string): Act =>
  (recorder) =>
    chordEvents(key).presses.forEach((event) => recorder.input(event));

export const letGo =
  (key: string): Act =>
  (recorder) =>
    chordEvents(key).releases.forEach((event) => recorder.input(event));

export const playerOf = (file: Uint8Array | Trace, toy?: ToyOptions, verify = true): Player =>
  createPlayer(
    file instanceof Uint8Array ? readTrace(file) : file,
    (description, facts) => createToy(description, facts, toy),
    { verify },
  );
