import { describe, expect, test } from 'vitest';
import { bench, modes, textBench } from './bench.js';

/** Dots of a frame: characters of a line x dots x lines. */
const textFrame = { line: 100 * 9, lines: 449 } as const;

describe('Input Status Register 1', () => {
  test('shows the display of every line and the vertical retrace of every frame in mode 12h, dot by dot', () => {
    const chip = bench();
    chip.setMode(modes.planar640);
    // 640 of 800 dots and 480 of 525 lines are displayed; the retrace takes lines 490 and 491.
    const seen = { displays: 0, retrace: 0, firstRetrace: -1 };
    for (let dot = 0; dot < 800 * 525; dot += 8) {
      const status = chip.in('status')!;
      if ((status & 1) === 0) seen.displays++;
      if ((status & 8) !== 0) {
        seen.retrace++;
        if (seen.firstRetrace < 0) seen.firstRetrace = dot;
      }
      chip.chip.advance(8);
    }
    expect(seen).toEqual({ displays: (640 / 8) * 480, retrace: (800 / 8) * 2, firstRetrace: 490 * 800 });
  });

  test('follows the 28.322 MHz clock in text modes, without losing a dot in a minute', () => {
    const chip = textBench();
    chip.chip.state.beam = 0;
    // 25,175 ticks are 28,322 dots; a minute is 60,000 times that.
    chip.chip.advance(25_175 * 60_000);
    const dots = 28_322 * 60_000;
    const dotsInFrame = dots % (textFrame.line * textFrame.lines);
    expect(chip.chip.state.beam).toBe(dotsInFrame * 25_175);
  });

  test('has the vertical retrace of 400-line text in lines 412 and 413', () => {
    const chip = textBench();
    const retraceAt = (line: number): boolean => {
      chip.chip.state.beam = (line * textFrame.line + 5) * 25_175;
      return (chip.in('status')! & 8) !== 0;
    };
    expect([411, 412, 413, 414].map(retraceAt)).toEqual([false, true, true, false]);
  });

  test('goes on whatever the registers are, and stays inside a frame that a write has made shorter', () => {
    const chip = textBench();
    chip.chip.advance(300_000);
    chip.crtc(0x11, 0x00);
    chip.crtc(0x06, 0x00);
    chip.crtc(0x07, 0x00);
    expect(chip.chip.state.beam).toBeLessThan(textFrame.line * 2 * 25_175);
  });
});

describe('blinking', () => {
  test('hides the cursor for eight frames out of sixteen, and characters for sixteen out of thirty-two', () => {
    const chip = textBench();
    chip.attribute(0x10, 0x0c);
    chip.print(10, 'A', 0x87);
    chip.chip.state.beam = 0;
    chip.chip.state.frame = 0;
    const oneFrame = Math.ceil((textFrame.line * textFrame.lines * 25_175) / 28_322);
    const shown: string[] = [];
    for (let frame = 0; frame < 32; frame++) {
      const { pixels, width } = chip.frame();
      const lit = (left: number): boolean =>
        Array.from({ length: 16 * 9 }, (_, at) => pixels[(Math.floor(at / 9) * width + left + (at % 9)) * 4]).some(
          (red) => red !== 0,
        );
      shown.push(`${lit(0) ? 'c' : '-'}${lit(90) ? 'a' : '-'}`);
      chip.chip.advance(oneFrame);
    }
    expect(shown).toEqual(
      [...Array<string>(8).fill('ca'), ...Array<string>(8).fill('-a')].concat([
        ...Array<string>(8).fill('c-'),
        ...Array<string>(8).fill('--'),
      ]),
    );
  });

  test('leaves bit 7 to the background colour where the mode says so', () => {
    const chip = textBench();
    chip.attribute(0x10, 0x04);
    chip.print(10, ' ', 0x87);
    chip.chip.state.frame = 16;
    expect([...chip.frame().pixels.subarray(90 * 4, 90 * 4 + 3)]).toEqual([0x55, 0x55, 0x55]);
  });
});

test('a new start address is shown from the next vertical retrace on', () => {
  const chip = textBench();
  chip.print(80, 'second row');
  chip.retrace();
  const top = (): number => chip.frame().text!.characters[0]!;
  chip.chip.state.beam = 0;
  chip.crtc(0x0d, 80);
  expect(top()).toBe(0x20);
  const ticksToRetrace = (412 * textFrame.line * 25_175) / 28_322;
  chip.chip.advance(Math.floor(ticksToRetrace));
  expect(top()).toBe(0x20);
  chip.chip.advance(1);
  expect(top()).toBe('s'.charCodeAt(0));
});
