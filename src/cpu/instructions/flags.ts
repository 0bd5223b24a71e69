/** Instructions on single flags, LAHF and SAHF. */
import { flagBits } from '../layout.js';
import type { Emitter } from './emitter.js';
import { clearInterruptQuickly, setInterruptQuickly } from './flag-ways.js';
import { form, instruction, type Instruction } from './instruction.js';

const source = 'Intel SDM Vol. 2A and 2B, "CLC", "STC", "CMC", "CLD", "STD", "CLI", "STI", "LAHF", "SAHF"';
const { CF, PF, AF, ZF, SF, DF } = flagBits;

const simple = (mnemonic: string, opcode: string, meaning: (emit: Emitter) => void): Instruction =>
  instruction(mnemonic, { source, forms: [form(opcode)], meaning });

const clearInterrupt = instruction('cli', {
  source,
  forms: [form('FA')],
  endsBlock: true,
  meaning(emit) {
    clearInterruptQuickly(emit);
    emit.system('clearInterruptFlag');
  },
});

const setInterrupt = instruction('sti', {
  source,
  forms: [form('FB')],
  endsBlock: true,
  meaning(emit) {
    setInterruptQuickly(emit);
    emit.system('setInterruptFlag');
    emit.refetch();
  },
});

const lowFlags = SF | ZF | AF | PF | CF;

const loadFlags = simple('lahf', '9F', (emit) => {
  emit.byteRegister('ah').write(emit.or(emit.and(emit.statusWord(), lowFlags), 2));
});

const storeFlags = simple('sahf', '9E', (emit) => {
  const kept = emit.and(emit.statusWord(), flagBits.OF);
  emit.setStatusWord(emit.hold(emit.or(kept, emit.and(emit.byteRegister('ah').read(), lowFlags))));
});

/** SALC: AL becomes 0 or FFh as CF says; undocumented, on every model. */
const setAlFromCarry = simple('salc', 'D6', (emit) => {
  emit.byteRegister('al').write(emit.zeroExtend(emit.sub(0, emit.flag('CF')), 8));
});

export const flagInstructions: readonly Instruction[] = [
  simple('clc', 'F8', (emit) => emit.setCarry(0)),
  simple('stc', 'F9', (emit) => emit.setCarry(1)),
  simple('cmc', 'F5', (emit) => emit.setCarry(emit.hold(emit.xor(emit.flag('CF'), 1)))),
  simple('cld', 'FC', (emit) => emit.setOtherFlags(emit.and(emit.otherFlags(), ~DF))),
  simple('std', 'FD', (emit) => emit.setOtherFlags(emit.or(emit.otherFlags(), DF))),
  clearInterrupt,
  setInterrupt,
  loadFlags,
  storeFlags,
  setAlFromCarry,
];
