/** The chips of this project under property tests: how each is made, and which accesses are worth trying. */
import fc from 'fast-check';
import { createDevice } from '../../device/device.js';
import { pic } from '../../device/pic/pic.js';
import { icw1, icw4, ocw2, ocw3 } from '../../device/pic/registers.js';
import { pit } from '../../device/pit/pit.js';
import { controlWord, readBackCommand } from '../../device/pit/registers.js';
import { fifoControl, interruptEnable, lineControl, modemControl } from '../../device/uart/registers.js';
import { uart } from '../../device/uart/uart.js';
import { picModel, type PicPlace } from './models/pic.js';
import { pitModel } from './models/pit.js';
import { uartModel } from './models/uart.js';
import type { AnyDevice, Observer, PropertySubject, Step } from './subject.js';

type Steps = fc.Arbitrary<Step | readonly Step[]>;
type WeightedSteps = { readonly arbitrary: Steps; readonly weight: number };

const byte = fc.integer({ min: 0, max: 255 });
const often = (weight: number, arbitrary: Steps): WeightedSteps => ({ weight, arbitrary });

const write = (register: string, value: number): Step => ({ kind: 'write', register, value });
const advance = (ticks: number): Step => ({ kind: 'advance', ticks });
const writes = (register: string, value: fc.Arbitrary<number> = byte): Steps =>
  value.map((each) => write(register, each));
const reads = (...registers: readonly string[]): Steps =>
  fc.constantFrom(...registers).map((register): Step => ({ kind: 'read', register }));
const inputs = (...lines: readonly string[]): Steps =>
  fc.tuple(fc.constantFrom(...lines), fc.boolean()).map(([line, level]): Step => ({ kind: 'input', line, level }));
const operation = (name: string, argument: fc.Arbitrary<unknown>): Steps =>
  argument.map((each): Step => ({ kind: 'operation', name, arguments: [each] }));
const ticks = (min: number, max: number): Steps => fc.integer({ min, max }).map(advance);
const mostly = (...choices: readonly WeightedSteps[]): Steps => fc.oneof(...choices);

const pitCounters = ['counter0', 'counter1', 'counter2'] as const;

/** A whole programming of one counter: its Control Word, and its count by the bytes that the word asks for. */
const pitProgram: Steps = fc
  .record({
    index: fc.integer({ min: 0, max: 2 }),
    access: fc.integer({ min: 1, max: 3 }),
    mode: fc.integer({ min: 0, max: 7 }),
    bcd: fc.boolean(),
    low: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 12 }) }, { weight: 1, arbitrary: byte }),
    high: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: byte }),
  })
  .map(({ index, access, mode, bcd, low, high }) => [
    write('control', (index << 6) | (access << 4) | (mode << 1) | Number(bcd)),
    ...(access & 1 ? [write(pitCounters[index]!, low)] : []),
    ...(access & 2 ? [write(pitCounters[index]!, high)] : []),
  ]);

/** A full turn of one counter while the others stand: with short periods beside it, it would take long to test. */
const pitLongRun: Steps = fc
  .record({
    index: fc.integer({ min: 0, max: 2 }),
    mode: fc.integer({ min: 0, max: 5 }),
    length: fc.integer({ min: 60_000, max: 70_000 }),
  })
  .map(({ index, mode, length }) => [
    ...[0x30, 0x70, 0xb0].map((word) => write('control', word)),
    write('control', (index << 6) | 0x30 | (mode << 1)),
    ...[0, 0].map((zero) => write(pitCounters[index]!, zero)),
    { kind: 'input', line: `gate${index}`, level: false },
    { kind: 'input', line: `gate${index}`, level: true },
    advance(length),
  ]);

/** A two-byte count rewritten while it counts, with time before, between and after its bytes. */
const pitRewrite: Steps = fc
  .record({
    index: fc.integer({ min: 0, max: 2 }),
    mode: fc.integer({ min: 0, max: 5 }),
    counts: fc.tuple(fc.integer({ min: 2, max: 30 }), fc.integer({ min: 2, max: 30 })),
    pauses: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 60 })),
  })
  .map(({ index, mode, counts, pauses }) => {
    const counter = pitCounters[index]!;
    return [
      write('control', (index << 6) | 0x30 | (mode << 1)),
      write(counter, counts[0]),
      write(counter, 0),
      { kind: 'input', line: `gate${index}`, level: true },
      advance(pauses[0]),
      write(counter, counts[1]),
      advance(pauses[1]),
      write(counter, 0),
      advance(pauses[2]),
    ];
  });

