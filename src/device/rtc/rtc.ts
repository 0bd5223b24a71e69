/**
 * Real-time clock with battery-backed memory: time and calendar, alarm, periodic and update-ended interrupts.
 *
 * Source: Motorola MC146818A Real-Time Clock plus RAM (ADI-1000). The memory is that of the 128-byte parts that followed
 * (Dallas DS12887, "Address map"); port 70h bit 7 is the NMI mask of the IBM PC AT Technical Reference, "Real-time clock".
 *
 * Not modelled: see `notModelled` below.
 */
import { assert } from '../../base/assert.js';
import { bytes, count, flag, type StateOf, struct, u8 } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';
import { addSecond, alarmMatches, calendarTime, changeFormat, writeTime } from './calendar.js';
import { address, dividerMode, periodicTicks, registerA, registerB, registerC, registerD } from './registers.js';

const ticksPerSecond = 32_768;
/** UIP is set this long before the update cycle begins: table 6, tBUC = 244 us. */
const ticksBeforeUpdate = 8;
/** The update cycle lasts this long with the 32.768 kHz time base: table 6, tUC = 1984 us. */
const ticksOfUpdate = 65;
/** "When the divider reset is removed, the first update cycle begins one-half second later." */
const ticksAtRelease = ticksPerSecond / 2;

const state = struct({
  index: u8(),
  nonMaskableInterruptMasked: flag(true),
  memory: bytes(128),
  /** Where the divider chain stands in the current second, in ticks; an update cycle begins when it wraps to 0. */
  chain: count(),
  /** Inside an update cycle: the chain has wrapped and stands below `ticksOfUpdate`. */
  updating: flag(),
});

type Rtc = StateOf<typeof state>;
type Context = DeviceContext<Rtc, 'interrupt' | 'nonMaskableInterruptMask', unknown>;

function driveInterrupt({ state, lines }: Context): void {
  lines.interrupt(interruptRequested(state));
}

/** IRQF: a flag is set whose enable is set too. */
function interruptRequested({ memory }: Rtc): boolean {
  return (memory[address.registerB]! & memory[address.registerC]! & registerC.maskable) !== 0;
}

/**
 * Ticks from the chain's present place to the next edge of the selected tap, at least 1. A tap's edge lies half a period
 * before UIP rises ("Update cycle", figure of the interrupt relationships), so that reads at the interrupt are safe.
 */
function ticksToPeriodicEdge({ memory, chain }: Rtc): number {
  const period = periodicTicks(memory[address.registerA]!);
  if (period === Infinity) return Infinity;
  const place = chain + ticksBeforeUpdate + Math.floor(period / 2);
  return period - (place % period);
}

function beginUpdate({ memory }: Rtc): boolean {
  if (memory[address.registerB]! & registerB.set) return false;
  addSecond(memory);
  return true;
}

function endUpdate(rtc: Rtc): void {
  if (!rtc.updating) return;
  rtc.updating = false;
  rtc.memory[address.registerC]! |= registerC.updateEnded | (alarmMatches(rtc.memory) ? registerC.alarm : 0);
}

/** Moves the divider chain on, from one of its places of interest to the next. */
function advanceChain(rtc: Rtc, ticks: number): void {
  let left = ticks;
  while (left > 0) {
    const place = rtc.chain < ticksOfUpdate ? ticksOfUpdate : ticksPerSecond;
    const step = Math.min(left, place - rtc.chain);
    if (ticksToPeriodicEdge(rtc) <= step) rtc.memory[address.registerC]! |= registerC.periodic;
    rtc.chain += step;
    left -= step;
    if (rtc.chain === ticksOfUpdate) endUpdate(rtc);
    if (rtc.chain === ticksPerSecond) {
      rtc.chain = 0;
      rtc.updating = beginUpdate(rtc);
    }
  }
}

function updateInProgress({ memory, chain, updating }: Rtc): boolean {
  const coming = chain >= ticksPerSecond - ticksBeforeUpdate && !(memory[address.registerB]! & registerB.set);
  return (updating || coming) && dividerMode(memory[address.registerA]!) === 'runs';
}

function writeA(rtc: Rtc, value: number): void {
  const before = dividerMode(rtc.memory[address.registerA]!);
  const after = dividerMode(value);
  rtc.memory[address.registerA] = value & registerA.writable;
  if (after === 'reset') {
    rtc.chain = 0;
    rtc.updating = false;
  } else if (before === 'reset') {
    rtc.chain = ticksAtRelease;
  }
}

function writeB(rtc: Rtc, value: number): void {
  if (value & registerB.set) rtc.updating = false;
  const before = rtc.memory[address.registerB]!;
  // "SET bit going high clears the UIE bit"; while it stays high there is no update whose end could interrupt.
  rtc.memory[address.registerB] = value & registerB.set ? value & ~registerB.updateEndedInterruptEnable : value;
  // The data sheet wants the bytes set anew after a change of their format; here they show the same time in the new one.
  if ((before ^ value) & (registerB.binary | registerB.hours24)) changeFormat(rtc.memory, before);
}

