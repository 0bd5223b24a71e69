/** What passes under the heads while the chip executes a command: operations, tracks, sector IDs and angles. */
import { assert } from '../../base/assert.js';
import type { Medium } from '../medium.js';
import { mediumInDrive, type MediumInDrive, revolutionTicks } from './geometry.js';
import { commandBit, type FloppyContext, type FloppyState, selectedRate } from './state.js';

/** What a transfer command does. */
export type Operation = 'read' | 'readDeleted' | 'write' | 'verify' | 'readTrack' | 'readId' | 'format';

const operations: Readonly<Record<number, Operation>> = {
  0x02: 'readTrack',
  0x05: 'write',
  0x06: 'read',
  0x09: 'write',
  0x0a: 'readId',
  0x0c: 'readDeleted',
  0x0d: 'format',
  0x16: 'verify',
};

/** The operation in execution. */
export function operationOf({ command }: FloppyState): Operation {
  const operation = operations[command[0]! & 0x1f];
  assert(operation !== undefined, 'only transfer commands are executed');
  return operation;
}

/** Ticks of a revolution of the drive in use. */
export const revolutionOf = ({ state, board }: FloppyContext): number => revolutionTicks(board.driveKind(state.unit)!);

/** The track under the heads, and the first of its sectors on the medium. */
export interface Track extends MediumInDrive {
  readonly medium: Medium;
  readonly cylinder: number;
  readonly firstSector: number;
}

/** The track that the chip can read now; undefined when it finds no address marks at the selected rate. */
export function trackUnderHeads({ state, board }: FloppyContext): Track | undefined {
  const { unit, side } = state;
  const [kind, medium] = [board.driveKind(unit), board.drive(unit)];
  const fit = kind && medium && mediumInDrive(kind, medium.sectors);
  if (!fit || fit.rate !== selectedRate(state) || (state.command[0]! & commandBit.mfm) === 0) return undefined;
  const cylinder = state.headCylinder[unit]! / fit.cylindersPerTrack;
  const { cylinders, heads, sectorsPerTrack } = fit.geometry;
  if (!Number.isInteger(cylinder) || cylinder >= cylinders || side >= heads) return undefined;
  return { ...fit, medium, cylinder, firstSector: (cylinder * heads + side) * sectorsPerTrack };
}

/** Ticks until the angle `numerator / denominator` of a revolution passes the heads: 1 to a whole revolution. */
export function ticksUntilAngle(context: FloppyContext, numerator: number, denominator: number): number {
  const revolution = revolutionOf(context);
  const angle = Math.floor((numerator * revolution) / denominator);
  const passed = context.state.rotation % revolution;
  return ((angle - passed - 1 + 2 * revolution) % revolution) + 1;
}

/** True when the track has a sector with the ID that the command is at. */
export function matchesId(state: FloppyState, track: Track): boolean {
  const onTrack = state.sector >= 1 && state.sector <= track.geometry.sectorsPerTrack;
  return state.cylinder === track.cylinder && state.head === state.side && state.size === 2 && onTrack;
}

/** The place on the track, from 0, that the operation waits for; undefined when no sector there has the wanted ID. */
export function wantedSlot(context: FloppyContext, track: Track, operation: Operation): number | undefined {
  const { state } = context;
  const { sectorsPerTrack } = track.geometry;
  if (operation === 'readTrack') return state.sectorsPassed % sectorsPerTrack;
  if (operation === 'readId') {
    const revolution = revolutionOf(context);
    return (Math.floor(((state.rotation % revolution) * sectorsPerTrack) / revolution) + 1) % sectorsPerTrack;
  }
  return matchesId(state, track) ? state.sector - 1 : undefined;
}
