/** The fuzzer: many programs on two engines; what differs is narrowed to a cycle, made small, and printed. */
import { type Random, seededRandom } from '../../../src/base/random.js';
import type { ProcessorModel } from '../../../src/cpu/model.js';
import {
  compareAt,
  compareEachCycle,
  compareEachInterrupt,
  compareProgram,
  type Difference,
  type Run,
  slicesOf,
  type Slicing,
  type Times,
  whole,
} from './compare.js';
import { programOf } from './generate.js';
import { imageOf } from './image.js';
import { describe, listHandlers, listProgram, standingOf } from './listing.js';
import { Machine } from './machine.js';
import { minimise } from './minimise.js';
import { groupOf, type Length, type Program, programsTogether } from './program.js';
import { drawSetting, type Setting, settings } from './settings.js';

/** More findings than this are no use before these are looked at. */
export const mostFindings = 5;

export type Mode = 'checks' | 'eachCycle' | 'eachInterrupt';

export interface Finding {
  readonly index: number;
  readonly setting: string;
  readonly text: string;
}
export interface Report {
  readonly run: number;
  readonly findings: readonly Finding[];
  /** Programs by setting and kind of world. */
  readonly counts: ReadonlyMap<string, number>;
}

const randomOf = (seed: number, index: number): Random =>
  seededRandom((Math.imul(seed, 31) ^ Math.imul(index, 0x51ed_270b)) >>> 0);

/** How a program is compared: all that is drawn besides the program itself. */
interface Plan extends Times {
  readonly setting: Setting;
  readonly slicing: () => [Slicing, Slicing];
}
function planOf(seed: number, index: number, group: number, allowed: readonly Setting[]): Plan {
  const random = randomOf(seed, index);
  random.next();
  const setting = drawSetting(randomOf(seed + 3, group), allowed);
  const compilesBetween = setting.compilesBetween === true;
  const times = compilesBetween ? 2 : 1 + random.below(2);
  const cold = random.below(4) > 0;
  const longest = [3, 20, 400][random.below(3)]!;
  const [left, right] = [random.below(2) === 0, random.below(setting.name === 'never' ? 1 : 3) === 0];
  const slicing = (): [Slicing, Slicing] => {
    const own = randomOf(seed + 1, index);
    return [left ? slicesOf(own, longest) : whole, right ? slicesOf(own, longest) : whole];
  };
  return { setting, slicing, times, cold, compilesBetween };
}

export class Fuzzer {
  private readonly references = new Map<ProcessorModel, Machine>();
  private subject: Machine | undefined;
  /** The group of programs at hand, whose code lies where code of others of the group was. */
  private group = -1;

  constructor(
    private readonly seed: number,
    private readonly mode: Mode = 'checks',
    private readonly length: Length = mode === 'checks' ? 'normal' : 'short',
    allowed: readonly Setting[] = settings,
  ) {
    // Nothing is run twice in a row where it is compared at every cycle.
    const fitting = mode === 'checks' ? allowed : allowed.filter(({ compilesBetween }) => compilesBetween !== true);
    this.allowed = fitting.length > 0 ? fitting : allowed;
  }
  private readonly allowed: readonly Setting[];

  private reference(model: ProcessorModel): Machine {
    const known = this.references.get(model) ?? new Machine(model);
    this.references.set(model, known);
    return known;
  }
  /** What is drawn of a setting holds for a group. */
  private tuned(model: ProcessorModel, setting: Setting): Machine {
    return new Machine(model, setting.tuning(randomOf(this.seed + 2, this.group)));
  }

  run(total: number, first = 0, onProgress: (done: number) => void = () => {}): Report {
    const findings: Finding[] = [];
    const counts = new Map<string, number>();
    const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
    let run = 0;
    for (let index = first; index < first + total && findings.length < mostFindings; index++) {
      const group = groupOf(index, this.length);
      if (group !== this.group) this.subject = undefined;
      this.group = group;
      const program = programOf(this.seed, index, this.length);
      const plan = planOf(this.seed, index, group, this.allowed);
      count(plan.setting.name);
      count(program.environment.kind);
      const { model } = program.environment;
      this.subject ??= this.tuned(model, plan.setting);
      const difference = this.compare(program, plan, this.reference(model), this.subject);
      if (difference !== undefined) {
        findings.push({ index, setting: plan.setting.name, text: this.explain(program, plan, difference) });
        this.subject = undefined;
        this.references.clear();
      }
      onProgress(++run);
    }
    return { run, findings, counts };
  }

