import { afterAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { type Answer, buildNative, operations, type Request, runKernel, runNative } from './native.js';
import { randomRequest } from './requests.js';

const seed = Number(process.env['NATIVE_SEED'] ?? 1);
const casesPerInstruction = Number(process.env['NATIVE_CASES'] ?? 5_000);

/** Processors differ in these by a unit in the last place, and in C1 with it; ours are correctly rounded. */
const transcendental = new Set(['f2xm1', 'fyl2x', 'fyl2xp1', 'fptan', 'fpatan', 'fsin', 'fcos', 'fsincos']);

const native = buildNative();
afterAll(() => native?.remove());

const print = (number: bigint): string => number.toString(16).padStart(20, '0').replace(/^..../, '$&:');
function describeCase(request: Request, host: Answer, ours: Answer): string {
  const { operation, controlWord, codes, st0, st1, memory } = request;
  const answer = ({ status, st0, st1, memory }: Answer): string =>
    `${status.toString(16)} ${print(st0)} ${print(st1)} ${memory}`;
  return [
    `${operations[operation]!.name} control ${controlWord.toString(16)} codes ${codes.toString(16)}`,
    `  of   ${print(st0)} ${print(st1)} ${Buffer.from(memory).toString('hex')}`,
    `  host ${answer(host)}`,
    `  ours ${answer(ours)}`,
  ].join('\n');
}

/** The distance of two numbers of equal sign in units of the last place. */
function unitsApart(a: bigint, b: bigint): bigint {
  const order = (number: bigint): bigint => (number >> 64n) * (1n << 63n) + (number & ((1n << 63n) - 1n));
  const difference = order(a) - order(b);
  return difference < 0n ? -difference : difference;
}

/** `popped` registers hold what the stack no longer shows. */
function compare(host: Answer, ours: Answer, popped: boolean): 'equal' | 'one unit' | 'different' {
  const sameStatus = host.status === ours.status;
  const sameMemory = host.memory === ours.memory;
  const [first, second] = [unitsApart(host.st0, ours.st0), popped ? 0n : unitsApart(host.st1, ours.st1)];
  if (sameStatus && sameMemory && first === 0n && second === 0n) return 'equal';
  const withoutC1 = ((host.status ^ ours.status) & ~0x200) === 0;
  return withoutC1 && sameMemory && first <= 1n && second <= 1n ? 'one unit' : 'different';
}

describe.skipIf(native === undefined)(`the host's processor and the kernel, seed ${seed}`, () => {
  operations.forEach(({ name, pops }, operation) => {
    test(`agree about ${name}`, () => {
      const random = seededRandom(seed * 1000 + operation);
      const requests = Array.from({ length: casesPerInstruction }, () => randomRequest(random, operation));
      const answers = runNative(native!.program, requests);
      const differences: string[] = [];
      let units = 0;
      requests.forEach((request, index) => {
        const ours = runKernel(request);
        const verdict = compare(answers[index]!, ours, pops === true);
        if (verdict === 'one unit' && transcendental.has(name)) units++;
        else if (verdict !== 'equal') differences.push(describeCase(request, answers[index]!, ours));
      });
      const equal = casesPerInstruction - units - differences.length;
      console.log(`native ${name}: ${equal}/${casesPerInstruction}${units > 0 ? `, ${units} by one unit or C1` : ''}`);
      expect(differences.slice(0, 3).join('\n')).toBe('');
    });
  });
});
