/**
 * Runs the x87 cases of `native-i386/` whose instruction maps onto the kernel: decodes it, moves the registers as the stack
 * does, and compares every register, the memory, and the status that the kernel answers. What only the processor knows (empty
 * registers, control instructions, moves) is left out and counted.
 */
import { createFloat80, type Float80, quotientUnknown, withheld } from '../../../src/cpu/kernel/float80/float80.js';

/** A case as the file has it; see the README beside the files. */
export interface NativeCase {
  readonly asm: string;
  readonly b: string;
  readonly in: readonly string[];
  readonly fl: string;
  readonly ofl: string;
  readonly mem: string;
  readonly omem?: readonly [number, string];
  readonly fx: string;
  readonly ofx: Readonly<Record<string, string>>;
  readonly trap?: number;
}

/** `differs` names what does. */
export type Verdict = { readonly kind: 'passed' | 'left out' } | { readonly kind: 'failed'; readonly differs: string };

const memory = new WebAssembly.Memory({ initial: 1 });
const kernel: Float80 = createFloat80(memory);
const bytes = new Uint8Array(memory.buffer);
const view = new DataView(memory.buffer);

/** Where things lie in the kernel's memory: eight physical registers, operands, and the case's own 256 bytes. */
const registerAt = (physical: number): number => 0x100 + physical * 0x10;
const [operand, result, pushed, zero, caseMemory] = [0x200, 0x220, 0x240, 0x260, 0x400];
const operandsAddress = 0x2001_0000;
const topShift = 11;
const [c1, c2, conditionCodes] = [0x200, 0x400, 0x4700];

/** The unit of one case. */
class Unit {
  readonly controlWord: number;
  status: number;
  tag: number;
  flags: number;

  constructor(each: NativeCase) {
    const image = Buffer.from(each.fx.padEnd(1024, '0'), 'hex');
    this.controlWord = image.readUInt16LE(0);
    this.status = image.readUInt16LE(2);
    this.tag = image[4]!;
    this.flags = parseInt(each.fl, 16);
    for (let index = 0; index < 8; index++) bytes.set(image.subarray(32 + index * 16, 42 + index * 16), this.at(index));
    bytes.fill(0, zero);
    bytes.set(Buffer.from(each.mem, 'hex'), caseMemory);
  }
  private get top(): number {
    return (this.status >> topShift) & 7;
  }
  /** The address of ST(index). */
  at(index: number): number {
    return registerAt((this.top + index) & 7);
  }
  isFull(index: number): boolean {
    return (this.tag & (1 << ((this.top + index) & 7))) !== 0;
  }
  pop(): void {
    this.tag &= ~(1 << this.top);
    this.move(1);
  }
  push(source: number): void {
    this.move(7);
    this.tag |= 1 << this.top;
    bytes.copyWithin(this.at(0), source, source + 10);
  }
  private move(by: number): void {
    this.status = (this.status & ~(7 << topShift)) | (((this.top + by) & 7) << topShift);
  }
  /** Takes up an answer of the kernel, of whose condition codes `codes` count; whether the instruction was completed. */
  take(answer: number, defined: number): boolean {
    const codes = answer & quotientUnknown ? c1 | c2 : defined;
    this.status = (this.status & ~codes) | (answer & (0xbf | codes));
    if (answer & 0x80) this.status |= 0x8000;
    return (answer & withheld) === 0;
  }
}

/** The address in `caseMemory` of the memory operand that the text of an instruction names; undefined for register forms. */
function effectiveAddress(each: NativeCase): number | undefined {
  const text = /\[(.*)\]/.exec(each.asm)?.[1];
  if (text === undefined) return undefined;
  const order = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
  let sum = 0;
  for (const [, sign, part] of text.matchAll(/([+-]?)([^+-]+)/g)) {
    const [name, scale = '1'] = part!.split('*');
    const register = order.indexOf(name!);
    const value = register >= 0 ? parseInt(each.in[register]!, 16) * Number(scale) : parseInt(name!, 16);
    sum += sign === '-' ? -value : value;
  }
  return (sum >>> 0) - operandsAddress + caseMemory;
}

