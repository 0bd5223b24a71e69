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
import { type Geometry, geometryOf } from './scan.js';
import type { VgaState } from './state.js';
import { paintText, textOf } from './text.js';

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
  if (graphicsMiscellaneous.graphics.decode(state.graphics[graphics.miscellaneous]!)) {
    return { width, height, pixels: painted(state, geometry, paintGraphics) };
  }
  return textFrame(state, geometry);
}

function painted(state: VgaState, geometry: Geometry, paint: typeof paintText): Uint8Array {
  const output = new Uint32Array(geometry.width * geometry.height);
  paint(state, geometry, output);
  return new Uint8Array(output.buffer);
}

/**
 * A text mode's frame. Whoever waits for words looks often and only at the cells, so the pixels are drawn when first
 * asked for, from a copy of what the adapter held at this moment.
 */
function textFrame(state: VgaState, geometry: Geometry): Frame {
  const { planes, attribute, crtc, sequencer, dac } = state;
  const kept: VgaState = {
    ...state,
    planes: planes.map((plane) => plane.slice()),
    attribute: attribute.slice(),
    crtc: crtc.slice(),
    sequencer: sequencer.slice(),
    dac: { ...dac, colours: dac.colours.slice() },
  };
  let pixels: Uint8Array | undefined;
  return {
    width: geometry.width,
    height: geometry.height,
    get pixels() {
      return (pixels ??= painted(kept, geometry, paintText));
    },
    text: textOf(state, geometry),
  };
}
