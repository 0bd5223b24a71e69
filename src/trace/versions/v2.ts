/**
 * Trace format version 2: machines of both boards with all their components, and the inputs that those take. In work until
 * the first release, then frozen: from there on a change is a new version beside this one. Checkpoint frames are those of
 * version 1; end frames know one more reason. Numbers of events, and names in lists that are stored by position, are never reused or reordered.
 */
import type { Cycle } from '../../base/integers.js';
import {
  choice,
  dictionary,
  digest,
  integer,
  list,
  name,
  optionalRecord,
  record,
  recordWith,
  type Shape,
  type ShapeOf,
  text,
  yesNo,
} from '../shape.js';
import {
  byteString,
  digestValue,
  eventCodec,
  type EventOf,
  flag,
  keyCode,
  number,
  position,
  shortText,
  signed,
} from './columns.js';
import { endCodec, type EndFor, limits as limits1 } from './v1.js';

export { type Checkpoint, type IndexEntry } from './v1.js';
export { decodeCheckpoint, encodeCheckpoint, frameKinds } from './v1.js';

/** Why a recording ended; `exited` is the guest's doing, by its debug exit. */
const endReason = choice('finished', 'halted', 'shutdown', 'powerOff', 'limit', 'interrupted', 'exited');
export type EndReason = ShapeOf<typeof endReason>;
export type End = EndFor<EndReason>;
export const { encode: encodeEnd, decode: decodeEnd } = endCodec(endReason);

/** Limits of version 2; a trace beyond one of them is refused, and a writer never exceeds them. */
export const limits = {
  ...limits1,
  /** Bytes of a network frame, without its check sequence. */
  packetBytesMin: 14,
  packetBytesMax: 1522,
  /** Bytes typed at a console in one event. */
  consoleBytes: 4096,
} as const;

const u32 = integer(0, 2 ** 32 - 1);
const image = record({ sha256: digest, size: integer(0, 2 ** 48) });
const geometry = record({ cylinders: integer(1, 16383), heads: integer(1, 16), sectorsPerTrack: integer(1, 63) });
const printable = (most: number): Shape<string> => text(most, /^[ -~]*$/, `at most ${most} printable characters`);
const fault = recordWith(
  { operation: choice('read', 'write', 'flush') },
  {
    firstSector: integer(0, 2 ** 39),
    sectors: integer(1, 2 ** 39),
    after: u32,
    times: u32,
    delayMicroseconds: integer(1, 3_600_000_000),
  },
);
const drive = recordWith(
  { sha256: digest, size: integer(0, 2 ** 48), writable: yesNo },
  { faults: list(64, fault), geometry, serialNumber: printable(20), firmwareRevision: printable(8), unmap: yesNo },
);

const driveNames = [
  ...(['floppyA', 'floppyB', 'disk0', 'disk1', 'disk2', 'disk3', 'cdrom0', 'cdrom1'] as const),
  ...(['scsi0', 'scsi1', 'scsi2', 'scsi3', 'scsi4', 'scsi5', 'scsi6'] as const),
  ...(['virtio0', 'virtio1', 'virtio2', 'virtio3'] as const),
] as const;
type DriveName = (typeof driveNames)[number];

/** PCI cards. */
const cardNames = [
  ...(['lsi53c895a', 'virtioScsi', 'virtio0', 'virtio1', 'virtio2', 'virtio3', 'virtioRng'] as const),
  ...(['virtioConsole', 'network', 'network1', 'network2', 'network3', 'network4'] as const),
  ...(['network5', 'network6', 'network7', 'virtioRng1'] as const),
  ...(['scsiAdapter1', 'scsiAdapter2', 'scsiAdapter3'] as const),
] as const;

/** Disks that can be plugged in. */
const pluggedNames = [
  ...(['virtio0', 'virtio1', 'virtio2', 'virtio3'] as const),
  ...(['scsi0', 'scsi1', 'scsi2', 'scsi3', 'scsi4', 'scsi5', 'scsi6'] as const),
] as const;
const scsiPlace = record({
  drive: choice('scsi0', 'scsi1', 'scsi2', 'scsi3', 'scsi4', 'scsi5', 'scsi6'),
  ...{ adapter: integer(0, 3), target: integer(0, 6), unit: integer(0, 255) },
});

