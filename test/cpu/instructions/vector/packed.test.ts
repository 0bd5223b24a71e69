/** Integer lanes against a reference of plain numbers, written from the manual's pseudo-code; approximations against division. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { singles, VectorWorld } from './machine.js';

const world = new VectorWorld();

/** Lanes of a vector as numbers, signed or not; 64-bit ones as BigInt. */
const signed = { 8: Int8Array, 16: Int16Array, 32: Int32Array, 64: BigInt64Array } as const;
const unsigned = { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array, 64: BigUint64Array } as const;
const clamp = (low: number, value: number, high: number): number => Math.min(Math.max(low, value), high);

type Bytes = Uint8Array<ArrayBuffer>;
type Reference = (a: Bytes, b: Bytes) => Bytes;

/** Each lane of the result from the lanes of both operands; what does not fit is cut. */
const lanewise =
  (bits: 8 | 16 | 32, kinds: typeof signed | typeof unsigned, of: (a: number, b: number) => number): Reference =>
  (a, b) => {
    const [x, y] = [new kinds[bits](a.buffer), new kinds[bits](b.buffer)];
    return new Uint8Array(new unsigned[bits](Array.from(x, (each, index) => of(each, y[index]!))).buffer);
  };
const lanewise64 =
  (of: (a: bigint, b: bigint) => bigint): Reference =>
  (a, b) => {
    const [x, y] = [new BigUint64Array(a.buffer), new BigUint64Array(b.buffer)];
    return new Uint8Array(BigUint64Array.from(x, (each, index) => BigInt.asUintN(64, of(each, y[index]!))).buffer);
  };
const mask = (holds: boolean): number => (holds ? -1 : 0);

const add = (a: number, b: number): number => a + b;
const subtract = (a: number, b: number): number => a - b;
const within =
  (low: number, high: number, of: (a: number, b: number) => number) =>
  (a: number, b: number): number =>
    clamp(low, of(a, b), high);

/** Narrows the lanes of a, then those of b. */
const packed =
  (bits: 16 | 32, low: number, high: number): Reference =>
  (a, b) => {
    const narrow = bits === 16 ? 8 : 16;
    const both = [...new signed[bits](a.buffer), ...new signed[bits](b.buffer)];
    return new Uint8Array(new signed[narrow](both.map((each) => clamp(low, each, high))).buffer);
  };
/** Lanes of the lower or the upper half of both, in turn. */
const unpacked =
  (bytes: number, upper: boolean): Reference =>
  (a, b) => {
    const start = upper ? a.length / 2 : 0;
    const result: number[] = [];
    for (let at = start; at < start + a.length / 2; at += bytes) {
      result.push(...a.subarray(at, at + bytes), ...b.subarray(at, at + bytes));
    }
    return Uint8Array.from(result);
  };
const multiplyAdd: Reference = (a, b) => {
  const [x, y] = [new Int16Array(a.buffer), new Int16Array(b.buffer)];
  const sums = Array.from(
    { length: x.length / 2 },
    (_, at) => x[2 * at]! * y[2 * at]! + x[2 * at + 1]! * y[2 * at + 1]!,
  );
  return new Uint8Array(Int32Array.from(sums, (sum) => sum | 0).buffer);
};
const sumOfDifferences: Reference = (a, b) => {
  const result = new Uint8Array(a.length);
  for (let half = 0; half < a.length; half += 8) {
    const differences = Array.from({ length: 8 }, (_, at) => Math.abs(a[half + at]! - b[half + at]!));
    new DataView(result.buffer).setUint16(half, differences.reduce(add), true);
  }
  return result;
};
/** The count is the whole lower half of the second operand. */
const shifted =
  (bits: 16 | 32 | 64, of: (lane: bigint, count: bigint) => bigint, isSigned = false): Reference =>
  (a, b) => {
    const count = new BigUint64Array(b.buffer)[0]!;
    const kinds = isSigned ? signed : unsigned;
    const lanes = bits === 64 ? [...new kinds[64](a.buffer)] : [...new kinds[bits](a.buffer)].map(BigInt);
    const most = isSigned ? BigInt(bits - 1) : BigInt(bits);
    const results = lanes.map((lane) => BigInt.asUintN(bits, of(lane, count > most ? most : count)));
    if (bits === 64) return new Uint8Array(BigUint64Array.from(results).buffer);
    return new Uint8Array(new unsigned[bits](results.map(Number)).buffer);
  };
const left = (lane: bigint, count: bigint): bigint => lane << count;
const right = (lane: bigint, count: bigint): bigint => lane >> count;

