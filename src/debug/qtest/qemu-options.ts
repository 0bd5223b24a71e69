/**
 * QEMU's command line, as its test programs start it, as a machine of ours. Options that change nothing a test could see are
 * passed over; what cannot be had is refused, as QEMU refuses what it was not built with.
 *
 * Source: QEMU, "Invocation" (System Emulation, User's Guide).
 */
import { UserError } from '../../base/errors.js';
import type { Drive } from '../../machine/machine.js';

/** A disk without contents: so many bytes of zeros. */
export interface BlankImage {
  readonly blankBytes: number;
}

/** Where a drive's image comes from. */
export type ImageSource = string | BlankImage;

/** What a command line asks for. */
export interface QemuCommand {
  /** Sockets to connect to. */
  readonly qtestSocket: string | undefined;
  readonly qmpSockets: readonly string[];
  /** Absent for the machine `none`. */
  readonly machine: QemuMachine | undefined;
}

export interface QemuMachine {
  readonly memory: string;
  readonly images: ReadonlyMap<Drive, { readonly source: ImageSource; readonly writable: boolean }>;
  /** Drives by the names that QMP may use for them. */
  readonly names: ReadonlyMap<string, Drive>;
  readonly cards: readonly { readonly card: string; readonly mac?: string }[];
  readonly devices: readonly string[];
  readonly display: 'vga' | 'vbe';
  /** The path of firmware that takes the place of ours. */
  readonly bios: string | undefined;
}

/** An option's comma-separated properties; the first may lack its name. */
type Properties = ReadonlyMap<string, string>;

const blankDefaultBytes = 64 * 2 ** 20;

/** Options that say how QEMU runs, not what the machine is; `true` where a value follows. */
const passedOver: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(
    ['nodefaults', 'nographic', 'no-shutdown', 'no-reboot', 'S', 'no-acpi', 'no-hpet'].map((name) => [name, false]),
  ),
  ...Object.fromEntries(
    [
      ...[
        'qtest-log',
        'display',
        'audio',
        'audiodev',
        'accel',
        'rtc',
        'smp',
        'serial',
        'monitor',
        'parallel',
        'trace',
        'd',
        'D',
      ],
      ...['cpu', 'boot', 'global', 'netdev', 'net', 'object', 'name', 'pidfile', 'uuid', 'usb', 'k', 'msg', 'sandbox'],
    ].map((name) => [name, true]),
  ),
};

const networkCards: Readonly<Record<string, string>> = {
  e1000: 'e1000',
  'e1000-82540em': 'e1000',
  rtl8139: 'rtl8139',
  ne2k_pci: 'ne2000-pci',
  ne2k_isa: 'ne2000',
  'virtio-net': 'virtio-net',
  'virtio-net-pci': 'virtio-net',
};

const optionalDevices: Readonly<Record<string, string>> = {
  lsi53c895a: 'lsi53c895a',
  lsi: 'lsi53c895a',
  'virtio-rng': 'virtio-rng',
  'virtio-rng-pci': 'virtio-rng',
  'virtio-serial': 'virtio-console',
  'virtio-serial-pci': 'virtio-console',
};

/** Devices that are there anyway, or that only hang on one that is. */
const impliedDevices = new Set(['floppy', 'virtconsole', 'isa-serial', 'isa-parallel', 'piix3-ide']);

const displayDevices = new Set(['VGA', 'secondary-vga']);

function refuse(option: string, problem: string): never {
  throw new UserError(`${option}: ${problem}`, { file: 'command line', nextStep: 'See test/oracle/qtest/README.md.' });
}

/** Properties of an option; doubled commas are one comma of a value. */
function properties(text: string, first: string): Properties {
  const parts = text.replaceAll(',,', '\0').split(',');
  return new Map(
    parts.map((part, at): [string, string] => {
      const [name, ...rest] = part.replaceAll('\0', ',').split('=');
      if (rest.length === 0) return at === 0 ? [first, name!] : [name!, 'on'];
      return [name!, rest.join('=')];
    }),
  );
}

/** Bytes as QEMU writes sizes; without a suffix, of `unit`. */
function bytes(text: string, unit: number): number | undefined {
  const match = /^(\d+)([kmg]?)$/i.exec(text);
  if (match === null) return undefined;
  const powers: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
  return Number(match[1]) * (powers[match[2]!.toLowerCase()] ?? unit);
}

