/**
 * Repeated string instructions, many iterations at once. A run ends where anything but plain memory could matter: with the count or
 * the cycles, at the end of a page or of a segment, and in front of decoded code. Whatever a run leaves is what its iterations would
 * have left one by one, so where it ends is of no consequence to the guest.
 */
import type { StringRun } from '../../instructions/emitter.js';
import type { Width } from '../../instructions/instruction.js';
import {
  at,
  codeLineBytes,
  codeLineShift,
  flagBits,
  record,
  regions,
  segmentAddress,
  segmentFields,
  segmentIndex,
  tlbEntry,
} from '../../layout.js';
import { Code, type Operand, type Value, type Variable } from '../../wasm/values.js';
import { FlagCode } from './flag-code.js';
import { outlineFlow } from './flow.js';
import { tlbEntryFor } from './memory-code.js';
import { loadOpcodes, storeOpcodes } from './record-code.js';

/** Runs of fewer iterations are not worth the look. */
const leastIterations = 2;
/** From so many bytes on the engine's own copy is faster than a loop here. */
const engineCopyBytes = 192;
const engineRepeatBytes = 64;
const vectorBytes = 16;

/** One run: its iterations may get fewer while it is looked at. */
interface Run {
  readonly width: Width;
  /** An element is 2 to this power bytes. */
  readonly shift: number;
  /** Which index registers move. */
  readonly moves: readonly ('esi' | 'edi')[];
  /** 1 where the index registers count down, else 0. */
  readonly backward: Value;
  /** How many iterations; at most 2 to the power of 30, and 1. */
  readonly most: Variable;
}

const shifts = { 8: 0, 16: 1, 32: 2 } as const;
const movedRegisters = {
  move: ['esi', 'edi'],
  compare: ['esi', 'edi'],
  store: ['edi'],
  scan: ['edi'],
  input: ['edi'],
  output: ['esi'],
} as const;
/** One end of a run. */
interface Side {
  readonly linear: Value;
  /** The host address of the first element; 0 where memory cannot be reached directly. */
  readonly host: Value;
}

const splats = { 8: 'i8x16.splat', 16: 'i16x8.splat', 32: 'i32x4.splat' } as const;

/** Adds runs of string iterations, each in a function that the handlers of one kind share. */
export abstract class StringCode extends FlagCode {
  runAhead(what: StringRun, width: Width, accumulator: Operand = 0): Value {
    const compares = what === 'compare' || what === 'scan';
    const name = `${what} ahead ${width} ${this.addressWidth} ${compares ? this.repeat : ''}`;
    const index = this.functions.shared(name, 2, (body) => {
      const own = new Code(body);
      const emit = this.over(body, outlineFlow(own.local(0, 'i32')));
      emit.run(what, width, own.local(1, 'i32'));
      body.op('unreachable');
    });
    return this.call(index, 'i32', this.flow.record, accumulator);
  }

  private run(what: StringRun, width: Width, accumulator: Value): void {
    const run = this.beginRun(what, width);
    const { most } = run;
    const isStored = what === 'move' || what === 'store' || what === 'input';
    // A record outside the tables would not hear of a change of its own bytes.
    if (isStored) this.giveUp(this.lessUnsigned(this.flow.record, regions.codeLines));
    // Buffers of chips are filled and emptied upwards alone.
    if (what === 'input' || what === 'output') this.giveUp(run.backward);
    const es = segmentAddress(segmentIndex.es);
    const from = this.side(run, 'esi', this.field('segment'), 'read');
    const to = this.side(run, 'edi', es, isStored ? 'write' : 'read');
    this.giveUpBelowLeast(most);
    if (what === 'move' || what === 'store') this.displayElements(run, accumulator, from, to);
    else for (const side of [from, to]) if (side !== undefined) this.giveUp(this.isZero(side.host));
    const [source, destination] = [from?.host ?? accumulator, to?.host ?? accumulator];
    if (what === 'move') this.moveElements(run, source, destination);
    else if (what === 'store') this.storeElements(run, destination, source);
    else if (what === 'input') this.portElements(run, 'readPorts', destination);
    else if (what === 'output') this.portElements(run, 'writePorts', source);
    else this.compareElements(run, source, destination, what === 'compare');
    this.finishRun(run);
  }

