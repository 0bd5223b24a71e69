import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../src/base/digest.js';
import { UserError } from '../../src/base/errors.js';
import { cycle } from '../../src/base/integers.js';
import { cardsOf } from '../../src/machine/description.js';
import { createMachine } from '../../src/machine/index.js';
import type { MachineDescription, PlugEvent, UnpluggedDevice } from '../../src/machine/machine.js';

const image = new Uint8Array(4096).map((_, at) => at % 251);
const sha256 = sha256Hex(image);
const images = new Map([[sha256, image]]);
const medium = { sha256, size: image.length, writable: true };

const description: MachineDescription = {
  board: 'i440fx',
  processor: 'pentium3',
  cyclesPerSecond: 100_000_000,
  memoryBytes: 4 << 20,
  boot: 'disk',
  media: {},
  network: [{ card: 'e1000', network: 'built-in' }],
  devices: ['pci-hot-plug'],
};

function makeMachine(more: Partial<MachineDescription> = {}) {
  const machine = createMachine({ ...description, ...more }, images, { date: 0, seed: 1 });
  const gone: UnpluggedDevice[] = [];
  machine.observers.cardRemoved = ({ card }) => gone.push(card);
  return { machine, bench: machine.bench(), gone };
}

const disk: PlugEvent = { kind: 'plugDisk', drive: 'virtio1', medium };
const idOf = ({ bench }: ReturnType<typeof makeMachine>, slot: number): number => {
  bench.writePort(0xcf8, 0x8000_0000 + slot * 0x800, 4);
  return bench.readPort(0xcfc, 4);
};

