/** The 256 words of IDENTIFY DEVICE (ATA/ATAPI-4 clause 8, "IDENTIFY DEVICE"), equal for equal disks and settings. */
import { type Medium, sectorBytes } from '../medium.js';
import { addressableSectors, currentTranslation, nativeTranslation } from './address.js';
import { type DriveState, multipleSectorsMax } from './state.js';

const identity = { model: 'TSVM DISK', firmware: '1.0', serial: 'TSVM' } as const;

/** Command sets of words 82 and 85: NOP, READ BUFFER, WRITE BUFFER; power management; the caches where they are on. */
const commandSet = {
  nop: 0x4000,
  readBuffer: 0x2000,
  writeBuffer: 0x1000,
  lookAhead: 0x40,
  writeCache: 0x20,
  power: 0x08,
};
const alwaysOn = commandSet.nop | commandSet.readBuffer | commandSet.writeBuffer | commandSet.power;
/** Bit 14 set and bit 15 clear: words 83, 84 and 87 are valid. */
const valid = 0x4000;

/** Fills the first 512 bytes of `into` with the identification of drive `unit`. */
export function identifyDevice(drive: DriveState, disk: Medium, unit: number, into: Uint8Array): void {
  into.fill(0, 0, sectorBytes);
  const view = new DataView(into.buffer, into.byteOffset, sectorBytes);
  const word = (at: number, value: number): void => view.setUint16(at * 2, value & 0xffff, true);
  const double = (at: number, value: number): void => view.setUint32(at * 2, value, true);
  /** Text has its first character in the high byte of its first word. */
  const text = (at: number, words: number, value: string): void => {
    const padded = value.padEnd(words * 2, ' ');
    for (let index = 0; index < words; index++) {
      word(at + index, (padded.charCodeAt(index * 2) << 8) | padded.charCodeAt(index * 2 + 1));
    }
  };
  const native = nativeTranslation(disk);
  const current = currentTranslation(drive, disk);

  word(0, 0x0040); // An ATA device that is not removable.
  word(1, native.cylinders);
  word(3, native.heads);
  word(6, native.sectorsPerTrack);
  text(10, 10, `${identity.serial}${unit}`);
  text(23, 4, identity.firmware);
  text(27, 20, identity.model);
  word(47, 0x8000 | multipleSectorsMax);
  word(49, 0x0a00); // LBA and IORDY; no DMA.
  word(51, 0x0200); // PIO mode 2 without flow control.
  word(53, 0x0003); // Words 54 to 58 and 64 to 70 are valid.
  word(54, current.cylinders);
  word(55, current.heads);
  word(56, current.sectorsPerTrack);
  double(57, current.cylinders * current.heads * current.sectorsPerTrack);
  word(59, drive.multipleSectors === 0 ? 0 : 0x0100 | drive.multipleSectors);
  double(60, addressableSectors(disk));
  word(64, 0x0003); // PIO modes 3 and 4,
  word(67, 120); // of 120 ns without
  word(68, 120); // and with flow control.
  word(80, 0x001e); // ATA-1 to ATA/ATAPI-4.
  word(81, 0x0011); // T13 1153D revision 17.
  word(82, alwaysOn | commandSet.lookAhead | commandSet.writeCache);
  word(83, valid);
  word(84, valid);
  word(85, alwaysOn | (drive.lookAhead ? commandSet.lookAhead : 0) | (drive.writeCache ? commandSet.writeCache : 0));
  word(87, valid);
}
