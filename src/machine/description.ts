import { UserError } from '../base/errors.js';
import { atLeast, models, type ProcessorModel } from '../cpu/model.js';
import { kernelProtocols } from '../firmware/boot/protocols.js';
import { checkPlan } from '../network/plan.js';
import { faultsMost } from '../device/disk/faults.js';
import { baseImage } from '../device/disk/medium.js';
import { floppyCapacity } from '../device/floppy/geometry.js';
import {
  boards,
  bootDevices,
  type ConfigurationFile,
  displays,
  type DriveDescription,
  type ImageDescription,
  type Images,
  type MachineDescription,
  type MediumDescription,
  mice,
  networkCards,
  networks,
  optionalDevices,
  type PowerOn,
  quirkSets,
  type SlotDescription,
  type SlottedCard,
  slottedCards,
} from './machine.js';
import { checkScsiPlaces, isOnFirstAdapter, scsiDrives } from './scsi-places.js';

/** Processors that a board takes: its firmware is 32-bit code. */
export const boardProcessors: readonly ProcessorModel[] = models.filter((model) => atLeast(model, '80386'));

/** The declared rate of the processor where a description does not say: 50 million cycles a second. */
export const defaultCyclesPerSecond = 50_000_000;

const kibibytes64 = 65536;
const memoryLeast = 1 << 20;
const memoryMost = 2 ** 31;

/** What an error names that is in no file. */
export const descriptionName = 'machine description';

function wrong(place: string, problem: string, nextStep: string): never {
  throw new UserError(problem, { file: descriptionName, place, nextStep });
}

/** Bytes of display memory: the 256 KiB of a VGA, or 16 MiB behind a linear framebuffer. */
export const videoBytes = (description: MachineDescription): number =>
  description.display === 'vbe' ? 16 << 20 : 256 << 10;

function checkOneOf(place: string, value: unknown, possible: readonly string[]): void {
  if (possible.some((each) => each === value)) return;
  wrong(place, `'${String(value)}' is not possible here`, `Use one of: ${possible.join(', ')}.`);
}

/** Drives that only a PCI board has. */
const onPci = /^(disk[23]|cdrom|scsi|virtio)/;

/** Checks a description, its images and the power-on facts; throws UserError naming the field that is wrong. */
export function checkDescription(description: MachineDescription, images: Images, powerOn: PowerOn): void {
  const { board, processor, memoryBytes, cyclesPerSecond, boot, media } = description;
  checkOneOf('board', board, boards);
  checkOneOf('processor', processor, boardProcessors);
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
  checkOneOf('boot', boot, bootDevices);
  for (const [drive, medium] of Object.entries(media)) {
    if (medium === undefined) continue;
    if (board === 'pc' && onPci.test(drive))
      wrong(`media.${drive}`, "the 'pc' board has no such drive", "Use the board 'i440fx'.");
    checkMedium(drive, medium, images);
    checkDetails(drive, medium);
    checkFaults(drive, medium);
  }
  checkComponents(description);
  checkTesting(description, images);
  checkImages(description, images);
  for (const [name, value] of Object.entries(powerOn)) {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32)
      wrong(name, `${String(value)} is not 32 bits`, 'Give 0 to 4294967295.');
  }
}

const geometryMost = { cylinders: 16383, heads: 16, sectorsPerTrack: 63 } as const;
const textMost = { serialNumber: 20, firmwareRevision: 8 } as const;

/** What a maker gave a disk: only an ATA disk says it. */
function checkDetails(drive: string, medium: DriveDescription): void {
  const { geometry } = medium;
  const place = `media.${drive}`;
  const texts = (['serialNumber', 'firmwareRevision'] as const).filter((name) => medium[name] !== undefined);
  if ((geometry !== undefined || texts.length > 0) && !drive.startsWith('disk'))
    wrong(place, 'geometry, serial number and firmware revision are those of an ATA disk', 'Use disk0 to disk3.');
  if (medium.unmap === true && !drive.startsWith('scsi'))
    wrong(`${place}.unmap`, 'UNMAP is a command of SCSI disks', 'Use scsi0 to scsi6, or a disk, which takes TRIM.');
  for (const [name, most] of Object.entries(geometryMost)) {
    const value = geometry?.[name as keyof typeof geometryMost];
    if (geometry === undefined || (Number.isInteger(value) && value! >= 1 && value! <= most)) continue;
    wrong(`${place}.geometry.${name}`, `${String(value)} cannot be`, `Give a whole number from 1 to ${most}.`);
  }
  if (geometry !== undefined) {
    const sectors = geometry.cylinders * geometry.heads * geometry.sectorsPerTrack;
    if (sectors * 512 > medium.size)
      wrong(`${place}.geometry`, `the image has fewer than ${sectors} sectors`, 'Give one that fits in the image.');
  }
  for (const name of texts) {
    if (/^[ -~]*$/.test(medium[name]!) && medium[name]!.length <= textMost[name]) continue;
    wrong(`${place}.${name}`, `'${medium[name]}' cannot be`, `Use at most ${textMost[name]} printable characters.`);
  }
}

