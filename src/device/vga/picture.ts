/** What the registers say of the frame that the monitor shows: dark, plain, text or graphics, and how it is drawn. */
import type { TextScreen } from '../../screen/frame.js';
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

/** Whether something changed in a part of memory since it was drawn; absent where everything is to be drawn. */
export type Changed = (from: number, bytes: number) => boolean;

/** How a frame is drawn while the registers stay as they are. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** The part of memory that it is drawn from; offsets below count from its first byte. */
  readonly first: number;
  readonly end: number;
  /** Bits of a word of memory whose change means that everything is to be drawn. */
  readonly everywhere: number;
  /** Draws the lines for which something changed. */
  readonly paint: (memory: Uint8Array, output: Uint32Array, changed?: Changed) => void;
  /** The cells of a text mode. */
  readonly text?: (memory: Uint8Array) => TextScreen;
}

/** What a monitor without synchronisation is taken to be. */
const darkMonitor = { width: 720, height: 400 } as const;
const black = new Uint32Array(Uint8Array.of(0, 0, 0, 0xff).buffer)[0]!;
const inText = { fontPlane: 0x00ff_0000 } as const;

/** A frame of one colour. */
const plain = (width: number, height: number, pixel = black): Picture => ({
  ...{ width, height, first: 0, end: 0, everywhere: 0 },
  paint: (_memory, output) => void output.fill(pixel),
});

/**
 * What the monitor shows: one pixel for each dot of the undivided dot clock and one row for each scan line, without the
 * border; a pixel of the framebuffer in a linear mode. Without synchronisation the monitor is dark; with the screen off it is
 * black, and while the palette belongs to the processor it has the border's colour: none of these has text. The state is kept.
 */
export function pictureOf(state: VgaState, memoryBytes: number): Picture {
  const linear = dispiEnabled(state);
  const running = state.sequencer[sequencer.reset] === sequencerRunning;
  if (!linear && !(running && modeControl.retraceOn.decode(state.crtc[crtc.modeControl]!))) {
    return plain(darkMonitor.width, darkMonitor.height);
  }
  const { width, height } = linear ? state.dispi : geometryOf(state);
  if (clockingMode.screenOff.decode(state.sequencer[sequencer.clockingMode]!)) return plain(width, height);
  if (!paletteAddressSource.decode(state.attributeIndex)) return plain(width, height, overscanPixel(state));
  return linear ? linearPicture(state, memoryBytes) : planesPicture(state);
}

function linearPicture(state: VgaState, memoryBytes: number): Picture {
  const mode = linearMode(state);
  const { width, height } = mode;
  const { first, end } = shownBytes(mode, memoryBytes);
  return {
    ...{ width, height, first, end },
    // Planes lie in pieces: any change draws all of it.
    everywhere: mode.bitsPerPixel === 4 ? -1 : 0,
    paint: (memory, output, changed) => paintLinear(state, memory, mode, output, first, changed),
  };
}

function planesPicture(state: VgaState): Picture {
  const geometry = geometryOf(state);
  const { width, height } = geometry;
  const isGraphics = graphicsMiscellaneous.graphics.decode(state.graphics[graphics.miscellaneous]!);
  const paint = isGraphics ? paintGraphics : paintText;
  const common = {
    ...{ width, height, first: 0, end: blockBytes },
    paint: (memory: Uint8Array, output: Uint32Array, changed?: Changed) =>
      paint(state, memory, geometry, output, changed),
  };
  if (isGraphics) return { ...common, everywhere: 0 };
  return { ...common, everywhere: inText.fontPlane, text: (memory) => textOf(state, memory, geometry) };
}
