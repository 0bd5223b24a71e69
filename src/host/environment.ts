/** What the surroundings ask of a test run, read from the environment when asked, never kept. */

/** Set by `run --require-guests` for the processes that run suites. */
export const requireGuestsVariable = 'TSVM_REQUIRE_GUESTS';

/** Set by `run --long` for the processes that run suites. */
export const longRunsVariable = 'TSVM_LONG';

/** The folder for evidence of failures, relative to the project; git-ignored. */
export const outputFolder = 'test-output';

const wallSecondsDefault = 900;
const wallSecondsLong = 7200;

/** Whether this is a continuous integration run: nothing but evidence of failures is written, obsolete goldens fail. */
export function isContinuousIntegration(): boolean {
  const { CI } = process.env;
  return CI !== undefined && CI !== '' && CI !== '0' && CI !== 'false';
}

/** Whether an absent guest fails its tests instead of skipping them. */
export function guestsAreRequired(): boolean {
  return process.env[requireGuestsVariable] === '1';
}

/** Whether tests that take many minutes are wanted: `--long`, or `TSVM_LONG=1`. */
export function longRuns(): boolean {
  return process.env[longRunsVariable] === '1';
}

/** The safety net around one test, in seconds of the wall clock: `TSVM_WALL_SECONDS`, else 900, and 7200 in long runs. */
export function wallSecondsMax(): number {
  const given = Number(process.env['TSVM_WALL_SECONDS']);
  if (given > 0) return given;
  return longRuns() ? wallSecondsLong : wallSecondsDefault;
}

/** A stopwatch on the wall clock: seconds since it was made. */
export function stopwatch(): () => number {
  const started = performance.now();
  return () => (performance.now() - started) / 1000;
}

/** Lets the process hear signals and report progress between two slices of work; waits where there is none. */
export function breathe(milliseconds = 0): Promise<void> {
  return new Promise((done) => (milliseconds > 0 ? setTimeout(done, milliseconds) : setImmediate(done)));
}

/** Writes a line to standard error, for a person. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Sets a variable for this process and those it starts. */
export function setVariable(name: string, value: string): void {
  process.env[name] = value;
}

/** Waits on the wall clock. */
export function sleep(seconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, seconds * 1000));
}