  private indexRegister(name: 'esi' | 'edi' | 'ecx') {
    return this.register(name, this.addressWidth);
  }
  private giveUp(condition: Value): void {
    this.when(condition, () => this.return(0));
  }
  private giveUpBelowLeast(most: Value): void {
    this.giveUp(this.lessSigned(most, leastIterations));
  }
  private limit(most: Variable, to: Value): void {
    this.when(this.lessSigned(to, most), () => most.set(to));
  }

  /** As many iterations as count and cycles allow; the cycle of the first one is taken already. */
  private beginRun(what: StringRun, width: Width): Run {
    const count = this.hold(this.indexRegister('ecx').read());
    const cycles = this.hold(this.add(this.loadLate('i32.load', 0, at.budget), 1));
    const most = this.variable(this.select(this.lessUnsigned(count, cycles), count, cycles));
    this.giveUpBelowLeast(most);
    const backward = this.hold(this.notEqual(this.and(this.otherFlags(), flagBits.DF), 0));
    return { width, shift: shifts[width], moves: movedRegisters[what], backward, most };
  }
  private finishRun({ most, shift, moves, backward }: Run): void {
    const bytes = this.hold(this.shl(most, shift));
    const distance = this.hold(this.select(backward, this.sub(0, bytes), bytes));
    const move = (name: 'esi' | 'edi' | 'ecx', by: Value): void => {
      const register = this.indexRegister(name);
      register.write(this.add(register.read(), by));
    };
    for (const name of moves) move(name, distance);
    move('ecx', this.sub(0, most));
    const budget = this.loadLate('i32.load', 0, at.budget);
    const others = this.hold(this.sub(most, 1));
    this.store('i32.store', 0, this.sub(budget, others), at.budget);
    this.countRepeated(others);
    this.return(most);
  }
  /** Iterations that are not the last one of their instruction: that retires with its last one. */
  protected countRepeated(iterations: Operand): void {
    this.store('i32.store', 0, this.add(this.loadLate('i32.load', 0, at.repeatedAgain), iterations), at.repeatedAgain);
  }

  /** Where the elements lie that an index register goes through, if it does; cuts the run to what lies in one page and in the segment. */
  private side(run: Run, name: 'esi' | 'edi', segment: Operand, kind: 'read' | 'write'): Side | undefined {
    const { width, shift, backward, most, moves } = run;
    if (!moves.includes(name)) return undefined;
    const bytes = width / 8;
    const offset = this.hold(this.indexRegister(name).read());
    const linear = this.linear(segment, offset);
    const inPage = this.hold(this.and(linear, 0xfff));
    const up = this.shrUnsigned(this.sub(0x1000, inPage), shift);
    const down = this.add(this.shrUnsigned(inPage, shift), 1);
    this.limit(most, this.hold(this.select(backward, down, up)));
    this.limitToSegment(run, segment, offset, kind);
    // Counting down, the first element alone could reach out of its page.
    this.giveUp(this.greaterUnsigned(this.add(inPage, bytes), 0x1000));
    const entry = tlbEntryFor(this, linear);
    const page = this.hold(this.and(linear, ~0xfff));
    const host = this.variable(this.add(linear, this.loadLate('i32.load', entry, tlbEntry.addend)));
    const isTagged = (tag: 'read' | 'write' | 'writeCode'): Value =>
      this.equal(this.loadLate('i32.load', entry, tlbEntry[tag]), page);
    this.when(this.isZero(isTagged(kind)), () => {
      if (kind === 'read') return host.set(0);
      this.when(
        isTagged('writeCode'),
        () => this.keepOffCode(run, host),
        () => host.set(0),
      );
    });
    return { linear, host };
  }
  /** Offsets stay below the segment's top, and neither wrap. */
  private limitToSegment(run: Run, segment: Operand, offset: Value, kind: 'read' | 'write'): void {
    const { width, shift, backward, most } = run;
    const topField = kind === 'read' ? segmentFields.readTop : segmentFields.writeTop;
    let top = this.hold(this.loadLate('i64.load', segment, topField));
    if (this.addressWidth === 16) {
      const end = this.i64(0x1_0000n);
      top = this.hold(this.select(this.wide('lt_s', top, end), top, end));
    }
    const room = this.hold(this.wide('sub', top, this.widen(offset, 'unsigned')));
    this.giveUp(this.wide('lt_s', room, this.i64(BigInt(width / 8))));
    const up = this.wide('shr_u', room, this.i64(BigInt(shift)));
    const down = this.wide('add', this.widen(this.shrUnsigned(offset, shift), 'unsigned'), this.i64(1n));
    const limit = this.hold(this.select(backward, down, up));
    this.when(this.wide('lt_u', limit, this.widen(most, 'unsigned')), () => most.set(this.narrow(limit)));
  }

