/** Operands of handlers: registers, immediates and memory as the record says; and the stack. */
import type { EmittedOperand } from '../../instructions/emitter.js';
import type { Width } from '../../instructions/instruction.js';
import { byteRegisterAddress, type GeneralRegister, generalRegisters, record, registerAddress } from '../../layout.js';
import type { Operand, Value } from '../../wasm/values.js';
import { MemoryCode } from './memory-code.js';
import { FixedOperand, MemoryOperand, PlainOperand } from './operands.js';
import { loadOpcodes, storeOpcodes } from './record-code.js';

/** A register whose slot lies where the record says. */
class SlotOperand extends PlainOperand {
  constructor(
    private readonly code: OperandCode,
    private readonly address: Value,
    private readonly displacement: number,
    width: Width,
  ) {
    super(width);
  }
  read(): Value {
    return this.code.load(loadOpcodes[this.width], this.address, this.displacement);
  }
  write(value: Operand): void {
    this.code.store(storeOpcodes[this.width], this.address, value, this.displacement);
  }
}

/** Adds operands and the stack. */
export class OperandCode extends MemoryCode {
  registerOperand(slot: 'rm' | 'reg', width: Width): EmittedOperand {
    return this.registerAt(this.field(slot), width);
  }
  register(name: GeneralRegister, width: Width = 32): EmittedOperand {
    const address = registerAddress(generalRegisters.indexOf(name));
    return this.registerAt(this.i32(address), width);
  }
  /** A register by its number in encoding order. */
  numberedRegister(number: number, width: Width): EmittedOperand {
    const address = width === 8 ? byteRegisterAddress(number) : registerAddress(number);
    return this.registerAt(this.i32(address), width);
  }
  byteRegister(name: 'al' | 'ah' | 'cl'): EmittedOperand {
    const address = byteRegisterAddress({ al: 0, cl: 1, ah: 4 }[name]);
    return this.registerAt(this.i32(address), 8);
  }
  protected registerAt(address: Value, width: Width): EmittedOperand {
    // A register whose address is known is a load at a constant place.
    const known = address.constant;
    return new SlotOperand(this, known === undefined ? address : this.i32(0), known ?? 0, width);
  }
  immediateOperand(width: Width, second: boolean): EmittedOperand {
    return new FixedOperand(this.word(second ? 'immediate2' : 'immediate'), width);
  }
  constantOperand(value: number, width: Width): EmittedOperand {
    return new FixedOperand(this.i32(value), width);
  }

  effectiveOffset(): Value {
    const base = this.loadLate('i32.load', this.field('base'));
    const index = this.loadLate('i32.load', this.field('index'));
    const scale = this.loadLate('i32.load8_u', this.flow.record, record.scale);
    const sum = this.add(this.add(base, this.shl(index, scale)), this.word('displacement'));
    return this.hold(this.and(sum, this.word('addressMask')));
  }
  memoryOperand(width: Width, access: 'read' | 'write' | 'readWrite'): EmittedOperand {
    return new MemoryOperand(this, width, access);
  }
  /** The segment of the record's memory operand. */
  dataSegment(): Value {
    return this.field('segment');
  }
  /** An offset within the address size. */
  wrapped(offset: Value): Value {
    return this.and(offset, this.word('addressMask'));
  }

  /** Writes an operand whose write permission was checked when it was read; `place` is 0 where the write goes the slow way. */
  writeBack(place: Value, segment: Value, offset: Value, width: Width, value: Operand): void {
    this.when(
      place,
      () => this.store(storeOpcodes[width], place, value),
      () => this.writeSlowly(segment, offset, width, value),
    );
  }

  // The stack.

  stackPointer(): Value {
    return this.register('esp', this.stackWidth).read();
  }
  setStackPointer(value: Operand): void {
    this.register('esp', this.stackWidth).write(value);
  }
  push(value: Operand, width: Width = this.width): void {
    const bytes = width / 8;
    const pointer = this.hold(this.zeroExtend(this.sub(this.stackPointer(), bytes), this.stackWidth));
    this.storeTo('ss', pointer, width, value);
    this.setStackPointer(pointer);
  }
  top(displacement: number, width: Width = this.width): Value {
    const offset = this.zeroExtend(this.add(this.stackPointer(), displacement), this.stackWidth);
    return this.loadFrom('ss', offset, width);
  }
  release(bytes: Operand): void {
    this.setStackPointer(this.add(this.stackPointer(), bytes));
  }
}
