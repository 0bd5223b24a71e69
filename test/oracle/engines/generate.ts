/** Makes whole programs out of a seed and a number: the same ones for ever, as long as the generator stays as it is. */
import { type Random, seededRandom } from '../../../src/base/random.js';
import { d } from '../../cpu/bytes.js';
import type { Item } from './assemble.js';
import { drawEnvironment, drawModel } from './environment.js';
import { anyNumber } from './forms.js';
import { type Environment, groupOf, type Happening, type Length, places, type Program, variables } from './program.js';
import { Body, type Changeable, type Snippet } from './snippets/body.js';
import * as changes from './snippets/changes.js';
import * as control from './snippets/control.js';
import * as integer from './snippets/integer.js';
import * as mappings from './snippets/mappings.js';
import * as rings from './snippets/rings.js';
import * as worlds from './snippets/worlds.js';
import { interrupts, writeSystem } from './system.js';
import { EBP, ESP, jcc, jumps, Labels, Writer } from './writer.js';

const cyclesOf: Readonly<Record<Length, readonly [number, number]>> = {
  short: [40, 200],
  normal: [200, 3000],
  // As the compiler is by default it compiles what was at work for some hundred thousand cycles, and more of it later.
  long: [1_800_000, 2_600_000],
};

type Weights = readonly (readonly [number, Snippet])[];
const nested = (body: Body): void => (body.depth < 3 ? anySnippet(body) : integer.arithmetic(body));
const several =
  (most: number): Snippet =>
  (body) => {
    for (let count = body.between(1, most); count > 0; count--) nested(body);
  };
const always: Weights = [
  [14, integer.arithmetic],
  [4, integer.carryChain],
  [3, integer.multiplication],
  [8, integer.pointers],
  [5, integer.memoryArithmetic],
  [8, integer.anyInstructions],
  [3, integer.floating],
  [4, integer.strings],
  [5, integer.kernel],
  [10, control.branch(several(2))],
  [12, control.loop(several(3))],
  [10, control.call],
  [3, control.choose],
  [2, control.dispatch],
  [2, control.middle],
  [4, control.stack],
  [1, control.pageEnd],
  [2, control.prefixes],
];
/** Programs have different minds: each leaves out some of these, so that some stay plain and hot. */
const themes: readonly Weights[] = [
  [
    [5, changes.ahead],
    [5, changes.behind],
    [3, changes.itself],
    [5, changes.changingLoop],
    [2, changes.wide],
    [3, changes.copy],
    [2, changes.pushed],
  ],
  [
    [4, control.hop],
    [5, control.callStub],
    [4, mappings.paging],
    [3, mappings.sharedRun],
    [3, mappings.sharedLoop],
    [3, control.dispatch],
  ],
  [
    [5, worlds.service],
    [3, worlds.fault],
    [2, worlds.interruptReturn],
  ],
  [
    [4, worlds.port],
    [3, worlds.device],
    [2, worlds.halt],
    [3, worlds.flags],
    [4, worlds.critical],
  ],
  [
    [3, worlds.segments],
    [3, worlds.far],
    [3, worlds.otherData],
    [2, worlds.control],
    [3, rings.outer],
    [3, rings.descriptors],
  ],
];

/** What the program at hand is made of; set for each program. */
let mind: Weights = always;
const anySnippet: Snippet = (body) => body.oneOf(mind);

function drawMind(random: Random): Weights {
  return themes.reduce<Weights>(
    (weights, theme) => (random.below(100) < 45 ? [...weights, ...theme] : weights),
    always,
  );
}

/** PUSH EBP; MOV EBP, ESP; what it does; LEAVE; RET: or without a frame. */
function writeFunction(body: Body): void {
  const framed = body.chance(60);
  const wide = body.bits;
  if (framed) {
    body.op(wide, 0x50 | EBP);
    body.op(wide, 0x89, 0xc0 | (ESP << 3) | EBP);
  }
  body.reserving(framed ? [EBP] : [], () => several(3)(body));
  if (framed) body.emit(0xc9);
  if (body.chance(15)) body.emit(0xc2, body.random.below(3) * 4, 0);
  else body.emit(0xc3);
}

/** MOV ESP, the top: whatever went wrong with the stack before is over. */
function resetStack(body: Body): void {
  if (body.stackInCode) body.setToLabel(ESP, body.endLabel, body.base('cs') - body.base('ss'));
  else body.set(ESP, body.environment.stackTop);
}

const callOf =
  (label: number): Snippet =>
  (body) => {
    several(2)(body);
    body.saving(() => body.jump(jumps.call, { label }));
  };

