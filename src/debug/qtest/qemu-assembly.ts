/** A machine in the making, from the options of QEMU's command line that say what it is made of. */
import type { Drive, SlotDescription } from '../../machine/machine.js';
import type { ScsiAdapter, ScsiPlace } from '../../machine/scsi-places.js';
import { isScsiAdapter, ScsiPlaces } from './scsi-places.js';
import { BiosGeometries } from './bios-geometries.js';
import {
  type Backend,
  backendOf,
  type BlockDebugging,
  type ImageSource,
  imageSource,
  type Properties,
  properties,
  refuse,
} from './qemu-drives.js';
import type { MediumRequest } from '../../host/machine-request.js';
import type { Named, NamedBackend, Pluggables } from './plugging.js';
import type { TestingRequest } from '../../host/testing-request.js';
import type { OutputLines } from './output-lines.js';
import type { StandIns } from './stand-ins.js';

/** What a maker gave a disk, as a device's properties say it. */
type DiskDetails = Pick<MediumRequest, 'geometry' | 'serialNumber' | 'firmwareRevision' | 'unmap'>;

/** What is in a drive. */
export interface QemuImage {
  readonly source: ImageSource;
  readonly writable: boolean;
  readonly details: DiskDetails;
  /** Rules of the block driver `blkdebug`, and what becomes of requests that they let fail. */
  readonly debug?: BlockDebugging;
}

/** What a network card is plugged into: a socket, by its file descriptor, over which frames come and go; or the built-in network. */
interface NetworkBackEnd {
  readonly socket?: number;
  readonly user?: { readonly bootFile?: string; readonly folder?: string };
}

/** A network card. */
export interface QemuCard extends NetworkBackEnd {
  readonly card: string;
  readonly mac?: string;
}

export interface QemuMachine {
  readonly memory: string;
  readonly images: ReadonlyMap<Drive, QemuImage>;
  /** Drives by the names that QMP may use for them. */
  readonly names: ReadonlyMap<string, Drive>;
  readonly cards: readonly QemuCard[];
  readonly devices: readonly string[];
  /** Names of the virtio console's further ports. */
  readonly consolePorts: readonly string[];
  /** Cards whose place on the bus was said. */
  readonly slots: readonly SlotDescription[];
  /** SCSI adapters beside the first, and drives that are elsewhere than their names say. */
  readonly scsiAdapters: readonly ScsiAdapter[];
  readonly scsiPlaces: readonly ScsiPlace[];
  /** Geometries of disks that firmware is told by the firmware configuration, which is there with them. */
  readonly geometries: readonly string[] | undefined;
  /** The same, to be asked again when disks have gone. */
  readonly diskGeometries: BiosGeometries;
  /** What may be unplugged, and what may be plugged in with it. */
  readonly pluggables: Pluggables;
  /** The parts that kernels test with. */
  readonly testing: TestingRequest;
  readonly display: 'vga' | 'vbe';
  /** The path of firmware in a flash memory, which takes the place of ours. */
  readonly flash: string | undefined;
  /** How firmware is to translate disks, where a device says so: their two bits in the clock's memory. */
  readonly translations: ReadonlyMap<Drive, number>;
}

export const networkCards: Readonly<Record<string, string>> = {
  e1000: 'e1000',
  'e1000-82540em': 'e1000',
  rtl8139: 'rtl8139',
  ne2k_pci: 'ne2000-pci',
  ne2k_isa: 'ne2000',
  'virtio-net': 'virtio-net',
  'virtio-net-pci': 'virtio-net',
};

export const optionalDevices: Readonly<Record<string, string>> = {
  lsi53c895a: 'lsi53c895a',
  lsi: 'lsi53c895a',
  'virtio-scsi': 'virtio-scsi',
  'virtio-scsi-pci': 'virtio-scsi',
  'virtio-rng': 'virtio-rng',
  'virtio-rng-pci': 'virtio-rng',
  'virtio-serial': 'virtio-console',
  'virtio-serial-pci': 'virtio-console',
};

/** Devices that are there anyway, or that only hang on one that is. */
const impliedDevices = new Set(['floppy', 'virtconsole', 'isa-serial', 'isa-parallel', 'piix3-ide']);

const displayDevices = new Set(['VGA', 'secondary-vga']);

