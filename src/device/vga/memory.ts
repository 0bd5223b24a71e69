/**
 * The processor's way to video memory: address decoding, latches, and the write and read modes of the graphics controller.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem", Graphics Controller Registers and
 * Memory Mode Register; FreeVGA, "Accessing the Display Memory".
 */
import { dispiBank, dispiEnabled } from './dispi.js';
import { blockBytes, planesAt } from './planes.js';
import {
  dataRotate,
  graphics,
  graphicsMiscellaneous,
  graphicsMode,
  memoryMode,
  miscellaneousOutput,
  sequencer,
} from './registers.js';
import type { VgaState } from './state.js';

/** The four memory maps, as offsets from A0000h. */
const memoryMaps = [
  { first: 0x00000, size: 0x20000 },
  { first: 0x00000, size: 0x10000 },
  { first: 0x10000, size: 0x08000 },
  { first: 0x18000, size: 0x08000 },
] as const;

const evenPlanes = 0b0101;
const oddPlanes = 0b1010;
const allPlanes = 0b1111;

/** What an address outside the selected map reads as: nobody drives the bus. */
const openBus = 0xff;

/** The address within the selected memory map, or -1 when the adapter does not answer there. */
function mapped(state: VgaState, offset: number): number {
  if (!state.enabled || !miscellaneousOutput.enableMemory.decode(state.miscellaneousOutput)) return -1;
  const map = memoryMaps[graphicsMiscellaneous.memoryMap.decode(state.graphics[graphics.miscellaneous]!)]!;
  const address = offset - map.first;
  return address >= 0 && address < map.size ? address : -1;
}

/**
 * The byte of each plane that an address within the map reaches. Chain-4 and odd/even use the lowest address bits to
 * choose planes and put higher ones in their place: address bits 14 and 15, and bit 16 (which only the 128 KiB map has).
 */
function planeOffset(state: VgaState, address: number): number {
  if (memoryMode.chain4.decode(state.sequencer[sequencer.memoryMode]!)) {
    return (address & 0xfffc) | ((address >> 14) & 3);
  }
  if (graphicsMiscellaneous.chainOddEven.decode(state.graphics[graphics.miscellaneous]!)) {
    return (address & 0xfffe) | ((address >> 16) & 1);
  }
  return address & 0xffff;
}

/** The planes that a write reaches, one bit each. */
function writtenPlanes(state: VgaState, address: number): number {
  const mask = state.sequencer[sequencer.mapMask]!;
  const mode = state.sequencer[sequencer.memoryMode]!;
  if (memoryMode.chain4.decode(mode)) return mask & (1 << (address & 3));
  if (memoryMode.sequential.decode(mode)) return mask;
  return mask & ((address & 1) === 0 ? evenPlanes : oddPlanes);
}

/** The plane that read mode 0 answers from. */
function readPlane(state: VgaState, address: number): number {
  if (memoryMode.chain4.decode(state.sequencer[sequencer.memoryMode]!)) return address & 3;
  const selected = state.graphics[graphics.readMapSelect]!;
  const oddEven = graphicsMode.oddEven.decode(state.graphics[graphics.mode]!);
  return oddEven ? (selected & 2) | (address & 1) : selected;
}

/** All eight bits alike. */
const spread = (value: number, plane: number): number => (((value >> plane) & 1) === 0 ? 0x00 : 0xff);

function rotatedRight(value: number, count: number): number {
  return ((value >> count) | (value << (8 - count))) & 0xff;
}

/** The logical unit: what the function select makes of data and latch. */
function combine(operation: number, data: number, latch: number): number {
  if (operation === 0) return data;
  if (operation === 1) return data & latch;
  return operation === 2 ? data | latch : data ^ latch;
}

