/**
 * Moving heads: SEEK, RECALIBRATE and RELATIVE SEEK run beside other commands, one a drive (82077AA section 5.2). Heads
 * arrive all at once after the time that their steps take.
 */
import { lastCylinder, millisecondTicks, stepUnitTicks } from './geometry.js';
import { updateInterrupt } from './host.js';
import { configureBit, type FloppyContext, selectedRate, st0Bit } from './state.js';

/** Most step pulses of one RECALIBRATE. */
const recalibrateSteps = 79;
/** Ticks of a seek that needs no step. */
const noStepTicks = millisecondTicks / 10;

/** Ticks that `cylinders` steps take at the rate that SPECIFY set. */
export function stepTicks({ state }: FloppyContext, cylinders: number): number {
  const units = 16 - (state.stepAndUnload >> 4);
  return Math.max(noStepTicks, Math.abs(cylinders) * units * stepUnitTicks(selectedRate(state)));
}

/** Where the heads end after `steps` steps (outwards when negative), stopped by the ends of the drive. */
export function headAfter({ state, board }: FloppyContext, unit: number, steps: number): number {
  const kind = board.driveKind(unit);
  if (kind === undefined) return 0;
  return Math.min(Math.max(state.headCylinder[unit]! + steps, 0), lastCylinder(kind));
}

/** Starts heads towards `target` in the chip's count, by `steps` step pulses. */
function start(context: FloppyContext, unit: number, target: number, steps: number, st0: number): void {
  const seek = context.state.seeks[unit]!;
  seek.ticksLeft = stepTicks(context, steps);
  seek.presentCylinder = target & 0xff;
  seek.headCylinder = headAfter(context, unit, steps);
  seek.stepped = steps !== 0;
  seek.st0 = st0 | unit;
  seek.pending = false;
}

/** SEEK: to cylinder `target` as the chip counts. */
export function startSeek(context: FloppyContext, unit: number, side: number, target: number): void {
  start(context, unit, target, target - context.state.presentCylinder[unit]!, st0Bit.seekEnd | (side << 2));
}

/** RELATIVE SEEK: by `cylinders`, inwards when positive. */
export function startRelativeSeek(context: FloppyContext, unit: number, side: number, cylinders: number): void {
  const target = context.state.presentCylinder[unit]! + cylinders;
  start(context, unit, target, cylinders, st0Bit.seekEnd | (side << 2));
}

/** RECALIBRATE: outwards until the drive signals track 0, or 79 steps in vain. */
export function startRecalibrate(context: FloppyContext, unit: number): void {
  const connected = context.board.driveKind(unit) !== undefined;
  const distance = context.state.headCylinder[unit]!;
  const found = connected && distance <= recalibrateSteps;
  const steps = found ? distance : recalibrateSteps;
  start(context, unit, 0, -steps, st0Bit.seekEnd | (found ? 0 : st0Bit.abnormal | st0Bit.equipmentCheck));
}

/** The heads arrived: the chip interrupts and waits to be asked why. */
export function finishSeek(context: FloppyContext, unit: number): void {
  const { state } = context;
  const seek = state.seeks[unit]!;
  seek.ticksLeft = Infinity;
  seek.pending = true;
  placeHeads(context, unit, seek.presentCylinder, seek.headCylinder, seek.stepped);
  state.interrupt = true;
  updateInterrupt(context);
}

/** Puts chip and heads at a cylinder; a step pulse tells the drive that somebody saw the new disk (section 2.1.7, DSKCHG). */
export function placeHeads(
  context: FloppyContext,
  unit: number,
  present: number,
  head: number,
  stepped: boolean,
): void {
  const { state, board } = context;
  state.presentCylinder[unit] = present;
  state.headCylinder[unit] = head;
  if (stepped && board.drive(unit) !== undefined) state.diskChanged[unit] = false;
}

/** The chip's simulated polling after a reset: every drive "became ready" (section 7.4). */
export function pollDrives(context: FloppyContext): void {
  const { state } = context;
  if (state.configure & configureBit.pollOff) return;
  state.seeks.forEach((seek, unit) => {
    seek.st0 = st0Bit.polled | unit;
    seek.pending = true;
  });
  state.interrupt = true;
  updateInterrupt(context);
}

/** SENSE INTERRUPT STATUS: the lowest drive with news, or "invalid command" without any. */
export function senseInterrupt({ state }: FloppyContext): number[] {
  const unit = state.seeks.findIndex(({ pending }) => pending);
  if (unit < 0) return [st0Bit.invalid];
  state.seeks[unit]!.pending = false;
  state.interrupt = false;
  return [state.seeks[unit]!.st0, state.presentCylinder[unit]!];
}

/** After its answer was read: a further drive that finished seeking interrupts anew. Polling does not. */
export function reviveInterrupt({ state }: FloppyContext): void {
  if (state.seeks.some(({ pending, st0 }) => pending && (st0 & st0Bit.polled) !== st0Bit.polled))
    state.interrupt = true;
}
