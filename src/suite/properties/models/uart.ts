/**
 * The 16550A as dates: when the character on the way out ends, when the one on the way in does, when the FIFO has lain
 * still too long. From National Semiconductor's PC16550D data sheet, June 1995, section 8.
 */
import type { DeviceModel, ModelObserver } from '../subject.js';

const parityAndStops = (control: number): number => {
  const fiveBits = (control & 3) === 0;
  const stops = control & 4 ? (fiveBits ? 1.5 : 2) : 1;
  return stops + (control & 8 ? 1 : 0);
};

/** Names of the modem inputs, by the bit of their change; and the modem control bit that loopback joins to each. */
const modemInputs = [
  { name: 'cts', loop: 1 },
  { name: 'dsr', loop: 0 },
  { name: 'ri', loop: 2 },
  { name: 'dcd', loop: 3 },
] as const;

class UartModel implements DeviceModel {
  private now = 0;
  private readonly sent: number[] = [];
  private onWire: { byte: number; endsAt: number } | undefined;
  private readonly incoming: number[] = [];
  private arrivesAt = Infinity;
  private received: number[] = [];
  private holding = 0;
  private staleAt = Infinity;
  private stale = false;
  private overrun = false;
  private askForMore = false;
  private fifos = false;
  private trigger = 1;
  private divisor = 12;
  private ier = 0;
  private lcr = 0;
  private mcr = 0;
  private scratch = 0;
  private readonly pins = [false, false, false, false];
  private seen = [false, false, false, false];
  private changes = [false, false, false, false];

  constructor(private readonly observer: ModelObserver) {
    this.drive();
  }

  private has(register: 'ier' | 'lcr' | 'mcr', bit: number): boolean {
    return Math.floor(this[register] / 2 ** bit) % 2 === 1;
  }
  private get looped(): boolean {
    return this.has('mcr', 4);
  }
  private get character(): number {
    const bits = 1 + 5 + (this.lcr & 3) + parityAndStops(this.lcr);
    return bits * 16 * (this.divisor === 0 ? 65536 : this.divisor);
  }
  private cut(byte: number): number {
    return byte % 2 ** (5 + (this.lcr & 3));
  }

  private pending(): number {
    const enough = this.received.length >= (this.fifos ? this.trigger : 1);
    const sources: readonly [asks: boolean, enable: number, identity: number][] = [
      [this.overrun, 2, 6],
      [this.stale, 0, 12],
      [enough, 0, 4],
      [this.askForMore, 1, 2],
      [this.changes.includes(true), 3, 0],
    ];
    return sources.find(([asks, enable]) => asks && this.has('ier', enable))?.[2] ?? 1;
  }
  private drive(): void {
    const pin = this.pending() !== 1;
    const outputs = ['dtr', 'rts', 'out1', 'out2'].map(
      (name, bit) => [name, this.has('mcr', bit) && !this.looped] as const,
    );
    for (const [name, level] of outputs) this.observer.line(name)(level);
    this.observer.line('interruptPin')(pin);
    this.observer.line('interrupt')(pin && this.has('mcr', 3) && !this.looped);
  }
  private senseModem(): void {
    const levels = modemInputs.map(({ loop }, index) => (this.looped ? this.has('mcr', loop) : this.pins[index]!));
    levels.forEach((level, index) => {
      if (level === this.seen[index]) return;
      if (modemInputs[index]!.name !== 'ri' || !level) this.changes[index] = true;
    });
    this.seen = levels;
  }

  private touchFifo(): void {
    this.staleAt = this.fifos && this.received.length > 0 ? this.now + 4 * this.character : Infinity;
  }
  private arrive(byte: number): void {
    if (!this.fifos) {
      this.overrun ||= this.received.length > 0;
      this.received = [byte];
      this.holding = byte;
    } else if (this.received.length === 16) this.overrun = true;
    else this.received.push(byte);
    this.touchFifo();
  }
  private sendNext(): void {
    if (this.onWire || this.sent.length === 0) return;
    this.onWire = { byte: this.sent.shift()!, endsAt: this.now + this.character };
    if (this.sent.length === 0) this.askForMore = true;
  }

  /** What falls due now: the FIFO's rest first, then the character that comes in, then the one that goes out. */
  private due(): void {
    if (this.staleAt === this.now) {
      this.stale = true;
      this.staleAt = Infinity;
    }
    if (this.arrivesAt === this.now) {
      const byte = this.cut(this.incoming.shift()!);
      if (!this.looped) this.arrive(byte);
      this.arrivesAt = this.incoming.length > 0 ? this.now + this.character : Infinity;
    }
    if (this.onWire?.endsAt === this.now) {
      const byte = this.cut(this.onWire.byte);
      this.onWire = undefined;
      if (this.looped) this.arrive(byte);
      else if (!this.has('lcr', 6)) this.observer.note(`transmits ${byte}`);
      this.sendNext();
    }
  }

