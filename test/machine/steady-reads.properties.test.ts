/** Reads that a chip calls steady are answered without it; whoever looks must not be able to tell. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDevice } from '../../src/device/device.js';
import { uart } from '../../src/device/uart/uart.js';
import { PortMap } from '../../src/machine/ports.js';
import { Timeline } from '../../src/machine/timeline.js';

const base = 0x3f8;
const cyclesPerSecond = 50_000_000;

/** A serial port on a timeline of its own. */
class Port {
  cycle = 0;
  readonly sent: (readonly [cycle: number, byte: number])[] = [];
  readonly timeline = new Timeline(cyclesPerSecond);
  readonly ports = new PortMap(() => this.cycle);
  /** How often the chip itself was asked for its line status. */
  asked = 0;
  readonly device = createDevice(uart, {
    lines: Object.fromEntries(uart.outputs.map((name) => [name, () => {}])) as Record<
      (typeof uart.outputs)[number],
      () => void
    >,
    board: { transmit: (byte: number) => void this.sent.push([this.cycle, byte]) },
  });
  private readonly clocked = this.timeline.add(this.device);

  constructor(hasSteadyReads: boolean) {
    const { registers } = this.device;
    const access = (register: keyof typeof registers) => {
      const real = this.device.access(register);
      return {
        read: (width: 1 | 2 | 4) => {
          if (register === 'lineStatus') this.asked++;
          return real.read(width);
        },
        write: (value: number, width: 1 | 2 | 4) => real.write(value, width),
        ...(hasSteadyReads ? { isSteady: (value: number) => real.isSteady!(value) } : {}),
        readMany: () => 0,
        writeMany: () => 0,
      };
    };
    this.ports.connect({ registers, access }, base, this.clocked);
  }
  pass(cycles: number): void {
    const until = this.cycle + cycles;
    while (this.timeline.due <= until) {
      this.cycle = Math.max(this.cycle, this.timeline.due);
      this.timeline.runTo(this.cycle);
    }
    this.cycle = until;
  }
  receive(bytes: readonly number[]): void {
    this.clocked.sync(this.cycle);
    this.device.operations.receive(Uint8Array.from(bytes));
    this.clocked.reschedule();
  }
  state(): Uint8Array {
    this.timeline.syncAll(this.cycle);
    return this.device.save();
  }
}

type Step =
  | { readonly kind: 'read' | 'poll'; readonly register: number }
  | { readonly kind: 'write'; readonly register: number; readonly value: number }
  | { readonly kind: 'pass'; readonly cycles: number }
  | { readonly kind: 'receive'; readonly bytes: readonly number[] };

const register = fc.integer({ min: 0, max: 7 });
const byte = fc.integer({ min: 0, max: 255 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('read' as const), register }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('poll' as const), register: fc.constant(5) }) },
  fc.record({ kind: fc.constant('write' as const), register, value: byte }),
  fc.record({
    kind: fc.constant('pass' as const),
    cycles: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 200_000 })),
  }),
  fc.record({ kind: fc.constant('receive' as const), bytes: fc.array(byte, { minLength: 1, maxLength: 20 }) }),
);

function take(port: Port, each: Step): unknown {
  switch (each.kind) {
    case 'write':
      return port.ports.write(base + each.register, each.value, 1);
    case 'pass':
      return port.pass(each.cycles);
    case 'receive':
      return port.receive(each.bytes);
    default:
      return port.ports.read(base + each.register, 1);
  }
}

test('a serial port reads, sends and ends as if it were asked each time', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const [quick, plain] = [new Port(true), new Port(false)];
      for (const each of steps) {
        expect(take(quick, each)).toEqual(take(plain, each));
        expect(quick.timeline.due).toBe(plain.timeline.due);
      }
      expect(quick.state()).toEqual(plain.state());
      expect(quick.sent).toEqual(plain.sent);
    }),
    { numRuns: 200 },
  );
});

test('a loop that waits for the transmitter asks it once for each of its edges', () => {
  const port = new Port(true);
  port.ports.write(base + 3, 0x03, 1); // Eight data bits.
  port.ports.write(base, 0x41, 1);
  let reads = 0;
  for (; (port.ports.read(base + 5, 1) & 0x40) === 0; reads++) port.pass(100);
  expect(reads).toBeGreaterThan(20);
  expect(port.asked).toBe(2);
  expect(port.sent.map(([, sent]) => sent)).toEqual([0x41]);
});
