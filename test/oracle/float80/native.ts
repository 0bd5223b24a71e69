/** Runs x87 and SSE instructions on the host's processor through a small C program, and the same through the kernel. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  conditionCodes,
  createFloat80,
  type Float80,
  quotientUnknown,
  type Streaming,
  withheld,
} from '../../../src/cpu/kernel/float80/float80.js';

/** One instruction's inputs: 10-byte numbers as (sign and exponent) << 64 | significand; 16 bytes of memory operand. */
export interface Request {
  readonly operation: number;
  readonly controlWord: number;
  /** The condition codes set before. */
  readonly codes: number;
  readonly st0: bigint;
  readonly st1: bigint;
  readonly memory: Uint8Array;
}
/** What came of it; `status` without TOP, ES and B. */
export interface Answer {
  readonly status: number;
  readonly st0: bigint;
  readonly st1: bigint;
  readonly memory: string;
}

const recordBytes = 64;

/** Compiles the C program; undefined where that cannot be. The caller removes the folder. */
export function buildNative(): { readonly program: string; remove(): void } | undefined {
  if (process.arch !== 'x64') return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'native-x87-'));
  const program = join(folder, 'native');
  try {
    execFileSync('gcc', ['-O1', '-o', program, fileURLToPath(new URL('native.c', import.meta.url))], { stdio: 'pipe' });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  return { program, remove: () => rmSync(folder, { recursive: true }) };
}

function writeNumber(view: DataView, offset: number, number: bigint): void {
  view.setBigUint64(offset, number & 0xffff_ffff_ffff_ffffn, true);
  view.setUint16(offset + 8, Number(number >> 64n), true);
}
function readNumber(view: DataView, offset: number): bigint {
  return view.getBigUint64(offset, true) | (BigInt(view.getUint16(offset + 8, true)) << 64n);
}
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The host's answers. */
export function runNative(program: string, requests: readonly Request[]): Answer[] {
  const input = Buffer.alloc(requests.length * recordBytes);
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  requests.forEach((each, index) => {
    const at = index * recordBytes;
    view.setUint32(at, each.operation, true);
    view.setUint32(at + 4, each.controlWord, true);
    view.setUint32(at + 8, each.codes, true);
    writeNumber(view, at + 16, each.st0);
    writeNumber(view, at + 32, each.st1);
    input.set(each.memory, at + 48);
  });
  const output = execFileSync(program, { input, maxBuffer: 2 ** 30 });
  const answers = new DataView(output.buffer, output.byteOffset, output.length);
  return requests.map((_, index) => {
    const at = index * recordBytes;
    return {
      status: answers.getUint16(at, true) & statusCompared,
      st0: readNumber(answers, at + 16),
      st1: readNumber(answers, at + 32),
      memory: hexOf(output.subarray(at + 48, at + 64)),
    };
  });
}

/** The exceptions, ES and the condition codes. */
const statusCompared = 0x47bf;

const memory = new WebAssembly.Memory({ initial: 1 });
const kernel: Float80 = createFloat80(memory);
const view = new DataView(memory.buffer);
/** Where the operands and results of the kernel lie. */
const [a, b, c, operand] = [0x20, 0x40, 0x60, 0x80];

/** How an instruction is made of the kernel: on entry `a` is ST(0), `b` is ST(1), `operand` the memory. */
interface Operation {
  readonly name: string;
  /** ST(1) afterwards is a register that was not there. */
  readonly pops?: boolean;
  /** An SSE instruction: the control word is MXCSR, the operands lie where ST(0) and ST(1) do, the result in memory. */
  readonly isStreaming?: boolean;
  /** The kernel's function, where it defines more than C1. */
  readonly kernel?: keyof Float80;
  /** Where ST(0) and ST(1) are afterwards, if the result was written and they moved. */
  readonly after?: readonly [number, number];
  readonly run: (controlWord: number) => number;
}

const sizes = [2, 4, 8] as const;
const float32 = (): number => view.getUint32(operand, true);
const float64 = (): bigint => view.getBigUint64(operand, true);

const streamingNames = ['ss', 'sd'].flatMap((size) => ['add', 'sub', 'mul', 'div', 'sqrt'].map((name) => name + size));

