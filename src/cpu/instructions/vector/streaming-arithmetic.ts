/** SSE and SSE2: arithmetic, minimum and maximum, comparison, approximations. */
import { regions } from '../../layout.js';
import type { Opcode } from '../../wasm/opcodes.js';
import type { Value } from '../../wasm/values.js';
import { type Emitter, ordinary, type VectorOperand } from '../emitter.js';
import { form, imm8, type Instruction } from '../instruction.js';
import {
  allComparable,
  allNormal,
  calculate,
  isSettled,
  mxcsr,
  type Precision,
  precisions,
  readLanes,
  shapeOf,
  takeAnswer,
} from './streaming.js';
import type { ArithmeticName } from './exactness.js';
import { calculateSettled, ordinaryValues } from './settled.js';
import { overVectors, type VectorMeaning } from './vector.js';

const source = 'Intel SDM Vol. 2A and 2B, at each instruction';

/** Forms for each precision, with a meaning each. */
const eachPrecision = (
  mnemonic: string,
  opcode: string,
  meaning: (precision: Precision) => VectorMeaning,
): Instruction[] =>
  precisions.map((precision) => {
    const { suffix, prefix, feature, target, source: from } = precision;
    const forms = [form(`${prefix} 0F ${opcode} /r`, target, from).needs(feature)];
    return overVectors(`${mnemonic}${suffix}`, source, forms, meaning(precision));
  });

/** The kernel's numbers. */
const operations = { add: 0, sub: 1, mul: 2, div: 3, sqrt: 4, min: 5, max: 6, compare: 8 } as const;

/** The host's operation where nothing but a normal result of normal numbers comes of it, else the kernel. */
const arithmetic = (name: ArithmeticName, opcode: string): Instruction[] =>
  eachPrecision(`${name}`, opcode, (precision) => (emit, target, from) => {
    if (emit.isSettled) return calculateSettled(emit, name, precision, target, from);
    const opcodeName: Opcode = `${shapeOf(precision)}.${name}`;
    const b = readLanes(precision, from);
    const operands = name === 'sqrt' ? [from] : [target, from];
    const result = emit.hold(
      name === 'sqrt' ? emit.apply(opcodeName, b) : emit.apply(opcodeName, readLanes(precision, target), b),
    );
    emit.when(
      emit.and(isSettled(emit), allNormal(emit, precision, operands, result)),
      () => target.write(result),
      () => calculate(emit, operations[name], precision, target, from),
    );
  });

/** Values of operands to be compared; where MXCSR is settled they are ordinary then. */
const comparedValues = (emit: Emitter, precision: Precision, operands: readonly VectorOperand[]): readonly Value[] =>
  emit.isSettled ? ordinaryValues(emit, precision, operands) : operands.map((operand) => readLanes(precision, operand));

/** The first operand where it is less, or greater, else the second. */
const extreme = (name: 'min' | 'max', opcode: string): Instruction[] =>
  eachPrecision(name, opcode, (precision) => (emit, target, from) => {
    const [a, b] = comparedValues(emit, precision, [target, from]);
    const comparison: Opcode = `${shapeOf(precision)}.${name === 'min' ? 'lt' : 'gt'}`;
    const choose = (): void => {
      const first = emit.apply(comparison, a!, b!);
      target.write(precision.lanes === 1 ? emit.select(first, a!, b!) : emit.apply('v128.bitselect', a!, b!, first));
    };
    if (emit.isSettled) {
      choose();
      return target.learn(ordinary[precision.suffix]);
    }
    emit.when(allComparable(emit, precision, [target, from]), choose, () =>
      calculate(emit, operations[name], precision, target, from),
    );
  });

/** CMPPS and its like: a mask for each lane. The predicate's upper bits do not count. */
const compareLanes = precisions.map((precision) => {
  const { suffix, prefix, feature, target, source: from } = precision;
  return overVectors(
    `cmp${suffix}`,
    'Intel SDM Vol. 2A, "CMPPS", "CMPPD", "CMPSS", "CMPSD"',
    [form(`${prefix} 0F C2 /r ib`, target, from, imm8).needs(feature)],
    (emit, to, other, third) => {
      const predicate = emit.isSettled ? third.read().constant : undefined;
      if (predicate !== undefined) return compareSettled(emit, predicate & 7, precision, to, other);
      calculate(emit, emit.or(emit.and(third.read(), 7), operations.compare), precision, to, other);
    },
  );
});