const networkCard = recordWith(
  {
    card: choice('ne2000', 'ne2000-pci', 'rtl8139', 'e1000', 'virtio-net'),
    network: choice('none', 'built-in', 'live'),
  },
  { mac: text(17, /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, 'a hardware address'), absent: yesNo },
);
const commandLine = text(2047);
const module = recordWith({ sha256: digest, size: integer(0, 2 ** 48) }, { commandLine });
const kernel = recordWith(
  { protocol: choice('linux', 'multiboot', 'multiboot2'), image, commandLine },
  { modules: list(64, module) },
);
const builtInNetwork = recordWith(
  {},
  {
    latencyMicroseconds: integer(1, 10_000_000),
    bootFile: text(127),
    names: list(256, record({ name: text(63), address: text(15) })),
  },
);
const port = integer(0, 0xffff);
const configurationFile = recordWith({ name: text(55) }, { text: text(4096), image });
const testing = optionalRecord({
  debugExit: record({ port, bytes: integer(1, 4) }),
  debugConsole: record({ port }),
  postCard: record({ port }),
  firmwareConfiguration: recordWith(
    { files: list(256, configurationFile) },
    { uuid: text(32, /^[0-9a-f]{32}$/, '32 hexadecimal digits'), graphics: yesNo, bootMenu: yesNo },
  ),
  testDevice: yesNo,
  watchdogTells: yesNo,
});
const served = record({ path: text(255), sha256: digest, size: integer(0, 2 ** 48) });

const machine = recordWith(
  {
    board: choice('pc', 'i440fx'),
    processor: choice(
      ...(['8086', '80286', '80386', '80486', 'pentium', 'pentiumMmx', 'pentiumPro'] as const),
      ...(['pentium2', 'pentium3', 'pentiumM'] as const),
    ),
    cyclesPerSecond: integer(1, 2 ** 40),
    memoryBytes: integer(1, 2 ** 48),
    boot: choice('floppy', 'disk', 'cdrom', 'network'),
    media: optionalRecord(
      Object.fromEntries(driveNames.map((each) => [each, drive])) as Readonly<Record<DriveName, typeof drive>>,
    ),
  },
  {
    display: choice('vga', 'vbe'),
    mouse: choice('none', 'ps2'),
    network: list(8, networkCard),
    devices: list(
      32,
      choice(
        ...(['hpet', 'parallel', 'virtio-rng', 'virtio-console', 'lsi53c895a', 'cdrom-first'] as const),
        ...(['virtio-scsi', 'pci-hot-plug', 'virtio-rng1', 'ib700'] as const),
      ),
    ),
    kernel,
    firmware: optionalRecord({ bios: image, video: image, network: image }),
    served: list(4096, served),
    builtInNetwork,
    testing,
    quirks: choice('qemu'),
    scsiAdapters: list(3, choice('lsi53c895a', 'virtio-scsi')),
    scsiPlaces: list(7, scsiPlace),
    consolePorts: list(7, text(127)),
    absentPorts: list(7, integer(1, 7)),
    slots: list(32, record({ card: choice(...cardNames), slot: integer(2, 31) })),
  },
);

/** The header frame's payload. */
export const header = record({
  version: integer(1, 2),
  /** Version of the package that recorded. */
  package: text(64, /^[0-9A-Za-z.+-]*$/, 'a version of at most 64 characters'),
  /** What the user calls this recording. */
  title: text(256),
  machine,
  /** SHA-256 of every firmware image by its role. */
  firmware: dictionary(16, digest),
  /** Seed of whatever the machine draws at random. */
  seed: u32,
  /** Unix seconds shown by the real-time clock at power-on. */
  date: u32,
  /** The machine's parts, in the order in which checkpoints give their digests. */
  parts: list(256, name),
});
export type Header = ShapeOf<typeof header>;

