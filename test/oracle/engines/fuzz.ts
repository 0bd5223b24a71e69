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
import { Machine } from './machine.js';
import { minimise } from './minimise.js';
import type { Program } from './program.js';
import { drawSetting, type Setting, settings } from './settings.js';

/** Machines serve many programs, so that code of one lies where code of another was; then new ones are made. */
const programsPerMachine = 500;
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
}
function planOf(seed: number, index: number, allowed: readonly Setting[]): Plan {
  const random = randomOf(seed, index);
  random.next();
  const setting = drawSetting(random, allowed);
  const times = 1 + random.below(2);
  const longest = [3, 20, 400][random.below(3)]!;
  const [left, right] = [random.below(2) === 0, random.below(setting.name === 'never' ? 1 : 3) === 0];
  const slicing = (): [Slicing, Slicing] => {
    const own = randomOf(seed + 1, index);
    return [left ? slicesOf(own, longest) : whole, right ? slicesOf(own, longest) : whole];
  };
  return { setting, slicing, times };
}

export class Fuzzer {
  private readonly references = new Map<ProcessorModel, Machine>();
  private readonly subjects = new Map<string, Machine>();

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
    const known = this.subjects.get(key) ?? new Machine(model, setting.options(seededRandom(this.seed)));
    this.subjects.set(key, known);
    return known;
  }

  run(total: number, first = 0, onProgress: (done: number) => void = () => {}): Report {
    const findings: Finding[] = [];
    const counts = new Map<string, number>();
    const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
    let run = 0;
    for (let index = first; index < first + total && findings.length < mostFindings; index++) {
      if (index % programsPerMachine === 0) this.subjects.clear();
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
      return compareProgram(program, ...runs, plan.times);
    } catch (error) {
      return { at: other.processor.cycle, what: `thrown: ${error instanceof Error ? error.stack : String(error)}` };
    }
  }
  private fresh(program: Program, plan: Plan): [Machine, Machine] {
    const { model } = program.environment;
    return [this.reference(model), new Machine(model, plan.setting.options(seededRandom(this.seed)))];
  }
  private explain(program: Program, plan: Plan, first: Difference): string {
    const again = this.again(program.index);
    const alone = this.compare(program, plan, ...this.fresh(program, plan));
    const title = `program ${program.index} of seed ${this.seed}, engine ${plan.setting.name}, at cycle ${first.at}: ${first.what}`;
    if (alone === undefined) {
      return `${title}\n  only after other programs: from ${program.index - (program.index % programsPerMachine)} on\n  ${again}`;
    }
    const least = minimise(program, (each) => this.compare(each, plan, ...this.fresh(program, plan)) !== undefined);
    const [left, right] = this.fresh(least, plan);
    const at = this.firstCycle(least, plan, left, right);
    return [
      title,
      `  ${again}`,
      `made small: at cycle ${at?.at ?? '?'}: ${at?.what ?? this.compare(least, plan, left, right)?.what ?? 'nothing alone'}`,
      `  ${standingOf(left)}`,
      `  ${standingOf(right)}`,
      describe(least),
      listProgram(least),
      listHandlers(least, left),
    ].join('\n');
  }
  /** The first cycle to which both run in one go and stand differently. */
  private firstCycle(program: Program, plan: Plan, left: Machine, right: Machine): Difference | undefined {
    const image = imageOf(program);
    const differsAt = (at: number): Difference | undefined => {
      for (let time = 0; time < plan.times; time++) {
        const [one, other] = plan.slicing();
        left.start(program, image);
        right.start(program, image);
        try {
          const found = compareAt([at], { machine: left, slicing: one }, { machine: right, slicing: other });
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
  private again(index: number): string {
    const options =
      this.mode === 'eachCycle' ? ' --each-cycle' : this.mode === 'eachInterrupt' ? ' --each-interrupt' : '';
    const long = this.length === 'long' ? ' --long' : '';
    return `again: npm run fuzz:engines -- --seed ${this.seed} --first ${index} --count 1${options}${long}`;
  }
}
