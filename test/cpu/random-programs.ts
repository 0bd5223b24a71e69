/** Random programs for the processor, and a run of one that can be cut into slices and moved between processors. */
import type { CompilerTuning } from '../../src/cpu/engine/compiler/tuning.js';
import fc from 'fast-check';
import { code32, d, gate, w } from './bytes.js';
import type { ProcessorModel } from '../../src/cpu/model.js';
import { places, selectors, World } from './world.js';

/** Something that happens to the processor at a cycle: an interrupt request, an NMI, or a bus master that writes a byte. */
interface Happening {
  readonly at: number;
  readonly vector: number;
  readonly nonMaskable?: boolean;
  readonly write?: { readonly address: number; readonly value: number };
}

export interface Program {
  readonly mode: 'real' | 'flat' | 'paged';
  readonly level: 0 | 3;
  readonly code: readonly number[];
  readonly data: readonly number[];
  readonly registers: readonly number[];
  readonly flags: number;
  /** What handlers do, by vector: 0 halts, 1 returns, 2 returns one byte further on. */
  readonly handlers: readonly number[];
  readonly happenings: readonly Happening[];
  /** DR0 to DR3, then DR7. */
  readonly debug: readonly number[];
  readonly cycles: number;
  /** Model-specific registers and what they are set to. */
  readonly monitors?: readonly (readonly [number: number, value: bigint])[];
}

const ramBytes = 0x2_0000;
/** Linear pages that share the TLB's places with those at the start; mapped by the second directory entry. */
const alias = 0x40_0000;
const aliasTable = 0x1_0000;
/** Pages beyond memory, where every access goes to the bus. */
const busPage = 0x2_0000;
const handlerBytes = 16;

const byte = fc.integer({ min: 0, max: 255 });
const place = (least: number, bytes: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: bytes - 1 }).map((offset) => least + offset);

/** Addresses where something is. */
const address = fc.oneof(
  { weight: 4, arbitrary: place(places.data, 0x1000) },
  { weight: 3, arbitrary: place(places.code, 0x80) },
  { weight: 1, arbitrary: place(places.data + 0xff0, 0x20) },
  { weight: 1, arbitrary: place(alias + places.code, 0x80) },
  { weight: 1, arbitrary: place(alias + places.data, 0x1000) },
  { weight: 1, arbitrary: place(busPage, 0x10) },
  { weight: 1, arbitrary: place(places.stacks[0] - 0x40, 0x80) },
);
const number32 = fc.oneof(
  fc.integer({ min: 0, max: 12 }),
  address,
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
);
const displaced = (...opcode: number[]): fc.Arbitrary<number[]> =>
  fc
    .tuple(fc.boolean(), address)
    .map(([wide, at]) => (wide ? [...opcode, 0x05, ...d(at)] : [...opcode, 0x06, ...w(at)]));

const plain = [
  0x40, 0x43, 0x48, 0x50, 0x53, 0x58, 0x5b, 0x60, 0x61, 0x90, 0x98, 0x99, 0x9c, 0x9d, 0xc3, 0xc9, 0xcc, 0xce, 0xcf, 0xcb,
  0xf4, 0xf5, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0x06, 0x07, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x37, 0xd7, 0xec, 0xed, 0xee, 0xef,
] as const; // prettier-ignore
const strings = [0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0x6c, 0x6d, 0x6e, 0x6f] as const;
const withModrm = [
  0x00, 0x01, 0x02, 0x03, 0x11, 0x1b, 0x29, 0x31, 0x39, 0x63, 0x69, 0x6b, 0x80, 0x81, 0x83, 0x85, 0x87, 0x89, 0x8b, 0x8c, 0x8d, 0x8e,
  0x8f, 0xc0, 0xc1, 0xc4, 0xc6, 0xc7, 0xd1, 0xd3, 0xd9, 0xf6, 0xf7, 0xfe, 0xff,
] as const; // prettier-ignore