  private compare(program: Program, plan: Plan, one: Machine, other: Machine): Difference | undefined {
    const [left, right] = plan.slicing();
    const runs: [Run, Run] = [
      { machine: one, slicing: left },
      { machine: other, slicing: right },
    ];
    try {
      if (this.mode === 'eachCycle') return compareEachCycle(program, ...runs);
      if (this.mode === 'eachInterrupt') return compareEachInterrupt(program, ...runs);
      return compareProgram(program, ...runs, plan);
    } catch (error) {
      return { at: other.processor.cycle, what: `thrown: ${error instanceof Error ? error.stack : String(error)}` };
    }
  }
  /** Machines that have run nothing, or one program. */
  private fresh(program: Program, plan: Plan, before?: Program): [Machine, Machine] {
    const { model } = program.environment;
    const machines: [Machine, Machine] = [this.reference(model), this.tuned(model, plan.setting)];
    if (before !== undefined)
      this.compare(before, planOf(this.seed, before.index, this.group, this.allowed), ...machines);
    return machines;
  }
  /** The program without which another one of the same group does not differ. */
  private findBefore(program: Program, plan: Plan): Program | undefined {
    for (let index = program.index - 1; index >= this.group * programsTogether[this.length]; index--) {
      const before = programOf(this.seed, index, this.length);
      if (this.compare(program, plan, ...this.fresh(program, plan, before)) !== undefined) return before;
    }
    return undefined;
  }
  private explain(program: Program, plan: Plan, first: Difference): string {
    const title = `program ${program.index} of seed ${this.seed}, engine ${plan.setting.name}, at cycle ${first.at}: ${first.what}`;
    const alone = this.compare(program, plan, ...this.fresh(program, plan)) !== undefined;
    const before = alone ? undefined : this.findBefore(program, plan);
    if (!alone && before === undefined) {
      const start = this.group * programsTogether[this.length];
      return `${title}\n  only after several others\n  ${this.again(start, program.index - start + 1)}`;
    }
    const least = minimise(
      program,
      (each) => this.compare(each, plan, ...this.fresh(each, plan, before)) !== undefined,
    );
    const differs = (each: Program): boolean =>
      this.compare(least, plan, ...this.fresh(least, plan, each)) !== undefined;
    const leastBefore = before === undefined ? undefined : minimise(before, differs);
    const [left, right] = this.fresh(least, plan, leastBefore);
    const at = this.firstCycle(least, plan, left, right);
    return [
      title,
      `  ${before === undefined ? this.again(program.index) : this.again(before.index, program.index - before.index + 1)}`,
      `made small: at cycle ${at?.at ?? '?'}: ${at?.what ?? this.compare(least, plan, left, right)?.what ?? 'nothing alone'}`,
      `  ${standingOf(left)}`,
      `  ${standingOf(right)}`,
      describe(least),
      listProgram(least),
      listHandlers(least, left),
      ...(leastBefore === undefined ? [] : ['after this program:', describe(leastBefore), listProgram(leastBefore)]),
    ].join('\n');
  }
  /** The first cycle to which both run in one go and stand differently. */
  private firstCycle(program: Program, plan: Plan, left: Machine, right: Machine): Difference | undefined {
    const image = imageOf(program);
    const differsAt = (at: number): Difference | undefined => {
      for (let time = 0; time < plan.times; time++) {
        const [one, other] = plan.slicing();
        left.start(program, image);
        if (plan.compilesBetween && time > 0) right.compileSeen();
        right.start(program, image, time === 0);
        try {
          const before = this.mode === 'checks' ? program.checks.filter((check) => check < at) : [];
          const found = compareAt([...before, at], { machine: left, slicing: one }, { machine: right, slicing: other });
          if (found !== undefined) return found;
        } catch (error) {
          return { at, what: `thrown: ${String(error)}` };
        }
      }
      return undefined;
    };
    for (let at = 1; at <= program.cycles; at++) {
      const found = differsAt(at);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  private again(index: number, count = 1): string {
    const options =
      this.mode === 'eachCycle' ? ' --each-cycle' : this.mode === 'eachInterrupt' ? ' --each-interrupt' : '';
    const long = this.length === 'long' ? ' --long' : '';
    return `again: npm run fuzz:engines -- --seed ${this.seed} --first ${index} --count ${count}${options}${long}`;
  }
}