type Arithmetic = (target: number, a: number, b: number, controlWord: number) => number;
const reversed =
  (operation: Arithmetic): Arithmetic =>
  (target, a, b, controlWord) =>
    operation(target, b, a, controlWord);
/** By the reg field of the opcode; the reversed forms of division and subtraction follow the plain ones. */
const arithmetic: readonly (Arithmetic | undefined)[] = [
  kernel.add,
  kernel.multiply,
  undefined,
  undefined,
  kernel.subtract,
  reversed(kernel.subtract),
  kernel.divide,
  reversed(kernel.divide),
];

/** Loads the memory operand of D8, DA, DC, DE into `operand`; what to add to the control word. */
function loadOperand(opcode: number, address: number): number {
  switch (opcode) {
    case 0xd8:
      return kernel.widen32(operand, view.getUint32(address, true));
    case 0xdc:
      return kernel.widen64(operand, view.getBigUint64(address, true));
    case 0xda:
      kernel.loadInteger(operand, BigInt(view.getInt32(address, true)));
      return 0;
    default:
      kernel.loadInteger(operand, BigInt(view.getInt16(address, true)));
      return 0;
  }
}

/** Compares, and pops `pops` registers. */
function compareAndPop(unit: Unit, ordered: boolean, other: number, pops: number, extra = 0): void {
  const compare = ordered ? kernel.compareOrdered : kernel.compareUnordered;
  const completed = unit.take(compare(unit.at(0), other, unit.controlWord | extra) & ~c1, conditionCodes);
  if (completed) for (let count = 0; count < pops; count++) unit.pop();
}
/** Compares into the processor's flags: ZF, PF, CF. */
function compareFlags(unit: Unit, ordered: boolean, other: number, pops: number): void {
  const compare = ordered ? kernel.compareOrdered : kernel.compareUnordered;
  const answer = compare(unit.at(0), other, unit.controlWord);
  const flags = ((answer >> 8) & 1) | ((answer >> 8) & 4) | ((answer >> 8) & 0x40);
  unit.flags = (unit.flags & ~0x8d5) | flags;
  if (unit.take(answer, 0)) for (let count = 0; count < pops; count++) unit.pop();
}

function runMemoryForm(unit: Unit, opcode: number, reg: number, address: number): boolean {
  if ((opcode & 1) === 0) {
    if (!unit.isFull(0)) return false;
    const extra = loadOperand(opcode, address);
    const operation = arithmetic[reg];
    if (operation) unit.take(operation(unit.at(0), unit.at(0), operand, unit.controlWord | extra), c1);
    else compareAndPop(unit, true, operand, reg - 2, extra);
    return true;
  }
  return opcode === 0xd9 || (opcode === 0xdd && reg !== 1)
    ? runRealMove(unit, opcode, reg, address)
    : runIntegerMove(unit, opcode, reg, address);
}

function runRealMove(unit: Unit, opcode: number, reg: number, address: number): boolean {
  const short = opcode === 0xd9;
  if (reg > 3 || reg === 1) return false;
  if (reg === 0) {
    if (unit.isFull(7)) return false;
    const answer = short
      ? kernel.load32(pushed, view.getUint32(address, true), unit.controlWord)
      : kernel.load64(pushed, view.getBigUint64(address, true), unit.controlWord);
    if (unit.take(answer, c1)) unit.push(pushed);
    return true;
  }
  if (!unit.isFull(0)) return false;
  const store = short ? kernel.store32 : kernel.store64;
  if (unit.take(store(address, unit.at(0), unit.controlWord), c1) && reg === 3) unit.pop();
  return true;
}

