/** Programs and states in print. */
import { hex } from '../../../src/base/integers.js';
import { disassemble } from '../../../src/debug/disassemble.js';
import { generalRegisters } from '../../../src/cpu/layout.js';
import { assemble } from './assemble.js';
import { imageOf } from './image.js';
import type { Machine } from './machine.js';
import { places, type Program, variables } from './program.js';

/** Some instructions from an offset on, each with its address and bytes. */
function lines(
  code: Uint8Array,
  start: number,
  program: Program,
  code32: boolean,
  pieces: ReadonlySet<number>,
): string[] {
  const found: string[] = [];
  for (let at = 0; at < code.length;) {
    const rest = code.subarray(at, at + 15);
    const { text, length } = disassemble(rest, { model: program.environment.model, code32, offset: start + at });
    const bytes = length === 0 ? rest.length : length;
    const shown = Buffer.from(rest.subarray(0, bytes)).toString('hex');
    found.push(`${pieces.has(start + at) ? '*' : ' '} ${hex(start + at, 4)}  ${shown.padEnd(22)} ${text}`);
    at += bytes;
  }
  return found;
}
/** The program's own code; a star marks where a piece of the generator's begins. */
export function listProgram(program: Program): string {
  const { layout, entry } = imageOf(program);
  // The stack's room at the end says nothing.
  const end = layout.offsets[program.items.length - 2]! - entry;
  const pieces = new Set(layout.offsets);
  return lines(layout.code.subarray(0, end), entry, program, program.environment.codeBits === 32, pieces).join('\n');
}
/** The handlers that were called, by what they counted. */
export function listHandlers(program: Program, { memory }: Machine): string {
  const { code, labels } = assemble(program.system, places.handlers, 0);
  const counts = new DataView(memory.buffer, memory.byteOffset + variables.counts);
  const starts = program.vectors.map((label) => labels.get(label)! - places.handlers);
  const listOne = (start: number, vector: number): string[] => {
    if (counts.getUint32(vector * 4, true) === 0) return [];
    const part = code.subarray(start, starts[vector + 1] ?? code.length);
    const is32 = program.environment.kind !== 'real';
    return [`handler of ${hex(vector, 2)}`, ...lines(part, places.handlers + start, program, is32, new Set())];
  };
  return starts.flatMap(listOne).join('\n');
}
/** The world a program stands in, in a few lines. */
export function describe({ environment, happenings, cycles }: Program): string {
  const { kind, model, level, codeBits, segments, flags, cr0, cr4, stackTop, pages } = environment;
  const segment = (name: keyof typeof segments): string => {
    const { selector, base, limit, attributes } = segments[name];
    return `${name} ${hex(selector, 4)} ${hex(base, 8)}+${hex(limit, 8)} ${hex(attributes, 4)}`;
  };
  return [
    `${kind}, ${model}, level ${level}, ${codeBits}-bit code, ${cycles} cycles`,
    `  eflags ${hex(flags, 8)} cr0 ${hex(cr0, 8)} cr4 ${hex(cr4, 4)} stack ${hex(stackTop, 8)}`,
    ...(['cs', 'ds', 'es', 'ss', 'fs', 'gs'] as const).map((name) => `  ${segment(name)}`),
    `  pages ${pages.map(([index, entry]) => `${hex(index, 3)}=${hex(entry, 8)}`).join(' ') || 'as they are'}`,
    `  happenings ${JSON.stringify(happenings)}`,
  ].join('\n');
}
/** Registers and what matters of the state. */
export function standingOf({ processor }: Machine): string {
  const { core } = processor;
  const registers = generalRegisters.map((name, index) => `${name} ${hex(core.register(index) >>> 0, 8)}`).join(' ');
  const words = (['eip', 'cr0', 'cr2', 'cr3', 'dr6', 'dr7', 'flagCarries', 'halted', 'pendingDebug'] as const)
    .map((name) => `${name} ${hex(core.get(name) >>> 0, 8)}`)
    .join(' ');
  const flags = hex(processor.flags.read() >>> 0, 8);
  return `cycle ${processor.cycle} ${registers}\n    eflags ${flags} ${words} cs ${hex(core.segmentField(1, 'selector'), 4)} cpl ${core.get('cpl')}`;
}