const references: Readonly<Record<string, readonly [opcode: number, reference: Reference]>> = {
  punpcklbw: [0x60, unpacked(1, false)],
  punpcklwd: [0x61, unpacked(2, false)],
  punpckldq: [0x62, unpacked(4, false)],
  packsswb: [0x63, packed(16, -128, 127)],
  pcmpgtb: [0x64, lanewise(8, signed, (a, b) => mask(a > b))],
  pcmpgtw: [0x65, lanewise(16, signed, (a, b) => mask(a > b))],
  pcmpgtd: [0x66, lanewise(32, signed, (a, b) => mask(a > b))],
  packuswb: [0x67, packed(16, 0, 255)],
  punpckhbw: [0x68, unpacked(1, true)],
  punpckhwd: [0x69, unpacked(2, true)],
  punpckhdq: [0x6a, unpacked(4, true)],
  packssdw: [0x6b, packed(32, -32768, 32767)],
  pcmpeqb: [0x74, lanewise(8, signed, (a, b) => mask(a === b))],
  pcmpeqw: [0x75, lanewise(16, signed, (a, b) => mask(a === b))],
  pcmpeqd: [0x76, lanewise(32, signed, (a, b) => mask(a === b))],
  psrlw: [0xd1, shifted(16, right)],
  psrld: [0xd2, shifted(32, right)],
  psrlq: [0xd3, shifted(64, right)],
  paddq: [0xd4, lanewise64((a, b) => a + b)],
  pmullw: [0xd5, lanewise(16, signed, (a, b) => a * b)],
  psubusb: [0xd8, lanewise(8, unsigned, within(0, 255, subtract))],
  psubusw: [0xd9, lanewise(16, unsigned, within(0, 65535, subtract))],
  pminub: [0xda, lanewise(8, unsigned, Math.min)],
  pand: [0xdb, lanewise(8, unsigned, (a, b) => a & b)],
  paddusb: [0xdc, lanewise(8, unsigned, within(0, 255, add))],
  paddusw: [0xdd, lanewise(16, unsigned, within(0, 65535, add))],
  pmaxub: [0xde, lanewise(8, unsigned, Math.max)],
  pandn: [0xdf, lanewise(8, unsigned, (a, b) => ~a & b)],
  pavgb: [0xe0, lanewise(8, unsigned, (a, b) => (a + b + 1) >> 1)],
  psraw: [0xe1, shifted(16, right, true)],
  psrad: [0xe2, shifted(32, right, true)],
  pavgw: [0xe3, lanewise(16, unsigned, (a, b) => (a + b + 1) >> 1)],
  pmulhuw: [0xe4, lanewise(16, unsigned, (a, b) => Math.floor((a * b) / 65536))],
  pmulhw: [0xe5, lanewise(16, signed, (a, b) => (a * b) >> 16)],
  psubsb: [0xe8, lanewise(8, signed, within(-128, 127, subtract))],
  psubsw: [0xe9, lanewise(16, signed, within(-32768, 32767, subtract))],
  pminsw: [0xea, lanewise(16, signed, Math.min)],
  por: [0xeb, lanewise(8, unsigned, (a, b) => a | b)],
  paddsb: [0xec, lanewise(8, signed, within(-128, 127, add))],
  paddsw: [0xed, lanewise(16, signed, within(-32768, 32767, add))],
  pmaxsw: [0xee, lanewise(16, signed, Math.max)],
  pxor: [0xef, lanewise(8, unsigned, (a, b) => a ^ b)],
  psllw: [0xf1, shifted(16, left)],
  pslld: [0xf2, shifted(32, left)],
  psllq: [0xf3, shifted(64, left)],
  pmuludq: [0xf4, lanewise64((a, b) => (a & 0xffff_ffffn) * (b & 0xffff_ffffn))],
  pmaddwd: [0xf5, multiplyAdd],
  psadbw: [0xf6, sumOfDifferences],
  psubb: [0xf8, lanewise(8, signed, subtract)],
  psubw: [0xf9, lanewise(16, signed, subtract)],
  psubd: [0xfa, lanewise(32, signed, subtract)],
  psubq: [0xfb, lanewise64((a, b) => a - b)],
  paddb: [0xfc, lanewise(8, signed, add)],
  paddw: [0xfd, lanewise(16, signed, add)],
  paddd: [0xfe, lanewise(32, signed, add)],
};

/** Bytes that are often at the ends of their range; the second operand is now and then a small count. */
const byte = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 }));
const operand = fc.uint8Array({ minLength: 16, maxLength: 16 });
const edged = fc.array(byte, { minLength: 16, maxLength: 16 }).map((bytes) => Uint8Array.from(bytes));
const count = fc.integer({ min: 0, max: 70 }).map((number) => Uint8Array.of(number, ...new Array<number>(15).fill(0)));

/** Runs an instruction again and again. */
function runAgain(code: readonly number[]): () => void {
  world.ready(code);
  const start = world.word('eip');
  return () => {
    world.setWord('eip', start);
    world.run(1);
  };
}

