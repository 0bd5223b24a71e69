import crc32 from 'crc-32';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cycle } from '../../src/base/integers.js';
import { TraceError } from '../../src/trace/errors.js';
import { readTrace, type Trace } from '../../src/trace/reader.js';
import { firstCheck, magic, sealFrame } from '../../src/trace/envelope.js';
import { pack } from '../../src/trace/msgpack.js';
import { createTraceWriter } from '../../src/trace/writer.js';
import { brotli, memorySink, recordsOf, sample, sampleHeader, type Sample, typical, writeSample } from './samples.js';

/** What a damaged file gives: a trace, or the typed error; anything else fails the test. */
function attempt(file: Uint8Array): Trace | TraceError {
  try {
    return readTrace(file, { file: 'some.trace', compressions: [brotli] });
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  }
}

describe('a trace', () => {
  test('reads back as it was written, compressed or not', () => {
    fc.assert(
      fc.property(sample, fc.boolean(), (given, compress) => {
        const trace = readTrace(writeSample(given, compress ? brotli : undefined), { compressions: [brotli] });
        expect(trace.header).toEqual({ version: 2, ...sampleHeader });
        expect(trace.records).toEqual(recordsOf(given));
        expect(trace.end?.reason).toBe(given.end?.reason);
        expect(trace.cut === undefined).toBe(given.end !== undefined);
      }),
      { numRuns: 500 },
    );
  });

  test('cut at any byte gives the frames before the cut, or says that its header is missing', () => {
    const file = writeSample(typical);
    const { frames, records } = readTrace(file);
    for (let length = 0; length < file.length; length++) {
      const result = attempt(file.slice(0, length));
      const whole = frames.filter(({ offset, size }) => offset + size <= length);
      if (whole.length === 0) {
        expect(result).toBeInstanceOf(TraceError);
        continue;
      }
      const last = whole.at(-1)!;
      expect(result).toMatchObject({ cut: { frame: whole.length, offset: last.offset + last.size }, endsAt: last.at });
      const kept = (result as Trace).records;
      expect(kept).toEqual(records.slice(0, kept.length));
    }
  });

  test.each([undefined, brotli])(
    'with any one bit flipped gives a typed error that names frame and offset',
    (compression) => {
      const file = writeSample(typical, compression);
      const { frames } = readTrace(file, { compressions: [brotli] });
      for (let bit = 0; bit < file.length * 8; bit++) {
        const damaged = file.slice();
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        const error = attempt(damaged);
        expect(error, `bit ${bit}`).toBeInstanceOf(TraceError);
        const struck = frames.findLast(({ offset }) => offset <= bit >> 3);
        expect(error).toMatchObject(struck ? { frame: frames.indexOf(struck), offset: struck.offset } : { frame: 0 });
        expect((error as TraceError).message).toMatch(/^some\.trace, frame \d+ at byte \d+: /);
      }
    },
  );

  test('damaged in any way gives a prefix of what was recorded or a typed error', () => {
    const damage = fc.oneof(
      fc.record({ kind: fc.constant('flip'), at: fc.nat(), value: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ kind: fc.constant('drop'), at: fc.nat(), value: fc.integer({ min: 1, max: 400 }) }),
      fc.record({ kind: fc.constant('repeat'), at: fc.nat(), value: fc.integer({ min: 1, max: 400 }) }),
      fc.record({ kind: fc.constant('zero'), at: fc.nat(), value: fc.integer({ min: 1, max: 64 }) }),
      fc.record({ kind: fc.constant('cut'), at: fc.nat(), value: fc.constant(0) }),
    );
    let errors = 0;
    fc.assert(
      fc.property(
        sample,
        fc.boolean(),
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        (given, compress, damages) => {
          let file = writeSample(given, compress ? brotli : undefined);
          for (const { kind, at, value } of damages) {
            const place = at % (file.length || 1);
            const [before, struck, after] = [
              file.slice(0, place),
              file.slice(place, place + value),
              file.slice(place + value),
            ];
            if (kind === 'flip' && file.length > 0) file[place]! ^= value;
            if (kind === 'drop') file = new Uint8Array([...before, ...after]);
            if (kind === 'repeat') file = new Uint8Array([...before, ...struck, ...struck, ...after]);
            if (kind === 'zero') file.fill(0, place, place + value);
            if (kind === 'cut') file = before;
          }
          const result = attempt(file);
          if (result instanceof TraceError) errors++;
          else expect(recordsOf(given).slice(0, result.records.length)).toEqual(result.records);
        },
      ),
      { numRuns: 3000 },
    );
    expect(errors).toBeGreaterThan(500);
  });

  test('with bytes behind its end is refused', () => {
    const file = writeSample(typical);
    const error = attempt(new Uint8Array([...file, 0]));
    expect(error).toMatchObject({
      offset: file.length,
      message: expect.stringContaining('bytes follow the end') as string,
    });
  });

  test('holds no byte that differs between two recordings of the same inputs', () => {
    expect(writeSample(typical)).toEqual(writeSample(typical));
  });
});

