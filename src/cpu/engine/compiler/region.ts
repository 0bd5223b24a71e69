/**
 * What a region consists of: basic blocks of one page's decoded code, found from where it is entered. Only what is decoded counts, so only
 * what ran: everything else is a way out.
 */
import type { Instruction } from '../../instructions/instruction.js';
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
  /** Whether another region is entered at an offset. */
  isElsewhere(offset: number): boolean;
  /** Whether an instruction's memory accesses are hardly ever in the TLB. */
  oftenMisses(offset: number): boolean;
  /** Where a relative jump leads, as an offset in the page; undefined where that is not known. */
  targetOf(instruction: RegionInstruction): number | undefined;
}

export interface RegionLimits {
  readonly instructions: number;
  readonly entries: number;
  /** The only places where blocks may start; any where it is absent. */
  readonly leaders?: ReadonlySet<number>;
}

const longestInstruction = 15;
/** No function is followed back for more instructions. */
const backMost = 256;
/** A record has 8 bits for the number of a block that it is the entry of. */
const entryMost = 0xff;
/** Blocks are cut behind so many instructions. */
const blockMost = 64;

const relative = new Map<Instruction, boolean>();
function isRelative({ handler }: RegionInstruction): boolean {
  if (handler === undefined) return false;
  const { instruction } = handler;
  const known =
    relative.get(instruction) ??
    instruction.forms.every(({ operands }) => operands.some(({ kind }) => kind === 'relative'));
  relative.set(instruction, known);
  return known;
}
const isCall = ({ handler }: RegionInstruction): boolean => handler?.instruction.mnemonic === 'call';
const isReturn = ({ handler }: RegionInstruction): boolean => handler?.instruction.mnemonic === 'ret';
const isJump = ({ handler }: RegionInstruction): boolean => handler?.instruction.mnemonic === 'jmp';
const repeats = ({ handler }: RegionInstruction): boolean =>
  handler !== undefined && handler.instruction.repeatable !== undefined && handler.variant.repeat !== 'none';

/** Finds a region's blocks from offsets of decoded instructions where it is entered; undefined where nothing of it can be compiled. */
export function planRegion(code: PageCode, starts: Iterable<number>, limits: RegionLimits): RegionPlan | undefined {
  return new Planner(code, limits).plan(starts);
}

/**
 * Back over instructions that run into the next one, calls included: to where a function starts, most often. A region that is entered in the
 * middle of one, where it happened to be seen, would have its loops cut. Stops behind code that is compiled already: `behind` is there then.
 */
export function headOf(
  code: PageCode,
  start: number,
  isCompiled: (offset: number) => boolean,
): { readonly head: number; readonly behind: number | undefined } {
  let head = start;
  for (let steps = 0; steps < backMost; steps++) {
    const before = instructionBefore(code, head);
    if (before === undefined) break;
    if (isCompiled(before)) return { head, behind: before };
    head = before;
  }
  return { head, behind: undefined };
}
function instructionBefore(code: PageCode, offset: number): number | undefined {
  for (let length = 1; length <= longestInstruction; length++) {
    if (lengthAt(code, offset - length) !== length) continue;
    const instruction = readInstruction(code, offset - length);
    if (instruction?.handler === undefined) continue;
    if (!isReturn(instruction) && !isJump(instruction)) return offset - length;
  }
  return undefined;
}

/** The length of what is decoded at an offset; 0 where nothing is. */
function lengthAt({ view, table }: PageCode, offset: number): number {
  if (offset < 0 || offset > 0xfff) return 0;
  const at = view.getInt32(table + offset * 4, true);
  return at === 0 ? 0 : view.getUint8(at + record.length);
}
function readInstruction(code: PageCode, offset: number): RegionInstruction | undefined {
  if (offset < 0 || offset > 0xfff) return undefined;
  const at = code.view.getInt32(code.table + offset * 4, true);
  const number = at === 0 ? 0 : code.numberOf(at);
  if (number === 0) return undefined;
  return { record: at, number, handler: code.handler(number), offset, length: code.view.getUint8(at + record.length) };
}

/** An instruction, and what a plan asks of it time and again. */
interface Found {
  readonly instruction: RegionInstruction;
  readonly alwaysLeaves: boolean;
  readonly endsBlock: boolean;
}

