/**
 * Disassembly in Intel syntax, derived from the same forms that the decoder and the engines use (Intel SDM Vol. 2, chapter 2,
 * "Instruction Format"). What a processor model does not have is shown as bytes.
 */
import { hex } from '../base/integers.js';
import type { DecodeForm } from '../cpu/engine/interpreter/handlers.js';
import { formFor, opcodeTable } from '../cpu/decode/opcode-table.js';
import type { OperandSpecification, RegisterBank } from '../cpu/instructions/instruction.js';
import { generalRegisters } from '../cpu/layout.js';
import { atLeast, type ProcessorModel } from '../cpu/model.js';

/** What the bytes stand for, and where they stand. */
export interface DisassemblyContext {
  readonly model: ProcessorModel;
  /** Default operand and address size of the code segment. */
  readonly code32: boolean;
  /** Offset of the first byte in the code segment, for jump targets. */
  readonly offset: number;
}

/** One instruction as text. */
export interface Disassembly {
  readonly text: string;
  /** Bytes it takes; 0 where the bytes end before the instruction does. */
  readonly length: number;
}

const byteRegisters = ['al', 'cl', 'dl', 'bl', 'ah', 'ch', 'dh', 'bh'] as const;
const segments = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;
const overrides: Readonly<Record<number, string>> = {
  0x26: 'es',
  0x2e: 'cs',
  0x36: 'ss',
  0x3e: 'ds',
  0x64: 'fs',
  0x65: 'gs',
};
const bases16 = ['bx+si', 'bx+di', 'bp+si', 'bp+di', 'si', 'di', 'bp', 'bx'] as const;

/** Instructions whose operand is in their name. */
const implied = new Set(['cbw', 'cwd']);

/** The manual's names for memory operands by their bytes. */
const memoryNames: Readonly<Record<number, string>> = {
  1: 'byte',
  2: 'word',
  4: 'dword',
  8: 'qword',
  10: 'tword',
  16: 'oword',
};

class OutOfBytes {}

