/** Runs the reference cases of `float80/`: operands, result and IEEE flags a line. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFloat80, type Float80, type Streaming } from '../../../src/cpu/kernel/float80/float80.js';

/** Where `float80/` and `native-i386/` are looked for. */
export const truthFolder =
  process.env['TSVM_TRUTH'] ?? fileURLToPath(new URL('../../../../shared/truth', import.meta.url));

/** The lines of a compressed file. */
export function readLines(path: string): string[] {
  const text = execFileSync('xz', ['-dc', path], { encoding: 'utf8', maxBuffer: 2 ** 30 });
  return text.split('\n').filter((line) => line !== '');
}

/** The names of the reference files, without endings; none where they are absent. */
export function referenceFiles(): string[] {
  const folder = join(truthFolder, 'float80');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((name) => name.replace('.txt.xz', '').replace(/^sse\./, 'sse_'))
    .sort();
}

/** What came of a file. */
export interface Outcome {
  readonly total: number;
  readonly failures: readonly string[];
}

const memory = new WebAssembly.Memory({ initial: 1 });
const kernel: Float80 = createFloat80(memory);
const view = new DataView(memory.buffer);
const [a, b, target, scratch] = [0x20, 0x40, 0x60, 0x80];

function put(address: number, hex: string): void {
  view.setUint16(address + 8, parseInt(hex.slice(0, 4), 16), true);
  view.setBigUint64(address, BigInt(`0x${hex.slice(4)}`), true);
}
const hex = (value: bigint | number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');
function number80(): string {
  return hex(view.getUint16(target + 8, true), 4) + hex(view.getBigUint64(target, true), 16);
}

/** The reference's flags of a status. */
function flagsOf(status: number): number {
  const at = (bit: number, flag: number): number => (status & bit ? flag : 0);
  return at(0x20, 1) | at(0x10, 2) | at(0x08, 4) | at(0x04, 8) | at(0x01, 0x10);
}

const rounding = { rnear_even: 0, rmin: 1, rmax: 2, rminMag: 3 } as Readonly<Record<string, number>>;
const precision = { p32: 0, p64: 2, p80: 3 } as Readonly<Record<string, number>>;

function binary(operation: (target: number, a: number, b: number, controlWord: number) => number) {
  return ([left, right]: readonly string[], controlWord: number): [string, number] => {
    put(a, left!);
    put(b, right!);
    const status = operation(target, a, b, controlWord);
    return [number80(), status];
  };
}
function unary(operation: (target: number, a: number, controlWord: number) => number, print: () => string) {
  return ([operand]: readonly string[], controlWord: number): [string, number] => {
    put(a, operand!);
    const status = operation(target, a, controlWord);
    return [print(), status];
  };
}
/** FPREM1 until it says that it is done. */
function wholeRemainder(to: number, left: number, right: number, controlWord: number): number {
  let status = kernel.remainderNearest(to, left, right, controlWord);
  while (status & 0x400) status = kernel.remainderNearest(to, to, right, controlWord);
  return status;
}
const comparison = (compare: (a: number, b: number, controlWord: number) => number, bit: number) => {
  return ([left, right]: readonly string[], controlWord: number): [string, number] => {
    put(a, left!);
    put(b, right!);
    const status = compare(a, b, controlWord);
    return [(status & 0x4500) === bit ? '1' : '0', status];
  };
};

/** SSE's operations: `digits` hexadecimal digits a number. */
function streaming(operation: Streaming, digits: 8 | 16) {
  const write = (address: number, text: string): void =>
    digits === 8
      ? view.setUint32(address, parseInt(text, 16), true)
      : view.setBigUint64(address, BigInt(`0x${text}`), true);
  return (operands: readonly string[]): [string, number] => {
    write(a, operands[0]!);
    write(b, operands[1] ?? operands[0]!);
    const calculate = digits === 8 ? kernel.streamingSingle : kernel.streamingDouble;
    const status = calculate(operation, target, a, b, scratch, 0x1f80);
    const result = digits === 8 ? view.getUint32(target, true) : view.getBigUint64(target, true);
    return [hex(result, digits), status];
  };
}
const streamingNames = ['add', 'sub', 'mul', 'div', 'sqrt'];

type Operation = (operands: readonly string[], controlWord: number) => [string, number];
const operations: Readonly<Record<string, Operation>> = {
  extF80_add: binary(kernel.add),
  extF80_sub: binary(kernel.subtract),
  extF80_mul: binary(kernel.multiply),
  extF80_div: binary(kernel.divide),
  extF80_rem: binary(wholeRemainder),
  extF80_sqrt: unary(kernel.squareRoot, number80),
  extF80_roundToInt: unary(kernel.roundToInteger, number80),
  extF80_eq: comparison(kernel.compareUnordered, 0x4000),
  extF80_lt: comparison(kernel.compareOrdered, 0x100),
  extF80_to_f32: unary(kernel.store32, () => hex(view.getUint32(target, true), 8)),
  extF80_to_f64: unary(kernel.store64, () => hex(view.getBigUint64(target, true), 16)),
  extF80_to_i32: unary(
    (to, from, controlWord) => kernel.storeInteger(to, from, 4, controlWord),
    () => hex(view.getUint32(target, true), 8),
  ),
  extF80_to_i64: unary(
    (to, from, controlWord) => kernel.storeInteger(to, from, 8, controlWord),
    () => hex(view.getBigUint64(target, true), 16),
  ),
  f32_to_extF80: ([bits], controlWord) => {
    const status = kernel.load32(target, parseInt(bits!, 16), controlWord);
    return [number80(), status];
  },
  f64_to_extF80: ([bits], controlWord) => {
    const status = kernel.load64(target, BigInt(`0x${bits}`), controlWord);
    return [number80(), status];
  },
  i32_to_extF80: ([bits]) => {
    kernel.loadInteger(target, BigInt.asIntN(32, BigInt(`0x${bits}`)));
    return [number80(), 0];
  },
  i64_to_extF80: ([bits]) => {
    kernel.loadInteger(target, BigInt.asIntN(64, BigInt(`0x${bits}`)));
    return [number80(), 0];
  },
  ...Object.fromEntries(
    streamingNames.flatMap((name, operation) => [
      [`sse_f32_${name}`, streaming(operation as Streaming, 8)],
      [`sse_f64_${name}`, streaming(operation as Streaming, 16)],
    ]),
  ),
};

/** Whether a result is a NaN: the reference's NaNs are its own, so that any quiet NaN answers any. */
function isNaNText(text: string): boolean {
  if (text.length === 8) return /^[7F][F]/.test(text) && (parseInt(text, 16) & 0x7fffffff) > 0x7f800000;
  if (text.length === 16) return (BigInt(`0x${text}`) & ~(1n << 63n)) > 0x7ffn << 52n;
  return /^[7F]FFF/.test(text) && BigInt(`0x${text.slice(4)}`) > 1n << 63n;
}

/** Runs one reference file. */
export function runReferenceFile(name: string): Outcome {
  const [operationName, roundingName = 'rnear_even', precisionName = 'p80'] = name.split('.');
  const operation = operations[operationName!]!;
  const controlWord = 0x3f | (rounding[roundingName]! << 10) | (precision[precisionName]! << 8);
  const lines = readLines(join(truthFolder, 'float80', `${name.replace('sse_', 'sse.')}.txt.xz`));
  const failures: string[] = [];
  for (const line of lines) {
    const fields = line.split(' ');
    const flags = parseInt(fields.pop()!, 16);
    const expected = fields.pop()!;
    const [result, status] = operation(fields, controlWord);
    const equal = result === expected || (isNaNText(result) && isNaNText(expected));
    if (!equal || flags !== flagsOf(status)) failures.push(`${line}: got ${result} ${hex(flagsOf(status), 2)}`);
  }
  return { total: lines.length, failures };
}