type Card = SlotDescription['card'];
/** The cards that optional devices are. */
const cardsOfDevices: Readonly<Record<string, Card>> = {
  lsi53c895a: 'lsi53c895a',
  'virtio-scsi': 'virtioScsi',
  'virtio-rng': 'virtioRng',
  'virtio-console': 'virtioConsole',
};

const translations: Readonly<Record<string, number>> = { none: 0, lba: 1, large: 2, rechs: 3 };

export class Assembly {
  memory = '128M';
  display: 'vga' | 'vbe' = 'vga';
  private flash: string | undefined;
  private testing: TestingRequest = {};
  private readonly images = new Map<Drive, QemuImage>();
  private readonly names = new Map<string, Drive>();
  private readonly cards: QemuCard[] = [];
  private readonly devices = new Set<string>();
  private readonly consolePorts: string[] = [];
  private readonly slots: SlotDescription[] = [];
  private readonly geometries = new BiosGeometries();
  private readonly scsi = new ScsiPlaces();
  private readonly translations = new Map<Drive, number>();
  private readonly backends = new Map<string, NamedBackend>();
  private readonly ids = new Map<string, Named>();
  private readonly uses = new Map<Card | Drive, string>();
  private readonly counts = new Map<string, number>();
  private readonly laterDrives: (() => void)[] = [];
  private readonly laterDevices: Properties[] = [];
  /** Properties that every device of a kind has where its own say nothing: `ide-hd.serial`. */
  private readonly defaults = new Map<string, string>();
  private readonly networks = new Map<string, NetworkBackEnd>();

  constructor(
    private readonly standIns: StandIns,
    private readonly lines: OutputLines,
  ) {}

  /** The next number of a kind, beginning with 0. */
  private next(kind: string): number {
    const number = this.counts.get(kind) ?? 0;
    this.counts.set(kind, number + 1);
    return number;
  }
  private attach(
    drive: Drive,
    backend: Backend | undefined,
    names: readonly (string | undefined)[],
    details: DiskDetails = {},
  ): void {
    for (const name of names) if (name !== undefined) this.names.set(name, drive);
    if (backend?.source === undefined) return;
    const { source, writable, debug } = backend;
    this.images.set(drive, { source, writable, details, ...(debug === undefined ? {} : { debug }) });
  }

  /** A block device by its node's name; a device names it as its drive. */
  blockDevice(text: string): void {
    const all = properties(text, 'driver');
    const file = all.get('filename') ?? all.get('file.filename');
    const name = all.get('node-name');
    if (name === undefined) return;
    const source = file ?? imageSource(all);
    const writable = all.get('read-only') !== 'on';
    this.backends.set(name, { source, cdrom: false, writable, isNode: true });
  }

  /** `-global DRIVER.PROPERTY=VALUE`. */
  global(text: string): void {
    const at = text.indexOf('=');
    if (at > 0) this.defaults.set(text.slice(0, at), text.slice(at + 1));
  }

  /** A network back end: a socket that is open already, or the built-in network with what it is to serve. */
  networkBackEnd(text: string): void {
    const all = properties(text, 'type');
    const [id, socket, bootFile] = [all.get('id'), all.get('fd'), all.get('bootfile')];
    if (id === undefined) return;
    if (all.get('type') === 'socket' && /^\d+$/.test(socket ?? '')) this.networks.set(id, { socket: Number(socket) });
    else if (all.get('type') === 'user') {
      const folder = all.get('tftp');
      this.networks.set(id, {
        user: { ...(bootFile !== undefined && { bootFile }), ...(folder !== undefined && { folder }) },
      });
    }
  }

  /** A card with its back end in one option: `-nic user,model=e1000`; `none` is none. */
  card(text: string): void {
    const all = properties(text, 'type');
    if (all.get('type') === 'none') return;
    const id = all.get('id') ?? `nic${this.next('nic')}`;
    this.networkBackEnd(`${text},id=${id}`);
    const mac = all.get('mac');
    this.device(`${all.get('model') ?? 'e1000'},netdev=${id}${mac === undefined ? '' : `,mac=${mac}`}`);
  }

