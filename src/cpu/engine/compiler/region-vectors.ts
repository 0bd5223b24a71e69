/** XMM registers of compiled code: each a local, of which it is known how far its numbers are ordinary. */
import { assert } from '../../../base/assert.js';
import { ordinary, type VectorOperand } from '../../instructions/emitter.js';
import { record, xmmRegisterBytes, xmmRegisters } from '../../layout.js';
import type { ValueType } from '../../wasm/opcodes.js';
import type { Code, Value } from '../../wasm/values.js';
import type { RegionInstruction } from './region.js';
import type { RegionFunction } from './region-function.js';

export const xmmCount = 8;
export const xmmAddress = (number: number): number => xmmRegisters + number * xmmRegisterBytes;
export const xmmNumber = (address: number): number => (address - xmmRegisters) / xmmRegisterBytes;

const laneShapes = { i32: 'i32x4', i64: 'i64x2', f32: 'f32x4', f64: 'f64x2' } as const;
const laneBytes = { i32: 4, i64: 8, f32: 4, f64: 8 } as const;
/** All ones in the bytes that an operand has. */
const operandMask = (bytes: number): number[] => Array.from({ length: 16 }, (_, index) => (index < bytes ? 0xff : 0));

/** What stays known of a register of which up to eight bytes from a place on are written. */
const keptBy = (displacement: number): number =>
  displacement >= 8 ? ordinary.sd | ordinary.ss : ordinary.pd & ~ordinary.sd;

export class LocalVector implements VectorOperand {
  readonly bank = 'xmm';
  constructor(
    private readonly code: Code,
    private readonly region: RegionFunction,
    private readonly number: number,
    readonly bytes: 4 | 8 | 16,
  ) {}

  find(): void {}
  place(): Value {
    this.code.store('v128.store', 0, this.whole, xmmAddress(this.number));
    return this.code.i32(xmmAddress(this.number));
  }
  placeWritten(): void {
    this.set(this.code.loadLate('v128.load', 0, xmmAddress(this.number)), 0);
  }
  known(): number {
    return this.region.known.get(this.number) ?? 0;
  }
  /** What an arm learns holds in that arm alone. */
  learn(numbers: number): void {
    if (this.region.depth === 0) this.region.known.set(this.number, this.known() | numbers);
  }

  private get whole(): Value {
    return this.region.vector(this.number);
  }
  private set(value: Value, kept: number): void {
    this.region.setVector(this.number, value);
    this.region.known.set(this.number, this.known() & kept);
  }
  read(type: ValueType, displacement = 0): Value {
    const { code, whole, bytes } = this;
    if (type !== 'v128') {
      const lane = displacement / laneBytes[type];
      return code.hold(code.extractLane(`${laneShapes[type]}.extract_lane`, lane, whole));
    }
    assert(displacement === 0, 'a whole vector starts at its first byte');
    return code.hold(bytes === 16 ? whole : code.apply('v128.and', whole, code.v128(operandMask(bytes))));
  }
  write(value: Value, displacement = 0): void {
    const { code, whole, bytes } = this;
    if (value.type === 'v128') {
      if (bytes === 16) return this.set(value, 0);
      const type = bytes === 8 ? 'i64' : 'i32';
      return this.write(code.extractLane(`${laneShapes[type]}.extract_lane`, 0, value));
    }
    const width = laneBytes[value.type];
    const replaced = code.replaceLane(`${laneShapes[value.type]}.replace_lane`, displacement / width, whole, value);
    this.set(replaced, keptBy(displacement));
  }
  readWord(lane: Value): Value {
    assert(lane.constant !== undefined, 'an immediate is known when it is compiled');
    return this.code.hold(this.code.extractLane('i16x8.extract_lane_u', lane.constant, this.whole));
  }
  writeWord(lane: Value, value: Value): void {
    assert(lane.constant !== undefined, 'an immediate is known when it is compiled');
    this.set(this.code.replaceLane('i16x8.replace_lane', lane.constant, this.whole, value), 0);
  }
}

/** The XMM registers that operands may name, and those among them that may be written. */
export interface VectorUse {
  readonly used: readonly number[];
  readonly written: readonly number[];
}
export const noVectors: VectorUse = { used: [], written: [] };

export function vectorUse(instructions: readonly RegionInstruction[], view: DataView): VectorUse {
  const [used, written] = [new Set<number>(), new Set<number>()];
  for (const { handler, record: at } of instructions) {
    if (handler === undefined) continue;
    for (let position = 0; position < handler.operands.length; position++) {
      const { bank, shape } = handler.operands[position]!;
      if (bank !== 'xmm' || shape === 'memory') continue;
      const address = view.getUint16(at + (shape === 'reg' ? record.reg : record.rm), true);
      if (address === 0) continue;
      used.add(xmmNumber(address));
      if (position === 0) written.add(xmmNumber(address));
    }
  }
  return { used: [...used], written: [...written] };
}
