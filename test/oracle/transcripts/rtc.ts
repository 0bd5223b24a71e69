/**
 * The RTC transcript. Beside our chip runs the reference's idea of time (`rtc-reference.ts`): it tells where the reference has
 * left the datasheet, and after a difference with such a reason our chip goes on from the reference's time, so that everything
 * after it is compared again.
 */
import { createDevice } from '../../../src/device/device.js';
import { address, dividerMode, periodicTicks, registerB, registerC } from '../../../src/device/rtc/registers.js';
import { rtc } from '../../../src/device/rtc/rtc.js';
import { ReferenceClock, timeBytes } from './rtc-reference.js';
import { type Bench, type Difference, type KnownDifference, ticksAt, type TranscriptSubject } from './runner.js';
import type { LineChange } from './transcript.js';

const powerOnDate = Date.UTC(2000, 0, 1) / 1000;
const interruptLine = 8;
const ticksPerSecond = 32_768;

/** Why the reference differs; each is one entry of `knownDifferences`. */
const reasons = {
  setWhileRunning: {
    reference: 'a time byte written while the clock runs sets the whole time anew and restarts the second',
    datasheet:
      'MC146818A, Register B, SET and Register A, DV: bytes are only bytes, and only DV resets the divider chain',
  },
  setByRelease: {
    reference:
      'ending SET makes a calendar date of the bytes: out-of-range values carry over, the day of week is computed',
    datasheet: 'MC146818A, "Time, calendar and alarm locations": ten independent bytes, the day of week counts 1 to 7',
  },
  format: {
    reference: 'a change of DM or 24/12 converts the time bytes',
    datasheet: 'MC146818A, Register B, DM and 24/12: the bytes must be initialized again by the program',
  },
  divider: {
    reference: 'the divider goes on behind test settings, and its release makes a calendar date of the bytes',
    datasheet: 'MC146818A, Register A, DV2 to DV0, table 4: no operating time base, and half a second after a reset',
  },
  century: {
    reference: 'byte 32h follows the year as its century',
    datasheet: 'MC146818A, "General purpose RAM bytes" from 0Eh on: unaffected by the clock',
  },
  updateWhileSet: {
    reference: 'UF and AF are set every second even while SET or the divider setting stops the clock',
    datasheet: 'MC146818A, Register B, SET: no update cycle occurs, so none ends; Register A, DV: the chain stands',
  },
  farDate: {
    reference: 'updates come elsewhere in the second when the date lies before 1970 in 64 bits of nanoseconds',
    datasheet: 'MC146818A, "Update cycle": once a second, and the seconds byte is incremented in it',
  },
  alarmRange: {
    reference: 'an alarm byte out of range, or PM, is computed with',
    datasheet:
      'MC146818A, table 3 and "Alarm": an alarm byte is equal to the time byte or does not match, C0h to FFh match all',
  },
  periodicEnable: {
    reference: 'PF is set only while PIE is set, counted from its setting',
    datasheet:
      'MC146818A, Register C, PF: set independent of PIE by the edge of the tap, which lies t_PI/2 before UIP rises',
  },
} satisfies Record<string, { reference: string; datasheet: string }>;

type Reason = keyof typeof reasons;

/** What may differ in an exchange, and why, as it stood before the exchange. */
interface Before {
  readonly selected: number;
  readonly levels: { readonly here: boolean; readonly reference: boolean };
  /** Why our time and the reference's have parted since ours was last compared. */
  readonly parted: Reason | undefined;
  readonly periodic: Reason | undefined;
  readonly update: Reason | undefined;
}

/** Whether an alarm byte is in its range, or matches all; in the 12-hour format the reference computes with any hour. */
function alarmIsPlain(memory: Uint8Array, at: number): boolean {
  const byte = memory[at]!;
  if (byte >= 0xc0) return true;
  const valueB = memory[address.registerB]!;
  if (at === address.hoursAlarm && !(valueB & registerB.hours24)) return false;
  const last = at === address.hoursAlarm ? 23 : 59;
  return valueB & registerB.binary ? byte <= last : (byte & 0x0f) <= 9 && (byte >> 4) * 10 + (byte & 0x0f) <= last;
}

