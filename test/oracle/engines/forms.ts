/** Any instruction of the declarations, so that new ones are covered the day they are declared: operands at random. */
import { handlersOf } from '../../../src/cpu/engine/interpreter/handlers.js';
import type { Form, Instruction, OperandSpecification } from '../../../src/cpu/instructions/instruction.js';
import type { ProcessorModel } from '../../../src/cpu/model.js';
import { d, w } from '../../cpu/bytes.js';
import { hasAlias } from './environment.js';
import { places, type SegmentKey, segmentOrder, variables } from './program.js';
import { EBP, EBX, EDI, ESI, type OperandWidth, type Writer } from './writer.js';

/** What has a snippet of its own, because it goes elsewhere or changes the world. */
const excluded = new Set(
  (
    'int int3 int1 into iret bound hlt jmp jmpf call callf ret retf loop loope loopne jcxz sysenter sysexit ' +
    'lgdt lidt lldt ltr lmsw wrmsr popf les lds lss lfs lgs popes popss popds popfs popgs popcs enter leave ' +
    'pusha popa push pop pushf pushes pushcs pushss pushds pushfs pushgs ins outs in out std ud2 salc ' +
    'jo jno jb jae je jne jbe ja js jns jp jnp jl jge jle jg fxrstor frstor fldenv invd wbinvd'
  ).split(' '),
);

interface Choice {
  readonly instruction: Instruction;
  readonly form: Form;
}
export type Family = 'integer' | 'x87' | 'mmx' | 'xmm' | 'string';
const byModel = new Map<ProcessorModel, Readonly<Record<Family, readonly Choice[]>>>();

/** Forms that change control and debug registers, or load segments, by their opcode. */
const changesWorld = ({ opcode }: Form): boolean =>
  opcode[0] === 0x8e || (opcode[0] === 0x0f && [0x21, 0x22, 0x23, 0x24, 0x26].includes(opcode[1]!));

function familyOf({ instruction, form }: Choice): Family {
  const banks = form.operands.map(({ bank }) => bank);
  if (form.opcode[0]! >= 0xd8 && form.opcode[0]! <= 0xdf) return 'x87';
  if (banks.includes('xmm')) return 'xmm';
  if (banks.includes('mmx')) return 'mmx';
  return instruction.repeatable === undefined ? 'integer' : 'string';
}
export function formsOf(model: ProcessorModel): Readonly<Record<Family, readonly Choice[]>> {
  const known = byModel.get(model);
  if (known !== undefined) return known;
  const found: Record<Family, Choice[]> = { integer: [], x87: [], mmx: [], xmm: [], string: [] };
  for (const choice of handlersOf(model).forms) {
    if (!excluded.has(choice.instruction.mnemonic) && !changesWorld(choice.form)) found[familyOf(choice)].push(choice);
  }
  byModel.set(model, found);
  return found;
}

const interesting = [
  0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000,
  0xffff_ffff, 0xffff_8000,
] as const; // prettier-ignore
export function anyNumber(writer: Writer): number {
  return writer.chance(60) ? writer.pick(interesting) : writer.random.next();
}

/** A linear address of data: mostly inside, sometimes across pages, unmapped, of a device, or in another mapping. */
export function anyAddress(writer: Writer, alignment = 1): number {
  const kind = writer.random.below(100);
  const pages = (places.dataEnd - places.data) >> 12;
  if (kind < 6) return places.data + 0x1000 * writer.between(1, pages) - writer.between(1, 8);
  if (kind < 8 && writer.environment.kind !== 'real') return places.device + writer.random.below(64);
  if (kind < 12 && hasAlias(writer.environment))
    return writer.environment.aliasBase + variables.free + writer.random.below(0x3000);
  if (kind < 14) return places.innerStack + 0x800 + writer.random.below(0x7c0);
  const offset = writer.random.below(writer.chance(60) ? 0x100 : places.dataEnd - variables.free - 64);
  return (variables.free + offset) & (writer.chance(85) ? -alignment : -1);
}

/** Registers that may be written. */
export function freeRegister(writer: Writer, from: readonly number[] = [0, 1, 2, 3, 5, 6, 7]): number {
  const free = from.filter((register) => !writer.reserved.has(register));
  return free.length === 0 ? from[0]! : writer.pick(free);
}

/** A register for an operand of a width: with 8 bits, the high half of one of the first four too. */
export function registerFor(writer: Writer, width: number): number {
  if (width !== 8) return freeRegister(writer);
  const free = freeRegister(writer, [0, 1, 2, 3]);
  return writer.chance(35) ? free + 4 : free;
}

