/** The bays of a board: every drive's, with its medium in it. */
import { UserError } from '../base/errors.js';
import { mediumBay, type MediumBay } from '../device/disk/medium.js';
import { floppyCapacity } from '../device/floppy/geometry.js';
import { checkMedium } from './description.js';
import { type Drive, drives, type Images, type MachineDescription, type MediumDescription } from './machine.js';

/** Sectors of a floppy that holds an image. Descriptions with larger images are refused before. */
export const floppySectors = (imageSectors: number): number => floppyCapacity(imageSectors) ?? imageSectors;

export class Bays {
  private readonly bays = new Map<Drive, MediumBay>();
  private readonly listeners = new Map<Drive, () => void>();

  /** Floppy drives and the first two disks have bays on every board, others where they hold a medium or a component asks. */
  constructor(
    private readonly description: MachineDescription,
    private readonly images: Images,
  ) {
    for (const drive of drives) {
      const always = drive.startsWith('floppy') || drive === 'disk0' || drive === 'disk1';
      if (always || description.media[drive] !== undefined) this.bay(drive);
    }
  }
  bay(drive: Drive): MediumBay {
    const known = this.bays.get(drive);
    if (known !== undefined) return known;
    const { images, description } = this;
    const bay = drive.startsWith('floppy') ? mediumBay(images, floppySectors) : mediumBay(images);
    const medium = description.media[drive];
    if (medium !== undefined) bay.insert(medium);
    this.bays.set(drive, bay);
    return bay;
  }
  /** Every bay by its drive. */
  all(): Iterable<[Drive, MediumBay]> {
    return this.bays;
  }
  onChange(drive: Drive, changed: () => void): void {
    this.listeners.set(drive, changed);
  }
  change(drive: Drive, medium: MediumDescription | undefined): void {
    if (medium !== undefined) checkMedium(drive, medium, this.images);
    const changed = this.listeners.get(drive);
    if (changed === undefined) {
      throw new UserError(`the medium of ${drive} cannot be changed`, {
        nextStep: `Change one of: ${[...this.listeners.keys()].join(', ')}.`,
      });
    }
    const bay = this.bay(drive);
    if (medium === undefined) bay.eject();
    else bay.insert(medium);
    changed();
  }
}
