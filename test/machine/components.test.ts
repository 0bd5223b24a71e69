import { describe, expect, test } from 'vitest';
import { cycle } from '../../src/base/integers.js';
import { UserError } from '../../src/base/errors.js';
import { sha256Hex } from '../../src/base/digest.js';
import { createMachine } from '../../src/machine/index.js';
import type { MachineDescription } from '../../src/machine/machine.js';

const images = new Map(
  [0x11, 0x22].map((value) => new Uint8Array(4096).fill(value)).map((each) => [sha256Hex(each), each]),
);

function made(parts: Partial<MachineDescription> = {}) {
  const description: MachineDescription = {
    board: 'i440fx',
    processor: 'pentium3',
    cyclesPerSecond: 100_000_000,
    memoryBytes: 1 << 20,
    boot: 'floppy',
    media: {},
    ...parts,
  };
  const machine = createMachine(description, images, { date: 0, seed: 1 });
  const bench = machine.bench();
  const configure = (device: number, register: number): void =>
    bench.writePort(0xcf8, 0x80000000 + (device << 11) + register, 4);
  return {
    machine,
    bench,
    configured(device: number, register: number): number {
      configure(device, register);
      return bench.readPort(0xcfc, 4);
    },
    setConfiguration(device: number, register: number, value: number): void {
      configure(device, register);
      bench.writePort(0xcfc, value, 4);
    },
  };
}

describe('the display with a linear framebuffer', () => {
  test('is a function whose first range is its memory, at the speed of memory', () => {
    const { machine, bench, configured, setConfiguration } = made({ display: 'vbe' });
    expect(configured(2, 0)).toBe(0x11111234);
    setConfiguration(2, 0x10, 0xe0000000);
    setConfiguration(2, 0x18, 0xe1000000);
    setConfiguration(2, 4, 2);
    expect(bench.readMemory(0xe1000500, 2)).toBe(0xb0c5);
    for (const [index, value] of [
      [1, 640],
      [2, 480],
      [3, 32],
      [4, 0x41],
    ] as const) {
      bench.writePort(0x1ce, index, 2);
      bench.writePort(0x1cf, value, 2);
    }
    bench.writePort(0x3c0, 0x20, 1);
    bench.writeMemory(0xe0000000 + 4 * (640 * 10 + 20), 0x123456, 4);
    const { width, height, pixels } = machine.screen();
    expect([width, height]).toEqual([640, 480]);
    expect([...pixels.subarray(4 * (640 * 10 + 20), 4 * (640 * 10 + 20) + 3)]).toEqual([0x12, 0x34, 0x56]);
  });

  test('comes back from a snapshot with its mode, its place and its picture', () => {
    const first = made({ display: 'vbe' });
    first.setConfiguration(2, 0x10, 0xe0000000);
    first.setConfiguration(2, 4, 2);
    first.bench.writeMemory(0xe0001234, 0x77, 1);
    const second = made({ display: 'vbe' });
    second.machine.load(first.machine.save());
    expect(second.bench.readMemory(0xe0001234, 1)).toBe(0x77);
    expect(second.machine.digest()).toEqual(first.machine.digest());
  });
});

describe('a display adapter with a ROM of its own, that is not on the PCI bus', () => {
  const [[sha256, rom]] = [...images] as [[string, Uint8Array]];
  const video = { sha256, size: rom.length };

  test.each(['pc', 'i440fx'] as const)('has it from C0000h on, on the board %s', (board) => {
    const processor = board === 'pc' ? '80386' : 'pentium3';
    const { bench } = made({ board, processor, firmware: { video } });
    bench.writeMemory(0xc0000, 0, 1);
    expect([0xc0000, 0xc0000 + rom.length - 4, 0xc0000 + rom.length - 2].map((at) => bench.readMemory(at, 4))).toEqual([
      0x11111111, 0x11111111, 0xffff1111,
    ]);
    expect(bench.readMemory(0xc0000 + rom.length, 2)).toBe(0xffff);
  });

  test('may have one of 128 KiB, but no larger one', () => {
    const large = new Uint8Array((1 << 17) + 1);
    const firmware = { video: { sha256: sha256Hex(large), size: large.length } };
    const description = {
      board: 'pc',
      processor: '80386',
      cyclesPerSecond: 1e6,
      memoryBytes: 1 << 20,
      boot: 'floppy',
    } as const;
    const make = (): unknown =>
      createMachine({ ...description, media: {}, firmware }, new Map([[firmware.video.sha256, large]]), {
        date: 0,
        seed: 1,
      });
    expect(make).toThrow(UserError);
  });
});

describe('the mouse', () => {
  test('sends its packets by interrupt 12', () => {
    const { machine, bench } = made({ mouse: 'ps2' });
    const requests: string[] = [];
    bench.onInterruptRequest((request, level) => void requests.push(`${request}=${level}`));
    const pass = (seconds: number): void => bench.pass(cycle(bench.cycle + seconds * bench.cyclesPerSecond));
    for (const [port, value] of [
      [0x64, 0x60],
      [0x60, 0x47],
      [0x64, 0xd4],
      [0x60, 0xf4],
    ] as const) {
      bench.writePort(port, value, 1);
      pass(0.01);
    }
    expect(bench.readPort(0x60, 1)).toBe(0xfa);
    machine.input({ kind: 'mouse', dx: 3, dy: -1, wheel: 0, buttons: 1 });
    const packet = [1, 2, 3].map(() => {
      pass(0.01);
      return bench.readPort(0x60, 1);
    });
    expect(packet).toEqual([0x29, 3, 0xff]);
    expect(requests).toContain('12=true');
  });

  test('is refused where the description has none', () => {
    expect(() => made().machine.input({ kind: 'mouse', dx: 1, dy: 1, wheel: 0, buttons: 0 })).toThrow(UserError);
  });
});

