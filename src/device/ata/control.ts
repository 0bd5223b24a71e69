/** Resets, the diagnostic, and the signatures that tell a disk from a packet device (ATA/ATAPI-6 clauses 9.1 to 9.3, 9.12). */
import { type AtaContext, controlBit, driveOf, type DriveState, packetOf, statusBit } from './state.js';
import { becomeIdle, latencyTicks, startActivity, updateLines } from './transfer.js';

/** The Device Control register: SRST holds both drives in reset and lets them go; nIEN masks INTRQ; HOB shows old contents. */
export function writeControl(context: AtaContext, value: number): void {
  const { state } = context;
  const reset = (value & controlBit.SRST) !== 0;
  if (reset && !state.softwareReset) for (const unit of [0, 1]) holdInReset(context, unit);
  if (!reset && state.softwareReset)
    for (const drive of state.drives) startActivity(drive, 'reset', latencyTicks.reset);
  state.softwareReset = reset;
  state.interruptsDisabled = (value & controlBit.nIEN) !== 0;
  state.highOrder = (value & controlBit.HOB) !== 0;
  updateLines(context);
}

function holdInReset(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  forgetPacket(context, unit);
  startActivity(drive, 'held', Infinity);
  drive.interruptPending = false;
  drive.power = 'active';
  if (!drive.keepFeatures) {
    drive.writeCache = true;
    drive.lookAhead = true;
    drive.multipleSectors = 0;
  }
}

/** Gives up the PACKET command that was under way. */
export function forgetPacket(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  if (drive.packet.phase === 'in' || drive.packet.phase === 'out') packetOf(context, unit)?.end();
  drive.packet.phase = 'none';
}

/** Puts the signature of the drive's kind into its command block. */
export function postSignature(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  const isPacket = packetOf(context, unit) !== undefined;
  const [cylinderLow, cylinderHigh] = isPacket ? [0x14, 0xeb] : [0, 0];
  Object.assign(drive, { sectorCount: 1, sectorNumber: 1, cylinderLow, cylinderHigh });
  Object.assign(drive.previous, { sectorCount: 0, sectorNumber: 0, cylinderLow: 0, cylinderHigh: 0, features: 0 });
}

/** Ends a reset: the signature, code 01h; a packet device is not ready before its first command. */
export function endReset(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  postSignature(context, unit);
  becomeIdle(drive);
  drive.error = 0x01; // This device passed; for drive 0 also: drive 1 passed or is absent.
  drive.status = packetOf(context, unit) === undefined ? statusBit.DRDY | statusBit.DSC : 0;
}

/** What a reset or a diagnostic of the channel selects: drive 0. */
export function selectFirst(context: AtaContext, drive: DriveState): void {
  context.state.selected = 0;
  drive.deviceHead = 0;
}
