/**
 * The register files behind their ports: what a read answers and a write changes.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem" (Registers); the digital-to-analog
 * converter: Inmos IMS G171 data sheet, "Microprocessor interface".
 */
import {
  attribute,
  crtc,
  graphics,
  keptBits,
  miscellaneousOutput,
  overflowLineCompare,
  paletteAddressSource,
  verticalRetraceEnd,
} from './registers.js';
import { beamStatus, holdBeam } from './timing.js';
import type { VgaState } from './state.js';

type RegisterFile = keyof typeof keptBits;

const attributeIndexBits = 0x1f;
/** CRTC registers 00h to 07h obey the protection. */
const lastProtected = crtc.overflow;
const status0 = { switchSense: 0x10 } as const;
const status1 = { displayDisabled: 0x01, verticalRetrace: 0x08 } as const;
const dacStates = { writing: 0b00, reading: 0b11 } as const;
const dacBits = 0x3f;
/** CRTC registers behind the documented ones, as IBM's chip has them: the latches, the flip-flop of 3C0h, its index. */
const hiddenCrtc = { latch: 0x22, flipFlop: 0x24, attributeIndex: 0x26 } as const;

/** Does the adapter answer, and at the colour (3Dxh) or the monochrome (3Bxh) addresses? */
export function answersAt(state: VgaState, colour: boolean): boolean {
  return state.enabled && miscellaneousOutput.colourAddresses.decode(state.miscellaneousOutput) === colour;
}

/** A register by its index; zero where there is none. */
export const readIndexed = (state: VgaState, file: RegisterFile, index: number): number => state[file][index] ?? 0;

/** Writes a register's existing bits. */
export function writeIndexed(state: VgaState, file: RegisterFile, index: number, value: number): void {
  const kept = keptBits[file][index];
  if (kept === undefined) return;
  state[file][index] = value & kept;
  if (file === 'crtc' || file === 'sequencer') holdBeam(state); // The others have no say in how long a frame is.
}

/** Writes a CRTC register, as far as the protection of 00h to 07h allows. */
export function writeCrtc(state: VgaState, value: number): void {
  const index = state.crtcIndex;
  const locked = verticalRetraceEnd.protect.decode(state.crtc[crtc.verticalRetraceEnd]!);
  if (!locked || index > lastProtected) return writeIndexed(state, 'crtc', index, value);
  if (index !== crtc.overflow) return;
  const overflow = state.crtc[crtc.overflow]!;
  writeIndexed(state, 'crtc', index, (overflow & ~overflowLineCompare) | (value & overflowLineCompare));
}

/** Reads the CRTC register that its index names. */
export function readCrtc(state: VgaState): number {
  const { crtcIndex } = state;
  if (crtcIndex === hiddenCrtc.latch) return state.latches[state.graphics[graphics.readMapSelect]!]!;
  if (crtcIndex === hiddenCrtc.flipFlop) return state.attributeData ? 0x80 : 0;
  if (crtcIndex === hiddenCrtc.attributeIndex) return state.attributeIndex;
  return readIndexed(state, 'crtc', crtcIndex);
}

/** 3C0h: index and data in turn. The palette takes data only while the display does not use it. */
export function writeAttribute(state: VgaState, value: number): void {
  if (!state.attributeData) {
    state.attributeIndex = value & 0x3f;
  } else {
    const index = state.attributeIndex & attributeIndexBits;
    const palette = index < attribute.modeControl;
    if (!palette || !paletteAddressSource.decode(state.attributeIndex)) writeIndexed(state, 'attribute', index, value);
  }
  state.attributeData = !state.attributeData;
}

/** 3C1h: the attribute register that the index names. */
export const readAttribute = (state: VgaState): number =>
  readIndexed(state, 'attribute', state.attributeIndex & attributeIndexBits);

/** 3C2h, Input Status Register 0: the monitor is a colour one, and no interrupt waits. */
export const readStatus0 = (): number => status0.switchSense;

/** 3BAh or 3DAh, Input Status Register 1; makes the next write to 3C0h an index. */
export function readStatus1(state: VgaState): number {
  state.attributeData = false;
  const { displays, verticalRetrace } = beamStatus(state);
  return (displays ? 0 : status1.displayDisabled) | (verticalRetrace ? status1.verticalRetrace : 0);
}

export function writeMiscellaneousOutput(state: VgaState, value: number): void {
  state.miscellaneousOutput = value & 0xef; // Bit 4 does not exist.
  holdBeam(state);
}

/** 3C7h: fetches the colour at `value` for reading, and moves the address on. */
export function startDacRead(state: VgaState, value: number): void {
  state.dac.address = value;
  state.dac.reading = true;
  fetchColour(state);
}

/** 3C8h: the next three writes are a colour for `value`. */
export function startDacWrite(state: VgaState, value: number): void {
  state.dac.address = value;
  state.dac.reading = false;
  state.dac.part = 0;
}

function fetchColour({ dac }: VgaState): void {
  dac.colour.set(dac.colours.subarray(dac.address * 3, dac.address * 3 + 3));
  dac.address = (dac.address + 1) & 0xff;
  dac.part = 0;
}

/** 3C9h: red, green and blue in turn. After blue the next colour is fetched. */
export function readDac(state: VgaState): number {
  const { dac } = state;
  const value = dac.colour[dac.part]!;
  if (dac.part === 2) fetchColour(state);
  else dac.part++;
  return value;
}

/** 3C9h: red, green and blue in turn. The colour changes with blue, all at once. */
export function writeDac({ dac }: VgaState, value: number): void {
  dac.colour[dac.part] = dac.eightBits ? value : value & dacBits;
  dac.part = (dac.part + 1) % 3;
  if (dac.part !== 0) return;
  dac.colours.set(dac.colour, dac.address * 3);
  dac.address = (dac.address + 1) & 0xff;
}

/** 3C7h: which of 3C7h and 3C8h was written last. */
export const readDacState = ({ dac }: VgaState): number => (dac.reading ? dacStates.reading : dacStates.writing);
