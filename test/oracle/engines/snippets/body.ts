/** What snippets write into: a function of the program, with what it may call, change and count with. */
import type { Random } from '../../../../src/base/random.js';
import { type Environment, variables } from '../program.js';
import { type Labels, Writer } from '../writer.js';

export type Snippet = (body: Body) => void;

/** A place in the code that may change: where it is, and what keeps it code. */
export interface Changeable {
  readonly label: number;
  readonly plus: number;
  /** The byte may be anything; else bit 3 of an INC or DEC, or bit 0 of a condition, is turned over. */
  readonly kind: 'immediate' | 'incDec' | 'condition';
}

const counterCount = 24;

export class Body extends Writer {
  /** Labels of functions that may be called here: later ones alone, so that calls end. */
  functions: readonly number[] = [];
  /** How deep loops and branches are nested. */
  depth = 0;
  /** Places in code written so far. */
  readonly changeables: Changeable[];
  private counters = 0;

  constructor(
    random: Random,
    environment: Environment,
    labels: Labels,
    changeables: Changeable[],
    /** The end of the program, where the stack lies if it lies in code. */
    readonly endLabel: number,
    readonly stackInCode: boolean,
  ) {
    super(random, environment, labels);
    this.changeables = changeables;
  }

  /** The linear address of a counter of its own. */
  counter(): number {
    return variables.loops + (this.counters++ % counterCount) * 4;
  }
  /** Writes something that may fault; handlers go on behind it. */
  risky(write: () => void): void {
    const after = this.label();
    this.storeLabel(variables.resume, after);
    write();
    this.place(after);
  }
  /** Keeps registers out of the hands of what `write` writes. */
  reserving(registers: readonly number[], write: () => void): void {
    const added = registers.filter((register) => !this.reserved.has(register));
    for (const register of added) this.reserved.add(register);
    write();
    for (const register of added) this.reserved.delete(register);
  }
  /** Keeps the registers in use on the stack over something that may change them. */
  saving(write: () => void): void {
    const saved = [...this.reserved].filter((register) => register !== 4 && register !== 5);
    for (const register of saved) this.op(32, 0x50 | register);
    write();
    for (const register of saved.reverse()) this.op(32, 0x58 | register);
  }
  /** One of several snippets, by weight. */
  oneOf(choices: readonly (readonly [weight: number, snippet: Snippet])[]): void {
    const total = choices.reduce((sum, [weight]) => sum + weight, 0);
    let at = this.random.below(total);
    for (const [weight, snippet] of choices) {
      if (at < weight) return snippet(this);
      at -= weight;
    }
  }
}
