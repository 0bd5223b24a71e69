/** Traces made by hand, without a machine, for the tests of the format. */
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import fc from 'fast-check';
import { cycle } from '../../src/base/integers.js';
import { type Compression } from '../../src/trace/compression.js';
import type { Checkpoint, EndReason, TraceEvent, TraceHeader, TraceRecord } from '../../src/trace/model.js';
import { createTraceWriter } from '../../src/trace/writer.js';

/** Brotli of quality 1, as the host grants it. */
export const brotli: Compression = {
  id: 1,
  compress: (raw) => brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  decompress: (stored, rawBytes) => brotliDecompressSync(stored, { maxOutputLength: Math.max(rawBytes, 1) }),
};

export const sampleHeader: Omit<TraceHeader, 'version'> = {
  package: '0.1.0',
  title: 'a sample',
  machine: {
    board: 'pc',
    processor: '80386',
    cyclesPerSecond: 50_000_000,
    memoryBytes: 16 * 2 ** 20,
    boot: 'floppy',
    media: { floppyA: { sha256: 'ab'.repeat(32), size: 1_474_560, writable: true } },
  },
  firmware: { bios: 'cd'.repeat(32) },
  seed: 7,
  date: 1_700_000_000,
  parts: ['processor', 'memory', 'pit'],
};

/** A sink that keeps everything, and where each append began. */
export function memorySink() {
  const chunks: Uint8Array[] = [];
  return {
    append: (bytes: Uint8Array) => void chunks.push(bytes),
    chunks,
    bytes: () => new Uint8Array(Buffer.concat(chunks)),
  };
}

/** Something a recorder may do. */
export type Step = { readonly events: readonly TraceEvent[] } | { readonly checkpoint: Omit<Checkpoint, 'kind'> };

export interface Sample {
  readonly steps: readonly Step[];
  readonly end?: { readonly reason: EndReason; readonly wait: number };
}

export function writeSample(sample: Sample, compression?: Compression): Uint8Array {
  const sink = memorySink();
  const writer = createTraceWriter(sink, sampleHeader, compression);
  for (const step of sample.steps) {
    if ('events' in step) writer.events(step.events);
    else writer.checkpoint(step.checkpoint);
  }
  const last = recordsOf(sample).at(-1)?.at ?? 0;
  if (sample.end) writer.end(cycle(last + sample.end.wait), sample.end.reason);
  return sink.bytes();
}

export const recordsOf = (sample: Sample): TraceRecord[] =>
  sample.steps.flatMap((step): TraceRecord[] =>
    'events' in step ? [...step.events] : [{ kind: 'checkpoint', ...step.checkpoint }],
  );

const hexDigest = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString('hex'));
const drive = fc.constantFrom('floppyA', 'floppyB', 'disk0', 'disk1', 'cdrom0', 'virtio3');
const slot = fc.oneof(fc.constant(0), fc.integer({ min: 2, max: 31 }));
const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
const movement = fc.integer({ min: -32768, max: 32767 });

type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never;