/** Where the four planes' bytes lie that an address within the map reaches, `memory` being all there is. */
function reached(state: VgaState, memory: Uint8Array, address: number): number {
  const at = planesAt(planeOffset(state, address));
  if (!dispiEnabled(state)) return at;
  const bank = dispiBank(state);
  // Linear modes have banks of 64 KiB of memory, planar ones of 64 KiB of each plane.
  const chained = memoryMode.chain4.decode(state.sequencer[sequencer.memoryMode]!);
  return (at + bank * (chained ? blockBytes / 4 : blockBytes)) % memory.length;
}

/** Writes one byte at `offset` from A0000h, 0 to 1FFFFh. */
export function writeMemory(state: VgaState, memory: Uint8Array, offset: number, value: number): void {
  const address = mapped(state, offset);
  if (address < 0) return;
  const at = reached(state, memory, address);
  const planes = writtenPlanes(state, address);
  const writeMode = graphicsMode.writeMode.decode(state.graphics[graphics.mode]!);
  for (let plane = 0; plane < 4; plane++) {
    if (((planes >> plane) & 1) === 0) continue;
    memory[at + plane] = writeMode === 1 ? state.latches[plane]! : written(state, writeMode, plane, value);
  }
}

/** The byte that write modes 0, 2 and 3 put into a plane. */
function written(state: VgaState, writeMode: number, plane: number, value: number): number {
  const registers = state.graphics;
  const rotate = registers[graphics.dataRotate]!;
  const latch = state.latches[plane]!;
  let mask = registers[graphics.bitMask]!;
  let data: number;
  if (writeMode === 2) {
    data = spread(value, plane);
  } else {
    data = rotatedRight(value, dataRotate.count.decode(rotate));
    if (writeMode === 3) mask &= data;
    if (writeMode === 3 || ((registers[graphics.enableSetReset]! >> plane) & 1) !== 0) {
      data = spread(registers[graphics.setReset]!, plane);
    }
  }
  const combined = combine(dataRotate.operation.decode(rotate), data, latch);
  return (combined & mask) | (latch & ~mask & 0xff);
}

/** Reads one byte at `offset` from A0000h, 0 to 1FFFFh, and takes the latches. */
export function readMemory(state: VgaState, memory: Uint8Array, offset: number): number {
  const address = mapped(state, offset);
  if (address < 0) return openBus;
  const at = reached(state, memory, address);
  for (let plane = 0; plane < 4; plane++) state.latches[plane] = memory[at + plane]!;
  if (!graphicsMode.compare.decode(state.graphics[graphics.mode]!)) return state.latches[readPlane(state, address)]!;
  return comparedLatches(state);
}

/** Read mode 1: a set bit for each pixel whose cared-for planes have the compare register's colour. */
function comparedLatches(state: VgaState): number {
  const care = state.graphics[graphics.colourDontCare]!;
  let different = 0;
  for (let plane = 0; plane < 4; plane++) {
    if (((care >> plane) & 1) === 0) continue;
    different |= state.latches[plane]! ^ spread(state.graphics[graphics.colourCompare]!, plane);
  }
  return ~different & 0xff;
}

/**
 * The place in memory that A0000h to AFFFFh reach byte by byte, where the processor's accesses pass the graphics controller
 * unchanged; undefined where they do not. Accesses that go there directly leave the latches alone.
 */
export function directWindow(state: VgaState, memory: Uint8Array): number | undefined {
  const [files, control] = [state.sequencer, state.graphics];
  const rotate = control[graphics.dataRotate]!;
  const plain =
    mapped(state, 0) === 0 &&
    memoryMode.chain4.decode(files[sequencer.memoryMode]!) &&
    files[sequencer.mapMask] === allPlanes &&
    graphicsMode.writeMode.decode(control[graphics.mode]!) === 0 &&
    !graphicsMode.compare.decode(control[graphics.mode]!) &&
    rotate === 0 &&
    control[graphics.enableSetReset] === 0 &&
    control[graphics.bitMask] === 0xff;
  if (!plain) return undefined;
  return dispiEnabled(state) ? (dispiBank(state) * (blockBytes / 4)) % memory.length : 0;
}
