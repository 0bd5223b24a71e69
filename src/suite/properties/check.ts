/** Searches for steps that violate a property, shrinks them, and prints them in register names with a replay token. */
import fc from 'fast-check';
import { UserError } from '../../base/errors.js';
import { firstViolation, type Violation } from './properties.js';
import type { PropertySubject, Step } from './subject.js';
import { decodeToken, encodeToken } from './token.js';

/** How long to search, and from where. */
export interface CheckOptions {
  /** Sequences to try; default 200. */
  readonly runs?: number;
  /** Seed of the choice of sequences, a 32-bit integer; default 1. Equal seeds try equal sequences. */
  readonly seed?: number;
  /** A failure's token: only that case is tried. */
  readonly token?: string;
}

/** A failing case. */
export interface CheckFailure {
  /** The shrunk accesses, what went wrong, and the line that replays it. */
  readonly text: string;
  readonly token: string;
  readonly violation: Violation;
}

/** The outcome of a check. */
export interface CheckResult {
  readonly passed: boolean;
  /** Sequences tried. */
  readonly runs: number;
  readonly failures: readonly CheckFailure[];
}

const defaults = { runs: 200, seed: 1 } as const;
const stepsMax = 50;

const hexByte = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`;

function printStep(step: Step, subject: PropertySubject): string {
  switch (step.kind) {
    case 'read':
      return `read ${step.register}`;
    case 'write': {
      const fields = subject.describe?.(step.register, step.value);
      return `write ${step.register} ${hexByte(step.value)}${fields === undefined ? '' : `  (${fields})`}`;
    }
    case 'input':
      return `${step.line} ${step.level ? 'high' : 'low'}`;
    case 'operation':
      return `${step.name} ${JSON.stringify(step.arguments).slice(1, -1)}`.trimEnd();
    case 'advance':
      return `${step.ticks} tick${step.ticks === 1 ? '' : 's'} pass`;
  }
}

function failureOf(subject: PropertySubject, steps: readonly Step[], violation: Violation): CheckFailure {
  const device = subject.device ?? subject.name;
  const token = encodeToken({ subject: subject.name, steps });
  const numbered = steps
    .slice(0, violation.step + 1)
    .map((step, index) => `  ${index + 1}. ${printStep(step, subject)}`);
  const detail = violation.detail.split('\n').map((line) => `  ${line}`);
  const text = [
    `${subject.name}: it does not hold that ${violation.property}.`,
    'After',
    ...numbered,
    ...detail,
    `Replay: npx tsvm-test props ${device} --token ${token}`,
  ].join('\n');
  return { text, token, violation };
}

/** Refuses steps that name what the chip does not have: they come from outside. */
function assertStepsFit(subject: PropertySubject, steps: readonly Step[]): void {
  const device = subject.create({ line: () => () => {}, note: () => {} });
  for (const step of steps) {
    if ((step.kind === 'read' || step.kind === 'write') && !(step.register in device.registers)) {
      throw unknownName(subject, 'register', step.register);
    }
    if (step.kind === 'operation' && !Object.hasOwn(device.operations, step.name)) {
      throw unknownName(subject, 'operation', step.name);
    }
  }
}

function unknownName(subject: PropertySubject, kind: string, name: string): UserError {
  return new UserError(`${subject.name} has no ${kind} ${name}`, {
    file: '--token',
    nextStep: 'Replay the token with the version that printed it.',
  });
}

function replayToken(subject: PropertySubject, token: string): CheckResult {
  const { subject: name, steps } = decodeToken(token);
  if (name !== subject.name) {
    throw new UserError(`the token is a case of ${name}, not of ${subject.name}`, {
      file: '--token',
      nextStep: 'Replay it with the device that the failure named.',
    });
  }
  assertStepsFit(subject, steps);
  const violation = firstViolation(subject, steps);
  const failures = violation ? [failureOf(subject, steps, violation)] : [];
  return { passed: violation === undefined, runs: 1, failures };
}

/** Leaves out every single step that the failure does not need: steps that were chosen together shrink together only. */
function withoutNeedlessSteps(subject: PropertySubject, found: readonly Step[]): readonly Step[] {
  const violation = firstViolation(subject, found);
  let steps = violation ? found.slice(0, violation.step + 1) : found;
  for (let at = steps.length - 1; at >= 0; at--) {
    const fewer = steps.filter((_, index) => index !== at);
    if (firstViolation(subject, fewer)) steps = fewer;
  }
  return steps;
}

/**
 * Checks any chip: whether it answers as its model, survives saving and loading, does not mind how time is split, and
 * announces its edges. Equal options give equal results. Throws UserError for a bad token.
 */
export function checkSubject(subject: PropertySubject, options: CheckOptions = {}): CheckResult {
  if (options.token !== undefined) return replayToken(subject, options.token);
  const sequences = fc
    .array(subject.steps, { minLength: 1, maxLength: stepsMax, size: 'max' })
    .map((all) => all.flat());
  const holds = fc.property(sequences, (steps) => firstViolation(subject, steps) === undefined);
  const { seed = defaults.seed, runs = defaults.runs } = options;
  const outcome = fc.check(holds, { seed, numRuns: runs });
  if (!outcome.failed) return { passed: true, runs: outcome.numRuns, failures: [] };
  const steps = withoutNeedlessSteps(subject, outcome.counterexample?.[0] ?? []);
  const violation = firstViolation(subject, steps);
  if (!violation) throw new UserError(`${subject.name} does not behave equally when created twice`);
  return { passed: false, runs: outcome.numRuns, failures: [failureOf(subject, steps, violation)] };
}
