/**
 * The 8254 pulse by pulse, from its data sheet (order number 231164), "Mode Definitions": what a CLK pulse does in each
 * mode, one pulse at a time. Modes 2 and 3 are kept as the pulses left of a period or half period, not as a counting element.
 */
import type { DeviceModel, ModelObserver } from '../subject.js';

const full = { binary: 65536, decimal: 10000 } as const;

class CounterModel {
  modeBits = 3;
  decimal = false;
  rw = 0;
  gate: boolean;
  out = true;
  nullCount = false;
  /** Written since the Control Word, in steps; undefined before. */
  private written: number | undefined = 65536;
  private lowByte: number | undefined;
  private gateRose = false;
  private loadNext = false;
  private running = true;
  /** Modes 0, 1, 4, 5: the count. Mode 2: pulses left of the period. Mode 3: pulses left of the half period. */
  private left = 32768;
  /** Modes 2 and 3: the count in effect. */
  private period = 65536;
  /** Mode 3; a low gate sets OUT high without ending a low half. */
  private highHalf = true;
  private over = false;
  private strobing = false;
  /** What reads back while nothing counts: the last count before the Control Word, in steps. */
  private standing: number | undefined;
  private readonly latched: number[] = [];
  private status: number | undefined;
  private highNext = false;

  constructor(gate: boolean) {
    this.gate = gate;
  }

  private get mode(): number {
    return [0, 1, 2, 3, 4, 5, 2, 3][this.modeBits]!;
  }

  program(modeBits: number, rw: number, decimal: boolean): void {
    this.standing = this.element();
    this.modeBits = modeBits;
    this.rw = rw;
    this.decimal = decimal;
    this.written = undefined;
    this.lowByte = undefined;
    this.highNext = false;
    this.latched.length = 0;
    this.gateRose = this.loadNext = this.running = this.over = this.strobing = false;
    this.nullCount = true;
    this.out = this.mode !== 0;
  }

  write(byte: number): void {
    if (this.rw === 3 && this.lowByte === undefined) {
      this.lowByte = byte;
      if (this.mode !== 0) return;
      this.standing = this.element(); // The first byte stops mode 0.
      this.running = this.loadNext = this.out = false;
      return;
    }
    const digits = this.rw === 3 ? byte * 256 + this.lowByte! : this.rw === 2 ? byte * 256 : byte;
    this.lowByte = undefined;
    this.accept(digits);
  }

  private accept(digits: number): void {
    const turn = this.decimal ? full.decimal : full.binary;
    const value = this.decimal
      ? [...digits.toString(16)].reduce((sum, digit) => sum * 10 + parseInt(digit, 16), 0)
      : digits;
    const first = this.written === undefined;
    this.written = value % turn === 0 ? turn : value % turn;
    this.nullCount = true;
    if (this.mode === 0) this.out = false;
    if (this.mode === 0 || this.mode === 4 || (first && (this.mode === 2 || this.mode === 3))) this.loadNext = true;
  }

  setGate(level: boolean): void {
    if (level && !this.gate) this.gateRose = true;
    this.gate = level;
    if (!level && (this.mode === 2 || this.mode === 3)) this.out = true;
  }

  pulse(): void {
    const rose = this.gateRose;
    this.gateRose = false;
    if (this.written === undefined) return;
    const load = this.loadNext || (rose && this.restartsByGate);
    if (this.mode === 2) this.pulseRate(load);
    else if (this.mode === 3) this.pulseSquare(load);
    else this.pulseOnce(load);
  }

  private get restartsByGate(): boolean {
    return this.mode !== 0 && this.mode !== 4;
  }

  private load(): void {
    this.left = this.period = this.written!;
    this.nullCount = this.loadNext = this.over = this.strobing = false;
    this.running = true;
    this.standing = undefined;
  }

  private pulseOnce(load: boolean): void {
    if (load) {
      this.load();
      this.out = this.mode >= 4;
      return;
    }
    if (this.strobing) {
      this.strobing = false;
      this.out = true;
    }
    const levelGated = this.mode === 0 || this.mode === 4;
    if (!this.running || (levelGated && !this.gate)) return;
    const turn = this.decimal ? full.decimal : full.binary;
    this.left = this.left === 0 ? turn - 1 : this.left - 1;
    if (this.left !== 0 || this.over) return;
    this.over = true;
    this.out = this.mode <= 1;
    this.strobing = this.mode >= 4;
  }

