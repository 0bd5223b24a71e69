/** The options that describe a machine: a board by name, or a JSON file, and what goes into it. */
import { UserError } from '../base/errors.js';
import { readBytes } from '../host/files.js';
import { isFloppySize, type MachineRequest, readMachineFile } from '../host/machine-request.js';

/** Options in yargs' notation. */
export const machineOptions = {
  machine: { type: 'string', default: 'pc', describe: 'The board (pc), or a JSON file that describes a machine' },
  memory: { type: 'string', describe: 'Memory: 4M, 16M, 1G …' },
  image: { type: 'string', describe: 'An image to boot: a floppy by its size, a disk otherwise' },
  floppy: { type: 'string', describe: 'Image in floppy drive A' },
  'floppy-b': { type: 'string', describe: 'Image in floppy drive B' },
  disk: { type: 'string', describe: 'Image of the first disk' },
  disk1: { type: 'string', describe: 'Image of the second disk' },
  boot: { choices: ['floppy', 'disk'] as const, describe: 'What is tried first' },
} as const;

/** What the parser makes of {@link machineOptions}. */
export interface MachineArguments {
  readonly machine: string;
  readonly memory?: string | undefined;
  readonly image?: string | undefined;
  readonly floppy?: string | undefined;
  readonly floppyB?: string | undefined;
  readonly disk?: string | undefined;
  readonly disk1?: string | undefined;
  readonly boot?: 'floppy' | 'disk' | undefined;
}

/** The machine that some options ask for; options go before what a file says. Throws UserError. */
export function requestFrom(options: MachineArguments): MachineRequest {
  const { machine, memory, image, floppy, floppyB, disk, disk1, boot } = options;
  const base = machine === 'pc' ? {} : fromFile(machine);
  const byRole: Record<string, string | undefined> = { floppyA: floppy, floppyB, disk0: disk, disk1, memory, boot };
  if (image !== undefined) {
    const role = isFloppySize(readBytes(image).length) ? 'floppyA' : 'disk0';
    if (byRole[role] !== undefined) {
      throw new UserError(`two images for ${role}`, { file: image, nextStep: 'Give --image, or --floppy and --disk.' });
    }
    byRole[role] = image;
  }
  return { ...base, ...Object.fromEntries(Object.entries(byRole).filter(([, value]) => value !== undefined)) };
}

function fromFile(machine: string): MachineRequest {
  if (/[./\\]/.test(machine)) return readMachineFile(machine);
  throw new UserError(`there is no board "${machine}"`, {
    place: '--machine',
    nextStep: 'Boards: pc. A file ends in .json.',
  });
}
