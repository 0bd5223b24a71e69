/** The bays of a board: every drive's, with its medium in it. */
import { UserError } from '../base/errors.js';
import { type FaultyMedium, faultyMedium } from '../device/disk/faults.js';
import { mediumBay, type MediumBay } from '../device/disk/medium.js';
import type { MediumOperation } from '../device/medium.js';
import { floppyCapacity } from '../device/floppy/geometry.js';
import { checkMedium } from './description.js';
import { type Drive, drives, type Images, type MachineDescription, type MediumDescription } from './machine.js';

/** Sectors of a floppy that holds an image. Descriptions with larger images are refused before. */
export const floppySectors = (imageSectors: number): number => floppyCapacity(imageSectors) ?? imageSectors;

export class Bays {
  private readonly bays = new Map<Drive, MediumBay>();
  private readonly faulty = new Map<Drive, FaultyMedium>();
  private readonly listeners = new Map<Drive, () => void>();

  /** Floppy drives and the first two disks have bays on every board, others where they hold a medium or a component asks. */
  constructor(
    private readonly description: MachineDescription,
    private readonly images: Images,
    private readonly faultMet: (drive: Drive, operation: MediumOperation, sector: number) => void,
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
    const medium = description.media[drive];
    const faulty =
      medium?.faults && faultyMedium(medium.faults, (operation, sector) => this.faultMet(drive, operation, sector));
    if (faulty !== undefined) this.faulty.set(drive, faulty);
    const bay = mediumBay(images, drive.startsWith('floppy') ? floppySectors : undefined, faulty?.faults);
    if (medium !== undefined) bay.insert(medium);
    this.bays.set(drive, bay);
    return bay;
  }
  /** Every bay by its drive. */
  all(): Iterable<[Drive, MediumBay]> {
    return this.bays;
  }
  /** The faults of the media that came with any, by drive. */
  allFaulty(): Iterable<[Drive, FaultyMedium]> {
    return this.faulty;
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
    const faulty = this.faulty.get(drive);
    if (faulty !== undefined) faulty.state.gone = true;
    if (medium === undefined) bay.eject();
    else bay.insert(medium);
    changed();
  }
}
