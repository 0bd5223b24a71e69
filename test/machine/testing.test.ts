/** What kernels under test rely on, on a board: where it is, what it does to a run, and that nothing is there unless asked for. */
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import { cycle } from '../../src/base/integers.js';
import { createMachine } from '../../src/machine/index.js';
import type { Machine, MachineDescription, TestingDescription } from '../../src/machine/machine.js';

function made(testing: TestingDescription | undefined, parts: Partial<MachineDescription> = {}): Machine {
  const description: MachineDescription = {
    board: 'i440fx',
    processor: 'pentium3',
    cyclesPerSecond: 100_000_000,
    memoryBytes: 1 << 20,
    boot: 'floppy',
    media: {},
    ...(testing && { testing }),
    ...parts,
  };
  return createMachine(description, new Map(), { date: 0, seed: 1 });
}

describe('the debug exit', () => {
  const debugExit = { port: 0xf4, bytes: 4 };

  test('ends the run for good with the status of the value written first', () => {
    const machine = made({ debugExit });
    machine.run(cycle(1000));
    machine.bench().writePort(0xf4, 0x10, 4);
    machine.bench().writePort(0xf4, 0x20, 4);
    expect(machine.run(cycle(5000))).toEqual({ kind: 'exited', status: 0x21 });
    expect(machine.cycle).toBe(1000);
    machine.input({ kind: 'powerCut' });
    expect(machine.run(cycle(9000))).toEqual({ kind: 'exited', status: 0x21 });
  });

  test('takes bytes at any of its ports, and of an access that reaches over its end the bytes that are its own', () => {
    for (const [port, value, width, status] of [
      [0xf7, 3, 1, 7],
      [0xf6, 0x102, 2, 0x205],
      [0xf7, 0x0605, 2, 0xb],
    ] as const) {
      const machine = made({ debugExit });
      machine.bench().writePort(port, value, width);
      expect(machine.run(cycle(10))).toEqual({ kind: 'exited', status });
    }
  });

  test('is a part of the state: a snapshot knows that the machine has ended, and a digest tells it from one that has not', () => {
    const machine = made({ debugExit });
    const before = machine.save();
    machine.bench().writePort(0xf4, 0x2a, 1);
    const ended = machine.save();
    const other = made({ debugExit });
    other.load(ended);
    expect(other.run(cycle(10))).toEqual({ kind: 'exited', status: 0x55 });
    expect(other.digest()).toEqual(machine.digest());
    expect(machine.diff(before, ended).map(({ part, path }) => `${part}.${path}`)).toContain('exit.status');
    other.load(before);
    expect(other.run(cycle(10))).toEqual({ kind: 'cycle' });
  });

  test('lets serial ports send what they hold, as no time follows', () => {
    const machine = made({ debugExit });
    let sent = '';
    machine.onSerial = ({ byte }) => void (sent += String.fromCharCode(byte));
    const bench = machine.bench();
    bench.writePort(0x3fb, 0x03, 1);
    bench.writePort(0x3fa, 0x01, 1);
    for (const letter of 'done\n') bench.writePort(0x3f8, letter.charCodeAt(0), 1);
    expect(sent).toBe('');
    bench.writePort(0xf4, 0, 4);
    expect(sent).toBe('done\n');
    expect(machine.run(cycle(10))).toEqual({ kind: 'exited', status: 1 });
  });

  test('stays ended after the reset button', () => {
    const machine = made({ debugExit });
    machine.bench().writePort(0xf4, 0, 1);
    machine.input({ kind: 'reset' });
    expect(machine.run(cycle(10))).toEqual({ kind: 'exited', status: 1 });
  });

  test.each([
    ['a port of the interrupt controller', { port: 0x20, bytes: 2 }],
    ['ports of which one is the PCI bus', { port: 0xcf6, bytes: 4 }],
    ['a port beyond the last one', { port: 0xffff, bytes: 2 }],
    ['more ports than an access has', { port: 0xf4, bytes: 5 }],
    ['no port', { port: 0xf4, bytes: 0 }],
  ])('cannot be at %s', (_, place) => {
    expect(() => made({ debugExit: place })).toThrow(UserError);
  });

  test('is not there unless asked for', () => {
    const machine = made(undefined);
    machine.bench().writePort(0xf4, 1, 4);
    machine.bench().writePort(0x501, 1, 2);
    expect(machine.run(cycle(10))).toEqual({ kind: 'cycle' });
    expect(Object.keys(machine.digest().parts)).not.toContain('exit');
    expect(machine.unknownAccesses().get('out 0x00f4')).toBe(1);
  });
});