/** Frames sealed with valid checks around whatever payloads are given: what a hostile writer can make. */
function forge(...frames: readonly (readonly [kind: number, payload: Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [magic];
  let check = firstCheck;
  for (const [kind, payload] of frames) {
    const sealed = sealFrame(kind, payload, check);
    parts.push(sealed.bytes);
    check = sealed.check;
  }
  return new Uint8Array(Buffer.concat(parts));
}

const goodHeader = [1, pack({ version: 1, ...sampleHeader })] as const;
const columns = (...lists: number[][]) => pack(lists.map((list) => Uint8Array.from(list)));

describe('a hostile trace with valid checks', () => {
  test.each([
    ['an unknown version', forge([1, pack({ ...sampleHeader, version: 3 })]), /trace format 3 is unknown here/],
    ['no version', forge([1, pack({})]), /names no format version/],
    ['a header that is no table', forge([1, pack([1])]), /names no format version/],
    [
      'an unknown name in the header',
      forge([1, pack({ version: 1, ...sampleHeader, home: 'x' })]),
      /unknown name "home"/,
    ],
    ['no header', forge([2, columns([3], [0], [], [])]), /first frame is no header/],
    ['two headers', forge(goodHeader, goodHeader), /a second header frame/],
    ['an unknown frame kind', forge(goodHeader, [9, pack(1)]), /frame kind 9 is unknown/],
    ['an unknown event kind', forge(goodHeader, [2, columns([99], [0], [], [])]), /event kind 99 is unknown/],
    ['no events', forge(goodHeader, [2, columns([], [], [], [])]), /holds 0 events/],
    [
      'too many events',
      forge(goodHeader, [2, columns(Array(4097).fill(3), Array(4097).fill(0), [], [])]),
      /4097 events/,
    ],
    ['a key out of range', forge(goodHeader, [2, columns([1], [0], [0, 1], [])]), /0 is not the code of a key/],
    ['a port out of range', forge(goodHeader, [2, columns([2], [0], [4, 1], [1])]), /4 is not a serial port/],
    [
      'serial bytes that are not there',
      forge(goodHeader, [2, columns([2], [0], [0, 100], [1])]),
      /ends inside a string/,
    ],
    ['columns too long', forge(goodHeader, [2, columns([3], [0], [5], [])]), /1 bytes too many/],
    ['a cycle beyond 2^53', forge(goodHeader, [2, columns([3], Array(8).fill(0xff), [], [])]), /2\^53|column/],
    ['an overlong number', forge(goodHeader, [2, columns([3], [0x80, 0], [], [])]), /longer than it needs/],
    [
      'an array that claims 4 billion values',
      forge(goodHeader, [2, Uint8Array.of(0xdd, 255, 255, 255, 255)]),
      /claims more values/,
    ],
    ['arrays in arrays', forge(goodHeader, [2, new Uint8Array(100_000).fill(0x91)]), /nests deeper than 8/],
    ['an extension type', forge(goodHeader, [2, Uint8Array.of(0xd4, 0x78, 0)]), /the type 0xd4/],
    ['an empty payload', forge(goodHeader, [2, new Uint8Array(0)]), /ends inside a value/],
    [
      'an end that counts wrong',
      forge(goodHeader, [
        4,
        pack({ reason: 'finished', wait: 0, events: 1, checkpoints: 0, index: new Uint8Array(0) }),
      ]),
      /does not agree/,
    ],
  ])('with %s is refused', (_, file, message) => {
    const error = attempt(file);
    expect(error).toBeInstanceOf(TraceError);
    expect((error as TraceError).message).toMatch(message);
  });

  test('filled with anything gives a typed error or a trace', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.uint8Array({ maxLength: 40 }))), (frames) => {
        attempt(forge(goodHeader, ...frames));
        attempt(forge(...frames));
      }),
      { numRuns: 2000 },
    );
  });

  test('filled with any value of the right encoding gives a typed error or a trace', () => {
    const anything = fc.anything({ withNullPrototype: false, maxDepth: 2 }).map(plain);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), anything, (kind, value) => {
        attempt(forge(goodHeader, [kind, pack(value)]));
        attempt(forge([1, pack({ version: 1, ...sampleHeader, title: value })]));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['more than 64 times its stored bytes', 65 * 1004, /more than it may/, 0],
    ['more than 16 MiB', 2 ** 24 + 1, /more than it may/, 0],
    ['another size than it does', 5000, /does not decompress to its size/, 1],
  ])('that claims to expand to %s is refused', (_, claimed, message, calls) => {
    const asked: number[] = [];
    const spy = {
      ...brotli,
      decompress: (_: Uint8Array, rawBytes: number) => (asked.push(rawBytes), new Uint8Array(9)),
    };
    const stored = new Uint8Array(1004);
    new DataView(stored.buffer).setUint32(0, claimed, true);
    expect(() => readTrace(forgeStored(1, 1, stored), { compressions: [spy] })).toThrow(message);
    expect(asked).toHaveLength(calls);
  });

  test.each([
    ['an unknown compression', forgeStored(1, 77, new Uint8Array(8)), /compression 77 is unknown/],
    ['a compressed payload too short to say its size', forgeStored(1, 1, new Uint8Array(3)), /too short/],
    [
      'a payload that does not decompress',
      forgeStored(1, 1, Uint8Array.of(9, 0, 0, 0, 1, 2, 3)),
      /does not decompress/,
    ],
  ])('with %s is refused', (_, file, message) => {
    const error = attempt(file);
    expect(error).toBeInstanceOf(TraceError);
    expect((error as TraceError).message).toMatch(message);
  });

  test('that claims a payload of 4 GiB is refused, not taken for one that was cut', () => {
    const file = forgeStored(1, 0, new Uint8Array(0));
    const view = new DataView(file.buffer);
    view.setUint32(magic.length, 2 ** 32 - 1, true);
    view.setUint32(magic.length + 6, crc32.buf(file.subarray(magic.length, magic.length + 6), firstCheck), true);
    expect((attempt(file) as TraceError).message).toMatch(/claims 4294967295 bytes/);
  });
});

