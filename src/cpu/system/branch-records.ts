/**
 * DEBUGCTL: single steps from branch to branch, and records of the last branches (Intel SDM Vol. 3B, chapter 17, sections "Last
 * Branch, Interrupt, and Exception Recording" for the P6 family and for the Pentium M). While any of it is on, instructions run one by one.
 *
 * Not modelled: the breakpoint report pins (PB0 to PB3) and branch trace messages (TR), which leave the chip.
 */
import { firstHandler, type Handler, handlersOf } from '../engine/interpreter/handlers.js';
import { conditionNames } from '../instructions/control.js';
import { flagBits, record, segmentIndex } from '../layout.js';
import type { Core } from './core.js';

/** Bits of DEBUGCTL. */
const LBR = 1;
const BTF = 2;

/** Where a model keeps its records, by address of their slots; all empty where it has none. */
export interface RecordPlaces {
  readonly control: number | undefined;
  /** The last branch's origin and target; on the Pentium M, pairs in one register each. */
  readonly last: readonly number[];
  /** Which pair was written last: the Pentium M alone. */
  readonly top?: number;
  /** The last branch before the last interrupt or exception. */
  readonly beforeEvent: readonly [from: number, to: number] | undefined;
}

const always = new Set('jmp jmpf call callf ret retf iret int int3 sysenter sysexit'.split(' '));
const interruptNames = new Set(['int', 'int3', 'into']);
const counterNames = new Set(['loop', 'loope', 'loopne', 'jcxz']);
const conditionByName = new Map(conditionNames.map((name, code) => [`j${name}`, code]));

/** Whether a condition code holds (Intel SDM Vol. 1, appendix B). */
function holds(code: number, flags: number): boolean {
  const is = (bits: number): boolean => (flags & bits) !== 0;
  const { CF, PF, ZF, SF, OF } = flagBits;
  const less = is(SF) !== is(OF);
  const truths = [is(OF), is(CF), is(ZF), is(CF | ZF), is(SF), is(PF), less, less || is(ZF)];
  return truths[code >> 1]! !== ((code & 1) !== 0);
}

export class BranchRecords {
  /** Whether the instruction that ran last was a branch that was taken. */
  wasTaken = false;
  private handler: Handler | undefined;
  private from = 0;
  private next = 0;
  /** A conditional branch to the instruction behind it: whether it will be taken. */
  private willJump = false;

  constructor(
    private readonly core: Core,
    private readonly places: RecordPlaces,
    private readonly flags: () => number,
  ) {}

  private get control(): number {
    return this.places.control === undefined ? 0 : this.core.u8[this.places.control]!;
  }
  /** Whether branches are recorded. */
  get recording(): boolean {
    return (this.control & LBR) !== 0;
  }
  /** Whether TF stops after branches alone. */
  get stepsOnBranches(): boolean {
    return (this.control & BTF) !== 0;
  }
  /** A debug exception is about to be delivered: its handler's branches are neither recorded nor stepped. */
  debugException(): void {
    const { control } = this.places;
    if (control !== undefined) this.core.u8[control] = this.core.u8[control]! & ~(LBR | BTF);
  }

  // One instruction.

  /** Looks at an instruction that is about to run. */
  before(at: number): void {
    const { core } = this;
    const { view } = core;
    const handler = handlersOf(core.model).handlers[view.getUint16(at + record.handler, true) - firstHandler];
    this.wasTaken = false;
    this.handler = handler !== undefined && isBranch(handler) ? handler : undefined;
    if (this.handler === undefined) return;
    this.from = core.eip;
    this.next = (core.eip + view.getUint8(at + record.length)) | 0;
    this.willJump = view.getInt32(at + record.immediate, true) === 0 && this.conditionHolds(this.handler);
  }
  /** It came to its end; tells whether it was a branch. */
  after(): boolean {
    const { handler, core } = this;
    if (handler === undefined) return false;
    const { mnemonic } = handler.instruction;
    this.wasTaken = always.has(mnemonic) || this.willJump || core.eip !== this.next;
    if (!this.wasTaken || !this.recording) return true;
    if (interruptNames.has(mnemonic)) this.keepForEvent();
    this.note(this.from, core.eip);
    return true;
  }
  private conditionHolds({ instruction: { mnemonic }, variant }: Handler): boolean {
    const flags = this.flags();
    const code = conditionByName.get(mnemonic);
    if (code !== undefined) return holds(code, flags);
    const count = this.core.register(1) & (variant.addressWidth === 16 ? 0xffff : -1);
    if (mnemonic === 'jcxz') return count === 0;
    if (!counterNames.has(mnemonic)) return false;
    const isZero = (flags & flagBits.ZF) !== 0;
    return count !== 1 && (mnemonic === 'loop' || (mnemonic === 'loope') === isZero);
  }

  // Interrupts and exceptions.

  /** One was delivered, in front of an instruction. */
  event(from: number): void {
    if (!this.recording) return;
    this.keepForEvent();
    this.note(from, this.core.eip);
  }
  private keepForEvent(): void {
    const { beforeEvent, last, top } = this.places;
    const { i32 } = this.core;
    if (beforeEvent === undefined) return;
    const [from, to] = top === undefined ? [last[0]!, last[1]!] : this.pair(i32[top >> 2]!);
    i32[beforeEvent[0] >> 2] = i32[from >> 2]!;
    i32[beforeEvent[1] >> 2] = i32[to >> 2]!;
  }
  private pair(index: number): readonly [from: number, to: number] {
    return [this.places.last[index]!, this.places.last[index]! + 4];
  }
  /** The P6 family keeps offsets in the code segment, the Pentium M linear addresses. */
  private note(from: number, to: number): void {
    const { last, top } = this.places;
    const { i32 } = this.core;
    if (top === undefined) {
      i32[last[0]! >> 2] = from;
      i32[last[1]! >> 2] = to;
      return;
    }
    const index = (i32[top >> 2]! + 1) % last.length;
    const base = this.core.segmentField(segmentIndex.cs, 'base');
    const [fromAt, toAt] = this.pair(index);
    i32[fromAt >> 2] = (base + from) | 0;
    i32[toAt >> 2] = (base + to) | 0;
    i32[top >> 2] = index;
  }
}

const isBranch = ({ instruction: { mnemonic } }: Handler): boolean =>
  always.has(mnemonic) || mnemonic === 'into' || counterNames.has(mnemonic) || conditionByName.has(mnemonic);
