/**
 * Video Graphics Array: register files, four planes of video memory, and the picture made of them.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem"; FreeVGA (J. D. Neal), "Hardware
 * Level VGA and SVGA Video Programming Information Page".
 *
 * Not modelled: see `notModelled` below.
 */
import { defineDevice, type DeviceContext } from '../device.js';
import type { VideoMemory } from '../video-memory.js';
import { PlaneAccess } from './memory.js';
import { Canvas } from './canvas.js';
import {
  answersAt,
  readAttribute,
  readCrtc,
  readDac,
  readDacState,
  readIndexed,
  readStatus0,
  readStatus1,
  startDacRead,
  startDacWrite,
  writeAttribute,
  writeCrtc,
  writeDac,
  writeIndexed,
  writeMiscellaneousOutput,
} from './ports.js';
import { type VgaState, vgaState } from './state.js';
import { advanceBeam, vgaClock } from './timing.js';

/** What the board gives the adapter. */
export interface VgaBoard {
  /** 256 KiB, or more for the linear framebuffer. The board keeps it as a part of the state. */
  readonly videoMemory: VideoMemory;
  /** What `directWindow` answers has changed: translations that follow it are stale. */
  readonly windowMoved?: () => void;
}

export type VgaContext = DeviceContext<VgaState, never, VgaBoard>;

type Context = VgaContext;

type Read = (context: Context) => number | undefined;
type Write = (context: Context, value: number) => void | false;

/** Registers that answer while the adapter is enabled. */
const reads =
  (answer: (state: VgaState) => number): Read =>
  ({ state }) =>
    state.enabled ? answer(state) : undefined;
const writes =
  (take: (state: VgaState, value: number) => void): Write =>
  ({ state }, value) =>
    state.enabled ? take(state, value) : false;

/** Registers that answer at the colour or at the monochrome addresses, whichever are selected. */
const readsAt =
  (colour: boolean, answer: (state: VgaState) => number): Read =>
  ({ state }) =>
    answersAt(state, colour) ? answer(state) : undefined;
const writesAt =
  (colour: boolean, take: (state: VgaState, value: number) => void): Write =>
  ({ state }, value) =>
    answersAt(state, colour) ? take(state, value) : false;

/** What follows from each chip's registers, by its state. */
const planeAccesses = new WeakMap<VgaState, PlaneAccess>();

function planesOf({ state, board }: Context): PlaneAccess {
  let access = planeAccesses.get(state);
  if (access === undefined) planeAccesses.set(state, (access = new PlaneAccess(state, board.videoMemory)));
  return access;
}
const canvases = new WeakMap<VgaState, Canvas>();

function canvasOf({ state, board }: Context): Canvas {
  let canvas = canvases.get(state);
  if (canvas === undefined) canvases.set(state, (canvas = new Canvas(state, board.videoMemory)));
  return canvas;
}

/** The same where a state may just have been loaded. */
function freshPlanes(context: Context): PlaneAccess {
  const planes = planesOf(context);
  planes.follow();
  return planes;
}

/** Writes of registers that choose what accesses to memory do: tells the board when the direct window has moved. */
export const moving =
  (write: Write): Write =>
  (context, value) => {
    const planes = planesOf(context);
    const before = planes.direct;
    const taken = write(context, value);
    planes.follow();
    if (planes.direct !== before) context.board.windowMoved?.();
    return taken;
  };

const writeCrtcIndex = (state: VgaState, value: number): void => void (state.crtcIndex = value);
const writeFeature = (state: VgaState, value: number): void => void (state.featureControl = value & 0x03);

/** What the board asks of the adapter beside its registers. */
export const vgaOperations = {
  /** The processor's way to A0000h to BFFFFh. To be asked for again after a state was loaded. */
  planeAccess: freshPlanes,
  readMemory: (context: Context, offset: number) => freshPlanes(context).readByte(offset),
  writeMemory: (context: Context, offset: number, value: number) => freshPlanes(context).writeByte(offset, value),
  frame: (context: Context) => canvasOf(context).frame(),
  /**
   * Where in video memory A0000h to AFFFFh lie byte by byte, when the processor may go there itself; undefined while the
   * accesses need the adapter. Follows from the state, so that a board asks again after loading.
   */
  directWindow: (context: Context) => freshPlanes(context).direct,
};

/**
 * The adapter. Register offsets are absolute ports. What the processor reads or writes from A0000h to BFFFFh goes through
 * `planeAccess`, with the offset from A0000h (0 to 1FFFFh); `frame` draws what the monitor shows now, and changes nothing.
 */
