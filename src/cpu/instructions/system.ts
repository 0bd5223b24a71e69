/** Ports, HLT, and the instructions of operating systems. */
import { flagBits } from '../layout.js';
import type { EmittedOperand, Emitter } from './emitter.js';
import {
  accumulator,
  al,
  dx,
  form,
  type Form,
  imm8,
  instruction,
  type Instruction,
  memory,
  type OperandSpecification,
  r,
  r16,
  regNumber,
  rm,
  rm16,
  rmRegister32,
} from './instruction.js';
import type { ProcessorModel } from '../model.js';
import type { SystemOperation } from './system-operations.js';

const input = instruction('in', {
  source: 'Intel SDM Vol. 2A, "IN: Input From Port"',
  forms: [form('E4 ib', al, imm8), form('E5 ib', accumulator, imm8), form('EC', al, dx), form('ED', accumulator, dx)],
  target: 'write',
  endsBlock: true,
  meaning(emit, target, port) {
    target!.write(emit.system('input', port!.read(), emit.i32(target!.width / 8)));
  },
});

const output = instruction('out', {
  source: 'Intel SDM Vol. 2B, "OUT: Output to Port"',
  forms: [form('E6 ib', al, imm8), form('E7 ib', accumulator, imm8), form('EE', al, dx), form('EF', accumulator, dx)],
  endsBlock: true,
  meaning(emit, value, port) {
    emit.output(port!.read(), value!.read(), value!.width);
  },
});

const halt = instruction('hlt', {
  source: 'Intel SDM Vol. 2A, "HLT: Halt"',
  forms: [form('F4')],
  endsBlock: true,
  meaning: (emit) => emit.transfer('halt'),
});

/** LGDT and LIDT; with a 16-bit operand size the base has 24 bits. */
function loadTable(mnemonic: string, digit: number, operation: SystemOperation): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "LGDT/LIDT: Load Global/Interrupt Descriptor Table Register"',
    forms: [form(`0F 01 /${digit}`, memory).since('80286')],
    meaning(emit, table) {
      emit.system('requirePrivilege');
      const limit = table!.readBeyond(0, 16);
      const base = table!.readBeyond(2, 32);
      emit.system(operation, limit, emit.width === 32 ? base : emit.and(base, 0xffffff));
    },
  });
}

function storeTable(mnemonic: string, digit: number, table: 'gdtr' | 'idtr'): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2B, "SGDT: Store Global Descriptor Table Register", "SIDT"',
    forms: [form(`0F 01 /${digit}`, memory).since('80286')],
    target: 'write',
    meaning(emit, target) {
      target!.writeBeyond(0, 16, emit.tableLimit(table));
      // The 80286 leaves ones in the byte above its 24-bit base.
      const base = emit.tableBase(table);
      target!.writeBeyond(2, 32, emit.model === '80286' ? emit.or(base, 0xff000000 | 0) : base);
    },
  });
}

function storeSelector(mnemonic: string, digit: number, segment: 'ldtr' | 'tr'): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2B, "SLDT: Store Local Descriptor Table Register", "STR: Store Task Register"',
    forms: [form(`0F 00 /${digit}`, rm).since('80286')],
    target: 'write',
    meaning(emit, target) {
      emit.system('requireProtectedMode');
      storeWord(emit, target!, emit.hold(emit.selector(segment)));
    },
  });
}

/** Sixteen bits to memory whatever the operand size; zero-extended into a register. */
function storeWord(_emit: Emitter, target: EmittedOperand, value: ReturnType<Emitter['hold']>): void {
  if (target.isMemory) target.writeBeyond(0, 16, value);
  else target.write(value);
}

function loadSelector(mnemonic: string, digit: number, operation: SystemOperation): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "LLDT: Load Local Descriptor Table Register", "LTR: Load Task Register"',
    forms: [form(`0F 00 /${digit}`, rm16).since('80286')],
    meaning(emit, source) {
      emit.system('requireProtectedMode');
      emit.system('requirePrivilege');
      emit.system(operation, source!.read());
    },
  });
}

const storeMachineStatus = instruction('smsw', {
  source: 'Intel SDM Vol. 2B, "SMSW: Store Machine Status Word"',
  forms: [form('0F 01 /4', rm).since('80286')],
  target: 'write',
  meaning(emit, target) {
    const value = emit.system('readMachineStatus');
    if (target!.isMemory) target!.writeBeyond(0, 16, value);
    else target!.write(emit.zeroExtend(value, target!.width));
  },
});

