/** Runs a file of 32-bit instructions captured in user mode on a present-day processor. */
import { atLeast, has, type ProcessorModel } from '../../../src/cpu/model.js';
import { Comparison } from './compare.js';
import type { ProcessorDriver } from './driver.js';
import { compareExtended, type ExtendedChanges, imageOf } from './extended.js';
import { type CaseFacts, findException } from './exceptions.js';
import type { FileOutcome } from './report.js';
import { readVectors, type VectorFile } from './vector-files.js';

interface NativeCase {
  readonly asm: string;
  readonly cpuid: readonly string[];
  /** Status flags that the manual leaves undefined, in hexadecimal. */
  readonly undef: string;
  /** Code, and its address. */
  readonly b: string;
  readonly ip: number;
  /** Registers in the order of `registers`, in hexadecimal; flags. */
  readonly in: readonly string[];
  readonly fl: string;
  /** 256 bytes at `operands`, and 64 bytes of stack from `stackBottom`, in hexadecimal. */
  readonly mem: string;
  readonly stk?: string;
  /** An FXSAVE image before, and the parts of it that changed. */
  readonly fx?: string;
  readonly ofx?: ExtendedChanges;
  readonly out: Readonly<Record<string, string>>;
  readonly ofl: string;
  /** Offset and bytes where they changed. */
  readonly omem?: readonly [number, string];
  readonly ostk?: readonly [number, string];
  /** Exception number, error code, and its instruction pointer relative to the instruction. */
  readonly trap?: number;
  readonly err?: number;
  readonly tip?: number;
}

const registers = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
const operands = 0x2001_0000;
const stackBottom = 0x2002_0060;
/** CF PF AF ZF SF DF OF. */
const comparedFlags = 0xcd5;
/** Exceptions that push an error code. */
const withErrorCode = new Set([8, 10, 11, 12, 13, 14, 17]);
/** By the vectors' names for features: whether a model has them. */
const claims: Readonly<Record<string, (model: ProcessorModel) => boolean>> = {
  INTEL8086: () => true,
  INTEL186: (model) => atLeast(model, '80286'),
  INTEL286: (model) => atLeast(model, '80286'),
  INTEL386: (model) => atLeast(model, '80386'),
  INTEL486: (model) => atLeast(model, '80486'),
  CX8: (model) => has(model, 'cx8'),
  CMOV: (model) => has(model, 'cmov'),
  FPU: (model) => has(model, 'fpu'),
  FPU287: (model) => has(model, 'fpu'),
  FPU387: (model) => has(model, 'fpu'),
  MMX: (model) => has(model, 'mmx'),
  SSE: (model) => has(model, 'sse'),
  SSE2: (model) => has(model, 'sse2'),
};

const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

function setUp(driver: ProcessorDriver, each: NativeCase): void {
  driver.writeMemory(operands, fromHex(each.mem));
  driver.writeMemory(stackBottom, each.stk === undefined ? new Uint8Array(64) : fromHex(each.stk));
  driver.writeMemory(each.ip, fromHex(each.b));
  const values: Record<string, number> = { eip: each.ip, eflags: parseInt(each.fl, 16) };
  registers.forEach((name, index) => (values[name] = parseInt(each.in[index]!, 16)));
  driver.setRegisters(values);
  if (each.fx !== undefined) driver.setExtended(imageOf(each.fx));
}

/** A memory image after the case: before, with the changed part over it. */
function after(before: Uint8Array, changed: readonly [number, string] | undefined): Uint8Array {
  const image = before.slice();
  if (changed) image.set(fromHex(changed[1]), changed[0]);
  return image;
}

function compare(driver: ProcessorDriver, each: NativeCase): Comparison {
  const comparison = new Comparison();
  const { exception } = driver.step();
  comparison.value('exception', each.trap ?? -1, exception?.vector ?? -1);
  if (each.trap !== undefined && withErrorCode.has(each.trap)) {
    comparison.value('error code', each.err ?? 0, exception?.errorCode ?? -1);
  }
  const advance = each.trap === undefined ? each.b.length / 2 : (each.tip ?? 0);
  comparison.value('eip', each.ip + advance, driver.getRegister('eip'));
  registers.forEach((name, index) => {
    comparison.value(name, parseInt(each.out[name] ?? each.in[index]!, 16), driver.getRegister(name));
  });
  const kept = comparedFlags & ~parseInt(each.undef, 16);
  comparison.value('flags', parseInt(each.ofl, 16) & kept, driver.getRegister('eflags') & kept);
  comparison.bytes(operands, after(fromHex(each.mem), each.omem), driver.readMemory(operands, 256));
  const stack = each.stk === undefined ? new Uint8Array(64) : fromHex(each.stk);
  comparison.bytes(stackBottom, after(stack, each.ostk), driver.readMemory(stackBottom, 64));
  if (each.fx !== undefined) {
    const hasVectors = has(driver.model, 'sse');
    compareExtended(comparison, imageOf(each.fx), each.ofx ?? {}, driver.getExtended(), hasVectors);
  }
  return comparison;
}

function factsOf({ family, name }: VectorFile, each: NativeCase): CaseFacts {
  const operands = { countRegister: parseInt(each.in[1]!, 16) & 0xff, immediate: parseInt(each.b.slice(-2), 16) };
  return { family, file: name, instruction: each.asm, exception: each.trap, ...operands };
}

/** Runs the cases of a native file for the features that the driver's model has. */
export function runNativeFile(driver: ProcessorDriver, file: VectorFile, every = 1): FileOutcome {
  const cases = readVectors<NativeCase>(file, every);
  const failures: string[] = [];
  const excused: string[] = [];
  let skipped = 0;
  driver.reset();
  driver.setProtected32Flat(true);
  for (const each of cases) {
    if (each.cpuid.some((feature) => claims[feature]?.(driver.model) !== true)) {
      skipped++;
      continue;
    }
    setUp(driver, each);
    const comparison = compare(driver, each);
    driver.writeMemory(each.ip, new Uint8Array(16));
    if (!comparison.differs) continue;
    const known = findException(factsOf(file, each));
    if (known) excused.push(known.reason);
    else failures.push(`${each.asm} (${each.b}): expected ${comparison.print()}`);
  }
  const passed = cases.length - skipped - excused.length - failures.length;
  return { family: file.family, name: file.name, total: cases.length, passed, skipped, excused, failures };
}
