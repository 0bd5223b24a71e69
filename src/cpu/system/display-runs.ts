/** Runs of string instructions with an end in the display's window, which lies on the bus but does nothing else there. */
import type { AccessWidth, DisplayMemory } from '../bus.js';
import type { SlowPaths } from '../engine/imports.js';
import type { Core } from './core.js';

export function displayRuns(core: Core): Pick<SlowPaths, 'runDisplay'> {
  /** The offset in the window of an address that memory does not answer; -1 where it lies elsewhere. */
  const offsetOf = (linear: number, width: AccessWidth, write: boolean): number => {
    const display = core.bus.display?.();
    const physical = core.tlb.busPlace(linear, width, write, core.userLevel);
    if (display === undefined || physical < display.base || physical >= display.base + display.bytes) return -1;
    return physical - display.base;
  };
  return {
    runDisplay(sourceHost, sourceLinear, destinationHost, destinationLinear, value, fills, count, step) {
      if (core.watch.watching) return 0;
      const width = Math.abs(step) as AccessWidth;
      const to = destinationHost === 0 ? offsetOf(destinationLinear, width, true) : 0;
      const from = fills === 0 && sourceHost === 0 ? offsetOf(sourceLinear, width, false) : 0;
      if (to < 0 || from < 0) return 0;
      const { memory } = core.bus.display!()!;
      if (fills !== 0) memory.fill(to, value, width, count, step);
      else if (sourceHost !== 0) fromMemory(core, memory, sourceHost, to, count, step);
      else if (destinationHost !== 0) toMemory(core, memory, from, destinationHost, count, step);
      else memory.copy(from, to, width, count, step);
      return count;
    },
  };
}

function fromMemory(
  core: Core,
  memory: DisplayMemory,
  host: number,
  offset: number,
  count: number,
  step: number,
): void {
  const width = Math.abs(step) as AccessWidth;
  for (let left = count, at = 0; left > 0; left--, at += step) {
    memory.write(offset + at, core.readHost(host + at, width), width);
  }
}
function toMemory(core: Core, memory: DisplayMemory, offset: number, host: number, count: number, step: number): void {
  const width = Math.abs(step) as AccessWidth;
  for (let left = count, at = 0; left > 0; left--, at += step) {
    core.storeHost(host + at, memory.read(offset + at, width), width);
  }
}