const loadMachineStatus = instruction('lmsw', {
  source: 'Intel SDM Vol. 2A, "LMSW: Load Machine Status Word"',
  forms: [form('0F 01 /6', rm16).since('80286')],
  endsBlock: true,
  meaning(emit, source) {
    emit.system('requirePrivilege');
    emit.system('loadMachineStatus', source!.read());
    emit.refetch();
  },
});

const clearTaskSwitched = instruction('clts', {
  source: 'Intel SDM Vol. 2A, "CLTS: Clear Task-Switched Flag in CR0"',
  forms: [form('0F 06').since('80286')],
  meaning(emit) {
    emit.system('requirePrivilege');
    emit.system('clearTaskSwitched');
  },
});

/** MOV from and to control, debug and test registers; the last of these went with the Pentium. */
function specialMoves(
  kind: 'Control' | 'Debug' | 'Test',
  from: string,
  to: string,
  only?: readonly ProcessorModel[],
): Instruction[] {
  const forms = (text: string, ...operands: OperandSpecification[]): Form[] =>
    only?.map((model) => form(text, ...operands).only(model)) ?? [form(text, ...operands).since('80386')];
  const source = 'Intel SDM Vol. 2B, "MOV: Move to/from Control Registers", "MOV: Move to/from Debug Registers"';
  return [
    instruction('mov', {
      source,
      forms: forms(`0F ${from} /r`, rmRegister32, regNumber),
      target: 'write',
      meaning(emit, target) {
        target!.write(emit.system(`read${kind}`, emit.immediate()));
      },
    }),
    instruction('mov', {
      source,
      forms: forms(`0F ${to} /r`, regNumber, rmRegister32),
      endsBlock: true,
      meaning(emit, _register, value) {
        emit.system(`write${kind}`, emit.immediate(), value!.read());
        emit.refetch();
      },
    }),
  ];
}

/** LAR and LSL: ZF tells whether the selector could be looked at; only then the target changes. */
function inspect(mnemonic: string, opcode: string, operation: SystemOperation): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "LAR: Load Access Rights Byte", "LSL: Load Segment Limit"',
    forms: [form(`0F ${opcode} /r`, r, rm16).since('80286')],
    target: 'write',
    meaning(emit, target, source) {
      emit.system('requireProtectedMode');
      const value = emit.system(operation, source!.read());
      emit.when(emit.flag('ZF'), () => target!.write(emit.zeroExtend(value, target!.width)));
    },
  });
}

function verify(mnemonic: string, digit: number, operation: SystemOperation): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2B, "VERR/VERW: Verify a Segment for Reading or Writing"',
    forms: [form(`0F 00 /${digit}`, rm16).since('80286')],
    meaning(emit, source) {
      emit.system('requireProtectedMode');
      emit.system(operation, source!.read());
    },
  });
}

const adjustPrivilege = instruction('arpl', {
  source: 'Intel SDM Vol. 2A, "ARPL: Adjust RPL Field of Segment Selector"',
  forms: [form('63 /r', rm16, r16).since('80286')],
  // Read alone at first: a selector that stays as it is may lie in a read-only segment.
  target: 'read',
  meaning(emit, target, source) {
    emit.system('requireProtectedMode');
    const requested = emit.hold(emit.and(source!.read(), 3));
    const selector = target!.read();
    emit.when(
      emit.lessUnsigned(emit.and(selector, 3), requested),
      () => {
        target!.write(emit.or(emit.and(selector, 0xfffc), requested));
        emit.setStatusWord(emit.or(emit.statusWord(), flagBits.ZF));
      },
      () => emit.setStatusWord(emit.and(emit.statusWord(), ~flagBits.ZF)),
    );
  },
});

/** LOADALL and other undocumented 286 forms are not here; the 286's invalid opcodes fall to #UD in the decoder. */
export const systemInstructions: readonly Instruction[] = [
  input,
  output,
  halt,
  loadTable('lgdt', 2, 'loadGlobalTable'),
  loadTable('lidt', 3, 'loadInterruptTable'),
  storeTable('sgdt', 0, 'gdtr'),
  storeTable('sidt', 1, 'idtr'),
  storeSelector('sldt', 0, 'ldtr'),
  storeSelector('str', 1, 'tr'),
  loadSelector('lldt', 2, 'loadLocalTable'),
  loadSelector('ltr', 3, 'loadTask'),
  storeMachineStatus,
  loadMachineStatus,
  clearTaskSwitched,
  ...specialMoves('Control', '20', '22'),
  ...specialMoves('Debug', '21', '23'),
  ...specialMoves('Test', '24', '26', ['80386', '80486']),
  inspect('lar', '02', 'accessRights'),
  inspect('lsl', '03', 'segmentLimit'),
  verify('verr', 4, 'verifyRead'),
  verify('verw', 5, 'verifyWrite'),
  adjustPrivilege,
];
