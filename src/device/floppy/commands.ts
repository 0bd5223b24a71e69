/** The command set (82077AA table 5-1), one row each: code, parameters, and what happens when they are complete. */
import { giveResult } from './host.js';
import { modeSpecified } from './qemu.js';
import { senseInterrupt, startRecalibrate, startRelativeSeek, startSeek } from './seek.js';
import { configureBit, type FloppyContext, outputBit, st0Bit, st3Bit } from './state.js';
import { startTransfer } from './transfer.js';

interface Command {
  readonly name: string;
  /** The first byte's value under `mask`; the other bits are options. */
  readonly code: number;
  readonly mask: number;
  /** Bytes with the first. */
  readonly length: number;
  /** All bytes are there. Answers with the result bytes at once; undefined for a command that goes on. */
  readonly execute: (context: FloppyContext, bytes: Uint8Array) => readonly number[] | undefined;
}

const noResult: readonly number[] = [];

function transfer(context: FloppyContext): undefined {
  startTransfer(context);
}

/** Lets a command end that started heads moving: the chip takes the next one while they move. */
function seeking(start: () => void): readonly number[] {
  start();
  return noResult;
}

function senseDrive({ state, board }: FloppyContext, selection: number): readonly number[] {
  const unit = selection & 3;
  const connected = board.driveKind(unit) !== undefined;
  const bits =
    st3Bit.ready |
    st3Bit.twoSided |
    (board.drive(unit)?.writable === false ? st3Bit.writeProtected : 0) |
    (connected && state.headCylinder[unit] === 0 ? st3Bit.track0 : 0);
  return [bits | (selection & 7)];
}

function dumpRegisters({ state }: FloppyContext): readonly number[] {
  return [
    ...state.presentCylinder,
    state.stepAndUnload,
    state.loadAndMode,
    state.lastSectorParameter,
    (state.locked ? 0x80 : 0) | (state.perpendicular & 0x3f),
    state.configure,
    state.precompensationTrack,
  ];
}

// prettier-ignore
const commands: readonly Command[] = [
  { name: 'READ TRACK',         code: 0x02, mask: 0xbf, length: 9, execute: transfer },
  { name: 'WRITE DATA',         code: 0x05, mask: 0x3f, length: 9, execute: transfer },
  { name: 'READ DATA',          code: 0x06, mask: 0x1f, length: 9, execute: transfer },
  { name: 'WRITE DELETED DATA', code: 0x09, mask: 0x3f, length: 9, execute: transfer },
  { name: 'READ ID',            code: 0x0a, mask: 0xbf, length: 2, execute: transfer },
  { name: 'READ DELETED DATA',  code: 0x0c, mask: 0x1f, length: 9, execute: transfer },
  { name: 'FORMAT TRACK',       code: 0x0d, mask: 0xbf, length: 6, execute: transfer },
  { name: 'VERIFY',             code: 0x16, mask: 0x1f, length: 9, execute: transfer },
  { name: 'RECALIBRATE',        code: 0x07, mask: 0xff, length: 2,
    execute: (context, bytes) => seeking(() => startRecalibrate(context, bytes[1]! & 3)) },
  { name: 'SEEK',               code: 0x0f, mask: 0xff, length: 3,
    execute: (context, bytes) => seeking(() => startSeek(context, bytes[1]! & 3, (bytes[1]! >> 2) & 1, bytes[2]!)) },
  { name: 'RELATIVE SEEK',      code: 0x8f, mask: 0xbf, length: 3,
    execute: (context, bytes) => seeking(() => startRelativeSeek(
      context, bytes[1]! & 3, (bytes[1]! >> 2) & 1, bytes[0]! & 0x40 ? bytes[2]! : -bytes[2]!)) },
  { name: 'SENSE INTERRUPT STATUS', code: 0x08, mask: 0xff, length: 1, execute: (context) => senseInterrupt(context) },
  { name: 'SENSE DRIVE STATUS', code: 0x04, mask: 0xff, length: 2,
    execute: (context, bytes) => senseDrive(context, bytes[1]!) },
  { name: 'SPECIFY',            code: 0x03, mask: 0xff, length: 3,
    execute(context, bytes) {
      const { state } = context;
      [state.stepAndUnload, state.loadAndMode] = [bytes[1]!, bytes[2]!];
      modeSpecified(context);
      return noResult;
    } },
  { name: 'CONFIGURE',          code: 0x13, mask: 0xff, length: 4,
    execute({ state }, bytes) {
      [state.configure, state.precompensationTrack] = [bytes[2]! & 0x7f, bytes[3]!];
      return noResult;
    } },
  { name: 'PERPENDICULAR MODE', code: 0x12, mask: 0xff, length: 2,
    execute({ state }, bytes) {
      // D3-D0 change only under OW; GAP and WGATE always do.
      const drives = bytes[1]! & 0x80 ? bytes[1]! & 0x3c : state.perpendicular & 0x3c;
      state.perpendicular = drives | (bytes[1]! & 0x03);
      return noResult;
    } },
  { name: 'LOCK',               code: 0x14, mask: 0x7f, length: 1,
    execute({ state }, bytes) {
      state.locked = (bytes[0]! & 0x80) !== 0;
      return [state.locked ? 0x10 : 0];
    } },
  { name: 'DUMPREG',            code: 0x0e, mask: 0xff, length: 1, execute: (context) => dumpRegisters(context) },
  { name: 'VERSION',            code: 0x10, mask: 0xff, length: 1, execute: () => [0x90] },
];

const invalid: Command = { name: 'INVALID', code: 0, mask: 0, length: 1, execute: () => [st0Bit.invalid] };

/** A byte in the command phase. */
export function takeCommandByte(context: FloppyContext, value: number): void {
  const { state } = context;
  state.command[state.commandLength++] = value;
  const first = state.command[0]!;
  const command = commands.find(({ code, mask }) => (first & mask) === code) ?? invalid;
  if (state.commandLength < command.length) return;
  state.commandLength = 0;
  const result = command.execute(context, state.command);
  if (result !== undefined) giveResult(context, result, false);
}

/**
 * A software reset, by DOR or DSR: what is under way is dropped. LOCK saves the FIFO's settings from it; SPECIFY's and the
 * drives of PERPENDICULAR MODE always survive.
 */
export function softwareReset(context: FloppyContext): void {
  const { state } = context;
  giveResult(context, noResult, false);
  const fifoSettings = configureBit.fifoOff | 0x0f;
  state.configure = state.locked ? state.configure & fifoSettings : configureBit.fifoOff;
  if (!state.locked) state.precompensationTrack = 0;
  state.perpendicular &= 0x3c;
  for (const seek of state.seeks) Object.assign(seek, { ticksLeft: Infinity, pending: false });
  state.presentCylinder.fill(0);
  state.interrupt = false;
  state.phase = 'held';
}

/** True while DOR lets the chip run. */
export const isReleased = ({ state }: FloppyContext): boolean => (state.digitalOutput & outputBit.notReset) !== 0;
