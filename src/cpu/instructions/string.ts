/**
 * String instructions. Each iteration is one step of its own: it costs a cycle, an interrupt may come before the next one,
 * and a fault leaves the registers as the iterations before it left them (Intel SDM Vol. 2B, "REP/REPE/REPZ/REPNE/REPNZ").
 */
import { flagBits } from '../layout.js';
import type { Value } from '../wasm/values.js';
import type { EmittedOperand, Emitter, StringRun } from './emitter.js';
import { accumulator, al, form, instruction, type Instruction, type Width } from './instruction.js';

const source = 'Intel SDM Vol. 2, "MOVS", "CMPS", "SCAS", "LODS", "STOS", "INS", "OUTS"';

/**
 * One iteration: memory through SI and DI, which move with it.
 * Index registers and count move once everything that may fault is behind; the 80286 moves them as it goes, and a segment
 * overrun leaves them so (captured from the chip: DI before CX in CMPS, and one count too many ahead of a store).
 */
class Iteration {
  private readonly si: EmittedOperand;
  private readonly di: EmittedOperand;
  private readonly counter: EmittedOperand;
  private readonly movesAhead: boolean;
  private readonly moveLater: EmittedOperand[] = [];
  private counted = false;

  constructor(
    private readonly emit: Emitter,
    readonly width: Width,
  ) {
    this.si = emit.register('esi', emit.addressWidth);
    this.di = emit.register('edi', emit.addressWidth);
    this.counter = emit.register('ecx', emit.addressWidth);
    this.movesAhead = emit.model === '80286';
  }

  get repeats(): boolean {
    return this.emit.repeat !== 'none';
  }
  private offsetOf(register: EmittedOperand): Value {
    const offset = register.read();
    if (this.movesAhead) this.move(register);
    else this.moveLater.push(register);
    return offset;
  }
  private move(register: EmittedOperand): void {
    const { emit } = this;
    const bytes = this.width / 8;
    const step = emit.select(emit.and(emit.otherFlags(), flagBits.DF), -bytes, bytes);
    register.write(emit.zeroExtend(emit.add(register.read(), step), emit.addressWidth));
  }
  private count(by: number): void {
    const { emit, counter } = this;
    counter.write(emit.zeroExtend(emit.sub(counter.read(), by), emit.addressWidth));
  }
  private countAhead(): void {
    if (!this.movesAhead || !this.repeats || this.counted) return;
    this.counted = true;
    this.count(1);
  }

  loadSource(): Value {
    const offset = this.offsetOf(this.si);
    this.countAhead();
    return this.emit.loadFromData(offset, this.width);
  }
  /** CMPS looks here first on the 80286, before it counts. */
  loadDestination(counting = true): Value {
    const offset = this.offsetOf(this.di);
    if (counting) this.countAhead();
    return this.emit.loadFrom('es', offset, this.width);
  }
  /** `checkFirst`: the store's permission is checked before `value` does what cannot be taken back. */
  storeDestination(value: () => Value, checkFirst = false): void {
    const offset = this.offsetOf(this.di);
    this.countAhead();
    const ahead = this.movesAhead && this.repeats;
    if (ahead) this.count(1);
    if (ahead || checkFirst) this.emit.prepareStore('es', offset, this.width);
    if (ahead) this.count(-1);
    this.emit.storeTo('es', offset, this.width, value());
  }
  /** Moves what has not moved yet. */
  finish(): void {
    for (const register of this.moveLater) this.move(register);
    if (this.repeats && !this.counted) this.count(1);
  }
  /** The count after this iteration. */
  left(): Value {
    return this.counter.read();
  }
}

/** Runs one iteration, and the way round for a REP prefix, several at once where that cannot be told from one by one. */
function repeated(
  emit: Emitter,
  width: Width,
  comparing: boolean,
  body: (step: Iteration) => void,
  ahead: (() => Value) | undefined,
): void {
  const iteration = new Iteration(emit, width);
  const one = (): void => {
    body(iteration);
    iteration.finish();
  };
  if (!iteration.repeats) return one();
  emit.when(emit.isZero(iteration.left()), () => emit.next());
  if (ahead === undefined) one();
  else emit.when(emit.isZero(ahead()), one);
  const more = emit.notEqual(iteration.left(), 0);
  const goesOn = comparing ? emit.and(more, emit.equal(emit.flag('ZF'), emit.repeat === 'rep' ? 1 : 0)) : more;
  emit.when(goesOn, () => emit.repeatAgain());
}

function stringInstruction(
  mnemonic: string,
  opcodes: readonly [string, string],
  comparing: boolean,
  iteration: (emit: Emitter, step: Iteration, accumulator: EmittedOperand) => void,
  run?: StringRun,
): Instruction {
  return instruction(mnemonic, {
    source,
    forms: [form(opcodes[0], al), form(opcodes[1], accumulator)],
    usesAddressSize: true,
    repeatable: comparing ? 'repWhileEqual' : 'rep',
    endsBlock: true,
    meaning: (emit, register) => {
      const { width } = register!;
      const ahead = run === undefined ? undefined : (): Value => emit.runAhead(run, width, register!.read());
      repeated(emit, width, comparing, (step) => iteration(emit, step, register!), ahead);
    },
  });
}

const moveString = stringInstruction(
  'movs',
  ['A4', 'A5'],
  false,
  (_emit, step) => {
    const value = step.loadSource();
    step.storeDestination(() => value);
  },
  'move',
);

const compareStrings = stringInstruction(
  'cmps',
  ['A6', 'A7'],
  true,
  (emit, step) => {
    if (emit.model === '80286') {
      const right = step.loadDestination(false);
      return compare(emit, step.loadSource(), right, step.width);
    }
    const left = step.loadSource();
    compare(emit, left, step.loadDestination(), step.width);
  },
  'compare',
);

const scanString = stringInstruction(
  'scas',
  ['AE', 'AF'],
  true,
  (emit, step, register) => {
    const right = step.loadDestination();
    compare(emit, register.read(), right, step.width);
  },
  'scan',
);

function compare(emit: Emitter, left: Value, right: Value, width: Width): void {
  emit.setSubtractFlags(left, right, emit.hold(emit.zeroExtend(emit.sub(left, right), width)), width);
}

const loadString = stringInstruction('lods', ['AC', 'AD'], false, (_emit, step, register) => {
  register.write(step.loadSource());
});

const storeString = stringInstruction(
  'stos',
  ['AA', 'AB'],
  false,
  (_emit, step, register) => {
    step.storeDestination(() => register.read());
  },
  'store',
);

const inputString = stringInstruction(
  'ins',
  ['6C', '6D'],
  false,
  (emit, step) => {
    const port = emit.register('edx', 16).read();
    const bytes = emit.i32(step.width / 8);
    emit.system('checkPorts', port, bytes);
    step.storeDestination(() => emit.system('input', port, bytes), true);
  },
  'input',
);

const outputString = stringInstruction(
  'outs',
  ['6E', '6F'],
  false,
  (emit, step) => {
    const port = emit.register('edx', 16).read();
    emit.system('checkPorts', port, emit.i32(step.width / 8));
    emit.output(port, step.loadSource(), step.width);
  },
  'output',
);

const since286 = (each: Instruction): Instruction => ({
  ...each,
  forms: each.forms.map((one) => one.since('80286')),
});

export const strings: readonly Instruction[] = [
  moveString,
  compareStrings,
  scanString,
  loadString,
  storeString,
  since286(inputString),
  since286(outputString),
];
