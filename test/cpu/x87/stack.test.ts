/** The register stack against a model written apart: TOP, tags, stack faults and C1 (Intel SDM Vol. 1, section 8.1). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { World } from '../world.js';
import { encoded, status, unitOf } from './unit.js';

/** A stack of eight that holds small integers and NaNs. */
class Model {
  top = 0;
  readonly filled = new Array<boolean>(8).fill(false);
  readonly values = new Array<number>(8).fill(0);
  flags = 0;
  c1 = false;

  constructor(private readonly masked: boolean) {}

  private at(index: number): number {
    return (this.top + index) & 7;
  }
  isEmpty(index: number): boolean {
    return !this.filled[this.at(index)]!;
  }
  get(index: number): number {
    return this.values[this.at(index)]!;
  }
  set(index: number, value: number): void {
    this.values[this.at(index)] = value;
    this.filled[this.at(index)] = true;
  }
  /** A stack fault; whether the instruction goes on with a NaN. */
  fault(overflow: boolean): boolean {
    this.flags |= status.IE | status.SF;
    this.c1 = overflow;
    return this.masked;
  }
  push(value: number): void {
    this.c1 = false;
    if (!this.isEmpty(7)) {
      if (!this.fault(true)) return;
      value = NaN;
    }
    this.turn(-1);
    this.set(0, value);
  }
  pop(): void {
    this.filled[this.top] = false;
    this.turn(1);
  }
  turn(by: number): void {
    this.top = (this.top + by) & 7;
  }
  free(index: number): void {
    this.c1 = false;
    this.filled[this.at(index)] = false;
  }
  /** Does something with these registers, or writes a NaN to `target` if one of them is empty. */
  using(registers: readonly number[], target: number, pops: boolean, action: () => void): void {
    this.c1 = false;
    if (registers.some((index) => this.isEmpty(index))) {
      if (!this.fault(false)) return;
      this.set(target, NaN);
    } else action();
    if (pops) this.pop();
  }
}

interface Step {
  readonly code: readonly number[];
  readonly act: (model: Model) => void;
}

const onRegister = (byte: readonly [number, number], act: (model: Model, index: number) => void): fc.Arbitrary<Step> =>
  fc.integer({ min: 0, max: 7 }).map((index) => ({
    code: [byte[0], byte[1] + index],
    act: (model) => act(model, index),
  }));
const plain = (code: readonly number[], act: (model: Model) => void): fc.Arbitrary<Step> => fc.constant({ code, act });

const steps: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: plain([0xd9, 0xe8], (model) => model.push(1)), weight: 4 },
  { arbitrary: plain([0xd9, 0xee], (model) => model.push(0)), weight: 2 },
  onRegister([0xd9, 0xc0], (model, index) => {
    if (!model.isEmpty(index)) return model.push(model.get(index));
    if (!model.fault(false)) return;
    model.turn(-1);
    model.set(0, NaN);
  }),
  onRegister([0xdd, 0xd0], (model, index) => model.using([0], index, false, () => model.set(index, model.get(0)))),
  onRegister([0xdd, 0xd8], (model, index) => model.using([0], index, true, () => model.set(index, model.get(0)))),
  onRegister([0xd9, 0xc8], (model, index) => {
    model.c1 = false;
    for (const each of [0, index]) if (model.isEmpty(each) && !model.fault(false)) return;
    for (const each of [0, index]) if (model.isEmpty(each)) model.set(each, NaN);
    const kept = model.get(0);
    model.set(0, model.get(index));
    model.set(index, kept);
  }),
  onRegister([0xdd, 0xc0], (model, index) => model.free(index)),
  onRegister([0xdf, 0xc0], (model, index) => {
    model.free(index);
    model.pop();
  }),
  onRegister([0xd8, 0xc0], (model, index) =>
    model.using([0, index], 0, false, () => model.set(0, model.get(0) + model.get(index))),
  ),
  onRegister([0xde, 0xc0], (model, index) =>
    model.using([0, index], index, true, () => model.set(index, model.get(0) + model.get(index))),
  ),
  plain([0xd9, 0xf6], (model) => {
    model.turn(-1);
    model.c1 = false;
  }),
  plain([0xd9, 0xf7], (model) => {
    model.turn(1);
    model.c1 = false;
  }),
);

describe.each([
  ['masked', 0x37f],
  ['not masked', 0x37e],
])('with stack faults %s', (_name, control) => {
  test('any sequence leaves TOP, tags, registers and flags as the manual says', () => {
    const world = new World('pentium2');
    const property = fc.property(fc.array(steps, { minLength: 1, maxLength: 40 }), (all) => {
      const model = new Model(control === 0x37f);
      // FNINIT; FLDCW [data]; then each instruction, its exceptions cleared away.
      world.flat([0xdb, 0xe3, 0xd9, 0x2d, 0x00, 0xc0, 0x00, 0x00, ...all.flatMap(({ code }) => [...code, 0xdb, 0xe2])]);
      world.put16(0xc000, control);
      world.run(2);
      for (const { act } of all) {
        model.flags = 0;
        act(model);
        world.run(1);
        const unit = unitOf(world);
        const filled = model.filled.reduce((bits, each, index) => bits | (each ? 1 << index : 0), 0);
        expect({ top: unit.top, filled: unit.filled }).toEqual({ top: model.top, filled });
        expect(unit.status & 0xff & ~status.ES).toBe(model.flags);
        expect((unit.status & status.C1) !== 0).toBe(model.c1);
        const values = Array.from({ length: 8 }, (_, index) => encoded(model.get(index)));
        expect(unit.stack).toEqual(values);
        world.run(1);
      }
    });
    fc.assert(property, { numRuns: 150 });
  });
});
