/**
 * Where the beam is: the frame's dimensions out of the CRT controller's registers, and the status bits that follow from them.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem", CRT Controller Registers, Clocking
 * Mode Register, Input Status Register 1; the blink rates (a 16th and a 32nd of the frame rate): FreeVGA, "Text mode".
 */
import { clockingMode, crtc, miscellaneousOutput, modeControl, sequencer, verticalRetraceEnd } from './registers.js';
import type { VgaState } from './state.js';

/** The dot clock that the chip's own ticks count, and the other one, in kHz. */
const tickClock = 25_175;
const secondClock = 28_322;

/** The chip's own ticks: the 25.175 MHz crystal, in hertz. */
export const vgaClock = { numerator: tickClock * 1000, denominator: 1 } as const;

/** One dot of the selected clock in beam units: fine enough that a tick is a whole number of them at either clock. */
const unitsPerDot = tickClock;

const blinkFrames = { cursor: 8, characters: 16, cycle: 32 } as const;

/** What one advance multiplies must stay a safe integer. */
const ticksMax = 100_000_000_000;

/** Bit 8 and bit 9 of a vertical value lie in the overflow register. */
function vertical(state: VgaState, low: number, bit8: number, bit9: number): number {
  const overflow = state.crtc[crtc.overflow]!;
  return state.crtc[low]! | (((overflow >> bit8) & 1) << 8) | (((overflow >> bit9) & 1) << 9);
}

/** Scan lines a count of the vertical counter: two when it is clocked by every second line. */
export function linesPerCount(state: VgaState): 1 | 2 {
  return modeControl.halveVertical.decode(state.crtc[crtc.modeControl]!) ? 2 : 1;
}

/** The last displayed line, as the vertical counter counts. */
export const verticalDisplayEnd = (state: VgaState): number => vertical(state, crtc.verticalDisplayEnd, 1, 6);

const mode = (state: VgaState): number => state.sequencer[sequencer.clockingMode]!;

/** Dots in a character cell. */
export const dotsPerCharacter = (state: VgaState): 8 | 9 => (clockingMode.eightDots.decode(mode(state)) ? 8 : 9);

/** Dots of the undivided clock for each dot shown. */
export const dotWidth = (state: VgaState): 1 | 2 => (clockingMode.halfDotClock.decode(mode(state)) ? 2 : 1);

/** Character clocks of a whole line, with its retrace. */
export const charactersPerLine = (state: VgaState): number => state.crtc[crtc.horizontalTotal]! + 5;

const unitsPerCharacter = (state: VgaState): number => dotsPerCharacter(state) * dotWidth(state) * unitsPerDot;
const unitsPerLine = (state: VgaState): number => charactersPerLine(state) * unitsPerCharacter(state);
const unitsPerFrame = (state: VgaState): number =>
  unitsPerLine(state) * (vertical(state, crtc.verticalTotal, 0, 5) + 2) * linesPerCount(state);

const verticalRetraceStart = (state: VgaState): number => vertical(state, crtc.verticalRetraceStart, 2, 7);

/** Where in its frame the beam begins to return to the top: the end of the frame when no line does. */
const retraceAt = (state: VgaState, frameUnits: number): number =>
  Math.min(verticalRetraceStart(state) * linesPerCount(state) * unitsPerLine(state), frameUnits);

/** Moves the beam on by `ticks` of {@link vgaClock}; the picture's start is taken with each vertical retrace. */
export function advanceBeam(state: VgaState, ticks: number): void {
  const clock = miscellaneousOutput.clockSelect.decode(state.miscellaneousOutput) === 1 ? secondClock : tickClock;
  const frameUnits = unitsPerFrame(state);
  const retrace = retraceAt(state, frameUnits);
  const nextRetrace = (retrace > state.beam ? retrace : retrace + frameUnits) - state.beam;
  if (Math.min(ticks, ticksMax) * clock >= nextRetrace) {
    state.shownStart = (state.crtc[crtc.startAddressHigh]! << 8) | state.crtc[crtc.startAddressLow]!;
  }
  for (let left = ticks; left > 0; left -= ticksMax) {
    const beam = state.beam + Math.min(left, ticksMax) * clock;
    const frames = Math.floor(beam / frameUnits);
    state.beam = beam - frames * frameUnits;
    state.frame = (state.frame + frames) % blinkFrames.cycle;
  }
}

/** Keeps the beam inside a frame that a register write may have made shorter. */
export function holdBeam(state: VgaState): void {
  state.beam %= unitsPerFrame(state);
}

/** Whether the beam draws the picture now, and whether it returns to the top. */
export function beamStatus(state: VgaState): { readonly displays: boolean; readonly verticalRetrace: boolean } {
  const line = Math.floor(state.beam / unitsPerLine(state));
  const character = Math.floor((state.beam % unitsPerLine(state)) / unitsPerCharacter(state));
  const count = Math.floor(line / linesPerCount(state));
  const start = verticalRetraceStart(state);
  const end = verticalRetraceEnd.line.decode(state.crtc[crtc.verticalRetraceEnd]!);
  // The retrace ends where the counter's four low bits next equal the end register's: after 1 to 16 counts.
  const length = ((end - start - 1) & 0x0f) + 1;
  return {
    displays: count <= verticalDisplayEnd(state) && character <= state.crtc[crtc.horizontalDisplayEnd]!,
    verticalRetrace: count >= start && count < start + length,
  };
}

/** What of the frame's number decides what blinks. */
export const shownBlinks = (state: VgaState): number => state.frame & (blinkFrames.cursor | blinkFrames.characters);

/** Whether the blinking cursor shows in this frame. */
export const cursorShows = (state: VgaState): boolean => (state.frame & blinkFrames.cursor) === 0;

/** Whether blinking characters show in this frame. */
export const blinkingShows = (state: VgaState): boolean => (state.frame & blinkFrames.characters) === 0;
