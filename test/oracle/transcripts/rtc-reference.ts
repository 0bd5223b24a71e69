/**
 * The time of the reference program's clock (QEMU), as far as it leaves the MC146818's: it keeps seconds since 1970 instead
 * of counting bytes. `rtc.ts` uses it to name the reason of a difference, and to go on from the reference's time after one.
 */
import { address, dividerMode, registerB, registerC } from '../../../src/device/rtc/registers.js';

const nanoseconds = 1_000_000_000n;
/** Bytes that set the time when they are written; the reference counts the century among them. */
export const timeBytes: readonly number[] = [0, 2, 4, 6, 7, 8, 9, address.century];

/** Days from 1 January 1970 to a date whose month may be far out of range: it then counts as that many months' days. */
function dayNumber(year: number, month: number, day: number): number {
  const [y, m] = month < 3 ? [year - 1, month + 12] : [year, month];
  const leapDays = Math.trunc(y / 4) - Math.trunc(y / 100) + Math.trunc(y / 400);
  return day + Math.trunc((153 * m - 457) / 5) + 365 * y + leapDays - 719_469;
}

/** The reference's clock. Times are nanoseconds since the start. */
export class ReferenceClock {
  /** The bytes as a program last saw them. */
  readonly bytes = new Uint8Array(128);
  private base: bigint;
  private setAt = 0n;
  private offset = 0n;
  private now = 0n;
  private updateAt: bigint | undefined;
  private alarmAt = 0n;
  private showsUpdate = false;
  /** UF and AF as the reference has them. */
  flags = 0;

  constructor(unixSeconds: number) {
    this.base = BigInt(unixSeconds);
    this.bytes[address.registerA] = 0x26;
    this.bytes[address.registerB] = registerB.hours24;
    this.refresh();
    this.planUpdate();
  }

  get running(): boolean {
    return !(this.bytes[address.registerB]! & registerB.set) && dividerMode(this.bytes[address.registerA]!) === 'runs';
  }

  /** Nanoseconds since 1970, in the 64 bits that the reference has for them: far dates wrap. */
  private get clock(): bigint {
    return BigInt.asIntN(64, this.base * nanoseconds + this.now - this.setAt + this.offset);
  }

  /** Before 1970 (or so far away that it wraps): seconds then roll over elsewhere than updates happen. */
  get isFar(): boolean {
    return this.clock < 0n;
  }

  /** Nanoseconds into the current second of the shown time; before 1970 a second ends just behind the whole number. */
  get phase(): number {
    const rest = this.clock % nanoseconds;
    if (rest === 0n && this.isFar) return Number(nanoseconds - 1n);
    return Number((rest + nanoseconds) % nanoseconds);
  }

  /** Nanoseconds into the current second of the updates: far dates count without a sign there. */
  private get updatePhase(): bigint {
    return BigInt.asUintN(64, this.clock) % nanoseconds;
  }

  private encode(value: number): number {
    const binary = (this.bytes[address.registerB]! & registerB.binary) !== 0;
    return binary ? value & 0xff : ((Math.floor(value / 10) << 4) | (value % 10)) & 0xff;
  }

  private decode(at: number, mask = 0xff): number {
    const byte = this.bytes[at]! & mask;
    if ((byte & 0xc0) === 0xc0) return -1;
    return this.bytes[address.registerB]! & registerB.binary ? byte : (byte >> 4) * 10 + (byte & 0x0f);
  }

  /** The hour behind an alarm or hours byte, as the alarm sees it: the hours byte's PM bit stands for both. */
  private alarmHour(at: number): number {
    const hour = this.decode(at);
    if (this.bytes[address.registerB]! & registerB.hours24) return hour;
    return (hour % 12) + (this.bytes[address.hours]! & 0x80 ? 12 : 0);
  }

  /** The hour that a program set. */
  private setHour(): number {
    const hour = this.decode(address.hours, 0x7f);
    if (this.bytes[address.registerB]! & registerB.hours24) return hour;
    return (hour % 12) + (this.bytes[address.hours]! & 0x80 ? 12 : 0);
  }

  /** Writes the current time into the bytes, unless a program is setting them. */
  private refresh(): void {
    if (this.bytes[address.registerB]! & registerB.set) return;
    const date = new Date(Number(this.clock / nanoseconds) * 1000);
    const { bytes } = this;
    const hours24 = (bytes[address.registerB]! & registerB.hours24) !== 0;
    const [hours, year] = [date.getUTCHours(), date.getUTCFullYear()];
    bytes[address.seconds] = this.encode(date.getUTCSeconds());
    bytes[address.minutes] = this.encode(date.getUTCMinutes());
    bytes[address.hours] = hours24 ? this.encode(hours) : this.encode(hours % 12 || 12) | (hours >= 12 ? 0x80 : 0);
    bytes[address.dayOfWeek] = this.encode(date.getUTCDay() + 1);
    bytes[address.dayOfMonth] = this.encode(date.getUTCDate());
    bytes[address.month] = this.encode(date.getUTCMonth() + 1);
    bytes[address.year] = this.encode(year % 100);
    bytes[address.century] = this.encode(Math.floor(year / 100));
  }

  /** The bytes as a program would read them now. */
  shown(): Uint8Array {
    const kept = this.bytes.slice();
    if (this.running) this.refresh();
    const shown = this.bytes.slice();
    this.bytes.set(kept);
    return shown;
  }

