/** The I/O port map: which chip's register answers at which port, and what happens where none does. */
import { assert } from '../base/assert.js';
import { hex } from '../base/integers.js';
import type { Device, Width } from '../device/device.js';
import { type BusRegion, openBus } from './memory-map.js';
import type { Clocked } from './timeline.js';

interface PortHandler {
  read(width: Width): number | undefined;
  write(value: number, width: Width): boolean;
  /** Accesses wider than a byte reach this register whole; elsewhere they are split into bytes. */
  readonly wide: boolean;
}

/** A range of ports that software may move. */
interface PlacedRange {
  readonly base: number;
  readonly end: number;
  readonly region: BusRegion;
}

export class PortMap {
  private readonly handlers = new Array<PortHandler | undefined>(65536).fill(undefined);
  /** Ranges that can move; fixed ports come before them, and the range placed first before the next. */
  private ranges: readonly PlacedRange[] = [];
  /** Accesses nobody answered, by `in 0x…` and `out 0x…`. */
  readonly unknown = new Map<string, number>();

  /** Connects a chip's registers at `base` plus their offsets. Registers named in `wide` take 16- and 32-bit accesses whole. */
  connect<Register extends string>(
    device: Pick<Device<unknown, Register>, 'name' | 'read' | 'write'> & {
      readonly registers: Readonly<Record<Register, number>>;
    },
    base: number,
    clocked: Clocked,
    now: () => number,
    wide: readonly Register[] = [],
  ): void {
    for (const [register, offset] of Object.entries(device.registers) as [Register, number][]) {
      this.set(base + offset, {
        wide: wide.includes(register),
        read(width) {
          clocked.sync(now());
          const value = device.read(register, width);
          clocked.reschedule();
          return value;
        },
        write(value, width) {
          clocked.sync(now());
          const taken = device.write(register, value, width);
          clocked.reschedule();
          return taken;
        },
      });
    }
  }
  private set(port: number, handler: PortHandler): void {
    assert(this.handlers[port] === undefined, `one register answers at port ${hex(port, 4)}`);
    this.handlers[port] = handler;
  }
  /** Places a region whose accesses are taken whole; the function that comes back takes it out again. */
  place(base: number, count: number, region: BusRegion): () => void {
    const range = { base, end: base + count, region };
    this.ranges = [...this.ranges, range];
    return () => {
      this.ranges = this.ranges.filter((each) => each !== range);
    };
  }
  private rangeAt(port: number, width: Width): PlacedRange | undefined {
    return this.ranges.find(({ base, end }) => port >= base && port + width <= end);
  }

  read(port: number, width: Width): number {
    const handler = this.handlers[port];
    if (handler === undefined || (width > 1 && !handler.wide)) {
      const range = this.rangeAt(port, width);
      const value = range?.region.read(port - range.base, width);
      if (value !== undefined) return value;
    }
    if (width === 1 || handler?.wide) {
      const value = handler?.read(width);
      if (value === undefined) this.count('in', port);
      return value ?? openBus(width);
    }
    const half = (width / 2) as 1 | 2;
    return this.read(port, half) + this.read((port + half) & 0xffff, half) * 2 ** (8 * half);
  }
  write(port: number, value: number, width: Width): void {
    const handler = this.handlers[port];
    if (handler === undefined || (width > 1 && !handler.wide)) {
      const range = this.rangeAt(port, width);
      if (range !== undefined && range.region.write(port - range.base, value >>> 0, width) !== false) return;
    }
    if (width === 1 || handler?.wide) {
      if (!handler?.write(value, width)) this.count('out', port);
      return;
    }
    const half = (width / 2) as 1 | 2;
    this.write(port, value & openBus(half), half);
    this.write((port + half) & 0xffff, (value >>> (8 * half)) & openBus(half), half);
  }
  private count(direction: 'in' | 'out', port: number): void {
    const key = `${direction} 0x${hex(port, 4)}`;
    this.unknown.set(key, (this.unknown.get(key) ?? 0) + 1);
  }
}
