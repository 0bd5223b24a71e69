/** Compiled SSE code, with XMM registers in locals and MXCSR taken for settled, does what interpreted code does. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { code32, d } from '../../bytes.js';
import { places, World } from '../../world.js';

/** Prefix and opcode of instructions over two XMM registers, or a register and memory; some with an immediate byte. */
const opcodes: readonly (readonly [bytes: readonly number[], immediate?: true])[] = [
  ...[0x58, 0x59, 0x5c, 0x5e, 0x51, 0x5d, 0x5f].flatMap((opcode) =>
    [[], [0xf3], [0x66], [0xf2]].map((prefix) => [[...prefix, 0x0f, opcode]] as const),
  ),
  ...[[], [0xf3], [0x66], [0xf2]].map((prefix) => [[...prefix, 0x0f, 0xc2], true] as const),
  ...[0x2e, 0x2f].flatMap((opcode) => [[], [0x66]].map((prefix) => [[...prefix, 0x0f, opcode]] as const)),
  ...[0x5a, 0x5a, 0x10, 0x10].flatMap((opcode) =>
    [[], [0xf3], [0x66], [0xf2]].map((prefix) => [[...prefix, 0x0f, opcode]] as const),
  ),
  ...[0x5b, 0xe6, 0x6f, 0x12, 0x16, 0x14, 0x15].map((opcode) => [[0x66, 0x0f, opcode]] as const),
  ...[0x5b, 0x28, 0x12, 0x14, 0x15, 0x53].map((opcode) => [[0x0f, opcode]] as const),
  ...[0x5b, 0xe6, 0x7e, 0x53].map((opcode) => [[0xf3, 0x0f, opcode]] as const),
  [[0xf2, 0x0f, 0xe6]],
  [[0x0f, 0xc6], true],
  [[0x66, 0x0f, 0xc6], true],
  [[0x66, 0x0f, 0x70], true],
  ...[0x57, 0x54, 0xef, 0xfe].map((opcode) => [[0x66, 0x0f, opcode]] as const),
];
/** The same between an XMM register and a general one, by register alone. */
const general: readonly (readonly number[])[] = [
  [0xf2, 0x0f, 0x2a],
  [0xf3, 0x0f, 0x2a],
  [0x66, 0x0f, 0x6e],
];
const toGeneral: readonly (readonly number[])[] = [
  [0xf2, 0x0f, 0x2c],
  [0xf2, 0x0f, 0x2d],
  [0xf3, 0x0f, 0x2c],
  [0xf3, 0x0f, 0x2d],
  [0x66, 0x0f, 0x50],
  [0x0f, 0x50],
];

/** Few, so that instructions meet what others left. */
const register = fc.constantFrom(0, 1, 2, 7);
const target = fc.constantFrom(0, 2, 3); // EAX, EDX, EBX.
const setBelow = [0x0f, 0x96, 0xc0]; // SETBE AL
const overVectors = fc
  .tuple(fc.constantFrom(...opcodes), register, register, fc.boolean(), fc.nat(3), fc.nat(255))
  .map(([[bytes, hasImmediate], reg, rm, inMemory, place, immediate]) => [
    ...bytes,
    ...(inMemory ? [0x46 | (reg << 3), place * 16] : [0xc0 | (reg << 3) | rm]), // [ESI + place * 16]
    ...(hasImmediate === true ? [immediate] : []),
  ]);
const operation = fc.oneof(
  { weight: 20, arbitrary: overVectors },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...general), register, target).map(([bytes, reg, rm]) => [...bytes, 0xc0 | (reg << 3) | rm]) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...toGeneral), target, register).map(([bytes, reg, rm]) => [...bytes, 0xc0 | (reg << 3) | rm]) },
  // PINSRW, PEXTRW; MOVUPS to memory; flags of a comparison; LDMXCSR of one of four values.
  { weight: 1, arbitrary: fc.tuple(register, target, fc.nat(255)).map(([reg, rm, lane]) => [0x66, 0x0f, 0xc4, 0xc0 | (reg << 3) | rm, lane]) },
  { weight: 1, arbitrary: fc.tuple(target, register, fc.nat(255)).map(([reg, rm, lane]) => [0x66, 0x0f, 0xc5, 0xc0 | (reg << 3) | rm, lane]) },
  { weight: 2, arbitrary: fc.tuple(register, fc.nat(3)).map(([reg, place]) => [0x0f, 0x11, 0x47 | (reg << 3), place * 16]) },
  { weight: 2, arbitrary: fc.constant(setBelow) },
  { weight: 1, arbitrary: fc.nat(3).map((which) => [0x0f, 0xae, 0x15, ...d(places.data + which * 4)]) },
); // prettier-ignore

