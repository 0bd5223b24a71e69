import { decodeBase64 } from '../../../base/base64.js';
import { programBase64 } from './program.js';

/**
 * Arithmetic on the 80-bit numbers of an x87 unit, bit for bit, in integers only, and SSE's arithmetic made of it.
 * Source: Intel SDM Vol. 1, chapters 4 and 8; Vol. 2, at each instruction.
 *
 * A number lies in memory as 10 bytes: significand (8 bytes), then sign and exponent (2 bytes). `target`, `a`, `b` and `source`
 * are byte addresses in the memory given, in any alignment; a target may be an operand. `controlWord` is the x87's, of which RC,
 * PC and the six masks count. Every function that answers a number answers bits of the status word: the exceptions raised (bits
 * 0 to 5), bit 7 if one of them is not masked, C1 if the result was rounded away from zero, C0, C2 and C3 where the manual
 * gives them a meaning, and above them {@link withheld} and {@link quotientUnknown}. {@link conditionCodes} says which of C0 to C3
 * replace those of the status word; a processor keeps the others. No state is kept between calls.
 *
 * Where the manual leaves a choice: FPREM reduces by 32 to 63 bits a step as processors do, F2XM1 beyond ±1 answers its operand.
 *
 * Not modelled: the x87 stack, its faults, tags, and where the last instruction stood: they are the processor's.
 */
export interface Float80 {
  add(target: number, a: number, b: number, controlWord: number): number;
  subtract(target: number, a: number, b: number, controlWord: number): number;
  multiply(target: number, a: number, b: number, controlWord: number): number;
  divide(target: number, a: number, b: number, controlWord: number): number;
  squareRoot(target: number, a: number, controlWord: number): number;

  /** FPREM, one step: C2 while the reduction goes on, else the quotient's low bits in C0, C3 and C1. */
  remainderTruncated(target: number, a: number, b: number, controlWord: number): number;
  /** FPREM1, one step. */
  remainderNearest(target: number, a: number, b: number, controlWord: number): number;
  roundToInteger(target: number, a: number, controlWord: number): number;
  /** FSCALE: a × 2^b, b truncated. */
  scale(target: number, a: number, b: number, controlWord: number): number;
  /** FXTRACT: ST(1) and ST(0) after it. */
  extract(exponentTarget: number, significandTarget: number, a: number, controlWord: number): number;

  /**
   * The transcendental functions are correctly rounded in every rounding mode, but for about one argument in 2^36; precision control
   * does not touch them. Angles are reduced by π of 66 bits, as the manual has it; from 2^63 on they answer C2 and are withheld.
   */
  sine(target: number, a: number, controlWord: number): number;
  cosine(target: number, a: number, controlWord: number): number;
  /** FSINCOS: ST(1) and ST(0) after it. */
  sineAndCosine(sineTarget: number, cosineTarget: number, a: number, controlWord: number): number;
  /** FPTAN: ST(1) and ST(0) after it; `oneTarget` gets 1, or the NaN if there is one. */
  tangent(tangentTarget: number, oneTarget: number, a: number, controlWord: number): number;
  /** FPATAN: the angle of the point (x, y). */
  arctangent(target: number, y: number, x: number, controlWord: number): number;
  /** F2XM1: 2^a - 1. */
  powerOfTwoLessOne(target: number, a: number, controlWord: number): number;
  /** FYL2X: y × log2(x). */
  logarithm(target: number, y: number, x: number, controlWord: number): number;
  /** FYL2XP1: y × log2(x + 1). */
  logarithmOfOnePlus(target: number, y: number, x: number, controlWord: number): number;
  /** FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2 as `which` 0 to 4. */
  loadConstant(target: number, which: number, controlWord: number): void;

  /** FCOM: C3, C2, C0 as in the manual's table, even if {@link withheld} says that an unmasked exception forbids to pop. */
  compareOrdered(a: number, b: number, controlWord: number): number;
  /** FUCOM: quiet NaNs raise nothing. */
  compareUnordered(a: number, b: number, controlWord: number): number;
  /** FTST. */
  compareWithZero(a: number, controlWord: number): number;
  /** FXAM of a register that is not empty; C1 is the sign. */
  examine(a: number): number;

  /** FLD m32, FLD m64: the bits of a number in memory. */
  load32(target: number, bits: number, controlWord: number): number;
  load64(target: number, bits: bigint, controlWord: number): number;
  /**
   * The memory operand of an operation (FADD m32 and the like): raises nothing, and answers {@link denormalSource} or 0, which the
   * caller adds to the control word of that operation.
   */
  widen32(target: number, bits: number): number;
  widen64(target: number, bits: bigint): number;
  /** FILD, of any size. */
  loadInteger(target: number, value: bigint): void;
  /** FBLD: `source` is the address of 10 bytes. */
  loadDecimal(target: number, source: number): void;
  /** FST m32, FST m64: 4 or 8 bytes at `target`. */
  store32(target: number, a: number, controlWord: number): number;
  store64(target: number, a: number, controlWord: number): number;
  /** FIST of 2, 4 or 8 bytes. */
  storeInteger(target: number, a: number, sizeBytes: number, controlWord: number): number;
  /** FISTTP. */
  storeIntegerTruncated(target: number, a: number, sizeBytes: number, controlWord: number): number;
  /** FBSTP: 10 bytes. */
  storeDecimal(target: number, a: number, controlWord: number): number;