const faultOperations = ['read', 'write', 'flush'] as const;
/** What may be said of a fault, in whole numbers. */
const faultFigures = {
  firstSector: [0, 2 ** 39],
  sectors: [1, 2 ** 39],
  after: [0, 2 ** 32 - 1],
  times: [1, 2 ** 32 - 1],
  delayMicroseconds: [1, 3_600_000_000],
} as const;

/** The faults of a medium: of sectors that it has, and such as its drive can show. */
function checkFaults(drive: string, { faults = [], size }: DriveDescription): void {
  if (faults.length > faultsMost)
    wrong(`media.${drive}.faults`, `${faults.length} faults`, `Give at most ${faultsMost}.`);
  const sectors = Math.ceil(size / 512);
  faults.forEach((fault, index) => {
    const place = `media.${drive}.faults[${index}]`;
    checkOneOf(`${place}.operation`, fault.operation, faultOperations);
    for (const [name, [least, most]] of Object.entries(faultFigures)) {
      const value = fault[name as keyof typeof faultFigures];
      if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) continue;
      wrong(`${place}.${name}`, `${value} cannot be`, `Give a whole number from ${least} to ${most}.`);
    }
    const { operation, firstSector, sectors: length, delayMicroseconds } = fault;
    if (operation === 'flush' && (firstSector !== undefined || length !== undefined))
      wrong(place, 'a flush is of no sector', 'Leave firstSector and sectors out.');
    if ((firstSector ?? 0) + (length ?? 1) > sectors)
      wrong(place, `the medium has no more than ${sectors} sectors`, 'Name sectors of 512 bytes that it has.');
    if (drive.startsWith('floppy') && (operation === 'flush' || delayMicroseconds !== undefined))
      wrong(place, 'a floppy is not flushed, and its sectors pass when they pass', 'Let reads or writes fail.');
    if (drive.startsWith('cdrom') && operation !== 'read')
      wrong(place, 'a CD-ROM is only read', 'Use the operation "read".');
  });
}

/** Components that need a PCI bus. */
const pciComponents: ReadonlySet<string> = new Set([
  ...(['vbe', 'ne2000-pci', 'rtl8139', 'e1000', 'virtio-net'] as const),
  ...(['hpet', 'virtio-rng', 'virtio-console', 'lsi53c895a', 'cdrom-first', 'virtio-scsi', 'pci-hot-plug'] as const),
  'virtio-rng1',
]);
const cardsMost = 8;
const macPattern = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

function checkComponents(description: MachineDescription): void {
  const { board, display = 'vga', mouse = 'none', network = [], devices = [], quirks } = description;
  checkOneOf('display', display, displays);
  checkOneOf('mouse', mouse, mice);
  if (quirks !== undefined) checkOneOf('quirks', quirks, quirkSets);
  if (network.length > cardsMost) wrong('network', `${network.length} cards`, `Use at most ${cardsMost}.`);
  network.forEach(({ card, network: connection, mac }, index) => {
    checkOneOf(`network[${index}].card`, card, networkCards);
    checkOneOf(`network[${index}].network`, connection, networks);
    if (mac !== undefined && !macPattern.test(mac))
      wrong(`network[${index}].mac`, `'${mac}' is no address`, 'Give it as 52:54:00:12:34:56, in lower case.');
  });
  devices.forEach((device, index) => checkOneOf(`devices[${index}]`, device, optionalDevices));
  if (devices.includes('lsi53c895a') && devices.includes('virtio-scsi'))
    wrong('devices', 'there are two SCSI adapters', 'Name one of them, and the other among the scsiAdapters.');
  checkScsiPlaces(description, wrong);
  checkConsolePorts(description);
  checkSlots(description);
  if (new Set(devices).size !== devices.length) wrong('devices', 'a device is named twice', 'Name each once.');
  for (const component of [display, ...devices, ...network.map(({ card }) => card)]) {
    if (board === 'pc' && pciComponents.has(component))
      wrong('board', `'${component}' needs a PCI bus`, "Use the board 'i440fx'.");
  }
}

/** The PCI cards that a description has. */
export const cardsOf = (description: MachineDescription): SlottedCard[] =>
  slottedCards.filter((card) => hasCard(description, card));

