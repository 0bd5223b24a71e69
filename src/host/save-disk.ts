/** Disks out of a machine: what a drive holds at a moment, its image and what the guest wrote over it, as a raw file. */
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../base/errors.js';
import { mediumBay } from '../device/disk/medium.js';
import { floppyCapacity } from '../device/floppy/geometry.js';
import { sectorBytes } from '../device/medium.js';
import { type Drive, drives, type Images, type MachineSnapshot } from '../machine/machine.js';
import { fileError, temporaryName } from './files.js';

const sectorsAtOnce = 2048;

/** A drive and the file that its content goes into. */
export interface DiskOutput {
  readonly drive: Drive;
  readonly file: string;
}

/** Reads `DRIVE=FILE`; throws UserError for what is not that. */
export function diskOutput(text: string, option: string): DiskOutput {
  const at = text.indexOf('=');
  const drive = drives.find((each) => each === text.slice(0, at));
  const file = text.slice(at + 1);
  if (drive !== undefined && file !== '') return { drive, file };
  throw new UserError(`"${text}" names no drive and file`, {
    place: option,
    nextStep: `Give DRIVE=FILE, such as disk0=out.img. Drives: ${drives.join(', ')}.`,
  });
}

/** Writes what a drive holds in a snapshot, sector by sector. Throws UserError when it is empty or the file cannot be written. */
export function saveDisk({ drive, file }: DiskOutput, { drives: held }: MachineSnapshot, images: Images): void {
  const bay = mediumBay(images, (sectors) =>
    drive.startsWith('floppy') ? (floppyCapacity(sectors) ?? sectors) : sectors,
  );
  const image = held?.[drive];
  if (image !== undefined) bay.restore(image);
  const { medium } = bay;
  if (medium === undefined) {
    throw new UserError(`there is nothing in ${drive}`, {
      place: drive,
      nextStep: 'Name a drive that holds a medium.',
    });
  }
  const temporary = temporaryName(file);
  let output: number | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true });
    output = openSync(temporary, 'w');
    const piece = new Uint8Array(sectorsAtOnce * sectorBytes);
    for (let first = 0; first < medium.sectors; first += sectorsAtOnce) {
      const count = Math.min(sectorsAtOnce, medium.sectors - first);
      for (let at = 0; at < count; at++)
        medium.read(first + at, piece.subarray(at * sectorBytes, (at + 1) * sectorBytes));
      writeAll(output, piece.subarray(0, count * sectorBytes));
    }
    closeSync(output);
    output = undefined;
    renameSync(temporary, file);
  } catch (error) {
    if (output !== undefined) closeSync(output);
    rmSync(temporary, { force: true });
    throw fileError(error, file);
  }
}

function writeAll(output: number, data: Uint8Array): void {
  for (let done = 0; done < data.length;) done += writeSync(output, data, done);
}
