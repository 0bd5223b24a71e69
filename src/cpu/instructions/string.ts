/**
 * String instructions. Each iteration is one step of its own: it costs a cycle, an interrupt may come before the next one,
 * and a fault leaves the registers as the iterations before it left them (Intel SDM Vol. 2B, "REP/REPE/REPZ/REPNE/REPNZ").
 */
import { flagBits } from '../layout.js';
import type { Value } from '../wasm/values.js';
import type { EmittedOperand, Emitter } from './emitter.js';
import { accumulator, al, form, instruction, type Instruction, type Width } from './instruction.js';

const source = 'Intel SDM Vol. 2, "MOVS", "CMPS", "SCAS", "LODS", "STOS", "INS", "OUTS"';

interface StringStep {
  readonly width: Width;
  readonly si: EmittedOperand;
  readonly di: EmittedOperand;
  /** Moves index registers by one element, as DF says. */
  advance(...registers: EmittedOperand[]): void;
}

/** Runs one iteration, and the count and the way round for a REP prefix. */
function repeated(emit: Emitter, width: Width, comparing: boolean, iteration: (step: StringStep) => void): void {
  const counter = emit.register('ecx', emit.addressWidth);
  if (emit.repeat !== 'none') emit.when(emit.isZero(counter.read()), () => emit.next());
  iteration({
    width,
    si: emit.register('esi', emit.addressWidth),
    di: emit.register('edi', emit.addressWidth),
    advance(...registers) {
      const bytes = width / 8;
      const down = emit.and(emit.otherFlags(), flagBits.DF);
      const step = emit.hold(emit.select(down, -bytes, bytes));
      for (const register of registers) {
        register.write(emit.zeroExtend(emit.add(register.read(), step), emit.addressWidth));
      }
    },
  });
  if (emit.repeat === 'none') return;
  const left = emit.hold(emit.zeroExtend(emit.sub(counter.read(), 1), emit.addressWidth));
  counter.write(left);
  const more = emit.notEqual(left, 0);
  const goesOn = comparing ? emit.and(more, emit.equal(emit.flag('ZF'), emit.repeat === 'rep' ? 1 : 0)) : more;
  emit.when(goesOn, () => emit.repeatAgain());
}

function stringInstruction(
  mnemonic: string,
  opcodes: readonly [string, string],
  comparing: boolean,
  iteration: (emit: Emitter, step: StringStep, accumulator: EmittedOperand) => void,
): Instruction {
  return instruction(mnemonic, {
    source,
    forms: [form(opcodes[0], al), form(opcodes[1], accumulator)],
    usesAddressSize: true,
    repeatable: comparing ? 'repWhileEqual' : 'rep',
    endsBlock: true,
    meaning: (emit, register) => repeated(emit, register!.width, comparing, (step) => iteration(emit, step, register!)),
  });
}

const moveString = stringInstruction('movs', ['A4', 'A5'], false, (emit, { si, di, width, advance }) => {
  const value = emit.loadFromData(si.read(), width);
  emit.storeTo('es', di.read(), width, value);
  advance(si, di);
});

const compareStrings = stringInstruction('cmps', ['A6', 'A7'], true, (emit, { si, di, width, advance }) => {
  const left = emit.loadFromData(si.read(), width);
  const right = emit.loadFrom('es', di.read(), width);
  compare(emit, left, right, width);
  advance(si, di);
});

const scanString = stringInstruction('scas', ['AE', 'AF'], true, (emit, { di, width, advance }, register) => {
  const right = emit.loadFrom('es', di.read(), width);
  compare(emit, register.read(), right, width);
  advance(di);
});

function compare(emit: Emitter, left: Value, right: Value, width: Width): void {
  emit.setSubtractFlags(left, right, emit.hold(emit.zeroExtend(emit.sub(left, right), width)), width);
}

const loadString = stringInstruction('lods', ['AC', 'AD'], false, (emit, { si, width, advance }, register) => {
  register.write(emit.loadFromData(si.read(), width));
  advance(si);
});

const storeString = stringInstruction('stos', ['AA', 'AB'], false, (emit, { di, width, advance }, register) => {
  emit.storeTo('es', di.read(), width, register.read());
  advance(di);
});

/** INS: the store's permission is checked before the port is read, as a port read cannot be taken back. */
const inputString = stringInstruction('ins', ['6C', '6D'], false, (emit, { di, width, advance }) => {
  const port = emit.register('edx', 16).read();
  emit.system('checkPorts', port, emit.i32(width / 8));
  emit.prepareStore('es', di.read(), width);
  emit.storeTo('es', di.read(), width, emit.system('input', port, emit.i32(width / 8)));
  advance(di);
});

const outputString = stringInstruction('outs', ['6E', '6F'], false, (emit, { si, width, advance }) => {
  const port = emit.register('edx', 16).read();
  emit.system('checkPorts', port, emit.i32(width / 8));
  const value = emit.loadFromData(si.read(), width);
  emit.output(port, value, width);
  advance(si);
});

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
