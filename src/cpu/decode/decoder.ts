/** Bytes to a decoded record. Encoding by Intel SDM Vol. 2, chapter 2, "Instruction Format". */
import { attributeIndex, type DecodeForm, operandSlot, pseudoHandlers } from '../engine/interpreter/handlers.js';
import { isVector, type OperandSpecification } from '../instructions/instruction.js';
import {
  byteRegisterAddress,
  record,
  registerAddress,
  segmentAddress,
  segmentIndex,
  x87RegisterBytes,
  x87Registers,
  xmmRegisterBytes,
  xmmRegisters,
  zeroSlot,
} from '../layout.js';
import { atLeast, type ProcessorModel } from '../model.js';
import { formFor, type OpcodeEntry, type OpcodeTable, opcodeTable } from './opcode-table.js';

/** Attributes of the code being decoded. */
export interface CodeMode {
  /** Default operand and address size is 32. */
  readonly code32: boolean;
  readonly stack32: boolean;
}

/** Gives the byte `index` places into the instruction, or a negative number where fetching it is not possible. */
export type Fetch = (index: number) => number;

/** What became of an attempt to decode. */
export type DecodeResult =
  /** A record was written; `endsBlock` tells that nothing may follow it. */
  | { readonly kind: 'instruction'; readonly length: number; readonly endsBlock: boolean }
  /** A byte could not be fetched; the fetcher knows why. */
  | { readonly kind: 'unavailable' }
  /** Longer than the model allows. */
  | { readonly kind: 'tooLong' };

class Unavailable {}
const unavailable = new Unavailable();
class TooLong {}
const tooLong = new TooLong();

/** Segment override prefixes. */
const overrides: Readonly<Record<number, number>> = {
  0x26: segmentIndex.es,
  0x2e: segmentIndex.cs,
  0x36: segmentIndex.ss,
  0x3e: segmentIndex.ds,
  0x64: segmentIndex.fs,
  0x65: segmentIndex.gs,
};

/** Base and index registers of 16-bit addressing, by rm; the segment is SS where BP takes part. */
const addressing16: readonly {
  readonly base: number | undefined;
  readonly index: number | undefined;
  readonly ss: boolean;
}[] = [
  { base: 3, index: 6, ss: false },
  { base: 3, index: 7, ss: false },
  { base: 5, index: 6, ss: true },
  { base: 5, index: 7, ss: true },
  { base: 6, index: undefined, ss: false },
  { base: 7, index: undefined, ss: false },
  { base: 5, index: undefined, ss: true },
  { base: 3, index: undefined, ss: false },
];

function addressOfRegister({ bank }: OperandSpecification, width: number, number: number): number {
  if (bank === 'mmx') return x87Registers + number * x87RegisterBytes;
  if (bank === 'xmm') return xmmRegisters + number * xmmRegisterBytes;
  return width === 8 ? byteRegisterAddress(number) : registerAddress(number);
}

/** Decodes instructions of one processor model into records in `memory`. */
export class Decoder {
  private readonly table: OpcodeTable;
  private readonly longest: number;
  private readonly is32Bit: boolean;
  private fetch: Fetch = () => -1;
  private position = 0;
  private segment: number | undefined;
  private operand32 = false;
  private address32 = false;
  private repeat = 0;
  private lock = false;
  private addressRegister: number | undefined;

  constructor(
    private readonly model: ProcessorModel,
    private readonly view: DataView,
  ) {
    this.table = opcodeTable(model);
    this.is32Bit = atLeast(model, '80386');
    this.longest = this.is32Bit ? 15 : model === '80286' ? 10 : Infinity;
  }

  /** Decodes one instruction into the record at `at`; `remaining` and `pageOffset` are the caller's. */
  decode(at: number, mode: CodeMode, fetch: Fetch): DecodeResult {
    this.fetch = fetch;
    this.position = 0;
    try {
      return this.decodeOne(at, mode);
    } catch (problem) {
      if (problem === unavailable) return { kind: 'unavailable' };
      if (problem === tooLong) return { kind: 'tooLong' };
      throw problem;
    }
  }

