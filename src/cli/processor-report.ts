/** The processor's visible state as lines for a person. */
import { hex } from '../base/integers.js';
import type { ProcessorView } from '../machine/machine.js';

const registersALine = 8;
const registerDigits = 8;
const selectorDigits = 4;

/** Mode, next instruction and registers, a few lines. */
export function processorLines(view: ProcessorView): string[] {
  const printed = Object.entries(view.registers).map(([name, value]) => {
    const isSelector = /^[c-gs]s$/.test(name);
    return `${name} ${hex(value >>> 0, isSelector ? selectorDigits : registerDigits)}`;
  });
  const lines = [];
  for (let at = 0; at < printed.length; at += registersALine)
    lines.push(printed.slice(at, at + registersALine).join('  '));
  const code = [...view.code].map((byte) => hex(byte, 2)).join(' ');
  return [`${view.mode}${view.halted ? ', halted' : ''}; next at linear ${hex(view.linear, 8)}: ${code}`, ...lines];
}
