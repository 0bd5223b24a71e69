/**
 * The file `bios-geometry` of the firmware configuration: how firmware is to translate disks whose devices say so (`lcyls`, `lheads`,
 * `lsecs`), each by its Open Firmware path.
 *
 * Source: QEMU, "fw_cfg" (system specifications) and the properties of its disk devices.
 */
import type { SlotDescription } from '../../machine/machine.js';

/** Where a disk is. */
type Place =
  | { readonly kind: 'ide'; readonly place: number }
  | {
      readonly kind: 'scsi';
      readonly adapter: SlotDescription['card'];
      readonly drive: string;
      readonly target: number;
      readonly unit: number;
    }
  | { readonly kind: 'virtio'; readonly drive: SlotDescription['card'] };

const root = '/pci@i0cf8';

/** The path of a place; undefined where the card's slot was not said. */
function pathOf(at: Place, slots: readonly SlotDescription[]): string | undefined {
  const slotOf = (card: string): string | undefined => slots.find((each) => each.card === card)?.slot.toString(16);
  if (at.kind === 'ide') return `${root}/ide@1,1/drive@${at.place >> 1}/disk@${at.place & 1}`;
  const slot = slotOf(at.kind === 'scsi' ? at.adapter : at.drive);
  if (slot === undefined) return undefined;
  return at.kind === 'scsi'
    ? `${root}/scsi@${slot}/channel@0/disk@${at.target},${at.unit}`
    : `${root}/scsi@${slot}/disk@0,0`;
}

export class BiosGeometries {
  private disks: { readonly at: Place; readonly figures: readonly number[] }[] = [];

  private wasAdded = false;

  /** A device's properties, and where it is. */
  add(device: ReadonlyMap<string, string>, at: Place): void {
    const said = ['lcyls', 'lheads', 'lsecs'].map((name) => device.get(name));
    if (said.every((each) => each === undefined)) return;
    this.wasAdded = true;
    this.disks.push({ at, figures: said.map((each) => Number(each ?? 0)) });
  }

  /** A disk has gone. */
  remove(gone: string): void {
    this.disks = this.disks.filter(({ at }) => at.kind === 'ide' || at.drive !== gone);
  }

  /** A line a disk; undefined where no device says anything. */
  lines(slots: readonly SlotDescription[]): readonly string[] | undefined {
    if (!this.wasAdded) return undefined;
    return this.disks.flatMap(({ at, figures }) => {
      const path = pathOf(at, slots);
      const isSet = figures.some((figure) => figure !== 0);
      return path === undefined || !isSet ? [] : `${path} ${figures.join(' ')}\n`;
    });
  }
}