/** The program: a loop over snippets and calls, then functions, then an end that goes on for ever. */
function writeProgram(body: Body, length: Length): void {
  const counter = variables.loops + 0x60;
  const functions = Array.from({ length: length === 'short' ? body.random.below(3) : body.between(1, 5) }, () =>
    body.label(),
  );
  body.functions = functions;
  body.memory(32, [0xc7], 0, counter, d(length === 'long' ? 100_000 : body.between(2, 60)));
  const top = body.here();
  let called = 0;
  const parts = Array.from({ length: length === 'short' ? 1 : body.between(1, 4) }, () => body.label());
  for (const next of parts) {
    body.storeLabel(variables.next, next);
    body.storeLabel(variables.resume, next);
    resetStack(body);
    // Most of what a program does it does in loops, and every function is called from somewhere.
    const uncalled = functions[called++];
    const calling = uncalled === undefined ? integer.arithmetic : callOf(uncalled);
    if (body.chance(60)) control.loop(calling)(body);
    else calling(body);
    for (let count = body.between(1, 2); count > 0; count--) {
      if (body.chance(60)) control.loop(several(4))(body);
      else anySnippet(body);
    }
    body.place(next);
  }
  body.memory(32, [0xff], 1, counter);
  body.jump(jcc(5), { label: top });
  writeEnd(body);
  functions.forEach((label, index) => {
    if (body.chance(15)) control.pageEnd(body);
    // Calls and returns go between pages, too.
    else if (body.chance(12)) body.align(body.random.below(0x200));
    body.place(label);
    body.functions = functions.slice(index + 1);
    writeFunction(body);
  });
}
/** Nothing is left to do: stands still, waits for interrupts, or turns round and round. */
function writeEnd(body: Body): void {
  const top = body.here();
  const kind = body.random.below(3);
  if (kind === 0) body.emit(0xf4);
  else if (kind === 1) body.memory(32, [0xff], 0, variables.loops + 0x5c);
  body.jump(jumps.jmp, { label: top });
}

const stubRoutines = 4;
/** The two pages of routines: alike in shape, different in what they do. */
function stubMemory(random: Random, environment: Environment): { address: number; bytes: number[] }[] {
  return places.stubs.map((address) => {
    const bytes = new Array<number>(stubRoutines * 0x20).fill(0x90);
    for (let routine = 0; routine < stubRoutines; routine++) {
      const writer = new Writer(random, environment, new Labels());
      const code: number[] = [];
      for (let count = 1 + random.below(4); count > 0; count--) {
        code.push(...writer.pick([[0x40 | writer.pick([0, 1, 2, 3, 6, 7])], [0x04, random.below(256)], [0x35, 1, 2, 3, 4].slice(0, environment.codeBits === 32 ? 5 : 3), [0x11, 0xc3], [0x90]])); // prettier-ignore
      }
      bytes.splice(routine * 0x20, code.length + 1, ...code, 0xc3);
    }
    return { address, bytes };
  });
}

function drawHappenings(random: Random, cycles: number): Happening[] {
  const found: Happening[] = [];
  const at = (): number => random.below(cycles);
  const vector = (): number => interrupts.first + random.below(interrupts.count);
  const mood = random.below(4);
  if (mood === 1) {
    const period = 5 + random.below(200);
    for (let cycle = at() % period; cycle < cycles && found.length < 400; cycle += period) {
      found.push({ at: cycle, kind: 'interrupt', vector: interrupts.first + random.below(2) });
    }
  }
  if (mood >= 2)
    for (let count = random.below(8); count > 0; count--) found.push({ at: at(), kind: 'interrupt', vector: vector() });
  // The watchdog, which barks at programs that turn round and round; now and then much too often.
  const bark = random.below(25) === 0 ? 20 : 100 + random.below(500);
  for (let cycle = bark; cycle < cycles; cycle += bark) found.push({ at: cycle, kind: 'nonMaskable' });
  if (random.below(4) === 0) {
    for (let count = 1 + random.below(4); count > 0; count--) {
      const address = random.below(2) === 0 ? places.code + random.below(0x300) : variables.free + random.below(0x100);
      found.push({ at: at(), kind: 'write', address, bytes: [0x40 | random.below(16)] });
    }
  }
  return found.sort((a, b) => a.at - b.at);
}

function dataMemory(random: Random): { address: number; bytes: number[] } {
  const bytes = Array.from({ length: 0x400 }, () => (random.below(3) === 0 ? 0 : random.below(256)));
  return { address: variables.free, bytes };
}

/** The program of a number in a seed's row. */
export function programOf(seed: number, index: number, length: Length = 'normal'): Program {
  const randomOf = (number: number): Random => {
    const random = seededRandom((Math.imul(seed, 0x9e37_79b1) ^ Math.imul(number, 0x85eb_ca6b)) >>> 0);
    random.next();
    return random;
  };
  const random = randomOf(index + 1);
  const drawn = drawEnvironment(random, drawModel(randomOf(-1 - groupOf(index, length))));
  const stackInCode = random.below(8) === 0;
  const labels = new Labels();
  const system = new Writer(random, drawn, labels, drawn.kind === 'real' ? 16 : 32);
  const vectors = writeSystem(system);
  const changeables: Changeable[] = [];
  const end = labels.next();
  mind = drawMind(random);
  const body = new Body(random, drawn, labels, changeables, end, stackInCode);
  writeProgram(body, length);
  const filler: Item[] = [
    { kind: 'bytes', bytes: new Array<number>(0x180).fill(0xcc) },
    { kind: 'label', label: end },
  ];
  const [least, most] = cyclesOf[length];
  const cycles = least + random.below(most - least);
  const patched = changeables.find(({ kind }) => kind === 'incDec')?.label ?? end;
  const checks = Array.from({ length: 4 }, () => 1 + random.below(cycles)).concat(cycles);
  return {
    ...{ seed, index, environment: drawn, cycles, vectors },
    items: [...body.items, ...filler],
    system: system.items,
    memory: [dataMemory(random), ...stubMemory(random, drawn)],
    pointers: [
      { address: variables.pointers, label: patched, plus: drawn.kind === 'real' ? 0 : drawn.segments.cs.base },
    ],
    registers: Array.from({ length: 8 }, () => (random.below(3) === 0 ? anyNumber(system) : random.below(64))),
    happenings: drawHappenings(random, cycles),
    checks: checks.sort((a, b) => a - b),
  };
}
