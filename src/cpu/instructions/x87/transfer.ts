/** Loads, stores, exchanges and constants. */
import { regions } from '../../layout.js';
import type { Value } from '../../wasm/values.js';
import type { EmittedOperand, Emitter } from '../emitter.js';
import {
  form,
  instruction,
  type Instruction,
  m16,
  m32,
  m64,
  m80,
  type OperandSpecification,
  stackRegister,
} from '../instruction.js';
import { double, narrowNormal, single, widenInteger, widenNormal } from './quick.js';
import {
  bit0,
  codes,
  control,
  copy,
  fill,
  isFilled,
  isWithheld,
  named,
  namedBit,
  pop,
  popUnlessWithheld,
  push,
  put,
  ready,
  remember,
  report,
  setCodes,
  sourceOrIndefinite,
  st0,
  stackBelow,
  stackFaults,
  unlessWithheld,
  whenFilled,
  whenRoom,
} from './unit.js';

const { block } = regions;

// Loads.

/** A load from memory: `read` before anything changes, `write` into the register that will be ST(0). */
function load(
  mnemonic: string,
  text: string,
  size: OperandSpecification,
  title: string,
  read: (emit: Emitter, operand: EmittedOperand) => Value,
  write: (emit: Emitter, target: Value, found: Value) => Value | undefined,
): Instruction {
  return instruction(mnemonic, {
    source: `Intel SDM Vol. 2A, ${title}`,
    forms: [form(text, size).needs('fpu')],
    meaning(emit, operand) {
      ready(emit);
      const found = read(emit, operand!);
      remember(emit, operand);
      whenRoom(emit, () => {
        const answer = write(emit, stackBelow(emit), found);
        if (answer === undefined) {
          setCodes(emit, 0);
          push(emit);
        } else {
          report(emit, answer);
          unlessWithheld(emit, answer, () => push(emit));
        }
      });
    },
  });
}

function loadReal(
  emit: Emitter,
  format: typeof single,
  kernel: 'load32' | 'load64',
  target: Value,
  bits: Value,
): Value {
  const answer = emit.variable(0);
  widenNormal(
    emit,
    format,
    target,
    bits,
    () => {},
    () => answer.set(emit.kernel(kernel, target, bits, control(emit))),
  );
  return answer;
}

const loadTitle = '"FLD: Load Floating Point Value"';
const integerTitle = '"FILD: Load Integer"';

const loads: readonly Instruction[] = [
  load(
    'fld',
    'D9 /0',
    m32,
    loadTitle,
    (emit, operand) => emit.load('i32.load', operand.readBlock(4)),
    (emit, target, bits) => loadReal(emit, single, 'load32', target, bits),
  ),
  load(
    'fld',
    'DD /0',
    m64,
    loadTitle,
    (emit, operand) => emit.load('i64.load', operand.readBlock(8)),
    (emit, target, bits) => loadReal(emit, double, 'load64', target, bits),
  ),
  load(
    'fld',
    'DB /5',
    m80,
    loadTitle,
    (_emit, operand) => operand.readBlock(10),
    (emit, target, place) => void copy(emit, target, place),
  ),
  load(
    'fild',
    'DF /0',
    m16,
    integerTitle,
    (emit, operand) => emit.load('i32.load16_s', operand.readBlock(2)),
    (emit, target, value) => void widenInteger(emit, target, value),
  ),
  load(
    'fild',
    'DB /0',
    m32,
    integerTitle,
    (emit, operand) => emit.load('i32.load', operand.readBlock(4)),
    (emit, target, value) => void widenInteger(emit, target, value),
  ),
  load(
    'fild',
    'DF /5',
    m64,
    integerTitle,
    (emit, operand) => emit.load('i64.load', operand.readBlock(8)),
    (emit, target, value) => void emit.kernel('loadInteger', target, value),
  ),
  load(
    'fbld',
    'DF /4',
    m80,
    '"FBLD: Load Binary Coded Decimal"',
    (_emit, operand) => operand.readBlock(10),
    (emit, target, place) => void emit.kernel('loadDecimal', target, place),
  ),
];

const loadRegister = instruction('fld', {
  source: `Intel SDM Vol. 2A, ${loadTitle}`,
  forms: [form('D9 C0+i', stackRegister).needs('fpu')],
  meaning(emit) {
    ready(emit);
    remember(emit);
    const source = named(emit);
    // Where both faults are due, the underflow is it; masked it pushes a NaN as well.
    whenFilled(emit, namedBit(emit), 0, stackFaults.pushes, () => {
      whenRoom(emit, () => {
        copy(emit, stackBelow(emit), source);
        setCodes(emit, 0);
        push(emit);
      });
    });
  },
});

function constant(mnemonic: string, text: string, write: (emit: Emitter, target: Value) => void): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ: Load Constant"',
    forms: [form(text).needs('fpu')],
    meaning(emit) {
      ready(emit);
      remember(emit);
      whenRoom(emit, () => {
        write(emit, stackBelow(emit));
        setCodes(emit, 0);
        push(emit);
      });
    },
  });
}

const rounded = (mnemonic: string, text: string, which: number): Instruction =>
  constant(mnemonic, text, (emit, target) => void emit.kernel('loadConstant', target, which, control(emit)));

const constants: readonly Instruction[] = [
  constant('fld1', 'D9 E8', (emit, target) => put(emit, target, 0x3fff, -(2n ** 63n))),
  rounded('fldl2t', 'D9 E9', 0),
  rounded('fldl2e', 'D9 EA', 1),
  rounded('fldpi', 'D9 EB', 2),
  rounded('fldlg2', 'D9 EC', 3),
  rounded('fldln2', 'D9 ED', 4),
  constant('fldz', 'D9 EE', (emit, target) => put(emit, target, 0, 0n)),
];

