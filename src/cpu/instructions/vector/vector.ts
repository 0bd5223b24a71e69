/** What the vector instructions share: who may execute them, and the shape of their meanings. */
import { at } from '../../layout.js';
import type { Value } from '../../wasm/values.js';
import type { EmittedOperand, Emitter, VectorOperand } from '../emitter.js';
import { type Form, instruction, type Instruction } from '../instruction.js';

/** An operand of a vector instruction: in a vector register or memory beside one, or a general one. */
export interface Operands {
  /** The vector operands in the manual's order. */
  readonly vectors: readonly VectorOperand[];
  /** The others in the manual's order: general registers, immediates, memory beside a general register. */
  readonly others: readonly EmittedOperand[];
}

/** A meaning over a target and a source that are both vectors; a third operand is an immediate. */
export type VectorMeaning = (
  emit: Emitter,
  target: VectorOperand,
  source: VectorOperand,
  third: EmittedOperand,
) => void;

const EM = 4;
const TS = 8;
const OSFXSR = 0x200;
/** ES in the x87's status word: an exception waits to be reported. */
const pending = 0x80;

function refuse(emit: Emitter, operation: 'requireMmx' | 'requireStreaming'): void {
  if (emit.units === 'left') return void emit.system(operation);
  emit.shared(operation, [], (code) => {
    code.system(operation);
    return code.i32(1); // Nothing stands in the way after all.
  });
}

/** #UD, #NM or #MF where MMX instructions must not run (Intel SDM Vol. 3A, section 12.1). */
export function requireMmx(emit: Emitter): void {
  if (emit.units === 'left') return refuse(emit, 'requireMmx');
  if (emit.units === 'ready') return;
  const control = emit.and(emit.loadLate('i32.load', 0, at.cr0), EM | TS);
  const waiting = emit.and(emit.loadLate('i32.load', 0, at.x87Status), pending);
  emit.when(emit.or(control, waiting), () => refuse(emit, 'requireMmx'));
}
/** #UD or #NM where SSE must not run (Intel SDM Vol. 3A, table 13-1). */
export function requireStreaming(emit: Emitter): void {
  if (emit.units === 'left') return refuse(emit, 'requireStreaming');
  if (emit.units === 'ready') return;
  const control = emit.and(emit.loadLate('i32.load', 0, at.cr0), EM | TS);
  const enabled = emit.xor(emit.and(emit.loadLate('i32.load', 0, at.cr4), OSFXSR), OSFXSR);
  emit.when(emit.or(control, enabled), () => refuse(emit, 'requireStreaming'));
}
/** The x87 register stack as every MMX instruction leaves it: TOP is 0, and no register is empty. */
function enterMmx(emit: Emitter): void {
  emit.store('i32.store', 0, 0, at.x87Top);
  emit.store('i32.store', 0, 0, at.x87Empty);
}

/** Wrapped meanings by what they wrap: instructions that mean the same keep one meaning, and so share handlers. */
const wrapped = new Map<unknown, Instruction['meaning']>();

/** A vector instruction: may it run, then its meaning, then what MMX leaves behind. */
export function vectorInstruction(
  mnemonic: string,
  definition: Omit<Instruction, 'mnemonic' | 'meaning'> & {
    readonly meaning: (emit: Emitter, operands: Operands) => void;
  },
): Instruction {
  const { meaning } = definition;
  const known = wrapped.get(meaning) ?? guarded(meaning);
  wrapped.set(meaning, known);
  return instruction(mnemonic, { ...definition, meaning: known });
}

const guarded =
  (meaning: (emit: Emitter, operands: Operands) => void): Instruction['meaning'] =>
  (emit, ...operands) => {
    const vectors = operands.flatMap(({ vector }) => (vector === undefined ? [] : [vector]));
    const usesMmx = vectors.some(({ bank }) => bank === 'mmx');
    if (vectors.some(({ bank }) => bank === 'xmm')) requireStreaming(emit);
    if (usesMmx) requireMmx(emit);
    meaning(emit, { vectors, others: operands.filter(({ vector }) => vector === undefined) });
    if (usesMmx) enterMmx(emit);
  };

/** An instruction over a target and a source; the source is found, and may fault, before anything else. */
export function overVectors(
  mnemonic: string,
  source: string,
  forms: readonly Form[],
  meaning: VectorMeaning,
): Instruction {
  const known = overTwo.get(meaning) ?? withTwo(meaning);
  overTwo.set(meaning, known);
  return vectorInstruction(mnemonic, { source, forms, meaning: known });
}
const overTwo = new Map<VectorMeaning, ReturnType<typeof withTwo>>();
const withTwo =
  (meaning: VectorMeaning) =>
  (emit: Emitter, { vectors: [target, from], others }: Operands): void => {
    from!.find();
    meaning(emit, target!, from!, others[0]!);
  };

/** An operation on two vectors whose result takes the first one's place. */
export type Combination = (emit: Emitter, a: Value, b: Value, bytes: number) => Value;

/** The meaning of an operation on whole vectors. */
export const combining =
  (combination: Combination): VectorMeaning =>
  (emit, target, from) =>
    target.write(combination(emit, target.read('v128'), from.read('v128'), target.bytes));
