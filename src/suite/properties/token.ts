/** A failing case as one word: the subject's name and every step, so that it replays exactly, whatever generated it. */
import { UserError } from '../../base/errors.js';
import type { Step } from './subject.js';

const version = 1;

/** What a token says. */
export interface DecodedToken {
  readonly subject: string;
  readonly steps: readonly Step[];
}

type PackedStep = readonly [kind: string, ...operands: unknown[]];

function pack(step: Step): PackedStep {
  switch (step.kind) {
    case 'read':
      return ['r', step.register];
    case 'write':
      return ['w', step.register, step.value];
    case 'input':
      return ['i', step.line, step.level];
    case 'operation':
      return ['o', step.name, step.arguments];
    case 'advance':
      return ['a', step.ticks];
  }
}

const isName = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** A packed step as a step; undefined when it is none. */
function unpack(packed: unknown): Step | undefined {
  if (!Array.isArray(packed)) return undefined;
  const [kind, first, second] = packed as readonly unknown[];
  if (kind === 'r' && isName(first)) return { kind: 'read', register: first };
  if (kind === 'w' && isName(first) && isCount(second)) return { kind: 'write', register: first, value: second };
  if (kind === 'i' && isName(first) && typeof second === 'boolean')
    return { kind: 'input', line: first, level: second };
  if (kind === 'o' && isName(first) && Array.isArray(second))
    return { kind: 'operation', name: first, arguments: second };
  if (kind === 'a' && isCount(first) && first > 0) return { kind: 'advance', ticks: first };
  return undefined;
}

/** The token of a case, in the alphabet of base64url. Operations' arguments must be plain JSON values. */
export function encodeToken({ subject, steps }: DecodedToken): string {
  const text = JSON.stringify([version, subject, ...steps.map(pack)]);
  const bytes = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Reads a token; throws UserError for anything that {@link encodeToken} did not make. */
export function decodeToken(token: string): DecodedToken {
  const [found, subject, ...packed] = parse(token);
  const steps = packed.map(unpack);
  if (found !== version || !isName(subject) || steps.includes(undefined)) throw badToken();
  return { subject, steps: steps as Step[] };
}

function parse(token: string): readonly unknown[] {
  try {
    const text = atob(token.replaceAll('-', '+').replaceAll('_', '/'));
    const parsed: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(text, (each) => each.charCodeAt(0))),
    );
    return Array.isArray(parsed) ? (parsed as readonly unknown[]) : [];
  } catch {
    throw badToken();
  }
}

function badToken(): UserError {
  return new UserError('this token names no case', {
    file: '--token',
    nextStep: 'Copy the whole token from the line that a failure printed.',
  });
}