/** Whether a description has the card that a slot names. */
function hasCard(description: MachineDescription, card: SlotDescription['card']): boolean {
  const { devices = [], media, network = [], scsiAdapters: further = [] } = description;
  if (card.startsWith('scsiAdapter')) return Number(card.slice('scsiAdapter'.length)) <= further.length;
  if (card.startsWith('network')) {
    const described = network[Number(card.slice('network'.length))];
    return described !== undefined && described.card !== 'ne2000' && described.absent !== true;
  }
  if (card === 'virtioRng') return devices.includes('virtio-rng');
  if (card === 'virtioRng1') return devices.includes('virtio-rng1');
  if (card === 'virtioConsole') return devices.includes('virtio-console');
  if (card === 'virtioScsi') return devices.includes('virtio-scsi');
  if (card !== 'lsi53c895a') return Object.keys(media).includes(card);
  const hasTarget = scsiDrives.some((drive) => isOnFirstAdapter(description, drive));
  return devices.includes('lsi53c895a') || (hasTarget && !devices.includes('virtio-scsi'));
}

const slotNumbers = { least: 2, most: 31 } as const;

/** Slots: whether one is taken by something else is seen on the board. */
function checkSlots(description: MachineDescription): void {
  const { board, slots = [] } = description;
  if (board === 'pc' && slots.length > 0) wrong('slots', "the 'pc' board has no PCI bus", "Use the board 'i440fx'.");
  slots.forEach(({ card, slot }, index) => {
    checkOneOf(`slots[${index}].card`, card, slottedCards);
    if (!Number.isInteger(slot) || slot < slotNumbers.least || slot > slotNumbers.most)
      wrong(`slots[${index}].slot`, `there is no slot ${slot}`, `Give ${slotNumbers.least} to ${slotNumbers.most}.`);
    if (!hasCard(description, card))
      wrong(`slots[${index}].card`, `this machine has no ${card}`, 'Describe it, or leave its slot out.');
    const isTwice = slots.some((each, other) => other < index && (each.card === card || each.slot === slot));
    if (isTwice) wrong(`slots[${index}]`, 'a card or a slot is named twice', 'Name each once.');
  });
}

const consolePortsMost = 7;
const consolePortName = /^[!-~]{0,127}$/;

function checkConsolePorts({ consolePorts, absentPorts = [], devices = [] }: MachineDescription): void {
  for (const port of absentPorts)
    if (!Number.isInteger(port) || port < 1 || port > (consolePorts?.length ?? 0))
      wrong('absentPorts', `there is no port ${port}`, 'Name places of consolePorts, from 1 on.');
  if (consolePorts === undefined) return;
  if (!devices.includes('virtio-console'))
    wrong('consolePorts', 'there is no virtio console', "Name 'virtio-console' among the devices.");
  if (consolePorts.length > consolePortsMost)
    wrong('consolePorts', `${consolePorts.length} ports`, `Use at most ${consolePortsMost}.`);
  for (const name of consolePorts)
    if (!consolePortName.test(name))
      wrong(
        'consolePorts',
        `'${name}' is no name of a port`,
        'Use at most 127 printable characters, such as org.example.agent.',
      );
  const named = consolePorts.filter((name, at) => name !== '' && !absentPorts.includes(at + 1));
  if (new Set(named).size !== named.length) wrong('consolePorts', 'a port is named twice', 'Name each once.');
}

const exitBytesMax = 4;

/** Places of the parts for kernels under test; whether their ports are free is seen on the board. */
function checkTesting({ testing = {} }: MachineDescription, images: Images): void {
  const { debugExit, debugConsole, postCard, firmwareConfiguration } = testing;
  checkConfigurationFiles(firmwareConfiguration?.files ?? [], images);
  const { uuid } = firmwareConfiguration ?? {};
  if (uuid !== undefined && !uuidPattern.test(uuid))
    wrong('testing.firmwareConfiguration.uuid', `'${uuid}' is no UUID`, 'Give 32 hexadecimal digits in lower case.');
  const bytes = debugExit?.bytes ?? 1;
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > exitBytesMax)
    wrong('testing.debugExit.bytes', `${bytes} ports cannot be`, `Give 1 to ${exitBytesMax}.`);
  checkPort('testing.debugExit.port', debugExit?.port ?? 0, bytes);
  checkPort('testing.debugConsole.port', debugConsole?.port ?? 0, 1);
  checkPort('testing.postCard.port', postCard?.port ?? 0, 1);
}

const uuidPattern = /^[0-9a-f]{32}$/;
const configurationName = /^[!-~]{1,55}$/;
const configurationFilesMost = 256;
const configurationBytesMost = 1 << 28;
const configurationTextMost = 4096;

