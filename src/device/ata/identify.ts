/** The 256 words of IDENTIFY DEVICE and IDENTIFY PACKET DEVICE (ATA/ATAPI-6 clause 8), equal for equal drives and settings. */
import { sectorBytes } from '../medium.js';
import { addressableSectors, currentTranslation, nativeTranslation, visibleSectors } from './address.js';
import { transferModeWords } from './features.js';
import { type AtaDisk, type DiskDetails, type DriveState, multipleSectorsMax } from './state.js';

const identity = { disk: 'TSVM DISK', optical: 'TSVM CD-ROM', firmware: '1.0', serial: 'TSVM' } as const;

/** Command sets of words 82 and 85. */
const commandSet = {
  nop: 0x4000,
  readBuffer: 0x2000,
  writeBuffer: 0x1000,
  hostProtectedArea: 0x0400,
  deviceReset: 0x0200,
  lookAhead: 0x40,
  writeCache: 0x20,
  packet: 0x10,
  power: 0x08,
  smart: 0x01,
} as const;
const alwaysOn =
  commandSet.nop | commandSet.readBuffer | commandSet.writeBuffer | commandSet.hostProtectedArea | commandSet.power;
/** Command sets of words 83 and 86: FLUSH CACHE EXT, FLUSH CACHE, 48-bit addresses. */
const flushAndExtended = 0x3400;
/** Words 84 and 87: SMART error log and self-test. */
const smartLogs = 0x0003;
/** Bit 14 set and bit 15 clear: words 83, 84 and 87 are valid. */
const valid = 0x4000;
/** ATA-1 to ATA/ATAPI-6, and its revision 3a. */
const versions = { major: 0x007e, minor: 0x0022 } as const;
/** PIO modes 3 and 4; cycles of 120 ns. */
const pioModes = 0x0003;
const cycleNanoseconds = 120;

/** Words in the making. */
function wordsOf(into: Uint8Array) {
  into.fill(0, 0, sectorBytes);
  const view = new DataView(into.buffer, into.byteOffset, sectorBytes);
  const word = (at: number, value: number): void => view.setUint16(at * 2, value & 0xffff, true);
  return {
    word,
    double: (at: number, value: number): void => view.setUint32(at * 2, value, true),
    /** Text has its first character in the high byte of its first word. */
    text(at: number, words: number, value: string): void {
      const padded = value.padEnd(words * 2, ' ');
      for (let index = 0; index < words; index++) {
        word(at + index, (padded.charCodeAt(index * 2) << 8) | padded.charCodeAt(index * 2 + 1));
      }
    },
  };
}
type Words = ReturnType<typeof wordsOf>;

/** What disks and packet devices say alike: modes, versions. */
function describeDrive({ word }: Words, drive: DriveState, unit: number): void {
  const modes = transferModeWords(drive);
  word(49, 0x0b00); // DMA, LBA and IORDY.
  word(51, 0x0200); // PIO mode 2 without flow control.
  word(53, 0x0007); // Words 54 to 58, 64 to 70 and 88 are valid.
  word(63, modes.multiword);
  word(64, pioModes);
  for (const at of [65, 66, 67, 68]) word(at, cycleNanoseconds);
  word(80, versions.major);
  word(81, versions.minor);
  word(88, modes.ultra);
  word(93, 0x6003 | (unit === 0 ? 0x0008 : 0x0300)); // An 80-conductor cable; the drive was found by its jumper.
}

/** Serial number, firmware revision and model number. */
function nameDrive({ text }: Words, unit: number, model: string, details: DiskDetails = {}): void {
  text(10, 10, details.serialNumber ?? `${identity.serial}${unit}`);
  text(23, 4, details.firmwareRevision ?? identity.firmware);
  text(27, 20, model);
}

/** Fills the first 512 bytes of `into` with the identification of the packet device `unit`. */
export function identifyPacketDevice(drive: DriveState, unit: number, into: Uint8Array): void {
  const words = wordsOf(into);
  const sets = commandSet.nop | commandSet.deviceReset | commandSet.packet | commandSet.power;
  nameDrive(words, unit, identity.optical);
  describeDrive(words, drive, unit);
  words.word(0, 0x85c0); // A removable CD-ROM with packets of 12 bytes, which it takes within 50 microseconds.
  words.word(82, sets);
  words.word(83, valid);
  words.word(84, valid);
  words.word(85, sets);
  words.word(87, valid);
}

/** Fills the first 512 bytes of `into` with the identification of drive `unit`. */
export function identifyDevice(drive: DriveState, disk: AtaDisk, unit: number, into: Uint8Array): void {
  const words = wordsOf(into);
  const { word, double } = words;
  const native = nativeTranslation(drive, disk);
  const current = currentTranslation(drive, disk);
  const sectors = visibleSectors(drive, disk);

  nameDrive(words, unit, identity.disk, disk.details);
  describeDrive(words, drive, unit);
  word(0, 0x0040); // An ATA device that is not removable.
  word(1, native.cylinders);
  word(3, native.heads);
  // Later standards retired these two; firmware of the first one's day (X3.221-1994, 9.9) takes the size of a sector from there.
  word(4, native.sectorsPerTrack * sectorBytes);
  word(5, sectorBytes);
  word(6, native.sectorsPerTrack);
  word(47, 0x8000 | multipleSectorsMax);
  word(54, current.cylinders);
  word(55, current.heads);
  word(56, current.sectorsPerTrack);
  double(57, current.cylinders * current.heads * current.sectorsPerTrack);
  word(59, drive.multipleSectors === 0 ? 0 : 0x0100 | drive.multipleSectors);
  double(60, addressableSectors(drive, disk));
  word(82, alwaysOn | commandSet.lookAhead | commandSet.writeCache | commandSet.smart);
  word(83, valid | flushAndExtended);
  word(84, valid | smartLogs);
  const caches = (drive.lookAhead ? commandSet.lookAhead : 0) | (drive.writeCache ? commandSet.writeCache : 0);
  word(85, alwaysOn | caches | (drive.smartEnabled ? commandSet.smart : 0));
  word(86, flushAndExtended);
  word(87, valid | smartLogs);
  word(105, 1); // One block of ranges at a time for
  word(169, 1); // DATA SET MANAGEMENT.
  double(100, sectors % 2 ** 32);
  double(102, Math.floor(sectors / 2 ** 32));
}
