import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../../src/base/errors.js';
import { type KernelRequest, type Placement, planBoot } from '../../../src/firmware/boot/plan.js';
import { elfImage, linuxImage, multiboot2Header, multibootHeader } from './samples.js';

const memoryEnd = (64 << 20) - 0x10000;
const request = (more: Partial<KernelRequest> & Pick<KernelRequest, 'image'>): KernelRequest => ({
  protocol: 'linux',
  modules: [],
  commandLine: 'console=ttyS0',
  memoryEnd,
  ...more,
});

const viewOf = ({ bytes }: Placement): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const textAt = (placements: readonly Placement[], address: number): string => {
  const found = placements.find((each) => address >= each.address && address < each.address + each.bytes.length)!;
  const rest = found.bytes.subarray(address - found.address);
  return new TextDecoder().decode(rest.subarray(0, rest.indexOf(0)));
};
const problemOf = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return 'no error';
};
/** The words of the note: signature, kind, entry, stack, EAX, EBX, information, where more goes, VBE. */
const noteOf = ([note]: readonly Placement[]): number[] =>
  Array.from({ length: 9 }, (_, index) => viewOf(note!).getUint32(index * 4, true));

describe('a Linux kernel', () => {
  test('of today is placed at 1 MiB, its set-up code low, its initial RAM disk at the end of memory', () => {
    const disk = new Uint8Array(5000).fill(7);
    const placements = planBoot(request({ image: linuxImage({}), modules: [{ bytes: disk }] }));
    const [note, setup, line, kernel, placedDisk] = placements;
    expect(placements.map(({ address }) => address)).toEqual([0x7000, 0x10000, 0x20000, 0x100000, memoryEnd - 8192]);
    expect(noteOf(placements).slice(1, 4)).toEqual([1, 0x1000, 0xfe00]);
    expect(note!.bytes.length).toBeLessThan(0xc00);
    expect(kernel!.bytes).toHaveLength(1000);
    expect(placedDisk!.bytes).toBe(disk);
    const header = viewOf(setup!);
    expect(header.getUint32(0x228, true)).toBe(0x20000);
    expect([header.getUint32(0x218, true), header.getUint32(0x21c, true)]).toEqual([memoryEnd - 8192, 5000]);
    expect([header.getUint8(0x210), header.getUint8(0x211), header.getUint16(0x224, true)]).toEqual([
      0xff, 0x81, 0xfc00,
    ]);
    expect(textAt(placements, line!.address)).toBe('console=ttyS0');
  });

  test('made before loaders knew of high memory goes to 10000h, with its command line named in its boot sector', () => {
    const placements = planBoot(request({ image: linuxImage({ version: 0, loadFlags: 0 }) }));
    expect(placements.map(({ address }) => address)).toEqual([0x7000, 0x90000, 0x99000, 0x10000]);
    const header = viewOf(placements[1]!);
    expect([header.getUint16(0x20, true), header.getUint16(0x22, true)]).toEqual([0xa33f, 0x9000]);
  });

  test('keeps its initial RAM disk below what it says it reaches', () => {
    const image = linuxImage({ fields: { 0x22c: 0x1ffffff } });
    const placements = planBoot(request({ image, modules: [{ bytes: new Uint8Array(1) }] }));
    expect(placements.at(-1)!.address).toBe(0x1fff000);
  });

  test('is given the video mode of its command line', () => {
    const mode = (commandLine: string): number =>
      viewOf(planBoot(request({ image: linuxImage({}), commandLine }))[1]!).getUint16(0x1fa, true);
    expect([mode('vga=0x318 quiet'), mode('quiet vga=792'), mode('vga=ask'), mode('novga=1')]).toEqual([
      0x318, 792, 0xfffd, 0,
    ]);
  });

  test('that cannot be started says why and what to do', () => {
    const problem = (image: Uint8Array, more: Partial<KernelRequest> = {}): string =>
      problemOf(() => planBoot(request({ image, ...more })));
    const disk = { bytes: new Uint8Array(1 << 20) };
    expect(problem(new Uint8Array(4096))).toMatch(/no boot sector.*\n.*bzImage/s);
    expect(problem(linuxImage({}).subarray(0, 1500))).toMatch(/ends inside its set-up code/);
    expect(problem(linuxImage({}), { commandLine: 'x'.repeat(2048) })).toMatch(/may have 2047 bytes, not 2048/);
    expect(problem(linuxImage({}), { commandLine: 'vga=blue' })).toMatch(/no mode/);
    expect(problem(linuxImage({}), { modules: [disk, disk] })).toMatch(/one initial RAM disk/);
    expect(problem(linuxImage({}), { modules: [disk], memoryEnd: 2 << 20 })).toMatch(/more memory/);
    expect(problem(linuxImage({ version: 0x203, loadFlags: 0, kernelBytes: 600_000 }))).toMatch(/below 640 KiB/);
  });
});

