/** What handlers do themselves with numbers on their way from and to memory is what the kernel would have answered. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFloat80, withheld } from '../../../src/cpu/kernel/float80/float80.js';
import { d } from '../bytes.js';
import { World } from '../world.js';
import { status, unitOf } from './unit.js';

const world = new World('80486');
const scratch = new WebAssembly.Memory({ initial: 1 });
const kernel = createFloat80(scratch);
const view = new DataView(scratch.buffer);
const [a, result] = [16, 64];
const operand = 0xc000;
const stored = 0xc020;
const controlAt = 0xc040;
const compared = 0x3f | status.C1;

/** FNINIT; FLDCW [controlAt]; then what is tested. */
const prologue = [0xdb, 0xe3, 0xd9, 0x2d, ...d(controlAt)];
const loadTen = [0xdb, 0x2d, ...d(operand)];
const stores = {
  single: { code: [...loadTen, 0xd9, 0x15, ...d(stored)], bytes: 4, kernel: kernel.store32 },
  double: { code: [...loadTen, 0xdd, 0x15, ...d(stored)], bytes: 8, kernel: kernel.store64 },
} as const;

/** Exponents around those of both formats, and significands around what rounding looks at. */
const exponent = fc.oneof(
  fc.integer({ min: 0, max: 0x7fff }),
  ...[0x3fff, 0x3f81, 0x407e, 0x3c01, 0x43fe].map((near) => fc.integer({ min: near - 3, max: near + 3 })),
);
const significand = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc
    .tuple(fc.constantFrom(11n, 40n), fc.bigInt({ min: 0n, max: 2n ** 24n }), fc.bigInt({ min: -2n, max: 2n }))
    .map(([places, upper, near]) => ((1n << 63n) | (upper << places) | (1n << (places - 1n))) + near),
  fc.constantFrom(2n ** 64n - 1n, 2n ** 63n, 2n ** 64n - 2n ** 10n, 2n ** 64n - 2n ** 39n),
);
const control = fc.constantFrom(0x37f, 0x37f, 0x27f, 0x7f, 0x77f, 0xb7f, 0xf7f, 0x35f);

test.each(['single', 'double'] as const)('a store as %s', (kind) => {
  const { code, bytes, kernel: reference } = stores[kind];
  const property = fc.property(exponent, fc.boolean(), significand, control, (exponentField, negative, bits, word) => {
    world.flat([...prologue, ...code]);
    world.put16(controlAt, word);
    view.setBigUint64(a, bits, true);
    view.setUint16(a + 8, exponentField | (negative ? 0x8000 : 0), true);
    view.setBigUint64(result, 0n, true);
    for (let index = 0; index < 10; index++) world.put(operand + index, view.getUint8(a + index));
    const answer = reference(result, a, word);
    world.run(4);
    const expected =
      (answer & withheld) === 0 ? Array.from({ length: bytes }, (_, at) => view.getUint8(result + at)) : [];
    expect(expected.map((_, index) => world.read(stored + index, 1))).toEqual(expected);
    expect(unitOf(world).status & compared).toBe(answer & compared);
  });
  fc.assert(property, { numRuns: 1500 });
});

const registerOf = (): bigint => (BigInt(view.getUint16(result + 8, true)) << 64n) | view.getBigUint64(result, true);
const doubles = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n, 2n ** 63n, 2n ** 52n - 1n, 2n ** 52n, 0x7ff0n << 48n, 0x7fefn << 48n, 0xfff8n << 48n),
);

test('a load of a double', () => {
  const property = fc.property(doubles, (bits) => {
    world.flat([...prologue, 0xdd, 0x05, ...d(operand)]);
    world.put16(controlAt, 0x37f);
    world.put32(operand, Number(bits & 0xffff_ffffn));
    world.put32(operand + 4, Number(bits >> 32n));
    const answer = kernel.load64(result, bits, 0x37f);
    world.run(3);
    expect(unitOf(world).stack[0]).toBe(registerOf());
    expect(unitOf(world).status & compared).toBe(answer & compared);
  });
  fc.assert(property, { numRuns: 500 });
});
test('a load of a single, and of an integer', () => {
  const anyBits = fc.oneof(
    fc.integer(),
    fc.constantFrom(0, 1, -1, 0x7fffff, 0x800000, 0x7f800000, 0x7f7fffff, -(2 ** 31)),
  );
  const property = fc.property(anyBits, (bits) => {
    world.flat([...prologue, 0xd9, 0x05, ...d(operand), 0xdb, 0x05, ...d(operand)]);
    world.put16(controlAt, 0x37f);
    world.put32(operand, bits);
    const answer = kernel.load32(result, bits, 0x37f);
    world.run(3);
    expect(unitOf(world).stack[0]).toBe(registerOf());
    expect(unitOf(world).status & compared).toBe(answer & compared);
    kernel.loadInteger(result, BigInt(bits));
    world.run(1);
    expect(unitOf(world).stack[0]).toBe(registerOf());
  });
  fc.assert(property, { numRuns: 500 });
});
