/** Every bit that the VGA remembers, declared once. */
import { bytes, count, flag, type StateOf, struct, u16, u8 } from '../../state/schema.js';
import { keptBits } from './registers.js';

/** All that the chip remembers but its memory, which the board keeps: see `planes.ts`. */
export const vgaState = struct({
  /** One byte of each plane, taken with every read by the processor. */
  latches: bytes(4),
  miscellaneousOutput: u8(),
  featureControl: u8(),
  /** Bit 0 of 3C3h: the adapter answers at its other ports and in memory. On after reset, as an adapter card is. */
  enabled: flag(true),
  sequencerIndex: u8(),
  sequencer: bytes(keptBits.sequencer.length),
  crtcIndex: u8(),
  crtc: bytes(keptBits.crtc.length),
  graphicsIndex: u8(),
  graphics: bytes(keptBits.graphics.length),
  /** The index with bit 5, the palette address source. */
  attributeIndex: u8(),
  /** The flip-flop of 3C0h: the next write is data. */
  attributeData: flag(),
  attribute: bytes(keptBits.attribute.length),
  dac: struct({
    /** 256 colours: red, green, blue, six bits each, or eight where the extension has said so. */
    colours: bytes(256 * 3),
    mask: u8(0xff),
    address: u8(),
    /** The colour being read or written, and which of its parts comes next. */
    colour: bytes(3),
    part: u8(),
    reading: flag(),
    eightBits: flag(),
  }),
  /** What the start address registers held when the last vertical retrace began: the top of the picture shown. */
  shownStart: u16(),
  /** How far the beam is in its frame, in the units of `timing.ts`. */
  beam: count(),
  /** Frames since power-on, modulo 32: what blinking follows. */
  frame: u8(),
  /** The registers of the display interface of `dispi.ts`, which the plain adapter lacks. */
  dispi: struct({
    index: u16(),
    id: u16(0xb0c5),
    width: u16(),
    height: u16(),
    bitsPerPixel: u16(8),
    enable: u16(),
    bank: u16(),
    virtualWidth: u16(),
    virtualHeight: u16(),
    xOffset: u16(),
    yOffset: u16(),
  }),
});

export type VgaState = StateOf<typeof vgaState>;
