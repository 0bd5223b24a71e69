/**
 * The function of one region while it is written: registers in locals, flags as what they follow from, the ways between blocks, and the
 * ways out.
 */
import { assert } from '../../../base/assert.js';
import { type KeptFlags, type KeptValues, keptWords } from '../interpreter/kept-flags.js';
import { regionSignature } from '../interpreter/module-parts.js';
import { at, generalRegisters, registerAddress } from '../../layout.js';
import { FunctionBody, type Label } from '../../wasm/body.js';
import { Code, type Operand, type Value } from '../../wasm/values.js';
import type { RegionInstruction } from './region.js';
import { noVectors, xmmAddress, xmmCount } from './region-vectors.js';
import type { WaysOut } from './ways-out.js';

/** Locals that live as long as the function, in order; general registers come first. */
const localNames = [
  /** Cycles left. */
  'budget',
  /** The block to go to, where a part has several heads. */
  'way',
  /** The record where somebody else goes on. */
  'at',
  /** Its handler. */
  'handler',
  /** An offset in the code segment to be looked for. */
  'target',
  /** What the flags follow from, where their kind is known. */
  'left',
  'right',
  'result',
  'carry',
] as const;
type LocalName = (typeof localNames)[number];

/**
 * What is known of the flags while writing: what they follow from, in locals; that they are written; or that it stands in memory whether they
 * are, and what they follow from if not. Only one block, or several of which each leads to the next alone, keep them in locals: V8 would
 * carry the locals of all of them through every loop.
 */
export type FlagState = KeptFlags | 'written' | 'dynamic';

const valueNames = ['left', 'right', 'result', 'carry'] as const;

const firstLocal = regionSignature.parameters.length;
const localIndex = Object.fromEntries(
  localNames.map((name, position) => [name, firstLocal + generalRegisters.length + position]),
) as Readonly<Record<LocalName, number>>;
const words = generalRegisters.length + localNames.length;
/** Locals that are not released between instructions: those, and the XMM registers. */
const lasting = words + xmmCount;
const vectorLocal = (number: number): number => firstLocal + words + number;

/** What bails push, and how flags are noted, by the number of flags that are kept: encoded once. */
const knownStates = new Map<number, Uint8Array>();
const knownNotes = new Map<number, Uint8Array>();

/** Where the function's code branches to leave. */
export interface Ways {
  readonly goOn: Label;
  /** What the region was compiled for may no longer hold. */
  readonly outside: Label;
  readonly search: Label;
  /** The place is in another page. */
  readonly elsewhere: Label;
}

export class RegionFunction {
  readonly body = new FunctionBody(regionSignature.parameters);
  readonly code = new Code(this.body);
  flags: FlagState = 'written';
  /** Nothing behind this place is reached. */
  terminated = false;
  /** How deep in arms of the instruction at hand; 0 is what always runs. */
  depth = 0;
  /** The instruction at hand left for the interpreter in what always runs. */
  alwaysLeft = false;
  /** The instruction at hand has a way to its end. */
  completes = false;
  /** The instruction at hand depends on whether MXCSR is settled. */
  asksMxcsr = false;
  /** Registers that the region writes. */
  private readonly written = new Set<number>();
  /** Registers that the instruction at hand has written so far, as bits; those that it had written where it left for the interpreter. */
  private writtenHere = 0;
  writtenBeforeLeaving = 0;
  /** Locals that hold what registers held before the instruction at hand. */
  private readonly undo = new Map<number, number>();
  /** How far numbers in XMM registers are known to be ordinary; bits of `ordinary`. */
  known = new Map<number, number>();
  private ways: Ways | undefined;
  private instruction: RegionInstruction | undefined;
  /** Cycles of its block that are taken and not spent yet, its own included. */
  private unspent = 0;

  /** None where an instruction is only tried. */
  constructor(
    private readonly waysOut?: WaysOut,
    private readonly vectors = noVectors,
  ) {
    for (let index = 0; index < lasting; index++) this.body.allocate(index < words ? 'i32' : 'v128');
    this.body.keepLocals();
  }

