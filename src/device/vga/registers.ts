/**
 * The VGA's register files as data: the index of each register, the bits that exist in it, and its fields.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem" (Registers); field names follow
 * FreeVGA, "Sequencer Registers", "CRT Controller Registers", "Graphics Registers", "Attribute Controller Registers".
 */
import { bit, bits } from '../register-fields.js';

/** Sequencer, index at 3C4h. */
export const sequencer = { reset: 0, clockingMode: 1, mapMask: 2, characterMapSelect: 3, memoryMode: 4 } as const;
/** CRT controller, index at 3B4h or 3D4h. */
export const crtc = {
  horizontalTotal: 0x00,
  horizontalDisplayEnd: 0x01,
  verticalTotal: 0x06,
  overflow: 0x07,
  presetRowScan: 0x08,
  maximumScanLine: 0x09,
  cursorStart: 0x0a,
  cursorEnd: 0x0b,
  startAddressHigh: 0x0c,
  startAddressLow: 0x0d,
  cursorLocationHigh: 0x0e,
  cursorLocationLow: 0x0f,
  verticalRetraceStart: 0x10,
  verticalRetraceEnd: 0x11,
  verticalDisplayEnd: 0x12,
  offset: 0x13,
  underlineLocation: 0x14,
  modeControl: 0x17,
  lineCompare: 0x18,
} as const;
/** Graphics controller, index at 3CEh. */
export const graphics = {
  setReset: 0,
  enableSetReset: 1,
  colourCompare: 2,
  dataRotate: 3,
  readMapSelect: 4,
  mode: 5,
  miscellaneous: 6,
  colourDontCare: 7,
  bitMask: 8,
} as const;
/** Attribute controller, index and data at 3C0h; 00h to 0Fh are the palette. */
export const attribute = {
  modeControl: 0x10,
  overscanColour: 0x11,
  colourPlaneEnable: 0x12,
  horizontalPanning: 0x13,
  colourSelect: 0x14,
} as const;

/** The bits that each register keeps; the others read as zero. An index beyond the list reaches no register. */
export const keptBits = {
  sequencer: [0x03, 0x3d, 0x0f, 0x3f, 0x0e],
  // prettier-ignore
  crtc: [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0x3f, 0x7f, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xef, 0xff,
  ],
  graphics: [0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff],
  // prettier-ignore
  attribute: [
    0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
    0xef, 0xff, 0x3f, 0x0f, 0x0f,
  ],
} as const;

/** Miscellaneous Output Register, written at 3C2h, read at 3CCh. */
export const miscellaneousOutput = { colourAddresses: bit(0), enableMemory: bit(1), clockSelect: bits(3, 2) };

/** Both bits set let the sequencer run. */
export const sequencerRunning = 0x03;
export const clockingMode = { eightDots: bit(0), halfDotClock: bit(3), screenOff: bit(5) };
export const memoryMode = { extendedMemory: bit(1), sequential: bit(2), chain4: bit(3) };

export const presetRowScan = { bytePanning: bits(6, 5), rowScan: bits(4, 0) };
export const maximumScanLine = { doubleScan: bit(7), lineCompare9: bit(6), rowScan: bits(4, 0) };
export const cursorStart = { disabled: bit(5), rowScan: bits(4, 0) };
export const cursorEnd = { skew: bits(6, 5), rowScan: bits(4, 0) };
export const verticalRetraceEnd = { protect: bit(7), line: bits(3, 0) };
export const underlineLocation = { doubleword: bit(6), countByFour: bit(5), rowScan: bits(4, 0) };
export const modeControl = {
  retraceOn: bit(7),
  byteMode: bit(6),
  addressWrap: bit(5),
  countByTwo: bit(3),
  halveVertical: bit(2),
  /** Clear: the row scan counter's bit 0 (bit 1) takes the place of address bit 13 (bit 14). */
  keepAddress13: bit(0),
  keepAddress14: bit(1),
};
/** Bit 4 of the overflow register is bit 8 of the line compare, which the protection leaves open. */
export const overflowLineCompare = 0x10;

export const dataRotate = { operation: bits(4, 3), count: bits(2, 0) };
export const graphicsMode = { shift: bits(6, 5), oddEven: bit(4), compare: bit(3), writeMode: bits(1, 0) };
export const graphicsMiscellaneous = { memoryMap: bits(3, 2), chainOddEven: bit(1), graphics: bit(0) };

/** Bit 5 of the attribute address: the palette belongs to the display, not to the processor. */
export const paletteAddressSource = bit(5);
export const attributeMode = {
  lineGraphics: bit(2),
  blink: bit(3),
  panUpperOnly: bit(5),
  eightBitColour: bit(6),
  paletteBits54: bit(7),
};
export const colourSelect = { bits76: bits(3, 2), bits54: bits(1, 0) };
