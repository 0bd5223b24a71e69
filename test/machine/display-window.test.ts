import fc from 'fast-check';
import { expect, test } from 'vitest';
import { displayBase, displayBytes, displayWords } from '../../src/cpu/display-mapping.js';
import { compilerTuning } from '../../src/cpu/engine/choice.js';
import type { CompilerTuning } from '../../src/cpu/engine/compiler/tuning.js';
import { generalRegisters, segmentIndex } from '../../src/cpu/layout.js';
import { Processor } from '../../src/cpu/processor.js';
import type { WrittenArea } from '../../src/cpu/system/written-pages.js';
import { setSegment } from '../../src/cpu/system/segments.js';
import { createDevice } from '../../src/device/device.js';
import { blockBytes } from '../../src/device/vga/planes.js';
import { vga } from '../../src/device/vga/vga.js';
import { PageImage } from '../../src/state/pages.js';

const codeAt = 0x8000;
const ramBytes = 1 << 20;

/** A processor in front of an adapter's window, which WebAssembly follows or which is left to the adapter alone. */
class Window {
  readonly processor: Processor;
  readonly chip;
  readonly memory: Uint8Array;
  private readonly written: WrittenArea;
  /** Accesses that came to the adapter. */
  asked = 0;

  constructor(followed: boolean, compiler?: Partial<CompilerTuning>) {
    const tuning = compilerTuning(compiler ?? 'interpreter');
    this.processor = new Processor({
      ...(tuning === undefined ? {} : { compiler: tuning }),
      ...{ model: 'pentiumM', ramBytes, romBytes: 0, videoBytes: blockBytes },
      bus: (plan) => ({
        page: (physical) => {
          const isMemory = physical >>> 0 < displayBase;
          return { address: isMemory ? plan.ram + physical : 0, writable: isMemory };
        },
        readMemory: (physical, width) => {
          this.asked++;
          return this.chip.operations.planeAccess().read(physical - displayBase, width) | 0;
        },
        writeMemory: (physical, value, width) => {
          this.asked++;
          this.chip.operations.planeAccess().write(physical - displayBase, value, width);
        },
        readPort: () => -1,
        writePort: () => {},
        acknowledgeInterrupt: () => 0,
      }),
    });
    const { core, plan } = this.processor;
    this.memory = core.u8.subarray(plan.video, plan.video + blockBytes);
    this.written = core.written.watch(plan.video, blockBytes, () => {});
    const videoMemory = {
      bytes: this.memory,
      willWrite: (offset: number, bytes: number) => core.willWrite(plan.video + offset, bytes),
      mapping: followed ? core.i32.subarray(displayWords.start >> 2, displayWords.end >> 2) : undefined,
      image: () => PageImage.of(this.memory.slice()),
    };
    this.chip = createDevice(vga, { lines: {}, board: { videoMemory } });
  }

  /** Sets the adapter up and runs code as 32-bit code with flat segments; `looks` looks at what was written before. */
  run({ values, code, registers, content, looks }: Case): void {
    const { core } = this.processor;
    this.processor.reset();
    for (const [name, index] of Object.entries(segmentIndex)) {
      if (index < 6) setSegment(core, index, 8, 0, -1, name === 'cs' ? 0xc09b : 0xc093);
    }
    core.set('cr0', 1);
    core.set('eip', codeAt);
    [...code, 0xf4].forEach((byte, at) => core.writePhysical(codeAt + at, byte, 1));
    registers.forEach((value, index) => core.setRegister(index, value));
    this.chip.reset();
    core.willWrite(core.plan.video, blockBytes);
    this.memory.set(Buffer.alloc(blockBytes, content));
    if (looks) this.written.look();
    for (const [file, index, value] of values) {
      this.chip.write(`${file}Index`, index);
      this.chip.write(`${file}Data`, value);
    }
    this.chip.write('miscellaneousOutput', 0x63);
    this.processor.modeChanged();
    expect(this.processor.run(20_000)).toBe('halted');
  }
  get state(): { readonly registers: readonly number[]; readonly cycle: number; readonly chip: Uint8Array } {
    const registers = generalRegisters.map((_, index) => this.processor.core.register(index));
    return { registers, cycle: this.processor.cycle, chip: this.chip.save() };
  }
}

interface Case {
  readonly values: readonly (readonly ['sequencer' | 'graphics', number, number])[];
  readonly code: readonly number[];
  readonly registers: readonly number[];
  readonly content: Uint8Array;
  readonly looks: boolean;
}

