/**
 * A board behind QEMU's qtest protocol: a line a request, a line an answer, and interrupt requests as they change.
 *
 * Source: QEMU, "QTest Device Emulation Testing Framework", qtest protocol.
 *
 * Test programs written for QEMU take for granted that a drive or a card is done as soon as it was told to work, so after
 * every access time passes by itself until no chip has work left (`settle`). Clocks that never rest have none: a test of the
 * real-time clock or of a timer sees only the time that it steps.
 */
import { assert } from '../../base/assert.js';
import type { Cycle } from '../../base/integers.js';
import type { Width } from '../../device/device.js';
import type { Bench } from '../../machine/bench.js';
import { number, QtestRefusal, wideNumber } from './numbers.js';

export interface QtestServerOptions {
  /** Takes one line of the answer, without its end. */
  readonly send: (line: string) => void;
  /** Lets chips finish their work after every access. Default: true. */
  readonly settles?: boolean;
}

const widths: Readonly<Record<string, Width | 8>> = { b: 1, w: 2, l: 4, q: 8 };
const addressSpace = 2 ** 32;
/** Most bytes that one request may move. */
const blockBytesMax = 64 * 1024 * 1024;
/**
 * Chips that have work without end are left alone after this much of it; and what lies further ahead than `aheadSeconds` is no
 * work but a timer that somebody waits for.
 */
const settleMost = { edges: 200_000, seconds: 5, aheadSeconds: 0.45 } as const;
const nanosecondsPerSecond = 1_000_000_000n;

/** The width of a block that is one access of the bus; undefined where it is many. */
const accessWidth = (physical: number, length: number): Width | undefined =>
  (length === 1 || length === 2 || length === 4) && physical % length === 0 ? length : undefined;

const bytesOf = (value: number): Uint8Array => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
const valueOf = (bytes: Uint8Array): number => bytes.reduceRight((value, byte) => value * 256 + byte, 0);

export class QtestServer {
  private readonly levels = new Map<number, boolean>();
  private intercepts = false;
  /** The clock as the test program counts it: nanoseconds, of which a cycle may be several. */
  private nanoseconds = 0n;
  /** Time passes by no more than the test program steps. */
  stands = false;

  constructor(
    private readonly bench: Bench,
    private readonly options: QtestServerOptions,
  ) {
    bench.onInterruptRequest((request, level) => this.interrupt(request, level));
  }

  /** Takes one request. */
  line(text: string): void {
    const [name = '', ...words] = text.trim().split(/\s+/);
    try {
      this.options.send(this.answer(name, words));
    } catch (error) {
      if (!(error instanceof QtestRefusal)) throw error;
      this.options.send(`FAIL ${error.message}`);
    }
  }

  private answer(name: string, words: readonly string[]): string {
    const request = requests[name];
    if (request !== undefined) return request(this, words);
    const match = /^(in|out|read|write)([bwlq])$/.exec(name);
    if (match === null) throw new QtestRefusal(`Unknown command '${name}'`);
    const width = widths[match[2]!]!;
    const [address, value] = words;
    switch (match[1]) {
      case 'in':
        return this.readPort(number(address), narrow(width));
      case 'out':
        return this.writePort(number(address), Number(wideNumber(value) & 0xffff_ffffn), narrow(width));
      case 'read':
        return this.read(wideNumber(address), width);
      default:
        return this.write(wideNumber(address), wideNumber(value), width);
    }
  }

  // Accesses.

  private readPort(port: number, width: Width): string {
    const value = this.bench.readPort(checkedPort(port), width);
    this.settle();
    return `OK 0x${value.toString(16).padStart(4, '0')}`;
  }
  private writePort(port: number, value: number, width: Width): string {
    this.bench.writePort(checkedPort(port), value % 2 ** (8 * width), width);
    this.settle();
    return 'OK';
  }
  private read(address: bigint, width: Width | 8): string {
    let value = 0n;
    for (let at = 0; at < width; at += 4) {
      const physical = Number(address) + at;
      const part = narrow(Math.min(4, width));
      const read = physical < addressSpace ? this.bench.readMemory(physical, part) : 2 ** (8 * part) - 1;
      value |= BigInt(read >>> 0) << BigInt(8 * at);
    }
    this.settle();
    return `OK 0x${value.toString(16).padStart(16, '0')}`;
  }
  private write(address: bigint, value: bigint, width: Width | 8): string {
    for (let at = 0; at < width; at += 4) {
      const physical = Number(address) + at;
      const part = narrow(Math.min(4, width));
      const bits = BigInt.asUintN(8 * part, value >> BigInt(8 * at));
      if (physical < addressSpace) this.bench.writeMemory(physical, Number(bits), part);
    }
    this.settle();
    return 'OK';
  }
  /** Bytes of memory; ones beyond the address space. */
  readBlock(address: string | undefined, count: string | undefined): Uint8Array {
    const physical = number(address);
    const bytes = new Uint8Array(checkedLength(number(count))).fill(0xff);
    const reached = Math.max(0, Math.min(bytes.length, addressSpace - physical));
    const width = accessWidth(physical, reached);
    if (width !== undefined) bytes.set(bytesOf(this.bench.readMemory(physical, width)).subarray(0, width));
    else if (reached > 0) this.bench.readBlock(physical, bytes.subarray(0, reached));
    this.settle();
    return bytes;
  }
  writeBlock(address: string | undefined, bytes: Uint8Array): string {
    const physical = number(address);
    const reached = Math.max(0, Math.min(bytes.length, addressSpace - physical));
    const width = accessWidth(physical, reached);
    if (width !== undefined) this.bench.writeMemory(physical, valueOf(bytes.subarray(0, width)), width);
    else if (reached > 0) this.bench.writeBlock(physical, bytes.subarray(0, reached));
    this.settle();
    return 'OK';
  }