/** A gate that falls and rises while its counter counts, and a count latched twice on the way. */
const pitGate: Steps = fc
  .record({
    index: fc.integer({ min: 0, max: 2 }),
    mode: fc.integer({ min: 0, max: 5 }),
    length: fc.integer({ min: 2, max: 30 }),
    pauses: fc.tuple(...[9, 9, 9, 40].map((max) => fc.integer({ min: 1, max }))),
  })
  .map(({ index, mode, length, pauses }) => [
    write('control', (index << 6) | 0x10 | (mode << 1)),
    write(pitCounters[index]!, length),
    { kind: 'input', line: `gate${index}`, level: true },
    advance(pauses[0]!),
    write('control', index << 6),
    { kind: 'input', line: `gate${index}`, level: false },
    advance(pauses[1]!),
    { kind: 'input', line: `gate${index}`, level: true },
    advance(pauses[2]!),
    write('control', index << 6),
    { kind: 'read', register: pitCounters[index]! },
    advance(pauses[3]!),
  ]);

const readBack = fc.integer({ min: 0, max: 0x3f }).map((selection) => 0xc0 | selection);

/** The timer, by its definition or a changed one. */
export const pitSubject = (definition: typeof pit): PropertySubject => ({
  name: 'pit',
  create: ({ line }) =>
    createDevice(definition, {
      lines: { output0: line('output0'), output1: line('output1'), output2: line('output2') },
      board: { wired: [0, 1, 2] },
    }) as unknown as AnyDevice,
  steps: mostly(
    often(8, pitProgram),
    often(3, mostly(...pitCounters.map((name) => often(1, writes(name, fc.integer({ min: 0, max: 9 })))))),
    often(2, writes('control')),
    often(3, writes('control', readBack)),
    often(6, reads(...pitCounters)),
    often(5, inputs('gate0', 'gate1', 'gate2')),
    often(12, ticks(1, 15)),
    often(1, ticks(1, 400)),
    often(1, pitLongRun),
    often(2, pitRewrite),
    often(2, pitGate),
    often(1, operation('output', fc.integer({ min: 0, max: 2 }))),
  ),
  model: pitModel,
  describe(register, value) {
    if (register !== 'control') return undefined;
    return controlWord.decode(value).target === 'readBack'
      ? `read-back: ${readBackCommand.print(value)}`
      : controlWord.print(value);
  },
});

/** An initialization as software does it, with its mask. */
const picInitialization: Steps = fc
  .record({ icw1: fc.integer({ min: 0, max: 15 }), icw2: byte, icw3: byte, icw4: byte, mask: byte })
  .map((words) => [
    write('command', 0x10 | words.icw1),
    write('data', words.icw2),
    ...(words.icw1 & 2 ? [] : [write('data', words.icw3)]),
    ...(words.icw1 & 1 ? [write('data', words.icw4 & 0x1f)] : []),
    write('data', words.mask & (words.mask >> 4)),
  ]);

/** A request served to its end of interrupt, with modes and mask changing on the way. */
const picService: Steps = fc
  .record({ level: fc.integer({ min: 0, max: 7 }), modes: byte, mask: byte, end: fc.integer({ min: 0, max: 7 }) })
  .map(({ level, modes, mask, end }) => [
    write('command', 0x0b | (modes & 0x60)),
    { kind: 'input', line: `ir${level}`, level: false },
    { kind: 'input', line: `ir${level}`, level: true },
    { kind: 'operation', name: 'acknowledge', arguments: [] },
    write('data', mask),
    { kind: 'read', register: 'command' },
    write('command', (end << 5) | level),
    { kind: 'read', register: 'command' },
  ]);

/** A slave behind every even level; the others leave the bus open. */
const cascadeOf = (note: Observer['note']) => (level: number) => {
  note(`asks slave ${level}`);
  return level % 2 === 0 ? 0x70 + level : undefined;
};

