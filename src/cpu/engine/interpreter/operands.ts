/** Operands of the instruction at hand, as classes: the compiler makes them by the hundred thousand. */
import { assert } from '../../../base/assert.js';
import type { EmittedOperand, VectorOperand } from '../../instructions/emitter.js';
import type { Width } from '../../instructions/instruction.js';
import type { Operand, Value } from '../../wasm/values.js';
import type { OperandCode } from './operand-code.js';

const refuse = (): never => {
  throw new Error('only a memory operand has an offset');
};

/** An operand that is not in memory. */
export abstract class PlainOperand implements EmittedOperand {
  readonly isMemory = false;
  constructor(readonly width: Width) {}
  abstract read(): Value;
  abstract write(value: Operand): void;
  offset(): Value {
    return refuse();
  }
  linear(): Value {
    return refuse();
  }
  readBeyond(): Value {
    return refuse();
  }
  writeBeyond(): void {
    refuse();
  }
  readBlock(): Value {
    return refuse();
  }
  writeBlock(): void {
    refuse();
  }
  probeBlock(): void {
    refuse();
  }
  moved(): EmittedOperand {
    return refuse();
  }
}

/** An immediate, or a constant. */
export class FixedOperand extends PlainOperand {
  constructor(
    private readonly value: Value,
    width: Width,
  ) {
    super(width);
  }
  read(): Value {
    return this.value;
  }
  write(): void {
    assert(false, 'an immediate is not written');
  }
}

/** Asked for nothing but the vector that it is. */
export class OperandOfVector extends PlainOperand {
  constructor(readonly vector: VectorOperand) {
    super(32);
  }
  read(): Value {
    assert(false, 'a vector operand is read as a vector');
  }
  write(): void {
    assert(false, 'a vector operand is written as a vector');
  }
}

export class MemoryOperand implements EmittedOperand {
  readonly isMemory = true;
  private readonly segment: Value;
  /** Where its write goes, once its write permission was checked. */
  private place: Value | undefined;

  constructor(
    private readonly code: OperandCode,
    readonly width: Width,
    private readonly access: 'read' | 'write' | 'readWrite',
    private knownOffset?: Value,
  ) {
    this.segment = code.dataSegment();
  }
  offset(): Value {
    return (this.knownOffset ??= this.code.effectiveOffset());
  }
  linear(): Value {
    return this.code.linear(this.segment, this.offset());
  }
  private beyond(displacement: Operand): Value {
    const { code } = this;
    return code.hold(code.wrapped(code.add(this.offset(), displacement)));
  }
  read(): Value {
    const { code, segment, width } = this;
    if (this.access !== 'readWrite') return code.readMemory(segment, this.offset(), width);
    const { place, value } = code.readForWrite(segment, this.offset(), width);
    this.place = place;
    return value;
  }
  write(value: Operand): void {
    const { code, segment, width, place } = this;
    if (place === undefined) code.writeMemory(segment, this.offset(), width, value);
    else code.writeBack(place, segment, this.offset(), width, value);
  }
  readBeyond(displacement: Operand, width: Width): Value {
    return this.code.readMemory(this.segment, this.beyond(displacement), width);
  }
  writeBeyond(displacement: Operand, width: Width, value: Operand): void {
    this.code.writeMemory(this.segment, this.beyond(displacement), width, value);
  }
  readBlock(bytes: number): Value {
    return this.code.readableBlock(this.segment, this.offset(), bytes);
  }
  writeBlock(bytes: number): void {
    this.code.writeBlockTo(this.segment, this.offset(), bytes);
  }
  probeBlock(bytes: number): void {
    this.code.probeBlockAt(this.segment, this.offset(), bytes);
  }
  moved(displacement: Value): EmittedOperand {
    return new MemoryOperand(this.code, this.width, this.access, this.beyond(displacement));
  }
}