test('the printer takes bytes at port 378h, and an observer sees them', () => {
  const { machine, bench } = made({ devices: ['parallel'] });
  const printed: number[] = [];
  machine.observers.parallel = ({ byte }) => void printed.push(byte);
  bench.writePort(0x378, 0x41, 1);
  bench.writePort(0x37a, 0x0d, 1);
  bench.writePort(0x37a, 0x0c, 1);
  expect(printed).toEqual([0x41]);
});

test('the speaker sounds while counter 2 and port 61h let it', () => {
  const { machine, bench } = made({ board: 'pc', processor: '80386' });
  const heard: (number | undefined)[] = [];
  machine.observers.speaker = ({ hertz }) => void heard.push(hertz === undefined ? undefined : Math.round(hertz));
  bench.writePort(0x43, 0xb6, 1);
  bench.writePort(0x42, 0xa9, 1);
  bench.writePort(0x42, 0x04, 1);
  bench.writePort(0x61, 0x03, 1);
  bench.writePort(0x42, 0x51, 1);
  bench.writePort(0x42, 0x02, 1);
  bench.writePort(0x61, 0x00, 1);
  expect(heard).toEqual([1000, 2012, undefined]);
});

describe('virtio devices', () => {
  test('sit on the bus from device 4 on', () => {
    const { configured } = made({ devices: ['virtio-rng', 'virtio-console'] });
    expect([configured(4, 0), configured(5, 0)]).toEqual([0x10051af4, 0x10031af4]);
  });

  test('have their registers and their table of messages in memory, each in a range of its own', () => {
    const { bench, setConfiguration } = made({ devices: ['virtio-rng'] });
    setConfiguration(4, 0x20, 0xffff_ffff);
    setConfiguration(4, 0x20, 0xe000_0000);
    setConfiguration(4, 4, 6);
    setConfiguration(4, 0x14, 0xffff_ffff);
    setConfiguration(4, 0x14, 0xe000_4000);
    bench.writeMemory(0xe000_4010, 0x1234_5678, 4);
    expect([bench.readMemory(0xe000_4010, 4), bench.readMemory(0xe000_401c, 4)]).toEqual([0x1234_5678, 1]);
    bench.writeMemory(0xe000_0010, 1, 2);
    bench.writeMemory(0xe000_001a, 0, 2);
    expect([bench.readMemory(0xe000_0010, 2), bench.readMemory(0xe000_001a, 2)]).toEqual([1, 0]);
  });

  test('a console takes what is typed, up to its room', () => {
    const { machine } = made({ devices: ['virtio-console'] });
    machine.input({ kind: 'console', data: new Uint8Array(4096) });
    expect(() => machine.input({ kind: 'console', data: new Uint8Array(1) })).toThrow(UserError);
  });
});

describe('a disk with faults', () => {
  const [sha256, another] = [...images.keys()] as [string, string];
  const medium = { sha256, size: 4096, writable: true };
  const fault = { operation: 'read', firstSector: 3, sectors: 1, times: 1 } as const;
  /** Status and error of a read of sector 3. */
  const read = ({ bench }: ReturnType<typeof made>): number[] => {
    const rest = (): void => {
      while (bench.readPort(0x3f6, 1) & 0x80) bench.pass(cycle(bench.nextEdge()));
    };
    rest();
    for (const [port, value] of [1, 3, 0, 0, 0xe0, 0x20].entries()) bench.writePort(0x1f2 + port, value, 1);
    rest();
    return [bench.readPort(0x1f7, 1), bench.readPort(0x1f1, 1)];
  };
  const faulty = () => made({ media: { disk0: { ...medium, faults: [fault] } } });

  test('has them once each, tells an observer, and keeps count in a part of its own', () => {
    const first = faulty();
    const met: unknown[] = [];
    first.machine.observers.fault = (each) => void met.push(each);
    const powerOn = first.machine.save();
    expect(Object.keys(powerOn.parts)).toContain('disk0Faults');
    expect([read(first)[0]! & 1, read(first)[0]! & 1]).toEqual([1, 0]);
    expect(met).toMatchObject([{ drive: 'disk0', operation: 'read', sector: 3 }]);
    const second = faulty();
    second.machine.load(first.machine.save());
    expect(second.machine.digest().parts.disk0Faults).toBe(first.machine.digest().parts.disk0Faults);
    expect(read(second)[0]! & 1).toBe(0);
    expect(Object.keys(made({ media: { disk0: medium } }).machine.save().parts)).not.toContain('disk0Faults');
  });
  test('loses them with its medium', () => {
    const floppy = made({ media: { floppyA: { ...medium, faults: [fault] } } });
    floppy.machine.input({ kind: 'media', drive: 'floppyA', medium: { ...medium, sha256: another } });
    expect(
      floppy.machine.diff(
        made({ media: { floppyA: { ...medium, faults: [fault] } } }).machine.save(),
        floppy.machine.save(),
      ),
    ).toContainEqual(expect.objectContaining({ part: 'floppyAFaults', path: 'gone' }));
  });
});
