/** Encodes any form of the instruction declarations with random prefixes, registers, addresses and immediates. */
import type { Random } from '../../../src/base/random.js';
import type { Form, OperandSpecification } from '../../../src/cpu/instructions/instruction.js';
import { d, w } from '../../cpu/bytes.js';
import { dataBytes, pageBytes, places } from './sequence.js';

export const chance = (random: Random, percent: number): boolean => random.below(100) < percent;
export const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!;

const interesting = [
  0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000,
] as const;
const large = [0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fffe, 0x8000_0001, 0xffff_8000, 0xffff_ff80] as const;

/** Numbers that are likely to show something. */
export function number32(random: Random): number {
  const kind = random.below(10);
  if (kind < 4) return pick(random, interesting);
  if (kind < 6) return pick(random, large);
  return random.next();
}
/** Addresses of data: mostly well inside, sometimes at the page's ends and beyond them, often aligned. */
export function dataAddress(random: Random, alignment = 1): number {
  const kind = random.below(20);
  if (kind === 0) return places.data + pageBytes - random.below(20);
  if (kind === 1) return places.data - random.below(8) + 2;
  if (kind === 2) return places.stack + random.below(pageBytes);
  const offset = dataBytes + random.below(dataBytes);
  return places.data + (chance(random, 85) ? offset & -alignment : offset);
}

const mov = (register: number, value: number): number[] => [0xb8 + register, ...d(value)];

/** ModRM to memory, what must be set up before it, and the bytes that follow it. */
function memoryOperand(random: Random, reg: number, alignment: number): { setup: number[]; bytes: number[] } {
  const kind = random.below(10);
  const address = dataAddress(random, alignment);
  if (kind < 5) return { setup: [], bytes: [(reg << 3) | 5, ...d(address)] };
  const base = pick(random, [3, 6, 7, 5, 2]);
  if (kind < 7) {
    const displacement = random.below(256) - 128;
    return { setup: mov(base, address - displacement), bytes: [0x40 | (reg << 3) | base, displacement & 0xff] };
  }
  if (kind < 9) {
    const index = pick(random, [0, 1, 2, 6]);
    const scale = random.below(4);
    const count = random.below(8);
    const displacement = address - (count << scale);
    if (index === base) return { setup: mov(base, address), bytes: [0x80 | (reg << 3) | base, ...d(0)] };
    const setup = [...mov(index, count), ...mov(base, displacement)];
    return { setup, bytes: [0x40 | (reg << 3) | 4, (scale << 6) | (index << 3) | base, 0] };
  }
  // Whatever the registers hold.
  return { setup: [], bytes: [0x80 | (reg << 3) | base, ...d(number32(random))] };
}

const widthOf = ({ width }: OperandSpecification, operand32: boolean): number =>
  width === 'operand' ? (operand32 ? 32 : 16) : width;

function immediates(random: Random, form: Form, operand32: boolean): number[] {
  return form.operands.flatMap((operand) => {
    const bytes = widthOf(operand, operand32) / 8;
    const value = number32(random);
    switch (operand.kind) {
      case 'immediate':
      case 'immediate2':
        return d(value).slice(0, bytes);
      case 'signedImmediate':
        return [value & 0xff];
      case 'offset':
        return d(dataAddress(random));
      case 'relative':
        return d(0).slice(0, bytes);
      case 'far':
        return [...d(value).slice(0, bytes), ...w(value)];
      default:
        return [];
    }
  });
}

export interface Encoded {
  readonly setup: readonly number[];
  readonly bytes: readonly number[];
  readonly operand32: boolean;
  /** The last immediate byte, for counts of shifts. */
  readonly lastByte: number;
  readonly modrm: number | undefined;
}

const hasAnyPrefixSay = (form: Form): boolean => form.prefix === undefined;

function prefixesOf(random: Random, form: Form, inMemory: boolean): number[] {
  const prefixes: number[] = [];
  if (chance(random, 3)) prefixes.push(pick(random, [0x26, 0x2e, 0x36, 0x3e, 0x64]));
  if (hasAnyPrefixSay(form)) {
    if (chance(random, 20)) prefixes.push(0x66);
    if (chance(random, form.isLockable && inMemory ? 8 : 0)) prefixes.push(0xf0);
    else if (random.below(400) === 0) prefixes.push(0xf0);
  } else if (form.prefix !== 'NP') prefixes.push(parseInt(form.prefix!, 16));
  return prefixes;
}

/** One instruction of a form. Memory operands are aligned to `alignment` more often than not. */
export function encode(random: Random, form: Form, alignment = 1): Encoded {
  const kinds = form.operands.map(({ kind }) => kind);
  const memoryOnly = kinds.includes('memory') || kinds.includes('block');
  const registerOnly = kinds.includes('registerOnly') || kinds.includes('rmRegister') || form.modrmBytes !== undefined;
  const inMemory = form.modrm && !registerOnly && (memoryOnly || chance(random, 50));
  const prefixes = prefixesOf(random, form, inMemory || kinds.includes('offset'));
  const operand32 = !prefixes.includes(0x66);
  let setup: number[] = [];
  let modrm: number[] = [];
  if (form.modrmBytes !== undefined) modrm = [form.modrmBytes.first + random.below(form.modrmBytes.count)];
  else if (form.modrm) {
    const register = (): number => (chance(random, 80) ? pick(random, [0, 1, 2, 3, 5, 6, 7]) : random.below(8));
    const reg = form.digit ?? register();
    if (inMemory) ({ setup, bytes: modrm } = memoryOperand(random, reg, alignment));
    else modrm = [0xc0 | (reg << 3) | register()];
  }
  const opcode = [...form.opcode];
  if (form.plusRegister) opcode[opcode.length - 1]! += random.below(8);
  const bytes = [...prefixes, ...opcode, ...modrm, ...immediates(random, form, operand32)];
  return { setup, bytes, operand32, lastByte: bytes.at(-1)!, modrm: modrm[0] };
}