  private pulseRate(load: boolean): void {
    if (load) {
      this.load();
      this.out = true;
    } else if (this.running && this.gate) {
      if (this.left === 1) this.load();
      else this.left -= 1;
      this.out = this.left !== 1 || this.period === 1;
    }
  }

  private pulseSquare(load: boolean): void {
    if (load) {
      this.load();
      this.startHalf(true);
    } else if (this.running && this.gate) {
      this.left -= 1;
      if (this.left > 0) return;
      const heldHigh = this.period === 1;
      this.load();
      this.startHalf(heldHigh || !this.out);
    }
  }

  private startHalf(high: boolean): void {
    this.out = this.highHalf = high || this.period === 1;
    this.left = this.highHalf ? Math.ceil(this.period / 2) : Math.floor(this.period / 2);
  }

  /** What a read shows, in steps: a count that the next pulse loads is seen already, as a bus is no faster than a pulse. */
  private steps(): number {
    const { written } = this;
    if (written === undefined || !(this.loadNext || (this.gateRose && this.restartsByGate))) return this.element();
    return this.mode === 3 && written > 1 ? written - (written % 2) : written;
  }

  /** The counting element in steps. */
  private element(): number {
    if (this.standing !== undefined) return this.standing;
    if (this.mode !== 3) return this.left;
    if (this.period === 1) return 1;
    const oddAndHigh = this.period % 2 === 1 && this.highHalf;
    return 2 * this.left - (oddAndHigh ? 2 : 0); // An odd count's high half ends with one pulse more, at zero.
  }

  private bytes(): [low: number, high: number] {
    const value = this.steps() % (this.decimal ? full.decimal : full.binary);
    const shown = this.decimal ? parseInt(String(value), 16) : value;
    return [shown % 256, Math.floor(shown / 256)];
  }

  latchCount(): void {
    if (this.latched.length > 0) return;
    const [low, high] = this.bytes();
    this.latched.push(...(this.rw === 3 ? [low, high] : [this.rw === 2 ? high : low]));
  }

  latchStatus(): void {
    const lines = (this.out ? 128 : 0) + (this.nullCount ? 64 : 0);
    this.status ??= lines + this.rw * 16 + this.modeBits * 2 + (this.decimal ? 1 : 0);
  }

  read(): number {
    const { status } = this;
    this.status = undefined;
    if (status !== undefined) return status;
    const latched = this.latched.shift();
    if (latched !== undefined) return latched;
    const [low, high] = this.bytes();
    if (this.rw !== 3) return this.rw === 2 ? high : low;
    this.highNext = !this.highNext;
    return this.highNext ? low : high;
  }
}

const names = ['counter0', 'counter1', 'counter2'];

/** The timer, every output wired. */
export function pitModel(observer: ModelObserver): DeviceModel {
  const counters = [new CounterModel(true), new CounterModel(true), new CounterModel(false)];
  const outputs = counters.map((counter, index) => ({ counter, line: observer.line(`output${index}`) }));
  const drive = (): void => {
    for (const { counter, line } of outputs) line(counter.out);
  };
  drive();

  function control(value: number): void {
    const select = value >> 6;
    if (select < 3) {
      const rw = (value >> 4) & 3;
      if (rw === 0) counters[select]!.latchCount();
      else counters[select]!.program((value >> 1) & 7, rw, value % 2 === 1);
      return;
    }
    counters.forEach((counter, index) => {
      if (((value >> 1) & (1 << index)) === 0) return;
      if ((value & 0x20) === 0) counter.latchCount();
      if ((value & 0x10) === 0) counter.latchStatus();
    });
  }
  return {
    read: (register) => counters[names.indexOf(register)]?.read(),
    write(register, value) {
      if (register === 'control') control(value);
      else counters[names.indexOf(register)]!.write(value);
      drive();
    },
    input(line, level) {
      counters[Number(line.at(-1))]!.setGate(level);
      drive();
    },
    operation: (_name, [index]) => counters[index as number]!.out,
    advance(ticks) {
      for (let pulse = 0; pulse < ticks; pulse++) {
        observer.elapse(1);
        for (const counter of counters) counter.pulse();
        drive();
      }
    },
  };
}
