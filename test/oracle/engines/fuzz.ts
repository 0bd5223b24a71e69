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
  whole,
} from './compare.js';
import { type Length, programOf } from './generate.js';
import { imageOf } from './image.js';
import { describe, listHandlers, listProgram, standingOf } from './listing.js';
import { type EngineOptions, Machine } from './machine.js';
import { minimise } from './minimise.js';
import type { Program } from './program.js';
import { drawSetting, type Setting, settings } from './settings.js';

/** Machines serve many programs, so that code of one lies where code of another was; then new ones are made. */
const programsPerMachine = 100;
/** More findings than this are no use before these are looked at. */
const mostFindings = 5;

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
interface Plan {
  readonly setting: Setting;
  readonly slicing: () => [Slicing, Slicing];
  readonly times: number;
  /** Nothing of programs before it is left. */
  readonly cold: boolean;
}
function planOf(seed: number, index: number, allowed: readonly Setting[]): Plan {
  const random = randomOf(seed, index);
  random.next();
  const setting = drawSetting(random, allowed);
  const times = 1 + random.below(2);
  const cold = random.below(4) > 0;
  const longest = [3, 20, 400][random.below(3)]!;
  const [left, right] = [random.below(2) === 0, random.below(setting.name === 'never' ? 1 : 3) === 0];
  const slicing = (): [Slicing, Slicing] => {
    const own = randomOf(seed + 1, index);
    return [left ? slicesOf(own, longest) : whole, right ? slicesOf(own, longest) : whole];
  };
  return { setting, slicing, times, cold };
}

export class Fuzzer {
  private readonly references = new Map<ProcessorModel, Machine>();
  private readonly subjects = new Map<string, Machine>();
  private era = 0;

  constructor(
    private readonly seed: number,
    private readonly mode: Mode = 'checks',
    private readonly length: Length = mode === 'checks' ? 'normal' : 'short',
    private readonly allowed: readonly Setting[] = settings,
  ) {}

  private reference(model: ProcessorModel): Machine {
    const known = this.references.get(model) ?? new Machine(model);
    this.references.set(model, known);
    return known;
  }
  private subject(model: ProcessorModel, setting: Setting): Machine {
    const key = `${model} ${setting.name}`;
    const known = this.subjects.get(key) ?? new Machine(model, this.options(setting));
    this.subjects.set(key, known);
    return known;
  }

  /** What is drawn of a setting holds for as many programs as a machine serves. */
  private options(setting: Setting): EngineOptions {
    return setting.options(randomOf(this.seed + 2, this.era));
  }

  run(total: number, first = 0, onProgress: (done: number) => void = () => {}): Report {
    const findings: Finding[] = [];
    const counts = new Map<string, number>();
    const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
    let run = 0;
    for (let index = first; index < first + total && findings.length < mostFindings; index++) {
      const era = Math.floor(index / programsPerMachine);
      if (era !== this.era) this.subjects.clear();
      this.era = era;
      const program = programOf(this.seed, index, this.length);
      const plan = planOf(this.seed, index, this.allowed);
      count(plan.setting.name);
      count(program.environment.kind);
      const { model } = program.environment;
      const difference = this.compare(program, plan, this.reference(model), this.subject(model, plan.setting));
      if (difference !== undefined) {
        findings.push({ index, setting: plan.setting.name, text: this.explain(program, plan, difference) });
        this.subjects.clear();
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
      return compareProgram(program, ...runs, plan.times, plan.cold);
    } catch (error) {
      return { at: other.processor.cycle, what: `thrown: ${error instanceof Error ? error.stack : String(error)}` };
    }
  }
  /** Machines that have run nothing, or one program. */
  private fresh(program: Program, plan: Plan, before?: Program): [Machine, Machine] {
    const { model } = program.environment;
    const machines: [Machine, Machine] = [this.reference(model), new Machine(model, this.options(plan.setting))];
    if (before !== undefined) this.compare(before, planOf(this.seed, before.index, this.allowed), ...machines);
    return machines;
  }
  /** The program without which another one of the same machine does not differ. */
  private findBefore(program: Program, plan: Plan): Program | undefined {
    for (let index = program.index - 1; index >= this.era * programsPerMachine; index--) {
      const before = programOf(this.seed, index, this.length);
      const isSame = before.environment.model === program.environment.model;
      if (!isSame || planOf(this.seed, index, this.allowed).setting !== plan.setting) continue;
      if (this.compare(program, plan, ...this.fresh(program, plan, before)) !== undefined) return before;
    }
    return undefined;
  }
  private explain(program: Program, plan: Plan, first: Difference): string {
    const title = `program ${program.index} of seed ${this.seed}, engine ${plan.setting.name}, at cycle ${first.at}: ${first.what}`;
    const alone = this.compare(program, plan, ...this.fresh(program, plan)) !== undefined;
    const before = alone ? undefined : this.findBefore(program, plan);
    if (!alone && before === undefined) {
      const start = this.era * programsPerMachine;
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