/** Numbers of every kind, as two words; most are ordinary doubles and singles. */
const number = (special: number): fc.Arbitrary<readonly [number, number]> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.tuple(fc.integer({ min: 0x3e00_0000, max: 0x4200_0000 }), fc.integer({ min: 0x3e00_0000, max: 0x4200_0000 })) },
    { weight: 12, arbitrary: fc.tuple(fc.integer(), fc.integer({ min: -0x4200_0000, max: -0x3e00_0000 })) },
    { weight: 6, arbitrary: fc.constantFrom([0, 0], [0, 0x8000_0000 | 0], [0, 0x3ff0_0000], [0x3f80_0000, 0x3f80_0000]) },
    { weight: special, arbitrary: fc.tuple(fc.constantFrom(0, 1, -1, 0x7f80_0000), fc.constantFrom(0x7ff0_0000, 0x7ff8_0000, 0x7ff0_0001, 1, 0x000f_ffff, 0x0010_0000, 0x0020_0000, 0x7fef_ffff, 0x0080_0000, 0x7f80_0000, 0x7fa0_0000)) },
    { weight: special, arbitrary: fc.tuple(fc.integer(), fc.integer()) },
  ); // prettier-ignore

const settled = 0x1fa0;
/** The same before any inexact result. */
const unnoted = 0x1f80;
const program = fc.record({
  operations: fc.array(operation, { minLength: 1, maxLength: 14 }),
  numbers: fc.nat(2).chain((special) => fc.array(number(special), { minLength: 140, maxLength: 140 })),
  first: fc.constantFrom(settled, settled, settled, unnoted, unnoted, unnoted, 0x1fbf, 0x7fa0, 0x9fe0, 0x1f20),
  others: fc.array(fc.constantFrom(settled, settled, 0x1fbf, 0x1f80, 0x3fa0, 0xffff0000 | 0), {
    minLength: 4,
    maxLength: 4,
  }),
  level: fc.constantFrom(0 as const, 3 as const),
});
type StreamingProgram = typeof program extends fc.Arbitrary<infer T> ? T : never;

const rounds = 60;
const numbersAt = places.data + 0x100;
const resultsAt = places.data + 0x1000;

function start(world: World, { operations, numbers, first, others, level }: StreamingProgram): void {
  const loop = operations.flat();
  const back = -(loop.length + 3 + 3 + 1 + 6);
  const code = [
    ...code32.mov('esi', numbersAt),
    ...code32.mov('edi', resultsAt),
    ...code32.mov('ecx', rounds),
    ...loop,
    ...[0x83, 0xc6, 16], // ADD ESI, 16
    ...[0x83, 0xc7, 16], // ADD EDI, 16
    0x49, // DEC ECX
    ...[0x0f, 0x85, ...d(back)], // JNZ
    ...[0x0f, 0x11, 0x07], // MOVUPS [EDI], XMM0
    ...code32.int(3),
  ];
  world.flat(code, level);
  // As a system leaves them to a program, so that what is compiled from the first instruction on may use the units.
  world.setWord('cr4', 0x600); // OSFXSR, OSXMMEXCPT
  world.setWord('x87Control', 0x37f);
  world.setWord('mxcsr', first);
  others.forEach((value, index) => world.put32(places.data + index * 4, value));
  numbers.forEach(([low, high], index) => {
    world.put32(numbersAt + index * 8, low);
    world.put32(numbersAt + index * 8 + 4, high);
  });
}

const tunings = [
  { look: 1, threshold: 1, batch: 1, delay: 1, patience: 1 },
  { look: 40, threshold: 2, batch: 1, delay: 1, patience: 1 },
];
const interpreted = new World('pentiumM', 1 << 20);