const instruction: fc.Arbitrary<number[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...plain).map((opcode) => [opcode]) },
  { weight: 5, arbitrary: fc.tuple(fc.constantFrom(...withModrm), byte).map((bytes) => [...bytes]) },
  { weight: 2, arbitrary: fc.tuple(fc.constant(0x0f), byte, byte).map((bytes) => [...bytes]) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom(0xf2, 0xf3), fc.constantFrom(...strings)).map((bytes) => [...bytes]),
  },
  { weight: 1, arbitrary: fc.constantFrom(...strings).map((opcode) => [opcode]) },
  // Prefixes.
  { weight: 2, arbitrary: fc.constantFrom(0x66, 0x67, 0x26, 0x36, 0x3e, 0x64, 0xf0).map((prefix) => [prefix]) },
  // Jumps and loops over a short way.
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(0xeb, 0x74, 0x75, 0x72, 0x7f, 0xe0, 0xe1, 0xe2, 0xe3), fc.integer({ min: -24, max: 24 }))
      .map(([opcode, by]) => [opcode, by & 0xff]),
  },
  { weight: 1, arbitrary: fc.integer({ min: -40, max: 40 }).map((by) => [0xe8, ...d(by)]) },
  {
    weight: 1,
    arbitrary: fc.tuple(address, fc.constantFrom(0, 3, 8, 0x3b)).map(([to, by]) => [0xea, ...d(to), by, 0]),
  },
  // Stores into code, data and tables.
  { weight: 4, arbitrary: fc.tuple(displaced(0xc6), byte).map(([store, value]) => [...store, value]) },
  { weight: 2, arbitrary: displaced(0x00) },
  { weight: 2, arbitrary: displaced(0x03) },
  { weight: 2, arbitrary: displaced(0xff) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(0xb8, 0xb9, 0xbb, 0xbe, 0xbf), number32)
      .map(([op, value]) => [op, ...d(value)]),
  },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 63 }).map((vector) => [0xcd, vector]) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(0x10, 0x11, 0x12, 0x13)
      .chain((port) => fc.constantFrom(0xe4, 0xe5, 0xe6, 0xe7).map((op) => [op, port])),
  },
  // Page table entries, and a flush.
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 31 }), fc.integer({ min: 0, max: 31 }), fc.constantFrom(0, 1, 5, 7))
      .map(([page, to, rights]) => [0xc7, 0x05, ...d(places.table + page * 4), ...d((to << 12) | rights)]),
  },
  { weight: 1, arbitrary: fc.constant<number[]>([...code32.flushTlb]) },
  { weight: 1, arbitrary: fc.array(byte, { minLength: 1, maxLength: 6 }) },
);

const TF = 0x100;
const IF = 0x200;
const flags = fc
  .tuple(
    fc.constantFrom(0, 0, 0, TF),
    fc.constantFrom(0, IF),
    fc.constantFrom(0, 0x400),
    fc.constantFrom(0, 0x3000),
    byte,
  )
  .map(([trap, interrupt, direction, level, status]) => trap | interrupt | direction | level | (status & 0xd5));

/** Any program. */
export const programs: fc.Arbitrary<Program> = fc.record({
  mode: fc.constantFrom('real', 'flat', 'paged', 'paged'),
  level: fc.constantFrom(0, 3),
  code: fc.array(instruction, { minLength: 4, maxLength: 30 }).map((parts) => parts.flat()),
  data: fc.array(byte, { maxLength: 64 }),
  registers: fc.array(number32, { minLength: 7, maxLength: 7 }),
  flags,
  handlers: fc.array(fc.constantFrom(0, 1, 1, 2, 2), { minLength: 64, maxLength: 64 }),
  happenings: fc.array(
    fc.oneof(
      fc.record({ at: fc.integer({ min: 0, max: 400 }), vector: fc.integer({ min: 0x20, max: 0x3f }) }),
      fc.record({ at: fc.integer({ min: 0, max: 400 }), vector: fc.constant(2), nonMaskable: fc.constant(true) }),
      fc.record({
        at: fc.integer({ min: 0, max: 400 }),
        vector: fc.constant(0),
        write: fc.record({ address: fc.oneof(place(places.code, 0x80), place(places.data, 0x1000)), value: byte }),
      }),
    ),
    { maxLength: 8 },
  ),
  debug: fc
    .tuple(
      fc.array(address, { minLength: 4, maxLength: 4 }),
      fc.oneof(
        { weight: 2, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }).map((value) => value & ~0xdc00) },
      ),
    )
    .map(([addresses, control]) => [...addresses, control]),
  cycles: fc.integer({ min: 1, max: 500 }),
});

const errorCodes = new Set([8, 10, 11, 12, 13, 14, 17]);
const INC_BYTE_AT_ESP = [0xff, 0x04, 0x24];
const DROP_4 = [0x83, 0xc4, 4];
/** In real mode: PUSH BP; MOV BP, SP; INC WORD [BP+2]; POP BP. */
const INC_WORD_BEHIND = [0x55, 0x89, 0xe5, 0xff, 0x46, 0x02, 0x5d];

function handlerCode(program: Program, vector: number): number[] {
  const kind = program.handlers[vector % 64]!;
  if (kind === 0) return [0xf4, 0xcf];
  if (program.mode === 'real') return kind === 1 ? [0xcf] : [...INC_WORD_BEHIND, 0xcf];
  const drop = errorCodes.has(vector) ? DROP_4 : [];
  return [...drop, ...(kind === 1 ? [] : INC_BYTE_AT_ESP), 0xcf];
}

/** A world with a bus on which everything shows the cycle at which it happened. */
export function randomWorld(compiler?: Partial<CompilerTuning>, model: ProcessorModel = '80386'): World {
  const local = {
    place: () => {},
    performanceInterrupt: () => {
      world.portWrites.push([world.processor.now, -2, 0]);
      world.processor.setNonMaskableInterrupt(true);
      world.processor.setNonMaskableInterrupt(false);
    },
  };
  const world: World = new World(model, ramBytes, model === '80386' ? undefined : local, compiler);
  const { processor } = world;
  world.readPort = (port) => (processor.now * 7 + port) | 0;
  world.onPortWrite = (port) => {
    world.portWrites.push([processor.now, -1, 0]);
    if ((port & 1) !== 0) processor.setInterruptRequest(true);
    if ((port & 2) !== 0) processor.stopAfterThis();
  };
  world.readBus = (physical) => (processor.now * 3 + physical) | 0;
  world.writeBus = (physical, value) => {
    world.portWrites.push([processor.now, physical, value]);
    if ((value & 1) !== 0) processor.setInterruptRequest(true);
  };
  return world;
}

