/**
 * What `bisect` looks for, as users write it:
 *
 *   screen:PATTERN              the text screen matches          serial:PATTERN, serial1:PATTERN   what a port sent matches
 *   memory:ADDRESS=BYTES        physical memory holds hex bytes  memory:ADDRESS!=BYTES             it does not hold them
 *   memory:ADDRESS/WIDTH>=VALUE a little-endian value of 1, 2 or 4 bytes compares so: = != < <= > >=
 *   executed:ADDRESS            the instruction at a linear address has retired
 *   halted                      HLT with nothing ahead that could wake it
 *   shutdown, powerOff, exited  the machine stopped so
 *
 * PATTERN is `/expression/flags` or plain text; numbers are decimal, or hexadecimal with 0x.
 */
import { UserError } from '../base/errors.js';
import type { Machine } from '../machine/machine.js';
import { parsePattern, type Pattern } from './pattern.js';

/** Something that holds at some cycles of a replay and not at others. */
export type Predicate = { readonly source: string } & (
  | { readonly kind: 'screen'; readonly pattern: Pattern }
  | { readonly kind: 'serial'; readonly port: number; readonly pattern: Pattern }
  | { readonly kind: 'memory'; readonly holds: (machine: Machine) => boolean }
  | { readonly kind: 'executed'; readonly linear: number }
  | { readonly kind: 'halted' }
  | { readonly kind: 'shutdown' | 'powerOff' | 'exited' }
);

type Compare = (left: number, right: number) => boolean;

const comparisons: Readonly<Record<string, Compare>> = {
  '=': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

/** Reads a predicate; throws UserError saying what is allowed. */
export function parsePredicate(source: string): Predicate {
  const [, kind = '', rest] = /^([A-Za-z0-9]+)(?::(.*))?$/s.exec(source) ?? [];
  const port = /^serial([0-3])?$/.exec(kind);
  if (port && rest !== undefined) {
    return { kind: 'serial', source, port: Number(port[1] ?? 0), pattern: parsePattern(rest, source) };
  }
  if (kind === 'screen' && rest !== undefined) return { kind, source, pattern: parsePattern(rest, source) };
  if (kind === 'memory' && rest !== undefined) return { kind, source, holds: memoryTest(rest, source) };
  if (kind === 'executed' && rest !== undefined) return { kind, source, linear: address(rest, source) };
  const isStop = kind === 'shutdown' || kind === 'powerOff' || kind === 'exited';
  if ((kind === 'halted' || isStop) && rest === undefined) return { kind, source };
  return refuse(source, 'This is no predicate');
}

function memoryTest(text: string, source: string): (machine: Machine) => boolean {
  const [, place = '', width, operator = '', value = ''] =
    /^([^/=!<>]+)(?:\/([124]))?(=|!=|<=?|>=?)(.+)$/.exec(text) ?? [];
  const compare = comparisons[operator];
  if (compare === undefined) return refuse(source, 'A comparison is missing');
  const physical = address(place, source);
  if (width !== undefined) {
    const bytes = Number(width);
    const wanted = address(value, source);
    return (machine) => compare(littleEndian(machine.readMemory(physical, bytes)), wanted);
  }
  if (operator !== '=' && operator !== '!=') return refuse(source, 'Only values with a width have an order');
  if (!/^(?:[0-9a-f]{2}){1,4096}$/i.test(value)) return refuse(source, 'The bytes are not pairs of hexadecimal digits');
  const wanted = Array.from(value.matchAll(/../g), ([pair]) => parseInt(pair, 16));
  const equal = (machine: Machine): boolean => {
    const found = machine.readMemory(physical, wanted.length);
    return wanted.every((byte, at) => byte === found[at]);
  };
  return operator === '=' ? equal : (machine) => !equal(machine);
}

/** An unsigned 32-bit number: an address or a value. */
function address(text: string, source: string): number {
  const value = /^(?:0x[0-9a-f]+|[0-9]+)$/i.test(text) ? Number(text) : NaN;
  return value < 2 ** 32 ? value : refuse(source, `${JSON.stringify(text)} is no number below 2^32`);
}

const littleEndian = (bytes: Uint8Array): number => bytes.reduceRight((value, byte) => value * 256 + byte, 0);

function refuse(source: string, problem: string): never {
  throw new UserError(`${problem}.`, {
    place: JSON.stringify(source),
    nextStep:
      'Use screen:TEXT or screen:/REGEX/, serial:TEXT, memory:0x1234=deadbeef, memory:0x1234/2>=7, executed:0x7c00, halted, shutdown, powerOff or exited.',
  });
}