/** Predicates of ordinary numbers, in the manual's order: none are unordered. */
const predicates = ['eq', 'lt', 'le', undefined, 'ne', 'ge', 'gt', undefined] as const;

function compareSettled(
  emit: Emitter,
  number: number,
  precision: Precision,
  to: VectorOperand,
  other: VectorOperand,
): void {
  const [a, b] = ordinaryValues(emit, precision, [to, other]) as [Value, Value];
  const predicate = predicates[number];
  const constant = number === 3 ? 0 : -1;
  if (precision.lanes > 1) {
    const all = emit.v128(new Array<number>(16).fill(constant & 0xff));
    return to.write(predicate === undefined ? all : emit.apply(`${shapeOf(precision)}.${predicate}`, a, b));
  }
  const mask =
    predicate === undefined ? emit.i32(constant) : emit.sub(0, emit.apply(`${shapeOf(precision)}.${predicate}`, a, b));
  to.write(precision.laneBytes === 4 ? mask : emit.widen(mask, 'signed'));
}

/** COMISS and its like: ZF, PF and CF say how the two compare. */
const compareScalars = (mnemonic: string, opcode: string, quietly: 0 | 1): Instruction[] =>
  precisions
    .filter(({ lanes }) => lanes === 1)
    .map((precision) => {
      const isSingle = precision.laneBytes === 4;
      const text = `${isSingle ? 'NP' : '66'} 0F ${opcode} /r`;
      return overVectors(
        `${mnemonic}${precision.suffix}`,
        'Intel SDM Vol. 2A and 2B, "COMISS", "COMISD", "UCOMISS", "UCOMISD"',
        [form(text, precision.target, precision.source).needs(precision.feature)],
        (emit, a, b) => compareScalar(emit, precision, quietly, a, b),
      );
    });

const ZF = 0x40;

function compareScalar(emit: Emitter, precision: Precision, quietly: 0 | 1, a: VectorOperand, b: VectorOperand): void {
  const [x, y] = comparedValues(emit, precision, [a, b]) as [Value, Value];
  const shape = precision.laneBytes === 4 ? 'f32' : 'f64';
  const setFlags = (): void => {
    const equal = emit.mul(emit.apply(`${shape}.eq`, x, y), ZF);
    emit.setStatusWord(emit.or(equal, emit.apply(`${shape}.lt`, x, y)));
  };
  if (emit.isSettled) return setFlags();
  emit.when(allComparable(emit, precision, [a, b]), setFlags, () => {
    const { laneBytes } = precision;
    const answer = emit.shared(`compare ${quietly} ${laneBytes}`, [a.place(), b.place()], (code, [first, second]) => {
      const found = code.kernel('streamingCompare', quietly, first!, second!, laneBytes, mxcsr(code));
      takeAnswer(code, found);
      return code.or(code.shl(code.shrUnsigned(found, 20), 1), 1); // Never 0.
    });
    emit.setStatusWord(emit.hold(emit.shrUnsigned(answer, 1)));
  });
}

/** RCPPS and RSQRTPS and their like; see kernel/approximations.ts for what they give. */
const approximate = (mnemonic: string, opcode: string, root: 0 | 1): Instruction[] =>
  precisions
    .filter(({ laneBytes }) => laneBytes === 4)
    .map(({ suffix, prefix, target, source: from, lanes }) =>
      overVectors(
        `${mnemonic}${suffix}`,
        'Intel SDM Vol. 2B, "RCPPS", "RCPSS", "RSQRTPS", "RSQRTSS"',
        [form(`${prefix} 0F ${opcode} /r`, target, from).needs('sse')],
        (emit, to, other) => {
          emit.kernel('streamingApproximate', root, to.place(), other.place(), lanes, regions.approximations);
          to.placeWritten();
        },
      ),
    );

export const streamingArithmetic: readonly Instruction[] = [
  ...arithmetic('add', '58'),
  ...arithmetic('mul', '59'),
  ...arithmetic('sub', '5C'),
  ...arithmetic('div', '5E'),
  ...arithmetic('sqrt', '51'),
  ...extreme('min', '5D'),
  ...extreme('max', '5F'),
  ...compareLanes,
  ...compareScalars('comi', '2F', 0),
  ...compareScalars('ucomi', '2E', 1),
  ...approximate('rcp', '53', 0),
  ...approximate('rsqrt', '52', 1),
];