/** Accesses of [ebx], each width: stores, loads, changes in place, exchanges, pushes and string instructions at edi and esi. */
const accesses: readonly (readonly number[])[] = [
  ...[
    [0x88, 0x03],
    [0x66, 0x89, 0x03],
    [0x89, 0x03],
  ], // mov [ebx], eax
  ...[
    [0x8a, 0x0b],
    [0x66, 0x8b, 0x0b],
    [0x8b, 0x0b],
  ], // mov ecx, [ebx]
  ...[
    [0x08, 0x03],
    [0x66, 0x31, 0x03],
    [0x01, 0x03],
  ], // or, xor, add [ebx], eax
  ...[
    [0x86, 0x03],
    [0x66, 0x87, 0x03],
    [0x87, 0x03],
  ], // xchg [ebx], eax
  ...[
    [0xfe, 0x03],
    [0x66, 0xf7, 0x13],
    [0xf7, 0x1b],
  ], // inc, not, neg [ebx]
  ...[
    [0x3a, 0x03],
    [0xff, 0x33],
    [0x8f, 0x03],
  ], // cmp al, [ebx]; push [ebx]; pop [ebx]
  ...[[0xaa], [0x66, 0xab], [0xab], [0xac], [0x66, 0xad], [0xa4], [0xa5]], // stos, lods, movs
  ...[
    [0x0f, 0xb6, 0x0b],
    [0xc6, 0x03, 0x5a],
    [0x0f, 0xb0, 0x0b],
  ], // movzx ecx, [ebx]; mov byte [ebx], 5ah; cmpxchg [ebx], cl
];
/** What goes on between them: values and addresses change. */
const changes: readonly (readonly number[])[] = [
  ...[
    [0x01, 0xc8],
    [0xc1, 0xc0, 0x05],
    [0xf7, 0xd0],
  ], // add eax, ecx; rol eax, 5; not eax
  ...[[0x43], [0x83, 0xc3, 0x07], [0x81, 0xc3, 0x00, 0x04, 0x00, 0x00]], // inc ebx; add ebx, 7; add ebx, 400h
];

const byte = fc.nat(255);
const offsets = fc.oneof(
  fc.nat(displayBytes - 1),
  fc.constantFrom(0, 0x0ffe, 0x0fff, 0x3ffd, 0xfffd, 0xffff, 0x10000, 0x17ffe, 0x17fff, 0x18000, 0x18ffd, 0x1fffc),
);
const address = offsets.map((offset) => displayBase + offset);
const sequencerValues = fc.tuple(fc.constant('sequencer' as const), fc.constantFrom(2, 4), byte);
const graphicsValues = fc.tuple(fc.constant('graphics' as const), fc.nat(8), byte);
/** Text mode, mode 12h, mode X: most cases begin with one of them. */
const modes = fc.constantFrom<Case['values']>(
  [
    ['sequencer', 2, 3],
    ['sequencer', 4, 2],
    ['graphics', 5, 0x10],
    ['graphics', 6, 0x0e],
    ['graphics', 8, 0xff],
  ],
  [
    ['sequencer', 2, 15],
    ['sequencer', 4, 6],
    ['graphics', 5, 0],
    ['graphics', 6, 0x05],
    ['graphics', 8, 0xff],
  ],
  [
    ['sequencer', 2, 2],
    ['sequencer', 4, 6],
    ['graphics', 5, 0x41],
    ['graphics', 6, 0x05],
    ['graphics', 8, 0xff],
  ],
  [],
);
const cases: fc.Arbitrary<Case> = fc.record({
  values: fc
    .tuple(modes, fc.array(fc.oneof(sequencerValues, graphicsValues), { maxLength: 6 }))
    .map(([mode, more]) => [...mode, ...more]),
  code: fc
    .tuple(fc.array(fc.constantFrom(...accesses, ...changes), { minLength: 1, maxLength: 12 }), fc.boolean())
    .map(([all, loops]) => {
      const body = all.flat();
      // dec ebp; jnz to the start
      return loops ? [...body, 0x4d, 0x0f, 0x85, ...[-body.length - 7, -1, -1, -1].map((value) => value & 0xff)] : body;
    }),
  registers: fc
    .tuple(fc.nat(0xffffffff), fc.nat(0xffffffff), address, address, address)
    .map(([eax, ecx, ebx, esi, edi]) => [eax, ecx, 0, ebx, 0x7000, 40, esi, edi]),
  content: fc.uint8Array({ minLength: 13, maxLength: 13 }),
  looks: fc.boolean(),
});

const alone = new Window(false);
const followed = [
  new Window(true),
  new Window(true, { look: 20, threshold: 1, batch: 1, delay: 0, patience: 1 }),
  new Window(false, { look: 20, threshold: 1, batch: 1, delay: 0, patience: 1 }),
];

function sameEverywhere(each: Case): void {
  alone.run(each);
  for (const window of followed) {
    window.run(each);
    expect(window.state).toEqual(alone.state);
    expect(Buffer.compare(window.memory, alone.memory)).toBe(0);
    expect(Buffer.compare(window.processor.save(), alone.processor.save())).toBe(0);
  }
}

test('accesses to the window do the same in WebAssembly as in the adapter, whatever its registers hold', () => {
  fc.assert(fc.property(cases, sameEverywhere), { numRuns: 200 });
});

test('loops over text, planes and mode X come to the adapter hardly ever', () => {
  const looped = (code: readonly number[]): readonly number[] => [...code, 0x4d, 0x75, (-code.length - 3) & 0xff];
  for (const code of [
    [0x66, 0x89, 0x03, 0x43, 0x43],
    [0x8a, 0x0b, 0x88, 0x03, 0x43],
    [0x08, 0x03, 0x43],
  ]) {
    for (const window of followed.slice(0, 2)) {
      const before = window.asked;
      window.run({
        values: [
          ['sequencer', 2, 3],
          ['sequencer', 4, 2],
          ['graphics', 5, 0x10],
          ['graphics', 6, 0x0e],
          ['graphics', 8, 0xff],
        ],
        code: looped(code),
        registers: [7, 0, 0, 0xb8000, 0x7000, 1000, 0, 0],
        content: Uint8Array.of(1),
        looks: true,
      });
      expect(window.asked - before).toBeLessThan(8);
    }
  }
});