function checkConfigurationFiles(files: readonly ConfigurationFile[], images: Images): void {
  const place = 'testing.firmwareConfiguration.files';
  if (files.length > configurationFilesMost)
    wrong(place, `${files.length} files`, `Use at most ${configurationFilesMost}.`);
  if (new Set(files.map(({ name }) => name)).size !== files.length)
    wrong(place, 'a file is named twice', 'Name each once.');
  for (const file of files) {
    if (!configurationName.test(file.name))
      wrong(place, `'${file.name}' is no name of a file`, 'Use 1 to 55 printable characters, such as opt/mine/level.');
    if (file.name === 'etc/e820') wrong(place, "'etc/e820' is the machine's own", 'Name yours opt/…');
    if ((file.text === undefined) === (file.image === undefined))
      wrong(place, `'${file.name}' is not one of a text and an image`, 'Give it one of them.');
    if (file.image !== undefined) checkImage(`${place} ${file.name}`, file.image, images, configurationBytesMost);
    if ((file.text?.length ?? 0) > configurationTextMost)
      wrong(place, `'${file.name}' is a text of ${file.text?.length} characters`, 'Give it as an image.');
  }
}

function checkPort(place: string, port: number, count: number): void {
  if (Number.isInteger(port) && port >= 0 && port + count <= 0x10000) return;
  wrong(place, `there is no port ${port}`, 'Give one from 0 to 65535.');
}

const romGrain = 65536;
const biosBytesMax = 1 << 20;
const optionRomBytesMax = 1 << 18;
/** From C0000h to where firmware begins. */
const displayRomBytesMax = 1 << 17;
const commandLineMax = 2047;

/** Kernel, firmware and served files: their images are at hand, and of sizes that have a place. */
function checkImages(description: MachineDescription, images: Images): void {
  const { kernel, firmware, served = [], builtInNetwork, memoryBytes } = description;
  if (kernel !== undefined) {
    checkOneOf('kernel.protocol', kernel.protocol, kernelProtocols);
    checkImage('kernel.image', kernel.image, images, memoryBytes);
    (kernel.modules ?? []).forEach((module, index) =>
      checkImage(`kernel.modules[${index}]`, module, images, memoryBytes),
    );
    if (kernel.commandLine.length > commandLineMax)
      wrong('kernel.commandLine', `it has ${kernel.commandLine.length} characters`, `Use at most ${commandLineMax}.`);
  }
  const { bios, video, network } = firmware ?? {};
  if (bios !== undefined) {
    checkImage('firmware.bios', bios, images, biosBytesMax);
    if (bios.size % romGrain !== 0) wrong('firmware.bios', `it has ${bios.size} bytes`, 'Give a multiple of 65536.');
  }
  if (video !== undefined) {
    const onBus = description.display === 'vbe';
    checkImage('firmware.video', video, images, onBus ? optionRomBytesMax : displayRomBytesMax);
  }
  if (network !== undefined) checkImage('firmware.network', network, images, optionRomBytesMax);
  checkPlan({ ...builtInNetwork, files: served }, images);
}

function checkImage(place: string, { sha256, size }: ImageDescription, images: Images, sizeMost: number): void {
  const image = images.get(sha256);
  if (image === undefined)
    wrong(place, `no image with SHA-256 ${sha256} is at hand`, 'Give the image that the digest names.');
  if (image.length !== size) wrong(place, `the image has ${image.length} bytes, not ${size}`, 'Give the whole image.');
  if (size === 0 || size > sizeMost)
    wrong(place, `an image of ${size} bytes has no place`, `Give 1 to ${sizeMost} bytes.`);
}

/** Checks that a medium's image is at hand and whole. */
export function checkMedium(drive: string, medium: MediumDescription, images: Images): void {
  const image = baseImage(images, medium.sha256);
  if (image === undefined)
    wrong(
      `media.${drive}`,
      `no image with SHA-256 ${medium.sha256} is at hand`,
      'Give the image that the digest names.',
    );
  if (image.size !== medium.size) {
    wrong(
      `media.${drive}`,
      `the image has ${image.size} bytes, not ${medium.size}`,
      'Give the whole image, or correct its size.',
    );
  }
  if (drive.startsWith('floppy') && floppyCapacity(Math.ceil(medium.size / 512)) === undefined) {
    wrong(`media.${drive}`, `an image of ${medium.size} bytes is larger than any floppy`, 'Attach it as a disk.');
  }
  if (medium.size === 0) wrong(`media.${drive}`, 'the image is empty', 'Give an image with at least one sector.');
}
