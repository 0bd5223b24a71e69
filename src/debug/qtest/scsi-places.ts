/** SCSI adapters of QEMU's command line as ours: the first, those beside it, and which drive is which unit of which target. */
import type { SlottedCard } from '../../machine/machine.js';
import { type ScsiAdapter, type ScsiDrive, scsiDrives, type ScsiPlace } from '../../machine/scsi-places.js';
import { type Properties, refuse } from './qemu-drives.js';

const firstCards: Readonly<Record<ScsiAdapter, SlottedCard>> = {
  lsi53c895a: 'lsi53c895a',
  'virtio-scsi': 'virtioScsi',
};
const furtherMost = 3;

export const isScsiAdapter = (device: string): device is ScsiAdapter => Object.hasOwn(firstCards, device);

export class ScsiPlaces {
  /** Adapters in the order of their coming, by what buses are named after. */
  private readonly adapters: { readonly id: string | undefined; readonly card: SlottedCard }[] = [];
  readonly further: ScsiAdapter[] = [];
  /** Places of drives that are elsewhere than their names say. */
  readonly places: ScsiPlace[] = [];
  private readonly drives = new Map<ScsiDrive, ScsiPlace>();

  /** One more adapter: the card that it is, and whether it is the first. */
  adapter(kind: ScsiAdapter, id: string | undefined): { readonly card: SlottedCard; readonly isFirst: boolean } {
    const isFirst = this.adapters.length === 0;
    if (!isFirst && this.further.push(kind) > furtherMost)
      refuse('-device', `there are no more than ${furtherMost + 1} SCSI adapters`);
    const card = isFirst ? firstCards[kind] : (`scsiAdapter${this.further.length}` as SlottedCard);
    this.adapters.push({ id, card });
    return { card, isFirst };
  }

  /** The place of a drive by its device's properties; without a bus on the first adapter, without a target on the next one. */
  take(device: Properties): { readonly place: ScsiPlace; readonly card: SlottedCard } {
    const adapter = this.adapterOf(device.get('bus'));
    const target = Number(device.get('scsi-id') ?? this.nextTarget(adapter));
    const unit = Number(device.get('lun') ?? 0);
    const usual = adapter === 0 && unit === 0 ? (`scsi${target}` as ScsiDrive) : undefined;
    const free = scsiDrives.filter((drive) => !this.drives.has(drive));
    const drive = usual !== undefined && free.includes(usual) ? usual : free.at(-1);
    if (drive === undefined) refuse('-device', `there are no more than ${scsiDrives.length} SCSI drives`);
    const place = { drive, adapter, target, unit };
    this.drives.set(drive, place);
    if (drive !== usual) this.places.push(place);
    return { place, card: this.adapters[adapter]?.card ?? 'lsi53c895a' };
  }
  private adapterOf(bus: string | undefined): number {
    if (bus === undefined) return 0;
    const id = bus.replace(/\.\d+$/, '');
    const index = this.adapters.findIndex((each, at) => each.id === id || (each.id === undefined && at === 0));
    return index >= 0 ? index : refuse('-device', `Bus '${bus}' not found`);
  }
  private nextTarget(adapter: number): number {
    const taken = [...this.drives.values()].filter((place) => place.adapter === adapter).map(({ target }) => target);
    return scsiDrives.findIndex((_, target) => !taken.includes(target));
  }
}