class Planner {
  private readonly leaders = new Set<number>();
  private readonly entries = new Set<number>();
  private readonly found = new Map<number, Found | undefined>();
  private readonly work: number[] = [];
  /** Instructions that were walked over. */
  private leading = 0;

  constructor(
    private readonly code: PageCode,
    private readonly limits: RegionLimits,
  ) {}

  plan(starts: Iterable<number>): RegionPlan | undefined {
    for (const offset of starts) this.lead(offset, true);
    for (let at = 0; at < this.work.length && this.leading < this.limits.instructions; at++) this.walk(this.work[at]!);
    const blocks = this.blocks();
    return blocks.length === 0 ? undefined : this.finish(blocks);
  }

  /** What stands at an offset, unless another region has it. */
  private at(offset: number): Found | undefined {
    const known = this.found.get(offset);
    if (known !== undefined || this.found.has(offset)) return known;
    const made = this.find(offset);
    this.found.set(offset, made);
    return made;
  }
  private find(offset: number): Found | undefined {
    const instruction = readInstruction(this.code, offset);
    if (instruction === undefined || this.code.isElsewhere(offset)) return undefined;
    const { handler } = instruction;
    const alwaysLeaves = this.code.alwaysLeaves(instruction);
    const endsBlock = handler === undefined || handler.instruction.endsBlock === true || alwaysLeaves;
    return { instruction, alwaysLeaves, endsBlock };
  }

  private lead(offset: number, isEntry: boolean): void {
    const found = this.at(offset);
    if (found === undefined || this.limits.leaders?.has(offset) === false) return;
    // What the interpreter does anyway is entered there.
    if (isEntry && !repeats(found.instruction) && !found.alwaysLeaves) this.entries.add(offset);
    if (this.leaders.has(offset)) return;
    this.leaders.add(offset);
    this.work.push(offset);
  }

  /** Follows a block to its end, and notes what it leads to. */
  private walk(start: number): void {
    for (let offset = start; ;) {
      const found = this.at(offset);
      if (found === undefined) return;
      this.leading++;
      const next = offset + found.instruction.length;
      if (found.endsBlock) return this.leadOn(found, next);
      offset = next;
      if (this.leaders.has(offset)) return;
    }
  }
  private leadOn({ instruction, alwaysLeaves }: Found, next: number): void {
    if (instruction.handler === undefined) return;
    if (isRelative(instruction)) {
      const target = this.code.targetOf(instruction);
      if (target !== undefined) this.lead(target, isCall(instruction) || target <= instruction.offset);
    }
    if (isReturn(instruction) || isJump(instruction)) return;
    this.lead(next, isCall(instruction) || alwaysLeaves);
  }

  private blocks(): { instructions: RegionInstruction[]; next: number | undefined }[] {
    const blocks = [];
    for (const start of [...this.leaders].sort((a, b) => a - b)) {
      for (let from: number | undefined = start; from !== undefined;) {
        const { instructions, next } = this.block(from);
        if (instructions.length > 0) blocks.push({ instructions, next });
        // What is too long for one block is several.
        from = instructions.length === blockMost && next !== undefined && !this.leaders.has(next) ? next : undefined;
      }
    }
    return blocks;
  }
  private block(start: number): { instructions: RegionInstruction[]; next: number | undefined } {
    const instructions: RegionInstruction[] = [];
    for (let offset = start; ;) {
      const found = this.at(offset);
      if (found === undefined) return { instructions, next: undefined };
      const { instruction } = found;
      instructions.push(instruction);
      offset += instruction.length;
      if (found.endsBlock) {
        const runsOn = !isReturn(instruction) && !isJump(instruction) && !isCall(instruction);
        return { instructions, next: runsOn ? offset : undefined };
      }
      if (this.leaders.has(offset) || instructions.length === blockMost) return { instructions, next: offset };
    }
  }
  private finish(
    blocks: readonly { instructions: RegionInstruction[]; next: number | undefined }[],
  ): RegionPlan | undefined {
    const blockAt = new Map(blocks.map(({ instructions }, index) => [instructions[0]!.offset, index]));
    const entries = [...this.entries]
      .filter((offset) => (blockAt.get(offset) ?? Infinity) <= entryMost)
      .slice(0, this.limits.entries);
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