describe('a Multiboot kernel', () => {
  test('is placed by the addresses of its header, with zeros behind', () => {
    const header = multibootHeader(0x10003, 0x200000, 0x200000, 0, 0x200100, 0x200040);
    const placements = planBoot(request({ protocol: 'multiboot', image: Uint8Array.from([...header, 1, 2, 3, 4]) }));
    expect(noteOf(placements).slice(1, 7)).toEqual([2, 0x200040, 0, 0x2badb002, 0x8000, 0x8000]);
    expect(placements[1]!.address).toBe(0x200000);
    expect([...placements[1]!.bytes.subarray(32, 37)]).toEqual([1, 2, 3, 4, 0]);
    expect(placements[1]!.bytes).toHaveLength(0x100);
  });

  test('as an ELF file is entered where its segment lies in memory, though it is linked elsewhere', () => {
    const image = elfImage({ address: 0x100000, bytes: multibootHeader(0), memoryBytes: 0x2000, offset: 0xc0000000 });
    const placements = planBoot(request({ protocol: 'multiboot', image }));
    expect(noteOf(placements)[2]).toBe(0x100000);
    expect(placements[1]!.bytes).toHaveLength(0x2000);
  });

  test('finds its command line, its modules and who loaded it by the information', () => {
    const image = elfImage({ address: 0x100000, bytes: multibootHeader(1), memoryBytes: 0x1800 });
    const modules = [{ bytes: new Uint8Array(100).fill(1), commandLine: 'one' }, { bytes: new Uint8Array(5) }];
    const placements = planBoot(request({ protocol: 'multiboot', image, modules, commandLine: 'root=/' }));
    const information = viewOf(placements.at(-1)!);
    const field = (at: number): number => information.getUint32(at, true);
    expect(field(0)).toBe(0x20c);
    expect(textAt(placements, field(16))).toBe('root=/');
    expect(textAt(placements, field(64))).toBe('tsvm-test');
    const list = field(24) - placements.at(-1)!.address;
    expect([field(20), field(list), field(list + 4), field(list + 16)]).toEqual([2, 0x102000, 0x102064, 0x103000]);
    expect(textAt(placements, field(list + 8))).toBe('one');
  });

  test('of version 2 has tags for them, and its entry and graphics mode from tags of its header', () => {
    const bytes = multiboot2Header([3, 12, 0x100123], [5, 20, 800, 600, 32]);
    const modules = [{ bytes: new Uint8Array(3), commandLine: 'm' }];
    const placements = planBoot(
      request({ protocol: 'multiboot2', image: elfImage({ address: 0x100000, bytes }), modules }),
    );
    const note = noteOf(placements);
    expect([note[1], note[2], note[4]]).toEqual([3, 0x100123, 0x36d76289]);
    const graphics = Array.from({ length: 4 }, (_, index) => viewOf(placements[0]!).getUint16(36 + index * 2, true));
    expect(graphics).toEqual([1, 800, 600, 32]);
    const information = viewOf(placements.at(-1)!);
    expect([information.getUint32(8, true), information.getUint32(12, true)]).toEqual([1, 22]);
    expect(note[7]! % 8).toBe(0);
  });

  test('of version 2 is told where it begins if its header says that it may be placed elsewhere, and only then', () => {
    const loadBaseOf = (...tags: readonly (readonly number[])[]): number[] => {
      const image = elfImage({ address: 0x200000, bytes: multiboot2Header(...tags) });
      const information = viewOf(planBoot(request({ protocol: 'multiboot2', image })).at(-1)!);
      const found: number[] = [];
      for (let at = 8; at < information.byteLength; at += Math.ceil(information.getUint32(at + 4, true) / 8) * 8)
        if (information.getUint32(at, true) === 21) found.push(information.getUint32(at + 8, true));
      return found;
    };
    expect(loadBaseOf([10, 24, 0x100000, 0x8000000, 4096, 0])).toEqual([0x200000]);
    expect(loadBaseOf()).toEqual([]);
  });

  test('that cannot be started says why', () => {
    const problem = (image: Uint8Array, protocol: KernelRequest['protocol'] = 'multiboot'): string =>
      problemOf(() => planBoot(request({ protocol, image })));
    expect(problem(new Uint8Array(100))).toMatch(/no Multiboot header/);
    expect(problem(new Uint8Array(100), 'multiboot2')).toMatch(/no Multiboot2 header/);
    expect(problem(Uint8Array.from(multibootHeader(0x8)))).toMatch(/requires 0x8/);
    expect(problem(Uint8Array.from([...multibootHeader(0), ...Array<number>(60).fill(0)]))).toMatch(/no ELF file/);
    expect(problem(elfImage({ address: 0x1000, bytes: multibootHeader(0) }))).toMatch(/vectors, stack/);
    expect(problem(elfImage({ address: 0x7fff0000, bytes: multibootHeader(0) }))).toMatch(/behind the end of memory/);
    const bytes = multiboot2Header([77, 8]);
    expect(problem(elfImage({ address: 0x100000, bytes }), 'multiboot2')).toMatch(/requires tag 77/);
  });
});