const driveNumber = position('a drive', driveNames);
const serialData = byteString('serial bytes', 1, limits.serialBytes);
const movement = signed('a movement of the mouse', -32768, 32767);
const packet = byteString('bytes of a frame', limits.packetBytesMin, limits.packetBytesMax);
/** A slot, or 0 for the first that is free. */
const slot = number('a slot', (value) => value === 0 || (value >= 2 && value <= 31));

/** Everything that reaches the guest from outside. Numbered for ever. */
const events = {
  /** A key is pressed or released. */
  key: { number: 1, values: { key: keyCode, pressed: flag } },
  /** Bytes arrive on a serial port's receive line. */
  serial: { number: 2, values: { port: position('a serial port', [0, 1, 2, 3]), data: serialData } },
  /** The reset button. */
  reset: { number: 3, values: {} },
  /** The power is cut; nothing follows. */
  powerCut: { number: 4, values: {} },
  /** A medium is put into a drive. */
  insert: {
    number: 5,
    values: {
      drive: driveNumber,
      sha256: digestValue,
      size: number('a size in bytes', (value) => value <= 2 ** 48),
      writable: flag,
    },
  },
  /** A drive's medium is taken out. */
  eject: { number: 6, values: { drive: driveNumber } },
  /** The mouse moves, its wheel turns, its buttons are held or let go. */
  mouse: {
    number: 7,
    values: { dx: movement, dy: movement, wheel: movement, buttons: number('a set of buttons', (value) => value < 32) },
  },
  /** A frame arrives at a network card from outside. */
  packet: { number: 8, values: { card: number('a network card', (value) => value < 8), frame: packet } },
  /** Bytes are typed at the virtio console. */
  console: { number: 9, values: { data: byteString('console bytes', 1, limits.consoleBytes) } },
  /** Buttons of the front panel. */
  powerButton: { number: 10, values: {} },
  sleepButton: { number: 11, values: {} },
  nonMaskableInterrupt: { number: 12, values: {} },
  /** Bytes are sent to a further port of the virtio console. */
  consolePort: {
    number: 13,
    values: {
      port: number('a port of the console', (value) => value >= 1 && value <= 7),
      data: byteString('console bytes', 1, limits.consoleBytes),
    },
  },
  /** A disk, with the medium in it, is plugged in. */
  plugDisk: {
    number: 14,
    values: {
      drive: position('a drive that can be plugged in', pluggedNames),
      sha256: digestValue,
      size: number('a size in bytes', (value) => value <= 2 ** 48),
      writable: flag,
      slot,
    },
  },
  /** A network card is plugged in. */
  plugNetworkCard: {
    number: 15,
    values: {
      card: position('a network card of the PCI bus', ['ne2000-pci', 'rtl8139', 'e1000', 'virtio-net']),
      network: position('a network', ['none', 'built-in', 'live']),
      /** Its hardware address, or nothing for the usual one. */
      mac: byteString('bytes of a hardware address', 0, 6),
      slot,
    },
  },
  /** Another card is plugged in. */
  plugDevice: {
    number: 16,
    values: {
      device: position('a device that can be plugged in', [
        ...(['virtio-rng', 'virtio-console', 'lsi53c895a', 'virtio-scsi', 'virtio-rng1'] as const),
      ]),
      slot,
    },
  },
  /** The guest is asked to let go of a card. */
  unplug: { number: 17, values: { card: position('a card', [...cardNames, ...pluggedNames.slice(4)] as const) } },
  /** A console with further ports gets another, or loses one. */
  plugConsolePort: { number: 18, values: { name: shortText('the name of a port', 127) } },
  unplugConsolePort: {
    number: 19,
    values: { port: number('a port of the console', (value) => value >= 1 && value <= 7) },
  },
} as const;

const codec = eventCodec(events, limits.frameEvents);

/** An event at its cycle. */
export type Event = EventOf<typeof events>;

/** The payload of an event frame; `since` is the cycle of the frame before. Throws ColumnError for a value beyond its limits. */
export const encodeEvents: (list: readonly Event[], since: Cycle) => readonly Uint8Array[] = codec.encode;
/** The events of a payload; throws ShapeError or ColumnError. */
export const decodeEvents: (payload: unknown, since: Cycle) => Event[] = codec.decode;
