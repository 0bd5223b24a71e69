/** Vector operands of handlers: MMX and XMM registers, and memory in their place. */
import { assert } from '../../../base/assert.js';
import type { EmittedOperand, VectorOperand } from '../../instructions/emitter.js';
import { regions, tlbEntry } from '../../layout.js';
import type { ValueType } from '../../wasm/opcodes.js';
import type { FunctionBody } from '../../wasm/body.js';
import { Code, type LoadOpcode, type Operand, type Value, type Variable } from '../../wasm/values.js';
import { type Flow, outlineFlow } from './flow.js';
import type { HandlerOperand } from './handlers.js';
import { OperandCode } from './operand-code.js';
import { OperandOfVector } from './operands.js';

const GENERAL_PROTECTION = 13;

/** What the x87 sees in place of the sign and exponent of a register that MMX wrote. */
const mmxExponent = 0xffff;
const exponentOffset = 8;

const scalarLoads = { i32: 'i32.load', i64: 'i64.load', f32: 'f32.load', f64: 'f64.load' } as const;
const scalarStores = { i32: 'i32.store', i64: 'i64.store', f32: 'f32.store', f64: 'f64.store' } as const;
const vectorLoads: Readonly<Record<number, LoadOpcode>> = {
  4: 'v128.load32_zero',
  8: 'v128.load64_zero',
  16: 'v128.load',
};
const loadFor = (type: ValueType, bytes: number): LoadOpcode =>
  type === 'v128' ? vectorLoads[bytes]! : scalarLoads[type];

/** Nothing is known of what lies in memory. */
const unknown = { placeWritten: (): void => {}, known: (): number => 0, learn: (): void => {} };

const refuse = (): never =>
  assert(false, 'a register has a 16-bit lane by number, and memory is written once') as never;

/** Adds vector operands, and code that handlers share. */
export abstract class VectorCode extends OperandCode {
  /** The same emitter for a function of its own. */
  protected abstract over(body: FunctionBody, flow: Flow): this;

  shared(name: string, args: readonly Operand[], write: (emit: this, args: readonly Value[]) => Value): Value {
    const index = this.functions.shared(name, args.length + 1, (body) => {
      const values = args.map((_, position) => new Code(body).local(position + 1, 'i32'));
      const emit = this.over(body, outlineFlow(new Code(body).local(0, 'i32')));
      emit.return(write(emit, values));
      body.op('unreachable');
    });
    const result = this.call(index, 'i32', this.flow.record, ...args);
    this.when(this.isZero(result), () => this.flow.exit(this));
    return result;
  }

  vectorOperand({ shape, width, bank, isAligned }: HandlerOperand): EmittedOperand {
    const bytes = (width / 8) as 4 | 8 | 16;
    assert(bank !== undefined, 'a vector operand has a bank');
    const vector =
      shape === 'rm' || shape === 'reg'
        ? this.vectorRegister(this.field(shape), bank, bytes)
        : this.vectorInMemory(bank, bytes, isAligned, shape === 'either');
    return new OperandOfVector(vector);
  }

  protected vectorRegister(address: Value, bank: 'mmx' | 'xmm', bytes: 4 | 8 | 16): VectorOperand {
    const lane = (index: Value): Value => this.add(address, this.shl(index, 1));
    const mark = (): void => {
      if (bank === 'mmx') this.store('i32.store16', address, mmxExponent, exponentOffset);
    };
    return {
      ...unknown,
      bank,
      bytes,
      find: () => {},
      place: () => address,
      read: (type, displacement = 0) => this.load(loadFor(type, bytes), address, displacement),
      write: (value, displacement = 0) => {
        this.storeVector(address, value, bytes, displacement);
        mark();
      },
      readWord: (index) => this.load('i32.load16_u', lane(index)),
      writeWord: (index, value) => {
        this.store('i32.store16', lane(index), value);
        mark();
      },
    };
  }
  protected storeVector(address: Value, value: Value, bytes: 4 | 8 | 16, displacement: number): void {
    if (value.type !== 'v128') this.store(scalarStores[value.type], address, value, displacement);
    else if (bytes === 16) this.store('v128.store', address, value, displacement);
    else this.storeFirstLane(bytes, address, value, displacement);
  }

  /** In memory, or in a register if the record has one. */
  protected vectorInMemory(
    bank: 'mmx' | 'xmm',
    bytes: 4 | 8 | 16,
    isAligned: boolean,
    orRegister: boolean,
  ): VectorOperand {
    let place: Variable | undefined;
    const found = (): Value => {
      assert(place !== undefined, 'a vector operand is found before it is read');
      return place;
    };
    return {
      ...unknown,
      bank,
      bytes,
      find: () => {
        if (!orRegister) {
          place = this.variable(this.sourcePlace(bytes, isAligned));
          return;
        }
        const variable = (place = this.variable(this.field('rm')));
        this.when(this.isZero(variable), () => {
          const name = `vector source ${bytes}${isAligned ? ' aligned' : ''}`;
          variable.set(this.shared(name, [], (emit) => emit.sourcePlace(bytes, isAligned)));
        });
      },
      place: found,
      read: (type, displacement = 0) => this.load(loadFor(type, bytes), found(), displacement),
      write: (value) => this.writeVector(value, bytes, isAligned),
      readWord: refuse,
      writeWord: refuse,
    };
  }

  /** Where the record's memory operand can be read at this moment. */
  sourcePlace(bytes: number, isAligned: boolean): Value {
    const segment = this.field('segment');
    const offset = this.effectiveOffset();
    if (isAligned) this.requireAlignment(segment, offset, bytes);
    return this.readableBlock(segment, offset, bytes);
  }
  protected requireAlignment(segment: Value, offset: Value, bytes: number): void {
    this.when(this.and(this.linear(segment, offset), bytes - 1), () => this.fault(GENERAL_PROTECTION));
  }
  protected writeVector(value: Value, bytes: 4 | 8 | 16, isAligned: boolean): void {
    const segment = this.field('segment');
    const offset = this.effectiveOffset();
    if (isAligned) this.requireAlignment(segment, offset, bytes);
    if (bytes === 4) return this.writeMemory(segment, offset, 32, value);
    const { linear, entry, ok } = this.hit(segment, offset, bytes, 'write');
    this.when(
      ok,
      () => {
        const address = this.add(linear, this.loadLate('i32.load', entry, tlbEntry.addend));
        this.storeVector(address, value, bytes, 0);
      },
      () => {
        this.storeVector(this.i32(regions.block), value, bytes, 0);
        this.rememberRecord();
        this.callVoid(this.functions.writeBlock[bytes], segment, offset);
        this.leaveIfFaulted();
      },
    );
  }

  offerMasked(data: Value, mask: Value): void {
    this.store('v128.store', 0, data, regions.block);
    this.store('v128.store', 0, mask, regions.block + 16);
  }
}