test('whatever an image holds, it is planned without overlaps or refused by name', () => {
  const start = fc.constantFrom(
    linuxImage({}),
    linuxImage({ version: 0x201, loadFlags: 0 }),
    elfImage({ address: 0x100000, bytes: multibootHeader(7, 0, 0, 0, 0, 0, 0, 640, 480, 32) }),
    elfImage({ address: 0x9000, bytes: multiboot2Header([5, 20, 0, 0, 0]) }),
    Uint8Array.from(multibootHeader(0x10000, 0x100000, 0x100000, 0, 0, 0x100000)),
  );
  const changes = fc.array(fc.tuple(fc.nat(700), fc.nat(255)), { maxLength: 4 });
  const protocol = fc.constantFrom('linux', 'multiboot', 'multiboot2');
  fc.assert(
    fc.property(start, changes, protocol, fc.array(fc.nat(70_000), { maxLength: 3 }), (image, bytes, kind, sizes) => {
      const changed = image.slice();
      for (const [at, value] of bytes) if (at < changed.length) changed[at] = value;
      const modules = sizes.map((size) => ({ bytes: new Uint8Array(size) }));
      let placements: readonly Placement[];
      try {
        placements = planBoot(request({ image: changed, protocol: kind, modules }));
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        return;
      }
      const filled = placements.filter((each) => each.bytes.length > 0).sort((a, b) => a.address - b.address);
      filled.forEach(({ address, bytes: { length } }, index) => {
        const following = filled[index + 1];
        if (following !== undefined) expect(address + length).toBeLessThanOrEqual(following.address);
        expect(address + length).toBeLessThanOrEqual(memoryEnd);
      });
    }),
    { numRuns: 500 },
  );
});
