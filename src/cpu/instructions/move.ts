/** Moves: MOV, XCHG, LEA, sign and zero extension, far pointer loads, XLAT. */
import type { SegmentName } from '../layout.js';
import type { Value } from '../wasm/values.js';
import type { Emitter } from './emitter.js';
import { loadDataSegmentReal } from './real-mode.js';
import {
  accumulator,
  al,
  form,
  imm,
  imm8,
  instruction,
  type Instruction,
  looselyDecoded,
  memory,
  moffs,
  moffs8,
  opcodeRegister,
  opcodeRegister8,
  r,
  r8,
  regNumber,
  rm,
  rm16,
  rm8,
} from './instruction.js';

const mov = instruction('mov', {
  source: 'Intel SDM Vol. 2B, "MOV: Move"',
  forms: [
    form('88 /r', rm8, r8),
    form('89 /r', rm, r),
    form('8A /r', r8, rm8),
    form('8B /r', r, rm),
    form('A0', al, moffs8),
    form('A1', accumulator, moffs),
    form('A2', moffs8, al),
    form('A3', moffs, accumulator),
    form('B0+r', opcodeRegister8, imm8),
    form('B8+r', opcodeRegister, imm),
    form('C6 /0 ib', rm8, imm8),
    form('C7 /0 iz', rm, imm),
    ...looselyDecoded('C6', [rm8, imm8]),
    ...looselyDecoded('C7', [rm, imm]),
  ],
  target: 'write',
  meaning(_emit, target, source) {
    target!.write(source!.read());
  },
});

const INVALID_OPCODE = 6;

/** The segment register that the reg field names: the 8086 leaves its top bit out, later processors check it. */
function segmentNumber(emit: Emitter): Value {
  if (emit.model === '8086') return emit.and(emit.immediate(), 3);
  const last = emit.model === '80286' ? 3 : 5;
  emit.when(emit.greaterUnsigned(emit.immediate(), last), () => emit.fault(INVALID_OPCODE));
  return emit.immediate();
}

/** MOV from a segment register: 16 bits to memory, zero-extended into a register. */
const movFromSegment = instruction('mov', {
  source: 'Intel SDM Vol. 2B, "MOV: Move"',
  forms: [form('8C /r', rm, regNumber)],
  target: 'write',
  meaning(emit, target) {
    const number = segmentNumber(emit);
    const selector = emit.hold(emit.selectorOf(number));
    if (target!.isMemory) target!.writeBeyond(0, 16, selector);
    else target!.write(selector);
  },
});

/** MOV to a segment register. CS cannot be loaded so, except on the 8086. */
const movToSegment = instruction('mov', {
  source: 'Intel SDM Vol. 2B, "MOV: Move"',
  forms: [form('8E /r', regNumber, rm16)],
  endsBlock: true,
  meaning(emit, _segment, source) {
    const number = segmentNumber(emit);
    if (emit.model !== '8086') emit.when(emit.equal(number, 1), () => emit.fault(INVALID_OPCODE));
    const selector = source!.read();
    loadDataSegmentReal(emit, number, selector, () => {});
    emit.system('loadSegmentShadowed', number, selector);
    emit.refetch();
  },
});

const exchange = instruction('xchg', {
  source: 'Intel SDM Vol. 2B, "XCHG: Exchange Register/Memory With Register"',
  forms: [
    form('86 /r', rm8, r8).lockable(),
    form('87 /r', rm, r).lockable(),
    form('90+r', opcodeRegister, accumulator),
  ],
  target: 'readWrite',
  second: 'readWrite',
  meaning(_emit, target, other) {
    const first = target!.read();
    const second = other!.read();
    target!.write(second);
    other!.write(first);
  },
});

const loadEffectiveAddress = instruction('lea', {
  source: 'Intel SDM Vol. 2A, "LEA: Load Effective Address"',
  forms: [form('8D /r', r, memory)],
  target: 'write',
  meaning(emit, target, source) {
    target!.write(emit.zeroExtend(source!.offset(), target!.width));
  },
});

function extend(mnemonic: string, opcode: readonly [string, string], signed: boolean): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2B, "MOVZX: Move With Zero-Extend", "MOVSX: Move With Sign-Extension"',
    forms: [form(`0F ${opcode[0]} /r`, r, rm8).since('80386'), form(`0F ${opcode[1]} /r`, r, rm16).since('80386')],
    target: 'write',
    meaning(emit, target, source) {
      const value = source!.read();
      target!.write(signed ? emit.zeroExtend(emit.signExtend(value, source!.width), target!.width) : value);
    },
  });
}

/** LES, LDS, LSS, LFS, LGS: the offset into a register, the selector that follows it into a segment register. */
function loadFarPointer(segment: SegmentName, number: number, opcode: string): Instruction {
  return instruction(`l${segment}`, {
    source: 'Intel SDM Vol. 2A, "LDS/LES/LFS/LGS/LSS: Load Far Pointer"',
    forms: [form(`${opcode} /r`, r, memory).since(opcode.startsWith('0F') ? '80386' : '8086')],
    target: 'write',
    endsBlock: true,
    meaning(emit, target, source) {
      const offset = source!.read();
      const selector = source!.readBeyond(source!.width / 8, 16);
      loadDataSegmentReal(emit, emit.i32(number), selector, () => target!.write(offset));
      emit.system('loadSegment', emit.i32(number), selector);
      target!.write(offset);
      emit.refetch();
    },
  });
}

const translate = instruction('xlat', {
  source: 'Intel SDM Vol. 2B, "XLAT: Table Look-up Translation"',
  forms: [form('D7')],
  usesAddressSize: true,
  meaning(emit) {
    const al = emit.byteRegister('al');
    const offset = emit.add(emit.register('ebx').read(), al.read());
    al.write(emit.loadFromData(emit.zeroExtend(offset, emit.addressWidth), 8));
  },
});

const signExtendAccumulator = instruction('cbw', {
  source: 'Intel SDM Vol. 2A, "CBW/CWDE: Convert Byte to Word/Convert Word to Doubleword"',
  forms: [form('98', accumulator)],
  target: 'readWrite',
  meaning(emit, target) {
    const width = target!.width;
    target!.write(emit.zeroExtend(emit.signExtend(target!.read(), width === 32 ? 16 : 8), width));
  },
});

const signExtendIntoData = instruction('cwd', {
  source: 'Intel SDM Vol. 2A, "CWD/CDQ: Convert Word to Doubleword/Convert Doubleword to Quadword"',
  forms: [form('99', accumulator)],
  meaning(emit, source) {
    const { width } = source!;
    const sign = emit.shrSigned(emit.signExtend(source!.read(), width), 31);
    emit.register('edx', width).write(emit.zeroExtend(sign, width));
  },
});

export const move: readonly Instruction[] = [
  mov,
  movFromSegment,
  movToSegment,
  exchange,
  loadEffectiveAddress,
  extend('movzx', ['B6', 'B7'], false),
  extend('movsx', ['BE', 'BF'], true),
  loadFarPointer('es', 0, 'C4'),
  loadFarPointer('ds', 3, 'C5'),
  loadFarPointer('ss', 2, '0F B2'),
  loadFarPointer('fs', 4, '0F B4'),
  loadFarPointer('gs', 5, '0F B5'),
  translate,
  signExtendAccumulator,
  signExtendIntoData,
];