class RtcBench implements Bench {
  private readonly reference = new ReferenceClock(powerOnDate);
  private readonly chip;
  private ticks = 0;
  /** The moment from which ticks are counted, in nanoseconds, and those before it. */
  private counted = { from: 0n, before: 0, now: 0n };
  private parted: Reason | undefined;
  /** When periodic interrupts may last have begun anew, in ticks; and whether the clock stood still since the flags were read. */
  private periodicSince = 0;
  private stopped = false;
  private far = false;
  private dividerStopped = false;
  private readonly levels = { here: false, reference: false };
  private levelReason: Reason | undefined;
  private referenceAnswer = 0;
  private before: Before;

  constructor(interrupt: (level: boolean) => void) {
    const lines = {
      interrupt: (level: boolean) => {
        this.levels.here = level;
        interrupt(level);
      },
      nonMaskableInterruptMask: () => {},
    };
    this.chip = createDevice(rtc, { lines, board: { restartTick: () => this.restartTick() } });
    this.chip.operations.setDate(powerOnDate);
    this.chip.operations.presetMemory(0x10, 0x50); // What the reference's board keeps there: a 2.88 MB floppy drive.
    this.before = this.note();
  }

  private get memory(): Uint8Array {
    return this.chip.state.memory;
  }

  private get dividerIsStopped(): boolean {
    return dividerMode(this.memory[address.registerA]!) !== 'runs';
  }

  private note(): Before {
    const rate = this.memory[address.registerA]! & 0x0f;
    const period = rate <= 2 ? 256 : periodicTicks(this.memory[address.registerA]!);
    const enabled = (this.memory[address.registerB]! & registerB.periodicInterruptEnable) !== 0;
    const recent = !enabled || this.ticks - this.periodicSince <= 2 * period;
    const elsewhere = this.stopped ? 'updateWhileSet' : this.far ? 'farDate' : undefined;
    return {
      selected: this.chip.state.index,
      levels: { ...this.levels },
      parted: this.parted,
      periodic: this.dividerStopped ? 'divider' : recent ? 'periodicEnable' : undefined,
      update: this.parted ?? elsewhere,
    };
  }

  private restartTick(): void {
    this.counted = { ...this.counted, from: this.counted.now, before: this.ticks };
  }

  takeLine({ line, level }: LineChange): void {
    if (line === interruptLine) this.levels.reference = level;
  }

  advanceTo(nanoseconds: bigint): void {
    const levels = { ...this.levels };
    this.counted.now = nanoseconds;
    const ticks = this.counted.before + ticksAt(nanoseconds - this.counted.from, rtc.clock!);
    this.chip.advance(ticks - this.ticks);
    this.ticks = ticks;
    this.reference.advanceTo(nanoseconds);
    this.before = { ...this.note(), levels };
  }

  write(port: number, value: number): void {
    const levels = { ...this.levels };
    const { index } = this.chip.state;
    const inPhase = this.inPhase && dividerMode(this.memory[address.registerA]!) !== 'stopped';
    this.chip.write(port === 0x70 ? 'index' : 'data', value);
    if (port === 0x71) {
      this.reference.write(index, value);
      if (index === address.registerA || index === address.registerB) this.periodicSince = this.ticks;
      this.noteStandstill();
      const lostPhase = inPhase && !this.inPhase;
      if (!this.timesAgree()) this.parted ??= this.partingReason(index, lostPhase);
    }
    this.before = { ...this.note(), levels };
  }

  private noteStandstill(): void {
    this.far ||= this.reference.isFar;
    this.dividerStopped ||= this.dividerIsStopped;
    this.stopped ||= this.dividerIsStopped || (this.memory[address.registerB]! & registerB.set) !== 0;
  }

  /** Why times part at a write; neither setting the clock nor releasing its divider is a reason to lose the place in the second. */
  private partingReason(index: number, lostPhase: boolean): Reason | undefined {
    if (timeBytes.includes(index)) return 'setWhileRunning';
    if (lostPhase && !(this.memory[address.registerB]! & registerB.set)) return undefined;
    if (index === address.registerA) return 'divider';
    if (index === address.registerB) return this.stopped ? 'setByRelease' : 'format';
    return undefined;
  }