  setWays(ways: Ways): void {
    this.ways = ways;
  }
  local(name: LocalName): Value {
    return this.code.local(localIndex[name], 'i32');
  }
  set(name: LocalName, value: Operand): void {
    (typeof value === 'number' ? this.code.i32(value) : value).push(this.body);
    this.body.setLocal(localIndex[name]);
  }

  // Registers.

  register(number: number): Value {
    return this.code.local(firstLocal + number, 'i32');
  }
  setRegister(number: number, value: Value): void {
    value.push(this.body);
    this.body.setLocal(firstLocal + number);
    this.written.add(number);
    this.writtenHere |= 1 << number;
  }
  loadRegisters(): void {
    for (let number = 0; number < generalRegisters.length; number++) {
      this.code.loadLate('i32.load', 0, registerAddress(number)).push(this.body);
      this.body.setLocal(firstLocal + number);
    }
  }
  vector(number: number): Value {
    return this.code.local(vectorLocal(number), 'v128');
  }
  setVector(number: number, value: Value): void {
    value.push(this.body);
    this.body.setLocal(vectorLocal(number));
  }
  loadVectors(): void {
    for (const number of this.vectors.used) {
      this.setVector(number, this.code.loadLate('v128.load', 0, xmmAddress(number)));
    }
  }
  /** Writes what the region may have changed; at its end, when that is known. */
  spill(): void {
    for (const number of this.written) {
      this.code.store('i32.store', 0, this.register(number), registerAddress(number));
    }
    for (const number of this.vectors.written) {
      this.code.store('v128.store', 0, this.vector(number), xmmAddress(number));
    }
    this.code.store('i32.store', 0, this.local('budget'), at.budget);
  }

  // Instructions and ways out.

  begin(instruction: RegionInstruction, unspent: number): void {
    this.body.releaseLocals();
    this.instruction = instruction;
    this.unspent = unspent;
    this.depth = 0;
    this.alwaysLeft = false;
    this.completes = false;
    this.terminated = false;
    this.writtenHere = 0;
    if (this.undo.size > 0) this.undo.clear();
  }
  /** The instruction at hand writes these registers, as bits, and may leave after that: the interpreter finds them as they were. */
  keepRegisters(registers: number): void {
    for (let number = 0; number < generalRegisters.length; number++) {
      if ((registers & (1 << number)) === 0) continue;
      const local = this.body.allocate('i32');
      this.register(number).push(this.body);
      this.body.setLocal(local);
      this.undo.set(number, local);
    }
  }
  /** Cycles of the block that are taken and not spent yet. */
  get unspentCycles(): number {
    return this.unspent;
  }
  get here(): RegionInstruction {
    assert(this.instruction !== undefined, 'an instruction is at hand');
    return this.instruction;
  }
  private way(name: keyof Ways): Label {
    assert(this.ways !== undefined, 'the ways out are there');
    return this.ways[name];
  }
  /**
   * Has the interpreter run the instruction at hand, of which nothing was done that may not be done again; `isMiss` where the TLB had no
   * entry for what it accesses.
   */
  bail(isMiss = false): void {
    if (this.depth === 0 && !this.completes) this.alwaysLeft = true;
    this.writtenBeforeLeaving |= this.writtenHere;
    if (this.waysOut !== undefined) this.writeBail(this.waysOut, isMiss);
    this.terminated = true;
  }
  /** What {@link WaysOut.bailFunction} takes. */
  private writeBail(waysOut: WaysOut, isMiss: boolean): void {
    const { body, flags, vectors, undo, here } = this;
    body.i32(here.record);
    body.i32((here.number << 8) | this.unspent);
    const areKept = typeof flags === 'object';
    const pushState = (): void => {
      body.getLocal(localIndex.budget);
      for (let number = 0; number < generalRegisters.length; number++) {
        body.getLocal(undo.get(number) ?? firstLocal + number);
      }
      if (areKept) this.pushKept(flags);
    };
    if (undo.size > 0) pushState();
    else body.repeated(knownStates, areKept ? flags.number : 0, pushState);
    for (const number of vectors.written) body.getLocal(vectorLocal(number));
    body.returnCall(waysOut.bailFunction(isMiss, areKept, vectors.written));
  }
  /** Goes on at a record outside the region. */
  goOn(record: number): void {
    this.noteFlags();
    this.set('at', record);
    this.branch(this.way('goOn'));
  }
  /** Goes on at an offset of the code segment. */
  search(target: Value): void {
    this.seek(target, 'search');
  }
  /** The same where that lies in another page. */
  searchElsewhere(target: Value): void {
    this.seek(target, 'elsewhere');
  }
  /** The same where the region must not go on by itself: whether it may is looked at anew. */
  leave(target: Value): void {
    this.seek(target, 'outside');
  }
  private seek(target: Value, way: 'search' | 'elsewhere' | 'outside'): void {
    this.completes = true;
    this.set('target', target);
    this.noteFlags();
    this.branch(this.way(way));
  }
  branch(label: Label): void {
    this.body.branch(label);
    this.terminated = true;
  }

