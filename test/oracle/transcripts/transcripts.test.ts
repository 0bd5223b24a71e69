/** Replays the reference's transcripts where they are found (see `transcript.ts`); a chip is one line below. */
import { describe, expect, test } from 'vitest';
import { dmaTranscript } from './dma.js';
import { picTranscript } from './pic.js';
import { pitTranscript } from './pit.js';
import { rtcTranscript } from './rtc.js';
import { type Bench, printOutcome, replay, type TranscriptSubject } from './runner.js';
import { parseExchange, readTranscript, transcriptFile } from './transcript.js';
import { uartTranscript } from './uart.js';

/** Unexplained exchanges shown when a transcript fails. */
const shownMax = 20;

function testTranscript<B extends Bench>(subject: TranscriptSubject<B>): void {
  const file = transcriptFile(subject.name);
  const sentence = `the ${subject.name} answers as the reference does, or as its datasheet says`;
  test.skipIf(file === undefined)(sentence, () => {
    const outcome = replay(subject, readTranscript(file!));
    const reasons = [...outcome.explained].map(([reason, count]) => `\n  ${count} by ${reason}`);
    process.stdout.write(`${printOutcome(outcome)}${reasons.join('')}\n`);
    expect(outcome.total).toBeGreaterThan(0);
    expect(outcome.unexplained.slice(0, shownMax)).toEqual([]);
  });
}

describe('device transcripts', () => {
  testTranscript(pitTranscript);
  testTranscript(picTranscript);
  testTranscript(uartTranscript);
  testTranscript(rtcTranscript);
  testTranscript(dmaTranscript);
});

describe('the transcript runner', () => {
  const exchanges = [
    'outb 0x3ff 0x5a => OK ',
    'inb 0x3ff => OK 0x005a ',
    'outb 0x3f9 0x2 => OK [raise 4]',
    'x',
  ].flatMap((line, index) => parseExchange(line, index + 1) ?? []);

  test('counts exchanges that are equal', () => {
    expect(printOutcome(replay(uartTranscript, exchanges))).toBe(
      'uart: 3/3 equal, 0 explained by the datasheet, 0 unexplained',
    );
  });

  test('notices a wrong answer and a missing line change', () => {
    const broken: typeof uartTranscript = {
      ...uartTranscript,
      create(line) {
        const bench = uartTranscript.create(line);
        return { ...bench, write: () => {}, read: (port) => (bench.read(port) ?? 0) ^ 1 };
      },
    };
    expect(replay(broken, exchanges).unexplained).toEqual([
      '2: inb 0x3ff => OK 0x005a  but here 0x1 []',
      '3: outb 0x3f9 0x2 => OK [raise 4] but here []',
    ]);
  });
});
