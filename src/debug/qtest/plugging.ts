/**
 * Devices and drives that come and go by QEMU's machine protocol: `device_add`, `device_del`, and the back ends that those name.
 *
 * Source: QEMU, "QEMU QMP Reference Manual", `device_add`, `device_del`, `DEVICE_DELETED`; the human monitor's `drive_add` and `drive_del`.
 */
import { UserError } from '../../base/errors.js';
import { type CardToPlug, freeDriveOf, plugEventOf, pluggedCardOf } from '../../machine/card-changes.js';
import { cardsOf } from '../../machine/description.js';
import {
  type Drive,
  type InputEvent,
  type MachineDescription,
  type MediumDescription,
  type PluggedDevice,
  type PluggedDrive,
  pluggedDrives,
  type PlugEvent,
  type SlottedCard,
  type UnpluggedDevice,
} from '../../machine/machine.js';
import { networkCards, optionalDevices } from './qemu-assembly.js';
import { type Backend, backendOf, properties } from './qemu-drives.js';

/** A back end by its name: a drive goes with the device that has it, a node stays. */
export interface NamedBackend extends Backend {
  readonly isNode: boolean;
}

/** What an identifier may stand for: a card, a drive, or a port of the console by its number. */
export type Named = SlottedCard | Drive | number;

/** What a machine has, and what QEMU calls it. */
export interface Pluggables {
  /** Cards and drives by the identifiers of their devices. */
  readonly ids: ReadonlyMap<string, Named>;
  readonly backends: ReadonlyMap<string, NamedBackend>;
  /** Names of the back ends that devices have. */
  readonly uses: ReadonlyMap<SlottedCard | Drive, string>;
}

/** What this reaches of the machine. */
export interface PluggingMachine {
  description(): MachineDescription;
  input(event: InputEvent): void;
  /** Has a back end's image at hand. */
  mediumOf(backend: Backend): MediumDescription;
  /** A device is gone. */
  deleted(id: string): void;
}

type NetworkEvent = Extract<PlugEvent, { kind: 'plugNetworkCard' }>;
type Words = Readonly<Record<string, unknown>>;

const word = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

/** A request that cannot be done; `isUnknown` where nothing has the name. */
export class PluggingError extends UserError {
  constructor(
    message: string,
    readonly isUnknown = false,
  ) {
    super(message);
  }
}

export class Plugging {
  private readonly ids: Map<string, Named>;
  private readonly backends: Map<string, NamedBackend>;
  private readonly uses: Map<SlottedCard | Drive, string>;

  constructor(
    private readonly machine: PluggingMachine,
    { ids, backends, uses }: Pluggables,
  ) {
    this.ids = new Map(ids);
    this.backends = new Map(backends);
    this.uses = new Map(uses);
  }

  // Devices.