  advance(ticks: number): void {
    const end = this.now + ticks;
    while (this.now < end) {
      const then = Math.min(end, this.staleAt, this.arrivesAt, this.onWire?.endsAt ?? Infinity);
      this.observer.elapse(then - this.now);
      this.now = then;
      this.due();
      this.drive();
    }
  }

  input(line: string, level: boolean): void {
    this.pins[modemInputs.findIndex(({ name }) => name === line)] = level;
    this.senseModem();
    this.drive();
  }

  operation(_name: string, [bytes]: readonly unknown[]): number {
    const before = this.incoming.length;
    this.incoming.push(...(bytes as number[]));
    if (before === 0 && this.incoming.length > 0) this.arrivesAt = this.now + this.character;
    return this.incoming.length - before;
  }

  private readData(): number {
    this.stale = false;
    const first = this.received.shift();
    this.touchFifo();
    return this.fifos ? (first ?? 0) : this.holding;
  }
  private readLineStatus(): number {
    const free = this.sent.length === 0;
    const status = [this.received.length > 0, this.overrun, false, false, false, free, free && !this.onWire];
    this.overrun = false;
    return status.reduce((sum, set, bit) => sum + (set ? 2 ** bit : 0), 0);
  }
  private readIdentity(): number {
    const identity = this.pending();
    if (identity === 2) this.askForMore = false;
    return identity + (this.fifos ? 192 : 0);
  }
  private readModemStatus(): number {
    const status = [...this.changes, ...this.seen].reduce((sum, set, bit) => sum + (set ? 2 ** bit : 0), 0);
    this.changes = [false, false, false, false];
    return status;
  }

  read(register: string): number {
    const divisorShown = this.has('lcr', 7);
    const answers: Readonly<Record<string, () => number>> = {
      data: () => (divisorShown ? this.divisor % 256 : this.readData()),
      interruptEnable: () => (divisorShown ? Math.floor(this.divisor / 256) : this.ier),
      identityOrFifo: () => this.readIdentity(),
      lineControl: () => this.lcr,
      modemControl: () => this.mcr,
      lineStatus: () => this.readLineStatus(),
      modemStatus: () => this.readModemStatus(),
      scratch: () => this.scratch,
    };
    const value = answers[register]!();
    this.drive();
    return value;
  }

  private writeData(byte: number): void {
    this.askForMore = false;
    if (!this.fifos) this.sent.length = 0;
    if (this.sent.length < 16) this.sent.push(byte);
    this.drive(); // The request is answered before an idle transmitter makes the next one.
    const idle = !this.onWire;
    this.sendNext();
    if (!idle || !this.looped || !this.onWire) return;
    const { byte: looped } = this.onWire; // 8.7, bit 4: "data that is transmitted is immediately received".
    this.onWire = undefined;
    this.arrive(this.cut(looped));
  }
  private writeFifoControl(value: number): void {
    const on = value % 2 === 1;
    const all = on !== this.fifos;
    this.fifos = on;
    if (all || (on && value & 2)) {
      this.received = [];
      this.stale = false;
      this.staleAt = Infinity;
    }
    if (all || (on && value & 4)) {
      this.sent.length = 0;
      this.askForMore = true;
    }
    if (on) this.trigger = [1, 4, 8, 14][value >> 6]!;
  }
  private writeInterruptEnable(value: number): void {
    const asked = this.has('ier', 1);
    this.ier = value % 16;
    if (this.has('ier', 1) !== asked) this.askForMore = !asked && this.sent.length === 0;
  }

  write(register: string, value: number): void {
    const divisorShown = this.has('lcr', 7);
    if (register === 'data' && divisorShown) this.divisor = this.divisor - (this.divisor % 256) + value;
    else if (register === 'data') this.writeData(value);
    else if (register === 'interruptEnable' && divisorShown) this.divisor = value * 256 + (this.divisor % 256);
    else if (register === 'interruptEnable') this.writeInterruptEnable(value);
    else if (register === 'identityOrFifo') this.writeFifoControl(value);
    else if (register === 'lineControl') this.lcr = value;
    else if (register === 'modemControl') this.mcr = value % 32;
    else if (register === 'scratch') this.scratch = value;
    this.senseModem();
    this.drive();
  }
}

/** One serial port. */
export function uartModel(observer: ModelObserver): DeviceModel {
  return new UartModel(observer);
}
