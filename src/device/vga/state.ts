/** Every bit that the VGA remembers, declared once. */
import { bytes, count, flag, repeat, type StateOf, struct, u8 } from '../../state/schema.js';
import { keptBits } from './registers.js';

export const planeBytes = 0x10000;

export const vgaState = struct({
  /** Video memory: four planes (the manual's maps) of 64 KiB. */
  planes: repeat(4, bytes(planeBytes)),
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
    /** 256 colours: red, green, blue, six bits each. */
    colours: bytes(256 * 3),
    mask: u8(0xff),
    address: u8(),
    /** The colour being read or written, and which of its parts comes next. */
    colour: bytes(3),
    part: u8(),
    reading: flag(),
  }),
  /** How far the beam is in its frame, in the units of `timing.ts`. */
  beam: count(),
  /** Frames since power-on, modulo 32: what blinking follows. */
  frame: u8(),
});

export type VgaState = StateOf<typeof vgaState>;