  // Flags.

  get kept(): KeptValues {
    return {
      left: this.local('left'),
      right: this.local('right'),
      result: this.local('result'),
      carry: this.local('carry'),
    };
  }
  /** What the number and values of kept flags are, in the order of {@link keptWords}; 0 what they do not follow from. */
  private pushKept({ number, keeps }: KeptFlags): void {
    const { body } = this;
    body.i32(number);
    for (const name of valueNames) {
      if (keeps[name]) body.getLocal(localIndex[name]);
      else body.i32(0);
    }
  }
  /** Writes the flags where their kind is only known when the code runs; set by the emitter, which knows the function. */
  settleDynamic: () => void = () => {};
  /** CF of flags of a known kind; set by the emitter. */
  carryOf: (flags: KeptFlags) => Value = () => this.code.i32(0);
  /** Writes flags of a known kind. */
  settleKnown: (flags: KeptFlags) => void = () => {};

  /** Stores what is known; the state itself is as before. */
  noteFlags(): void {
    const { flags } = this;
    if (typeof flags === 'object') this.body.repeated(knownNotes, flags.number, () => this.writeNote(flags));
  }
  private writeNote(flags: KeptFlags): void {
    this.code.store('i32.store', 0, flags.number, at.keptKind);
    valueNames.forEach((name, index) => {
      if (flags.keeps[name]) this.code.store('i32.store', 0, this.local(name), at[keptWords[index + 1]!]);
    });
    // Where the kind is not known, CF is found as that of additions, of subtractions, or there.
    if (flags.hasNotedCarry) this.code.store('i32.store', 0, this.carryOf(flags), at.keptCarry);
  }
  /** From here on memory knows. */
  forgetFlags(): void {
    this.noteFlags();
    this.flags = 'dynamic';
  }
  /** Writes the flags; memory says so as well. */
  settleFlags(): void {
    if (this.flags === 'dynamic') this.settleDynamic();
    else if (this.flags !== 'written') {
      this.settleKnown(this.flags);
      this.code.store('i32.store', 0, 0, at.keptKind);
    }
    this.flags = 'written';
  }

  /** Code that runs only sometimes: what is known afterwards is what both ways know. */
  arms(condition: Value, then: () => void, otherwise?: () => void): void {
    const before = this.flags;
    this.depth++;
    condition.push(this.body);
    this.body.open('if');
    const first = this.arm(then);
    if (otherwise !== undefined && !first.terminated) this.noteFlags();
    let second = { terminated: false, flags: before };
    const changed = !first.terminated && first.flags !== before;
    if (otherwise !== undefined || changed) {
      if (otherwise === undefined) this.noteFlags();
      this.body.op('else');
      this.flags = before;
      second = this.arm(otherwise ?? ((): void => {}));
      if (!second.terminated) this.noteFlags();
    }
    this.body.close();
    this.depth--;
    this.terminated = first.terminated && second.terminated;
    if (first.terminated) this.flags = second.flags;
    else if (second.terminated || first.flags === second.flags) this.flags = first.flags;
    else this.flags = 'dynamic';
  }
  /** Code that hardly ever runs to its end, and leaves the flags as they are if it does. */
  rarely(condition: Value, then: () => void): void {
    this.depth++;
    condition.push(this.body);
    this.body.open('if');
    then();
    this.body.close();
    this.depth--;
    this.terminated = false;
  }
  private arm(emit: () => void): { readonly terminated: boolean; readonly flags: FlagState } {
    this.terminated = false;
    emit();
    return { terminated: this.terminated, flags: this.flags };
  }
}