export const vga = defineDevice({
  name: 'vga',
  source: 'IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem"',
  notModelled: [
    'register changes in the middle of a frame: but for the start address, which is taken with each vertical retrace, a frame is drawn with the registers as they stand when it is asked for',
    'the border, blanking within the display, display enable skew and retrace positions: they do not move the picture',
    'clocks other than 25.175 and 28.322 MHz: the external clock selects count as 25.175 MHz',
    'the vertical retrace interrupt, the light pen and the feature connector',
    'wait states, and the sequencer reset: memory keeps its contents and the beam goes on',
    'the 64 KiB memory configuration, and the odd/even page select of the miscellaneous output',
    'shift registers loaded every second or fourth character clock (clocking mode bits 2 and 4)',
    'blinking in graphics modes, and the colour diagnosis bits of Input Status Register 1',
    'latches where A0000h is reached directly (mode 13h and linear modes): reads there leave them as they were',
    'monitor sensing: Input Status Register 0 always reports a colour monitor',
  ],
  clock: vgaClock,
  // prettier-ignore
  registers: {
    monochromeCrtcIndex: 0x3b4, monochromeCrtcData: 0x3b5, monochromeStatus: 0x3ba,
    attribute: 0x3c0, attributeData: 0x3c1, miscellaneousOutput: 0x3c2, subsystemEnable: 0x3c3,
    sequencerIndex: 0x3c4, sequencerData: 0x3c5, dacMask: 0x3c6, dacReadAddress: 0x3c7, dacWriteAddress: 0x3c8,
    dacData: 0x3c9, featureControl: 0x3ca, miscellaneousOutputBack: 0x3cc, graphicsIndex: 0x3ce, graphicsData: 0x3cf,
    crtcIndex: 0x3d4, crtcData: 0x3d5, status: 0x3da,
  },
  inputs: [],
  outputs: [],
  state: vgaState,

  reset(context: Context) {
    planesOf(context).follow();
    context.board.windowMoved?.();
  },

  advance({ state }: Context, ticks) {
    advanceBeam(state, ticks);
  },

  read: {
    monochromeCrtcIndex: readsAt(false, (state) => state.crtcIndex),
    monochromeCrtcData: readsAt(false, readCrtc),
    monochromeStatus: readsAt(false, readStatus1),
    crtcIndex: readsAt(true, (state) => state.crtcIndex),
    crtcData: readsAt(true, readCrtc),
    status: readsAt(true, readStatus1),
    attribute: reads((state) => state.attributeIndex),
    attributeData: reads(readAttribute),
    miscellaneousOutput: reads(readStatus0),
    subsystemEnable: ({ state }) => (state.enabled ? 1 : 0),
    sequencerIndex: reads((state) => state.sequencerIndex),
    sequencerData: reads((state) => readIndexed(state, 'sequencer', state.sequencerIndex)),
    dacMask: reads((state) => state.dac.mask),
    dacReadAddress: reads(readDacState),
    dacWriteAddress: reads((state) => state.dac.address),
    dacData: reads(readDac),
    featureControl: reads((state) => state.featureControl),
    miscellaneousOutputBack: reads((state) => state.miscellaneousOutput),
    graphicsIndex: reads((state) => state.graphicsIndex),
    graphicsData: reads((state) => readIndexed(state, 'graphics', state.graphicsIndex)),
  },
  write: {
    monochromeCrtcIndex: writesAt(false, writeCrtcIndex),
    monochromeCrtcData: writesAt(false, writeCrtc),
    monochromeStatus: writesAt(false, writeFeature),
    crtcIndex: writesAt(true, writeCrtcIndex),
    crtcData: writesAt(true, writeCrtc),
    status: writesAt(true, writeFeature),
    attribute: writes(writeAttribute),
    miscellaneousOutput: moving(writes(writeMiscellaneousOutput)),
    subsystemEnable: moving(({ state }, value) => void (state.enabled = (value & 1) !== 0)),
    sequencerIndex: writes((state, value) => void (state.sequencerIndex = value)),
    sequencerData: moving(writes((state, value) => writeIndexed(state, 'sequencer', state.sequencerIndex, value))),
    dacMask: writes((state, value) => void (state.dac.mask = value)),
    dacReadAddress: writes(startDacRead),
    dacWriteAddress: writes(startDacWrite),
    dacData: writes(writeDac),
    graphicsIndex: writes((state, value) => void (state.graphicsIndex = value)),
    graphicsData: moving(writes((state, value) => writeIndexed(state, 'graphics', state.graphicsIndex, value))),
  },

  operations: vgaOperations,
});