describe('integer lanes are what the manual says', () => {
  for (const [name, [opcode, reference]] of Object.entries(references)) {
    test(`${name}`, () => {
      const runXmm = runAgain([0x66, 0x0f, opcode, 0xc1, 0x0f, opcode, 0xd3]);
      fc.assert(
        fc.property(fc.oneof(operand, edged), fc.oneof(operand, edged, count), (a, b) => {
          world.setXmm(0, a);
          world.setXmm(1, b);
          world.setMm(2, a.slice(0, 8));
          world.setMm(3, b.slice(0, 8));
          runXmm();
          world.run(1);
          expect(world.xmm(0)).toEqual(reference(a.slice(), b.slice()));
          expect(world.mm(2).slice(0, 8)).toEqual(reference(a.slice(0, 8), b.slice(0, 8)));
        }),
        { numRuns: 60 },
      );
    });
  }
});

test('shuffles take the lanes that their immediate names', () => {
  const lanes = (immediate: number): number[] => [0, 2, 4, 6].map((shift) => (immediate >> shift) & 3);
  fc.assert(
    fc.property(operand, operand, fc.integer({ min: 0, max: 255 }), (a, b, immediate) => {
      const run = (code: readonly number[]): Uint8Array => {
        const again = runAgain(code);
        world.setXmm(0, a);
        world.setXmm(1, b);
        again();
        return world.xmm(0);
      };
      const [x, y] = [[...new Uint32Array(a.slice().buffer)], [...new Uint32Array(b.slice().buffer)]];
      const words = [...new Uint16Array(b.slice().buffer)];
      const bytesOf = (values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
      const wordsOf = (values: readonly number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);
      const chosen = lanes(immediate);
      expect(run([0x66, 0x0f, 0x70, 0xc1, immediate])).toEqual(bytesOf(chosen.map((lane) => y[lane]!)));
      const low = chosen.map((lane) => words[lane]!);
      const high = chosen.map((lane) => words[4 + lane]!);
      expect(run([0xf2, 0x0f, 0x70, 0xc1, immediate])).toEqual(wordsOf([...low, ...words.slice(4)]));
      expect(run([0xf3, 0x0f, 0x70, 0xc1, immediate])).toEqual(wordsOf([...words.slice(0, 4), ...high]));
      const [first, second, third, fourth] = chosen as [number, number, number, number];
      expect(run([0x0f, 0xc6, 0xc1, immediate])).toEqual(bytesOf([x[first]!, x[second]!, y[third]!, y[fourth]!]));
    }),
    { numRuns: 60 },
  );
});
test('the whole register is shifted by bytes, and by sixteen or more to nothing', () => {
  for (const bytes of [0, 1, 7, 8, 15, 16, 17, 128, 255]) {
    const value = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
    for (const [digit, shift] of [
      [7, (at: number) => value[at - bytes] ?? 0],
      [3, (at: number) => value[at + bytes] ?? 0],
    ] as const) {
      const again = runAgain([0x66, 0x0f, 0x73, 0xc0 | (digit << 3), bytes]);
      world.setXmm(0, value);
      again();
      expect(world.xmm(0)).toEqual(Uint8Array.from({ length: 16 }, (_, at) => shift(at)));
    }
  }
});

describe('approximations', () => {
  const most = 1.5 * 2 ** -12;
  /** The result for one number. */
  function approximate(opcode: number): (x: number) => number {
    const again = runAgain([0xf3, 0x0f, opcode, 0xc1]);
    return (x) => {
      world.setXmm(1, singles(x, 0, 0, 0));
      again();
      return new Float32Array(world.xmm(0).buffer)[0]!;
    };
  }
  const everyFraction = Array.from({ length: 4096 }, (_, index) => index);
  test('of reciprocals stay within the manual’s error', () => {
    const reciprocal = approximate(0x53);
    for (const index of everyFraction) {
      for (const x of [1 + index / 4096, 1 + index / 4096 + 2047 / 2 ** 23]) {
        expect(Math.abs(reciprocal(x) * x - 1)).toBeLessThanOrEqual(most);
      }
    }
  });
  test('of reciprocal roots do as well', () => {
    const reciprocalRoot = approximate(0x52);
    for (const index of everyFraction) {
      for (const power of [1, 2, 2 ** -40]) {
        for (const x of [1 + index / 4096, 1 + index / 4096 + 2047 / 2 ** 23]) {
          expect(Math.abs(reciprocalRoot(power * x) * Math.sqrt(power * x) - 1)).toBeLessThanOrEqual(most);
        }
      }
    }
  });
  test('of what has none follow the manual', () => {
    const [reciprocal, reciprocalRoot] = [approximate(0x53), approximate(0x52)];
    expect([Infinity, -Infinity, 0, -0].map(approximate(0x53))).toEqual([0, -0, Infinity, -Infinity]);
    expect(reciprocal(1e-40)).toBe(Infinity);
    expect([Infinity, 0, -0].map(approximate(0x52))).toEqual([0, Infinity, -Infinity]);
    expect([reciprocalRoot(-1), reciprocalRoot(NaN)]).toEqual([NaN, NaN]);
    expect(world.word('mxcsr')).toBe(0x1f80);
  });
});
