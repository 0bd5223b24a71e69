/**
 * Real-time clock with battery-backed memory: time and calendar, alarm, periodic and update-ended interrupts.
 *
 * Source: Dallas DS12887 Real Time Clock, the 128-byte part in the place of the Motorola MC146818A (ADI-1000), whose registers it keeps. Unlike
 * the older part it counts in a copy of its own and moves the new second over at once. Port 70h bit 7 is the NMI mask
 * of the IBM PC AT Technical Reference, "Real-time clock".
 *
 * Not modelled: see `notModelled` below.
 */
import { assert } from '../../base/assert.js';
import { addition, bytes, count, flag, type StateOf, struct, u16, u8 } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';
import { addSecond, alarmMatches, calendarTime, changeFormat, writeTime } from './calendar.js';
import { address, dividerMode, periodicTicks, registerA, registerB, registerC, registerD } from './registers.js';

const ticksPerSecond = 32_768;
/** UIP is set this long before the update, and falls with it: figure 3, tBUC = 244 us. */
const ticksBeforeUpdate = 8;
/** Register A, DV: the next update comes 500 ms after the countdown chain is let go. */
const ticksAtRelease = ticksPerSecond / 2;

const state = struct({
  index: u8(),
  nonMaskableInterruptMasked: flag(true),
  memory: bytes(128),
  /** Where the countdown chain stands in the current second, in ticks; the update comes when it wraps to 0. */
  chain: count(),
  /** Ticks by which the periodic interrupt is off its tap of the chain: never but with QEMU's ways. */
  periodicOffset: addition(u16()),
});

/** What the board does for the chip. */
interface RtcBoard {
  /** The countdown chain starts from nothing: its next tick ends a whole tick from now. */
  restartTick(): void;
  /** A periodic interrupt that is switched on, or has its rate changed, begins a whole period, as QEMU's does: it is no tap of the chain. */
  readonly asQemu?: boolean;
}

type Rtc = StateOf<typeof state>;
type Context = DeviceContext<Rtc, 'interrupt' | 'nonMaskableInterruptMask', RtcBoard>;

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
function ticksToPeriodicEdge({ memory, chain, periodicOffset }: Rtc): number {
  const period = periodicTicks(memory[address.registerA]!);
  if (period === Infinity) return Infinity;
  const place = chain + ticksBeforeUpdate + Math.floor(period / 2) + periodicOffset;
  return period - (place % period);
}

/** The periodic interrupt's settings, which QEMU's starts anew when they change: its rate while it is enabled, or nothing. */
const periodicSettings = ({ memory }: Rtc): number =>
  memory[address.registerB]! & registerB.periodicInterruptEnable ? periodicTicks(memory[address.registerA]!) : 0;

function restartPeriod(rtc: Rtc): void {
  rtc.periodicOffset = 0;
  const period = periodicTicks(rtc.memory[address.registerA]!);
  if (period !== Infinity) rtc.periodicOffset = ticksToPeriodicEdge(rtc) % period;
}

function update({ memory }: Rtc): void {
  if (memory[address.registerB]! & registerB.set) return;
  addSecond(memory);
  memory[address.registerC]! |= registerC.updateEnded | (alarmMatches(memory) ? registerC.alarm : 0);
}

/** Moves the countdown chain on, from one second to the next. */
function advanceChain(rtc: Rtc, ticks: number): void {
  let left = ticks;
  while (left > 0) {
    const step = Math.min(left, ticksPerSecond - rtc.chain);
    if (ticksToPeriodicEdge(rtc) <= step) rtc.memory[address.registerC]! |= registerC.periodic;
    rtc.chain += step;
    left -= step;
    if (rtc.chain < ticksPerSecond) continue;
    rtc.chain = 0;
    update(rtc);
  }
}

function updateInProgress({ memory, chain }: Rtc): boolean {
  const coming = chain >= ticksPerSecond - ticksBeforeUpdate && !(memory[address.registerB]! & registerB.set);
  return coming && dividerMode(memory[address.registerA]!) === 'runs';
}

function writeA({ state, board }: Context, value: number): void {
  const before = dividerMode(state.memory[address.registerA]!);
  const after = dividerMode(value);
  state.memory[address.registerA] = value & registerA.writable;
  if (after === 'reset') {
    state.chain = 0;
  } else if (before === 'reset') {
    state.chain = ticksAtRelease;
    board.restartTick();
  }
}

function writeB(rtc: Rtc, value: number): void {
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
  const before = periodicSettings(context.state);
  if (index === address.registerA) writeA(context, value);
  else if (index === address.registerB) writeB(context.state, value);
  else if (index !== address.registerC && index !== address.registerD) memory[index] = value;
  if (context.board.asQemu && periodicSettings(context.state) !== before) restartPeriod(context.state);
  driveInterrupt(context);
}

/** The real-time clock; register offsets count from port 70h. */
export const rtc = defineDevice({
  name: 'rtc',
  source: 'Dallas DS12887; Motorola MC146818A (ADI-1000)',
  notModelled: [
    'daylight saving (register B, DSE): the bit is kept and does nothing',
    'the square wave output (register B, SQWE): no pin listens on this board',
    'other crystals: every divider setting that runs is taken to name the crystal that is fitted',
    'divider settings for factory tests (DV = 3 to 5): the chain stands still',
    'the battery sense input: register D always reads as valid',
    "the second copy of the time: while SET is high the time stands still, instead of going on behind the user's bytes",
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
      ticks = Math.min(ticks, ticksPerSecond - state.chain);
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
    },
    /** Puts a byte into the general purpose memory, addresses 0Eh to 7Fh, as a battery would have kept it. */
    presetMemory({ state }: Context, at: number, value: number) {
      assert(at > address.registerD && at < state.memory.length, 'preset bytes lie behind the registers');
      state.memory[at] = value;
    },
  },
});