function readSelected(context: Context): number {
  const rtc = context.state;
  const value = rtc.memory[rtc.index]!;
  if (rtc.index === address.registerA) return value | (updateInProgress(rtc) ? registerA.updateInProgress : 0);
  if (rtc.index !== address.registerC) return value;
  const flags = value | (interruptRequested(rtc) ? registerC.interruptRequest : 0);
  rtc.memory[address.registerC] = 0;
  driveInterrupt(context);
  return flags;
}

function writeSelected(context: Context, value: number): void {
  const { memory, index } = context.state;
  if (index === address.registerA) writeA(context.state, value);
  else if (index === address.registerB) writeB(context.state, value);
  else if (index !== address.registerC && index !== address.registerD) memory[index] = value;
  driveInterrupt(context);
}

/** The real-time clock; register offsets count from port 70h. */
export const rtc = defineDevice({
  name: 'rtc',
  source: 'Motorola MC146818A (ADI-1000)',
  notModelled: [
    'daylight saving (register B, DSE): the bit is kept and does nothing',
    'the square wave output (register B, SQWE): no pin listens on this board',
    'other crystals: every divider setting that runs is taken to name the crystal that is fitted',
    'divider settings for factory tests (DV = 3 to 5): the chain stands still',
    'the battery sense input: register D always reads as valid',
    'unreadable time bytes during an update cycle: they show the new second at once',
  ],
  clock: { numerator: ticksPerSecond, denominator: 1 },
  registers: { index: 0, data: 1 },
  inputs: ['reset'],
  outputs: ['interrupt', 'nonMaskableInterruptMask'],
  state,

  /** The first power-up of the part, with the settings every PC firmware chooses: 32.768 kHz, 1024 Hz, 24 hours, BCD. */
  reset(context: Context) {
    const { memory } = context.state;
    memory[address.registerA] = 0x26;
    memory[address.registerB] = registerB.hours24;
    memory[address.registerD] = registerD.validRamAndTime;
    writeTime(memory, calendarTime(0));
    driveInterrupt(context);
    context.lines.nonMaskableInterruptMask(context.state.nonMaskableInterruptMasked);
  },

  advance(context, ticks) {
    if (dividerMode(context.state.memory[address.registerA]!) !== 'runs') return;
    advanceChain(context.state, ticks);
    driveInterrupt(context);
  },

  nextEdge({ state }) {
    if (dividerMode(state.memory[address.registerA]!) !== 'runs' || interruptRequested(state)) return Infinity;
    const enabled = state.memory[address.registerB]!;
    let ticks = Infinity;
    if (enabled & registerB.periodicInterruptEnable) ticks = ticksToPeriodicEdge(state);
    if (
      enabled & (registerB.alarmInterruptEnable | registerB.updateEndedInterruptEnable) &&
      !(enabled & registerB.set)
    ) {
      const toEnd = state.updating ? ticksOfUpdate - state.chain : ticksPerSecond - state.chain + ticksOfUpdate;
      ticks = Math.min(ticks, toEnd);
    }
    return ticks;
  },

  read: { data: readSelected },
  write: {
    index({ state, lines }, value) {
      state.index = value & 0x7f;
      state.nonMaskableInterruptMasked = (value & 0x80) !== 0;
      lines.nonMaskableInterruptMask(state.nonMaskableInterruptMasked);
    },
    data: writeSelected,
  },

  input: {
    /** The RESET pin, asserted as `true`: disables and clears the interrupts; time, calendar and memory go on. */
    reset(context, level) {
      if (!level) return;
      const { memory } = context.state;
      memory[address.registerB]! &= registerB.set | registerB.binary | registerB.hours24 | 1;
      memory[address.registerC] = 0;
      driveInterrupt(context);
    },
  },

  operations: {
    /** Sets the clock to a Gregorian date at the start of a second: Unix seconds, 0 to 2^32 - 1. The century goes to byte 32h in BCD. */
    setDate({ state }: Context, unixSeconds: number) {
      assert(
        Number.isInteger(unixSeconds) && unixSeconds >= 0 && unixSeconds < 2 ** 32,
        'a date is 32 bits of Unix seconds',
      );
      const time = calendarTime(unixSeconds);
      writeTime(state.memory, time);
      state.memory[address.century] = (Math.floor(time.century / 10) << 4) | (time.century % 10);
      state.chain = 0;
      state.updating = false;
    },
    /** Puts a byte into the general purpose memory, addresses 0Eh to 7Fh, as a battery would have kept it. */
    presetMemory({ state }: Context, at: number, value: number) {
      assert(at > address.registerD && at < state.memory.length, 'preset bytes lie behind the registers');
      state.memory[at] = value;
    },
  },
});
