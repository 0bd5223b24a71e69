/** Operands of handlers: registers, immediates and memory as the record says; and the stack. */
import { assert } from '../../../base/assert.js';
import type { EmittedOperand } from '../../instructions/emitter.js';
import type { Width } from '../../instructions/instruction.js';
import { byteRegisterAddress, type GeneralRegister, generalRegisters, record, registerAddress } from '../../layout.js';
import type { Operand, Value } from '../../wasm/values.js';
import { MemoryCode } from './memory-code.js';
import { loadOpcodes, storeOpcodes } from './record-code.js';

const refuse = (): never => {
  throw new Error('only a memory operand has an offset');
};
/** An operand that is not in memory. Of one shape, written out: the compiler makes them by the thousand. */
export const plainOperand = (width: Width, read: () => Value, write: (value: Operand) => void): EmittedOperand => ({
  width,
  isMemory: false,
  read,
  write,
  offset: refuse,
  linear: refuse,
  readBeyond: refuse,
  writeBeyond: refuse,
  readBlock: refuse,
  writeBlock: refuse,
  probeBlock: refuse,
  moved: refuse,
});
const refuseImmediate = (): void => assert(false, 'an immediate is not written');
const refuseConstant = (): void => assert(false, 'a constant is not written');

/** Adds operands and the stack. */
export class OperandCode extends MemoryCode {
  registerOperand(slot: 'rm' | 'reg', width: Width): EmittedOperand {
    return this.registerAt(() => this.field(slot), width);
  }
  register(name: GeneralRegister, width: Width = 32): EmittedOperand {
    const address = registerAddress(generalRegisters.indexOf(name));
    return this.registerAt(() => this.i32(address), width);
  }
  /** A register by its number in encoding order. */
  numberedRegister(number: number, width: Width): EmittedOperand {
    const address = width === 8 ? byteRegisterAddress(number) : registerAddress(number);
    return this.registerAt(() => this.i32(address), width);
  }
  byteRegister(name: 'al' | 'ah' | 'cl'): EmittedOperand {
    const address = byteRegisterAddress({ al: 0, cl: 1, ah: 4 }[name]);
    return this.registerAt(() => this.i32(address), 8);
  }
  protected registerAt(address: () => Value, width: Width): EmittedOperand {
    // A register whose address is known is a load at a constant place.
    const known = address().constant;
    const place = known === undefined ? address : (): Value => this.i32(0);
    return plainOperand(
      width,
      () => this.load(loadOpcodes[width], place(), known ?? 0),
      (value) => this.store(storeOpcodes[width], place(), value, known ?? 0),
    );
  }
  immediateOperand(width: Width, second: boolean): EmittedOperand {
    const value = this.word(second ? 'immediate2' : 'immediate');
    return plainOperand(width, () => value, refuseImmediate);
  }
  constantOperand(value: number, width: Width): EmittedOperand {
    const constant = this.i32(value);
    return plainOperand(width, () => constant, refuseConstant);
  }

  protected effectiveOffset(): Value {
    const base = this.loadLate('i32.load', this.field('base'));
    const index = this.loadLate('i32.load', this.field('index'));
    const scale = this.loadLate('i32.load8_u', this.flow.record, record.scale);
    const sum = this.add(this.add(base, this.shl(index, scale)), this.word('displacement'));
    return this.hold(this.and(sum, this.word('addressMask')));
  }
  memoryOperand(width: Width, access: 'read' | 'write' | 'readWrite'): EmittedOperand {
    let offset: Value | undefined;
    return this.memoryAt(() => (offset ??= this.effectiveOffset()), width, access);
  }
  private memoryAt(offset: () => Value, width: Width, access: 'read' | 'write' | 'readWrite'): EmittedOperand {
    const segment = this.field('segment');
    const beyond = (displacement: Operand): Value =>
      this.hold(this.and(this.add(offset(), displacement), this.word('addressMask')));
    let place: Value | undefined;
    return {
      width,
      isMemory: true,
      offset,
      linear: () => this.linear(segment, offset()),
      read: () => {
        if (access !== 'readWrite') return this.readMemory(segment, offset(), width);
        const found = this.readForWrite(segment, offset(), width);
        place = found.place;
        return found.value;
      },
      write: (value) => {
        if (place === undefined) this.writeMemory(segment, offset(), width, value);
        else this.writeBack(place, segment, offset(), width, value);
      },
      readBeyond: (displacement, otherWidth) => this.readMemory(segment, beyond(displacement), otherWidth),
      writeBeyond: (displacement, otherWidth, value) =>
        this.writeMemory(segment, beyond(displacement), otherWidth, value),
      readBlock: (bytes) => this.readableBlock(segment, offset(), bytes),
      writeBlock: (bytes) => this.writeBlockTo(segment, offset(), bytes),
      probeBlock: (bytes) => this.probeBlockAt(segment, offset(), bytes),
      moved: (displacement) => {
        const moved = beyond(displacement);
        return this.memoryAt(() => moved, width, access);
      },
    };
  }

  /** Writes an operand whose write permission was checked when it was read; `place` is 0 where the write goes the slow way. */
  protected writeBack(place: Value, segment: Value, offset: Value, width: Width, value: Operand): void {
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