/** Everything there is to see of a run, by interpreter and compiler. Each has a world of its own: a page that changes often is not compiled. */
const outcomes = (prepare: (world: World) => void, which = 0) =>
  [undefined, tunings[which]].map((tuning) => {
    const world = tuning === undefined ? interpreted : new World('pentiumM', 1 << 20, undefined, tuning);
    prepare(world);
    const end = world.run(20_000);
    const state = Buffer.from(world.processor.save()).toString('hex');
    return { end, cycle: world.processor.cycle, state, memory: Buffer.from(world.memory) };
  });
function expectSame(prepare: (world: World) => void, which?: number): void {
  const [one, other] = outcomes(prepare, which);
  expect(Buffer.compare(one!.memory, other!.memory)).toBe(0);
  expect({ ...other, memory: 0 }).toEqual({ ...one, memory: 0 });
}

test('a random SSE loop ends in the same state interpreted and compiled, whatever numbers and MXCSR it meets', () => {
  fc.assert(
    fc.property(program, fc.nat(tunings.length - 1), (streaming, which) =>
      expectSame((world) => start(world, streaming), which),
    ),
    { numRuns: Number(process.env['RUNS'] ?? 150) },
  );
});

const doubles = [
  0x0000_0000_0000_0000n, 0x8000_0000_0000_0000n, 0x3ff0_0000_0000_0000n, 0xbff8_0000_0000_0001n, 0x3fef_ffff_ffff_ffffn,
  0x0010_0000_0000_0000n, 0x0020_0000_0000_0000n, 0x000f_ffff_ffff_ffffn, 0x8000_0000_0000_0001n, 0x7fef_ffff_ffff_ffffn, 0x4008_0000_0000_0000n, 0x41e0_0000_0020_0000n, 0x4330_0000_0000_0001n, 0x3fe0_0000_0000_0001n,
  0x7ff0_0000_0000_0000n, 0xfff8_0000_0000_0000n, 0x7ff0_0000_0000_0001n, 0x3800_0000_0000_0000n, 0x47ef_ffff_ffff_ffffn,
]; // prettier-ignore
const singles = [
  0, 0x8000_0000, 0x3f80_0000, 0xbfc0_0001, 0x3f7f_ffff, 0x0080_0000, 0x0100_0000, 0x007f_ffff, 0x8000_0001, 0x7f7f_ffff, 0x4040_0000, 0x4b00_0001, 0x4580_0800,
  0x7f80_0000, 0xffc0_0000, 0x7f80_0001,
]; // prettier-ignore
const operations = [0x58, 0x59, 0x5c, 0x5e, 0x51, 0x5d, 0x5f, 0x5a];
const lanes = [
  { prefix: [0xf2], numbers: doubles },
  { prefix: [0x66], numbers: doubles },
  { prefix: [0xf3], numbers: singles.map((each) => BigInt(each) * 0x1_0000_0001n) },
  { prefix: [], numbers: singles.map((each) => BigInt(each) * 0x1_0000_0001n) },
];
const inLoop = (body: readonly number[], count: number): number[] => [
  ...[...code32.mov('esi', numbersAt), ...code32.mov('edi', resultsAt), ...code32.mov('ecx', count), ...body],
  ...[0x83, 0xc6, 16, 0x83, 0xc7, 24, 0x49, 0x0f, 0x85, ...d(-(body.length + 13))], // ADD ESI, ADD EDI, DEC ECX, JNZ
  ...code32.hlt,
];
function startLoop(
  world: World,
  body: readonly number[],
  pairs: readonly (readonly [bigint, bigint])[],
  mxcsr = settled,
): void {
  world.flat(inLoop(body, pairs.length));
  world.setWord('cr4', 0x600);
  world.setWord('x87Control', 0x37f);
  world.setWord('mxcsr', mxcsr);
  world.put32(places.data, mxcsr);
  pairs.flat().forEach((each, index) => {
    world.put32(numbersAt + index * 8, Number(each & 0xffff_ffffn) | 0);
    world.put32(numbersAt + index * 8 + 4, Number(each >> 32n) | 0);
  });
}

