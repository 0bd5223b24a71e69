/** The commands (ATA/ATAPI-6 clause 8), one row each: codes, who has it, how it starts, what happens when its time is up. */
import { addressedSector } from './address.js';
import { forgetPacket, postSignature, selectFirst } from './control.js';
import {
  initializeParameters,
  readNativeMax,
  setFeatures,
  setMaxAddress,
  setMultiple,
  smartCommand,
  smartData,
  smartSendsData,
} from './features.js';
import { identifyDevice, identifyPacketDevice } from './identify.js';
import { endPacket, fetchPacket, packetMoved, preparePacket, startPacket } from './packet.js';
import {
  type AtaContext,
  diskOf,
  driveOf,
  type DriveState,
  errorBit,
  isPresent,
  multipleSectorsMax,
  packetOf,
  statusBit,
} from './state.js';
import {
  endCommand,
  endFlush,
  fetchBlock,
  latencyTicks,
  offerBlock,
  prepareBlock,
  sectorsMoved,
  startActivity,
  startFlush,
  startSectors,
  storeBlock,
  updateLines,
  verifySectors,
} from './transfer.js';
import { prepareTrim, startTrim, storeTrim } from './trim.js';

/** A step of a command on drive `unit`. */
type Step = (context: AtaContext, unit: number) => void;

interface Command {
  readonly name: string;
  readonly codes: readonly number[];
  /** The kinds of drive that have it. Default: disks. */
  readonly drives?: 'both' | 'packet';
  /** Starts an activity. */
  readonly start: Step;
  /** The end of the activity that the table's row started; `prepare` and `store` are the data-out steps. */
  readonly command?: Step;
  readonly fetch?: Step;
  readonly prepare?: Step;
  readonly store?: Step;
}

const busyFor =
  (activity: DriveState['activity'], ticks: number): Step =>
  (context, unit) =>
    startActivity(driveOf(context, unit), activity, ticks);

