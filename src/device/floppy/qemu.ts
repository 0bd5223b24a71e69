/**
 * Where QEMU's floppy controller differs from the data sheet: what a board gets that asks for it (`asQemu`), for guests that were
 * only ever run there. Each function here is asked at one place of the chip; nothing else of it knows of QEMU.
 *
 * Source: the behaviour of QEMU 7.2's `isa-fdc`, as its test program `fdc-test` and its documentation have it.
 */
import { byteTicks, type DataRate, dataRates, millisecondTicks } from './geometry.js';
import { commandBit, configureBit, type FloppyContext, type FloppyState, outputBit } from './state.js';
import { placeHeads } from './seek.js';
import { operationOf, type Track } from './track.js';

/** The rate after a hardware reset: 500 kbit/s; the data sheet has 250. */
const rateAfterReset = dataRates.indexOf(500 satisfies DataRate);
/** READ ID takes this long where there is no disk. */
const readIdTicks = 20 * millisecondTicks;

/** A hardware reset. */
export function resetAsQemu({ state, board }: FloppyContext): void {
  if (board.asQemu) state.rateSelect = rateAfterReset;
}

/** DOR's gate and SPECIFY's ND are one bit: with the gate closed the host moves the bytes, and it is interrupted all the same. */
export function gateWritten({ state, board }: FloppyContext): void {
  if (!board.asQemu) return;
  const gate = (state.digitalOutput & outputBit.gate) !== 0;
  state.loadAndMode = (state.loadAndMode & 0xfe) | (gate ? 0 : 1);
}
export function modeSpecified({ state, board }: FloppyContext): void {
  if (!board.asQemu) return;
  const withoutDma = (state.loadAndMode & 1) !== 0;
  state.digitalOutput = (state.digitalOutput & ~outputBit.gate) | (withoutDma ? 0 : outputBit.gate);
}

/** The host's first request for service interrupts until the last byte of the result is read. */
export function serviceAsked({ state, board }: FloppyContext, byte: boolean): void {
  if (board.asQemu && byte) state.interrupt = true;
}
/** Whether reading a byte of the result takes the interrupt back. */
export const resultEndsInterrupt = ({ state, board }: FloppyContext): boolean =>
  !board.asQemu || state.result.length === 0;

/** Whether heads go to the cylinder of a command before it: CONFIGURE's EIS; QEMU's always do. */
export const seeksByItself = ({ state, board }: FloppyContext): boolean =>
  board.asQemu === true || (state.configure & configureBit.impliedSeek) !== 0;

/** Ticks until a command for a drive with no disk in it ends. */
export function ticksWithoutDisk({ state, board }: FloppyContext): number {
  if (!board.asQemu) return Infinity;
  return operationOf(state) === 'readId' ? readIdTicks : 1;
}

/**
 * How a command ends for which there is no disk: READ ID finds a first sector where the heads are, any other fails with no bit of ST1
 * or ST2. Undefined where the data sheet's ways are to be followed; otherwise whether the end is an abnormal one.
 */
export function endsWithoutDisk({ state, board }: FloppyContext): { readonly abnormal: boolean } | undefined {
  if (!board.asQemu || board.drive(state.unit) !== undefined) return undefined;
  const found = operationOf(state) === 'readId';
  if (found)
    Object.assign(state, { cylinder: state.presentCylinder[state.unit], head: state.side, sector: 1, size: 2 });
  return { abnormal: !found };
}

/** Ticks for which the disk waits for a host that is slow; undefined where that is an overrun. */
export function ticksForSlowHost({ state, board }: FloppyContext, rate: DataRate): number | undefined {
  if (!board.asQemu) return undefined;
  return (state.loadAndMode & 1) !== 0 ? Infinity : byteTicks(rate);
}

/** Operations whose length is known from the first, however sectors follow one another. */
const counted = ['read', 'write', 'verify'];
const countsSectors = ({ state, board }: FloppyContext): boolean =>
  board.asQemu === true && counted.includes(operationOf(state)) && (state.command[1]! & 0x80) === 0;

/** Sectors of the whole command: from its sector to EOT and, with MT, once more up to EOT. */
function sectorsInAll({ command }: FloppyState): number {
  const endOfTrack = command[6]!;
  return endOfTrack - command[4]! + 1 + ((command[0]! & commandBit.multiTrack) !== 0 ? endOfTrack : 0);
}

/** Whether the sector just passed is the command's last; undefined where the data sheet's ways are to be followed. */
export function isLastAsQemu(context: FloppyContext): boolean | undefined {
  const { state } = context;
  return countsSectors(context) ? state.sectorsPassed >= sectorsInAll(state) : undefined;
}

/**
 * Turns to the next sector: behind the track's last one, or EOT, stand the other side's first with MT, and then the next cylinder's,
 * to which the heads go. False where the data sheet's ways are to be followed.
 */
export function advanceAsQemu(context: FloppyContext, track: Track | undefined): boolean {
  const { state } = context;
  if (track === undefined || !countsSectors(context)) return false;
  const { geometry, cylindersPerTrack } = track;
  if (state.sector !== state.command[6] && state.sector < geometry.sectorsPerTrack) {
    state.sector++;
    return true;
  }
  state.sector = 1;
  const otherSide = (state.command[0]! & commandBit.multiTrack) !== 0 && state.side === 0 && geometry.heads === 2;
  state.side = otherSide ? 1 : 0;
  state.head = state.side;
  if (otherSide) return true;
  state.cylinder = (state.cylinder + 1) & 0xff;
  const { unit } = state;
  placeHeads(context, unit, state.cylinder, state.headCylinder[unit]! + cylindersPerTrack, true);
  return true;
}

/** Whether the heads went to another cylinder on the way, which the result tells as a seek's end. */
export const soughtOnTheWay = (context: FloppyContext): boolean =>
  countsSectors(context) && context.state.cylinder !== context.state.command[2];
