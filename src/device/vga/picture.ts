/** The frame that the monitor shows: dark, plain, text or graphics. */
import type { Frame } from '../../screen/frame.js';
import { overscanPixel } from './colours.js';
import { paintGraphics } from './graphics.js';
import {
  clockingMode,
  crtc,
  graphics,
  graphicsMiscellaneous,
  modeControl,
  paletteAddressSource,
  sequencer,
  sequencerRunning,
} from './registers.js';
import { geometryOf } from './scan.js';
import type { VgaState } from './state.js';
import { paintText } from './text.js';

/** What a monitor without synchronisation is taken to be. */
const darkMonitor = { width: 720, height: 400 } as const;

/** A frame of one colour. */
function plain(width: number, height: number, red = 0, green = 0, blue = 0): Frame {
  const pixels = new Uint8Array(width * height * 4);
  for (let at = 0; at < pixels.length; at += 4) pixels.set([red, green, blue, 0xff], at);
  return { width, height, pixels };
}

/**
 * What the monitor shows now: one pixel for each dot of the undivided dot clock and one row for each scan line, without the
 * border. Without synchronisation the monitor is dark; with the screen off it is black, and while the palette belongs to
 * the processor it has the border's colour: none of these has text.
 */
export function frameOf(state: VgaState): Frame {
  const running = state.sequencer[sequencer.reset] === sequencerRunning;
  if (!running || !modeControl.retraceOn.decode(state.crtc[crtc.modeControl]!)) {
    return plain(darkMonitor.width, darkMonitor.height);
  }
  const geometry = geometryOf(state);
  const { width, height } = geometry;
  if (clockingMode.screenOff.decode(state.sequencer[sequencer.clockingMode]!)) return plain(width, height);
  if (!paletteAddressSource.decode(state.attributeIndex)) {
    const [red, green, blue] = new Uint8Array(Uint32Array.of(overscanPixel(state)).buffer);
    return plain(width, height, red, green, blue);
  }
  const output = new Uint32Array(width * height);
  const pixels = new Uint8Array(output.buffer);
  if (!graphicsMiscellaneous.graphics.decode(state.graphics[graphics.miscellaneous]!)) {
    return { width, height, pixels, text: paintText(state, geometry, output) };
  }
  paintGraphics(state, geometry, output);
  return { width, height, pixels };
}