interface Backend {
  readonly source: ImageSource | undefined;
  readonly cdrom: boolean;
  readonly writable: boolean;
}

class Assembly {
  memory = '128M';
  bios: string | undefined;
  display: 'vga' | 'vbe' = 'vga';
  readonly images = new Map<Drive, { source: ImageSource; writable: boolean }>();
  readonly names = new Map<string, Drive>();
  readonly cards: { card: string; mac?: string }[] = [];
  readonly devices = new Set<string>();
  private readonly backends = new Map<string, Backend>();
  private readonly counts = new Map<string, number>();
  private readonly laterDevices: Properties[] = [];

  /** The next number of a kind, beginning with 0. */
  private next(kind: string): number {
    const number = this.counts.get(kind) ?? 0;
    this.counts.set(kind, number + 1);
    return number;
  }
  private attach(drive: Drive, backend: Backend | undefined, ...names: readonly (string | undefined)[]): void {
    for (const name of names) if (name !== undefined) this.names.set(name, drive);
    if (backend?.source === undefined) return;
    this.images.set(drive, { source: backend.source, writable: backend.writable });
  }

  /** A block device by its node's name; a device names it as its drive. */
  blockDevice(text: string): void {
    const all = properties(text, 'driver');
    const file = all.get('filename') ?? all.get('file.filename');
    const name = all.get('node-name');
    if (name === undefined) return;
    const source = file ?? imageSource(all);
    this.backends.set(name, { source, cdrom: false, writable: all.get('read-only') !== 'on' });
  }

  drive(text: string): void {
    const all = properties(text, 'file');
    const backend: Backend = {
      source: imageSource(all),
      cdrom: all.get('media') === 'cdrom',
      writable: all.get('readonly') !== 'on' && all.get('media') !== 'cdrom',
    };
    const id = all.get('id');
    const kind = all.get('if') ?? 'ide';
    const index = all.get('index') ?? all.get('unit');
    if (kind === 'none') {
      if (id !== undefined) this.backends.set(id, backend);
    } else if (kind === 'floppy') {
      const at = index === undefined ? this.next('floppy') : Number(index);
      this.attach(at === 0 ? 'floppyA' : 'floppyB', backend, id, `floppy${at}`);
    } else if (kind === 'ide') {
      this.ideDrive(backend, index === undefined ? undefined : Number(index) + 2 * Number(all.get('bus') ?? 0), id);
    } else if (kind === 'pflash' && typeof backend.source === 'string') {
      this.bios = backend.source;
    } else if (kind === 'virtio' || kind === 'scsi') {
      const at = index === undefined ? this.next(kind) : Number(index);
      this.attach(`${kind}${at}` as Drive, backend, id);
    } else {
      refuse('-drive', `there is no interface "${kind}"`);
    }
  }
  private ideDrive(backend: Backend, place: number | undefined, ...names: readonly (string | undefined)[]): void {
    if (backend.cdrom) {
      if (place !== undefined && place < 2) this.devices.add('cdrom-first');
      const at = place === 0 ? 0 : place === 1 ? 1 : place === 3 ? 1 : place === 2 ? 0 : this.next('cdrom');
      this.attach(at === 0 ? 'cdrom0' : 'cdrom1', backend, ...names);
    } else {
      this.attach(`disk${place ?? this.next('disk')}` as Drive, backend, ...names);
    }
  }

