import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../src/base/digest.js';
import { cycle } from '../../src/base/integers.js';
import { boardProcessors, createMachine } from '../../src/machine/index.js';
import type { DriveDescription, MachineDescription } from '../../src/machine/machine.js';

/**
 * What the firmware starts, on our own chips: a boot sector that asks INT 13h about the drive it came from and leaves the
 * answers in memory. Images are made here; no tool is needed.
 */

/** Leaves at 500h: DL; done; CX and DH of AH=08h; status of AH=02h for sector 2 (to 600h), of AH=42h for sector 1 (to 800h), of AX=4B01h (to 520h). */
// prettier-ignore
const bootSector = [
  0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0,             // xor ax, ax; mov ds, ax; mov es, ax
  0x88, 0x16, 0x00, 0x05,                         // mov [500h], dl
  0xb4, 0x08, 0xcd, 0x13,                         // mov ah, 8; int 13h
  0x89, 0x0e, 0x02, 0x05, 0x88, 0x36, 0x04, 0x05, // mov [502h], cx; mov [504h], dh
  0x31, 0xc0, 0x8e, 0xc0, 0x8a, 0x16, 0x00, 0x05, // xor ax, ax; mov es, ax; mov dl, [500h]
  0xb8, 0x01, 0x02, 0xbb, 0x00, 0x06,             // mov ax, 0201h; mov bx, 600h
  0xb9, 0x02, 0x00, 0xb6, 0x00, 0xcd, 0x13,       // mov cx, 2; mov dh, 0; int 13h
  0x88, 0x26, 0x05, 0x05, 0x8a, 0x16, 0x00, 0x05, // mov [505h], ah; mov dl, [500h]
  0xb4, 0x42, 0xbe, 0x54, 0x7c, 0xcd, 0x13,       // mov ah, 42h; mov si, packet; int 13h
  0x88, 0x26, 0x06, 0x05, 0x8a, 0x16, 0x00, 0x05, // mov [506h], ah; mov dl, [500h]
  0xb8, 0x01, 0x4b, 0xbe, 0x20, 0x05, 0xcd, 0x13, // mov ax, 4B01h; mov si, 520h; int 13h
  0x88, 0x26, 0x07, 0x05,                         // mov [507h], ah
  0xfe, 0x06, 0x01, 0x05, 0xfa, 0xf4,             // inc byte [501h]; cli; hlt
  0x10, 0x00, 0x01, 0x00, 0x00, 0x08, 0x00, 0x00, // packet: one sector to 0000:0800
  0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, //   from sector 1
];
const sectorBytes = 512;
const blockBytes = 2048;
const mark = (at: number): number => (at * 7 + 3) & 0xff;

/** An image whose boot sector is the one above; every other sector is filled with its mark. */
function bootable(sectors: number, partition: readonly number[] = []): Uint8Array {
  const image = new Uint8Array(sectors * sectorBytes);
  for (let at = 1; at < sectors; at++) image.fill(mark(at), at * sectorBytes, (at + 1) * sectorBytes);
  image.set(bootSector);
  image.set(partition, 446);
  image.set([0x55, 0xaa], 510);
  return image;
}

/** A partition from the second track to the end of a disk of so many cylinders, heads and sectors per track. */
function partition(cylinders: number, heads: number, sectorsPerTrack: number): number[] {
  const dword = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
  const last = Math.min(cylinders, 1024) - 1;
  const end = [heads - 1, ((last >> 2) & 0xc0) | sectorsPerTrack, last & 0xff];
  const all = cylinders * heads * sectorsPerTrack;
  return [0x80, 1, 1, 0, 0x06, ...end, ...dword(sectorsPerTrack), ...dword(all - sectorsPerTrack)];
}

/** A disc with one boot image, by ECMA-119 and "El Torito"; `media` 0 is no emulation, 1 to 3 floppies, 4 a disk. */
function disc(media: number, image: Uint8Array): Uint8Array {
  const [volumeAt, bootAt, endAt, catalogueAt, imageAt] = [16, 17, 18, 19, 20];
  const bytes = new Uint8Array((imageAt + Math.ceil(image.length / blockBytes)) * blockBytes);
  const view = new DataView(bytes.buffer);
  const text = (at: number, value: string): void =>
    bytes.set(
      [...value].map((letter) => letter.charCodeAt(0)),
      at,
    );
  for (const [block, kind] of [[volumeAt, 1] as const, [bootAt, 0] as const, [endAt, 255] as const]) {
    bytes[block * blockBytes] = kind;
    text(block * blockBytes + 1, 'CD001\x01');
  }
  text(bootAt * blockBytes + 7, 'EL TORITO SPECIFICATION');
  view.setUint32(bootAt * blockBytes + 0x47, catalogueAt, true);
  const catalogue = catalogueAt * blockBytes;
  bytes.set([1, 0], catalogue);
  bytes.set([0x55, 0xaa], catalogue + 30);
  view.setUint16(catalogue + 28, -(0x0001 + 0xaa55) & 0xffff, true);
  bytes.set([0x88, media], catalogue + 32);
  view.setUint16(catalogue + 38, media === 0 ? 4 : 1, true);
  view.setUint32(catalogue + 40, imageAt, true);
  bytes.set(image, imageAt * blockBytes);
  return bytes;
}

type Media = { readonly [drive in keyof MachineDescription['media']]?: Uint8Array };