  private setFromBytes(): void {
    const year = this.decode(address.year) + this.decode(address.century) * 100;
    const days = dayNumber(year, this.decode(address.month), this.decode(address.dayOfMonth));
    this.base = BigInt(
      days * 86_400 + this.setHour() * 3_600 + this.decode(address.minutes) * 60 + this.decode(address.seconds),
    );
    this.setAt = this.now;
  }

  /** Seconds from now to the next alarm, 1 to 86,400. */
  private secondsToAlarm(): number {
    this.refresh();
    const second = this.decode(address.seconds);
    const minute = this.decode(address.minutes);
    const hour = this.alarmHour(address.hours);
    let alarmSecond = this.decode(address.secondsAlarm);
    let alarmMinute = this.decode(address.minutesAlarm);
    let alarmHour = this.alarmHour(address.hoursAlarm);
    if (alarmHour === -1) {
      alarmHour = hour;
      if (alarmMinute === -1) {
        alarmMinute = minute;
        if (alarmSecond === -1) alarmSecond = second + 1;
        else if (second > alarmSecond) alarmMinute++;
      } else if (minute === alarmMinute) {
        if (alarmSecond === -1) alarmSecond = second + 1;
        else if (second > alarmSecond) alarmHour++;
        if (alarmSecond === 60) [alarmSecond, alarmHour] = [0, alarmHour + 1];
      } else if (minute > alarmMinute) alarmHour++;
    } else if (hour === alarmHour) {
      if (alarmMinute === -1) {
        alarmMinute = minute;
        if (alarmSecond === -1) alarmSecond = second + 1;
        else if (second > alarmSecond) alarmMinute++;
        if (alarmSecond === 60) [alarmSecond, alarmMinute] = [0, alarmMinute + 1];
        alarmMinute %= 60;
      } else if (minute === alarmMinute) {
        if (alarmSecond === -1) alarmSecond = second + 1;
        alarmSecond %= 60;
      }
    }
    if (alarmMinute === -1) alarmMinute = 0;
    if (alarmSecond === -1) alarmSecond = 0;
    if (alarmSecond === 60) [alarmSecond, alarmMinute] = [0, alarmMinute + 1];
    if (alarmMinute === 60) [alarmMinute, alarmHour] = [0, alarmHour + 1];
    alarmHour %= 24;
    const seconds = ((alarmHour - hour) * 60 + alarmMinute - minute) * 60 + alarmSecond - second;
    return seconds <= 0 ? seconds + 86_400 : seconds;
  }

  private planUpdate(): void {
    if ((this.bytes[address.registerA]! & 0x60) === 0x60) {
      this.updateAt = undefined;
      return;
    }
    const next = this.now + nanoseconds - this.updatePhase;
    this.alarmAt = next + BigInt(this.secondsToAlarm() - 1) * nanoseconds;
    this.updateAt = next;
    if (this.showsUpdate || !(this.flags & registerC.updateEnded)) return;
    const alarmFixed = this.bytes[address.registerB]! & registerB.set || this.flags & registerC.alarm;
    this.updateAt = alarmFixed ? undefined : this.alarmAt;
  }

  advanceTo(now: bigint): void {
    while (this.updateAt !== undefined && this.updateAt <= now) {
      this.now = this.updateAt;
      this.refresh();
      this.showsUpdate = false;
      this.flags |= registerC.updateEnded | (this.now >= this.alarmAt ? registerC.alarm : 0);
      this.planUpdate();
    }
    this.now = now;
  }

  /** A program reads a byte. */
  read(at: number): number {
    if (timeBytes.includes(at) && this.running) this.refresh();
    if (at === address.registerA && this.running) {
      const near = nanoseconds - 244_140n;
      if ((this.updateAt !== undefined && this.now >= this.updateAt - 244_140n) || this.updatePhase >= near) {
        this.showsUpdate = this.updateAt !== undefined && this.now >= this.updateAt - 244_140n;
        return this.bytes[at]! | 0x80;
      }
    }
    if (at === address.registerC) {
      const hadFlags = this.flags !== 0;
      this.flags = 0;
      if (hadFlags) this.planUpdate();
    }
    return this.bytes[at]!;
  }

  /** A program writes a byte. */
  write(at: number, value: number): void {
    if (at === address.registerA) this.writeA(value);
    else if (at === address.registerB) this.writeB(value);
    else if (at === address.registerC || at === address.registerD) return;
    else {
      this.bytes[at] = value;
      if (timeBytes.includes(at) && this.running) this.setFromBytes();
      if (timeBytes.includes(at) ? this.running : at < address.registerA) this.planUpdate();
    }
  }

  private writeA(value: number): void {
    const before = this.bytes[address.registerA]!;
    if ((value & 0x60) === 0x60) {
      if (this.running) this.refresh();
      this.showsUpdate = false;
    } else if ((before & 0x60) === 0x60 && (value & 0x70) <= 0x20) {
      if (!(this.bytes[address.registerB]! & registerB.set)) {
        this.offset = nanoseconds / 2n;
        this.setFromBytes();
      }
      this.showsUpdate = false;
    }
    this.bytes[address.registerA] = value & 0x7f;
    this.planUpdate();
  }

  private writeB(value: number): void {
    let kept = value;
    if (value & registerB.set) {
      if (this.running) this.refresh();
      this.showsUpdate = false;
      kept &= ~registerB.updateEndedInterruptEnable;
    } else if (
      this.bytes[address.registerB]! & registerB.set &&
      dividerMode(this.bytes[address.registerA]!) === 'runs'
    ) {
      this.offset = this.updatePhase;
      this.setFromBytes();
    }
    this.bytes[address.registerB] = kept;
    this.planUpdate();
  }
}
