/** Control instructions: the unit's words, its environment, its whole state, and WAIT. */
import { at, x87RegisterBytes } from '../../layout.js';
import { has } from '../../model.js';
import type { EmittedOperand, Emitter } from '../emitter.js';
import { form, type Form, instruction, type Instruction, m16, mAny, rm16, stackRegister } from '../instruction.js';
import type { SystemOperation } from '../system-operations.js';
import { available, control, moveTop, namedBit, pop, ready, setCodes } from './unit.js';

/** Bits of the control word that can be written; bit 6 reads as one. */
const controlBits = 0x1f3f;
const controlOnes = 0x40;
const exceptions = 0x3f;
/** The lowest bit of TOP in the status word. */
const topUnit = 1 << 11;
const errorSummary = 0x80;

const fpu = (text: string, ...operands: Parameters<typeof form>[1][]): Form => form(text, ...operands).needs('fpu');
const word = (emit: Emitter, address: number) => emit.loadLate('i32.load', 0, address);

/** The status word as it is stored: with TOP, and with B. */
function statusWord(emit: Emitter) {
  const status = word(emit, at.x87Status);
  const top = emit.mul(word(emit, at.x87Top), topUnit / x87RegisterBytes);
  const busy = emit.shl(emit.and(status, errorSummary), 8);
  return emit.hold(emit.or(emit.or(status, top), busy));
}

const loadControl = instruction('fldcw', {
  source: 'Intel SDM Vol. 2A, "FLDCW: Load x87 FPU Control Word"',
  forms: [fpu('D9 /5', m16)],
  meaning(emit, operand) {
    ready(emit);
    const value = emit.load('i32.load16_u', operand!.readBlock(2));
    const loaded = emit.hold(emit.or(emit.and(value, controlBits), controlOnes));
    if (emit.units === 'ready') {
      const unmasks = emit.xor(emit.and(loaded, exceptions), exceptions);
      emit.when(unmasks, () => void emit.system('settleCoprocessor'));
    }
    emit.store('i32.store', 0, loaded, at.x87Control);
    if (emit.units === 'ready') return;
    // An exception that is unmasked now is pending from now on.
    const unmasked = emit.and(emit.and(word(emit, at.x87Status), emit.not(loaded)), exceptions);
    emit.when(emit.or(unmasked, word(emit, at.x87Error)), () => void emit.system('settleCoprocessor'));
  },
});

const storeControl = instruction('fnstcw', {
  source: 'Intel SDM Vol. 2A, "FSTCW/FNSTCW: Store x87 FPU Control Word"',
  forms: [fpu('D9 /7', m16)],
  meaning(emit, operand) {
    available(emit);
    operand!.writeBeyond(0, 16, control(emit));
  },
});

const storeStatus = instruction('fnstsw', {
  source: 'Intel SDM Vol. 2A, "FSTSW/FNSTSW: Store x87 FPU Status Word"',
  forms: [fpu('DD /7', m16)],
  meaning(emit, operand) {
    available(emit);
    operand!.writeBeyond(0, 16, statusWord(emit));
  },
});
const storeStatusInRegister = instruction('fnstsw', {
  source: 'Intel SDM Vol. 2A, "FSTSW/FNSTSW: Store x87 FPU Status Word"',
  forms: [fpu('DF E0')],
  meaning(emit) {
    available(emit);
    emit.register('eax', 16).write(statusWord(emit));
  },
});

const clearExceptions = instruction('fnclex', {
  source: 'Intel SDM Vol. 2A, "FCLEX/FNCLEX: Clear Exceptions"',
  forms: [fpu('DB E2')],
  meaning(emit) {
    available(emit);
    emit.store('i32.store', 0, emit.and(word(emit, at.x87Status), ~0xff), at.x87Status);
    emit.when(word(emit, at.x87Error), () => void emit.system('settleCoprocessor'));
  },
});

const initialize = instruction('fninit', {
  source: 'Intel SDM Vol. 2A, "FINIT/FNINIT: Initialize Floating-Point Unit"',
  forms: [fpu('DB E3')],
  meaning(emit) {
    available(emit);
    emit.system('initializeCoprocessor');
  },
});

const nothing = (mnemonic: string, text: string, source: string, waits: boolean): Instruction =>
  instruction(mnemonic, {
    source,
    forms: [fpu(text)],
    meaning: (emit) => (waits ? ready(emit) : available(emit)),
  });

/** FINCSTP and FDECSTP: TOP moves, the registers and what they hold stay. */
function turn(mnemonic: string, text: string, by: 1 | 7): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "FINCSTP: Increment Stack-Top Pointer", "FDECSTP: Decrement Stack-Top Pointer"',
    forms: [fpu(text)],
    meaning(emit) {
      ready(emit);
      const empty = emit.mul(word(emit, at.x87Empty), 0x101);
      emit.store('i32.store', 0, emit.and(emit.shrUnsigned(empty, by), 0xff), at.x87Empty);
      moveTop(emit, by * x87RegisterBytes);
      setCodes(emit, 0);
    },
  });
}

function free(mnemonic: string, text: string, pops: boolean): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "FFREE: Free Floating-Point Register"; FFREEP is undocumented and everywhere',
    forms: [fpu(text, stackRegister)],
    meaning(emit) {
      ready(emit);
      emit.store('i32.store', 0, emit.or(word(emit, at.x87Empty), namedBit(emit)), at.x87Empty);
      setCodes(emit, 0); // Left undefined by the manual; as captured.
      if (pops) pop(emit);
    },
  });
}