/** A trace of one frame whose payload is stored as given, under any compression number. */
function forgeStored(kind: number, compression: number, stored: Uint8Array): Uint8Array {
  const file = new Uint8Array(magic.length + 14 + stored.length);
  const view = new DataView(file.buffer, magic.length);
  file.set(magic);
  view.setUint32(0, stored.length, true);
  view.setUint8(4, kind);
  view.setUint8(5, compression);
  const headerCheck = crc32.buf(file.subarray(magic.length, magic.length + 6), firstCheck);
  view.setUint32(6, headerCheck, true);
  view.setUint32(10, crc32.buf(stored, headerCheck), true);
  file.set(stored, magic.length + 14);
  return file;
}

describe('a compressed trace', () => {
  const events = Array.from(
    { length: 1000 },
    (_, at) => ({ kind: 'key', at: cycle(at), key: 0x1e, pressed: true }) as const,
  );
  const long: Sample = { steps: [{ events }], end: { reason: 'finished', wait: 0 } };

  test('is smaller, and reads the same', () => {
    const packed = writeSample(long, brotli);
    expect(packed.length).toBeLessThan(writeSample(long).length);
    expect(readTrace(packed, { compressions: [brotli] }).records).toEqual(events);
  });
  test('is refused where its compression is not at hand', () => {
    expect(() => readTrace(writeSample(long, brotli))).toThrow(/compression brotli is not at hand/);
  });
});

describe('a writer', () => {
  test('appends whole frames, each of which leaves a trace that reads', () => {
    const sink = memorySink();
    const writer = createTraceWriter(sink, sampleHeader);
    expect(readTrace(sink.bytes()).cut).toEqual({ frame: 1, offset: sink.bytes().length });
    writer.events([{ kind: 'reset', at: cycle(5) }]);
    expect(readTrace(sink.bytes()).records).toEqual([{ kind: 'reset', at: 5 }]);
    expect(sink.chunks).toHaveLength(2);
    expect(writer.size).toBe(sink.bytes().length);
  });
  test('refuses a title that is too long as the mistake of its user', () => {
    expect(() => createTraceWriter(memorySink(), { ...sampleHeader, title: 'x'.repeat(257) })).toThrow(
      'the header.title is not text of at most 256 characters',
    );
  });
  test('spends about six bytes an event beyond the payload', () => {
    const events = Array.from(
      { length: 512 },
      (_, at) => ({ kind: 'key', at: cycle(2_000_000 * at), key: 0x1e, pressed: at % 2 === 0 }) as const,
    );
    const empty = writeSample({ steps: [] }).length;
    expect((writeSample({ steps: [{ events }] }).length - empty) / events.length).toBeLessThan(8);
  });
});

/** A value of the kinds that payloads may hold. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'symbol' || value === undefined) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}