const input: fc.Arbitrary<WithoutTime<TraceEvent>> = fc.oneof(
  fc.record({
    kind: fc.constant('key' as const),
    key: fc.oneof(fc.integer({ min: 1, max: 0x7f }), fc.integer({ min: 0xe001, max: 0xe07f }), fc.constant(0xe11d)),
    pressed: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('serial' as const),
    port: fc.constantFrom(0, 1, 2, 3),
    data: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  }),
  fc.constant({ kind: 'reset' as const }),
  fc.constant({ kind: 'powerCut' as const }),
  fc.record({
    kind: fc.constant('insert' as const),
    drive,
    sha256: hexDigest(32),
    size: fc.integer({ min: 0, max: 2 ** 40 }),
    writable: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('eject' as const), drive }),
  fc.record({
    kind: fc.constant('mouse' as const),
    dx: movement,
    dy: movement,
    wheel: movement,
    buttons: fc.integer({ min: 0, max: 31 }),
  }),
  fc.record({
    kind: fc.constant('packet' as const),
    card: fc.integer({ min: 0, max: 7 }),
    frame: fc.uint8Array({ minLength: 14, maxLength: 100 }),
  }),
  fc.record({ kind: fc.constant('console' as const), data: fc.uint8Array({ minLength: 1, maxLength: 100 }) }),
  fc.record({
    kind: fc.constant('consolePort' as const),
    port: fc.integer({ min: 1, max: 7 }),
    data: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
  fc.constantFrom('powerButton' as const, 'sleepButton' as const, 'nonMaskableInterrupt' as const).map((kind) => ({
    kind,
  })),
  fc.record({
    kind: fc.constant('plugDisk' as const),
    drive: fc.constantFrom('virtio0', 'virtio3', 'scsi6'),
    sha256: hexDigest(32),
    size: fc.integer({ min: 0, max: 2 ** 40 }),
    writable: fc.boolean(),
    slot,
  }),
  fc.record({
    kind: fc.constant('plugNetworkCard' as const),
    card: fc.constantFrom('ne2000-pci', 'rtl8139', 'e1000', 'virtio-net'),
    network: fc.constantFrom('none', 'built-in', 'live'),
    mac: fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ minLength: 6, maxLength: 6 })),
    slot,
  }),
  fc.record({ kind: fc.constant('plugDevice' as const), device: fc.constantFrom('virtio-rng', 'virtio-rng1'), slot }),
  fc.record({ kind: fc.constant('unplug' as const), card: fc.constantFrom('lsi53c895a', 'virtioRng1', 'scsi6') }),
  fc.record({ kind: fc.constant('plugConsolePort' as const), name: fc.string({ maxLength: 40, unit: printable }) }),
  fc.record({ kind: fc.constant('unplugConsolePort' as const), port: fc.integer({ min: 1, max: 7 }) }),
);

const wait = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5_000_000 }), fc.integer({ min: 0, max: 2 ** 45 }));

/** Any recording that a recorder could make. */
export const sample: fc.Arbitrary<Sample> = fc
  .record({
    steps: fc.array(
      fc.oneof(
        fc.array(fc.tuple(wait, input), { minLength: 1, maxLength: 12 }),
        fc.tuple(wait, hexDigest(32), fc.array(hexDigest(8), { minLength: 3, maxLength: 3 })),
      ) as fc.Arbitrary<[number, WithoutTime<TraceEvent>][] | [number, string, string[]]>,
      { maxLength: 8 },
    ),
    end: fc.option(
      fc.record({
        reason: fc.constantFrom<EndReason>(
          'finished',
          'halted',
          'shutdown',
          'powerOff',
          'limit',
          'interrupted',
          'exited',
        ),
        wait,
      }),
      { nil: undefined },
    ),
  })
  .map(({ steps, end }) => {
    let at = 0;
    const later = (cycles: number) => cycle((at += cycles));
    const timed = steps.map((step): Step => {
      if (typeof step[0] === 'number') {
        const [cycles, sha256, parts] = step as [number, string, string[]];
        return { checkpoint: { at: later(cycles), sha256, parts } };
      }
      const list = step as [number, WithoutTime<TraceEvent>][];
      return { events: list.map(([cycles, each]) => ({ ...each, at: later(cycles) }) as TraceEvent) };
    });
    return { steps: timed, ...(end ? { end } : {}) };
  });

const checkpoint = (at: number): Step => ({
  checkpoint: { at: cycle(at), sha256: '12'.repeat(32), parts: ['0011223344556677', 'f'.repeat(16), '0'.repeat(16)] },
});

/** A trace with every kind of frame and event. */
export const typical: Sample = {
  steps: [
    checkpoint(0),
    {
      events: [
        { kind: 'key', at: cycle(10), key: 0x1e, pressed: true },
        { kind: 'key', at: cycle(1_500_010), key: 0x1e, pressed: false },
        { kind: 'serial', at: cycle(1_500_010), port: 1, data: Uint8Array.of(0, 255, 3) },
        { kind: 'eject', at: cycle(2_000_000), drive: 'floppyA' },
        {
          kind: 'insert',
          at: cycle(2_000_001),
          drive: 'floppyA',
          sha256: 'ef'.repeat(32),
          size: 737_280,
          writable: false,
        },
      ],
    },
    checkpoint(2 ** 40),
    { events: [{ kind: 'reset', at: cycle(2 ** 41) }] },
    { events: [{ kind: 'powerCut', at: cycle(2 ** 42) }] },
    checkpoint(2 ** 42),
  ],
  end: { reason: 'powerOff', wait: 5 },
};
