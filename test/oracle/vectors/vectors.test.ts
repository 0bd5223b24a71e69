/** Runs the vectors where they are found; see README.md. Each family must pass at 99.9 % of what the manuals define. */
import { describe, expect, test } from 'vitest';
import { BothEngines } from './both-engines.js';
import type { ProcessorDriver } from './driver.js';
import { findException } from './exceptions.js';
import { runHardwareFile } from './hardware.js';
import { runNativeFile } from './native.js';
import { createProcessorDriver } from './processor-driver.js';
import { type FileOutcome, printFile, summarize } from './report.js';
import { undefinedFlags } from './undefined-flags.js';
import { type VectorFile, vectorFiles } from './vector-files.js';

const requiredRate = 0.999;
/** Compiled code is tried with one case of so many: each is compiled by itself. */
const everyCompiled = 50;

interface Family {
  readonly folder: string;
  readonly model: ProcessorDriver['model'];
  readonly run: (driver: ProcessorDriver, file: VectorFile, every?: number) => FileOutcome;
  /** Which files of the folder, when not all. */
  readonly files?: RegExp;
}

const families: readonly Family[] = [
  { folder: 'hardware-8086', model: '8086', run: runHardwareFile },
  { folder: 'hardware-80286-real', model: '80286', run: runHardwareFile },
  { folder: 'native-i386', model: 'pentiumM', run: runNativeFile, files: /^int/ },
  { folder: 'native-i386', model: 'pentium2', run: runNativeFile, files: /^x87/ },
  { folder: 'native-i386', model: 'pentiumM', run: runNativeFile, files: /^sse/ },
];

describe('captured instructions', () => {
  for (const { folder, model, run, files: pattern } of families) {
    const files = vectorFiles(folder).filter(({ name }) => pattern?.test(name) ?? true);
    test.skipIf(files.length === 0)(
      `of ${folder}${pattern === undefined ? '' : ` ${pattern.source.slice(1)}`} do on our ${model} what they did there`,
      () => {
        const driver = createProcessorDriver(model);
        driver.reset();
        const outcomes = files.map((file) => {
          const outcome = run(driver, file);
          process.stdout.write(`${printFile(outcome)}\n`);
          return outcome;
        });
        const { text, rate } = summarize(outcomes);
        process.stdout.write(`${text}\n`);
        expect(rate, text).toBeGreaterThanOrEqual(requiredRate);
      },
      600_000,
    );
  }
});

describe('captured instructions in compiled code', () => {
  const every = Number(process.env['VECTOR_EVERY'] ?? everyCompiled);
  for (const { folder, model, run, files: pattern } of families) {
    const files = vectorFiles(folder).filter(({ name }) => pattern?.test(name) ?? true);
    test.skipIf(files.length === 0)(
      `of ${folder}${pattern === undefined ? '' : ` ${pattern.source.slice(1)}`} end as interpreted${every === 1 ? ' and as captured, all of them' : `, one of ${every}`}`,
      () => {
        const driver = new BothEngines(model);
        driver.reset();
        const { text, rate } = summarize(files.map((file) => run(driver, file, every)));
        // What a case finds outside its own memory was left there by those before it: no sample need end as captured.
        process.stdout.write(`${[driver.report(), ...(every === 1 ? [text] : [])].join('\n')}\n`);
        expect(driver.differences).toEqual([]);
        if (every === 1) expect(rate, text).toBeGreaterThanOrEqual(requiredRate);
        expect(driver.counts.compiled).toBeGreaterThan(0);
      },
      3600_000,
    );
  }
});

describe('what the manuals leave undefined', () => {
  const operands = (countRegister: number, immediate = 0) => ({ countRegister, immediate });

  test('depends on the count of a shift, of which the 80286 takes five bits', () => {
    expect(undefinedFlags('8086', 'D2.4', operands(0))).toBe(0);
    expect(undefinedFlags('8086', 'D2.4', operands(1))).toBe(0x010);
    expect(undefinedFlags('8086', 'D2.0', operands(33))).toBe(0x800);
    expect(undefinedFlags('80286', 'D2.0', operands(33))).toBe(0);
    expect(undefinedFlags('80286', 'C1.5', operands(0, 2))).toBe(0x810);
    expect(undefinedFlags('8086', 'C1', operands(0, 2))).toBe(0);
  });

  test('is nothing for additions, and everything for divisions', () => {
    expect(undefinedFlags('8086', '00', operands(0))).toBe(0);
    expect(undefinedFlags('80286', 'F7.6', operands(0))).toBe(0x8d5);
    expect(undefinedFlags('80286', '6B', operands(0))).toBe(0x0d4);
    expect(undefinedFlags('8086', '6B', operands(0))).toBe(0);
  });
});

describe('a named exception', () => {
  const facts = { countRegister: 0, immediate: 0x11, exception: undefined };

  test('covers only the cases it names', () => {
    const shift = { ...facts, family: 'native-i386', file: 'int32', instruction: 'shld bp,dx,11h' };
    expect(findException(shift)).toBeDefined();
    expect(findException({ ...shift, immediate: 0x10 })).toBeUndefined();
    expect(findException({ ...shift, instruction: 'shl bp,11h' })).toBeUndefined();
  });
});

describe('the runner notices', () => {
  /** A processor that does nothing but step over what it should execute. */
  const idle = (length: number): ProcessorDriver => {
    const registers: Record<string, number> = {};
    const memory = new Map<number, number>();
    return {
      model: '8086',
      reset: () => memory.clear(),
      setRegisters: (values) => void Object.assign(registers, values),
      getRegister: (name) => registers[name] ?? 0,
      writeMemory: (at, bytes) => bytes.forEach((byte, index) => memory.set(at + index, byte)),
      readMemory: (at, count) => Uint8Array.from({ length: count }, (_, index) => memory.get(at + index) ?? 0),
      setProtected32Flat: () => {},
      setExtended: () => {},
      getExtended: () => new Uint8Array(512),
      step: () => {
        registers['eip'] = (registers['eip']! + length) & 0xffff;
        return {};
      },
    };
  };

  test.skipIf(vectorFiles('hardware-8086').length === 0)('a processor that executes nothing', () => {
    const outcome = (name: string, length: number): FileOutcome =>
      runHardwareFile(
        idle(length),
        vectorFiles('hardware-8086').find((file) => file.name === name)!,
      );
    expect(outcome('40', 1).failures).toHaveLength(outcome('40', 1).total);
    expect(outcome('40', 1).failures[0]).toMatch(/^.*inc ax.*expected ax/);
  });
});
