/** The processor's visible state as lines for a person. */
import { hex } from '../base/integers.js';
import { disassemble } from '../debug/disassemble.js';
import type { ProcessorView } from '../machine/machine.js';

const registersALine = 8;
const registerDigits = 8;
const selectorDigits = 4;

/** The next instruction's bytes and text; every byte at hand where it is cut off. */
function nextInstruction(view: ProcessorView): string {
  const { model, mode, registers } = view;
  const context = { model, code32: mode === 'protected32', offset: registers.eip ?? 0 };
  const { text, length } = disassemble(view.code, context);
  const shown = length === 0 ? view.code : view.code.subarray(0, length);
  return `${[...shown].map((byte) => hex(byte, 2)).join(' ')}  ${text}`;
}

/** Mode, next instruction and registers, a few lines. */
export function processorLines(view: ProcessorView): string[] {
  const printed = Object.entries(view.registers).map(([name, value]) => {
    const isSelector = /^[c-gs]s$/.test(name);
    return `${name} ${hex(value >>> 0, isSelector ? selectorDigits : registerDigits)}`;
  });
  const lines = [];
  for (let at = 0; at < printed.length; at += registersALine)
    lines.push(printed.slice(at, at + registersALine).join('  '));
  return [
    `${view.mode}${view.halted ? ', halted' : ''}; next at linear ${hex(view.linear, 8)}: ${nextInstruction(view)}`,
    ...lines,
  ];
}