  drive(text: string): void {
    const all = properties(text, 'file');
    const backend = backendOf(all);
    const id = all.get('id');
    const kind = all.get('if') ?? 'ide';
    const index = all.get('index') ?? all.get('unit');
    if (kind === 'none') {
      if (id !== undefined) this.backends.set(id, { ...backend, isNode: false });
    } else if (kind === 'floppy') {
      const at = index === undefined ? this.next('floppy') : Number(index);
      this.attach(at === 0 ? 'floppyA' : 'floppyB', backend, [id, `floppy${at}`]);
    } else if (kind === 'ide') {
      const place = index === undefined ? undefined : Number(index) + 2 * Number(all.get('bus') ?? 0);
      const driver = backend.cdrom ? 'ide-cd' : 'ide-hd';
      this.laterDrives.push(() => this.ideDrive(backend, place, [id], new Map([['driver', driver]])));
    } else if (kind === 'pflash' && typeof backend.source === 'string') {
      this.flash = backend.source;
    } else if (kind === 'virtio' || kind === 'scsi') {
      const at = index === undefined ? this.next(kind) : Number(index);
      this.attach(`${kind}${at}` as Drive, backend, [id]);
    } else {
      refuse('-drive', `there is no interface "${kind}"`);
    }
  }
  private ideDrive(
    backend: Backend,
    place: number | undefined,
    names: readonly (string | undefined)[],
    device: Properties,
  ): void {
    if (backend.cdrom) {
      if (place !== undefined && place < 2) this.devices.add('cdrom-first');
      const at = place === 0 ? 0 : place === 1 ? 1 : place === 3 ? 1 : place === 2 ? 0 : this.next('cdrom');
      this.attach(at === 0 ? 'cdrom0' : 'cdrom1', backend, names);
      return;
    }
    const at = place ?? this.next('disk');
    const drive = `disk${at}` as Drive;
    this.attach(drive, backend, [...names, `ide${at >> 1}-hd${at & 1}`], this.detailsOf(device));
    const translation = translations[this.propertyOf(device, 'bios-chs-trans') ?? ''];
    if (translation !== undefined) this.translations.set(drive, translation);
  }
  private propertyOf(device: Properties, name: string): string | undefined {
    return device.get(name) ?? this.defaults.get(`${device.get('driver')}.${name}`);
  }
  private detailsOf(device: Properties): DiskDetails {
    const [cylinders, heads, sectorsPerTrack] = ['cyls', 'heads', 'secs'].map((name) =>
      Number(this.propertyOf(device, name) ?? 0),
    ) as [number, number, number];
    const serialNumber = this.propertyOf(device, 'serial');
    const firmwareRevision = this.propertyOf(device, 'ver');
    return {
      ...(cylinders > 0 ? { geometry: { cylinders, heads, sectorsPerTrack } } : {}),
      ...(serialNumber === undefined ? {} : { serialNumber }),
      ...(firmwareRevision === undefined ? {} : { firmwareRevision }),
    };
  }