  /** In a page with code, a run stays in front of the next line that holds some; inside such a line the code goes first. */
  private keepOffCode({ width, shift, backward, most }: Run, host: Value): void {
    const bytes = width / 8;
    const first = this.hold(this.select(backward, this.add(host, bytes - 1), host));
    const inLine = this.hold(this.and(first, codeLineBytes - 1));
    const plain = this.variable(this.select(backward, this.add(inLine, 1), this.sub(codeLineBytes, inLine)));
    const hasCode = (place: Value): Value =>
      this.loadLate(
        'i32.load8_u',
        this.shrUnsigned(this.sub(place, this.loadLate('i32.load', 0, at.ramBase)), codeLineShift),
        regions.codeLines,
      );
    const cut = (): void => {
      this.limit(most, this.shrUnsigned(plain, shift));
      this.giveUpBelowLeast(most);
    };
    this.when(
      hasCode(first),
      () => {
        cut();
        const length = this.hold(this.shl(most, shift));
        const handler = this.load('i32.load16_u', this.flow.record, record.handler);
        const lowest = this.select(backward, this.add(this.sub(host, length), bytes), host);
        this.perform(this.call(this.imported('codeWrite'), 'i32', lowest, length));
        this.giveUp(this.notEqual(this.loadLate('i32.load16_u', this.flow.record, record.handler), handler));
      },
      () => {
        const length = this.hold(this.shl(most, shift));
        this.loop((again) => {
          const next = this.select(backward, this.sub(first, plain), this.add(first, plain));
          this.when(this.lessSigned(plain, length), () => {
            this.when(this.isZero(hasCode(next)), () => {
              plain.set(this.add(plain, codeLineBytes));
              again();
            });
          });
        });
        cut();
      },
    );
  }

  /** Copies as single elements would: where one would read what another wrote, a pattern repeats. */
  private moveElements(run: Run, source: Value, destination: Value): void {
    const { width, shift, backward, most } = run;
    const length = this.hold(this.shl(most, shift));
    const ahead = this.hold(this.sub(destination, source));
    const distance = this.hold(this.select(backward, this.sub(0, ahead), ahead));
    const lowest = (first: Value): Value => this.sub(first, this.select(backward, this.sub(length, width / 8), 0));
    const isApart = this.isZero(this.lessUnsigned(distance, length));
    const isLong = this.or(this.isZero(this.lessUnsigned(length, engineCopyBytes)), backward);
    this.when(this.and(isApart, isLong), () => {
      this.copyMemory(lowest(destination), lowest(source), length);
      this.finishRun(run);
    });
    // A pattern of whole elements repeats as it is; a shorter one takes part of each element from the one before.
    const isPattern = this.isZero(this.or(this.lessUnsigned(distance, width / 8), backward));
    const isWorthIt = this.isZero(this.or(this.lessUnsigned(length, engineRepeatBytes), isApart));
    this.when(this.and(isPattern, isWorthIt), () => {
      this.repeatPattern(source, distance, length);
      this.finishRun(run);
    });
    this.moveByLoops(run, source, destination, length, isApart);
  }
  /** Repeats what lies at `source` from `distance` bytes further on, twice as much each time. */
  private repeatPattern(source: Value, distance: Value, length: Value): void {
    const known = this.variable(distance);
    const end = this.hold(this.add(length, distance));
    this.loop((again) => {
      const left = this.hold(this.sub(end, known));
      const bytes = this.hold(this.select(this.lessUnsigned(left, known), left, known));
      this.copyMemory(this.add(source, known), source, bytes);
      known.set(this.add(known, bytes));
      this.when(this.lessUnsigned(known, end), again);
    });
  }
  private moveByLoops(
    { width, backward }: Run,
    source: Value,
    destination: Value,
    length: Value,
    isApart: Value,
  ): void {
    const left = this.variable(length);
    const [from, to] = [this.variable(source), this.variable(destination)];
    this.when(isApart, () => {
      this.untilDone(left, vectorBytes, () => {
        this.store('v128.store', to, this.loadLate('v128.load', from));
        from.set(this.add(from, vectorBytes));
        to.set(this.add(to, vectorBytes));
      });
    });
    const step = this.hold(this.select(backward, -width / 8, width / 8));
    this.untilDone(left, width / 8, () => {
      this.store(storeOpcodes[width], to, this.loadLate(loadOpcodes[width], from));
      from.set(this.add(from, step));
      to.set(this.add(to, step));
    });
  }
  /** Goes round while at least `bytes` are left. */
  private untilDone(left: Variable, bytes: number, body: () => void): void {
    this.loop((again) => {
      this.when(this.isZero(this.lessUnsigned(left, bytes)), () => {
        body();
        left.set(this.sub(left, bytes));
        again();
      });
    });
  }