test('the debug console is heard byte by byte with the cycle, and reads as E9h', () => {
  const machine = made({ debugConsole: { port: 0xe9 } });
  const heard: { byte: number; cycle: number }[] = [];
  machine.observers.debugConsole = (sent) => void heard.push(sent);
  machine.run(cycle(50));
  const bench = machine.bench();
  bench.writePort(0xe9, 0x48, 1);
  bench.writePort(0xe9, 0x69, 1);
  expect(heard).toEqual([
    { byte: 0x48, cycle: 50 },
    { byte: 0x69, cycle: 50 },
  ]);
  expect(bench.readPort(0xe9, 1)).toBe(0xe9);
  expect(() => made({ debugConsole: { port: 0x60 } })).toThrow(/testing.debugConsole.port/);
});

describe('the POST card', () => {
  test('hears every code at port 80h, which the page register there keeps as well', () => {
    const machine = made({ postCard: { port: 0x80 } });
    const shown: number[] = [];
    machine.observers.postCode = ({ code }) => void shown.push(code);
    const bench = machine.bench();
    bench.writePort(0x80, 0x41, 1);
    bench.writePort(0x80, 0xbeef, 2);
    expect(shown).toEqual([0x41, 0xef]);
    expect(bench.readPort(0x80, 1)).toBe(0xef);
    expect(machine.unknownAccesses().size).toBe(0);
    const other = made({ postCard: { port: 0x80 } });
    other.load(machine.save());
    expect(other.digest()).toEqual(machine.digest());
  });

  test('listens at a port of its own, and beside the debug console', () => {
    const machine = made({ postCard: { port: 0xe9 }, debugConsole: { port: 0xe9 } });
    const shown: number[] = [];
    machine.observers.postCode = ({ code }) => void shown.push(code);
    machine.observers.debugConsole = ({ byte }) => void shown.push(-byte);
    machine.bench().writePort(0xe9, 5, 1);
    expect(shown).toEqual([5, -5]);
    expect(machine.bench().readPort(0xe9, 1)).toBe(0xe9);
  });

  test('cannot listen where words go, and adds nothing to a machine without it', () => {
    expect(() => made({ postCard: { port: 0x1f0 } })).toThrow(UserError);
    expect(() => made({ postCard: { port: 0xcf8 } })).toThrow(UserError);
    expect(() => made({ postCard: { port: -1 } })).toThrow(UserError);
    expect(Object.keys(made(undefined).digest().parts)).not.toContain('postCard');
  });
});

describe('the test device', () => {
  test('keeps 32 bits in its ports, which are there twice, and 64 KiB of memory', () => {
    const bench = made({ testDevice: true }).bench();
    bench.writePort(0xe0, 0x1234_5678, 4);
    bench.writePort(0xe1, 0xab, 1);
    bench.writePort(0xe4, 0xffff_ffff, 4);
    expect(bench.readPort(0xe0, 4)).toBe(0x1234_ab78);
    expect(bench.readPort(0xea, 2)).toBe(0x1234);
    bench.writeMemory(0xff00_fffc, 0xdead_beef, 4);
    expect(bench.readMemory(0xff00_fffd, 2)).toBe(0xadbe);
    expect(bench.readMemory(0xff01_0000, 1)).toBe(0xff);
  });

  test('drives interrupt requests and the inputs of the I/O APIC above them', () => {
    const machine = made({ testDevice: true });
    const bench = machine.bench();
    const heard: string[] = [];
    bench.onInterruptRequest((request, level) => void heard.push(`${request}=${level}`));
    for (const [line, value] of [
      [5, 1],
      [5, 0],
      [23, 1],
      [2, 1],
    ] as const)
      bench.writePort(0x2000 + line, value, 1);
    expect(heard).toEqual(['5=true', '5=false', '23=true']);
    machine.input({ kind: 'reset' });
    expect(heard.slice(3)).toContain('23=false');
  });

  test('shares a request with the timer, and comes back from a snapshot with its lines', () => {
    const machine = made({ testDevice: true });
    machine.bench().writePort(0x2007, 1, 1);
    const other = made({ testDevice: true });
    other.load(machine.save());
    expect(other.digest()).toEqual(machine.digest());
    const heard: string[] = [];
    other.bench().onInterruptRequest((request, level) => void heard.push(`${request}=${level}`));
    other.bench().writePort(0x2007, 0, 1);
    expect(heard).toEqual(['7=false']);
  });
});