  // Time.

  /** Lets chips that have work finish it. */
  settle(): void {
    if (this.options.settles === false || this.stands) return;
    const { bench } = this;
    const until = bench.cycle + settleMost.seconds * bench.cyclesPerSecond;
    for (let edges = 0; edges < settleMost.edges; edges++) {
      const work = bench.nextWork();
      if (work > Math.min(until, bench.cycle + settleMost.aheadSeconds * bench.cyclesPerSecond)) break;
      bench.pass(work as Cycle);
    }
    this.nanoseconds = maximum(this.nanoseconds, this.benchTime());
  }
  private benchTime(): bigint {
    return (BigInt(this.bench.cycle) * nanosecondsPerSecond) / BigInt(this.bench.cyclesPerSecond);
  }
  /** Moves the clock to a time in nanoseconds; the board to the last cycle that has begun by then. */
  setClock(nanoseconds: bigint): string {
    if (nanoseconds > this.nanoseconds) {
      const cycle = (nanoseconds * BigInt(this.bench.cyclesPerSecond)) / nanosecondsPerSecond;
      if (cycle > BigInt(Number.MAX_SAFE_INTEGER)) throw new QtestRefusal('that is later than any machine runs');
      this.nanoseconds = nanoseconds;
      if (cycle > BigInt(this.bench.cycle)) this.bench.pass(Number(cycle) as Cycle);
    }
    return `OK ${this.nanoseconds}`;
  }
  /** Moves the clock by so many nanoseconds; to the next thing that happens where none are given. */
  stepClock(word: string | undefined): string {
    if (word !== undefined) return this.setClock(this.nanoseconds + BigInt.asIntN(64, wideNumber(word)));
    const edge = this.bench.nextEdge();
    if (edge === Infinity) return `OK ${this.nanoseconds}`;
    const rate = BigInt(this.bench.cyclesPerSecond);
    return this.setClock((BigInt(edge) * nanosecondsPerSecond + rate - 1n) / rate);
  }

  // Interrupts.

  /** The inputs of the I/O APIC are the only lines that can be watched: a PC's interrupt requests. */
  intercept(device: string | undefined): string {
    if (device !== 'ioapic') throw new QtestRefusal(`Unknown device '${device}'`);
    this.intercepts = true;
    return 'OK';
  }
  private interrupt(request: number, level: boolean): void {
    const before = this.levels.get(request) ?? false;
    if (!this.intercepts || before === level) return;
    this.levels.set(request, level);
    this.options.send(`IRQ ${level ? 'raise' : 'lower'} ${request}`);
  }
}

const maximum = (left: bigint, right: bigint): bigint => (left > right ? left : right);

function narrow(width: number): Width {
  if (width === 8) throw new QtestRefusal('a port has no eight bytes');
  assert(width === 1 || width === 2 || width === 4, 'an access moves 1, 2 or 4 bytes');
  return width;
}

function checkedPort(port: number): number {
  if (port > 0xffff) throw new QtestRefusal(`there is no port 0x${port.toString(16)}`);
  return port;
}

function checkedLength(length: number): number {
  if (length > blockBytesMax) throw new QtestRefusal(`${length} bytes are more than one request may move`);
  return length;
}

/** Bytes written as 0x and two digits each; those that are missing are zero. */
function hexadecimalBytes(length: number, digits = ''): Uint8Array {
  const bytes = new Uint8Array(checkedLength(length));
  for (let at = 0; at < length && 2 * at + 4 <= digits.length; at++) {
    bytes[at] = parseInt(digits.slice(2 * at + 2, 2 * at + 4), 16);
  }
  return bytes;
}

/** Bytes as characters of one byte each, which is what base 64 is made of. */
function encode(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function decode(length: number, text = ''): Uint8Array {
  const bytes = new Uint8Array(checkedLength(length));
  try {
    const decoded = atob(text);
    for (let at = 0; at < Math.min(length, decoded.length); at++) bytes[at] = decoded.charCodeAt(at);
  } catch {
    throw new QtestRefusal('that is not base 64');
  }
  return bytes;
}

/** Requests by name, but for the accesses of one width. */
const requests: Readonly<Record<string, (server: QtestServer, words: readonly string[]) => string>> = {
  read: (server, [address, count]) =>
    `OK 0x${Array.from(server.readBlock(address, count), (byte) => byte.toString(16).padStart(2, '0')).join('')}`,
  b64read: (server, [address, count]) => `OK ${encode(server.readBlock(address, count))}`,
  write: (server, [address, count, data]) => server.writeBlock(address, hexadecimalBytes(number(count), data)),
  b64write: (server, [address, count, data]) => server.writeBlock(address, decode(number(count), data)),
  memset: (server, [address, count, value]) =>
    server.writeBlock(address, new Uint8Array(checkedLength(number(count))).fill(number(value) & 0xff)),
  clock_step: (server, [nanoseconds]) => server.stepClock(nanoseconds),
  clock_set: (server, [nanoseconds]) => server.setClock(wideNumber(nanoseconds)),
  irq_intercept_in: (server, [device]) => server.intercept(device),
  irq_intercept_out(_, [device]) {
    throw new QtestRefusal(`the outputs of '${device}' are not watched`);
  },
  set_irq_in(_, [device]) {
    throw new QtestRefusal(`the inputs of '${device}' are not driven from outside`);
  },
  endianness: () => 'OK little',
  module_load: () => 'OK',
};