  private storeElements({ width, shift, backward, most }: Run, destination: Value, value: Value): void {
    const length = this.hold(this.shl(most, shift));
    const lowest = this.add(this.sub(destination, length), width / 8);
    const to = this.variable(this.select(backward, lowest, destination));
    const left = this.variable(length);
    const vector = this.hold(this.apply(splats[width], value));
    this.untilDone(left, vectorBytes, () => {
      this.store('v128.store', to, vector);
      to.set(this.add(to, vectorBytes));
    });
    this.untilDone(left, width / 8, () => {
      this.store(storeOpcodes[width], to, value);
      to.set(this.add(to, width / 8));
    });
  }

  /** Where an end does not lie in memory, it may lie in the display's window, which is not much else. */
  private displayElements(run: Run, value: Value, from: Side | undefined, to: Side | undefined): void {
    const { width, backward, most } = run;
    const absent = { linear: this.i32(0), host: this.i32(1) };
    const [source, destination] = [from ?? absent, to ?? absent];
    this.when(this.or(this.isZero(source.host), this.isZero(destination.host)), () => {
      const step = this.select(backward, -width / 8, width / 8);
      const ends = [source.host, source.linear, destination.host, destination.linear];
      const elements = from === undefined ? [value, this.i32(1)] : [this.i32(0), this.i32(0)];
      this.giveUp(this.isZero(this.call(this.imported('runDisplay'), 'i32', ...ends, ...elements, most, step)));
      this.finishRun(run);
    });
  }

  /** A chip's buffer gives or takes what it can without anything else coming of it; `most` becomes the number of those accesses. */
  private portElements({ width, most }: Run, way: 'readPorts' | 'writePorts', place: Value): void {
    this.rememberRecord();
    const port = this.register('edx', 16).read();
    most.set(this.call(this.imported(way), 'i32', port, this.i32(width / 8), most, place));
    this.giveUp(this.isZero(most));
  }

  /** Compares until an element ends the instruction, or the run ends; `most` becomes the number of iterations that were needed. */
  private compareElements(run: Run, left: Value, destination: Value, isCompare: boolean): void {
    const { width, backward, most } = run;
    const step = this.hold(this.select(backward, -width / 8, width / 8));
    const done = this.variable(0);
    const [from, to] = [this.variable(left), this.variable(destination)];
    const [one, other] = [this.variable(left), this.variable(0)];
    this.loop((again) => {
      if (isCompare) one.set(this.loadLate(loadOpcodes[width], from));
      other.set(this.loadLate(loadOpcodes[width], to));
      done.set(this.add(done, 1));
      if (isCompare) from.set(this.add(from, step));
      to.set(this.add(to, step));
      const isEqual = this.equal(one, other);
      const goesOn = this.and(this.lessSigned(done, most), this.repeat === 'rep' ? isEqual : this.isZero(isEqual));
      this.when(goesOn, again);
    });
    most.set(done);
    this.setSubtractFlags(one, other, this.hold(this.zeroExtend(this.sub(one, other), width)), width);
  }
}