/** A command without data whose `effect` answers with an error code, or with 0. */
function withoutData(
  name: string,
  codes: readonly number[],
  effect: (context: AtaContext, unit: number) => number,
  drives?: Command['drives'],
): Command {
  return {
    name,
    codes,
    ...(drives === undefined ? {} : { drives }),
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

/** The commands that a packet device refuses with its signature, so that drivers know it. */
const refuseWithSignature: Step = (context, unit) => {
  postSignature(context, unit);
  endCommand(context, driveOf(context, unit), errorBit.ABRT);
};

/** A command that reads sectors in blocks of `sectors`, by programmed transfer or DMA. */
const reads = (name: string, codes: readonly number[], sectors: number): Command => ({
  name,
  codes,
  start: (context, unit) => startSectors(context, unit, 'fetch', sectors),
  fetch: fetchBlock,
});

/** A command that writes sectors in blocks of `sectors`. */
const writes = (name: string, codes: readonly number[], sectors: number): Command => ({
  name,
  codes,
  start: (context, unit) => startSectors(context, unit, 'prepare', sectors),
  prepare: (context, unit) => prepareBlock(context, unit, false),
  store: storeBlock,
});

/** A command that sends one sector, which `fill` puts into the buffer. */
const sends = (
  name: string,
  codes: readonly number[],
  fill: (context: AtaContext, unit: number) => void,
  drives?: Command['drives'],
): Command => ({
  name,
  codes,
  ...(drives === undefined ? {} : { drives }),
  start: busyFor('fetch', latencyTicks.access),
  fetch(context, unit) {
    fill(context, unit);
    offerBlock(context, driveOf(context, unit), 1, true);
  },
});

/** Codes `first` to `last`. */
const codeRange = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

const packet: Command = {
  name: 'PACKET',
  codes: [0xa0],
  drives: 'packet',
  start: startPacket,
  prepare: preparePacket,
  fetch: fetchPacket,
  command: endPacket,
};

// prettier-ignore
const commands: readonly Command[] = [
  reads('READ SECTORS, READ SECTORS EXT', [0x20, 0x21, 0x24], 1),
  writes('WRITE SECTORS, WRITE VERIFY, WRITE SECTORS EXT', [0x30, 0x31, 0x3c, 0x34], 1),
  reads('READ DMA, READ DMA EXT', [0xc8, 0xc9, 0x25], multipleSectorsMax),
  writes('WRITE DMA, WRITE DMA EXT', [0xca, 0xcb, 0x35], multipleSectorsMax),
  { name: 'DATA SET MANAGEMENT', codes: [0x06], start: startTrim, command: abort, prepare: prepareTrim, store: storeTrim },
  { name: 'READ VERIFY SECTORS, READ VERIFY SECTORS EXT', codes: [0x40, 0x41, 0x42], command: verifySectors,
    start: (context, unit) => startSectors(context, unit, 'command', 1) },
  { name: 'READ MULTIPLE, READ MULTIPLE EXT', codes: [0xc4, 0x29],
    start: inBlocks('fetch'), fetch: fetchBlock, command: abort },
  { name: 'WRITE MULTIPLE, WRITE MULTIPLE EXT', codes: [0xc5, 0x39],
    start: inBlocks('prepare'), store: storeBlock, command: abort,
    prepare: (context, unit) => prepareBlock(context, unit, false) },
  sends('IDENTIFY DEVICE', [0xec], (context, unit) =>
    identifyDevice(driveOf(context, unit), diskOf(context, unit)!, unit, driveOf(context, unit).buffer)),
  sends('IDENTIFY PACKET DEVICE', [0xa1], (context, unit) =>
    identifyPacketDevice(driveOf(context, unit), unit, driveOf(context, unit).buffer), 'packet'),
  packet,
  { name: 'READ BUFFER', codes: [0xe4], start: busyFor('fetch', latencyTicks.command),
    fetch: (context, unit) => offerBlock(context, driveOf(context, unit), 1, true) },
  { name: 'WRITE BUFFER', codes: [0xe8], start: busyFor('prepare', latencyTicks.command),
    prepare: (context, unit) => offerBlock(context, driveOf(context, unit), 1, false),
    store: (context, unit) => endCommand(context, driveOf(context, unit)) },
  { name: 'SMART', codes: [0xb0],
    start: (context, unit) => smartSendsData(driveOf(context, unit))
      ? startActivity(driveOf(context, unit), 'fetch', latencyTicks.access)
      : startActivity(driveOf(context, unit), 'command', latencyTicks.command),
    fetch: (context, unit) => {
      smartData(driveOf(context, unit), driveOf(context, unit).buffer);
      offerBlock(context, driveOf(context, unit), 1, true);
    },
    command: (context, unit) => endCommand(context, driveOf(context, unit), smartCommand(driveOf(context, unit))) },
  withoutData('RECALIBRATE', codeRange(0x10, 0x1f), () => 0),
  withoutData('SEEK', codeRange(0x70, 0x7f), (context, unit) =>
    addressedSector(driveOf(context, unit), diskOf(context, unit)!) === undefined ? errorBit.IDNF : 0),
  withoutData('INITIALIZE DEVICE PARAMETERS', [0x91], (context, unit) => initializeParameters(driveOf(context, unit))),
  withoutData('SET MULTIPLE MODE', [0xc6], (context, unit) => setMultiple(driveOf(context, unit))),
  withoutData('SET FEATURES', [0xef], setFeatures, 'both'),
  withoutData('READ NATIVE MAX ADDRESS, READ NATIVE MAX ADDRESS EXT', [0xf8, 0x27], readNativeMax),
  withoutData('SET MAX ADDRESS, SET MAX ADDRESS EXT', [0xf9, 0x37], setMaxAddress),
  { name: 'FLUSH CACHE, FLUSH CACHE EXT', codes: [0xe7, 0xea], start: startFlush, command: endFlush },
  withoutData('STANDBY', [0x94, 0x96, 0xe0, 0xe2], enterPower('standby'), 'both'),
  withoutData('IDLE', [0x95, 0x97, 0xe1, 0xe3], enterPower('idle'), 'both'),
  withoutData('SLEEP', [0x99, 0xe6], enterPower('sleep'), 'both'),
  withoutData('CHECK POWER MODE', [0x98, 0xe5], (context, unit) => {
    const drive = driveOf(context, unit);
    drive.sectorCount = powerCodes[drive.power];
    return 0;
  }, 'both'),
];

/** NOP, and every command that this drive does not have. */
const aborted = withoutData('ABORTED', [], () => errorBit.ABRT);
const signed: Command = {
  name: 'SIGNED',
  codes: [0x20, 0xec],
  start: busyFor('command', latencyTicks.command),
  command: refuseWithSignature,
};

/** The one command that both drives execute whichever is selected, and the one that packet devices execute while busy. */
const executeDeviceDiagnostic = 0x90;
const deviceReset = 0x08;

const byCode = (kinds: readonly Command['drives'][], extra: readonly Command[]): ReadonlyMap<number, Command> =>
  new Map(
    [...extra, ...commands.filter(({ drives }) => kinds.includes(drives))].flatMap((command) =>
      command.codes.map((code) => [code, command] as const),
    ),
  );
const ofDisks = byCode([undefined, 'both'], []);
const ofPacketDevices = byCode(['packet', 'both'], [signed]);

const commandOf = (context: AtaContext, unit: number): Command =>
  (packetOf(context, unit) === undefined ? ofDisks : ofPacketDevices).get(driveOf(context, unit).command) ?? aborted;

/** The Command register: the selected drive begins, unless it is busy, asleep or absent. */
export function writeCommand(context: AtaContext, code: number): void {
  const { state } = context;
  const { selected } = state;
  const drive = driveOf(context, selected);
  if (code === deviceReset && packetOf(context, selected) !== undefined && drive.activity !== 'held') {
    forgetPacket(context, selected);
    begin(drive, code);
    drive.power = 'active';
    startActivity(drive, 'reset', latencyTicks.command);
    return;
  }
  if (drive.activity !== 'idle') return;
  if (code === executeDeviceDiagnostic) {
    for (const unit of [0, 1]) {
      forgetPacket(context, unit);
      begin(driveOf(context, unit), code);
      startActivity(driveOf(context, unit), 'diagnostic', latencyTicks.diagnostic);
    }
    for (const each of state.drives) selectFirst(context, each);
    return;
  }
  if (!isPresent(context, selected) || drive.power === 'sleep') return;
  begin(drive, code);
  commandOf(context, selected).start(context, selected);
}

/** Whether the reset that ends now is DEVICE RESET, which leaves the selection alone. */
export const isDeviceReset = (drive: DriveState): boolean =>
  drive.activity === 'reset' && drive.command === deviceReset;

/** What every command does first: the last one's error and interrupt are over, and so is its data. */
function begin(drive: DriveState, code: number): void {
  if (code !== 0xf9 && code !== 0x37) drive.nativeMaxRead = false;
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
  const step = known ? commandOf(context, unit)[activity] : undefined;
  // The drive may have been exchanged for one of the other kind while it was busy.
  if (step === undefined) endCommand(context, drive, errorBit.ABRT);
  else step(context, unit);
}

/** True for a command whose data goes from the host to the drive. */
export function takesData(context: AtaContext, unit: number): boolean {
  const drive = driveOf(context, unit);
  const command = commandOf(context, unit);
  return command === packet ? drive.packet.phase !== 'in' : command.store !== undefined;
}

/** Moves the transfer on after the host moved the last byte of the buffer. */
export function bufferMoved(context: AtaContext, unit: number): void {
  const command = commandOf(context, unit);
  if (command === packet) packetMoved(context, unit);
  else sectorsMoved(context, unit, !takesData(context, unit));
  updateLines(context);
}