/** Puts the program in front of its first instruction. */
export function prepare(world: World, program: Program): void {
  const { mode, level, code, data } = program;
  world.vector = 0x20;
  if (mode === 'real') world.real(code);
  else world.flat(code, level);
  world.put(places.data, ...data);
  world.put(places.data + 0xfe0, ...code.slice(0, 0x40));
  for (let vector = 0; vector < 64; vector++) {
    const at = places.handlers + vector * handlerBytes;
    if (mode === 'real') world.put(vector * 4, ...w(at), 0, 0);
    else world.gate(vector, gate('interrupt32', selectors.code[0], at, vector % 2 === 0 ? 3 : 0));
    world.put(at, ...handlerCode(program, vector));
  }
  if (mode === 'paged') {
    world.page();
    world.put32(places.directory + 4, aliasTable | 7);
    for (let page = 0; page < 1024; page++) world.put32(aliasTable + page * 4, ((page & 0x1f) << 12) | 7);
  }
  (['eax', 'ecx', 'edx', 'ebx', 'ebp', 'esi', 'edi'] as const).forEach((name, index) =>
    world.set(name, program.registers[index]!),
  );
  world.flags = program.flags;
  program.debug.forEach((value, index) => world.setWord((['dr0', 'dr1', 'dr2', 'dr3', 'dr7'] as const)[index]!, value));
  // Breakpoints follow.
  for (const [number, value] of program.monitors ?? []) world.processor['modelSpecific'].write(number, value);
  if (program.debug[4] !== 0) world.processor.load(world.processor.save(), world.processor.cycle);
}

/** Everything a run leaves behind. */
export interface Outcome {
  readonly cycle: number;
  readonly state: Uint8Array;
  readonly memory: Uint8Array;
  readonly log: readonly (readonly number[])[];
}

/** How a run is cut: gives the most cycles of the next slice, and whether to move to another processor after it. */
export interface Cutting {
  readonly slice: () => number;
  readonly move: () => boolean;
  /** Linear addresses before which the processor stops and is told to go on. */
  readonly stops?: ReadonlySet<number>;
}
export const oneGo: Cutting = { slice: () => Infinity, move: () => false };

/** Runs the program to its last cycle. The worlds take turns where `cutting` moves. */
export function runProgram(worlds: readonly [World, World], program: Program, cutting: Cutting): Outcome {
  let [world, other] = worlds;
  prepare(world, program);
  for (const each of worlds) each.processor.setStops(cutting.stops ?? new Set());
  const pending = [...program.happenings].sort((a, b) => a.at - b.at);
  for (;;) {
    while (pending.length > 0 && pending[0]!.at <= world.processor.cycle) happen(world, pending.shift()!);
    const { processor } = world;
    if (processor.cycle >= program.cycles) break;
    const next = Math.min(program.cycles, pending[0]?.at ?? Infinity);
    if (processor.run(Math.min(next - processor.cycle, cutting.slice())) === 'shutdown') break;
    if (processor.halted && !processor.interruptDue) processor.cycle = next;
    if (cutting.move()) {
      move(world, other);
      [world, other] = [other, world];
    }
  }
  const { cycle } = world.processor;
  return { cycle, state: world.processor.save(), memory: world.memory.slice(), log: [...world.portWrites] };
}

function happen(world: World, { vector, nonMaskable, write }: Happening): void {
  if (nonMaskable === true) {
    world.processor.setNonMaskableInterrupt(true);
    return world.processor.setNonMaskableInterrupt(false);
  }
  if (write !== undefined) return world.put(write.address, write.value);
  world.vector = vector;
  world.processor.setInterruptRequest(true);
}

/** Puts a memory in the place of another one, page by page where they differ. */
function replaceMemory({ core, memory }: World, bytes: Uint8Array): void {
  for (let page = 0; page < memory.length; page += 4096) {
    const its = bytes.subarray(page, page + 4096);
    if (Buffer.compare(memory.subarray(page, page + 4096), its) === 0) continue;
    memory.set(its, page);
    core.code.replaced(memory.byteOffset + page);
  }
}

/** Saves one world and loads it into another, which may have run something else before. */
function move(from: World, to: World): void {
  const requested = from.word('interruptRequested') !== 0;
  replaceMemory(to, from.memory);
  to.processor.load(from.processor.save(), from.processor.cycle);
  to.processor.setInterruptRequest(requested);
  to.vector = from.vector;
  to.portWrites.splice(0, Infinity, ...from.portWrites);
}
