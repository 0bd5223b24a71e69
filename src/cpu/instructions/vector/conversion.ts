/** SSE and SSE2 conversions between single precision, double precision and 32-bit integers. */
import { regions } from '../../layout.js';
import type { Feature } from '../../model.js';
import type { Value } from '../../wasm/values.js';
import { type Emitter, ordinary, type VectorOperand } from '../emitter.js';
import {
  form,
  type Form,
  type Instruction,
  mm,
  mmRegister,
  r32,
  rm32,
  xmm,
  xmm32,
  xmm64,
  xmmMemory64,
  xmmRm,
  xmmRm32,
  xmmRm64,
} from '../instruction.js';
import {
  integersToSingles,
  narrowLanes,
  narrowScalar,
  toIntegers,
  widenLanes,
  widenScalar,
} from './settled-conversions.js';
import { isSettled, mxcsr, takeAnswer } from './streaming.js';
import { overVectors, vectorInstruction, type VectorMeaning } from './vector.js';

const source = 'Intel SDM Vol. 2A, at each instruction';

/** The kernel's numbers. */
const formats = { single: 0, double: 1, integer: 2 } as const;
type Format = keyof typeof formats;

interface Conversion {
  readonly from: Format;
  readonly to: Format;
  readonly lanes: 1 | 2 | 4;
  /** Rounds towards zero whatever MXCSR says. */
  readonly truncates?: true;
}

/** Where the kernel reads an operand that is in no vector register, and where it writes such a result. */
const outside = regions.workspace + 48;

/** The kernel's conversion from one place to another. */
function convert(
  emit: Emitter,
  { from, to, lanes, truncates }: Conversion,
  target: Value | number,
  place: Value | number,
): void {
  const truncation = truncates === true ? 1 : 0;
  const name = `convert ${from} to ${to} ${lanes} ${truncation}`;
  emit.shared(name, [target, place], (code, [to_, from_]) => {
    const { workspace } = regions;
    const answer = code.kernel(
      'streamingConvert', formats[from], formats[to], truncation, to_!, from_!, lanes, workspace, mxcsr(code),
    ); // prettier-ignore
    takeAnswer(code, answer);
    return code.i32(1);
  });
}

const converting =
  (conversion: Conversion): VectorMeaning =>
  (emit, target, from) => {
    convert(emit, conversion, target.place(), from.place());
    target.placeWritten();
  };

/** Two results in the lower half of a register; the upper half is cleared. */
const convertingToLow =
  (conversion: Conversion): VectorMeaning =>
  (emit, target, from) => {
    convert(emit, conversion, target.place(), from.place());
    target.placeWritten();
    target.write(emit.i64(0n), 8);
  };

/** Two results in an MMX register. */
const convertingToMmx =
  (conversion: Conversion): VectorMeaning =>
  (emit, target, from) => {
    convert(emit, conversion, outside, from.place());
    target.write(emit.loadLate('i64.load', 0, outside));
  };

const row = (
  mnemonic: string,
  text: string,
  feature: Feature,
  operands: readonly [Form['operands'][number], Form['operands'][number]],
  meaning: VectorMeaning,
): Instruction => overVectors(mnemonic, source, [form(text, ...operands).needs(feature)], meaning);

/** Exact conversions of integers to double precision. */
const widenIntegers: VectorMeaning = (emit, target, from) =>
  target.write(emit.apply('f64x2.convert_low_i32x4_s', from.read('v128')));

/** Without the kernel where MXCSR is settled. */
const orSettled =
  (
    settled: (emit: Emitter, target: VectorOperand, from: VectorOperand) => void,
    otherwise: VectorMeaning,
  ): VectorMeaning =>
  (emit, target, from, third) => {
    if (emit.isSettled) settled(emit, target, from);
    else otherwise(emit, target, from, third);
  };
const toIntegersOf = (from: 'single' | 'double', truncates: boolean): VectorMeaning => {
  const conversion = {
    from,
    to: 'integer',
    lanes: from === 'single' ? 4 : 2,
    ...(truncates ? { truncates } : {}),
  } as const;
  return orSettled(
    (emit, target, source) => toIntegers(emit, `${from}s`, truncates, target, source),
    from === 'single' ? converting(conversion) : convertingToLow(conversion),
  );
};
const convertIntegers = converting({ from: 'integer', to: 'single', lanes: 2 });

/** To a general register. A number that rounds to an integer within reach needs no kernel if what it loses is noted already. */
function toGeneral(mnemonic: string, opcode: string, from: 'single' | 'double', truncates: boolean): Instruction {
  const [text, operand, feature] =
    from === 'single'
      ? [`F3 0F ${opcode} /r`, xmmRm32, 'sse' as const]
      : [`F2 0F ${opcode} /r`, xmmRm64, 'sse2' as const];
  return vectorInstruction(mnemonic, {
    source,
    forms: [form(text, r32, operand).needs(feature)],
    target: 'write',
    meaning(emit, { vectors: [vector], others: [target] }) {
      vector!.find();
      const shape = from === 'single' ? 'f32' : 'f64';
      const value = vector!.read(shape);
      const rounded = truncates ? value : emit.apply(`${shape}.nearest`, value);
      const result = emit.hold(emit.apply(`i32.trunc_sat_${shape}_s`, rounded));
      const back = emit.apply(`${shape}.convert_i32_s`, result);
      const silent = emit.or(emit.apply(`${shape}.eq`, back, value), isSettled(emit));
      emit.when(
        emit.and(silent, within(emit, shape, value)),
        () => target!.write(result),
        () => {
          if (emit.isSettled) return emit.leaveUndone();
          convert(
            emit,
            { from, to: 'integer', lanes: 1, ...(truncates ? { truncates } : {}) },
            outside,
            vector!.place(),
          );
          target!.write(emit.loadLate('i32.load', 0, outside));
        },
      );
    },
  });
}
/** Whether every rounding of a number fits 32 bits. */
const within = (emit: Emitter, shape: 'f32' | 'f64', value: Value): Value => {
  const limit = shape === 'f32' ? emit.f32(2 ** 30) : emit.f64(2 ** 30);
  return emit.apply(`${shape}.lt`, emit.apply(`${shape}.abs`, value), limit);
};

