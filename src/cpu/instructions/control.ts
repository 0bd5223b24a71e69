/** Jumps, calls, returns, loops and interrupts. */
import type { Emitter } from './emitter.js';
import { farReturnReal, farTransferReal, interruptReal, interruptReturnReal } from './real-mode.js';
import { farPointer, form, imm16, imm8, instruction, type Instruction, memory, rel, rel8, rm } from './instruction.js';

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');
/** The names of condition codes 0 to 15 (Intel SDM Vol. 1, appendix B). */
export const conditionNames = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];

const conditional = conditionNames.map((name, code) =>
  instruction(`j${name}`, {
    source: 'Intel SDM Vol. 2A, "Jcc: Jump if Condition Is Met"',
    forms: [
      form(`${hex(0x70 + code)} cb`, rel8),
      form(`${hex(0x60 + code)} cb`, rel8).only('8086'),
      form(`0F ${hex(0x80 + code)} cz`, rel).since('80386'),
    ],
    endsBlock: true,
    meaning(emit) {
      emit.when(emit.condition(code), () => emit.relativeTarget().taken());
    },
  }),
);

const jumpRelative = instruction('jmp', {
  source: 'Intel SDM Vol. 2A, "JMP: Jump"',
  forms: [form('E9 cz', rel), form('EB cb', rel8)],
  endsBlock: true,
  meaning: (emit) => emit.relativeTarget().taken(),
});

const jumpIndirect = instruction('jmp', {
  source: 'Intel SDM Vol. 2A, "JMP: Jump"',
  forms: [form('FF /4', rm)],
  endsBlock: true,
  meaning: (emit, target) => emit.jump(target!.read()),
});

const jumpFar = instruction('jmpf', {
  source: 'Intel SDM Vol. 2A, "JMP: Jump"',
  forms: [form('EA cp', farPointer)],
  endsBlock: true,
  meaning(emit) {
    farTransferReal(emit, emit.immediate2(), emit.immediate(), false);
    emit.transfer('farJump', emit.immediate2(), emit.immediate());
  },
});

const jumpFarIndirect = instruction('jmpf', {
  source: 'Intel SDM Vol. 2A, "JMP: Jump"',
  forms: [form('FF /5', memory)],
  endsBlock: true,
  meaning(emit, target) {
    const offset = target!.read();
    const selector = target!.readBeyond(target!.width / 8, 16);
    farTransferReal(emit, selector, offset, false);
    emit.transfer('farJump', selector, offset);
  },
});

const callRelative = instruction('call', {
  source: 'Intel SDM Vol. 2A, "CALL: Call Procedure"',
  forms: [form('E8 cz', rel)],
  endsBlock: true,
  usesStack: true,
  meaning(emit) {
    const target = emit.relativeTarget();
    emit.push(emit.nextEip(), emit.width);
    target.taken();
  },
});

const callIndirect = instruction('call', {
  source: 'Intel SDM Vol. 2A, "CALL: Call Procedure"',
  forms: [form('FF /2', rm)],
  endsBlock: true,
  usesStack: true,
  meaning(emit, target) {
    emit.jump(target!.read(), () => emit.push(emit.nextEip(), emit.width));
  },
});

const callFar = instruction('callf', {
  source: 'Intel SDM Vol. 2A, "CALL: Call Procedure"',
  forms: [form('9A cp', farPointer)],
  endsBlock: true,
  usesStack: true,
  meaning(emit) {
    farTransferReal(emit, emit.immediate2(), emit.immediate(), true);
    emit.transfer(emit.width === 32 ? 'farCall32' : 'farCall16', emit.immediate2(), emit.immediate());
  },
});

const callFarIndirect = instruction('callf', {
  source: 'Intel SDM Vol. 2A, "CALL: Call Procedure"',
  forms: [form('FF /3', memory)],
  endsBlock: true,
  usesStack: true,
  meaning(emit, target) {
    const offset = target!.read();
    const selector = target!.readBeyond(target!.width / 8, 16);
    farTransferReal(emit, selector, offset, true);
    emit.transfer(target!.width === 32 ? 'farCall32' : 'farCall16', selector, offset);
  },
});

function nearReturn(emit: Emitter, extra: number | 'immediate'): void {
  const width = emit.width === 16 ? 16 : 32;
  const offset = emit.top(0, width);
  const bytes = extra === 'immediate' ? emit.add(emit.immediate(), width / 8) : width / 8;
  emit.jump(offset, () => emit.release(bytes));
}

/** The 8086 decodes C0 as C2, and C1 as C3: it leaves a bit of the opcode out. */
const returnNear = instruction('ret', {
  source: 'Intel SDM Vol. 2B, "RET: Return From Procedure"',
  forms: [form('C3'), form('C1').only('8086')],
  endsBlock: true,
  usesStack: true,
  meaning: (emit) => nearReturn(emit, 0),
});

const returnNearReleasing = instruction('ret', {
  source: 'Intel SDM Vol. 2B, "RET: Return From Procedure"',
  forms: [form('C2 iw', imm16), form('C0 iw', imm16).only('8086')],
  endsBlock: true,
  usesStack: true,
  meaning: (emit) => nearReturn(emit, 'immediate'),
});

const returnFar = instruction('retf', {
  source: 'Intel SDM Vol. 2B, "RET: Return From Procedure"',
  forms: [form('CB'), form('C9').only('8086')],
  endsBlock: true,
  usesStack: true,
  meaning(emit) {
    farReturnReal(emit, emit.i32(0));
    emit.transfer('farReturn', emit.i32(emit.width), emit.i32(0));
  },
});