// Stores.

/** A store to memory: the number is made in the block, which the memory takes unless an exception withholds it. */
function store(
  mnemonic: string,
  text: string,
  size: OperandSpecification,
  title: string,
  pops: 0 | 1,
  make: (emit: Emitter, source: Value) => Value,
): Instruction {
  return instruction(mnemonic, {
    source: `Intel SDM Vol. 2A, ${title}`,
    forms: [form(text, size).needs('fpu')],
    meaning(emit, operand) {
      ready(emit);
      const { source, fault } = sourceOrIndefinite(emit);
      const answer = emit.hold(emit.or(make(emit, source), fault));
      operand!.offset(); // Computed here, as both branches and what is remembered need it.
      emit.when(
        isWithheld(emit, answer),
        () => operand!.probeBlock(size.bytes!), // Its address is looked at all the same.
        () => writeBytes(emit, operand!, size.bytes!),
      );
      remember(emit, operand);
      report(emit, answer);
      popUnlessWithheld(emit, answer, pops);
    },
  });
}

function writeBytes(emit: Emitter, operand: EmittedOperand, bytes: number): void {
  if (bytes === 2) operand.writeBeyond(0, 16, emit.load('i32.load16_u', 0, block));
  else if (bytes === 4) operand.writeBeyond(0, 32, emit.load('i32.load', 0, block));
  else operand.writeBlock(bytes);
}

const storeTitle = '"FST/FSTP: Store Floating Point Value"';
const integerStoreTitle = '"FIST/FISTP: Store Integer"';
const toSingle = (emit: Emitter, source: Value): Value => narrowNormal(emit, single, source, 'store32');
const toDouble = (emit: Emitter, source: Value): Value => narrowNormal(emit, double, source, 'store64');
const toInteger =
  (bytes: number) =>
  (emit: Emitter, source: Value): Value =>
    emit.kernel('storeInteger', block, source, bytes, control(emit));

const stores: readonly Instruction[] = [
  store('fst', 'D9 /2', m32, storeTitle, 0, toSingle),
  store('fst', 'DD /2', m64, storeTitle, 0, toDouble),
  store('fstp', 'D9 /3', m32, storeTitle, 1, toSingle),
  store('fstp', 'DD /3', m64, storeTitle, 1, toDouble),
  store('fstp', 'DB /7', m80, storeTitle, 1, (emit, source) => {
    copy(emit, emit.i32(block), source);
    return emit.i32(0);
  }),
  store('fist', 'DF /2', m16, integerStoreTitle, 0, toInteger(2)),
  store('fist', 'DB /2', m32, integerStoreTitle, 0, toInteger(4)),
  store('fistp', 'DF /3', m16, integerStoreTitle, 1, toInteger(2)),
  store('fistp', 'DB /3', m32, integerStoreTitle, 1, toInteger(4)),
  store('fistp', 'DF /7', m64, integerStoreTitle, 1, toInteger(8)),
  store('fbstp', 'DF /6', m80, '"FBSTP: Store BCD Integer and Pop"', 1, (emit, source) =>
    emit.kernel('storeDecimal', block, source, control(emit)),
  ),
];

function storeRegister(mnemonic: string, pops: 0 | 1, ...texts: string[]): Instruction {
  return instruction(mnemonic, {
    source: `Intel SDM Vol. 2A, ${storeTitle}`,
    forms: texts.map((text) => form(text, stackRegister).needs('fpu')),
    meaning(emit) {
      ready(emit);
      remember(emit);
      const target = named(emit);
      whenFilled(emit, bit0, target, pops, () => {
        copy(emit, target, st0(emit));
        fill(emit, namedBit(emit));
        setCodes(emit, 0);
        if (pops === 1) pop(emit);
      });
    },
  });
}

/** An undocumented FSTP that finds nothing wrong with an empty ST(0): it pops, and stores nothing. */
const storeUnchecked = instruction('fstpnce', {
  source: 'undocumented; as captured (test/oracle/vectors)',
  forms: [form('D9 D8+i', stackRegister).needs('fpu')],
  meaning(emit) {
    ready(emit);
    remember(emit);
    emit.when(isFilled(emit, bit0), () => {
      copy(emit, named(emit), st0(emit));
      fill(emit, namedBit(emit));
    });
    setCodes(emit, 0);
    pop(emit);
  },
});

// DD C8 and DF C8, DF D0 and DF D8 are undocumented copies that every processor has.
const exchange = instruction('fxch', {
  source: 'Intel SDM Vol. 2A, "FXCH: Exchange Register Contents"',
  forms: ['D9 C8+i', 'DD C8+i', 'DF C8+i'].map((text) => form(text, stackRegister).needs('fpu')),
  meaning(emit) {
    ready(emit);
    remember(emit);
    const [a, b] = [st0(emit), named(emit)];
    whenFilled(emit, emit.or(namedBit(emit), bit0), b, stackFaults.exchanges, () => {
      const significand = emit.load('i64.load', a);
      const top = emit.load('i32.load16_u', a, 8);
      copy(emit, a, b);
      emit.store('i64.store', b, significand);
      emit.store('i32.store16', b, top, 8);
      setCodes(emit, 0, codes.c1);
    });
  },
});

export const x87Transfers: readonly Instruction[] = [
  ...loads,
  loadRegister,
  ...constants,
  ...stores,
  storeRegister('fst', 0, 'DD D0+i'),
  storeRegister('fstp', 1, 'DD D8+i', 'DF D0+i', 'DF D8+i'),
  storeUnchecked,
  exchange,
];
