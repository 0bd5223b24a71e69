/** SCSI adapters beside the first, and where drives are on them, as a description says it. */
import type { MachineDescription } from './machine.js';

export const scsiAdapters = ['lsi53c895a', 'virtio-scsi'] as const;
export type ScsiAdapter = (typeof scsiAdapters)[number];

/** The drives that are on SCSI adapters. */
export const scsiDrives = ['scsi0', 'scsi1', 'scsi2', 'scsi3', 'scsi4', 'scsi5', 'scsi6'] as const;
export type ScsiDrive = (typeof scsiDrives)[number];

/** Where a SCSI drive is: on the first adapter (0) or a further one (1 to 3), its target from 0 to 6, its logical unit from 0 to 255. */
export interface ScsiPlace {
  readonly drive: ScsiDrive;
  readonly adapter: number;
  readonly target: number;
  readonly unit: number;
}

const most = { adapters: 3, target: 6, unit: 255 } as const;

/** Where a SCSI drive is: without a place of its own, it is unit 0 of the first adapter's target with its number. */
export const scsiPlaceOf = ({ scsiPlaces = [] }: MachineDescription, drive: ScsiDrive): ScsiPlace =>
  scsiPlaces.find((place) => place.drive === drive) ?? {
    ...{ drive, adapter: 0, target: scsiDrives.indexOf(drive), unit: 0 },
  };

/** Whether a drive with a medium is on the first SCSI adapter. */
export const isOnFirstAdapter = (description: MachineDescription, drive: ScsiDrive): boolean =>
  description.media[drive] !== undefined && scsiPlaceOf(description, drive).adapter === 0;

/** Checks them; `wrong` throws what is wrong with a place of the description, and what to do. */
export function checkScsiPlaces(
  description: MachineDescription,
  wrong: (place: string, problem: string, nextStep: string) => never,
): void {
  const { board, media, scsiAdapters: adapters = [], scsiPlaces = [] } = description;
  if (board === 'pc' && adapters.length > 0)
    wrong('scsiAdapters', "the 'pc' board has no PCI bus", "Use the board 'i440fx'.");
  if (adapters.length > most.adapters)
    wrong('scsiAdapters', `${adapters.length} further adapters`, `Use at most ${most.adapters}.`);
  adapters.forEach((adapter, index) => {
    if (!scsiAdapters.includes(adapter))
      wrong(`scsiAdapters[${index}]`, `'${String(adapter)}' is no adapter`, `Use one of: ${scsiAdapters.join(', ')}.`);
  });
  const limits = { adapter: adapters.length, target: most.target, unit: most.unit };
  scsiPlaces.forEach((place, index) => {
    for (const name of ['adapter', 'target', 'unit'] as const) {
      if (Number.isInteger(place[name]) && place[name] >= 0 && place[name] <= limits[name]) continue;
      wrong(`scsiPlaces[${index}].${name}`, `there is no ${name} ${place[name]}`, `Give 0 to ${limits[name]}.`);
    }
    if (!scsiDrives.includes(place.drive) || media[place.drive] === undefined)
      wrong(
        `scsiPlaces[${index}].drive`,
        `${place.drive} is no SCSI drive with a medium`,
        'Name one of scsi0 to scsi6.',
      );
    if (scsiPlaces.findIndex(({ drive }) => drive === place.drive) !== index)
      wrong(`scsiPlaces[${index}].drive`, `${place.drive} is named twice`, 'Name each drive once.');
  });
  const taken = new Set<string>();
  for (const drive of scsiDrives.filter((each) => media[each] !== undefined)) {
    const { adapter, target, unit } = scsiPlaceOf(description, drive);
    const place = `unit ${unit} of target ${target} on adapter ${adapter}`;
    if (taken.has(place)) wrong('scsiPlaces', `two drives are ${place}`, 'Give each a place of its own.');
    taken.add(place);
  }
}
