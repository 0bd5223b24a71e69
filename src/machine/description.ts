import { UserError } from '../base/errors.js';
import { atLeast, models, type ProcessorModel } from '../cpu/model.js';
import { floppyCapacity } from '../device/floppy/geometry.js';
import type { Images, MachineDescription, MediumDescription, PowerOn } from './machine.js';

/** Processors that a board takes: its firmware is 32-bit code. */
export const boardProcessors: readonly ProcessorModel[] = models.filter((model) => atLeast(model, '80386'));

/** The declared rate of the processor where a description does not say: 50 million cycles a second. */
export const defaultCyclesPerSecond = 50_000_000;

const kibibytes64 = 65536;
const memoryLeast = 1 << 20;
const memoryMost = 2 ** 31;

function wrong(place: string, problem: string, nextStep: string): never {
  throw new UserError(problem, { file: 'machine description', place, nextStep });
}

/** Checks a description, its images and the power-on facts; throws UserError naming the field that is wrong. */
export function checkDescription(description: MachineDescription, images: Images, powerOn: PowerOn): void {
  const { board, processor, memoryBytes, cyclesPerSecond, boot, media } = description;
  if (board !== 'pc') wrong('board', `there is no board '${String(board)}'`, "Use 'pc'.");
  if (!boardProcessors.includes(processor)) {
    const names = boardProcessors.map((name) => `'${name}'`).join(', ');
    wrong('processor', `there is no processor '${String(processor)}' on this board`, `Use one of ${names}.`);
  }
  if (
    !Number.isInteger(memoryBytes) ||
    memoryBytes < memoryLeast ||
    memoryBytes > memoryMost ||
    memoryBytes % kibibytes64 !== 0
  ) {
    wrong(
      'memoryBytes',
      `${String(memoryBytes)} bytes of memory cannot be`,
      'Give a multiple of 65536 from 1 MiB to 2 GiB.',
    );
  }
  if (!Number.isInteger(cyclesPerSecond) || cyclesPerSecond < 1_000_000 || cyclesPerSecond > 1_000_000_000) {
    wrong(
      'cyclesPerSecond',
      `${String(cyclesPerSecond)} cycles a second cannot be`,
      'Give a whole number from 1 to 1000 million.',
    );
  }
  if (boot !== 'floppy' && boot !== 'disk')
    wrong('boot', `cannot boot from '${String(boot)}'`, "Use 'floppy' or 'disk'.");
  for (const [drive, medium] of Object.entries(media)) if (medium !== undefined) checkMedium(drive, medium, images);
  for (const [name, value] of Object.entries(powerOn)) {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32)
      wrong(name, `${String(value)} is not 32 bits`, 'Give 0 to 4294967295.');
  }
}

/** Checks that a medium's image is at hand and whole. */
export function checkMedium(drive: string, medium: MediumDescription, images: Images): void {
  const image = images.get(medium.sha256);
  if (image === undefined)
    wrong(
      `media.${drive}`,
      `no image with SHA-256 ${medium.sha256} is at hand`,
      'Give the image that the digest names.',
    );
  if (image.length !== medium.size) {
    wrong(
      `media.${drive}`,
      `the image has ${image.length} bytes, not ${medium.size}`,
      'Give the whole image, or correct its size.',
    );
  }
  if (drive.startsWith('floppy') && floppyCapacity(Math.ceil(medium.size / 512)) === undefined) {
    wrong(`media.${drive}`, `an image of ${medium.size} bytes is larger than any floppy`, 'Attach it as a disk.');
  }
  if (medium.size === 0) wrong(`media.${drive}`, 'the image is empty', 'Give an image with at least one sector.');
}
