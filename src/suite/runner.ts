/** Runs suites on vitest: finds them, hands vitest our settings, and gathers what came of every test. */
import { UserError } from '../base/errors.js';
import { longRunsVariable, requireGuestsVariable, setVariable } from '../host/environment.js';
import { type SuiteFiles, findSuites, ownFile } from '../host/suite-files.js';
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';
import { startVitest } from 'vitest/node';

/** What a user may say about a run; names and meanings are vitest's. */
export interface RunOptions {
  /** Suite files, or folders with suites. */
  readonly paths: readonly string[];
  readonly update?: boolean | undefined;
  readonly testNamePattern?: string | undefined;
  readonly shard?: string | undefined;
  readonly reporter?: readonly string[] | undefined;
  readonly outputFile?: string | undefined;
  readonly bail?: number | undefined;
  readonly maxWorkers?: number | undefined;
  readonly watch?: boolean | undefined;
  /** An absent guest fails its tests instead of skipping them. */
  readonly requireGuests?: boolean | undefined;
  /** Whether tests that take many minutes run too. */
  readonly long?: boolean | undefined;
  /** Where vitest's reporters print. */
  readonly stdout: NodeJS.WriteStream;
}

/** One test of a run. */
export interface TestOutcome {
  readonly file: string;
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, when it said so. */
  readonly reason?: string;
  readonly errors: readonly string[];
}

/** What came of a run. */
export interface RunSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly tests: readonly TestOutcome[];
  /** What failed outside any test: a suite that does not load, a hook, obsolete goldens. */
  readonly otherErrors: readonly { readonly file?: string; readonly message: string }[];
}

/** A run that has started. `finished` settles when it is through; in watch mode that is when it is stopped. */
export interface SuiteRun {
  readonly finished: Promise<RunSummary>;
  /** Ends the run as soon as the tests at work allow. */
  cancel(): Promise<void>;
}

/** Starts vitest over the suites; throws {@link UserError} when there are none. */
export function runSuites(options: RunOptions): SuiteRun {
  const suites = findSuites(options.paths);
  const gathered = new Gathered();
  if (options.long === true) setVariable(longRunsVariable, '1');
  if (options.requireGuests === true) setVariable(requireGuestsVariable, '1');
  let vitest: Vitest | undefined;
  async function run(): Promise<RunSummary> {
    vitest = await start(suites, options, gathered);
    if (options.watch === true) await new Promise<void>((closed) => vitest!.onClose(closed));
    else await vitest.close();
    if (gathered.files === 0) {
      throw new UserError('no suite ran', { nextStep: 'Check the paths, -t and --shard: tsvm-test run --help' });
    }
    return gathered.summary();
  }
  return { finished: run(), cancel: async () => void (await vitest?.cancelCurrentRun('keyboard-input')) };
}

function start(suites: SuiteFiles, options: RunOptions, gathered: Gathered): Promise<Vitest> {
  const {
    update,
    testNamePattern,
    shard,
    bail,
    maxWorkers,
    watch = false,
    outputFile,
    reporter = ['default'],
  } = options;
  return startVitest(
    'test',
    [],
    {
      config: false,
      root: suites.root,
      include: [...suites.patterns],
      watch,
      run: !watch,
      cache: false,
      // Guests keep a processor busy and ask for nothing else: one a core.
      maxWorkers: '100%',
      pool: 'forks',
      setupFiles: [ownFile('suite/setup.js')],
      // A test is limited in guest time; these only catch a host that hangs, and say so.
      testTimeout: 0,
      hookTimeout: 0,
      passWithNoTests: true,
      reporters: [...reporter, gathered as Reporter],
      // Suites import the compiled package as it is, from wherever it is installed.
      server: { deps: { external: [/\/dist\/(suite|host|base|cli|bundle)\//] } },
      ...(update === true ? { update: true } : {}),
      ...(testNamePattern === undefined ? {} : { testNamePattern }),
      ...(shard === undefined ? {} : { shard }),
      ...(bail === undefined ? {} : { bail }),
      ...(maxWorkers === undefined ? {} : { maxWorkers }),
      ...(outputFile === undefined ? {} : { outputFile }),
    },
    { resolve: { alias: { 'tsvm-test': ownFile('suite/index.js') } }, logLevel: 'error' },
    { stdout: options.stdout, stderr: options.stdout },
  );
}

/** A vitest reporter that prints nothing and keeps what came of every test, of the latest run. */
class Gathered implements Reporter {
  files = 0;
  private tests: TestOutcome[] = [];
  private otherErrors: { file?: string; message: string }[] = [];

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { readonly message?: string }[]): void {
    this.files = modules.length;
    this.tests = modules.flatMap((module) => [...module.children.allTests()].map(outcomeOf));
    this.otherErrors = unhandled.map(({ message = 'unknown' }) => ({ message }));
    for (const module of modules) {
      for (const { message } of module.errors()) this.otherErrors.push({ file: module.relativeModuleId, message });
    }
  }

  summary(): RunSummary {
    const { tests, otherErrors } = this;
    const count = (state: TestOutcome['state']): number => tests.filter((test) => test.state === state).length;
    return { passed: count('passed'), failed: count('failed'), skipped: count('skipped'), tests, otherErrors };
  }
}

function outcomeOf(test: TestCase): TestOutcome {
  const result = test.result();
  const reason = result.state === 'skipped' ? result.note : undefined;
  return {
    file: test.module.relativeModuleId,
    name: test.fullName,
    state: result.state === 'pending' ? 'skipped' : result.state,
    errors: (result.errors ?? []).map(({ message }) => message),
    ...(reason === undefined ? {} : { reason }),
  };
}
