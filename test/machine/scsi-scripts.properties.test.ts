/**
 * SCRIPTS programs that reach the adapter that runs them: QEMU's model of this chip once lost its own memory to such ones
 * (CVE-2023-0330). Here they run on a whole board, where a memory move may lead to any range of the bus.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cycle } from '../../src/base/integers.js';
import { diskMedium, newMachine } from './small-guests.js';

const slot = 4;
const [registers, ram, memory] = [0xff10_0000, 0xff00_0000, 0x0010_0000];
const [interruptStatus, chipTest, start] = [0x14, 0x1b, 0x2c];
const cyclesPerSecond = 100_000_000;

/** The adapter with a disk as target 0, its ranges mapped and its mastering on. */
function adapter() {
  const board = { board: 'i440fx', processor: 'pentium3', cyclesPerSecond } as const;
  const machine = newMachine({ ...board, media: { scsi0: diskMedium } });
  const bench = machine.bench();
  const configure = (register: number, value: number): void => {
    bench.writePort(0xcf8, (0x8000_0000 + slot * 0x800 + register) >>> 0, 4);
    bench.writePort(0xcfc, value, 4);
  };
  configure(0x14, registers);
  configure(0x18, ram);
  configure(0x04, 0x7);
  const words = (at: number, program: readonly number[]): void =>
    program.forEach((word, index) => bench.writeMemory(at + 4 * index, word, 4));
  const run = (at: number): void => {
    bench.writeMemory(registers + start, at, 4);
    bench.pass(cycle(bench.cycle + cyclesPerSecond / 100));
  };
  return { machine, bench, words, run };
}

test('a memory move over registers, among them the one that starts programs, leaves a chip that a reset brings back', () => {
  const { bench, words, run } = adapter();
  // 24h bytes from main memory over the chip's registers from 14h on, DSP among them.
  words(ram, [0xc000_0024, memory, registers + 0x14]);
  words(memory, [0, 0, 0, 0, 0, 0, ram, 0, 0]);
  run(ram);
  words(ram, [0x9808_0000, 0x1234_5678]); // INT
  bench.writeMemory(registers + interruptStatus, 0x40, 1); // A reset of the chip by its ISTAT.
  bench.writeMemory(registers + interruptStatus, 0, 1);
  run(ram);
  expect(bench.readMemory(registers + 0x30, 4)).toBe(0x1234_5678);
});

const address = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }).map((at) => registers + at),
  fc.integer({ min: 0, max: 0x7f }).map((at) => ram + at),
  fc.integer({ min: 0, max: 0x7f }).map((at) => memory + at),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
const instruction = fc.oneof(
  fc.tuple(
    fc.integer({ min: 1, max: 0x40 }).map((bytes) => (0xc000_0000 + bytes) >>> 0),
    address,
    address,
  ),
  fc.tuple(
    fc.constantFrom(0x8008_0000, 0x8008_0000 + 0x0080_0000, 0x9808_0000, 0x4000_0000, 0x4100_0000, 0x7000_0000),
    address,
  ),
  fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), address),
);

test('no program, whatever it moves over the chip that runs it, throws or runs for ever, and two runs of it are equal', () => {
  fc.assert(
    fc.property(fc.array(instruction, { minLength: 1, maxLength: 8 }), fc.constantFrom(ram, memory), (program, at) => {
      const digests = [0, 1].map(() => {
        const { machine, bench, words, run } = adapter();
        words(at, program.flat());
        run(at);
        bench.readMemory(registers + chipTest, 1);
        return machine.digest().sha256;
      });
      expect(digests[0]).toBe(digests[1]);
    }),
    { numRuns: 40 },
  );
});
