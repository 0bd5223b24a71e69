import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cycle } from '../../src/base/integers.js';
import type { Machine } from '../../src/machine/machine.js';
import { Divergence } from '../../src/replay/divergence.js';
import { createPlayer } from '../../src/replay/player.js';
import { createRecorder } from '../../src/replay/recorder.js';
import { createTimeline } from '../../src/replay/timeline.js';
import { readTrace } from '../../src/trace/reader.js';
import { memorySink } from '../trace/samples.js';
import { letGo, playerOf, powerOn, record, strike } from './recordings.js';
import { createToy, toyDescription } from './toy-machine.js';

const session = record(
  [
    [12_345, strike('a')],
    [12_345, letGo('a')],
    [20_000, (recorder) => recorder.input({ kind: 'serial', port: 0, data: new Uint8Array(5000).fill(7) })],
    [20_001, strike('b')],
    [33_000, (recorder) => recorder.input({ kind: 'reset' })],
  ],
  60_000,
);

describe('a recording', () => {
  test('replays with every checkpoint equal', () => {
    const player = playerOf(session);
    expect(player.advance(player.trace.endsAt)).toBeUndefined();
    expect(player.machine.cycle).toBe(60_000);
    expect(player.verified).toBe(13);
    expect(player.trace.end).toMatchObject({ reason: 'finished', at: 60_000, events: 6 });
  });

  test('splits long serial input, and gives it in the same pieces', () => {
    const sizes = readTrace(session).records.flatMap((each) => (each.kind === 'serial' ? [each.data.length] : []));
    expect(sizes).toEqual([4096, 904]);
  });

  test('of any inputs replays to the same state, whole or killed at any append', () => {
    const act = fc.oneof(
      fc.constantFrom('a', 'b', 'h', 'enter').map((key) => strike(key)),
      fc.constant(letGo('a')),
      fc.constant((recorder: Parameters<ReturnType<typeof strike>>[0]) => recorder.input({ kind: 'reset' })),
      fc
        .uint8Array({ minLength: 1, maxLength: 20 })
        .map(
          (data) => (recorder: Parameters<ReturnType<typeof strike>>[0]) =>
            recorder.input({ kind: 'serial', port: 0, data }),
        ),
    );
    const acts = fc.array(fc.tuple(fc.integer({ min: 0, max: 9000 }), act), { maxLength: 12 });
    fc.assert(
      fc.property(
        acts,
        fc.integer({ min: 150, max: 4000 }),
        fc.boolean(),
        fc.nat(),
        (waits, every, returnsAtHalt, killed) => {
          let at = 0;
          const timed = waits.map(([wait, each]) => [(at += wait), each] as const);
          const toy = { returnsAtHalt };
          const chunks: Uint8Array[] = [];
          const sink = { append: (bytes: Uint8Array) => void chunks.push(bytes) };
          record(timed, at + 3000, { checkpointCycles: every, toy, sink });
          for (const kept of [chunks.length, 1 + (killed % chunks.length)]) {
            const player = playerOf(new Uint8Array(Buffer.concat(chunks.slice(0, kept))), toy);
            expect(player.advance(player.trace.endsAt)).toBeUndefined();
            expect(player.machine.cycle).toBe(player.trace.endsAt);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('holds inputs back for no longer than a guest second', () => {
    const chunks: Uint8Array[] = [];
    const sink = { append: (bytes: Uint8Array) => void chunks.push(bytes) };
    record([[10, strike('a')]], 10 + 100_000, { reason: 'killed', sink, checkpointCycles: 1e9 });
    expect(readTrace(new Uint8Array(Buffer.concat(chunks))).records).toHaveLength(2);
  });

  test('of a boot of eight thousand million cycles without input stays under 4 KB', () => {
    const sink = memorySink();
    const parts = Object.fromEntries(Array.from({ length: 24 }, (_, at) => [`serialPort${at}`, '0123456789abcdef']));
    const machine = createToy(toyDescription, powerOn);
    const big: Machine = Object.assign(Object.create(machine) as Machine, {
      digest: () => ({ sha256: 'ab'.repeat(32), parts }),
    });
    machine.input({ kind: 'key', key: 0x23, pressed: true }); // Halts for good, so that time passes at once.
    machine.run(cycle(0));
    const recorder = createRecorder({
      machine: big,
      powerOn,
      sink,
      title: 'a boot without input',
      packageVersion: '0.1.0',
      firmware: { bios: '12'.repeat(32), video: '34'.repeat(32) },
    });
    while (machine.cycle < 8e9) recorder.run(cycle(8e9));
    recorder.finish('finished');
    const trace = readTrace(sink.bytes());
    expect(trace.records.map(({ at }) => at)).toEqual([0, ...Array.from({ length: 9 }, (_, k) => 2 ** (24 + k)), 8e9]);
    expect(sink.bytes().length).toBeLessThan(4096);
  });

  test('refuses an input that the format cannot hold, before the machine takes it', () => {
    const machine = createToy(toyDescription, powerOn);
    const recorder = createRecorder({
      machine,
      powerOn,
      sink: memorySink(),
      title: '',
      packageVersion: '1',
      firmware: {},
    });
    const before = machine.digest();
    expect(() => recorder.input({ kind: 'key', key: 0x1234, pressed: true })).toThrow('is not the code of a key');
    expect(machine.digest()).toEqual(before);
  });
});

describe('a replay', () => {
  test('that differs names the first checkpoint that does, its part, and the inputs before it', () => {
    const player = playerOf(session, { faultAt: 31_007 });
    expect(() => player.advance(cycle(60_000))).toThrow(Divergence);
    const again = playerOf(session, { faultAt: 31_007 });
    try {
      again.advance(cycle(60_000));
    } catch (error) {
      expect((error as Divergence).details).toMatchObject({ cycle: 35_000, lastEqual: 30_000, parts: ['memory'] });
      expect((error as Divergence).message).toContain(
        'differs from the recording at cycle 35000, in memory; it agreed at cycle 30000',
      );
      expect((error as Divergence).message).toContain('cycle 33000: reset');
    }
  });

  test('that stops short of the recording says so', () => {
    const trace = readTrace(session);
    const [first, ...rest] = trace.records;
    const struck = { kind: 'key', at: cycle(1), key: 0x1f, pressed: true } as const;
    const player = playerOf({ ...trace, records: [first!, struck, ...rest] });
    expect(() => player.advance(cycle(60_000))).toThrow(
      'The replay ends at cycle 301 (shutdown), where the recording goes on',
    );
  });

  test('goes to any cycle, and not beyond the end', () => {
    const player = playerOf(session);
    player.advance(cycle(12_345));
    expect(player.lastInputs(5)).toHaveLength(2);
    expect(() => player.advance(cycle(60_001))).toThrow('The trace ends at cycle 60000');
  });

  test('with another firmware than the recorded one is refused, and the version that has it is named', () => {
    const trace = readTrace(session);
    expect(() => createPlayer(trace, createToy, { firmware: { bios: 'ab' } })).toThrow(/npx tsvm-test@0\.1\.0 replay/);
  });
});

describe('a timeline', () => {
  test('gives the same state at a cycle whatever way it is reached', () => {
    const straight = (at: number) => {
      const player = playerOf(session);
      player.advance(cycle(at));
      return player.machine.digest().sha256;
    };
    const known = new Map<number, string>();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: -40, max: 40 }), fc.boolean()), {
          minLength: 1,
          maxLength: 20,
        }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 10, max: 20_000 }),
        (places, most, stride) => {
          const timeline = createTimeline(playerOf(session), { most, stride });
          for (const [region, offset, keep] of places) {
            const place = Math.min(Math.max(0, region * 5000 + offset), 60_000);
            timeline.seek(cycle(place));
            if (!known.has(place)) known.set(place, straight(place));
            expect(timeline.player.machine.digest().sha256).toBe(known.get(place));
            if (keep) timeline.keep();
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('can stop before the inputs of a cycle', () => {
    const timeline = createTimeline(playerOf(session));
    timeline.seek(cycle(12_345));
    const after = timeline.player.machine.digest().sha256;
    timeline.seekBeforeInputs(cycle(12_345));
    expect(timeline.player.machine.digest().sha256).not.toBe(after);
    timeline.seek(cycle(12_345));
    expect(timeline.player.machine.digest().sha256).toBe(after);
  });
});