describe('the firmware configuration', () => {
  const level = { name: 'opt/mine/level', text: '3' };
  const read = (machine: Machine, key: number, count: number): number[] => {
    const bench = machine.bench();
    bench.writePort(0x510, key, 2);
    return Array.from({ length: count }, () => bench.readPort(0x511, 1));
  };

  test('says what the machine is, and has the files that the description names', () => {
    const machine = made({ firmwareConfiguration: { files: [level] } });
    expect(String.fromCharCode(...read(machine, 0, 4))).toBe('QEMU');
    expect(read(machine, 1, 4)).toEqual([3, 0, 0, 0]);
    expect(read(machine, 3, 8)).toEqual([0, 0, 0x10, 0, 0, 0, 0, 0]);
    expect(read(machine, 5, 3)).toEqual([1, 0, 0]);
    const directory = String.fromCharCode(...read(machine, 0x19, 4 + 2 * 64));
    expect(directory.slice(0, 4)).toBe('\0\0\0\x02');
    expect(directory).toContain('etc/e820');
    expect(directory).toContain('opt/mine/level');
    expect(read(machine, 0x21, 2)).toEqual([0x33, 0]);
  });

  test('knows who the machine is, and how its firmware is to show itself', () => {
    const uuid = '4600cb3238ec4b2f8acb81c6ea54f2d8';
    const machine = made({ firmwareConfiguration: { files: [], uuid, graphics: false, bootMenu: true } });
    const digits = read(machine, 2, 16).map((byte) => byte.toString(16).padStart(2, '0'));
    expect(digits.join('')).toBe(uuid);
    expect([read(machine, 4, 2), read(machine, 0x0e, 2)]).toEqual([
      [1, 0],
      [1, 0],
    ]);
    const usual = made({ firmwareConfiguration: { files: [] } });
    expect([read(usual, 2, 16), read(usual, 4, 2)]).toEqual([new Array(16).fill(0), [0, 0]]);
    expect(() => made({ firmwareConfiguration: { files: [], uuid: '4600cb32' } })).toThrow("'4600cb32' is no UUID");
  });

  test('copies to memory by its command at 514h', () => {
    const bench = made({ firmwareConfiguration: { files: [] } }).bench();
    expect(bench.readPort(0x514, 4)).toBe(0x554d4551);
    for (const [index, byte] of [0, 0, 0, 0x0a, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0x20, 0].entries())
      bench.writeMemory(0x1000 + index, byte, 1);
    bench.writePort(0x518, 0x0010_0000, 4);
    expect(bench.readMemory(0x1000, 4)).toBe(0);
    expect(bench.readMemory(0x2000, 4)).toBe(0x554d4551);
  });

  test('shows firmware by the host bridge that it may be asked, and no other machine does', () => {
    const subsystem = (machine: Machine): number => {
      const bench = machine.bench();
      bench.writePort(0xcf8, 0x8000_002c, 4);
      return bench.readPort(0xcfc, 4);
    };
    expect(subsystem(made({ firmwareConfiguration: { files: [] } }))).toBe(0x1100_1af4);
    expect(subsystem(made(undefined))).toBe(0);
  });

  test.each([
    ['twice the same name', [level, level]],
    ['a name with a space', [{ name: 'opt/a b', text: '' }]],
    ['the name of a file that is the machine’s', [{ name: 'etc/e820', text: '' }]],
    ['neither text nor image', [{ name: 'opt/none' }]],
    ['an image that is not at hand', [{ name: 'opt/image', image: { sha256: 'a'.repeat(64), size: 3 } }]],
  ])('takes no file with %s', (_, files) => {
    expect(() => made({ firmwareConfiguration: { files } })).toThrow(UserError);
  });
});

describe('a watchdog', () => {
  const seconds = (machine: Machine, count: number): number =>
    machine.cycle + count * machine.description.cyclesPerSecond;
  const watched = (testing: MachineDescription['testing']): { readonly machine: Machine; readonly told: number[] } => {
    const machine = made(testing, { devices: ['ib700'] });
    const told: number[] = [];
    machine.observers.watchdog = ({ cycle: at }) => void told.push(at);
    return { machine, told };
  };

  test('resets the machine whose software does not start it anew', () => {
    const { machine, told } = watched(undefined);
    machine.bench().writePort(0x443, 0x0e, 1);
    const before = machine.save();
    machine.run(cycle(seconds(machine, 1.9)));
    expect(told).toEqual([]);
    machine.run(cycle(before.cycle + 3 * machine.description.cyclesPerSecond));
    expect(told).toHaveLength(1);
    machine.load(before);
    machine.bench().writePort(0x441, 0, 1);
    machine.run(cycle(seconds(machine, 5)));
    expect(told).toHaveLength(1);
  });

  test('is only told of where the description says so', () => {
    const { machine, told } = watched({ watchdogTells: true });
    const bench = machine.bench();
    bench.writePort(0x443, 0x0e, 1);
    bench.writePort(0x61, 0x03, 1);
    bench.pass(cycle(seconds(machine, 3)));
    expect([told.length, bench.readPort(0x61, 1) & 3]).toEqual([1, 3]);
  });
});