describe('cards that come and go', () => {
  test('a card that is plugged in answers in its slot, and the guest can read which slot that is', () => {
    const pc = makeMachine();
    expect(idOf(pc, 5)).toBe(0xffff_ffff);
    pc.machine.input(disk);
    expect(idOf(pc, 5)).toBe(0x1001_1af4);
    expect(pc.bench.readPort(0xafe0, 1)).toBe(2);
    expect(pc.bench.readPort(0xae00, 4)).toBe(1 << 5);
    expect(pc.bench.readPort(0xae00, 4)).toBe(0);
  });

  test('an enabled event raises the system control interrupt until its status is cleared', () => {
    const { machine, bench } = makeMachine();
    const levels: boolean[] = [];
    bench.onInterruptRequest((request, level) => request === 9 && levels.push(level));
    bench.writePort(0xafe2, 2, 1);
    machine.input({ ...disk, slot: 9 });
    expect(levels).toEqual([true]);
    bench.writePort(0xafe0, 2, 1);
    expect(levels).toEqual([true, false]);
  });

  test('a card that the guest ejects is gone, and the description says so', () => {
    const pc = makeMachine();
    pc.machine.input(disk);
    pc.machine.input({ kind: 'unplug', card: 'virtio1' });
    expect(pc.bench.readPort(0xae04, 4)).toBe(1 << 5);
    expect(idOf(pc, 5)).toBe(0x1001_1af4);
    pc.bench.writePort(0xae08, 1 << 5, 4);
    expect(idOf(pc, 5)).toBe(0xffff_ffff);
    expect(pc.bench.readPort(0xae04, 4)).toBe(0);
    expect(pc.gone).toEqual(['virtio1']);
    expect(pc.machine.description.media).toEqual({});
  });

  test('a card that was asked for goes at a reset', () => {
    const pc = makeMachine();
    pc.machine.input({ kind: 'unplug', card: 'network' });
    pc.machine.input({ kind: 'reset' });
    expect(pc.gone).toEqual(['network']);
    expect(idOf(pc, 4)).toBe(0xffff_ffff);
    expect(pc.machine.description.network).toBeUndefined();
  });

  test('what is soldered on cannot be ejected', () => {
    const pc = makeMachine({ display: 'vbe' });
    expect(pc.bench.readPort(0xae0c, 4)).toBe(0xffff_fff8);
    pc.bench.writePort(0xae08, 0x7, 4);
    expect(idOf(pc, 0)).not.toBe(0xffff_ffff);
    expect(pc.gone).toEqual([]);
  });

  test('a network card that is pulled out leaves its place to the next', () => {
    const { machine, bench } = makeMachine({
      network: [
        { card: 'e1000', network: 'built-in' },
        { card: 'rtl8139', network: 'built-in' },
      ],
    });
    bench.writePort(0xae08, 1 << 4, 4);
    expect(machine.description.network).toMatchObject([{ card: 'e1000', absent: true }, { card: 'rtl8139' }]);
    machine.input({ kind: 'plugNetworkCard', card: 'virtio-net', network: 'none' });
    expect(machine.description.network).toMatchObject([{ card: 'virtio-net' }, { card: 'rtl8139' }]);
    expect(machine.description.slots).toEqual([
      { card: 'network', slot: 4 },
      { card: 'network1', slot: 5 },
    ]);
  });

  test('a SCSI disk comes to a virtio adapter and goes at once, without the guest', () => {
    const pc = makeMachine({ devices: ['pci-hot-plug', 'virtio-scsi'] });
    pc.machine.input({ kind: 'plugDisk', drive: 'scsi3', medium });
    expect(pc.machine.description.media.scsi3).toEqual(medium);
    expect(Object.keys(pc.machine.digest().parts)).toEqual(expect.arrayContaining(['scsi3', 'scsi3Disk']));
    pc.machine.input({ kind: 'unplug', card: 'scsi3' });
    expect([pc.gone, pc.machine.description.media]).toEqual([['scsi3'], {}]);
  });

  test('ports of a console come and go, and a place that was left is taken first', () => {
    const pc = makeMachine({ devices: ['pci-hot-plug', 'virtio-console'], consolePorts: ['one', 'two'] });
    pc.machine.input({ kind: 'unplugConsolePort', port: 1 });
    expect(pc.machine.description.absentPorts).toEqual([1]);
    expect(() => pc.machine.input({ kind: 'consolePort', port: 1, data: Uint8Array.of(1) })).toThrow(UserError);
    pc.machine.input({ kind: 'plugConsolePort', name: 'again' });
    pc.machine.input({ kind: 'plugConsolePort', name: 'three' });
    expect(pc.machine.description).toMatchObject({ consolePorts: ['again', 'two', 'three'], absentPorts: [] });
  });

  test('a second entropy device is a card beside the first', () => {
    const pc = makeMachine({ devices: ['pci-hot-plug', 'virtio-rng'] });
    pc.machine.input({ kind: 'plugDevice', device: 'virtio-rng1' });
    expect([5, 6].map((slot) => idOf(pc, slot))).toEqual([0x1005_1af4, 0x1005_1af4]);
  });

  test('a machine of the description that came of it takes its snapshot, and has the same digest', () => {
    const { machine } = makeMachine();
    machine.run(cycle(3_000_000));
    machine.input(disk);
    machine.run(cycle(3_100_000));
    const other = createMachine(machine.description, images, { date: 0, seed: 1 });
    other.load(machine.save());
    expect(other.digest()).toEqual(machine.digest());
    machine.run(cycle(9_000_000));
    other.run(cycle(9_000_000));
    expect(other.digest()).toEqual(machine.digest());
  });

  test('a snapshot from before takes a card out again, and one from after puts it back', () => {
    const { machine } = makeMachine();
    const before = machine.save();
    const digest = machine.digest();
    machine.input(disk);
    const after = machine.save();
    const later = machine.digest();
    expect(machine.diff(before, after)).toContainEqual(expect.objectContaining({ part: 'machine', path: 'slots' }));
    machine.load(before);
    expect(machine.digest()).toEqual(digest);
    machine.load(after);
    expect(machine.digest()).toEqual(later);
  });

  test.each([
    ['a machine without hot plug', { devices: [] }, disk, 'nothing can be plugged'],
    ['a slot that is taken', {}, { ...disk, slot: 4 }, 'slot 4 is taken'],
    ['a slot that there is not', {}, { ...disk, slot: 40 }, 'there is no slot 40'],
    ['a disk that is there', { media: { virtio1: medium } }, disk, 'has virtio1 already'],
    ['an image that is not at hand', {}, { ...disk, medium: { ...medium, sha256: '0'.repeat(64) } }, 'no image'],
    [
      'a second SCSI adapter',
      { devices: ['pci-hot-plug', 'virtio-scsi'] },
      { kind: 'plugDevice', device: 'lsi53c895a' },
      'two SCSI',
    ],
    ['a SCSI disk without a virtio adapter', {}, { kind: 'plugDisk', drive: 'scsi0', medium }, 'virtio adapter'],
    ['a SCSI disk that is not there', {}, { kind: 'unplug', card: 'scsi0' }, 'no scsi0'],
    ['a port of no console', {}, { kind: 'plugConsolePort', name: 'x' }, 'no console'],
    ['a port that is not there', {}, { kind: 'unplugConsolePort', port: 1 }, 'no port 1'],
    ['a card that is not there', {}, { kind: 'unplug', card: 'virtio0' }, "no card 'virtio0'"],
  ] as const)('%s is refused, and the machine stays as it is', (_, more, event, message) => {
    const { machine } = makeMachine(more as Partial<MachineDescription>);
    const before = machine.digest();
    expect(() => machine.input(event as PlugEvent)).toThrow(UserError);
    expect(() => machine.input(event as PlugEvent)).toThrow(message);
    expect(machine.digest()).toEqual(before);
  });

  test('a guest that ejects what it is told of is the same on both engines, however its run is sliced', () => {
    const boot = new Uint8Array(1 << 20);
    boot.set([
      ...[0xba, 0x00, 0xae], // again: mov dx, AE00h
      ...[0x66, 0xed], // in eax, dx
      ...[0x66, 0x85, 0xc0, 0x74, 0xf6], // test eax, eax; jz again
      ...[0xba, 0x08, 0xae, 0x66, 0xef], // mov dx, AE08h; out dx, eax
      ...[0x40, 0xeb, 0xee], // inc ax; jmp again
    ]);
    boot.set([0x55, 0xaa], 510);
    const bootSha256 = sha256Hex(boot);
    const all = new Map([...images, [bootSha256, boot]]);
    const media = { disk0: { sha256: bootSha256, size: boot.length, writable: true } };
    const digests = (['compiler', 'interpreter'] as const).flatMap((engine) =>
      [1000, 999_999].map((slice) => {
        const machine = createMachine({ ...description, media }, all, { date: 0, seed: 1 }, engine);
        machine.breakpoints = new Set([0x7c00]);
        expect(machine.run(cycle(400_000_000)).kind).toBe('breakpoint');
        machine.breakpoints = new Set();
        const start = machine.cycle;
        for (const event of [disk, { kind: 'plugDevice', device: 'virtio-rng' } as const]) {
          machine.input(event);
          const end = machine.cycle + 100_000;
          while (machine.cycle < end) machine.run(cycle(Math.min(end, machine.cycle + slice)));
          expect(cardsOf(machine.description)).toEqual(['network']);
        }
        expect(machine.cycle).toBe(start + 200_000);
        return machine.digest().sha256;
      }),
    );
    expect(new Set(digests).size).toBe(1);
  });
});
