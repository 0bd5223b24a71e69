/** Instructions of operating systems since the 80486: CPUID, counters, model-specific registers, SYSENTER and SYSEXIT, caches and hints. */
import { at, modelSpecific } from '../layout.js';
import type { Emitter } from './emitter.js';
import { form, instruction, type Instruction, memory8, rm } from './instruction.js';
import type { SystemOperation } from './system-operations.js';

const identify = instruction('cpuid', {
  source: 'Intel SDM Vol. 2A, "CPUID: CPU Identification"',
  forms: [form('0F A2').needs('cpuid')],
  endsBlock: true,
  meaning: (emit) => void emit.system('identify'),
});

const TSD = 4;

/** RDTSC where every privilege level may: what CR4.TSD shuts goes the slow way. */
function readTimeStamp(emit: Emitter): void {
  const isShut = emit.and(emit.loadLate('i32.load', 0, at.cr4), TSD);
  emit.when(emit.isZero(isShut), () => {
    const offset = emit.loadLate('i64.load', 0, modelSpecific.timeStampOffset);
    const count = emit.hold(emit.wide('add', emit.cycles(), offset));
    emit.register('eax').write(emit.narrow(count));
    emit.register('edx').write(emit.narrow(emit.wide('shr_u', count, emit.i64(32n))));
    emit.next();
  });
}

/** A slow path that reads ECX and moves EDX:EAX. */
const moveCounter = (
  mnemonic: string,
  opcode: string,
  feature: 'tsc' | 'msr' | 'rdpmc',
  path: SystemOperation,
): Instruction =>
  instruction(mnemonic, {
    source: 'Intel SDM Vol. 2B, "RDTSC", "RDPMC", "RDMSR", "WRMSR"',
    forms: [form(opcode).needs(feature)],
    endsBlock: true,
    meaning(emit) {
      if (path === 'readTimeStamp') readTimeStamp(emit);
      emit.system(path);
      if (path === 'writeModelSpecific') emit.refetch();
    },
  });

const fastTransfer = (mnemonic: string, opcode: string, path: SystemOperation): Instruction =>
  instruction(mnemonic, {
    source: 'Intel SDM Vol. 2B, "SYSENTER: Fast System Call", "SYSEXIT: Fast Return from Fast System Call"',
    forms: [form(opcode).needs('sep')],
    endsBlock: true,
    meaning: (emit) => emit.transfer(path),
  });

/** INVD and WBINVD: there is no cache whose contents could differ from memory. */
const invalidateCaches = (mnemonic: string, opcode: string): Instruction =>
  instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "INVD: Invalidate Internal Caches", "WBINVD"',
    forms: [form(opcode).since('80486')],
    meaning: (emit) => void emit.system('requirePrivilege'),
  });

const invalidatePage = instruction('invlpg', {
  source: 'Intel SDM Vol. 2A, "INVLPG: Invalidate TLB Entry"',
  forms: [form('0F 01 /7', memory8).since('80486')],
  endsBlock: true,
  meaning(emit, page) {
    emit.system('requirePrivilege');
    emit.system('invalidatePage', page!.offset());
    emit.refetch();
  },
});

/** Faults as a byte load does. */
const flushLine = instruction('clflush', {
  source: 'Intel SDM Vol. 2A, "CLFLUSH: Flush Cache Line"',
  forms: [form('0F AE /7', memory8).needs('clflush')],
  meaning: (emit, line) => void emit.hold(line!.read()),
});

/** Memory is not touched, so nothing can fault. */
const hint = (mnemonic: string, ...opcodes: readonly string[]): Instruction =>
  instruction(mnemonic, {
    source: 'Intel SDM Vol. 2B, "NOP", "PREFETCHh: Prefetch Data Into Caches"',
    forms: opcodes.map((opcode) => form(opcode, rm).needs('longNop')),
    operandSize: 'ignored',
    meaning: () => {},
  });
const reservedHints = ['19', '1A', '1B', '1C', '1D', '1E', '1F'].map((opcode) => `0F ${opcode} /r`);

const INVALID_OPCODE = 6;

const undefinedInstruction = instruction('ud2', {
  source: 'Intel SDM Vol. 2B, "UD2: Undefined Instruction"',
  forms: [form('0F 0B').since('80286')],
  endsBlock: true,
  meaning: (emit) => emit.fault(INVALID_OPCODE),
});

export const laterSystemInstructions: readonly Instruction[] = [
  identify,
  moveCounter('rdtsc', '0F 31', 'tsc', 'readTimeStamp'),
  moveCounter('rdpmc', '0F 33', 'rdpmc', 'readPerformanceCounter'),
  moveCounter('rdmsr', '0F 32', 'msr', 'readModelSpecific'),
  moveCounter('wrmsr', '0F 30', 'msr', 'writeModelSpecific'),
  fastTransfer('sysenter', '0F 34', 'fastCall'),
  fastTransfer('sysexit', '0F 35', 'fastReturn'),
  invalidateCaches('invd', '0F 08'),
  invalidateCaches('wbinvd', '0F 09'),
  invalidatePage,
  flushLine,
  hint('prefetchnta', '0F 18 /0'),
  hint('prefetcht0', '0F 18 /1'),
  hint('prefetcht1', '0F 18 /2'),
  hint('prefetcht2', '0F 18 /3'),
  hint('nop', '0F 18 /4', '0F 18 /5', '0F 18 /6', '0F 18 /7', ...reservedHints),
  undefinedInstruction,
];