class Disassembler {
  private position = 0;
  private segment: string | undefined;
  private operand32: boolean;
  private address32: boolean;
  private prefixes: string[] = [];
  /** 0, 1 for F2, 2 for F3. */
  private repeat = 0;
  private modrm = 0;
  private memoryText: string | undefined;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly context: DisassemblyContext,
  ) {
    this.operand32 = this.address32 = context.code32;
  }

  run(): Disassembly {
    try {
      const text =
        this.instruction() ?? `db ${[...this.bytes.subarray(0, this.position)].map((byte) => hex(byte, 2)).join(' ')}`;
      return { text, length: this.position };
    } catch (problem) {
      if (!(problem instanceof OutOfBytes)) throw problem;
      return { text: '?', length: 0 };
    }
  }

  private byte(): number {
    const value = this.bytes[this.position];
    if (value === undefined) throw new OutOfBytes();
    this.position++;
    return value;
  }
  private number(bytes: number): number {
    let value = 0;
    for (let at = 0; at < bytes; at++) value += this.byte() * 2 ** (8 * at);
    return value;
  }
  private signed(bytes: number): number {
    const shift = 32 - 8 * bytes;
    return (this.number(bytes) << shift) >> shift;
  }

  private instruction(): string | undefined {
    const first = this.readPrefixes();
    const escaped = first === 0x0f && this.context.model !== '8086';
    const opcode = escaped ? 256 + this.byte() : first;
    const entry = opcodeTable(this.context.model).entry(opcode);
    if (entry === undefined) return undefined;
    if (entry.modrm) this.modrm = this.byte();
    const form = formFor(entry, this.repeat, this.operand32 !== this.context.code32, this.modrm);
    if (form === undefined) return undefined;
    // A prefix that belongs to the opcode is no prefix of its own.
    if (form.form.prefix === 'F2' || form.form.prefix === 'F3')
      this.prefixes = this.prefixes.filter((each) => each === 'lock');
    if (entry.modrm && this.modrm < 0xc0) this.memoryText = this.address32 ? this.address32Bit() : this.address16Bit();
    const named = implied.has(form.instruction.mnemonic) ? [] : form.form.operands;
    const operands = named.map((operand) => this.operand(operand, opcode, form));
    if (first === 0x90 && this.operand32 === this.context.code32) return 'nop';
    const mnemonic = withPredicate(this.mnemonic(form), operands);
    return [...this.prefixes, mnemonic, operands.join(', ')].filter((part) => part !== '').join(' ');
  }
  private readPrefixes(): number {
    const is32Bit = atLeast(this.context.model, '80386');
    for (;;) {
      const byte = this.byte();
      if (overrides[byte] !== undefined && (is32Bit || byte < 0x60)) this.segment = overrides[byte];
      else if (byte === 0x66 && is32Bit) this.operand32 = !this.context.code32;
      else if (byte === 0x67 && is32Bit) this.address32 = !this.context.code32;
      else if (byte === 0xf0) this.prefixes.push('lock');
      else if (byte === 0xf2 || byte === 0xf3) this.repeated(byte - 0xf1);
      else return byte;
    }
  }

  private repeated(repeat: number): void {
    this.repeat = repeat;
    this.prefixes.push(repeat === 1 ? 'repne' : 'rep');
  }

  /** The manual's name for the operand size at hand, where one mnemonic covers several. */
  private mnemonic({ instruction, form }: DecodeForm): string {
    const { mnemonic, repeatable } = instruction;
    const size = form.operands[0]?.width === 8 ? 'b' : this.operand32 ? 'd' : 'w';
    if (repeatable === 'repWhileEqual')
      this.prefixes = this.prefixes.map((prefix) => (prefix === 'rep' ? 'repe' : prefix));
    if (repeatable !== undefined) return `${mnemonic}${size}`;
    if (this.operand32) {
      const wide: Readonly<Record<string, string>> = {
        cbw: 'cwde',
        cwd: 'cdq',
        pusha: 'pushad',
        popa: 'popad',
        pushf: 'pushfd',
        popf: 'popfd',
        iret: 'iretd',
      };
      if (wide[mnemonic] !== undefined) return wide[mnemonic];
    }
    const segment = /^(push|pop)([c-gs]s)$/.exec(mnemonic);
    if (segment !== null) return `${segment[1]} ${segment[2]}`;
    const far = /^(jmp|call)f$/.exec(mnemonic);
    return far === null ? mnemonic : `${far[1]} far`;
  }

  private operand(specification: OperandSpecification, opcode: number, form: DecodeForm): string {
    const { kind, bank } = specification;
    if (form.instruction.repeatable !== undefined) return '';
    const width = this.widthOf(specification);
    switch (kind) {
      case 'rm':
      case 'memory':
        return this.memoryText === undefined ? register(this.modrm & 7, width, bank) : this.sized(width, form);
      case 'block':
        return `${memoryNames[specification.bytes ?? 0] ?? ''} ${this.memoryText ?? ''}`.trim();
      case 'stackTop':
        return 'st0';
      case 'stackRegister':
        return `st${this.modrm & 7}`;
      case 'rmRegister':
      case 'registerOnly':
        return register(this.modrm & 7, width, bank);
      case 'reg':
        return register((this.modrm >> 3) & 7, width, bank);
      case 'regNumber':
        return this.special(opcode, (this.modrm >> 3) & 7);
      case 'opcodeRegister':
        return register(opcode & 7, width);
      case 'fixed':
        return register(specification.register!, width);
      case 'immediate':
      case 'immediate2':
        return `0x${hex(this.number(width / 8))}`;
      case 'signedImmediate':
        return signedHex(this.signed(1));
      case 'one':
        return '1';
      case 'offset':
        return `[${this.segment === undefined ? '' : `${this.segment}:`}0x${hex(this.number(this.address32 ? 4 : 2))}]`;
      case 'relative':
        return this.target(this.signed(width / 8));
      case 'far': {
        const offset = this.number(width / 8);
        return `0x${hex(this.number(2), 4)}:0x${hex(offset)}`;
      }
    }
  }
  private widthOf({ width }: OperandSpecification): number {
    return width === 'operand' ? (this.operand32 ? 32 : 16) : width;
  }
  private target(displacement: number): string {
    const next = this.context.offset + this.position + displacement;
    return `0x${hex(this.operand32 ? next >>> 0 : next & 0xffff)}`;
  }
  private special(opcode: number, number: number): string {
    if (opcode < 256) return segments[number] ?? '?';
    const kind = ['cr', 'dr', 'cr', 'dr', 'tr', '?', 'tr'][opcode - 256 - 0x20] ?? '?';
    return `${kind}${number}`;
  }
  /** Memory with its size where no register operand tells it. */
  private sized(width: number, form: DecodeForm): string {
    const told = form.form.operands.some(
      (other) => (other.kind === 'reg' || other.kind === 'fixed') && this.widthOf(other) === width,
    );
    const bytes = form.form.operands.find(({ kind }) => kind === 'memory')?.bytes ?? width / 8;
    return told ? this.memoryText! : `${memoryNames[bytes]!} ${this.memoryText!}`;
  }

  private address16Bit(): string {
    const mod = this.modrm >> 6;
    const rm = this.modrm & 7;
    if (mod === 0 && rm === 6) return this.bracketed(`0x${hex(this.number(2))}`);
    return this.bracketed(`${bases16[rm]!}${this.displacement(mod, 2)}`);
  }
  private address32Bit(): string {
    const mod = this.modrm >> 6;
    let base = this.modrm & 7;
    let index = '';
    if (base === 4) {
      const sib = this.byte();
      base = sib & 7;
      const number = (sib >> 3) & 7;
      if (number !== 4) index = `${generalRegisters[number]!}${sib >> 6 === 0 ? '' : `*${1 << (sib >> 6)}`}`;
    }
    if (base === 5 && mod === 0) {
      const displacement = `0x${hex(this.number(4))}`;
      return this.bracketed(index === '' ? displacement : `${index}+${displacement}`);
    }
    const registers = [generalRegisters[base]!, index].filter((part) => part !== '').join('+');
    return this.bracketed(`${registers}${this.displacement(mod, 4)}`);
  }
  private displacement(mod: number, wideBytes: 2 | 4): string {
    if (mod === 0) return '';
    const value = this.signed(mod === 1 ? 1 : wideBytes);
    if (value === 0) return '';
    return value < 0 ? `-0x${hex(-value)}` : `+0x${hex(value)}`;
  }
  private bracketed(address: string): string {
    return `[${this.segment === undefined ? '' : `${this.segment}:`}${address}]`;
  }
}

const predicates = ['eq', 'lt', 'le', 'unord', 'neq', 'nlt', 'nle', 'ord'] as const;

/** CMPPS and its like are named after their immediate, which is no operand then. */
function withPredicate(mnemonic: string, operands: string[]): string {
  const found = /^cmp([ps][sd])$/.exec(mnemonic);
  const predicate = predicates[Number(operands[2] ?? NaN)];
  if (found === null || predicate === undefined) return mnemonic;
  operands.pop();
  return `cmp${predicate}${found[1]}`;
}

function register(number: number, width: number, bank?: RegisterBank): string {
  if (bank === 'mmx') return `mm${number}`;
  if (bank === 'xmm') return `xmm${number}`;
  if (width === 8) return byteRegisters[number]!;
  const name = generalRegisters[number]!;
  return width === 16 ? name.slice(1) : name;
}

const signedHex = (value: number): string => (value < 0 ? `-0x${hex(-value)}` : `0x${hex(value)}`);

/** Disassembles the first instruction of `bytes`. */
export function disassemble(bytes: Uint8Array, context: DisassemblyContext): Disassembly {
  const found = new Disassembler(bytes, context).run();
  return { ...found, text: found.text.trimEnd() };
}