/** What the boot sector left in memory. */
function booted(
  boot: MachineDescription['boot'],
  media: Media,
  more: Pick<DriveDescription, 'geometry'> = {},
  processor: MachineDescription['processor'] = 'pentium3',
  devices: MachineDescription['devices'] = [],
) {
  const images = new Map(Object.values(media).map((image) => [sha256Hex(image), image]));
  const described = Object.entries(media).map(([drive, image]) => {
    const writable = !drive.startsWith('cdrom') && boot !== 'cdrom';
    return [drive, { sha256: sha256Hex(image), size: image.length, writable, ...more }];
  });
  const machine = createMachine(
    {
      board: 'i440fx',
      processor,
      cyclesPerSecond: 50_000_000,
      memoryBytes: 16 << 20,
      boot,
      devices,
      media: Object.fromEntries(described) as MachineDescription['media'],
    },
    images,
    { date: 1_700_000_000, seed: 1 },
  );
  while (machine.readMemory(0x501, 1)[0] !== 1) {
    if (machine.cycle > 1_500_000_000) throw new Error('nothing was started');
    const { kind } = machine.run(cycle(machine.cycle + 20_000_000));
    if (kind === 'shutdown') throw new Error('the processor shut down');
  }
  const at = (address: number, length = 1): number[] => [...machine.readMemory(address, length)];
  const [low, high, head] = at(0x502, 3) as [number, number, number];
  return {
    drive: at(0x500)[0],
    geometry: { cylinders: (high | ((low & 0xc0) << 2)) + 1, heads: head + 1, sectorsPerTrack: low & 0x3f },
    readByPlace: at(0x505)[0] === 0 ? at(0x600)[0] : undefined,
    readByPacket: at(0x506)[0] === 0 ? at(0x800)[0] : undefined,
    emulation: at(0x507)[0] === 0 ? at(0x520, 4) : undefined,
  };
}

describe('the firmware starts', () => {
  for (const [media, sectors, sectorsPerTrack] of [
    [1, 2400, 15] as const,
    [2, 2880, 18] as const,
    [3, 5760, 36] as const,
  ]) {
    test(`a floppy of ${sectorsPerTrack} sectors a track that a CD-ROM holds, as drive A`, () => {
      const found = booted('cdrom', { cdrom0: disc(media, bootable(sectors)) });
      expect(found).toMatchObject({
        drive: 0,
        geometry: { cylinders: 80, heads: 2, sectorsPerTrack },
        readByPlace: mark(1),
        readByPacket: undefined,
        emulation: [19, media, 0, 0],
      });
    });
  }

  test('a hard disk that a CD-ROM holds, as drive 80h, with the geometry of its partition', () => {
    const image = bootable(10 * 4 * 17, partition(10, 4, 17));
    expect(booted('cdrom', { cdrom0: disc(4, image), disk0: bootable(2016) })).toMatchObject({
      drive: 0x80,
      geometry: { cylinders: 10, heads: 4, sectorsPerTrack: 17 },
      readByPlace: mark(1),
      readByPacket: mark(1),
      emulation: [19, 4, 0x80, 0],
    });
  });

  test('a boot image of a CD-ROM without emulation, on either kind of drive', () => {
    const image = disc(0, bootable(8));
    // An ATAPI drive is there without a disc, too.
    for (const [place, drive] of [['cdrom0', 0xe0] as const, ['scsi3', 0xe1] as const]) {
      expect(booted('cdrom', { [place]: image })).toMatchObject({
        drive,
        readByPlace: undefined,
        readByPacket: 0,
        emulation: [19, 0, drive, 0],
      });
    }
  });

  test('disks behind every controller, as drive 80h', () => {
    for (const drive of ['disk0', 'disk2', 'scsi0', 'scsi6', 'virtio0'] as const) {
      expect(booted('disk', { [drive]: bootable(2016) }), drive).toMatchObject({
        drive: 0x80,
        geometry: { cylinders: 2, heads: 16, sectorsPerTrack: 63 },
        readByPlace: mark(1),
        readByPacket: mark(1),
        emulation: undefined,
      });
    }
  });

  test('a disk and a CD-ROM behind a virtio SCSI adapter', () => {
    const disk = booted('disk', { scsi0: bootable(2016), scsi2: bootable(4032) }, {}, 'pentium3', ['virtio-scsi']);
    expect(disk).toMatchObject({ drive: 0x80, readByPlace: mark(1), readByPacket: mark(1) });
    const cdrom = booted('cdrom', { scsi1: disc(0, bootable(8)) }, {}, 'pentium3', ['virtio-scsi']);
    expect(cdrom).toMatchObject({ drive: 0xe1, readByPacket: 0, emulation: [19, 0, 0xe1, 0] });
  });

  test('a disk with every processor that a board takes', () => {
    for (const processor of boardProcessors)
      expect(booted('disk', { disk0: bootable(2016) }, {}, processor).drive, processor).toBe(0x80);
  });

  test('a disk of many cylinders as it was partitioned: by its own geometry, or by more heads; else by its size', () => {
    const geometry = { cylinders: 2000, heads: 2, sectorsPerTrack: 17 };
    const image = new Uint8Array(2000 * 2 * 17 * sectorBytes);
    const shown = (table: readonly number[]) => {
      image.set(bootable(1, table));
      return booted('disk', { disk0: image }, { geometry }).geometry;
    };
    expect(shown(partition(2000, 2, 17))).toEqual({ cylinders: 1024, heads: 2, sectorsPerTrack: 17 });
    expect(shown(partition(10, 32, 17))).toEqual({ cylinders: 1000, heads: 4, sectorsPerTrack: 17 });
    expect(shown([])).toEqual({ cylinders: 67, heads: 16, sectorsPerTrack: 63 });
  });
});