const fromGeneral = [
  vectorInstruction('cvtsi2sd', {
    source,
    forms: [form('F2 0F 2A /r', xmm64, rm32).needs('sse2')],
    meaning(emit, { vectors: [target], others: [from] }) {
      target!.write(emit.apply('f64.convert_i32_s', from!.read()));
      target!.learn(ordinary.sd);
    },
  }),
  vectorInstruction('cvtsi2ss', {
    source,
    forms: [form('F3 0F 2A /r', xmm32, rm32).needs('sse')],
    meaning(emit, { vectors: [target], others: [from] }) {
      const value = emit.hold(from!.read());
      const converted = emit.hold(emit.apply('f32.convert_i32_s', value));
      const isSame = (): Value =>
        emit.apply('f64.eq', emit.apply('f64.promote_f32', converted), emit.apply('f64.convert_i32_s', value));
      emit.when(
        emit.isSettled && !emit.isExact ? emit.i32(1) : emit.or(isSame(), isSettled(emit)),
        () => {
          target!.write(converted);
          target!.learn(ordinary.ss);
        },
        () => {
          emit.store('i32.store', 0, value, outside);
          convert(emit, { from: 'integer', to: 'single', lanes: 1 }, target!.place(), outside);
          target!.placeWritten();
        },
      );
    },
  }),
];

export const conversions: readonly Instruction[] = [
  row(
    'cvtps2pd',
    'NP 0F 5A /r',
    'sse2',
    [xmm, xmmRm64],
    orSettled(widenLanes, converting({ from: 'single', to: 'double', lanes: 2 })),
  ),
  row(
    'cvtpd2ps',
    '66 0F 5A /r',
    'sse2',
    [xmm, xmmRm],
    orSettled(narrowLanes, convertingToLow({ from: 'double', to: 'single', lanes: 2 })),
  ),
  row(
    'cvtss2sd',
    'F3 0F 5A /r',
    'sse2',
    [xmm64, xmmRm32],
    orSettled(widenScalar, converting({ from: 'single', to: 'double', lanes: 1 })),
  ),
  row(
    'cvtsd2ss',
    'F2 0F 5A /r',
    'sse2',
    [xmm32, xmmRm64],
    orSettled(narrowScalar, converting({ from: 'double', to: 'single', lanes: 1 })),
  ),
  row(
    'cvtdq2ps',
    'NP 0F 5B /r',
    'sse2',
    [xmm, xmmRm],
    orSettled(integersToSingles, converting({ from: 'integer', to: 'single', lanes: 4 })),
  ),
  row('cvtps2dq', '66 0F 5B /r', 'sse2', [xmm, xmmRm], toIntegersOf('single', false)),
  row('cvttps2dq', 'F3 0F 5B /r', 'sse2', [xmm, xmmRm], toIntegersOf('single', true)),
  row('cvtdq2pd', 'F3 0F E6 /r', 'sse2', [xmm, xmmRm64], widenIntegers),
  row('cvtpd2dq', 'F2 0F E6 /r', 'sse2', [xmm, xmmRm], toIntegersOf('double', false)),
  row('cvttpd2dq', '66 0F E6 /r', 'sse2', [xmm, xmmRm], toIntegersOf('double', true)),
  // From memory neither touches the x87's state: so the captured processor, and the manual for the second of them.
  row('cvtpi2ps', 'NP 0F 2A /r', 'sse', [xmm64, mmRegister], convertIntegers),
  row('cvtpi2ps', 'NP 0F 2A /r', 'sse', [xmm64, xmmMemory64], convertIntegers),
  row('cvtpi2pd', '66 0F 2A /r', 'sse2', [xmm, mmRegister], widenIntegers),
  row('cvtpi2pd', '66 0F 2A /r', 'sse2', [xmm, xmmMemory64], widenIntegers),
  row('cvtps2pi', 'NP 0F 2D /r', 'sse', [mm, xmmRm64], convertingToMmx({ from: 'single', to: 'integer', lanes: 2 })),
  row(
    'cvttps2pi',
    'NP 0F 2C /r',
    'sse',
    [mm, xmmRm64],
    convertingToMmx({ from: 'single', to: 'integer', lanes: 2, truncates: true }),
  ),
  row('cvtpd2pi', '66 0F 2D /r', 'sse2', [mm, xmmRm], convertingToMmx({ from: 'double', to: 'integer', lanes: 2 })),
  row(
    'cvttpd2pi',
    '66 0F 2C /r',
    'sse2',
    [mm, xmmRm],
    convertingToMmx({ from: 'double', to: 'integer', lanes: 2, truncates: true }),
  ),
  toGeneral('cvtss2si', '2D', 'single', false),
  toGeneral('cvttss2si', '2C', 'single', true),
  toGeneral('cvtsd2si', '2D', 'double', false),
  toGeneral('cvttsd2si', '2C', 'double', true),
  ...fromGeneral,
];
