/** What came of the vectors: one line a file, one a family. */

/** The outcome of one file. */
export interface FileOutcome {
  readonly family: string;
  readonly name: string;
  readonly total: number;
  readonly passed: number;
  /** Cases for features that the model does not claim. */
  readonly skipped: number;
  /** The reasons of the cases that differ by a named exception. */
  readonly excused: readonly string[];
  /** Cases that differ, each with name and the first differences. */
  readonly failures: readonly string[];
}

/** How many mismatches of each file to print: `VECTOR_MISMATCHES`, else none. */
const mismatchesShown = Number(process.env['VECTOR_MISMATCHES'] ?? 0);

/** One line of a file, and the mismatches asked for below it. */
export function printFile({ family, name, total, passed, skipped, excused, failures }: FileOutcome): string {
  const notes = [
    ...(skipped > 0 ? [`${skipped} not claimed`] : []),
    ...(excused.length > 0 ? [`${excused.length} named exceptions`] : []),
    ...(failures.length > 0 ? [`${failures.length} FAILED`] : []),
  ];
  const line = `${family} ${name}: ${passed}/${total - skipped}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
  return [line, ...failures.slice(0, mismatchesShown).map((failure) => `    ${failure}`)].join('\n');
}

/** A family's sums, and its named exceptions. `rate` is the share of passed cases among those of documented behaviour. */
export function summarize(outcomes: readonly FileOutcome[]): { readonly text: string; readonly rate: number } {
  const sum = (of: (outcome: FileOutcome) => number): number => outcomes.reduce((total, each) => total + of(each), 0);
  const passed = sum((each) => each.passed);
  const failed = sum((each) => each.failures.length);
  const rate = passed + failed === 0 ? 0 : passed / (passed + failed);
  const family = outcomes[0]?.family ?? 'nothing';
  const excused = outcomes.flatMap((each) => each.excused);
  const parts = [
    `${passed} passed`,
    `${failed} failed`,
    `${excused.length} named exceptions`,
    `${sum((each) => each.skipped)} of features not claimed`,
  ];
  const line = `${family}: ${outcomes.length} files, ${parts.join(', ')}: ${(rate * 100).toFixed(3)} %`;
  const reasons = [...new Set(excused)].map(
    (reason) => `    ${excused.filter((each) => each === reason).length} because of ${reason}`,
  );
  return { text: [line, ...reasons].join('\n'), rate };
}
