/**
 * The display interface behind VBE modes: frames of any size and depth out of a linear framebuffer.
 *
 * Source: "VBE Display API" (J. van Wijngaarden, V. Ruppert; VGABIOS project), interface version B0C5h. What is written while
 * a mode is on takes effect at once, as far as it fits into memory.
 */
import type { VideoMemory } from '../video-memory.js';
import { graphics, sequencer } from './registers.js';
import type { VgaState } from './state.js';

type Dispi = VgaState['dispi'];

/** Register numbers. */
const numbers = [
  'id',
  'width',
  'height',
  'bitsPerPixel',
  'enable',
  'bank',
  'virtualWidth',
  'virtualHeight',
  'xOffset',
  'yOffset',
] as const;
const memoryNumber = 0x0a;

const enable = {
  on: 0x0001,
  capabilities: 0x0002,
  eightBitConverter: 0x0020,
  linear: 0x0040,
  keepMemory: 0x0080,
} as const;
const enableKept = 0x00e3;

const ids = { first: 0xb0c0, last: 0xb0c5 } as const;
/** The largest picture, for which 16 MiB are just enough at 32 bits a pixel. */
const most = { width: 2560, height: 1600, bitsPerPixel: 32 } as const;
const depths = [4, 8, 15, 16, 24, 32];
const bankBytes = 0x10000;

/** A picture of the linear framebuffer. */
export interface LinearMode {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  /** Bytes from line to line; of each plane at four bits a pixel. */
  readonly pitch: number;
  readonly xOffset: number;
  readonly yOffset: number;
}

/** Whether the picture comes from the linear framebuffer. */
export const dispiEnabled = ({ dispi }: VgaState): boolean => (dispi.enable & enable.on) !== 0;

/** The bank that A0000h shows. */
export const dispiBank = ({ dispi }: VgaState): number => dispi.bank;

function pitchOf({ bitsPerPixel, virtualWidth }: Dispi): number {
  if (bitsPerPixel === 4) return virtualWidth >> 3;
  return virtualWidth * ((bitsPerPixel + 7) >> 3);
}

/** The picture that an enabled interface shows. */
export function linearMode({ dispi }: VgaState): LinearMode {
  const { width, height, bitsPerPixel, xOffset, yOffset } = dispi;
  return { width, height, bitsPerPixel, pitch: pitchOf(dispi), xOffset, yOffset };
}

const within = (value: number, least: number, greatest: number): number => Math.min(Math.max(value, least), greatest);

/** Makes what was written a picture that memory holds. */
function fit(dispi: Dispi, memoryBytes: number): void {
  if (!depths.includes(dispi.bitsPerPixel)) dispi.bitsPerPixel = 8;
  const planar = dispi.bitsPerPixel === 4;
  // A plane's byte is eight pixels.
  const grain = planar ? 8 : 1;
  dispi.width = within(dispi.width - (dispi.width % grain), grain, most.width);
  dispi.virtualWidth = Math.max(dispi.virtualWidth - (dispi.virtualWidth % grain), dispi.width);
  const lines = Math.floor((planar ? memoryBytes / 4 : memoryBytes) / pitchOf(dispi));
  dispi.height = within(dispi.height, 1, Math.min(most.height, lines));
  dispi.virtualHeight = Math.min(lines, 0xffff);
  dispi.xOffset = Math.min(dispi.xOffset, dispi.virtualWidth - dispi.width);
  dispi.yOffset = Math.min(dispi.yOffset, lines - dispi.height);
}

/** Sets the adapter's own registers so that A0000h reaches the framebuffer. */
function openWindow(state: VgaState): void {
  const planar = state.dispi.bitsPerPixel === 4;
  const [files, control] = [state.sequencer, state.graphics];
  control[graphics.miscellaneous] =
    (control[graphics.miscellaneous]! & ~windowBits.memoryMap) | windowBits.map64Graphics;
  const mode = files[sequencer.memoryMode]! | windowBits.extendedSequential;
  files[sequencer.memoryMode] = planar ? mode & ~windowBits.chain4 : mode | windowBits.chain4;
  control[graphics.mode] = (control[graphics.mode]! & ~windowBits.shift) | (planar ? 0 : windowBits.shift256);
  if (!planar) files[sequencer.mapMask] = 0x0f;
}

const windowBits = {
  memoryMap: 0x0e,
  map64Graphics: 0x05,
  extendedSequential: 0x06,
  chain4: 0x08,
  shift: 0x60,
  shift256: 0x40,
} as const;

function writeEnable(state: VgaState, memory: VideoMemory, value: number): void {
  const { dispi } = state;
  const before = dispiEnabled(state);
  dispi.enable = value & enableKept;
  state.dac.eightBits = (value & enable.eightBitConverter) !== 0;
  if (!dispiEnabled(state)) {
    dispi.bank = 0;
    return;
  }
  if (before) return;
  [dispi.xOffset, dispi.yOffset, dispi.virtualWidth] = [0, 0, dispi.width];
  fit(dispi, memory.bytes.length);
  openWindow(state);
  if (value & enable.keepMemory) return;
  const planes = dispi.bitsPerPixel === 4 ? 4 : 1;
  const cleared = Math.min(memory.bytes.length, pitchOf(dispi) * dispi.height * planes);
  memory.willWrite(0, cleared);
  memory.bytes.fill(0, 0, cleared);
}

/** Writes the register of a number. */
export function writeDispi(state: VgaState, memory: VideoMemory, number: number, value: number): void {
  const { dispi } = state;
  const name = numbers[number];
  if (name === undefined) return;
  if (name === 'enable') return writeEnable(state, memory, value);
  if (name === 'bank') {
    dispi.bank = value % (memory.bytes.length / bankBytes);
  } else if (name === 'id') {
    if (value >= ids.first && value <= ids.last) dispi.id = value;
  } else {
    dispi[name] = value;
    if (!dispiEnabled(state)) return;
    fit(dispi, memory.bytes.length);
    openWindow(state);
  }
}

/** Reads the register of a number; zero where there is none. */
export function readDispi({ dispi }: VgaState, memory: Uint8Array, number: number): number {
  if (number === memoryNumber) return memory.length / bankBytes;
  const name = numbers[number];
  if (name === undefined) return 0;
  const asksMost = (dispi.enable & enable.capabilities) !== 0;
  if (asksMost && (name === 'width' || name === 'height' || name === 'bitsPerPixel')) return most[name];
  return dispi[name];
}
