/** Compiled code that is no longer led into can be freed. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, test, vi } from 'vitest';
import { code32 } from '../../bytes.js';
import { World } from '../../world.js';

afterEach(() => vi.unstubAllGlobals());

test('the modules of code that was compiled are freed when all decoded code is dropped', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const made: WeakRef<object>[] = [];
  const { Instance } = WebAssembly;
  class Noted extends Instance {
    constructor(...settings: ConstructorParameters<typeof Instance>) {
      super(...settings);
      made.push(new WeakRef(this));
    }
  }
  const world = new World('pentium3', 1 << 20, undefined, { look: 1, threshold: 1, batch: 1, delay: 0, patience: 1 });
  vi.stubGlobal('WebAssembly', { ...WebAssembly, Module: WebAssembly.Module, Instance: Noted });
  for (let round = 0; round < 4; round++) {
    // MOV ECX, 1000; DEC ECX; JNZ; HLT.
    world.flat([...code32.mov('ecx', 1000), 0x49, 0x75, 0xfd, ...code32.hlt]);
    world.run(10_000);
    world.processor['code'].flush();
  }
  expect(made.length).toBeGreaterThanOrEqual(4);
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  // The last one may still stand on the stack.
  expect(made.filter((each) => each.deref() !== undefined).length).toBeLessThanOrEqual(1);
});