function runIntegerMove(unit: Unit, opcode: number, reg: number, address: number): boolean {
  const loads = opcode === 0xdf ? reg === 0 || reg === 4 || reg === 5 : reg === 0;
  if (opcode === 0xdb && reg > 3) return false;
  if (loads) {
    if (unit.isFull(7)) return false;
    if (reg === 4) kernel.loadDecimal(pushed, address);
    else if (reg === 5) kernel.loadInteger(pushed, view.getBigInt64(address, true));
    else
      kernel.loadInteger(pushed, BigInt(opcode === 0xdf ? view.getInt16(address, true) : view.getInt32(address, true)));
    unit.take(0, c1);
    unit.push(pushed);
    return true;
  }
  if (!unit.isFull(0)) return false;
  const size = reg === 7 || opcode === 0xdd ? 8 : opcode === 0xdf ? 2 : 4;
  const answer =
    reg === 6
      ? kernel.storeDecimal(address, unit.at(0), unit.controlWord)
      : (reg === 1 ? kernel.storeIntegerTruncated : kernel.storeInteger)(address, unit.at(0), size, unit.controlWord);
  if (unit.take(answer, c1) && reg !== 2) unit.pop();
  return true;
}

/** The forms with two registers. */
function runRegisterForm(unit: Unit, opcode: number, reg: number, index: number): boolean {
  const full = unit.isFull(0) && unit.isFull(index);
  const compares = { 0xd82: 0, 0xd83: 1, 0xdc2: 0, 0xdc3: 1, 0xde2: 1, 0xdd4: 0, 0xdd5: 1 } as Record<number, number>;
  const form = opcode * 16 + reg;
  const pops = compares[form];
  if (pops !== undefined && full) {
    compareAndPop(unit, opcode !== 0xdd, unit.at(index), pops);
    return true;
  }
  if ((form === 0xde3 || form === 0xda5) && index === 1 && full) {
    compareAndPop(unit, opcode === 0xde, unit.at(1), 2);
    return true;
  }
  if ([0xdb5, 0xdb6, 0xdf5, 0xdf6].includes(form) && full) {
    compareFlags(unit, reg === 6, unit.at(index), opcode === 0xdf ? 1 : 0);
    return true;
  }
  const operation = arithmetic[reg];
  if (operation === undefined || !full || ![0xd8, 0xdc, 0xde].includes(opcode)) return false;
  const toOther = opcode !== 0xd8;
  // FSUB to ST(i) and FDIV to ST(i) have their reversed forms where those to ST(0) have the plain ones.
  const [a, b] = toOther && reg >= 4 ? [unit.at(index), unit.at(0)] : [unit.at(0), unit.at(index)];
  const chosen = toOther && reg >= 4 ? arithmetic[reg ^ 1]! : operation;
  const target = unit.at(toOther ? index : 0);
  if (unit.take(chosen(target, a, b, unit.controlWord), c1) && opcode === 0xde) unit.pop();
  return true;
}

type Whole = (unit: Unit, st0: number, st1: number) => boolean | void;
const replaceAndPush =
  (operation: (below: number, above: number, a: number, controlWord: number) => number): Whole =>
  (unit, st0) => {
    if (unit.isFull(7)) return false;
    const answer = operation(result, pushed, st0, unit.controlWord);
    if (!unit.take(answer, c1 | c2)) return true;
    bytes.copyWithin(st0, result, result + 10);
    unit.push(pushed);
    return true;
  };
const replace =
  (operation: (target: number, a: number, controlWord: number) => number, codes = c1): Whole =>
  (unit, st0) =>
    void unit.take(operation(st0, st0, unit.controlWord), codes);
const replaceByTwo =
  (operation: Arithmetic, codes = c1): Whole =>
  (unit, st0, st1) =>
    unit.isFull(1) ? void unit.take(operation(st0, st0, st1, unit.controlWord), codes) : false;
const popInto =
  (operation: Arithmetic): Whole =>
  (unit, st0, st1) => {
    if (!unit.isFull(1)) return false;
    if (unit.take(operation(st1, st1, st0, unit.controlWord), c1)) unit.pop();
    return true;
  };