/** The instructions, in the order of native.c. */
export const operations: readonly Operation[] = [
  { name: 'fadd', run: (word) => kernel.add(a, a, b, word) },
  { name: 'fsub', run: (word) => kernel.subtract(a, a, b, word) },
  { name: 'fmul', run: (word) => kernel.multiply(a, a, b, word) },
  { name: 'fdiv', run: (word) => kernel.divide(a, a, b, word) },
  { name: 'fsqrt', run: (word) => kernel.squareRoot(a, a, word) },
  { name: 'fprem', kernel: 'remainderTruncated', run: (word) => kernel.remainderTruncated(a, a, b, word) },
  { name: 'fprem1', kernel: 'remainderNearest', run: (word) => kernel.remainderNearest(a, a, b, word) },
  { name: 'frndint', run: (word) => kernel.roundToInteger(a, a, word) },
  { name: 'fscale', run: (word) => kernel.scale(a, a, b, word) },
  { name: 'fxtract', after: [c, a], run: (word) => kernel.extract(a, c, a, word) },
  { name: 'fcom', kernel: 'compareOrdered', run: (word) => kernel.compareOrdered(a, b, word) },
  { name: 'fucom', kernel: 'compareUnordered', run: (word) => kernel.compareUnordered(a, b, word) },
  { name: 'ftst', kernel: 'compareWithZero', run: (word) => kernel.compareWithZero(a, word) },
  { name: 'fxam', kernel: 'examine', run: () => kernel.examine(a) },
  { name: 'fld m32', after: [c, a], run: (word) => kernel.load32(c, float32(), word) },
  { name: 'fld m64', after: [c, a], run: (word) => kernel.load64(c, float64(), word) },
  { name: 'fst m32', run: (word) => kernel.store32(operand, a, word) },
  { name: 'fst m64', run: (word) => kernel.store64(operand, a, word) },
  ...sizes.map((size) => ({
    name: `fistp m${8 * size}`,
    pops: true,
    after: [b, c] as const,
    run: (word: number) => kernel.storeInteger(operand, a, size, word),
  })),
  ...sizes.map((size) => ({
    name: `fisttp m${8 * size}`,
    pops: true,
    after: [b, c] as const,
    run: (word: number) => kernel.storeIntegerTruncated(operand, a, size, word),
  })),
  { name: 'fbstp', pops: true, after: [b, c], run: (word) => kernel.storeDecimal(operand, a, word) },
  {
    name: 'fbld',
    after: [c, a],
    run: () => {
      kernel.loadDecimal(c, operand);
      return 0;
    },
  },
  { name: 'f2xm1', run: (word) => kernel.powerOfTwoLessOne(a, a, word) },
  { name: 'fyl2x', pops: true, after: [b, c], run: (word) => kernel.logarithm(b, b, a, word) },
  { name: 'fyl2xp1', pops: true, after: [b, c], run: (word) => kernel.logarithmOfOnePlus(b, b, a, word) },
  { name: 'fptan', kernel: 'tangent', after: [c, a], run: (word) => kernel.tangent(a, c, a, word) },
  { name: 'fpatan', pops: true, after: [b, c], run: (word) => kernel.arctangent(b, b, a, word) },
  { name: 'fsin', kernel: 'sine', run: (word) => kernel.sine(a, a, word) },
  { name: 'fcos', kernel: 'cosine', run: (word) => kernel.cosine(a, a, word) },
  { name: 'fsincos', kernel: 'sineAndCosine', after: [c, a], run: (word) => kernel.sineAndCosine(a, c, a, word) },
  { name: 'fadd m32', run: (word) => kernel.add(a, a, c, word | kernel.widen32(c, float32())) },
  { name: 'fadd m64', run: (word) => kernel.add(a, a, c, word | kernel.widen64(c, float64())) },
  ...['fldl2t', 'fldl2e', 'fldpi', 'fldlg2', 'fldln2'].map((name, index) => ({
    name,
    after: [c, a] as const,
    run: (word: number) => {
      kernel.loadConstant(c, index, word);
      return 0;
    },
  })),
  ...streamingNames.map((name, index) => ({
    name,
    isStreaming: true,
    run: (mxcsr: number) => {
      const calculate = index < 5 ? kernel.streamingSingle : kernel.streamingDouble;
      return calculate((index % 5) as Streaming, operand, a, b, c, mxcsr);
    },
  })),
];

/** The kernel's answer. */
export function runKernel(request: Request): Answer {
  const { run, after = [a, b], kernel: name, isStreaming } = operations[request.operation]!;
  writeNumber(view, a, request.st0);
  writeNumber(view, b, request.st1);
  new Uint8Array(memory.buffer, operand, 16).set(request.memory);
  const status = run(request.controlWord);
  const [st0, st1] = (status & withheld) !== 0 ? [a, b] : after;
  const defined = (name && conditionCodes[name]) ?? 0x200;
  const kept = isStreaming ? 0 : request.codes & ~(status & quotientUnknown ? 0x600 : defined);
  return {
    status: (status | kept) & statusCompared,
    st0: readNumber(view, st0),
    st1: readNumber(view, st1),
    memory: hexOf(new Uint8Array(memory.buffer, operand, 16)),
  };
}
