/** Runs of string instructions with an end in the display's window, which lies on the bus but does nothing else there. */
import type { AccessWidth, DisplayWindow } from '../bus.js';
import type { SlowPaths } from '../engine/imports.js';
import type { Core } from './core.js';

/** Reads or writes an element `at` bytes from an end's first one. */
interface End {
  read(at: number): number;
  write(at: number, value: number): void;
}

export function displayRuns(core: Core): Pick<SlowPaths, 'runDisplay'> {
  /** An end that is in neither memory nor the window is undefined. */
  const endAt = (host: number, linear: number, width: AccessWidth, write: boolean): End | undefined => {
    if (host !== 0) return memoryEnd(core, host, width);
    const display = core.bus.display?.();
    const physical = core.tlb.busPlace(linear, width, write, core.userLevel);
    if (display === undefined || physical < display.base || physical >= display.base + display.bytes) return undefined;
    return windowEnd(display, physical - display.base, width);
  };
  return {
    runDisplay(sourceHost, sourceLinear, destinationHost, destinationLinear, value, fills, count, step) {
      if (core.watch.watching) return 0;
      const width = Math.abs(step) as AccessWidth;
      const to = endAt(destinationHost, destinationLinear, width, true);
      const from = fills !== 0 ? undefined : endAt(sourceHost, sourceLinear, width, false);
      if (to === undefined || (fills === 0 && from === undefined)) return 0;
      for (let at = 0, left = count; left > 0; left--, at += step) {
        to.write(at, from === undefined ? value : from.read(at));
      }
      return count;
    },
  };
}

function memoryEnd({ u8, view }: Core, host: number, width: AccessWidth): End {
  if (width === 1) return { read: (at) => u8[host + at]!, write: (at, value) => void (u8[host + at] = value) };
  if (width === 2) {
    return {
      read: (at) => view.getUint16(host + at, true),
      write: (at, value) => view.setUint16(host + at, value, true),
    };
  }
  return {
    read: (at) => view.getInt32(host + at, true),
    write: (at, value) => view.setInt32(host + at, value, true),
  };
}
const windowEnd = (display: DisplayWindow, offset: number, width: AccessWidth): End => ({
  read: (at) => display.read(offset + at, width),
  write: (at, value) => display.write(offset + at, value, width),
});