  private byte(): number {
    if (this.position >= this.longest) throw tooLong;
    const value = this.fetch(this.position);
    if (value < 0) throw unavailable;
    this.position++;
    return value;
  }
  private number(bytes: number): number {
    let value = 0;
    for (let at = 0; at < bytes; at++) value |= this.byte() << (8 * at);
    return value;
  }

  private prefixes(mode: CodeMode): number {
    this.segment = undefined;
    this.operand32 = mode.code32;
    this.address32 = mode.code32;
    this.repeat = 0;
    this.lock = false;
    for (;;) {
      const byte = this.byte();
      const override = overrides[byte];
      if (override !== undefined && (this.is32Bit || override < segmentIndex.fs)) this.segment = override;
      else if (byte === 0x66 && this.is32Bit) this.operand32 = !mode.code32;
      else if (byte === 0x67 && this.is32Bit) this.address32 = !mode.code32;
      else if (byte === 0xf0 || (byte === 0xf1 && this.model === '8086')) this.lock = true;
      else if (byte === 0xf2) this.repeat = 1;
      else if (byte === 0xf3) this.repeat = 2;
      else return byte;
    }
  }

  private decodeOne(at: number, mode: CodeMode): DecodeResult {
    const first = this.prefixes(mode);
    const escaped = first === 0x0f && atLeast(this.model, '80286');
    const opcode = escaped ? 256 + this.byte() : first;
    const entry = this.table.entry(opcode);
    if (entry === undefined) return this.invalid(at);
    const modrm = entry.modrm ? this.byte() : 0;
    const form = formFor(entry, this.repeat, this.operand32 !== mode.code32, modrm);
    if (form === undefined) return this.invalid(at);
    return this.fill(at, mode, entry, form, opcode, modrm);
  }

  private fill(
    at: number,
    mode: CodeMode,
    entry: OpcodeEntry,
    form: DecodeForm,
    opcode: number,
    modrm: number,
  ): DecodeResult {
    const { view } = this;
    const inMemory =
      form.form.operands.some(({ kind }) => kind === 'offset') ||
      (entry.modrm && modrm < 0xc0 && !form.form.operands.some(({ kind }) => kind === 'rmRegister'));
    if (this.lock && this.is32Bit && !(form.form.isLockable && inMemory)) return this.invalid(at);
    let segment = segmentIndex.ds as number;
    this.addressRegister = undefined;
    view.setUint16(at + record.base, zeroSlot, true);
    view.setUint16(at + record.index, zeroSlot, true);
    view.setUint8(at + record.scale, 0);
    view.setInt32(at + record.immediate, 0, true);
    view.setInt32(at + record.displacement, 0, true);
    view.setInt32(at + record.link, 0, true);
    if (inMemory && entry.modrm) segment = this.address32 ? this.address32Bit(at, modrm) : this.address16Bit(at, modrm);
    for (const operand of form.form.operands) this.operand(at, operand, opcode, modrm);
    if (opcode >= 0xd8 && opcode <= 0xdf) view.setInt32(at + record.immediate, ((opcode & 7) << 8) | modrm, true);
    if (inMemory) view.setInt32(at + record.addressMask, this.address32 ? -1 : 0xffff, true);
    if (form.instruction.mnemonic === 'pop' && this.addressRegister === 4) {
      // POP computes its target's address with the stack pointer already moved up.
      const moved = view.getInt32(at + record.displacement, true) + (this.operand32 ? 4 : 2);
      view.setInt32(at + record.displacement, moved, true);
    }
    const attributes = attributeIndex(inMemory, this.operand32, this.address32, mode.stack32, this.repeat);
    const handler = form.handlers[attributes]!;
    if (handler === 0) return this.invalid(at); // A register where only memory will do.
    view.setUint16(at + record.segment, segmentAddress(this.segment ?? segment), true);
    view.setUint16(at + record.handler, handler, true);
    view.setUint8(at + record.length, this.position);
    view.setUint8(at + record.repeat, this.repeat);
    return { kind: 'instruction', length: this.position, endsBlock: form.instruction.endsBlock === true };
  }

  private invalid(at: number): DecodeResult {
    this.view.setUint16(at + record.handler, pseudoHandlers.invalidOpcode, true);
    this.view.setUint8(at + record.length, this.position);
    return { kind: 'instruction', length: this.position, endsBlock: true };
  }

