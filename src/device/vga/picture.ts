/** The frame that the monitor shows: dark, plain, text or graphics. */
import type { Frame } from '../../screen/frame.js';
import { overscanPixel } from './colours.js';
import { dispiEnabled, linearMode } from './dispi.js';
import { paintGraphics } from './graphics.js';
import { paintLinear, shownBytes } from './linear.js';
import { blockBytes } from './planes.js';
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
 * border; a pixel of the framebuffer in a linear mode. Without synchronisation the monitor is dark; with the screen off it is
 * black, and while the palette belongs to the processor it has the border's colour: none of these has text.
 */
export function frameOf(state: VgaState, memory: Uint8Array): Frame {
  const linear = dispiEnabled(state);
  const running = state.sequencer[sequencer.reset] === sequencerRunning;
  if (!linear && !(running && modeControl.retraceOn.decode(state.crtc[crtc.modeControl]!))) {
    return plain(darkMonitor.width, darkMonitor.height);
  }
  const { width, height } = linear ? state.dispi : geometryOf(state);
  if (clockingMode.screenOff.decode(state.sequencer[sequencer.clockingMode]!)) return plain(width, height);
  if (!paletteAddressSource.decode(state.attributeIndex)) {
    const [red, green, blue] = new Uint8Array(Uint32Array.of(overscanPixel(state)).buffer);
    return plain(width, height, red, green, blue);
  }
  return linear ? linearFrame(state, memory) : planesFrame(state, memory);
}

/**
 * A frame whose pixels are drawn when they are first asked for, from a copy of what the adapter held at this moment: whoever
 * waits for words looks often, and only at the cells.
 */
function lazyFrame(size: Pick<Frame, 'width' | 'height'>, paint: (output: Uint32Array) => void): Frame {
  const { width, height } = size;
  let pixels: Uint8Array | undefined;
  return {
    width,
    height,
    get pixels() {
      if (pixels === undefined) {
        const output = new Uint32Array(width * height);
        paint(output);
        pixels = new Uint8Array(output.buffer);
      }
      return pixels;
    },
  };
}

function linearFrame(state: VgaState, memory: Uint8Array): Frame {
  const mode = linearMode(state);
  const kept = keptRegisters(state);
  const { first, end } = shownBytes(mode, memory.length);
  const shown = memory.slice(first, end);
  return lazyFrame(mode, (output) => paintLinear(kept, shown, mode, output, first));
}

function planesFrame(state: VgaState, memory: Uint8Array): Frame {
  const geometry = geometryOf(state);
  const kept = keptRegisters(state);
  const shown = memory.slice(0, blockBytes);
  const isGraphics = graphicsMiscellaneous.graphics.decode(state.graphics[graphics.miscellaneous]!);
  const paint = isGraphics ? paintGraphics : paintText;
  const frame = lazyFrame(geometry, (output) => paint(kept, shown, geometry, output));
  if (isGraphics) return frame;
  return Object.defineProperty(frame, 'text', {
    value: textOf(state, memory, geometry),
    enumerable: true,
  });
}

/** A copy of all that the registers say of the picture. */
function keptRegisters(state: VgaState): VgaState {
  const { attribute, crtc, graphics, sequencer, dac } = state;
  return {
    ...state,
    attribute: attribute.slice(),
    crtc: crtc.slice(),
    graphics: graphics.slice(),
    sequencer: sequencer.slice(),
    dac: { ...dac, colours: dac.colours.slice() },
  };
}
