import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import { cycle } from '../../src/base/integers.js';
import type { MachineDescription } from '../../src/machine/machine.js';
import { bootAddress, diskMedium, newMachine } from './small-guests.js';

const board = { board: 'i440fx', processor: 'pentium3', cyclesPerSecond: 100_000_000 } as const;
const guestSeconds = 30;

describe('SCSI adapters beside the first', () => {
  const onSecond: Partial<MachineDescription> = {
    ...board,
    media: { scsi0: diskMedium },
    devices: ['lsi53c895a'],
    scsiPlaces: [{ drive: 'scsi0', adapter: 1, target: 3, unit: 0 }],
  };

  test.each([['virtio-scsi'], ['lsi53c895a']] as const)(
    'let firmware boot from a disk that is on a second %s',
    (kind) => {
      const machine = newMachine({ ...onSecond, scsiAdapters: [kind] });
      machine.breakpoints = new Set([bootAddress]);
      expect(machine.run(cycle(guestSeconds * board.cyclesPerSecond)).kind).toBe('breakpoint');
      const saved = machine.save();
      const again = newMachine({ ...onSecond, scsiAdapters: [kind] });
      again.load(saved);
      expect(again.digest()).toEqual(machine.digest());
      expect(Object.keys(machine.digest().parts)).toContain('scsiAdapter1');
    },
  );

  test('have slots of their own, after the first or where the description says', () => {
    const identifier = (description: Partial<MachineDescription>, slot: number): number => {
      const bench = newMachine(description).bench();
      bench.writePort(0xcf8, (0x8000_0000 + slot * 0x800) >>> 0, 4);
      return bench.readPort(0xcfc, 4);
    };
    const adapters = { ...onSecond, scsiAdapters: ['virtio-scsi', 'lsi53c895a'] } as const;
    expect([4, 5, 6, 7].map((slot) => identifier(adapters, slot))).toEqual([
      0x0012_1000, 0x1004_1af4, 0x0012_1000, 0xffff_ffff,
    ]);
    const placed = { ...adapters, slots: [{ card: 'scsiAdapter1', slot: 9 }] } as const;
    expect([4, 5, 9].map((slot) => identifier(placed, slot))).toEqual([0x0012_1000, 0x0012_1000, 0x1004_1af4]);
  });

  test('stay where they are when cards come and go, and so do their disks', () => {
    const machine = newMachine({
      ...onSecond,
      devices: ['virtio-scsi', 'pci-hot-plug'],
      scsiAdapters: ['virtio-scsi'],
    });
    expect(() => machine.input({ kind: 'unplug', card: 'scsiAdapter1' })).toThrow(UserError);
    expect(() => machine.input({ kind: 'plugDisk', drive: 'scsi0', medium: diskMedium })).toThrow(UserError);
    machine.input({ kind: 'plugDevice', device: 'virtio-rng' });
    machine.input({ kind: 'plugDisk', drive: 'scsi3', medium: diskMedium });
    expect(machine.description.scsiPlaces).toEqual(onSecond.scsiPlaces);
    expect(machine.description.slots).toContainEqual({ card: 'scsiAdapter1', slot: 5 });
  });
});

test('a target of several units is a part of the machine, and a disk alone as unit 0 is not', () => {
  const parts = (scsiPlaces: MachineDescription['scsiPlaces']) =>
    Object.keys(
      newMachine({
        ...board,
        media: { scsi0: diskMedium, scsi1: diskMedium },
        ...(scsiPlaces && { scsiPlaces }),
      }).digest().parts,
    ).filter((name) => /Target/.test(name));
  expect(parts(undefined)).toEqual([]);
  expect(parts([{ drive: 'scsi1', adapter: 0, target: 0, unit: 1 }])).toEqual(['lsi53c895aTarget0']);
  expect(parts([{ drive: 'scsi1', adapter: 0, target: 4, unit: 2 }])).toEqual(['lsi53c895aTarget4']);
});