  private operand(at: number, specification: OperandSpecification, opcode: number, modrm: number): void {
    const { view } = this;
    const width = specification.width === 'operand' ? (this.operand32 ? 32 : 16) : specification.width;
    const bytes = width / 8;
    const setRegister = (number: number): void => {
      const address = addressOfRegister(specification, width, number);
      view.setUint16(at + record[operandSlot(specification)!], address, true);
    };
    const immediate = (value: number, field: number = record.immediate): void => {
      const cut = width === 32 ? value : value & (2 ** width - 1);
      view.setInt32(at + field, cut, true);
    };
    switch (specification.kind) {
      case 'rm':
        // Of a vector the address tells whether it is a register; else it is unused where rm is memory.
        if (isVector(specification) && modrm < 0xc0) return view.setUint16(at + record.rm, 0, true);
        return setRegister(modrm & 7);
      case 'rmRegister':
      case 'registerOnly':
        return setRegister(modrm & 7);
      case 'reg':
        return setRegister((modrm >> 3) & 7);
      case 'opcodeRegister':
        return setRegister(opcode & 7);
      case 'regNumber':
        return immediate((modrm >> 3) & 7);
      case 'immediate':
        return immediate(this.number(bytes));
      case 'signedImmediate':
        return immediate((this.number(1) << 24) >> 24);
      case 'immediate2':
        return immediate(this.number(bytes), record.immediate2);
      case 'offset':
        return view.setInt32(at + record.displacement, this.number(this.address32 ? 4 : 2), true);
      case 'relative': {
        const shift = 32 - width;
        return view.setInt32(at + record.immediate, (this.number(bytes) << shift) >> shift, true);
      }
      case 'far':
        immediate(this.number(bytes));
        return view.setInt32(at + record.immediate2, this.number(2), true);
      case 'stackRegister':
        view.setUint16(at + record.rm, (modrm & 7) * x87RegisterBytes, true);
        return view.setUint16(at + record.reg, 1 << (modrm & 7), true);
      case 'memory':
      case 'block':
      case 'stackTop':
      case 'fixed':
      case 'one':
        return;
    }
  }

  private setAddress(at: number, base: number | undefined, index: number | undefined, scale: number): void {
    this.addressRegister = base;
    if (base !== undefined) this.view.setUint16(at + record.base, registerAddress(base), true);
    if (index !== undefined) this.view.setUint16(at + record.index, registerAddress(index), true);
    this.view.setUint8(at + record.scale, scale);
  }

  /** Fills in a 16-bit address (SDM Vol. 2A, table 2-1); gives the default segment. */
  private address16Bit(at: number, modrm: number): number {
    const mod = modrm >> 6;
    const rm = modrm & 7;
    if (mod === 0 && rm === 6) {
      this.view.setInt32(at + record.displacement, this.number(2), true);
      return segmentIndex.ds;
    }
    const { base, index, ss } = addressing16[rm]!;
    this.setAddress(at, base, index, 0);
    const displacement = mod === 1 ? (this.number(1) << 24) >> 24 : mod === 2 ? this.number(2) : 0;
    this.view.setInt32(at + record.displacement, displacement, true);
    return ss ? segmentIndex.ss : segmentIndex.ds;
  }

  /** Fills in a 32-bit address (SDM Vol. 2A, tables 2-2 and 2-3); gives the default segment. */
  private address32Bit(at: number, modrm: number): number {
    const mod = modrm >> 6;
    let base: number | undefined = modrm & 7;
    if (base === 4) {
      const sib = this.byte();
      base = sib & 7;
      const index = (sib >> 3) & 7;
      if (base === 5 && mod === 0) base = undefined;
      this.setAddress(at, base, index === 4 ? undefined : index, sib >> 6);
    } else {
      if (base === 5 && mod === 0) base = undefined;
      this.setAddress(at, base, undefined, 0);
    }
    const displacement =
      mod === 1 ? (this.number(1) << 24) >> 24 : mod === 2 || base === undefined ? this.number(4) : 0;
    this.view.setInt32(at + record.displacement, displacement, true);
    return base === 4 || base === 5 ? segmentIndex.ss : segmentIndex.ds;
  }
}