const conversions = [
  [0x0f, 0x5b],
  [0x66, 0x0f, 0x5b],
  [0xf3, 0x0f, 0x5b],
  [0x66, 0x0f, 0xe6],
  [0xf2, 0x0f, 0xe6],
  [0xf3, 0x0f, 0xe6],
];
/** Integers at the end of a single's precision, and numbers between integers and about 2^30 and 2^31. */
const near = [
  0x0100_0000n, 0x0100_0001n, 0x7fff_ffffn, 0x7fff_ff80n, 0x8000_0000n, 0xffff_ffffn, 0x3f00_0000n, 0x3fc0_0000n, 0xc020_0000n, 0x4e7f_ffffn, 0x4e80_0000n,
  0x4eff_ffffn, 0x4f00_0000n, 0xcf00_0000n, 0x3fe0_0000_0000_0000n, 0x4004_0000_0000_0000n, 0xbff8_0000_0000_0000n,
  0x41cf_ffff_ffff_ffffn, 0x41d0_0000_0000_0000n, 0xc1e0_0000_0000_0000n, 0x41df_ffff_ffe0_0000n,
]; // prettier-ignore

const few = 30;
test('conversions between integers and numbers of every kind give the same results and flags interpreted and compiled', () => {
  const numbers = [...doubles, ...near, ...[...singles.map(BigInt), ...near].map((each) => (each << 32n) | each)];
  const pairs = numbers.map((each, index) => [each, numbers[(index * 7 + 3) % numbers.length]!] as const);
  const all = [...pairs, ...numbers.map((each) => [each, each] as const)];
  for (const conversion of conversions) {
    const body = [
      ...[0x0f, 0xae, 0x15, ...d(places.data)], // LDMXCSR
      ...[0x0f, 0x10, 0x0e, ...conversion, 0xc1], // MOVUPS XMM1, [ESI]; XMM0, XMM1
      ...[0x0f, 0x11, 0x07, 0x0f, 0xae, 0x5f, 16], // MOVUPS [EDI], XMM0; STMXCSR [EDI + 16]
    ];
    for (const mxcsr of [settled, unnoted]) {
      // A few in each run: code that MXCSR is refused for again and again is given up.
      for (let first = 0; first < all.length; first += few) {
        expectSame((world) => startLoop(world, body, all.slice(first, first + few), mxcsr));
      }
    }
  }
});

test('of a packed operation each lane counts, with an inexact result in one of them alone', () => {
  const kinds = [
    { prefix: [0x66], one: 0x3ff0_0000_0000_0000n, numbers: [0x3ff0_0000_0000_0000n, 0x3ff0_0000_0000_0001n, 0x4008_0000_0000_0000n, 0x4330_0000_0000_0001n, 0n] },
    { prefix: [], one: 0x3f80_0000_3f80_0000n, numbers: [0x3f80_0000n, 0x3f80_0001n, 0x4040_0000n, 0x4b00_0001n, 0n].map((each) => (each << 32n) | each) },
  ]; // prettier-ignore
  const halves = [0x12, 0x16]; // MOVLPD, MOVHPD
  for (const { prefix, one, numbers } of kinds) {
    const pairs = numbers.flatMap((a) => numbers.map((b) => [a, b] as const));
    for (const operation of operations) {
      for (const half of halves) {
        const body = [
          ...[0x0f, 0xae, 0x15, ...d(places.data)], // LDMXCSR
          ...[0x0f, 0x10, 0x05, ...d(places.data + 16), 0x0f, 0x28, 0xc8], // MOVUPS XMM0, ones; MOVAPS XMM1, XMM0
          ...[0x66, 0x0f, half, 0x06, 0x66, 0x0f, half, 0x4e, 8], // XMM0, [ESI]; XMM1, [ESI + 8]
          ...[...prefix, 0x0f, operation, 0xc1], // XMM0, XMM1
          ...[0x0f, 0x11, 0x07, 0x0f, 0xae, 0x5f, 16], // MOVUPS [EDI], XMM0; STMXCSR [EDI + 16]
        ];
        expectSame((world) => {
          startLoop(world, body, pairs, unnoted);
          for (const place of [16, 24]) {
            world.put32(places.data + place, Number(one & 0xffff_ffffn));
            world.put32(places.data + place + 4, Number(one >> 32n));
          }
        });
      }
    }
  }
});