/** A controller as master (`pic`) or slave, by its definition or a changed one. */
export function picSubject(definition: typeof pic, name: string, master: boolean): PropertySubject {
  const place = (observer: Observer): PicPlace => ({ master, cascade: cascadeOf(observer.note) });
  return {
    name,
    device: 'pic',
    create: (observer) =>
      createDevice(definition, {
        lines: { interrupt: observer.line('interrupt') },
        board: place(observer),
      }) as unknown as AnyDevice,
    steps: mostly(
      often(3, picInitialization),
      often(3, picService),
      often(
        3,
        writes(
          'command',
          fc
            .integer({ min: 0, max: 7 })
            .chain((level) => fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7).map((command) => (command << 5) | level)),
        ),
      ),
      often(
        3,
        writes(
          'command',
          byte.map((value) => 8 | (value & 0x67)),
        ),
      ),
      often(1, writes('command')),
      often(
        3,
        writes(
          'data',
          fc.tuple(byte, byte).map(([one, other]) => one & other),
        ),
      ),
      often(4, reads('command', 'data')),
      often(14, inputs('ir0', 'ir1', 'ir2', 'ir3', 'ir4', 'ir5', 'ir6', 'ir7')),
      often(8, fc.constant<Step>({ kind: 'operation', name: 'acknowledge', arguments: [] })),
      often(1, operation('acknowledgeAsSlave', fc.integer({ min: 0, max: 7 }))),
      often(1, operation('writeEdgeLevel', byte)),
      often(1, fc.constant<Step>({ kind: 'operation', name: 'readEdgeLevel', arguments: [] })),
    ),
    model: (observer) => picModel(observer, place(observer)),
    describe(register, value) {
      if (register === 'data') return `if OCW1: mask; if ICW4: ${icw4.print(value)}`;
      if (value & 0x10) return `${icw1.name}: ${icw1.print(value)}`;
      return value & 8 ? `${ocw3.name}: ${ocw3.print(value)}` : `${ocw2.name}: ${ocw2.print(value)}`;
    },
  };
}

/** A divisor, then the line control that shows the data registers again. */
const uartFormat = (divisor: number, line: number): Step[] => [
  write('lineControl', 0x80 | line),
  write('data', divisor),
  write('interruptEnable', 0),
  write('lineControl', line),
];

/** A short character: divisor 1 to 3. */
const uartSpeed: Steps = fc
  .record({ divisor: fc.integer({ min: 1, max: 3 }), line: fc.integer({ min: 0, max: 0x3f }) })
  .map(({ divisor, line }) => uartFormat(divisor, line));

/** A burst into the receiver FIFO, with the interrupt of its trigger level on, and a pause about as long as a timeout. */
const uartBurst: Steps = fc
  .record({
    trigger: fc.integer({ min: 0, max: 3 }),
    length: fc.integer({ min: 1, max: 18 }),
    pause: fc.integer({ min: 1, max: 6 }),
  })
  .map(({ trigger, length, pause }) => [
    ...uartFormat(1, 0x03),
    write('modemControl', 8),
    write('identityOrFifo', (trigger << 6) | 7),
    write('interruptEnable', 5),
    { kind: 'operation', name: 'receive', arguments: [Array.from({ length }, (_, index) => index)] },
    advance(160 * (length + pause)),
    { kind: 'read', register: 'identityOrFifo' },
  ]);

const uartLayouts = { interruptEnable, identityOrFifo: fifoControl, lineControl, modemControl } as const;

/** A serial port, by its definition or a changed one. */
export const uartSubject = (definition: typeof uart): PropertySubject => ({
  name: 'uart',
  create: ({ line, note }) =>
    createDevice(definition, {
      lines: {
        interrupt: line('interrupt'),
        interruptPin: line('interruptPin'),
        dtr: line('dtr'),
        rts: line('rts'),
        out1: line('out1'),
        out2: line('out2'),
      },
      board: { transmit: (sent) => note(`transmits ${sent}`) },
    }) as unknown as AnyDevice,
  steps: mostly(
    often(4, uartSpeed),
    often(2, uartBurst),
    often(8, writes('data')),
    often(4, writes('interruptEnable', fc.integer({ min: 0, max: 15 }))),
    often(
      3,
      writes(
        'identityOrFifo',
        byte.map((value) => value | 1),
      ),
    ),
    often(1, writes('identityOrFifo')),
    often(1, writes('lineControl')),
    often(3, writes('modemControl')),
    often(1, writes('scratch')),
    often(6, reads('data', 'identityOrFifo', 'lineStatus')),
    often(4, reads(...Object.keys(uart.registers))),
    often(3, inputs('cts', 'dsr', 'ri', 'dcd')),
    often(5, operation('receive', fc.array(byte, { minLength: 1, maxLength: 20 }))),
    often(6, ticks(1, 200)),
    often(6, ticks(100, 1000)),
    often(2, ticks(1000, 9000)),
  ),
  model: uartModel,
  describe: (register, value) => uartLayouts[register as keyof typeof uartLayouts]?.print(value),
});

/** The chips by the name that the command line takes; a chip with two roles is two subjects. */
export const devices: Readonly<Record<string, readonly PropertySubject[]>> = {
  pit: [pitSubject(pit)],
  pic: [picSubject(pic, 'pic', true), picSubject(pic, 'pic-slave', false)],
  uart: [uartSubject(uart)],
};
