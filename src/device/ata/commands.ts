/** The commands (ATA/ATAPI-4 clause 8), one row each: codes, how it starts, and what happens when its time is up. */
import { assert } from '../../base/assert.js';
import { sectorBytes } from '../medium.js';
import { addressedSector } from './address.js';
import { identifyDevice } from './identify.js';
import { type AtaContext, diskOf, type DriveState, errorBit, multipleSectorsMax, statusBit } from './state.js';
import {
  endCommand,
  fetchBlock,
  latencyTicks,
  offerBlock,
  prepareBlock,
  startActivity,
  startSectors,
  storeBlock,
  verifySectors,
} from './transfer.js';

/** A step of a command on drive `unit`. */
type Step = (context: AtaContext, unit: number) => void;

interface Command {
  readonly name: string;
  readonly codes: readonly number[];
  /** Starts an activity. */
  readonly start: Step;
  /** The end of the activity that the table's row started; `prepare` and `store` are the data-out steps. */
  readonly command?: Step;
  readonly fetch?: Step;
  readonly prepare?: Step;
  readonly store?: Step;
}

const driveOf = (context: AtaContext, unit: number): DriveState => context.state.drives[unit]!;

const busyFor =
  (activity: DriveState['activity'], ticks: number): Step =>
  (context, unit) =>
    startActivity(driveOf(context, unit), activity, ticks);

/** A command without data whose `effect` answers with an error code, or with 0. */
function withoutData(
  name: string,
  codes: readonly number[],
  effect: (context: AtaContext, unit: number) => number,
): Command {
  return {
    name,
    codes,
    start: busyFor('command', latencyTicks.command),
    command: (context, unit) => endCommand(context, driveOf(context, unit), effect(context, unit)),
  };
}

/** A command that is refused unless MULTIPLE mode is on. */
const inBlocks =
  (first: 'fetch' | 'prepare'): Step =>
  (context, unit) => {
    const { multipleSectors } = driveOf(context, unit);
    if (multipleSectors === 0) startActivity(driveOf(context, unit), 'command', latencyTicks.command);
    else startSectors(context, unit, first, multipleSectors);
  };

const abort: Step = (context, unit) => endCommand(context, driveOf(context, unit), errorBit.ABRT);

/** Leaves the sector count register as CHECK POWER MODE reports it. */
const powerCodes = { active: 0xff, idle: 0x80, standby: 0x00, sleep: 0x00 } as const;

const enterPower =
  (power: DriveState['power']): ((context: AtaContext, unit: number) => number) =>
  (context, unit) => {
    driveOf(context, unit).power = power;
    return 0;
  };

/** SET FEATURES by its subcommand; anything it does not know is aborted. */
function setFeatures(drive: DriveState): number {
  switch (drive.features) {
    case 0x02:
    case 0x82:
      drive.writeCache = drive.features === 0x02;
      return 0;
    case 0x55:
    case 0xaa:
      drive.lookAhead = drive.features === 0xaa;
      return 0;
    case 0x66:
    case 0xcc:
      drive.keepFeatures = drive.features === 0x66;
      return 0;
    case 0x03: // Transfer mode: the default ones, and PIO with flow control up to mode 4.
      return drive.sectorCount <= 0x01 || (drive.sectorCount >= 0x08 && drive.sectorCount <= 0x0c) ? 0 : errorBit.ABRT;
    default:
      return errorBit.ABRT;
  }
}

function setMultiple(drive: DriveState): number {
  const sectors = drive.sectorCount;
  const supported = sectors <= multipleSectorsMax && (sectors & (sectors - 1)) === 0; // Zero turns the mode off.
  drive.multipleSectors = supported ? sectors : 0;
  return supported ? 0 : errorBit.ABRT;
}

function initializeParameters(drive: DriveState): number {
  if (drive.sectorCount === 0) return errorBit.ABRT;
  drive.heads = (drive.deviceHead & 0x0f) + 1;
  drive.sectorsPerTrack = drive.sectorCount;
  return 0;
}

/** Codes `first` to `last`. */
const codeRange = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

