/** Regions give way to others where there is no place for all. */
import { expect, test, vi } from 'vitest';
import type { CompilerTuning } from '../../../../src/cpu/engine/compiler/tuning.js';
import { code32, d } from '../../bytes.js';
import { World } from '../../world.js';

const pages = 40;
const rounds = 12;
const firstPage = 0x2_0000;

/** Calls one page after another, round after round; each loops for a while over what tells it from the others, in EBX and EDX. */
function manyPages(world: World): void {
  const call = (page: number): number[] => [...code32.mov('esi', firstPage + page * 0x1000), 0xff, 0xd6];
  const calls = Array.from({ length: pages }, (_, page) => call(page)).flat();
  // The calls; DEC EDI; JNZ.
  const loop = [...calls, 0x4f, 0x0f, 0x85];
  world.flat([...code32.mov('edi', rounds), ...loop, ...d(-loop.length - 4), ...code32.hlt]);
  for (let page = 0; page < pages; page++) {
    // ADD EBX, page; LEA EDX, [EBX + EDX * 2]; DEC ECX; JNZ; RET.
    const body = [0x81, 0xc3, ...d(page), 0x8d, 0x14, 0x53, 0x49, 0x75, 0xf4, 0xc3];
    world.put(firstPage + page * 0x1000, ...code32.mov('ecx', 100), ...body);
  }
}

/** Runs that to its end; gives the state, how many regions there were at most and how many were made. */
function runWith(compiler?: Partial<CompilerTuning>) {
  const changes = vi.spyOn(WebAssembly.Table.prototype, 'set');
  const world = new World('pentium3', 1 << 20, undefined, compiler);
  manyPages(world);
  for (let slice = 0; slice < 400; slice++) world.run(1000);
  expect(world.word('halted')).toBe(1);
  const kept = new Set<number>();
  let [most, made] = [0, 0];
  for (const [place, region] of changes.mock.calls) {
    kept.delete(place);
    if (region === null) continue;
    kept.add(place);
    made++;
    most = Math.max(most, kept.size);
  }
  changes.mockRestore();
  return { most, made, state: Buffer.from(world.processor.save()).toString('hex') };
}

const atOnce = { look: 100, threshold: 1, batch: 1, delay: 0 };

test('no more regions are kept than there may be, and the run is what it is without them', () => {
  const ran = runWith({ ...atOnce, regions: 8 });
  expect(ran.most).toBe(8);
  expect(ran.state).toBe(runWith().state);
});
test('a page whose region gave way is compiled again', () => {
  const all = runWith(atOnce);
  expect(all.most).toBeGreaterThanOrEqual(pages);
  expect(runWith({ ...atOnce, regions: 8 }).made).toBeGreaterThan(2 * all.made);
});
test.each([1, 2, 5])('a batch of more regions than the %i that there may be leaves the last ones', (regions) => {
  const ran = runWith({ ...atOnce, batch: pages, delay: 1_000_000, regions });
  expect(ran.most).toBeLessThanOrEqual(regions);
  expect(ran.made).toBeGreaterThan(regions);
  expect(ran.state).toBe(runWith().state);
});
