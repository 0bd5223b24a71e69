/** Whatever is plugged in, pulled out, reset and restored, in any order: the machine, its description and its recording agree. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../src/base/digest.js';
import { UserError } from '../../src/base/errors.js';
import { cycle } from '../../src/base/integers.js';
import { createMachine } from '../../src/machine/index.js';
import { cardsOf } from '../../src/machine/description.js';
import type { InputEvent, Machine, MachineDescription, MachineSnapshot } from '../../src/machine/machine.js';
import { createPlayer } from '../../src/replay/player.js';
import { createRecorder, type Recorder } from '../../src/replay/recorder.js';
import { readTrace } from '../../src/trace/reader.js';
import { memorySink } from '../trace/samples.js';

const image = new Uint8Array(2048).fill(0x5a);
const sha256 = sha256Hex(image);
const images = new Map([[sha256, image]]);
const medium = { sha256, size: image.length, writable: true };
const powerOn = { date: 0, seed: 1 };
const description: MachineDescription = {
  board: 'i440fx',
  processor: 'pentium3',
  cyclesPerSecond: 100_000_000,
  memoryBytes: 2 << 20,
  boot: 'disk',
  media: {},
  network: [{ card: 'rtl8139', network: 'built-in' }],
  devices: ['pci-hot-plug', 'virtio-scsi', 'virtio-console'],
  consolePorts: ['one'],
};

const slot = fc.option(fc.integer({ min: 2, max: 31 }), { nil: undefined });
const where = (given: number | undefined) => (given === undefined ? {} : { slot: given });
const input: fc.Arbitrary<InputEvent> = fc.oneof(
  fc
    .record({ drive: fc.constantFrom('virtio0', 'virtio2', 'scsi1', 'scsi6'), slot })
    .map(({ drive, slot: at }): InputEvent => ({ kind: 'plugDisk', drive, medium, ...where(at) })),
  fc
    .record({
      card: fc.constantFrom('e1000', 'virtio-net', 'ne2000-pci'),
      network: fc.constantFrom('none', 'built-in'),
      slot,
    })
    .map(({ slot: at, ...card }): InputEvent => ({ kind: 'plugNetworkCard', ...card, ...where(at) })),
  fc
    .constantFrom('virtio-rng', 'virtio-rng1', 'virtio-scsi')
    .map((device): InputEvent => ({ kind: 'plugDevice', device })),
  fc
    .constantFrom('virtio0', 'scsi1', 'network', 'network1', 'virtioRng', 'virtioScsi', 'virtioConsole')
    .map((card): InputEvent => ({ kind: 'unplug', card })),
  fc.constantFrom<InputEvent>(
    { kind: 'plugConsolePort', name: 'more' },
    { kind: 'unplugConsolePort', port: 1 },
    { kind: 'reset' },
  ),
);
type Step = InputEvent | { readonly kind: 'run'; readonly cycles: number };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    input,
    fc.integer({ min: 1, max: 200_000 }).map((cycles): Step => ({ kind: 'run', cycles })),
  ),
  { minLength: 1, maxLength: 12 },
);

/** Does a step; an input that the machine refuses must leave it as it is. */
function perform({ machine, ...recorder }: Recorder, step: Step): void {
  if (step.kind === 'run') {
    recorder.run(cycle(machine.cycle + step.cycles));
    return;
  }
  const before = machine.digest().sha256;
  try {
    recorder.input(step);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(machine.digest().sha256).toBe(before);
  }
}

/** A snapshot in another machine of its description, and in one of the first: the same state. */
function expectSame(machine: Machine, snapshot: MachineSnapshot): void {
  const { sha256: digest } = machine.digest();
  for (const from of [machine.description, description]) {
    const other = createMachine(from, images, powerOn, 'interpreter');
    other.load(snapshot);
    expect(other.digest().sha256).toBe(digest);
    expect(cardsOf(other.description)).toEqual(cardsOf(machine.description));
  }
}

describe('any order of plugging, unplugging, resetting and running', () => {
  test('gives a machine that its snapshot and its description are, and a recording that replays on the other engine', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const sink = memorySink();
        const machine = createMachine(description, images, powerOn);
        const recorder = createRecorder({ machine, powerOn, sink, title: '', packageVersion: '1', firmware: {} });
        for (const step of all) perform(recorder, step);
        recorder.run(cycle(machine.cycle + 50_000));
        expectSame(machine, machine.save());
        const half = machine.save();
        recorder.run(cycle(machine.cycle + 50_000));
        recorder.finish('finished');
        const digest = machine.digest();
        machine.load(half);
        machine.run(cycle(machine.cycle + 50_000));
        expect(machine.digest()).toEqual(digest);
        const trace = readTrace(sink.bytes());
        const player = createPlayer(trace, (described, facts) =>
          createMachine(described, images, facts, 'interpreter'),
        );
        player.advance(trace.endsAt);
        expect(player.machine.digest()).toEqual(digest);
      }),
      { numRuns: 8 },
    );
  });
});
