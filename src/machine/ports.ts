/** The I/O port map: which chip's register answers at which port, and what happens where none does. */
import { assert } from '../base/assert.js';
import { hex } from '../base/integers.js';
import type { Device, RegisterAccess, Width } from '../device/device.js';
import { type BusRegion, openBus } from './memory-map.js';
import type { Clocked } from './timeline.js';

/** What answers at a port. */
interface PortAnswer {
  readonly isWide: boolean;
  read(width: Width): number | undefined;
  write(value: number, width: Width): boolean;
  readMany(into: Uint8Array, width: Width): number;
  writeMany(from: Uint8Array, width: Width): number;
}

/** A port whose written bytes somebody else hears too. */
class Overheard implements PortAnswer {
  readonly isWide = false;

  constructor(
    private readonly answer: PortAnswer | undefined,
    private readonly hear: (value: number) => void,
  ) {}

  read(width: Width): number | undefined {
    return this.answer?.read(width);
  }
  write(value: number, width: Width): boolean {
    this.hear(value & 0xff);
    return this.answer?.write(value, width) ?? true;
  }
  readMany(): number {
    return 0;
  }
  writeMany(): number {
    return 0;
  }
}

/** A chip's register at its port. */
class Connected implements PortAnswer {
  /** A byte that stands until somebody touches the chip, and at which of its changes it was read. */
  private steadyValue = 0;
  private steadyAt = -1;

  constructor(
    private readonly register: RegisterAccess,
    private readonly clocked: Clocked,
    private readonly now: () => number,
    /** Accesses wider than a byte reach this register whole; elsewhere they are split into bytes. */
    readonly isWide: boolean,
  ) {}

  read(width: Width): number | undefined {
    const { clocked, register } = this;
    const now = this.now();
    if (this.steadyAt === clocked.changes && width === 1 && now < clocked.due) return this.steadyValue;
    clocked.sync(now);
    const value = register.read(width);
    clocked.reschedule();
    if (value !== undefined && width === 1 && register.isSteady?.(value) === true) {
      this.steadyValue = value;
      this.steadyAt = clocked.changes;
    }
    return value;
  }
  write(value: number, width: Width): boolean {
    this.clocked.sync(this.now());
    const taken = this.register.write(value, width);
    this.clocked.reschedule();
    return taken;
  }
  /** Accesses that only move on in a buffer change no edge. */
  readMany(into: Uint8Array, width: Width): number {
    this.clocked.sync(this.now());
    return this.register.readMany(into, width);
  }
  writeMany(from: Uint8Array, width: Width): number {
    this.clocked.sync(this.now());
    return this.register.writeMany(from, width);
  }
}

/** A range of ports that software may move. */
interface PlacedRange {
  readonly base: number;
  readonly end: number;
  readonly region: BusRegion;
}

const portCount = 0x10000;

export class PortMap {
  private readonly connected = new Array<PortAnswer | undefined>(portCount).fill(undefined);
  /** Ranges that can move; fixed ports come before them, and the range placed first before the next. */
  private ranges: readonly PlacedRange[] = [];
  /** The first range at each port; made anew when one comes or goes. */
  private readonly rangeAtPort = new Array<PlacedRange | undefined>(portCount).fill(undefined);
  /** Accesses nobody answered, by port; those of writes lie {@link portCount} higher. */
  private readonly unanswered = new Map<number, number>();

  constructor(private readonly now: () => number) {}

