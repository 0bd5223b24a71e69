/** A driver that executes each instruction twice: interpreted, and alone in a region of compiled code; both must end alike. */
import { hex } from '../../../src/base/integers.js';
import type { CodeCache } from '../../../src/cpu/decode/code-cache.js';
import { type Fetcher, NO_RECORD } from '../../../src/cpu/decode/fetcher.js';
import { defaultTuning } from '../../../src/cpu/engine/compiler/tuning.js';
import type { Interpreter } from '../../../src/cpu/engine/interpreter/instance.js';
import { firstRegion, record } from '../../../src/cpu/layout.js';
import type { ProcessorDriver, StepResult } from './driver.js';
import { Driver } from './processor-driver.js';

/** Everything that is looked at is compiled at once. */
const atOnce = { ...defaultTuning, look: 1, threshold: 1, batch: 1, delay: 0, patience: 0 } as const;

/** What of a processor is not for its users. */
interface Inside {
  readonly fetcher: Fetcher;
  readonly code: CodeCache;
  readonly engine: Interpreter;
  readonly compiler: { interpreter: Interpreter };
}

/** What came of one instruction under the compiler. */
type Ran = 'compiled' | 'left' | 'interpreted';

class CompiledDriver extends Driver {
  /** Whether compiled code ran the last instruction, left it to the interpreter, or was not made of it. */
  ran: Ran = 'interpreted';
  private readonly inside: Inside;

  constructor(model: ProcessorDriver['model']) {
    super(model, { compiler: atOnce });
    this.inside = this.processor as unknown as Inside;
    const { engine, compiler } = this.inside;
    // Regions call this where they leave an instruction to the interpreter.
    const resume = (at: number, handler: number): number => {
      this.ran = 'left';
      return engine.resume(at, handler);
    };
    compiler.interpreter = { ...engine, resume };
  }

  protected override runOne(): void {
    const at = this.cutBehind();
    this.ran = 'interpreted';
    // A block of one instruction fits a budget of one: the run loop looks, the compiler compiles, the region runs.
    super.runOne();
    const isRegion = at !== NO_RECORD && this.core.view.getUint16(at + record.handler, true) >= firstRegion;
    if (this.ran === 'interpreted' && isRegion) this.ran = 'compiled';
  }
  /** Has the instruction at hand decoded afresh, as a block of its own; its record. */
  private cutBehind(): number {
    const { core } = this;
    const { fetcher, code } = this.inside;
    code.forgetCuts();
    code.flush();
    const first = this.find();
    if (first === NO_RECORD) return NO_RECORD;
    code.cutAt([fetcher.offset + core.view.getUint8(first + record.length)]);
    return this.find();
  }
  private find(): number {
    const { fetcher } = this.inside;
    const at = fetcher.find(this.core.eip, false);
    this.core.set('faulted', 0); // Fetching will be tried again.
    return fetcher.table === 0 ? NO_RECORD : at;
  }
}

/** Shown where the engines differ. */
const differencesMost = 5;

/** Answers as compiled code does, and notes where the interpreter ends otherwise. */
export class BothEngines implements ProcessorDriver {
  /** Instructions by what ran them. */
  readonly counts: Record<Ran, number> = { compiled: 0, left: 0, interpreted: 0 };
  readonly differences: string[] = [];
  private readonly one: Driver;
  private readonly other: CompiledDriver;

  constructor(readonly model: ProcessorDriver['model']) {
    this.one = new Driver(model);
    this.other = new CompiledDriver(model);
  }

  private both(act: (driver: Driver) => void): void {
    act(this.one);
    act(this.other);
  }
  reset(): void {
    this.both((driver) => driver.reset());
  }
  setRegisters(registers: Readonly<Record<string, number>>): void {
    this.both((driver) => driver.setRegisters(registers));
  }
  writeMemory(physical: number, bytes: Uint8Array): void {
    this.both((driver) => driver.writeMemory(physical, bytes));
  }
  setExtended(image: Uint8Array): void {
    this.both((driver) => driver.setExtended(image));
  }
  setProtected32Flat(userMode: boolean): void {
    this.both((driver) => driver.setProtected32Flat(userMode));
  }
  getRegister(name: string): number {
    return this.other.getRegister(name);
  }
  readMemory(physical: number, length: number): Uint8Array {
    return this.other.readMemory(physical, length);
  }
  getExtended(): Uint8Array {
    return this.other.getExtended();
  }

  step(): StepResult {
    const before = `${hex(this.getRegister('cs'), 4)}:${hex(this.getRegister('eip'), 4)}`;
    const expected = this.one.step();
    const actual = this.other.step();
    this.counts[this.other.ran]++;
    const what = this.difference(expected, actual);
    if (what !== undefined) this.differences.push(`at ${before}: ${what}`);
    return actual;
  }
  private difference(expected: StepResult, actual: StepResult): string | undefined {
    const [one, other] = [expected, actual].map(({ exception }) => JSON.stringify(exception ?? 'no exception'));
    if (one !== other) return `${one} interpreted, ${other} compiled`;
    const [left, right] = [this.one.standing(), this.other.standing()];
    for (const part of ['state', 'memory'] as const) {
      if (Buffer.compare(left[part], right[part]) === 0) continue;
      const at = left[part].findIndex((byte, index) => byte !== right[part][index]);
      return `${part} ${hex(at, 4)}: ${hex(left[part][at]!, 2)} interpreted, ${hex(right[part][at]!, 2)} compiled`;
    }
    return undefined;
  }

  /** One line: what ran how, and the first differences. */
  report(): string {
    const { compiled, left, interpreted } = this.counts;
    const total = compiled + left + interpreted;
    const line = `${total} instructions: ${compiled} in compiled code, ${left} left by it, ${interpreted} not compiled`;
    const shown = this.differences.slice(0, differencesMost).map((each) => `    ${each}`);
    return [`${this.model}: ${line}; engines differ in ${this.differences.length}`, ...shown].join('\n');
  }
}
