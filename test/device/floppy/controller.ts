import { createDevice } from '../../../src/device/device.js';
import { floppy } from '../../../src/device/floppy/floppy.js';
import { floppyDriveFor, type FloppyDriveKind } from '../../../src/device/floppy/geometry.js';
import type { FloppyDma } from '../../../src/device/floppy/state.js';
import { type Medium, sectorBytes } from '../../../src/device/medium.js';

/** A floppy in memory whose byte `at` of sector `s` is `s * 5 + at`. */
export function testFloppy(kilobytes: number, writable = true): Medium & { readonly bytes: Uint8Array } {
  const bytes = new Uint8Array(kilobytes * 1024);
  for (let at = 0; at < bytes.length; at++) bytes[at] = ((at >> 9) * 5 + at) & 0xff;
  return {
    bytes,
    sectors: bytes.length / sectorBytes,
    writable,
    read: (sector, into) => into.set(bytes.subarray(sector * sectorBytes, (sector + 1) * sectorBytes)),
    write: (sector, data) => bytes.set(data.subarray(0, sectorBytes), sector * sectorBytes),
  };
}

/** A DMA channel over a small memory: `program` sets where and how much. */
export function testDma() {
  const memory = new Uint8Array(64 * 1024);
  let address = 0;
  let left = 0;
  let requested = false;
  const next = (): { readonly at: number; readonly terminalCount: boolean } | undefined => {
    if (left === 0) return undefined;
    left--;
    return { at: address++, terminalCount: left === 0 };
  };
  const channel: FloppyDma = {
    request: (level) => void (requested = level),
    toDevice() {
      const cycle = next();
      return cycle && { value: memory[cycle.at]!, terminalCount: cycle.terminalCount };
    },
    fromDevice(value) {
      const cycle = next();
      if (cycle) memory[cycle.at] = value;
      return cycle && { terminalCount: cycle.terminalCount };
    },
  };
  return {
    memory,
    channel,
    requested: () => requested,
    left: () => left,
    program(at: number, count: number) {
      address = at;
      left = count;
    },
  };
}

export const ticksPerMillisecond = 3000;

/** A controller with a driver's habits; drive kinds follow the first media unless given. */
export class TestController {
  readonly dma = testDma();
  readonly device;
  interrupt = false;
  /** Rising edges of INT so far. */
  edges = 0;
  /** Changes of INT so far. */
  changes = 0;

  constructor(
    readonly media: (Medium | undefined)[],
    kinds: readonly (FloppyDriveKind | undefined)[] = media.map((medium) => floppyDriveFor(medium?.sectors)),
    drive: (unit: number) => Medium | undefined = (unit) => this.media[unit],
    asQemu = false,
  ) {
    this.device = createDevice(floppy, {
      lines: {
        interrupt: (to) => {
          if (to && !this.interrupt) this.edges++;
          if (to !== this.interrupt) this.changes++;
          this.interrupt = to;
        },
      },
      board: { dma: this.dma.channel, drive, driveKind: (unit) => kinds[unit], asQemu },
    });
  }

  mainStatus(): number {
    return this.device.read('mainStatusOrDataRate')!;
  }
  /** Sends a command's bytes. */
  send(...bytes: number[]): void {
    for (const byte of bytes) {
      if ((this.mainStatus() & 0xc0) !== 0x80)
        throw new Error(`not ready for a byte: ${this.mainStatus().toString(16)}`);
      this.device.write('data', byte);
    }
  }
  /** Reads result bytes while the controller offers them. */
  results(): number[] {
    const found: number[] = [];
    while ((this.mainStatus() & 0xd0) === 0xd0) found.push(this.device.read('data')!);
    return found;
  }
  /** Lets time pass until the interrupt comes; gives the milliseconds that took, or Infinity if none comes in 20 s. */
  untilInterrupt(): number {
    let ticks = 0;
    while (!this.interrupt) {
      const edge = this.device.nextEdge();
      if (edge === Infinity || ticks > 20_000 * ticksPerMillisecond) return Infinity;
      this.device.advance(edge);
      ticks += edge;
    }
    return ticks / ticksPerMillisecond;
  }
  /** Resets as a driver does: drive 0 selected, its motor on, four polls sensed, 500 kbit/s, fast steps. */
  begin(rateSelect = 0): this {
    this.device.write('digitalOutput', 0x00);
    this.device.write('digitalOutput', 0x1c);
    this.untilInterrupt();
    for (let unit = 0; unit < 4; unit++) this.sense();
    this.device.write('digitalInputOrConfiguration', rateSelect);
    this.send(0x03, 0xdf, 0x02);
    return this;
  }
  sense(): number[] {
    this.send(0x08);
    return this.results();
  }
  recalibrate(unit = 0): number[] {
    this.send(0x07, unit);
    this.untilInterrupt();
    return this.sense();
  }
  seek(cylinder: number, unit = 0, side = 0): number[] {
    this.send(0x0f, (side << 2) | unit, cylinder);
    this.untilInterrupt();
    return this.sense();
  }
  /** A nine-byte command on drive 0 over `count` bytes of DMA at address 0; gives the result. */
  transfer(code: number, id: readonly [number, number, number], count: number, endOfTrack = 18): number[] {
    const [cylinder, side, sector] = id;
    this.dma.program(0, count);
    this.send(code, side << 2, cylinder, side, sector, 2, endOfTrack, 0x1b, 0xff);
    this.untilInterrupt();
    return this.results();
  }
}