  /** Devices come last: a drive that one of them names may stand behind it. */
  device(text: string): void {
    this.laterDevices.push(properties(text, 'driver'));
  }
  finish(): void {
    for (const device of this.laterDevices) this.putDevice(device);
  }
  private putDevice(device: Properties): void {
    const driver = device.get('driver') ?? '';
    const card = networkCards[driver];
    const optional = optionalDevices[driver];
    if (card !== undefined) {
      const mac = device.get('mac');
      this.cards.push({ card, ...(mac === undefined ? {} : { mac }) });
    } else if (optional !== undefined) {
      this.devices.add(optional);
    } else if (displayDevices.has(driver)) {
      this.display = 'vbe';
    } else if (driver === 'floppy') {
      this.attach(device.get('unit') === '1' ? 'floppyB' : 'floppyA', this.backendOf(device), device.get('id'));
    } else if (!this.putDisk(driver, device) && !impliedDevices.has(driver)) {
      refuse('-device', `'${driver}' is not a valid device model name`);
    }
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
        this.ideDrive({ source: undefined, writable: !cdrom, ...backend, cdrom }, place, ...names);
        return true;
      }
      case 'scsi-hd':
        this.attach(`scsi${device.get('scsi-id') ?? this.next('scsi')}` as Drive, this.backendOf(device), ...names);
        return true;
      case 'virtio-blk':
      case 'virtio-blk-pci':
        this.attach(`virtio${this.next('virtio')}` as Drive, this.backendOf(device), ...names);
        return true;
      default:
        return false;
    }
  }
}

function imageSource(all: Properties): ImageSource | undefined {
  const file = all.get('file') ?? all.get('file.filename');
  const driver = all.get('driver') ?? all.get('file.driver') ?? '';
  if (driver.startsWith('null-') || file?.startsWith('null-')) {
    return { blankBytes: bytes(all.get('size') ?? all.get('file.size') ?? '', 1) ?? blankDefaultBytes };
  }
  if (file === undefined || file === '') return undefined;
  if (/^[a-z]+:/.test(file)) refuse('-drive', `images are files, not "${file}"`);
  return file;
}

const legacyDrives: Readonly<Record<string, string>> = {
  fda: 'if=floppy,index=0',
  fdb: 'if=floppy,index=1',
  hda: 'if=ide,index=0',
  hdb: 'if=ide,index=1',
  hdc: 'if=ide,index=2',
  hdd: 'if=ide,index=3',
  cdrom: 'if=ide,index=2,media=cdrom',
};

const pcMachine = /^(pc|pc-i440fx-[\d.]+)$/;

/** Reads a command line. Throws {@link UserError} for what cannot be had. */
export function parseQemuCommand(words: readonly string[]): QemuCommand {
  const assembly = new Assembly();
  let qtestSocket: string | undefined;
  let machineName = 'pc';
  const characterDevices = new Map<string, string>();
  const monitors: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const option = words[at]!.replace(/^--?/, '');
    const needsValue = passedOver[option];
    if (needsValue === false) continue;
    const value = words[++at];
    if (value === undefined) refuse(words[at - 1]!, 'a value is missing');
    if (needsValue) continue;
    if (option === 'qtest') qtestSocket = value.replace(/^unix:/, '').split(',')[0];
    else if (option === 'chardev') {
      const all = properties(value, 'backend');
      characterDevices.set(all.get('id') ?? '', all.get('path') ?? '');
    } else if (option === 'mon') {
      const all = properties(value, 'chardev');
      if (all.get('mode') === 'control') monitors.push(all.get('chardev') ?? '');
    } else if (option === 'M' || option === 'machine') machineName = properties(value, 'type').get('type') ?? 'pc';
    else if (option === 'm') assembly.memory = memory(value);
    else if (option === 'vga') assembly.display = value === 'std' ? 'vbe' : 'vga';
    else if (option === 'bios') assembly.bios = value;
    else if (option === 'drive') assembly.drive(value);
    else if (option === 'blockdev') assembly.blockDevice(value);
    else if (option === 'device') assembly.device(value);
    else if (Object.hasOwn(legacyDrives, option)) assembly.drive(`${legacyDrives[option]},file=${value}`);
    else refuse(words[at - 1]!, 'there is no such option');
  }
  assembly.finish();
  if (machineName !== 'none' && !pcMachine.test(machineName))
    refuse('-machine', `there is no machine "${machineName}"`);
  return {
    qtestSocket,
    qmpSockets: monitors.map((name) => characterDevices.get(name) ?? refuse('-mon', `there is no device "${name}"`)),
    machine: machineName === 'none' ? undefined : assembled(assembly),
  };
}

function assembled({ memory, images, names, cards, devices, display, bios }: Assembly): QemuMachine {
  return { memory, images, names, cards, devices: [...devices], display, bios };
}

function memory(value: string): string {
  const size = properties(value, 'size').get('size') ?? '128M';
  return /^\d+$/.test(size) ? `${size}M` : size;
}
