import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import { createMachine } from '../../src/machine/index.js';
import type { MachineDescription, PowerOn } from '../../src/machine/machine.js';
import { description, diskMedium, floppyMedium, images, powerOn } from './small-guests.js';

interface Wrong {
  readonly what: string;
  readonly place: string;
  readonly change?: Readonly<Record<string, unknown>>;
  readonly facts?: Partial<PowerOn>;
}

const disk = (change: Readonly<Record<string, unknown>>): { readonly media: unknown } => ({
  media: { disk0: { ...diskMedium, ...change } },
});

const wrong: readonly Wrong[] = [
  { what: 'a board that does not exist', place: 'board', change: { board: 'amiga' } },
  { what: 'a processor that does not exist', place: 'processor', change: { processor: '68000' } },
  { what: 'the ways of an emulator that nobody knows', place: 'quirks', change: { quirks: 'bochs' } },
  {
    what: 'a slot of a card that is not there',
    place: 'slots[0].card',
    change: { board: 'i440fx', processor: 'pentium3', slots: [{ card: 'virtioRng', slot: 5 }] },
  },
  {
    what: 'a slot that is not there',
    place: 'slots[0].slot',
    change: {
      board: 'i440fx',
      processor: 'pentium3',
      devices: ['virtio-rng'],
      slots: [{ card: 'virtioRng', slot: 32 }],
    },
  },
  {
    what: 'a slot that the chipset is in',
    place: 'slots, virtioRng',
    change: {
      ...{ board: 'i440fx', processor: 'pentium3', display: 'vbe', devices: ['virtio-rng'] },
      slots: [{ card: 'virtioRng', slot: 2 }],
    },
  },
  { what: 'no memory', place: 'memoryBytes', change: { memoryBytes: 0 } },
  { what: 'memory that is no multiple of 64 KiB', place: 'memoryBytes', change: { memoryBytes: (1 << 20) + 4096 } },
  { what: 'more memory than can be', place: 'memoryBytes', change: { memoryBytes: 2 ** 31 + 65536 } },
  { what: 'memory that is no number', place: 'memoryBytes', change: { memoryBytes: NaN } },
  { what: 'a processor that stands still', place: 'cyclesPerSecond', change: { cyclesPerSecond: 0 } },
  { what: 'half a cycle', place: 'cyclesPerSecond', change: { cyclesPerSecond: 1_000_000.5 } },
  { what: 'a boot device that does not exist', place: 'boot', change: { boot: 'tape' } },
  { what: 'an image that is not at hand', place: 'media.disk0', change: disk({ sha256: '0'.repeat(64) }) },
  {
    what: 'a geometry of too many heads',
    place: 'media.disk0.geometry.heads',
    change: disk({ geometry: { cylinders: 1, heads: 17, sectorsPerTrack: 1 } }),
  },
  {
    what: 'a geometry larger than the image',
    place: 'media.disk0.geometry',
    change: disk({ geometry: { cylinders: 9, heads: 16, sectorsPerTrack: 63 } }),
  },
  {
    what: 'a serial number that no drive could say',
    place: 'media.disk0.serialNumber',
    change: disk({ serialNumber: 'grün' }),
  },
  {
    what: 'a fault of an operation that does not exist',
    place: 'media.disk0.faults[0].operation',
    change: disk({ faults: [{ operation: 'seek' }] }),
  },
  {
    what: 'a fault of sectors behind the end',
    place: 'media.disk0.faults[0]',
    change: disk({ faults: [{ operation: 'read', firstSector: 2 ** 31 }] }),
  },
  {
    what: 'a fault that never comes',
    place: 'media.disk0.faults[0].times',
    change: disk({ faults: [{ operation: 'read', times: 0 }] }),
  },
  {
    what: 'a fault of a sector that is flushed',
    place: 'media.disk0.faults[0]',
    change: disk({ faults: [{ operation: 'flush', firstSector: 0 }] }),
  },
  {
    what: 'a slow floppy',
    place: 'media.floppyA.faults[0]',
    change: { media: { floppyA: { ...floppyMedium, faults: [{ operation: 'read', delayMicroseconds: 1 }] } } },
  },
  { what: 'two SCSI adapters', place: 'devices', change: { board: 'i440fx', devices: ['lsi53c895a', 'virtio-scsi'] } },
  {
    what: 'a place on an adapter that there is not',
    place: 'scsiPlaces[0].adapter',
    change: {
      board: 'i440fx',
      media: { scsi0: diskMedium },
      scsiPlaces: [{ drive: 'scsi0', adapter: 1, target: 0, unit: 0 }],
    },
  },
  {
    what: 'two drives in one place',
    place: 'scsiPlaces',
    change: {
      ...{ board: 'i440fx', media: { scsi0: diskMedium, scsi1: diskMedium } },
      scsiPlaces: [{ drive: 'scsi1', adapter: 0, target: 0, unit: 0 }],
    },
  },
  {
    what: 'a place of a drive without a medium',
    place: 'scsiPlaces[0].drive',
    change: { board: 'i440fx', scsiPlaces: [{ drive: 'scsi1', adapter: 0, target: 0, unit: 1 }] },
  },
  {
    what: 'a SCSI adapter that does not exist',
    place: 'scsiAdapters[0]',
    change: { board: 'i440fx', scsiAdapters: ['aha1542'] },
  },
  { what: 'an image of another size', place: 'media.disk0', change: disk({ size: 512 }) },
  { what: 'a date before 1970', place: 'date', facts: { date: -1 } },
  { what: 'a seed of 33 bits', place: 'seed', facts: { seed: 2 ** 32 } },
];

describe('a description with', () => {
  for (const { what, place, change, facts } of wrong) {
    test(`${what} is refused, with the place and the next step`, () => {
      const asked = { ...description, ...change } as MachineDescription;
      const failed = caught(() => createMachine(asked, images, { ...powerOn, ...facts }));
      expect(failed).toMatchObject({ place, nextStep: expect.stringMatching(/\.$/) });
      expect(failed.message).toContain(place);
    });
  }

  test('the least and with odd but possible memory makes a machine', () => {
    for (const memoryBytes of [1 << 20, (1 << 20) + 65536, 3 << 20]) {
      const machine = createMachine({ ...description, memoryBytes }, images, powerOn);
      expect(machine.readMemory(memoryBytes - 1, 2)).toEqual(Uint8Array.of(0, 0xff));
    }
  });

  test('no medium at all makes a machine', () => {
    expect(createMachine({ ...description, media: {} }, images, powerOn).cycle).toBe(0);
  });
});

function caught(action: () => unknown): UserError {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