// prettier-ignore
const commands: readonly Command[] = [
  { name: 'READ SECTORS', codes: [0x20, 0x21], fetch: fetchBlock,
    start: (context, unit) => startSectors(context, unit, 'fetch', 1) },
  { name: 'WRITE SECTORS', codes: [0x30, 0x31, 0x3c], store: storeBlock,
    prepare: (context, unit) => prepareBlock(context, unit, false),
    start: (context, unit) => startSectors(context, unit, 'prepare', 1) },
  { name: 'READ VERIFY SECTORS', codes: [0x40, 0x41], command: verifySectors,
    start: (context, unit) => startSectors(context, unit, 'command', 1) },
  { name: 'READ MULTIPLE', codes: [0xc4], start: inBlocks('fetch'), fetch: fetchBlock, command: abort },
  { name: 'WRITE MULTIPLE', codes: [0xc5], start: inBlocks('prepare'), store: storeBlock, command: abort,
    prepare: (context, unit) => prepareBlock(context, unit, false) },
  { name: 'IDENTIFY DEVICE', codes: [0xec], start: busyFor('fetch', latencyTicks.access),
    fetch: (context, unit) => {
      const drive = driveOf(context, unit);
      identifyDevice(drive, diskOf(context, unit)!, unit, drive.buffer);
      offerBlock(context, drive, 1, true);
    } },
  { name: 'READ BUFFER', codes: [0xe4], start: busyFor('fetch', latencyTicks.command),
    fetch: (context, unit) => offerBlock(context, driveOf(context, unit), 1, true) },
  { name: 'WRITE BUFFER', codes: [0xe8], start: busyFor('prepare', latencyTicks.command),
    prepare: (context, unit) => offerBlock(context, driveOf(context, unit), 1, false),
    store: (context, unit) => endCommand(context, driveOf(context, unit)) },
  withoutData('RECALIBRATE', codeRange(0x10, 0x1f), () => 0),
  withoutData('SEEK', codeRange(0x70, 0x7f), (context, unit) =>
    addressedSector(driveOf(context, unit), diskOf(context, unit)!) === undefined ? errorBit.IDNF : 0),
  withoutData('INITIALIZE DEVICE PARAMETERS', [0x91], (context, unit) => initializeParameters(driveOf(context, unit))),
  withoutData('SET MULTIPLE MODE', [0xc6], (context, unit) => setMultiple(driveOf(context, unit))),
  withoutData('SET FEATURES', [0xef], (context, unit) => setFeatures(driveOf(context, unit))),
  withoutData('FLUSH CACHE', [0xe7], () => 0),
  withoutData('STANDBY', [0x94, 0x96, 0xe0, 0xe2], enterPower('standby')),
  withoutData('IDLE', [0x95, 0x97, 0xe1, 0xe3], enterPower('idle')),
  withoutData('SLEEP', [0x99, 0xe6], enterPower('sleep')),
  withoutData('CHECK POWER MODE', [0x98, 0xe5], (context, unit) => {
    const drive = driveOf(context, unit);
    drive.sectorCount = powerCodes[drive.power];
    return 0;
  }),
];

/** NOP, DEVICE RESET (for packet devices only), and every command that this drive does not have. */
const aborted = withoutData('ABORTED', [], () => errorBit.ABRT);

/** The one command that both drives execute whichever is selected. */
const executeDeviceDiagnostic = 0x90;

const byCode = new Map(commands.flatMap((command) => command.codes.map((code) => [code, command] as const)));
const commandOf = (drive: DriveState): Command => byCode.get(drive.command) ?? aborted;

/** The Command register: the selected drive begins, unless it is busy, asleep or absent. */
export function writeCommand(context: AtaContext, code: number): void {
  const { state } = context;
  if (state.drives[state.selected]!.activity !== 'idle') return;
  if (code === executeDeviceDiagnostic) {
    for (const drive of state.drives) {
      begin(drive, code);
      startActivity(drive, 'diagnostic', latencyTicks.diagnostic);
    }
    return;
  }
  const drive = state.drives[state.selected]!;
  if (diskOf(context, state.selected) === undefined || drive.power === 'sleep') return;
  begin(drive, code);
  commandOf(drive).start(context, state.selected);
}

/** What every command does first: the last one's error and interrupt are over, and so is its data. */
function begin(drive: DriveState, code: number): void {
  drive.command = code;
  drive.error = 0;
  drive.status &= ~statusBit.ERR;
  drive.interruptPending = false;
  drive.bufferAt = 0;
  drive.bufferEnd = 0;
  drive.sectorsLeft = 0;
}

/** A command's activity came to its end. */
export function continueCommand(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  if (drive.activity === 'notFound') {
    endCommand(context, drive, errorBit.IDNF);
    return;
  }
  const { activity } = drive;
  const known = activity === 'command' || activity === 'fetch' || activity === 'prepare' || activity === 'store';
  const step = known ? commandOf(drive)[activity] : undefined;
  assert(step !== undefined, `the ATA command ${drive.command} has a step for ${activity}`);
  step(context, unit);
}

/** True for a command whose data goes from the host to the drive. */
export const takesData = (drive: DriveState): boolean => commandOf(drive).store !== undefined;

/** Moves the transfer on after the host moved the last word of a block. */
export function blockMoved(context: AtaContext, unit: number, toHost: boolean): void {
  const drive = driveOf(context, unit);
  const sectors = drive.bufferEnd / sectorBytes;
  drive.bufferAt = 0;
  drive.bufferEnd = 0;
  if (!toHost) {
    startActivity(drive, 'store', latencyTicks.access + (sectors - 1) * latencyTicks.sector);
  } else if (drive.sectorsLeft > 0) {
    startActivity(drive, 'fetch', Math.min(drive.blockSectors, drive.sectorsLeft) * latencyTicks.sector);
  } else {
    drive.status &= ~statusBit.DRQ; // The last block ends the command without another interrupt.
  }
}