/** FNSTENV and FNSAVE: an image made in the block; what the store does to the unit comes after it. */
function storeImage(
  mnemonic: string,
  text: string,
  title: string,
  [smallBytes, largeBytes]: readonly [number, number],
  make: SystemOperation,
  after: SystemOperation,
): Instruction {
  return instruction(mnemonic, {
    source: `Intel SDM Vol. 2A, ${title}; images: Vol. 1, figures 8-9 to 8-12`,
    forms: [fpu(text, mAny)],
    operandSize: 'matters',
    meaning(emit, operand) {
      available(emit);
      emit.system(make, emit.width);
      operand!.writeBlock(emit.width === 32 ? largeBytes : smallBytes);
      emit.system(after);
    },
  });
}
function loadImage(
  mnemonic: string,
  text: string,
  title: string,
  [smallBytes, largeBytes]: readonly [number, number],
  take: SystemOperation,
): Instruction {
  return instruction(mnemonic, {
    source: `Intel SDM Vol. 2A, ${title}; images: Vol. 1, figures 8-9 to 8-12`,
    forms: [fpu(text, mAny)],
    operandSize: 'matters',
    meaning(emit, operand) {
      ready(emit);
      emit.system(take, operand!.readBlock(emit.width === 32 ? largeBytes : smallBytes), emit.width);
    },
  });
}

/** FXSAVE and FXRSTOR look at no pending exception. */
const fastForm = (digit: number): Form => form(`NP 0F AE /${digit}`, mAny).needs('fxsr');
const fastImageBytes = 512;
/** An image lies at a multiple of 16. */
function checkAlignment(emit: Emitter, operand: EmittedOperand): void {
  emit.when(emit.and(operand.linear(), 15), () => emit.fault(13));
}
const saveFast = instruction('fxsave', {
  source: 'Intel SDM Vol. 2A, "FXSAVE: Save x87 FPU, MMX Technology, and SSE State"',
  forms: [fastForm(0)],
  meaning(emit, operand) {
    available(emit);
    checkAlignment(emit, operand!);
    emit.system('makeFastImage', operand!.readBlock(fastImageBytes));
    operand!.writeBlock(fastImageBytes);
  },
});
const restoreFast = instruction('fxrstor', {
  source: 'Intel SDM Vol. 2A, "FXRSTOR: Restore x87 FPU, MMX, XMM, and MXCSR State"',
  forms: [fastForm(1)],
  meaning(emit, operand) {
    available(emit);
    checkAlignment(emit, operand!);
    emit.system('takeFastImage', operand!.readBlock(fastImageBytes));
  },
});

const wait = instruction('wait', {
  source: 'Intel SDM Vol. 2B, "WAIT/FWAIT: Wait"',
  forms: [form('9B')],
  meaning(emit) {
    if (!has(emit.model, 'fpu') || emit.units === 'left') return void emit.system('wait');
    if (emit.units === 'ready') return;
    const pending = emit.and(word(emit, at.x87Status), errorSummary);
    const watched = emit.equal(emit.and(word(emit, at.cr0), 0x0a), 0x0a);
    emit.when(emit.or(pending, watched), () => void emit.system('wait'));
  },
});

/** Without a coprocessor an escape touches nothing; with EM or TS set it raises #NM. */
const escape = instruction('esc', {
  source: 'Intel 387 DX User\'s Manual (240459), section 5.1; Intel SDM Vol. 3A, section 2.5, "CR0.EM"',
  forms: Array.from({ length: 8 }, (_, low) => form(`D${(8 + low).toString(16).toUpperCase()} /r`, rm16).unless('fpu')),
  meaning(emit, operand) {
    emit.system('coprocessor');
    // The 80286 fetches the operand for the coprocessor, and so checks its address.
    if (emit.model === '80286' && operand!.isMemory) operand!.read();
  },
});

const environmentBytes = [14, 28] as const;
const stateBytes = [94, 108] as const;
const nowhereToGo =
  "Intel 387 DX User's Manual (240459), appendix C: instructions of the 8087 and 80287 that do nothing any more";

export const x87Control: readonly Instruction[] = [
  loadControl,
  storeControl,
  storeStatus,
  storeStatusInRegister,
  clearExceptions,
  initialize,
  nothing('fnop', 'D9 D0', 'Intel SDM Vol. 2A, "FNOP: No Operation"', true),
  nothing('fneni', 'DB E0', nowhereToGo, false),
  nothing('fndisi', 'DB E1', nowhereToGo, false),
  nothing('fnsetpm', 'DB E4', nowhereToGo, false),
  turn('fdecstp', 'D9 F6', 7),
  turn('fincstp', 'D9 F7', 1),
  free('ffree', 'DD C0+i', false),
  free('ffreep', 'DF C0+i', true),
  storeImage(
    'fnstenv',
    'D9 /6',
    '"FSTENV/FNSTENV: Store x87 FPU Environment"',
    environmentBytes,
    'makeEnvironment',
    'environmentStored',
  ),
  loadImage('fldenv', 'D9 /4', '"FLDENV: Load x87 FPU Environment"', environmentBytes, 'takeEnvironment'),
  storeImage(
    'fnsave',
    'DD /6',
    '"FSAVE/FNSAVE: Store x87 FPU State"',
    stateBytes,
    'makeState',
    'initializeCoprocessor',
  ),
  loadImage('frstor', 'DD /4', '"FRSTOR: Restore x87 FPU State"', stateBytes, 'takeState'),
  saveFast,
  restoreFast,
  wait,
  escape,
];
