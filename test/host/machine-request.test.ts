import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../src/base/digest.js';
import { UserError } from '../../src/base/errors.js';
import { describeMachine, memoryBytes } from '../../src/host/describe-machine.js';
import { checkRequest, type MachineRequest, readMachineFile } from '../../src/host/machine-request.js';

const folder = mkdtempSync(join(tmpdir(), 'machine-request-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: Uint8Array | string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

function failure(work: () => unknown): UserError {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a machine request', () => {
  test('describes an empty machine by its defaults', () => {
    expect(describeMachine({}).description).toEqual({
      board: 'pc',
      processor: '80386',
      cyclesPerSecond: 50_000_000,
      memoryBytes: 16 * 1024 * 1024,
      boot: 'floppy',
      media: {},
    });
  });

  test('names an image by its digest and never by its path', () => {
    const image = new Uint8Array(720 * 1024).fill(7);
    const described = describeMachine({ floppyA: file('a.img', image) });
    expect(described.description.media.floppyA).toEqual({
      sha256: sha256Hex(image),
      size: image.length,
      writable: true,
    });
    expect(Buffer.compare(described.images.get(sha256Hex(image))!, image)).toBe(0);
    expect(JSON.stringify(described.description)).not.toContain('a.img');
  });

  test('boots from a disk where no floppy is', () => {
    const disk = file('disk.img', new Uint8Array(1024));
    expect(describeMachine({ disk0: disk }).description.boot).toBe('disk');
  });

  test('gives the PCI board its high precision event timers, unless they are left out', () => {
    const devicesOf = (request: MachineRequest) => describeMachine(request).description.devices;
    expect(devicesOf({ board: 'i440fx' })).toEqual(['hpet']);
    expect(devicesOf({ devices: ['virtio-rng'] })).toEqual(['hpet', 'virtio-rng']);
    expect(devicesOf({ devices: ['virtio-rng', 'hpet'] })).toEqual(['virtio-rng', 'hpet']);
    expect(devicesOf({ board: 'i440fx', hpet: false })).toBeUndefined();
    expect(devicesOf({ devices: ['parallel'] })).toEqual(['parallel']);
    expect(describeMachine({ hpet: true }).description.board).toBe('i440fx');
    expect(failure(() => describeMachine({ devices: ['hpet'], hpet: false })).place).toBe('hpet');
  });

  test('serves empty files, and takes none for a kernel', () => {
    const served = mkdtempSync(join(folder, 'served-'));
    writeFileSync(join(served, 'empty.lst'), '');
    const described = describeMachine({ board: 'i440fx', network: ['rtl8139'], served });
    expect(described.description.served).toEqual([{ path: 'empty.lst', sha256: sha256Hex(new Uint8Array()), size: 0 }]);
    const empty = join(served, 'empty.lst');
    expect(failure(() => describeMachine({ kernel: empty })).message).toContain(`${empty}: the file is empty`);
  });

  test('serves files and folders under the paths that are given, in the order of those', () => {
    const below = mkdtempSync(join(folder, 'below-'));
    writeFileSync(join(below, 'default'), 'menu');
    const one = file('one.bin', 'x');
    const machine = file('serving.json', JSON.stringify({ network: ['rtl8139'], served: { 'b.bin': 'one.bin' } }));
    expect(readMachineFile(machine).served).toEqual({ 'b.bin': one });
    const { description } = describeMachine({
      board: 'i440fx',
      network: ['rtl8139'],
      served: { 'z/one': one, 'a.cfg': below, 'b.bin': one },
    });
    expect(description.served?.map(({ path, size }) => `${path} ${size}`)).toEqual([
      'a.cfg/default 4',
      'b.bin 1',
      'z/one 1',
    ]);
    const gone = failure(() =>
      describeMachine({ board: 'i440fx', network: ['rtl8139'], served: { a: join(folder, 'gone') } }),
    );
    expect(gone.message).toContain('gone');
    expect(failure(() => checkRequest({ served: { a: 1 } }, 'm.json')).message).toContain('served');
  });

  test('refuses a floppy of an odd size and a disk with half a sector, naming the file', () => {
    const odd = file('odd.img', new Uint8Array(1000));
    expect(failure(() => describeMachine({ floppyA: odd })).file).toBe(odd);
    expect(failure(() => describeMachine({ disk0: odd })).message).toContain('sectors of 512');
    expect(failure(() => describeMachine({ disk0: join(folder, 'none') })).message).toContain('no such file');
  });

  test('reads memory sizes with and without units', () => {
    expect(memoryBytes('1M')).toBe(1024 * 1024);
    expect(memoryBytes('4096k')).toBe(4 * 1024 * 1024);
    expect(memoryBytes(2 ** 31)).toBe(2 ** 31);
    for (const wrong of ['640K', '3G', '1000000', 'much', '-1M', '']) {
      expect(failure(() => memoryBytes(wrong)).place).toBe('memory');
    }
  });

  test('comes from a JSON file with image paths relative to it', () => {
    file('b.img', new Uint8Array(1440 * 1024));
    const path = file('machine.json', '{ "memory": "4M", "floppyA": { "image": "b.img", "writable": false } }');
    const { description } = describeMachine(readMachineFile(path));
    expect(description.memoryBytes).toBe(4 * 1024 * 1024);
    expect(description.media.floppyA?.writable).toBe(false);
  });

  test('says which key of a file is wrong and what is possible', () => {
    expect(failure(() => checkRequest({ bord: 'pc' }, 'm.json')).message).toMatch(/m\.json, bord: .*\n.*board/);
    expect(failure(() => checkRequest({ boot: 'net' }, 'm.json')).message).toMatch(
      /"floppy", "disk", "cdrom", "network"/,
    );
    expect(failure(() => checkRequest({ floppyA: 3 }, 'm.json')).place).toBe('floppyA');
    expect(failure(() => checkRequest([], 'm.json')).message).toContain('object');
    expect(failure(() => readMachineFile(file('bad.json', '{'))).message).toContain('not JSON');
  });
});