  add(words: Words): void {
    const driver = word(words.driver) ?? fail("Parameter 'driver' is missing");
    const id = word(words.id);
    if (id !== undefined && this.ids.has(id)) fail(`Duplicate device ID '${id}'`);
    if (driver === 'virtserialport') return this.addPort(id, word(words.name) ?? '');
    const slot = parseInt(word(words.addr) ?? '', 16);
    const event = plugEventOf(this.toPlug(driver, words), Number.isNaN(slot) ? undefined : slot);
    const before = new Set(cardsOf(this.machine.description()));
    this.machine.input(event);
    const card = pluggedCardOf(event, before, this.machine.description());
    if (card === undefined) return;
    if (id !== undefined) this.ids.set(id, card);
    const name = word(words.drive);
    if (name !== undefined) this.uses.set(card, name);
  }
  private addPort(id: string | undefined, name: string): void {
    const ports = () => {
      const { consolePorts = [], absentPorts = [] } = this.machine.description();
      return consolePorts.map((_, at) => at + 1).filter((port) => !absentPorts.includes(port));
    };
    const before = ports();
    this.machine.input({ kind: 'plugConsolePort', name });
    const port = ports().find((each) => !before.includes(each));
    if (id !== undefined && port !== undefined) this.ids.set(id, port);
  }
  private toPlug(driver: string, words: Words): CardToPlug {
    const card = networkCards[driver];
    if (card !== undefined && card !== 'ne2000')
      return { card: card as NetworkEvent['card'], network: 'none', mac: word(words.mac) };
    const device = optionalDevices[driver];
    const isThere = device !== undefined && this.machine.description().devices?.includes(device as PluggedDevice);
    if (device === 'virtio-rng' && isThere) return { device: 'virtio-rng1' };
    if (device !== undefined) return { device: device as PluggedDevice };
    const bus = buses[driver] ?? fail(`'${driver}' is not a valid device model name`);
    return { drive: this.freeDrive(bus, word(words['scsi-id'])), medium: this.mediumFor(words) };
  }
  private freeDrive(bus: 'virtio' | 'scsi', number: string | undefined): PluggedDrive {
    const named = pluggedDrives.find((drive) => bus === 'scsi' && drive === `scsi${number}`);
    const { media } = this.machine.description();
    const drive = named ?? freeDriveOf(bus, (each) => media[each] !== undefined);
    return drive ?? fail(`There is no room for another ${bus} disk`);
  }
  private mediumFor({ drive }: Words): MediumDescription {
    const name = word(drive) ?? fail('Device needs media, but drive is empty');
    const backend = this.backends.get(name) ?? fail(`Property 'drive' can't find value '${name}'`);
    if (backend.source === undefined) fail('Device needs media, but drive is empty');
    if ([...this.uses.values()].includes(name)) fail(`Drive '${name}' is already in use by another block device`);
    return this.machine.mediumOf(backend);
  }

  remove(words: Words): void {
    const id = word(words.id);
    const card = id === undefined ? undefined : this.ids.get(id);
    if (card === undefined) throw new PluggingError(`Device '${id}' not found`, true);
    if (typeof card === 'number') {
      this.machine.input({ kind: 'unplugConsolePort', port: card });
      this.removed(card);
    } else if (card.startsWith('scsi') && this.machine.description().media[card as Drive] === undefined) {
      this.removed(card as UnpluggedDevice); // A drive without a medium, which no SCSI bus here knows.
    } else {
      this.machine.input({ kind: 'unplug', card: card as UnpluggedDevice });
    }
  }
  /** A card has left the machine. */
  removed(card: UnpluggedDevice | number): void {
    const backend = typeof card === 'number' ? undefined : this.uses.get(card);
    if (typeof card !== 'number') this.uses.delete(card);
    if (backend !== undefined && this.backends.get(backend)?.isNode === false) this.backends.delete(backend);
    for (const [id, each] of this.ids) {
      if (each !== card) continue;
      this.ids.delete(id);
      this.machine.deleted(id);
    }
  }

  // Back ends.

  /** The human monitor's `drive_add SLOT OPTIONS`. */
  addDrive(options: string): string {
    const all = properties(options, 'file');
    const id = all.get('id');
    if (all.get('if') !== 'none' || id === undefined) return "Can't hot-add drive to type\r\n";
    if (this.backends.has(id)) return `Duplicate ID '${id}' for drive\r\n`;
    this.backends.set(id, { ...backendOf(all), isNode: false });
    return 'OK\r\n';
  }
  /** The human monitor's `drive_del ID`: a device that has it keeps its contents. */
  removeDrive(id: string): string {
    const backend = this.backends.get(id);
    if (backend?.isNode !== false) return `Error: Device '${id}' not found\r\n`;
    this.backends.delete(id);
    return '';
  }
  addNode(name: string, backend: Backend): void {
    this.backends.set(name, { ...backend, isNode: true });
  }
  removeNode(name: string): void {
    if ([...this.uses.values()].includes(name)) fail(`Node ${name} is in use`);
    this.backends.delete(name);
  }
  /** Names of the back ends of a kind. */
  names(isNode: boolean): string[] {
    return [...this.backends].filter(([, backend]) => backend.isNode === isNode).map(([name]) => name);
  }
}

/** Disks by the buses that they are on. */
const buses: Readonly<Record<string, 'virtio' | 'scsi'>> = {
  'virtio-blk': 'virtio',
  'virtio-blk-pci': 'virtio',
  'scsi-hd': 'scsi',
};

function fail(message: string): never {
  throw new PluggingError(message);
}