test('every operation on every pair of remarkable numbers gives the same result and flags interpreted and compiled', () => {
  for (const { prefix, numbers } of lanes) {
    const pairs = numbers.flatMap((a) => numbers.map((b) => [a, b] as const));
    for (const operation of operations) {
      const body = [
        ...[0x0f, 0xae, 0x15, ...d(places.data)], // LDMXCSR
        ...[0x66, 0x0f, 0x12, 0x06, 0x66, 0x0f, 0x16, 0x06], // MOVLPD and MOVHPD XMM0, [ESI]
        ...[0x66, 0x0f, 0x12, 0x4e, 8, 0x66, 0x0f, 0x16, 0x4e, 8], // The same to XMM1, [ESI + 8]
        ...[...prefix, 0x0f, operation, 0xc1], // XMM0, XMM1
        ...[0x0f, 0x11, 0x07, 0x0f, 0xae, 0x5f, 16], // MOVUPS [EDI], XMM0; STMXCSR [EDI + 16]
      ];
      for (const mxcsr of [settled, unnoted]) expectSame((world) => startLoop(world, body, pairs, mxcsr));
    }
  }
});

test('what is known of a register ends where it is written, whatever writes it', () => {
  const writes = [
    [0x0f, 0x10, 0x06], // MOVUPS XMM0, [ESI]
    [0xf2, 0x0f, 0x10, 0x06], // MOVSD
    [0xf3, 0x0f, 0x10, 0x06], // MOVSS
    [0x66, 0x0f, 0x12, 0x06], // MOVLPD
    [0x66, 0x0f, 0x16, 0x06], // MOVHPD
    [0x66, 0x0f, 0x6e, 0x06], // MOVD
    [0x66, 0x0f, 0xc4, 0x06, 3], // PINSRW
    [0x66, 0x0f, 0x57, 0xc1], // XORPD XMM0, XMM1
    [0x0f, 0x28, 0xc2], // MOVAPS XMM0, XMM2
    [0xf2, 0x0f, 0x10, 0xc2], // MOVSD XMM0, XMM2
  ];
  const pairs = doubles.flatMap((a) => [[a, a] as const, [0x3ff0_0000_3f80_0000n, a] as const]);
  for (const write of writes) {
    for (const { prefix } of lanes) {
      const body = [
        ...[0x0f, 0xae, 0x15, ...d(places.data)], // LDMXCSR
        ...[0x0f, 0x10, 0x0d, ...d(places.data + 16), 0x0f, 0x28, 0xc1], // MOVUPS XMM1, ones; MOVAPS XMM0, XMM1
        ...[0x0f, 0x10, 0x16], // MOVUPS XMM2, [ESI]
        ...[...prefix, 0x0f, 0x58, 0xc1, ...write, ...prefix, 0x0f, 0x58, 0xc1], // Add, write, add
        ...[0x0f, 0x11, 0x07, 0x0f, 0xae, 0x5f, 16], // MOVUPS [EDI], XMM0; STMXCSR [EDI + 16]
      ];
      expectSame((world) => {
        startLoop(world, body, pairs);
        // Ordinary as singles and as doubles.
        for (const place of [16, 20, 24, 28]) world.put32(places.data + place, 0x3f90_0000);
      });
    }
  }
});

test('compiled code that takes MXCSR for settled is not entered, and not gone on with, where it is not', () => {
  for (const value of [0x5fa0, 0x1f80, 0x1f20]) {
    // LDMXCSR [ESI]; then 20 times MOVSD XMM0, [1]; DIVSD XMM0, [3]; MOVSD [EDI], XMM0; then STMXCSR [EDI + 16].
    const divide = [
      ...[0xf2, 0x0f, 0x10, 0x05, ...d(places.data + 16), 0xf2, 0x0f, 0x5e, 0x05, ...d(places.data + 24)],
      ...[0xf2, 0x0f, 0x11, 0x07],
    ];
    const inner = [...code32.mov('edx', 20), ...divide, 0x4a, 0x0f, 0x85, ...d(-(divide.length + 7))]; // DEC EDX; JNZ
    const bodies = [inner, divide].map((between) => [0x0f, 0xae, 0x16, ...between, 0x0f, 0xae, 0x5f, 16]);
    const words = Array.from({ length: 30 }, (_, index) => BigInt(index % 3 === 2 ? value : settled));
    for (const body of bodies) {
      expectSame((world) => {
        startLoop(
          world,
          body,
          words.map((each) => [each, 0n] as const),
        );
        world.put32(places.data + 20, 0x3ff0_0000);
        world.put32(places.data + 28, 0x4008_0000);
      });
    }
  }
});