const returnFarReleasing = instruction('retf', {
  source: 'Intel SDM Vol. 2B, "RET: Return From Procedure"',
  forms: [form('CA iw', imm16), form('C8 iw', imm16).only('8086')],
  endsBlock: true,
  usesStack: true,
  meaning(emit) {
    farReturnReal(emit, emit.immediate());
    emit.transfer('farReturn', emit.i32(emit.width), emit.immediate());
  },
});

/** LOOPNE, LOOPE, LOOP count (E)CX down by the address size; JCXZ only looks at it. */
function countedLoop(mnemonic: string, opcode: string, zero: 0 | 1 | undefined): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "LOOP/LOOPcc: Loop According to ECX Counter"',
    forms: [form(opcode, rel8)],
    endsBlock: true,
    usesAddressSize: true,
    meaning(emit) {
      const counter = emit.register('ecx', emit.addressWidth);
      const left = emit.hold(emit.zeroExtend(emit.sub(counter.read(), 1), emit.addressWidth));
      const more = emit.notEqual(left, 0);
      const goesOn = zero === undefined ? more : emit.and(more, emit.equal(emit.flag('ZF'), zero));
      // The target is checked first: a fault there must leave the counter as it was.
      emit.when(
        goesOn,
        () => {
          const target = emit.relativeTarget();
          counter.write(left);
          target.taken();
        },
        () => counter.write(left),
      );
    },
  });
}

const jumpCounterZero = instruction('jcxz', {
  source: 'Intel SDM Vol. 2A, "Jcc: Jump if Condition Is Met"',
  forms: [form('E3', rel8)],
  endsBlock: true,
  usesAddressSize: true,
  meaning(emit) {
    const counter = emit.register('ecx', emit.addressWidth).read();
    emit.when(emit.isZero(counter), () => emit.relativeTarget().taken());
  },
});

const interrupt = instruction('int', {
  source: 'Intel SDM Vol. 2A, "INT n/INTO/INT3/INT1: Call to Interrupt Procedure"',
  forms: [form('CD ib', imm8)],
  endsBlock: true,
  usesStack: true,
  meaning(emit) {
    interruptReal(emit, emit.immediate());
    emit.transfer('interrupt', emit.immediate(), emit.i32(0));
  },
});

const breakpoint = instruction('int3', {
  source: 'Intel SDM Vol. 2A, "INT n/INTO/INT3/INT1: Call to Interrupt Procedure"',
  forms: [form('CC')],
  endsBlock: true,
  meaning: (emit) => emit.transfer('interrupt', emit.i32(3), emit.i32(1)),
});

const debugTrap = instruction('int1', {
  source: 'Intel SDM Vol. 2A, "INT n/INTO/INT3/INT1: Call to Interrupt Procedure"',
  forms: [form('F1').since('80386')],
  endsBlock: true,
  meaning: (emit) => emit.transfer('debugTrap'),
});

const overflowTrap = instruction('into', {
  source: 'Intel SDM Vol. 2A, "INT n/INTO/INT3/INT1: Call to Interrupt Procedure"',
  forms: [form('CE')],
  endsBlock: true,
  meaning(emit) {
    emit.when(emit.flag('OF'), () => emit.transfer('interrupt', emit.i32(4), emit.i32(1)));
  },
});

const interruptReturn = instruction('iret', {
  source: 'Intel SDM Vol. 2A, "IRET/IRETD: Interrupt Return"',
  forms: [form('CF')],
  endsBlock: true,
  usesStack: true,
  meaning(emit) {
    interruptReturnReal(emit);
    emit.transfer('interruptReturn', emit.i32(emit.width));
  },
});

const BOUND_RANGE_EXCEEDED = 5;

const bound = instruction('bound', {
  source: 'Intel SDM Vol. 2A, "BOUND: Check Array Index Against Bounds"',
  forms: [form('62 /r', { kind: 'reg', width: 'operand' }, memory).since('80286')],
  meaning(emit, index, bounds) {
    const { width } = index!;
    const lower = emit.signExtend(bounds!.read(), width);
    const upper = emit.signExtend(bounds!.readBeyond(width / 8, width), width);
    const value = emit.hold(emit.signExtend(index!.read(), width));
    emit.when(emit.or(emit.lessSigned(value, lower), emit.lessSigned(upper, value)), () =>
      emit.fault(BOUND_RANGE_EXCEEDED),
    );
  },
});

const setByCondition = conditionNames.map((name, code) =>
  instruction(`set${name}`, {
    source: 'Intel SDM Vol. 2B, "SETcc: Set Byte on Condition"',
    forms: [form(`0F ${hex(0x90 + code)} /r`, { kind: 'rm', width: 8 }).since('80386')],
    target: 'write',
    meaning: (emit, target) => target!.write(emit.hold(emit.notEqual(emit.condition(code), 0))),
  }),
);

export const control: readonly Instruction[] = [
  ...conditional,
  jumpRelative,
  jumpIndirect,
  jumpFar,
  jumpFarIndirect,
  callRelative,
  callIndirect,
  callFar,
  callFarIndirect,
  returnNear,
  returnNearReleasing,
  returnFar,
  returnFarReleasing,
  countedLoop('loopne', 'E0', 0),
  countedLoop('loope', 'E1', 1),
  countedLoop('loop', 'E2', undefined),
  jumpCounterZero,
  interrupt,
  breakpoint,
  debugTrap,
  overflowTrap,
  interruptReturn,
  bound,
  ...setByCondition,
];
