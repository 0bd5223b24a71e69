/**
 * Ways through CLI, STI, PUSHF and POPF on the 80386 and its successors, for every mode that lets them at the flags as they are. Where an
 * instruction may not do what it says, where V86 mode or VME have a word, or where something is due after it, its slow path goes on.
 */
import { at, flagBits, statusFlags } from '../layout.js';
import { has } from '../model.js';
import { quickWords } from '../quick-words.js';
import type { Value } from '../wasm/values.js';
import type { Emitter } from './emitter.js';

const { TF, IF, DF, IOPL, NT, VM, RF, AC, ID } = flagBits;
const alwaysOne = 2;

const privilege = (emit: Emitter): Value => emit.loadLate('i32.load', 0, at.cpl);
const ioPrivilege = (emit: Emitter): Value => emit.and(emit.shrUnsigned(emit.otherFlags(), 12), 3);
/** The right to change IF, which real mode always gives: the privilege level is 0 there. */
const lacksInterruptRight = (emit: Emitter): Value => emit.greaterUnsigned(privilege(emit), ioPrivilege(emit));
const isVirtual = (emit: Emitter): Value => emit.and(emit.otherFlags(), VM);
const onNewModels = (emit: Emitter, condition: () => Value, meaning: () => void): void => {
  if (emit.hasQuickWays) emit.when(emit.isZero(condition()), meaning);
};

export function clearInterruptQuickly(emit: Emitter): void {
  onNewModels(
    emit,
    () => lacksInterruptRight(emit),
    () => {
      emit.setOtherFlags(emit.and(emit.otherFlags(), ~IF));
      emit.next();
    },
  );
}

/** With its shadow: interrupts wait for one more instruction where they did not come through before. */
export function setInterruptQuickly(emit: Emitter): void {
  const isDue = (): Value => {
    const traced = emit.and(emit.otherFlags(), TF);
    return emit.or(emit.or(traced, emit.interruptRequested()), emit.nonMaskableState());
  };
  onNewModels(
    emit,
    () => emit.or(lacksInterruptRight(emit), isDue()),
    () => {
      const before = emit.hold(emit.otherFlags());
      emit.when(emit.isZero(emit.and(before, IF)), () => {
        const boundary = emit.wide('add', emit.cycles(), emit.i64(1n));
        emit.store('f64.store', 0, emit.apply('f64.convert_i64_s', boundary), quickWords.interruptsHeld);
        emit.setOtherFlags(emit.or(before, IF));
      });
      emit.next();
    },
  );
}

export function pushFlagsQuickly(emit: Emitter): void {
  onNewModels(
    emit,
    () => isVirtual(emit),
    () => {
      const image = emit.hold(emit.or(emit.or(emit.statusWord(), emit.otherFlags()), alwaysOne));
      emit.push(emit.and(image, ~(VM | RF)));
      emit.next();
    },
  );
}

export function popFlagsQuickly(emit: Emitter): void {
  onNewModels(
    emit,
    () => isVirtual(emit),
    () => {
      const image = emit.hold(emit.top(0, emit.width));
      emit.when(emit.isZero(needsCare(emit, image)), () => {
        emit.release(emit.width / 8);
        takeFlags(emit, image);
        emit.next();
      });
    },
  );
}

/** Whether taking a flags image asks for a look at interrupts, a trap, or how alignment is checked, which the slow path arranges. */
function needsCare(emit: Emitter, image: Value): Value {
  const before = emit.otherFlags();
  const interrupts = emit.and(emit.notEqual(emit.and(image, IF), 0), emit.interruptRequested());
  const trap = emit.and(emit.or(image, before), TF);
  const alignment = emit.width === 32 ? emit.and(emit.xor(image, before), AC) : 0;
  return emit.or(emit.or(trap, alignment), interrupts);
}

function takeFlags(emit: Emitter, image: Value): void {
  const upper = emit.width === 32 && has(emit.model, 'cpuid') ? ID : 0;
  const level = emit.hold(privilege(emit));
  const mayNotInterrupt = lacksInterruptRight(emit);
  const kept = emit.or(emit.select(level, IOPL, 0), emit.select(mayNotInterrupt, IF, 0));
  const written = emit.hold(emit.and(emit.not(kept), IF | DF | IOPL | NT | upper));
  const others = emit.and(emit.otherFlags(), emit.xor(written, -1));
  emit.setOtherFlags(emit.hold(emit.or(others, emit.and(image, written))));
  emit.setStatusWord(emit.and(image, statusFlags));
}