  /**
   * SSE's arithmetic on one number of 4 bytes in memory, with MXCSR's rounding, masks, denormals-are-zero and flush-to-zero.
   * Answers the exceptions, as MXCSR has them, bit 7 and {@link withheld}. `scratch` is 10 bytes to calculate in.
   */
  streamingSingle(operation: Streaming, target: number, a: number, b: number, scratch: number, mxcsr: number): number;
  /** The same on 8 bytes. */
  streamingDouble(operation: Streaming, target: number, a: number, b: number, scratch: number, mxcsr: number): number;
  /**
   * An operation on `lanes` numbers of 4 or 8 bytes: those above, 5 minimum, 6 maximum, 8 to 15 comparison with the predicate 0 to 7 of CMPPS.
   * `scratch` is 32 bytes. All results are written, or none.
   */
  streamingPacked(
    operation: number,
    target: number,
    a: number,
    b: number,
    lanes: number,
    laneBytes: number,
    scratch: number,
    mxcsr: number,
  ): number;
  /** COMISS, or UCOMISS if `quietly` is 1: the status flags are in the answer from bit 20 on. */
  streamingCompare(quietly: number, a: number, b: number, laneBytes: number, mxcsr: number): number;
  /** Conversions of `lanes` numbers; formats 0 single precision, 1 double precision, 2 a 32-bit integer. */
  streamingConvert(
    from: number,
    to: number,
    truncates: number,
    target: number,
    source: number,
    lanes: number,
    scratch: number,
    mxcsr: number,
  ): number;
  /** RCPPS, RSQRTPS if `root` is 1; `tables` as ../approximations.ts writes them. */
  streamingApproximate(root: number, target: number, source: number, lanes: number, tables: number): void;
}

/** Add, subtract, multiply, divide; 4 is the square root of b. */
export type Streaming = 0 | 1 | 2 | 3 | 4;

/** In an answer: nothing was written, because of an unmasked exception or an operand out of range. */
export const withheld = 0x10000;
/** In an answer: a remainder came to no quotient, so that C0 and C3 keep their values. */
export const quotientUnknown = 0x20000;

const [c0, c1, c2, c3] = [0x100, 0x200, 0x400, 0x4000];
/** The condition codes that an answer defines; C1 alone where nothing is listed. FCOMI and its family define none. */
export const conditionCodes: Readonly<Partial<Record<keyof Float80, number>>> = {
  compareOrdered: c0 | c1 | c2 | c3,
  compareUnordered: c0 | c1 | c2 | c3,
  compareWithZero: c0 | c1 | c2 | c3,
  examine: c0 | c1 | c2 | c3,
  remainderTruncated: c0 | c1 | c2 | c3,
  remainderNearest: c0 | c1 | c2 | c3,
  sine: c1 | c2,
  cosine: c1 | c2,
  sineAndCosine: c1 | c2,
  tangent: c1 | c2,
};
/** Beside a control word: operand b was denormal in its narrower format in memory. */
export const denormalSource = 0x10000;

/** What each function takes and gives, for a module that imports it: `i` is an i32, `I` an i64; nothing follows the colon where it gives nothing. */
export const float80Signatures: Readonly<Record<keyof Float80, string>> = {
  add: 'iiii:i',
  subtract: 'iiii:i',
  multiply: 'iiii:i',
  divide: 'iiii:i',
  squareRoot: 'iii:i',
  remainderTruncated: 'iiii:i',
  remainderNearest: 'iiii:i',
  roundToInteger: 'iii:i',
  scale: 'iiii:i',
  extract: 'iiii:i',
  sine: 'iii:i',
  cosine: 'iii:i',
  sineAndCosine: 'iiii:i',
  tangent: 'iiii:i',
  arctangent: 'iiii:i',
  powerOfTwoLessOne: 'iii:i',
  logarithm: 'iiii:i',
  logarithmOfOnePlus: 'iiii:i',
  loadConstant: 'iii:',
  compareOrdered: 'iii:i',
  compareUnordered: 'iii:i',
  compareWithZero: 'ii:i',
  examine: 'i:i',
  load32: 'iii:i',
  load64: 'iIi:i',
  widen32: 'ii:i',
  widen64: 'iI:i',
  loadInteger: 'iI:',
  loadDecimal: 'ii:',
  store32: 'iii:i',
  store64: 'iii:i',
  storeInteger: 'iiii:i',
  storeIntegerTruncated: 'iiii:i',
  storeDecimal: 'iii:i',
  streamingSingle: 'iiiiii:i',
  streamingDouble: 'iiiiii:i',
  streamingPacked: 'iiiiiiii:i',
  streamingCompare: 'iiiii:i',
  streamingConvert: 'iiiiiiii:i',
  streamingApproximate: 'iiiii:',
};

let compiled: WebAssembly.Module | undefined;

/** The kernel over a memory, as exported WebAssembly functions: another module may import them and call without JavaScript. */
export function createFloat80(memory: WebAssembly.Memory): Float80 {
  compiled ??= new WebAssembly.Module(decodeBase64(programBase64));
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  return instance.exports as unknown as Float80;
}