/** The second bytes of D9 that need ST(0). */
const wholes: Readonly<Record<number, Whole>> = {
  0xe4: (unit) => compareAndPop(unit, true, zero, 0),
  0xe5: (unit, st0) => void unit.take(kernel.examine(st0), conditionCodes),
  0xf0: replace(kernel.powerOfTwoLessOne),
  0xf1: popInto(kernel.logarithm),
  0xf2: replaceAndPush(kernel.tangent),
  0xf3: popInto(kernel.arctangent),
  0xf4: replaceAndPush((below, above, a, controlWord) => kernel.extract(below, above, a, controlWord)),
  0xf5: replaceByTwo(kernel.remainderNearest, conditionCodes),
  0xf8: replaceByTwo(kernel.remainderTruncated, conditionCodes),
  0xf9: popInto(kernel.logarithmOfOnePlus),
  0xfa: replace(kernel.squareRoot),
  0xfb: replaceAndPush(kernel.sineAndCosine),
  0xfc: replace(kernel.roundToInteger),
  0xfd: replaceByTwo(kernel.scale),
  0xfe: replace(kernel.sine, c1 | c2),
  0xff: replace(kernel.cosine, c1 | c2),
};

function runWhole(unit: Unit, second: number): boolean {
  if (second >= 0xe9 && second <= 0xed) {
    if (unit.isFull(7)) return false;
    kernel.loadConstant(pushed, second - 0xe9, unit.controlWord);
    unit.take(0, c1);
    unit.push(pushed);
    return true;
  }
  const whole = wholes[second];
  return whole !== undefined && unit.isFull(0) && whole(unit, unit.at(0), unit.at(1)) !== false;
}

function run(unit: Unit, each: NativeCase): boolean {
  const [opcode, second] = [parseInt(each.b.slice(0, 2), 16), parseInt(each.b.slice(2, 4), 16)];
  const reg = (second >> 3) & 7;
  const address = effectiveAddress(each);
  // Some reach beyond the bytes that the case tells.
  if (address !== undefined && (address < caseMemory || address + 10 > caseMemory + 256)) return false;
  if (address !== undefined) return runMemoryForm(unit, opcode, reg, address);
  if (opcode === 0xd9) return runWhole(unit, second);
  return runRegisterForm(unit, opcode, reg, second & 7);
}

/** Everything but the stack fault, which the cases run here do not raise. */
const statusCompared = 0xffbf;
const hexAt = (address: number, length: number): string =>
  Buffer.from(bytes.subarray(address, address + length)).toString('hex');

/** Runs a case. */
export function runNativeCase(each: NativeCase): Verdict {
  if (each.trap !== undefined) return { kind: 'left out' };
  const unit = new Unit(each);
  const status = unit.status;
  const expected = Array.from({ length: 8 }, (_, index) => each.ofx[`r${index}`] ?? hexAt(registerAt(index), 10));
  const memoryAfter = Buffer.from(each.mem, 'hex');
  if (each.omem) memoryAfter.set(Buffer.from(each.omem[1], 'hex'), each.omem[0]);
  if (!run(unit, each)) return { kind: 'left out' };
  const wanted = parseInt(each.ofx['sw'] ?? status.toString(16), 16);
  const differs: string[] = [];
  const compare = (what: string, right: string, ours: string): void => {
    if (right !== ours) differs.push(`${what} ${right} but ${ours}`);
  };
  compare('status', (wanted & statusCompared).toString(16), (unit.status & statusCompared).toString(16));
  compare('tag', each.ofx['tw'] ?? each.fx.slice(8, 10), unit.tag.toString(16).padStart(2, '0'));
  compare('flags', (parseInt(each.ofl, 16) & 0xcd5).toString(16), (unit.flags & 0xcd5).toString(16));
  expected.forEach((right, index) => compare(`r${index}`, right, hexAt(registerAt(index), 10)));
  compare('memory', memoryAfter.toString('hex'), hexAt(caseMemory, 256));
  return differs.length === 0 ? { kind: 'passed' } : { kind: 'failed', differs: differs.join('; ') };
}
