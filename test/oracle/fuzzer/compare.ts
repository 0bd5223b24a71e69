/** Tells the differences of two outcomes, but for what the manual leaves open. */
import { isHarness } from './native.js';
import { assemble, type Outcome, pageBytes, places, registerNames, type Sequence, type Step } from './sequence.js';

const PAGE_FAULT = 14;
/** An instruction fetch: only told where pages may be no-execute. */
const FETCH = 0x10;
const RF = 0x1_0000;
const statusOffset = 2;
const streamingMask = 28;

/** The step whose bytes an address lies in. */
function stepAt({ steps }: Sequence, eip: number): Step | undefined {
  const { offsets } = assemble(steps);
  return steps.find((_, index) => {
    const offset = eip - places.entry;
    return offset >= offsets[index]! && offset < offsets[index + 1]!;
  });
}

/** Why a pair of outcomes shows nothing, if it does not. */
export function whySkipped(native: Outcome | undefined, ours: Outcome): string | undefined {
  if (native === undefined) return 'it ended the harness';
  if (native.timedOut || ours.timedOut) return 'it ran on and on';
  if (ours.vector === PAGE_FAULT && isHarness(ours.address)) return 'it reached the harness';
  if (native.vector === PAGE_FAULT && isHarness(native.address)) return 'it reached the harness';
  return undefined;
}

const hex = (value: number): string => (value >>> 0).toString(16);

function compareFx(native: Uint8Array, ours: Uint8Array, undefinedStatus: number): string[] {
  const found: string[] = [];
  const field = (name: string, from: number, to: number): void => {
    const [a, b] = [native, ours].map((fx) => Buffer.from(fx.subarray(from, to)).toString('hex'));
    if (a !== b) found.push(`${name}: natively ${a}, ours ${b}`);
  };
  field('FCW', 0, 2);
  const status = (fx: Uint8Array): number => (fx[statusOffset]! | (fx[statusOffset + 1]! << 8)) & ~undefinedStatus;
  if (status(native) !== status(ours)) found.push(`FSW: natively ${hex(status(native))}, ours ${hex(status(ours))}`);
  field('FTW', 4, 5);
  field('MXCSR', 24, streamingMask);
  for (let register = 0; register < 8; register++) field(`ST${register}`, 32 + register * 16, 42 + register * 16);
  for (let register = 0; register < 8; register++) field(`XMM${register}`, 160 + register * 16, 176 + register * 16);
  return found;
}

function compareMemory(native: Uint8Array, ours: Uint8Array): string[] {
  if (Buffer.compare(native, ours) === 0) return [];
  const at = native.findIndex((byte, index) => byte !== ours[index]);
  const page = [places.code, places.data, places.stack][Math.floor(at / pageBytes)]!;
  const show = (memory: Uint8Array): string => Buffer.from(memory.subarray(at, at + 8)).toString('hex');
  return [`memory at ${hex(page + (at % pageBytes))}: natively ${show(native)}, ours ${show(ours)}`];
}

/** Every difference, in words. */
export function differences(sequence: Sequence, native: Outcome, ours: Outcome): string[] {
  const found: string[] = [];
  const number = (name: string, a: number, b: number): void => {
    if (a !== b) found.push(`${name}: natively ${hex(a)}, ours ${hex(b)}`);
  };
  number('exception', native.vector, ours.vector);
  number('EIP', native.eip, ours.eip);
  if (native.vector === ours.vector) {
    number('error code', native.errorCode & ~(native.vector === PAGE_FAULT ? FETCH : 0), ours.errorCode);
    if (native.vector === PAGE_FAULT) number('CR2', native.address, ours.address);
  }
  registerNames.forEach((name, index) => number(name, native.registers[index]!, ours.registers[index]!));
  const step = stepAt(sequence, native.eip);
  const mask = ~(step?.undefinedFlags ?? 0) & ~RF;
  number('EFLAGS', native.flags & mask, ours.flags & mask);
  found.push(
    ...compareFx(native.fx, ours.fx, step?.undefinedStatus ?? 0),
    ...compareMemory(native.memory, ours.memory),
  );
  return found;
}