  /** Connects a chip's registers at `base` plus their offsets. Registers named in `wide` take 16- and 32-bit accesses whole. */
  connect<Register extends string>(
    device: Pick<Device<unknown, Register>, 'access'> & { readonly registers: Readonly<Record<Register, number>> },
    base: number,
    clocked: Clocked,
    wide: readonly Register[] = [],
  ): void {
    for (const [register, offset] of Object.entries(device.registers) as [Register, number][]) {
      const port = base + offset;
      assert(this.connected[port] === undefined, `one register answers at port ${hex(port, 4)}`);
      this.connected[port] = new Connected(device.access(register), clocked, this.now, wide.includes(register));
    }
  }
  /** Whether anything answers at a port, as far as software has not moved it there. */
  isTaken(port: number): boolean {
    return this.connected[port] !== undefined || this.rangeAtPort[port] !== undefined;
  }
  /** Lets somebody hear every byte written to a port, whatever answers there; not to one that is accessed in words. */
  overhear(port: number, hear: (value: number) => void): void {
    this.connected[port] = new Overheard(this.connected[port], hear);
  }
  /** Whether accesses in words reach what answers at a port whole. */
  isWide(port: number): boolean {
    return this.connected[port]?.isWide === true || this.rangeAtPort[port] !== undefined;
  }
  /** Places a region whose accesses are taken whole; the function that comes back takes it out again. */
  place(base: number, count: number, region: BusRegion): () => void {
    const range = { base, end: base + count, region };
    this.ranges = [...this.ranges, range];
    this.findRanges(range);
    return () => {
      this.ranges = this.ranges.filter((each) => each !== range);
      this.findRanges(range);
    };
  }
  /** Looks again which range comes first at the ports of one that came or went. */
  private findRanges({ base, end }: PlacedRange): void {
    for (let port = base; port < end && port < portCount; port++) {
      this.rangeAtPort[port] = this.ranges.find((each) => port >= each.base && port < each.end);
    }
  }
  /** The range that takes an access whole. */
  private rangeFor(port: number, width: Width): PlacedRange | undefined {
    const first = this.rangeAtPort[port];
    if (first === undefined || port + width <= first.end) return first;
    return this.ranges.find(({ base, end }) => port >= base && port + width <= end);
  }

  read(port: number, width: Width): number {
    const connected = this.connected[port];
    if (connected === undefined || (width > 1 && !connected.isWide)) {
      const range = this.rangeFor(port, width);
      const value = range?.region.read(port - range.base, width);
      if (value !== undefined) return value;
    }
    if (width === 1 || connected?.isWide === true) {
      const value = connected?.read(width);
      if (value === undefined) this.count(port);
      return value ?? openBus(width);
    }
    const half = (width / 2) as 1 | 2;
    return this.read(port, half) + this.read((port + half) & 0xffff, half) * 2 ** (8 * half);
  }
  write(port: number, value: number, width: Width): void {
    const connected = this.connected[port];
    if (connected === undefined || (width > 1 && !connected.isWide)) {
      const range = this.rangeFor(port, width);
      if (range !== undefined && range.region.write(port - range.base, value >>> 0, width) !== false) return;
    }
    if (width === 1 || connected?.isWide === true) {
      if (connected?.write(value, width) !== true) this.count(portCount + port);
      return;
    }
    const half = (width / 2) as 1 | 2;
    this.write(port, value & openBus(half), half);
    this.write((port + half) & 0xffff, (value >>> (8 * half)) & openBus(half), half);
  }
  /** Many reads of one port, as far as they do nothing but move on in a buffer; gives the bytes moved. */
  readMany(port: number, into: Uint8Array, width: Width): number {
    const connected = this.connected[port];
    return connected !== undefined && (width === 1 || connected.isWide) ? connected.readMany(into, width) : 0;
  }
  /** Many writes likewise. */
  writeMany(port: number, from: Uint8Array, width: Width): number {
    const connected = this.connected[port];
    return connected !== undefined && (width === 1 || connected.isWide) ? connected.writeMany(from, width) : 0;
  }

  private count(which: number): void {
    this.unanswered.set(which, (this.unanswered.get(which) ?? 0) + 1);
  }
  /** Accesses nobody answered, by `in 0x…` and `out 0x…`. */
  get unknown(): ReadonlyMap<string, number> {
    const name = (which: number): string => `${which < portCount ? 'in' : 'out'} 0x${hex(which % portCount, 4)}`;
    return new Map([...this.unanswered].map(([which, count]) => [name(which), count]));
  }
}
