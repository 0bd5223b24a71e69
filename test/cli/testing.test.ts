/** Kernels under test at the command line: their exit status is the command's, their debug console is standard output. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { floppy, run } from './command-line.js';

const folder = mkdtempSync(join(tmpdir(), 'testing-'));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
const say = (byte: number): number[] => [0xb0, byte, 0xe6, 0xe9]; // mov al, byte; out 0e9h, al

/** Says "ok" at the debug console and ends with the value 10h. */
const passes = floppy([...say(0x6f), ...say(0x6b), ...say(0x0a), 0xb0, 0x10, 0xe6, 0xf4, 0xeb, 0xfe]);
/** Halts for ever. */
const hangs = floppy([0xfa, 0xf4, 0xeb, 0xfd]);

const devices = ['--device', 'isa-debug-exit,iobase=0xf4,iosize=0x04', '--device', 'isa-debugcon'];
const record = (image: string, trace: string): string[] => {
  const fixed = ['--date', '2024-01-01T00:00:00Z', '--seed', '1'];
  return ['record', '--image', image, ...devices, '-o', trace, ...fixed];
};
const live = ['--console', 'debug', '--unpaced', '--for', '20'];

beforeAll(() => {
  write('passes.img', passes);
  write('hangs.img', hangs);
});

test('a guest that ends by its debug exit gives its status, and its trace replays to the same end', async () => {
  const { code, stdout, stderr } = await run(folder, ...record('passes.img', 'live.trace'), ...live);
  expect(stderr).toBe('');
  expect(code).toBe(0x21);
  expect(stdout).toMatch(/^ok\n/);
  expect(stdout).toContain('the guest ended with status 33');
  const replayed = await run(folder, 'replay', 'live.trace', '--debug-console', 'said.txt', '--json');
  expect(replayed.code).toBe(0);
  expect(JSON.parse(replayed.stdout)).toMatchObject({ end: 'exited', debugConsole: 'ok\n', result: 'equal' });
  expect(readFileSync(join(folder, 'said.txt'), 'utf8')).toBe('ok\n');
  const found = await run(folder, 'bisect', 'live.trace', '--when', 'exited', '--json');
  expect(JSON.parse(found.stdout)).toMatchObject({ found: { before: { code: expect.stringMatching(/^e6f4/) } } });
});

test('codes at a POST port are told at the end, and a recording that is not paced ends where the guest halts for ever', async () => {
  const code = (byte: number): number[] => [0xb0, byte, 0xba, 0x90, 0x01, 0xee]; // mov al, byte; mov dx, 190h; out dx, al
  write('post.img', floppy([...code(0x01), ...code(0xff), 0xfa, 0xf4]));
  const words = ['record', '--image', 'post.img', '--device', 'post-card,port=0x190', '--unpaced', '-o', 'post.trace'];
  const { code: exit, stdout } = await run(folder, ...words);
  expect(exit).toBe(0);
  expect(stdout).toContain('(halted)');
  expect(stdout).toContain('POST codes 01 ff');
  expect((await run(folder, 'replay', 'post.trace')).stdout).toContain('POST codes 01 ff');
});

test('a test ROM runs in place of the firmware and tells what it does by text and codes', async () => {
  const rom = new Uint8Array(65536);
  rom.set([...say(0x68), ...say(0x69), 0xb0, 0x7f, 0xe6, 0x80, 0xfa, 0xf4]); // At F000:0000: "hi", code 7Fh, halt.
  rom.set([0xea, 0x00, 0x00, 0x00, 0xf0], 0xfff0); // jmp f000:0000
  write('rom.bin', rom);
  const words = ['record', '--bios', 'rom.bin', '--device', 'isa-debugcon', '--device', 'post-card'];
  const { code, stdout } = await run(folder, ...words, '--console', 'debug', '--unpaced', '-o', 'rom.trace');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^hi/);
  expect(stdout).toContain('POST codes 7f');
  expect((await run(folder, 'replay', 'rom.trace')).stdout).toContain('POST codes 7f');
});

test('a script that waits for a status passes with it, and gives any other as the exit code', async () => {
  write('wait.json', JSON.stringify([{ waitFor: { exit: 33, within: 20 } }]));
  const passed = await run(folder, ...record('passes.img', 'a.trace'), '--script', 'wait.json', '--json');
  expect(passed.code).toBe(0);
  expect(JSON.parse(passed.stdout)).toMatchObject({ reason: 'exited', status: 33 });
  write('other.json', JSON.stringify([{ waitFor: { exit: 35, within: 20 } }]));
  expect((await run(folder, ...record('passes.img', 'b.trace'), '--script', 'other.json')).code).toBe(33);
  write('any.json', JSON.stringify([{ waitFor: { exit: true, within: 20 } }, { wait: 1 }]));
  expect((await run(folder, ...record('passes.img', 'c.trace'), '--script', 'any.json')).code).toBe(33);
});

test('a guest that hangs runs into the limit: exit code 4', async () => {
  expect((await run(folder, ...record('hangs.img', 'hang.trace'), ...live)).code).toBe(4);
  write('wait.json', JSON.stringify([{ waitFor: { exit: 33, within: 2 } }]));
  const { code, stderr } = await run(folder, ...record('hangs.img', 'stuck.trace'), '--script', 'wait.json');
  expect(code).toBe(4);
  expect(stderr).toContain('did not end by its debug exit');
});

/** Writes the first byte of the firmware configuration's second file to the debug console, and ends. */
const asks = floppy([
  ...[0xba, 0x10, 0x05, 0xb8, 0x21, 0x00, 0xef], // mov dx, 510h; mov ax, 21h; out dx, ax
  ...[0x42, 0xec, 0xe6, 0xe9, 0xe6, 0xf4], // inc dx; in al, dx; out 0e9h, al; out 0f4h, al
]);

test.each([
  ['a text', 'name=opt/level,string=A,b', 'A'],
  ['a file', 'opt/level,file=level.txt', 'Z'],
])('a file of the firmware configuration may be %s, and its trace replays', async (_, file, says) => {
  write('asks.img', asks);
  write('level.txt', 'Z');
  const words = [...record('asks.img', 'asks.trace'), '--fw-cfg', file, ...live];
  const { code, stdout } = await run(folder, ...words);
  expect(stdout.slice(0, 1)).toBe(says);
  expect(code).toBe(((says.charCodeAt(0) << 1) | 1) & 0xff);
  expect((await run(folder, 'replay', 'asks.trace')).code).toBe(0);
});

test('a mistake in --fw-cfg is told', async () => {
  const { code, stderr } = await run(folder, 'record', '--fw-cfg', 'opt/level=3', '-o', 'x.trace');
  expect(code).toBe(2);
  expect(stderr).toContain('string=3');
});

test.each([
  ['isa-debug-exit,port=0xf4', 'iobase'],
  ['isa-debug-exit,iobase=bad', '"bad" is no whole number'],
  ['isa-debug-exit,iobase=0x60', 'belongs to another part'],
  ['nvme', 'pc-testdev'],
])('a mistake in --device %s is told', async (device, says) => {
  const { code, stderr } = await run(folder, 'record', '--device', device, '-o', 'x.trace');
  expect(code).toBe(2);
  expect(stderr).toContain(says);
});