  /** Whether both stand at the same place in the second, to a tick. */
  private get inPhase(): boolean {
    if (this.dividerIsStopped) return true;
    const phase = ticksAt(BigInt(this.reference.phase), rtc.clock!);
    const apart = Math.abs(this.chip.state.chain - phase);
    return Math.min(apart, ticksPerSecond - apart) <= 1;
  }

  /** Whether both show the same time, and will until the next update. */
  private timesAgree(): boolean {
    const shown = this.reference.shown();
    return (this.inPhase || !this.reference.running) && timeBytes.every((at) => this.memory[at] === shown[at]);
  }

  /** Goes on from the reference's time. */
  private adoptTime(): void {
    const { state } = this.chip;
    const shown = this.reference.shown();
    for (const at of timeBytes) state.memory[at] = shown[at]!;
    if (this.reference.running) {
      state.chain = ticksAt(BigInt(this.reference.phase), rtc.clock!);
      this.periodicSince = this.ticks;
    }
    this.parted = undefined;
  }

  read(port: number): number | undefined {
    this.before = this.note();
    if (port === 0x70) return this.chip.read('index');
    const { selected } = this.before;
    const answer = this.chip.read('data');
    this.referenceAnswer = this.reference.read(selected);
    if (selected === address.registerC) {
      this.periodicSince = this.ticks;
      this.stopped = this.dividerStopped = this.far = false;
      this.noteStandstill();
    }
    if (timeBytes.includes(selected) || selected === address.registerC) {
      if (this.dividerIsStopped && !this.timesAgree()) this.parted ??= 'divider';
      this.before = { ...this.before, parted: this.parted };
      if (this.parted) this.adoptTime();
    }
    return answer;
  }

  /** Why the exchange that has just happened differs, if that is known. */
  explain({ exchange, answer, answerDiffers, linesDiffer }: Difference<RtcBench>): Reason | undefined {
    let reason: Reason | undefined;
    if (answerDiffers && exchange.kind === 'read') reason = this.explainAnswer(answer!, exchange.answer);
    if (answerDiffers && reason === undefined) return undefined;
    return linesDiffer ? this.explainLevel(reason) : reason;
  }

  private explainAnswer(here: number, there: number): Reason | undefined {
    const { selected, parted } = this.before;
    const bits = here ^ there;
    if (timeBytes.includes(selected) && there !== this.referenceAnswer) return undefined;
    if (selected === address.registerC) return this.explainFlags(bits);
    if (selected === address.century) return parted ?? 'century';
    if (selected !== address.registerA || bits !== 0x80) return timeBytes.includes(selected) ? parted : undefined;
    return parted ?? (this.far ? 'farDate' : undefined);
  }

  /** The reason of the flags in which the two differ; none when one of them has none. */
  private explainFlags(bits: number): Reason | undefined {
    const { periodic, update } = this.before;
    const plain = [address.secondsAlarm, address.minutesAlarm, address.hoursAlarm].every((at) =>
      alarmIsPlain(this.memory, at),
    );
    const found: (Reason | undefined)[] = [];
    if (bits & registerC.periodic) found.push(periodic);
    if (bits & registerC.updateEnded) found.push(update);
    if (bits & registerC.alarm) found.push(update ?? (plain ? undefined : 'alarmRange'));
    return found.includes(undefined) ? undefined : found[0];
  }

  /** The reason of interrupt line changes: of a flag that is enabled, or of levels that differed before and no longer do. */
  private explainLevel(answerReason: Reason | undefined): Reason | undefined {
    const { here, reference } = this.levels;
    if (here === reference) return answerReason ?? this.levelReason;
    const enabled = this.memory[address.registerB]! & registerC.maskable;
    const each = [registerC.periodic, registerC.updateEnded, registerC.alarm].map((bit) =>
      this.explainFlags(enabled & bit),
    );
    this.levelReason = answerReason ?? each.find((reason) => reason !== undefined);
    return this.levelReason;
  }
}

/** The subject of `rtc.txt`. */
export const rtcTranscript: TranscriptSubject<RtcBench> = {
  name: 'rtc',
  lines: [interruptLine],
  create: (line) => new RtcBench(line(interruptLine)),
  knownDifferences: (Object.keys(reasons) as Reason[]).map((reason): KnownDifference<RtcBench> => ({
    ...reasons[reason],
    explains: (difference) => difference.bench.explain(difference) === reason,
  })),
};
