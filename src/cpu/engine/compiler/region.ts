/**
 * What a region consists of: basic blocks of one page's decoded code, found from where it is entered. Only what is decoded counts, so only
 * what ran: everything else is a way out.
 */
import type { Handler } from '../interpreter/handlers.js';
import { record } from '../../layout.js';

/** A decoded instruction. */
export interface RegionInstruction {
  /** Address of its record. */
  readonly record: number;
  /** The handler that runs it in the interpreter; undefined where it is an invalid opcode. */
  readonly handler: Handler | undefined;
  readonly number: number;
  /** Offset of its first byte in the page, and its length in bytes. */
  readonly offset: number;
  readonly length: number;
}

/** Instructions that run one after another; only the first is jumped to. */
export interface RegionBlock {
  readonly index: number;
  readonly instructions: readonly RegionInstruction[];
  /** Whether it is entered from outside the region. */
  readonly isEntry: boolean;
  /** Blocks that it may lead to. */
  readonly successors: readonly number[];
}

export interface RegionPlan {
  readonly blocks: readonly RegionBlock[];
  /** Block by offset in the page. */
  readonly blockAt: ReadonlyMap<number, number>;
}

/** How decoded code of a page is read. */
export interface PageCode {
  readonly view: DataView;
  /** Address of the page's table of records. */
  readonly table: number;
  /** The handler that a number stands for. */
  handler(number: number): Handler | undefined;
  /** The handler's number that a record has in the interpreter, whatever it has now; 0 where it is no instruction. */
  numberOf(record: number): number;
  /** Whether a handler has nothing that compiled code could do. */
  alwaysLeaves(instruction: RegionInstruction): boolean;
  /** Whether an instruction's memory accesses are hardly ever in the TLB. */
  oftenMisses(offset: number): boolean;
  /** Where a relative jump leads, as an offset in the page; undefined where that is not known. */
  targetOf(instruction: RegionInstruction): number | undefined;
}

export interface RegionLimits {
  readonly instructions: number;
  readonly entries: number;
}

const isRelative = ({ handler }: RegionInstruction): boolean =>
  handler !== undefined &&
  handler.instruction.forms.every(({ operands }) => operands.some(({ kind }) => kind === 'relative'));
const isCall = ({ handler }: RegionInstruction): boolean => handler?.instruction.mnemonic === 'call';
const isReturn = ({ handler }: RegionInstruction): boolean => handler?.instruction.mnemonic === 'ret';
const isJump = ({ handler }: RegionInstruction): boolean => handler?.instruction.mnemonic === 'jmp';
const repeats = ({ handler }: RegionInstruction): boolean =>
  handler !== undefined && handler.instruction.repeatable !== undefined && handler.variant.repeat !== 'none';

/** Finds a region's blocks from offsets of decoded instructions; undefined where nothing of it can be compiled. */
export function planRegion(code: PageCode, starts: readonly number[], limits: RegionLimits): RegionPlan | undefined {
  return new Planner(code, limits).plan(starts);
}

class Planner {
  private readonly leaders = new Set<number>();
  private readonly entries = new Set<number>();
  private readonly found = new Map<number, RegionInstruction | undefined>();
  private readonly work: number[] = [];

  constructor(
    private readonly code: PageCode,
    private readonly limits: RegionLimits,
  ) {}

  plan(starts: readonly number[]): RegionPlan | undefined {
    for (const start of starts) this.lead(start, true);
    for (let at = 0; at < this.work.length && this.found.size < this.limits.instructions; at++)
      this.walk(this.work[at]!);
    const blocks = this.blocks();
    return blocks.length === 0 ? undefined : this.finish(blocks);
  }

  private at(offset: number): RegionInstruction | undefined {
    const known = this.found.get(offset);
    if (known !== undefined || this.found.has(offset)) return known;
    const made = this.read(offset);
    this.found.set(offset, made);
    return made;
  }
  private read(offset: number): RegionInstruction | undefined {
    const { code } = this;
    if (offset < 0 || offset > 0xfff) return undefined;
    const at = code.view.getInt32(code.table + offset * 4, true);
    const number = at === 0 ? 0 : code.numberOf(at);
    if (number === 0) return undefined;
    return {
      record: at,
      number,
      handler: code.handler(number),
      offset,
      length: code.view.getUint8(at + record.length),
    };
  }

  private lead(offset: number, isEntry: boolean): void {
    const instruction = this.at(offset);
    if (instruction === undefined) return;
    // What the interpreter does anyway is entered there.
    if (isEntry && !repeats(instruction) && !this.code.alwaysLeaves(instruction)) this.entries.add(offset);
    if (this.leaders.has(offset)) return;
    this.leaders.add(offset);
    this.work.push(offset);
  }

  /** Follows a block to its end, and notes what it leads to. */
  private walk(start: number): void {
    for (let offset = start; ;) {
      const instruction = this.at(offset);
      if (instruction === undefined) return;
      const next = offset + instruction.length;
      if (this.endsBlock(instruction)) return this.leadOn(instruction, next);
      offset = next;
      if (this.leaders.has(offset)) return;
    }
  }
  private endsBlock(instruction: RegionInstruction): boolean {
    const { handler } = instruction;
    return handler === undefined || handler.instruction.endsBlock === true || this.code.alwaysLeaves(instruction);
  }
  private leadOn(instruction: RegionInstruction, next: number): void {
    if (instruction.handler === undefined) return;
    if (isRelative(instruction)) {
      const target = this.code.targetOf(instruction);
      if (target !== undefined) this.lead(target, target <= instruction.offset);
    }
    if (isReturn(instruction) || isJump(instruction)) return;
    this.lead(next, isCall(instruction) || this.code.alwaysLeaves(instruction));
  }

  private blocks(): { instructions: RegionInstruction[]; next: number | undefined }[] {
    const blocks = [];
    for (const start of [...this.leaders].sort((a, b) => a - b)) {
      const instructions: RegionInstruction[] = [];
      let next: number | undefined;
      for (let offset = start; ;) {
        const instruction = this.at(offset);
        if (instruction === undefined) break;
        instructions.push(instruction);
        offset += instruction.length;
        if (this.endsBlock(instruction)) {
          if (!isReturn(instruction) && !isJump(instruction) && !isCall(instruction)) next = offset;
          break;
        }
        next = offset;
        if (this.leaders.has(offset) || instructions.length === 64) break;
      }
      if (instructions.length > 0) blocks.push({ instructions, next });
    }
    return blocks;
  }
  private finish(
    blocks: readonly { instructions: RegionInstruction[]; next: number | undefined }[],
  ): RegionPlan | undefined {
    const blockAt = new Map(blocks.map(({ instructions }, index) => [instructions[0]!.offset, index]));
    const entries = [...this.entries].filter((offset) => blockAt.has(offset)).slice(0, this.limits.entries);
    if (entries.length === 0) return undefined;
    const isEntry = new Set(entries);
    return {
      blockAt,
      blocks: blocks.map(({ instructions, next }, index) => {
        const last = instructions.at(-1)!;
        const targets = [next, isRelative(last) ? this.code.targetOf(last) : undefined];
        const successors = targets.flatMap((offset) => (offset === undefined ? [] : (blockAt.get(offset) ?? [])));
        return {
          index,
          instructions,
          isEntry: isEntry.has(instructions[0]!.offset),
          successors: [...new Set(successors)],
        };
      }),
    };
  }
}
