/** What a region consists of, and where it is entered. */
import { expect, test } from 'vitest';
import {
  headOf,
  type PageCode,
  planRegion,
  type RegionInstruction,
  type RegionPlan,
} from '../../../../src/cpu/engine/compiler/region.js';
import type { Handler } from '../../../../src/cpu/engine/interpreter/handlers.js';
import { record } from '../../../../src/cpu/layout.js';

/** An instruction: its length, and what it is; `target` of relative jumps. */
type Line = readonly [length: number, kind: Kind, target?: number];
const kinds = ['plain', 'jmp', 'jcc', 'call', 'ret', 'leaves'] as const;
type Kind = (typeof kinds)[number];
const isRelative = (kind: Kind): boolean => kind === 'jmp' || kind === 'jcc' || kind === 'call';
const handlers = kinds.map((kind) => ({
  instruction: {
    mnemonic: kind,
    endsBlock: kind !== 'plain' && kind !== 'leaves',
    forms: [{ operands: isRelative(kind) ? [{ kind: 'relative' }] : [] }],
  },
  variant: { repeat: 'none' },
})) as unknown as readonly Handler[];

/** A page whose instructions follow one another from an offset on. */
function page(start: number, lines: readonly Line[], elsewhere: readonly number[] = []): PageCode {
  const view = new DataView(new ArrayBuffer(4096 * 4 + (lines.length + 1) * record.bytes));
  const numbers = new Map<number, number>();
  const targets = new Map<number, number>();
  let offset = start;
  lines.forEach(([length, kind, target], index) => {
    const at = 4096 * 4 + (index + 1) * record.bytes - record.bytes;
    view.setInt32(offset * 4, at, true);
    view.setUint8(at + record.length, length);
    numbers.set(at, kinds.indexOf(kind) + 1);
    if (target !== undefined) targets.set(offset, target);
    offset += length;
  });
  return {
    view,
    table: 0,
    handler: (number) => handlers[number - 1],
    numberOf: (at) => numbers.get(at) ?? 0,
    alwaysLeaves: ({ number }: RegionInstruction) => kinds[number - 1] === 'leaves',
    isElsewhere: (each) => elsewhere.includes(each),
    oftenMisses: () => false,
    targetOf: (each: RegionInstruction) => targets.get(each.offset),
  };
}
const limits = { instructions: 600, entries: 200 };
const entriesOf = (plan: RegionPlan | undefined): readonly number[] =>
  plan!.blocks.filter(({ isEntry }) => isEntry).map(({ instructions }) => instructions[0]!.offset);
const never = (): boolean => false;

test('a function is found from its middle, behind the return of the one before', () => {
  const code = page(0, [[1, 'plain'], [1, 'ret'], [2, 'plain'], [2, 'jcc', 10], [5, 'call', 0x800], [3, 'plain'], [1, 'ret']]); // prettier-ignore
  expect(headOf(code, 11, never)).toEqual({ head: 2, behind: undefined });
});

test('the way back ends where code is compiled already', () => {
  const code = page(0, [[2, 'plain'], [2, 'jcc', 9], [3, 'plain'], [2, 'plain'], [1, 'ret']]); // prettier-ignore
  expect(headOf(code, 7, (offset) => offset < 4)).toEqual({ head: 4, behind: 2 });
});

test('it is entered at its head, at heads of loops, where calls lead and behind calls, and nowhere else', () => {
  // 0: plain; 2: loop: jcc 6; 4: jmp 20; 6: call 30; 11: jcc 2; 13: plain; 14: ret; 20: jmp 13.
  const code = page(0, [[2, 'plain'], [2, 'jcc', 6], [2, 'jmp', 13], [5, 'call', 14], [2, 'jcc', 2], [1, 'plain'], [1, 'ret']]); // prettier-ignore
  expect(entriesOf(planRegion(code, [0], limits))).toEqual([0, 2, 11, 14]);
});

test('where blocks may start only at some places, the others are ways out', () => {
  // 0: plain; 2: jcc 9; 4: plain; 6: jmp 0; 8: ret; 9: plain; 11: jmp 0.
  const code = page(0, [[2, 'plain'], [2, 'jcc', 9], [2, 'plain'], [2, 'jmp', 0], [1, 'ret'], [2, 'plain'], [2, 'jmp', 0]]); // prettier-ignore
  const startsOf = (leaders: ReadonlySet<number>) =>
    planRegion(code, [0], { ...limits, leaders })!.blocks.map(({ instructions }) => instructions[0]!.offset);
  expect(startsOf(new Set([0, 9]))).toEqual([0, 9]);
  expect(startsOf(new Set([0, 4]))).toEqual([0, 4]);
});

test('what only the interpreter runs is no entry, and what follows it is one', () => {
  const code = page(0, [
    [1, 'leaves'],
    [1, 'plain'],
    [1, 'ret'],
  ]);
  expect(entriesOf(planRegion(code, [0], limits))).toEqual([1]);
});

test('code that another region is entered at is left to that one', () => {
  const code = page(
    0,
    [
      [1, 'plain'],
      [1, 'plain'],
      [1, 'plain'],
      [1, 'ret'],
    ],
    [2],
  );
  const plan = planRegion(code, [0], limits)!;
  expect(plan.blocks.flatMap(({ instructions }) => instructions.map(({ offset }) => offset))).toEqual([0, 1]);
});

test('what is longer than a block is several, one after another', () => {
  const code = page(0, [...Array.from({ length: 150 }, () => [1, 'plain'] as const), [1, 'ret']]);
  const plan = planRegion(code, [0], limits)!;
  expect(plan.blocks.map(({ instructions }) => instructions.length)).toEqual([64, 64, 23]);
  expect(plan.blocks.map(({ successors }) => successors)).toEqual([[1], [2], []]);
});

test('a block beyond the 256th is no entry, as a record has no room for its number', () => {
  const lines = Array.from({ length: 400 }, () => [5, 'call', 0xfff] as const);
  const plan = planRegion(page(0, lines), [0], { instructions: 600, entries: 600 })!;
  expect(plan.blocks.length).toBeGreaterThan(256);
  expect(plan.blocks.every(({ index, isEntry }) => isEntry === index < 256)).toBe(true);
});
