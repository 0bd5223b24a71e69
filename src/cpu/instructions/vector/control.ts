/** MXCSR, fences, and leaving MMX. */
import { at } from '../../layout.js';
import { mxcsrMask } from '../../model.js';
import { form, instruction, type Instruction, memory32 } from '../instruction.js';
import { staysSettled } from './streaming.js';
import { requireMmx, requireStreaming } from './vector.js';

const GENERAL_PROTECTION = 13;

const loadControl = instruction('ldmxcsr', {
  source: 'Intel SDM Vol. 2A, "LDMXCSR: Load MXCSR Register"',
  forms: [form('NP 0F AE /2', memory32).needs('sse')],
  meaning(emit, from) {
    requireStreaming(emit);
    const value = from!.read();
    emit.when(emit.and(value, ~mxcsrMask(emit.model)), () => emit.fault(GENERAL_PROTECTION));
    if (emit.isSettled) emit.when(emit.isZero(staysSettled(emit, value)), () => emit.leaveUndone());
    emit.store('i32.store', 0, value, at.mxcsr);
  },
});
const storeControl = instruction('stmxcsr', {
  source: 'Intel SDM Vol. 2B, "STMXCSR: Store MXCSR Register State"',
  forms: [form('NP 0F AE /3', memory32).needs('sse')],
  target: 'write',
  meaning(emit, target) {
    requireStreaming(emit);
    target!.write(emit.load('i32.load', 0, at.mxcsr));
  },
});

/** Loads and stores are in order already. */
const fence = (mnemonic: string, modrm: string, feature: 'sse' | 'sse2'): Instruction =>
  instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A and 2B, "SFENCE", "LFENCE", "MFENCE"',
    forms: [form(`NP 0F AE ${modrm}+i`).needs(feature)],
    operandSize: 'ignored',
    meaning: () => {},
  });

const emptyState = instruction('emms', {
  source: 'Intel SDM Vol. 2A, "EMMS: Empty MMX Technology State"',
  forms: [form('NP 0F 77').needs('mmx')],
  operandSize: 'ignored',
  meaning(emit) {
    requireMmx(emit);
    emit.store('i32.store', 0, 0xff, at.x87Empty);
    emit.store('i32.store', 0, 0, at.x87Top);
  },
});

export const vectorControl: readonly Instruction[] = [
  loadControl,
  storeControl,
  fence('sfence', 'F8', 'sse'),
  fence('lfence', 'E8', 'sse2'),
  fence('mfence', 'F0', 'sse2'),
  emptyState,
];
