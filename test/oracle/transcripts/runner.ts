/**
 * Replays a device transcript against chips of this project. An exchange passes when the answer and the line changes are the
 * reference's; where they are not, one of the chip's known differences must explain it by a section of the datasheet.
 */
import type { Frequency } from '../../../src/clock/divider.js';
import type { Drive } from '../../../src/device/device.js';
import type { Exchange, LineChange } from './transcript.js';

/** The chips of a transcript, wired as in the reference machine. */
export interface Bench {
  write(port: number, value: number): void;
  /** Undefined when nothing answers. */
  read(port: number): number | undefined;
  /** Moves guest time on to a moment, in nanoseconds since power-on. */
  advanceTo(nanoseconds: bigint): void;
  /** Takes a change of an interrupt line from the transcript, where the line's driver is not what is compared. */
  takeLine?(change: LineChange): void;
}

/** What differed in one exchange. */
export interface Difference<B extends Bench> {
  readonly exchange: Exchange;
  /** The answer of our chip to a read. */
  readonly answer: number | undefined;
  readonly answerDiffers: boolean;
  /** The changes of the compared lines on our chip, and whether they are not the reference's. */
  readonly lines: readonly LineChange[];
  readonly linesDiffer: boolean;
  readonly bench: B;
}

/** A reason for the reference to differ from the datasheet, which we follow. */
export interface KnownDifference<B extends Bench> {
  /** What the reference does, in a few words. */
  readonly reference: string;
  /** The datasheet's section, and what it says. */
  readonly datasheet: string;
  /** Whether this is why the exchange differs. */
  readonly explains: (difference: Difference<B>) => boolean;
}

/** How one transcript is replayed: one file a chip exports one of these, and `chips.ts` lists them. */
export interface TranscriptSubject<B extends Bench> {
  /** The transcript's name. */
  readonly name: string;
  /** The interrupt lines that the bench drives; changes of others in the transcript are not compared. */
  readonly lines: readonly number[];
  readonly create: (line: (number: number) => Drive) => B;
  readonly knownDifferences: readonly KnownDifference<B>[];
}

/** The outcome of a replay. */
export interface Outcome {
  readonly name: string;
  readonly total: number;
  readonly passed: number;
  /** How many exchanges each known difference explains. */
  readonly explained: ReadonlyMap<string, number>;
  /** The exchanges that nothing explains, in print. */
  readonly unexplained: readonly string[];
}

const printLines = (lines: readonly LineChange[]): string =>
  lines.map(({ line, level }) => `${level ? 'raise' : 'lower'} ${line}`).join(';');

/** Records line changes from the power-on level low, as the reference's interception does. */
class LineRecorder {
  private readonly levels = new Map<number, boolean>();
  private changes: LineChange[] = [];

  drive(line: number): Drive {
    return (level) => {
      if ((this.levels.get(line) ?? false) === level) return;
      this.levels.set(line, level);
      this.changes.push({ line, level });
    };
  }
  take(): LineChange[] {
    const taken = this.changes;
    this.changes = [];
    return taken;
  }
}

/** Replays the exchanges; a bench must not be used for anything else meanwhile. */
export function replay<B extends Bench>(subject: TranscriptSubject<B>, exchanges: readonly Exchange[]): Outcome {
  const recorder = new LineRecorder();
  const bench = subject.create((line) => recorder.drive(line));
  const explained = new Map<string, number>();
  const unexplained: string[] = [];
  let passed = 0;
  for (const exchange of exchanges) {
    const answer = exchange.kind === 'read' ? bench.read(exchange.port) : undefined;
    if (exchange.kind === 'write') bench.write(exchange.port, exchange.value);
    if (exchange.kind === 'step') bench.advanceTo(exchange.now);
    for (const change of exchange.lines) bench.takeLine?.(change);
    const lines = recorder.take();
    const expectedLines = exchange.lines.filter(({ line }) => subject.lines.includes(line));
    const answerDiffers = exchange.kind === 'read' && answer !== exchange.answer;
    const linesDiffer = printLines(lines) !== printLines(expectedLines);
    if (!answerDiffers && !linesDiffer) {
      passed += 1;
      continue;
    }
    const difference = { exchange, answer, answerDiffers, lines, linesDiffer, bench };
    const known = subject.knownDifferences.find(({ explains }) => explains(difference));
    if (known) explained.set(known.datasheet, (explained.get(known.datasheet) ?? 0) + 1);
    else unexplained.push(`${exchange.at}: ${exchange.text} but here ${printHere(answer, lines)}`);
  }
  return { name: subject.name, total: exchanges.length, passed, explained, unexplained };
}

function printHere(answer: number | undefined, lines: readonly LineChange[]): string {
  return `${answer === undefined ? '' : `0x${answer.toString(16)} `}[${printLines(lines).slice(0, 200)}]`;
}

/** One line for a report. */
export function printOutcome({ name, total, passed, explained, unexplained }: Outcome): string {
  const reasons = [...explained.values()].reduce((sum, each) => sum + each, 0);
  return `${name}: ${passed}/${total} equal, ${reasons} explained by the datasheet, ${unexplained.length} unexplained`;
}

/** A clock's whole ticks since power-on at a moment in nanoseconds. */
export function ticksAt(nanoseconds: bigint, { numerator, denominator }: Frequency): number {
  return Number((nanoseconds * BigInt(numerator)) / (1_000_000_000n * BigInt(denominator)));
}
