/** The fuzzer: many sequences on both sides, and the shortest part of each that still differs. */
import { differences, whySkipped } from './compare.js';
import { Emulated } from './emulated.js';
import { sequenceOf } from './generate.js';
import { findReason } from './known-differences.js';
import { runNative } from './native.js';
import { assemble, type Sequence } from './sequence.js';

const batch = 1000;
/** More findings than this are no use before these are looked at. */
const mostFindings = 10;

export interface Finding {
  readonly index: number;
  readonly sequence: Sequence;
  readonly differences: readonly string[];
}
export interface Report {
  readonly run: number;
  /** How many exceptions ended sequences, by vector. */
  readonly vectors: ReadonlyMap<number, number>;
  readonly skipped: ReadonlyMap<string, number>;
  /** Differences with a known reason, counted by it. */
  readonly explained: ReadonlyMap<string, number>;
  readonly findings: readonly Finding[];
}

const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

export class Fuzzer {
  private readonly emulated = new Emulated();

  constructor(private readonly program: string) {}

  /** What differs when the sequence runs alone; empty where nothing does, or where it shows nothing. */
  compare(sequences: readonly Sequence[]): string[][] {
    const natives = runNative(this.program, sequences);
    return sequences.map((sequence, index) => {
      const native = natives[index];
      const ours = this.emulated.run(sequence);
      return native === undefined || whySkipped(native, ours) !== undefined ? [] : differences(sequence, native, ours);
    });
  }

  /** Runs `total` sequences of a seed, from number `first` on. */
  run(seed: number, total: number, first = 0, onProgress: (done: number) => void = () => {}): Report {
    const [skipped, explained] = [new Map<string, number>(), new Map<string, number>()];
    const vectors = new Map<number, number>();
    const findings: Finding[] = [];
    let done = 0;
    while (done < total && findings.length < mostFindings) {
      const size = Math.min(batch, total - done);
      const sequences = Array.from({ length: size }, (_, index) => sequenceOf(seed, first + done + index));
      const natives = runNative(this.program, sequences);
      sequences.forEach((sequence, index) => {
        const native = natives[index];
        const ours = this.emulated.run(sequence);
        const skip = whySkipped(native, ours);
        if (findings.length >= mostFindings) return;
        if (native === undefined || skip !== undefined) return count(skipped, skip!);
        vectors.set(ours.vector, (vectors.get(ours.vector) ?? 0) + 1);
        if (differences(sequence, native, ours).length === 0) return;
        // A sequence before it may have disturbed the harness: alone it must differ too.
        if (this.compare([sequence])[0]!.length === 0) return count(skipped, 'the harness was disturbed');
        const shortest = this.shrink(sequence);
        const found = this.compare([shortest])[0]!;
        const reason = findReason(shortest, found);
        if (reason !== undefined) count(explained, reason);
        else findings.push({ index: first + done + index, sequence: shortest, differences: found });
      });
      done += size;
      onProgress(done);
    }
    return { run: done, vectors, skipped, explained, findings };
  }

  /** Leaves steps out as long as something differs. */
  private shrink(sequence: Sequence): Sequence {
    for (let steps = sequence.steps; ;) {
      const shorter = steps.map((_, index) => ({ ...sequence, steps: steps.filter((__, other) => other !== index) }));
      const found = this.compare(shorter).findIndex((each) => each.length > 0);
      if (found < 0) return { ...sequence, steps };
      ({ steps } = shorter[found]!);
    }
  }
}

/** A finding in print: the steps, the code, and what differs. */
export function printFinding(seed: number, { index, sequence, differences }: Finding): string {
  const { code, offsets } = assemble(sequence.steps);
  const bytes = Buffer.from(code.subarray(0, offsets.at(-1))).toString('hex');
  return [
    `sequence ${index} of seed ${seed}: ${sequence.steps.map(({ name }) => name).join('; ')}`,
    `  code ${bytes}, flags ${sequence.flags.toString(16)}`,
    `  registers ${sequence.registers.map((value) => (value >>> 0).toString(16)).join(' ')}`,
    ...differences.map((each) => `  ${each}`),
    `  again: npm run fuzz -- --seed ${seed} --first ${index} --count 1`,
  ].join('\n');
}