  /** Devices come last: a drive that one of them names may stand behind it. */
  device(text: string): void {
    this.laterDevices.push(properties(text, 'driver'));
  }
  finish(): QemuMachine {
    for (const put of this.laterDrives) put();
    for (const device of this.laterDevices) this.putDevice(device);
    const { memory, images, names, cards, display, flash, testing, consolePorts, translations: translated } = this;
    const devices = [...this.devices];
    const { slots, ids, backends, uses } = this;
    const geometries = this.geometries.lines(slots);
    return {
      memory,
      images,
      names,
      cards,
      devices,
      consolePorts,
      slots,
      scsiAdapters: this.scsi.further,
      scsiPlaces: this.scsi.places,
      geometries,
      testing,
      display,
      flash,
      translations: translated,
      diskGeometries: this.geometries,
      pluggables: { ids, backends, uses },
    };
  }
  private putDevice(device: Properties): void {
    const driver = this.standIns.take(device.get('driver') ?? '');
    const card = networkCards[driver];
    const optional = optionalDevices[driver];
    if (card !== undefined) {
      const mac = device.get('mac');
      const network = this.networks.get(device.get('netdev') ?? '');
      this.putInSlot(device, (this.cards.length === 0 ? 'network' : `network${this.cards.length}`) as Card);
      this.cards.push({ card, ...(mac === undefined ? {} : { mac }), ...network });
    } else if (optional !== undefined && isScsiAdapter(optional)) {
      const { card: adapter, isFirst } = this.scsi.adapter(optional, device.get('id'));
      this.putInSlot(device, adapter);
      if (isFirst) this.devices.add(optional);
    } else if (optional !== undefined) {
      this.putInSlot(device, cardsOfDevices[optional]!);
      this.devices.add(optional);
    } else if (driver === 'ib700') {
      this.devices.add('ib700');
      this.testing = { ...this.testing, watchdogTells: true };
    } else if (driver === 'virtserialport') {
      this.consolePorts.push(device.get('name') ?? '');
      const id = device.get('id');
      if (id !== undefined) this.ids.set(id, this.consolePorts.length);
    } else if (driver === 'pc-testdev') {
      this.testing = { ...this.testing, testDevice: true };
    } else if (driver === 'isa-debug-exit') {
      const [port, bytes] = [device.get('iobase') ?? this.propertyOf(device, 'iobase'), device.get('iosize')];
      const exit = { ...(port !== undefined && { port }), ...(bytes !== undefined && { bytes }) };
      this.testing = { ...this.testing, debugExit: exit };
    } else if (driver === 'isa-debugcon') {
      this.debugConsole('-device', `chardev:${device.get('chardev') ?? ''}`, this.propertyOf(device, 'iobase'));
    } else if (displayDevices.has(driver)) {
      this.display = 'vbe';
    } else if (driver === 'floppy') {
      this.attach(device.get('unit') === '1' ? 'floppyB' : 'floppyA', this.backendOf(device), [device.get('id')]);
    } else if (!this.putDisk(driver, device) && !impliedDevices.has(driver)) {
      refuse('-device', `'${driver}' is not a valid device model name`);
    }
  }
  /** What a device is called, and the back end that it has. */
  private name(device: Properties, card: Card | Drive): void {
    const [id, drive] = [device.get('id'), device.get('drive')];
    if (id !== undefined) this.ids.set(id, card);
    if (drive !== undefined) this.uses.set(card, drive);
  }
  /** The debug console: what is written to its port goes over a line. */
  debugConsole(option: string, line: string, port?: string): void {
    this.lines.debugConsole(option, line);
    this.testing = { ...this.testing, debugConsole: port === undefined ? true : { port } };
  }
  /** Where a PCI card is: `addr` is its device number in hexadecimal, perhaps with its function. */
  private putInSlot(device: Properties, card: Card): void {
    this.name(device, card);
    const slot = parseInt(device.get('addr') ?? '', 16);
    if (!Number.isNaN(slot)) this.slots.push({ card, slot });
  }
  private backendOf(device: Properties): Backend | undefined {
    const name = device.get('drive');
    if (name === undefined) return undefined;
    return this.backends.get(name) ?? refuse('-device', `there is no drive "${name}"`);
  }
  private putDisk(driver: string, device: Properties): boolean {
    const names = [device.get('id'), device.get('drive')];
    switch (driver) {
      case 'ide-hd':
      case 'ide-cd': {
        const backend = this.backendOf(device);
        const bus = Number(/\.(\d+)$/.exec(device.get('bus') ?? '')?.[1] ?? NaN);
        const place = Number.isNaN(bus) ? undefined : 2 * bus + Number(device.get('unit') ?? 0);
        const cdrom = driver === 'ide-cd';
        this.ideDrive({ source: undefined, writable: !cdrom, ...backend, cdrom }, place, names, device);
        this.geometries.add(device, { kind: 'ide', place: place ?? 0 });
        return true;
      }
      case 'scsi-hd':
      case 'scsi-cd': {
        const backend = this.backendOf(device);
        const writable = driver === 'scsi-hd' && (backend?.writable ?? true);
        const { place, card } = this.scsi.take(device);
        const { drive, target, unit } = place;
        this.attach(drive, { source: undefined, cdrom: !writable, ...backend, writable }, names, { unmap: writable });
        this.name(device, drive);
        this.geometries.add(device, { kind: 'scsi', adapter: card, drive, target, unit });
        return true;
      }
      case 'virtio-blk':
      case 'virtio-blk-pci': {
        const drive = `virtio${this.next('virtio')}` as 'virtio0';
        this.attach(drive, this.backendOf(device), names);
        this.putInSlot(device, drive);
        this.geometries.add(device, { kind: 'virtio', drive });
        return true;
      }
      default:
        return false;
    }
  }
}
