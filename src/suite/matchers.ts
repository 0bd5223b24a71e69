/** `expect(...).toMatchGolden(name)`: an exact comparison with a file beside the suite. */
import { expect } from 'vitest';
import { assert } from '../base/assert.js';
import { compareGolden, type GoldenOutcome, type GoldenUpdate } from './golden-files.js';

declare module 'vitest' {
  interface Matchers<T> {
    /**
     * Compares a screen (as text and as pixels), what was sent on serial ports, printed, written to the console or sounded,
     * a state digest or a text with the golden `name` beside the suite. `-u` writes it anew; in CI nothing is written and a missing golden fails.
     */
    toMatchGolden(name: string): T;
  }
}

/** The part of a counter of vitest's snapshot summary that goldens use. */
interface Counter {
  increment(testId: string): void;
}

/** The golden files that the tests of this process asked for, by suite. */
const used = new Map<string, Set<string>>();

/** The names of golden files that a suite asked for so far. */
export function usedGoldens(suitePath: string): Set<string> {
  const files = used.get(suitePath) ?? new Set();
  used.set(suitePath, files);
  return files;
}

expect.extend({
  toMatchGolden(received: unknown, name: string) {
    const { testPath, snapshotState, task } = this;
    assert(testPath !== undefined && task !== undefined, 'goldens are compared inside a test');
    const update: GoldenUpdate = snapshotState.snapshotUpdateState;
    const outcome = compareGolden(received, name, testPath, update);
    for (const file of outcome.files) usedGoldens(testPath).add(file);
    counterFor(outcome, snapshotState).increment(task.id);
    return {
      pass: outcome.verdict === 'matched' || outcome.verdict === 'added' || outcome.verdict === 'updated',
      message: () => outcome.report,
    };
  },
});

type Counters = Readonly<Record<'matched' | 'added' | 'updated' | 'unmatched', Counter>>;

function counterFor({ verdict }: GoldenOutcome, counters: Counters): Counter {
  return verdict === 'missing' || verdict === 'different' ? counters.unmatched : counters[verdict];
}
