/** The processor as a part of a machine: its view for reports, and differences by register name. */
import { generalRegisters, segmentIndex, segmentNames, x87RegisterBytes, x87Registers } from '../cpu/layout.js';
import type { Processor } from '../cpu/processor.js';
import { attributeBits } from '../cpu/system/segments.js';
import { peekPhysical } from '../cpu/system/paging.js';
import { hex } from '../base/integers.js';
import type { Difference } from '../state/schema.js';
import type { ProcessorView } from './machine.js';
import { firstByteDifference, type Part } from './parts.js';

const longestInstruction = 15;

/** Named registers, in the order reports print them. */
function registers(processor: Processor): Record<string, number> {
  const { core } = processor;
  const named: Record<string, number> = {};
  generalRegisters.forEach((name, index) => (named[name] = core.register(index) >>> 0));
  named.eip = core.get('eip') >>> 0;
  named.eflags = processor.flags.read() >>> 0;
  for (const name of ['cs', 'ss', 'ds', 'es', 'fs', 'gs'] as const)
    named[name] = core.segmentField(segmentIndex[name], 'selector');
  for (const name of ['cr0', 'cr2', 'cr3'] as const) named[name] = core.get(name) >>> 0;
  return named;
}

/** What the processor shows of itself at this boundary; nothing changes by looking. */
export function processorView(processor: Processor, readMemory: (physical: number) => number): ProcessorView {
  const { core } = processor;
  const code32 = (core.segmentField(segmentIndex.cs, 'attributes') & attributeBits.big) !== 0;
  const protectedMode = code32 ? 'protected32' : 'protected16';
  const linear = (core.segmentField(segmentIndex.cs, 'base') + core.get('eip')) >>> 0;
  const code: number[] = [];
  for (let index = 0; index < longestInstruction; index++) {
    const physical = peekPhysical(core, (linear + index) | 0);
    if (physical === undefined) break;
    code.push(readMemory(physical >>> 0));
  }
  return {
    model: core.model,
    mode: !core.protectedMode ? 'real' : core.virtual8086 ? 'virtual8086' : protectedMode,
    linear,
    registers: registers(processor),
    halted: processor.halted,
    code: Uint8Array.from(code),
  };
}

/** The x87 unit: its words, and its registers by physical number, exponent first. */
function numericRegisters({ core }: Processor): Record<string, string> {
  const all: Record<string, string> = {};
  for (const word of ['x87Control', 'x87Status', 'x87Top', 'x87Empty'] as const) all[word] = `0x${hex(core.get(word))}`;
  for (let number = 0; number < 8; number++) {
    const slot = x87Registers + number * x87RegisterBytes;
    const significand = core.view.getBigUint64(slot, true).toString(16).padStart(16, '0');
    all[`x87r${number}`] = `${hex(core.view.getUint16(slot + 8, true), 4)}:${significand}`;
  }
  return all;
}

/** Saves, loads and compares; `cycle` tells the moment a load happens at. */
export function processorPart(processor: Processor, cycle: () => number): Part {
  const named = (saved: Uint8Array): Record<string, string> => {
    processor.load(saved, cycle());
    const all: Record<string, string> = {};
    for (const [name, value] of Object.entries(registers(processor))) all[name] = `0x${hex(value)}`;
    for (const [index, name] of segmentNames.entries()) {
      for (const field of ['base', 'limit', 'attributes'] as const) {
        all[`${name}.${field}`] = `0x${hex(processor.core.segmentField(index, field) >>> 0)}`;
      }
    }
    for (const word of ['cpl', 'gdtrBase', 'gdtrLimit', 'idtrBase', 'idtrLimit', 'halted', 'shutdown'] as const) {
      all[word] = `0x${hex(processor.core.get(word) >>> 0)}`;
    }
    if (processor.core.has('fpu')) Object.assign(all, numericRegisters(processor));
    return all;
  };
  return {
    save: () => processor.save(),
    load: (saved) => processor.load(saved, cycle()),
    diff(left, right) {
      const live = processor.save();
      const [a, b] = [named(left), named(right)];
      processor.load(live, cycle());
      const found: Difference[] = Object.keys(a)
        .filter((name) => a[name] !== b[name])
        .map((path) => ({ path, left: a[path]!, right: b[path]! }));
      // Flag encodings and cached translations have no name of their own.
      return found.length > 0 ? found : firstByteDifference(left, right);
    },
  };
}
