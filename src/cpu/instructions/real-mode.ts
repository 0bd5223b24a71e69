/**
 * Real-mode ways through instructions whose protected-mode meaning is a slow path: DOS programs and boot loaders do little
 * else all day. Each says when it applies; otherwise the instruction goes on to its slow path, which knows every case.
 */
import { flagBits, statusFlags } from '../layout.js';
import { atLeast, has } from '../model.js';
import type { Value } from '../wasm/values.js';
import type { Emitter } from './emitter.js';

const { TF, IF, AC, ID } = flagBits;
/** Bits of a flags image that real mode writes besides the status flags. */
function realOtherFlags({ width, model }: Emitter): number {
  const upper = (atLeast(model, '80486') ? AC : 0) | (has(model, 'cpuid') ? ID : 0);
  return width === 32 ? 0x7700 | upper : 0x7700;
}
const alwaysOne = 2;

/** Emits `meaning` for plain real mode on the 80386 and its successors; older models have quirks that the slow path keeps. */
export function inRealMode(emit: Emitter, meaning: () => void): void {
  if (atLeast(emit.model, '80386')) emit.when(emit.plainRealMode(), meaning);
}

/** The flags as PUSHF stores them. */
const flagsImage = (emit: Emitter): Value =>
  emit.hold(emit.or(emit.or(emit.statusWord(), emit.otherFlags()), alwaysOne));

/** Whether taking a flags image asks for a look at interrupts or a trap, which the slow path arranges. */
function needsCare(emit: Emitter, image: Value): Value {
  const interrupts = emit.and(emit.notEqual(emit.and(image, IF), 0), emit.interruptRequested());
  return emit.or(emit.and(emit.or(image, emit.otherFlags()), TF), interrupts);
}

function takeFlags(emit: Emitter, image: Value): void {
  const written = realOtherFlags(emit);
  emit.setStatusWord(emit.and(image, statusFlags));
  emit.setOtherFlags(emit.or(emit.and(emit.otherFlags(), ~written), emit.and(image, written)));
}

/** Loads a data segment register; `number` is never CS, and SS goes the slow way for its interrupt shadow. */
export function loadDataSegmentReal(emit: Emitter, number: Value, selector: Value, then: () => void): void {
  inRealMode(emit, () => {
    emit.when(emit.notEqual(number, 2), () => {
      emit.setRealSegment(number, selector);
      then();
      emit.next();
    });
  });
}

/** INT n through the interrupt table. */
export function interruptReal(emit: Emitter, vector: Value): void {
  inRealMode(emit, () => {
    const entry = emit.hold(emit.shl(vector, 2));
    const traced = emit.and(emit.otherFlags(), TF);
    const outside = emit.greaterUnsigned(emit.add(entry, 3), emit.tableLimit('idtr'));
    emit.when(emit.isZero(emit.or(traced, outside)), () => {
      pushThree(emit, [flagsImage(emit), emit.selector('cs'), emit.nextEip()]);
      const linear = emit.hold(emit.add(emit.tableBase('idtr'), entry));
      const offset = emit.loadLinear(linear, 16);
      const selector = emit.loadLinear(emit.add(linear, 2), 16);
      emit.release(-6);
      emit.setOtherFlags(emit.and(emit.otherFlags(), ~(TF | IF | AC)));
      emit.setRealSegment('cs', selector);
      emit.goTo(offset);
    });
  });
}

/** Stores words below the stack pointer without moving it yet, so that a fault leaves it alone. */
function pushThree(emit: Emitter, values: readonly Value[]): void {
  values.forEach((value, index) => {
    const offset = emit.sub(emit.stackPointer(), 2 * (index + 1));
    emit.storeTo('ss', emit.hold(emit.zeroExtend(offset, emit.stackWidth)), 16, value);
  });
}

/** IRET with 16-bit operands. */
export function interruptReturnReal(emit: Emitter): void {
  if (emit.width !== 16) return;
  inRealMode(emit, () => {
    const offset = emit.top(0, 16);
    const selector = emit.top(2, 16);
    const image = emit.top(4, 16);
    emit.when(emit.isZero(emit.or(needsCare(emit, image), emit.nonMaskableState())), () => {
      emit.release(6);
      takeFlags(emit, image);
      emit.setRealSegment('cs', selector);
      emit.goTo(offset);
    });
  });
}

/** JMP and CALL far; `call` pushes the way back. */
export function farTransferReal(emit: Emitter, selector: Value, offset: Value, call: boolean): void {
  inRealMode(emit, () => {
    emit.when(emit.withinCode(offset), () => {
      if (call) {
        const bytes = emit.width / 8;
        const at = (index: number): Value =>
          emit.hold(emit.zeroExtend(emit.sub(emit.stackPointer(), bytes * index), emit.stackWidth));
        emit.storeTo('ss', at(1), emit.width, emit.hold(emit.selector('cs')));
        emit.storeTo('ss', at(2), emit.width, emit.nextEip());
        emit.release(-2 * bytes);
      }
      emit.setRealSegment('cs', selector);
      emit.goTo(offset);
    });
  });
}

/** RETF; `extra` bytes of parameters are released too. */
export function farReturnReal(emit: Emitter, extra: Value): void {
  inRealMode(emit, () => {
    const bytes = emit.width / 8;
    const offset = emit.top(0, emit.width);
    const selector = emit.hold(emit.and(emit.top(bytes, emit.width), 0xffff));
    emit.when(emit.withinCode(offset), () => {
      emit.release(emit.add(extra, 2 * bytes));
      emit.setRealSegment('cs', selector);
      emit.goTo(offset);
    });
  });
}