/** The bytes of a ModRM memory operand at an address, and what must be set up before it. */
export function memoryBytes(
  writer: Writer,
  reg: number,
  linear: number,
  address32: boolean,
  segment: SegmentKey = 'ds',
): number[] {
  const offset = writer.offset(linear, segment);
  const kind = writer.random.below(10);
  if (kind < 4) return writer.absolute(reg, offset, address32);
  if (!address32) {
    // BX, SI or DI, or two of them.
    const base = freeRegister(writer, [EBX, ESI, EDI]);
    const code = base === EBX ? 7 : base === ESI ? 4 : 5;
    const displacement = writer.between(-128, 127);
    writer.op(16, 0xb8 | base, ...w(offset - displacement));
    return writer.chance(50)
      ? [0x40 | (reg << 3) | code, displacement & 0xff]
      : [0x80 | (reg << 3) | code, ...w(displacement)];
  }
  const base = freeRegister(writer, segment === 'ds' ? [0, 1, 2, EBX, ESI, EDI] : [0, 1, 2, EBX, EBP, ESI, EDI]);
  if (kind < 7) {
    const displacement = writer.between(-128, 127);
    writer.set(base, offset - displacement);
    return [0x40 | (reg << 3) | base, displacement & 0xff];
  }
  const index = freeRegister(writer, [0, 1, 2, EBP, ESI, EDI]);
  const scale = writer.random.below(4);
  const count = writer.random.below(8);
  writer.set(base, offset);
  if (index === base) return [0x80 | (reg << 3) | base, ...d(0)];
  writer.set(index, count);
  return [0x80 | (reg << 3) | 4, (scale << 6) | (index << 3) | base, ...d(-(count << scale))];
}

const widthOf = ({ width }: OperandSpecification, operand: OperandWidth): number =>
  width === 'operand' ? operand : width;

function immediates(writer: Writer, form: Form, operand: OperandWidth, address32: boolean): number[] {
  return form.operands.flatMap((each) => {
    const value = anyNumber(writer);
    switch (each.kind) {
      case 'immediate':
      case 'immediate2':
        return d(value).slice(0, widthOf(each, operand) / 8);
      case 'signedImmediate':
        return [value & 0xff];
      case 'offset': {
        const offset = writer.offset(anyAddress(writer));
        return address32 ? d(offset) : w(offset);
      }
      default:
        return [];
    }
  });
}
const alignmentOf = (form: Form): number =>
  form.operands.reduce((most, { width, isUnaligned }) => (width === 128 && isUnaligned !== true ? 16 : most), 4);

/** Writes one instruction of a form, with what its operands need before it. */
export function writeForm(writer: Writer, { instruction, form }: Choice): void {
  const kinds = form.operands.map(({ kind }) => kind);
  const memoryOnly = kinds.includes('memory') || kinds.includes('block');
  const registerOnly = kinds.includes('registerOnly') || kinds.includes('rmRegister') || form.modrmBytes !== undefined;
  const inMemory = form.modrm && !registerOnly && (memoryOnly || writer.chance(45));
  const prefixes: number[] = [];
  let operand: OperandWidth = writer.bits;
  if (form.prefix === undefined) {
    if (writer.chance(20)) {
      prefixes.push(0x66);
      operand = operand === 32 ? 16 : 32;
    }
    if (form.isLockable && (inMemory || kinds.includes('offset')) && writer.chance(8)) prefixes.push(0xf0);
    else if (writer.random.below(500) === 0) prefixes.push(0xf0);
  } else if (form.prefix !== 'NP') prefixes.push(parseInt(form.prefix, 16));
  let address32 = writer.bits === 32;
  if ((inMemory || kinds.includes('offset')) && writer.chance(5)) {
    prefixes.push(0x67);
    address32 = !address32;
  }
  const segment = inMemory && writer.chance(6) ? writer.pick(segmentOrder) : 'ds';
  prefixes.unshift(...writer.override(segment));
  let modrm: number[] = [];
  if (form.modrmBytes !== undefined) modrm = [form.modrmBytes.first + writer.random.below(form.modrmBytes.count)];
  else if (form.modrm) {
    const inRegister = form.operands.some(({ width }) => width === 8) ? 8 : 32;
    const reg = form.digit ?? registerFor(writer, inRegister);
    const bytes = (at: number): number[] => memoryBytes(writer, reg, at, address32, segment);
    modrm = inMemory
      ? bytes(anyAddress(writer, alignmentOf(form)))
      : [0xc0 | (reg << 3) | registerFor(writer, inRegister)];
  }
  const opcode = [...form.opcode];
  if (form.plusRegister) opcode[opcode.length - 1]! |= registerFor(writer, form.operands[0]?.width === 8 ? 8 : 32);
  if (instruction.mnemonic === 'xlat') writer.set(EBX, writer.offset(variables.free));
  writer.emit(...prefixes, ...opcode, ...modrm, ...immediates(writer, form, operand, address32));
}

/** One instruction of a family that the model has; of integers where it has none. */
export function anyForm(writer: Writer, family: Family): void {
  const all = formsOf(writer.environment.model);
  const choices = all[family].length > 0 ? all[family] : all.integer;
  writeForm(writer, writer.pick(choices));
}
