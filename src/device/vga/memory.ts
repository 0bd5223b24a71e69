/**
 * The processor's way to video memory: address decoding, latches, and the write and read modes of the graphics controller.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem", Graphics Controller Registers and
 * Memory Mode Register; FreeVGA, "Accessing the Display Memory".
 */
import {
  displayBase,
  displayOperations,
  type DisplayWord,
  displayWord,
  displayWriteModes,
} from '../../cpu/display-mapping.js';
import type { VideoMemory } from '../video-memory.js';
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

/** Planes 0 and 2, planes 1 and 3, as bytes of a word that holds a byte of each plane. */
const evenPlanes = 0x00ff_00ff;
const oddPlanes = 0xff00_ff00;
const allPlanes = 0b1111;
const noMap = { first: 0, size: 0 } as const;

/** What an address outside the selected map reads as: nobody drives the bus. */
const openBus = 0xff;

/** So much is said to be written at once where a run of bytes is filled. */
const lineWords = 16;

const { copiesLatches, spreadsData, masksByData } = displayWriteModes;

/** The selected memory map; none where the adapter does not answer. */
function selectedMap(state: VgaState): { readonly first: number; readonly size: number } {
  if (!state.enabled || !miscellaneousOutput.enableMemory.decode(state.miscellaneousOutput)) return noMap;
  return memoryMaps[graphicsMiscellaneous.memoryMap.decode(state.graphics[graphics.miscellaneous]!)]!;
}

/** Four bits, one a plane, as a word of four bytes, each all ones or zeros. */
const spread = (planes: number): number => Math.imul(Math.imul(planes & 0xf, 0x0020_4081) & 0x0101_0101, 0xff);

/** A byte in the place of each plane's. */
const alike = (value: number): number => Math.imul(value & 0xff, 0x0101_0101);

function rotatedRight(value: number, count: number): number {
  return ((value >> count) | (value << (8 - count))) & 0xff;
}

/** The logical unit: what the function select makes of data and latches. */
function combine(operation: number, data: number, latches: number): number {
  if (operation === displayOperations.data) return data;
  if (operation === displayOperations.and) return data & latches;
  return operation === displayOperations.or ? data | latches : data ^ latches;
}

/**
 * The processor's accesses to the window from A0000h to BFFFFh; offsets count from A0000h. What the registers make of an access is
 * worked out when one of them is written, as guests access memory far more often; all that is remembered is in the chip's state.
 * The four planes go together: their bytes at one offset are a word of memory, and so are the latches.
 */
export class PlaneAccess {
  private readonly words: Int32Array;
  private readonly latches: Int32Array;
  /** Where `directWindow` leads. */
  direct: number | undefined;
  private mapFirst = 0;
  private mapSize = 0;
  private isChained = false;
  private isOddEven = false;
  private bankPlace = 0;
  private writesEven = 0;
  private writesOdd = 0;
  private writeMode = 0;
  private rotation = 0;
  private operation = 0;
  private setReset = 0;
  private usesSetReset = 0;
  private bitMask = 0;
  /** Writes leave data as it comes. */
  private passes = false;
  private readPlane = 0;
  private readsOddEven = false;
  private compares = false;
  private compared = 0;
  private cared = 0;

  constructor(
    private readonly state: VgaState,
    private readonly memory: VideoMemory,
  ) {
    const { bytes } = memory;
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    const { mapping } = memory;
    if (mapping !== undefined) {
      // The latches live where accesses find them that do not come this way.
      const latches = new Uint8Array(mapping.buffer, mapping.byteOffset + 4 * displayWord.latches, 4);
      latches.set(state.latches);
      state.latches = latches;
    }
    const { latches } = state;
    this.latches = new Int32Array(latches.buffer, latches.byteOffset, 1);
    this.follow();
  }

  /** Registers changed. */
  follow(): void {
    const { state } = this;
    const control = state.graphics;
    const memoryModeBits = state.sequencer[sequencer.memoryMode]!;
    const mode = control[graphics.mode]!;
    const rotate = control[graphics.dataRotate]!;
    ({ first: this.mapFirst, size: this.mapSize } = selectedMap(state));
    this.isChained = memoryMode.chain4.decode(memoryModeBits);
    this.isOddEven = graphicsMiscellaneous.chainOddEven.decode(control[graphics.miscellaneous]!);
    this.bankPlace = bankPlace(state);
    const written = spread(state.sequencer[sequencer.mapMask]!);
    const together = this.isChained || memoryMode.sequential.decode(memoryModeBits);
    this.writesEven = together ? written : written & evenPlanes;
    this.writesOdd = together ? written : written & oddPlanes;
    this.writeMode = graphicsMode.writeMode.decode(mode);
    this.rotation = dataRotate.count.decode(rotate);
    this.operation = dataRotate.operation.decode(rotate);
    this.setReset = spread(control[graphics.setReset]!);
    this.usesSetReset = spread(control[graphics.enableSetReset]!);
    this.bitMask = alike(control[graphics.bitMask]!);
    const isPlain = rotate === 0 && control[graphics.enableSetReset] === 0 && control[graphics.bitMask] === 0xff;
    this.passes = isPlain && this.writeMode === 0;
    this.readPlane = control[graphics.readMapSelect]!;
    this.readsOddEven = graphicsMode.oddEven.decode(mode);
    this.compares = graphicsMode.compare.decode(mode);
    this.compared = spread(control[graphics.colourCompare]!);
    this.cared = spread(control[graphics.colourDontCare]!);
    this.direct = this.passes ? directWindow(state, this.memory.bytes) : undefined;
    if (this.memory.mapping !== undefined) this.publish(this.memory.mapping);
  }
  /** Says what accesses do to whoever makes them without coming this way. */
  private publish(mapping: Int32Array): void {
    const put = (name: DisplayWord, value: number | boolean): void => {
      mapping[displayWord[name]] = Number(value);
    };
    put('size', this.direct === undefined ? this.mapSize : 0);
    put('base', displayBase + this.mapFirst);
    put('chained', this.isChained);
    put('oddEven', this.isOddEven);
    // Banks are as large as what one of them reaches, so nothing wraps inside one.
    put('memory', this.memory.bytes.byteOffset + (this.bankPlace & (this.memory.bytes.length - 1)));
    put('writesEven', this.writesEven);
    put('writesOdd', this.writesOdd);
    const pairs = this.isOddEven && !this.isChained;
    const apart = (this.writesEven & this.writesOdd) === 0;
    put('pairWrites', pairs && apart && this.passes ? this.writesEven | this.writesOdd : 0);
    put('pairReads', pairs && this.readsOddEven && !this.compares ? 32 | ((this.readPlane & 2) << 3) : 0);
    put('passes', this.passes);
    put('writeMode', this.writeMode);
    put('rotation', this.rotation);
    put('operation', this.operation);
    put('setReset', this.setReset);
    put('usesSetReset', this.usesSetReset);
    put('bitMask', this.bitMask);
    put('readPlane', this.readPlane);
    put('readsOddEven', this.readsOddEven);
    put('compares', this.compares);
    put('compared', this.compared);
    put('cared', this.cared);
  }

  read(offset: number, width: 1 | 2 | 4): number {
    const low = this.readByte(offset);
    if (width === 1) return low;
    const word = low | (this.readByte(offset + 1) << 8);
    if (width === 2) return word;
    return (word | (this.readByte(offset + 2) << 16) | (this.readByte(offset + 3) << 24)) >>> 0;
  }
  write(offset: number, value: number, width: 1 | 2 | 4): void {
    this.writeByte(offset, value & 0xff);
    if (width === 1) return;
    this.writeByte(offset + 1, (value >> 8) & 0xff);
    if (width === 2) return;
    this.writeByte(offset + 2, (value >> 16) & 0xff);
    this.writeByte(offset + 3, value >>> 24);
  }

  /** Writes a value `count` times, `step` bytes apart: as many bytes as `width`, forwards or backwards. */
  fill(offset: number, value: number, width: 1 | 2 | 4, count: number, step: number): void {
    // Writes leave the latches alone, so each byte of the value becomes the same four bytes every time.
    const data = [0, 1, 2, 3].map((at) => this.written((value >>> (8 * at)) & 0xff));
    const { words, mapFirst, mapSize, writesEven, writesOdd, isChained } = this;
    let known = -1;
    // Element by element, as two addresses may reach one byte (odd/even addressing into all planes): the last one counts.
    for (let element = 0, first = offset - mapFirst; element < count; element++, first += step) {
      for (let at = 0; at < width; at++) {
        const address = first + at;
        if (address < 0 || address >= mapSize) continue;
        let planes = (address & 1) === 0 ? writesEven : writesOdd;
        if (isChained) planes &= 0xff << ((address & 3) << 3);
        const word = this.wordAt(address);
        const line = word & -lineWords;
        if (line !== known) this.memory.willWrite(4 * (known = line), 4 * lineWords);
        words[word] = (words[word]! & ~planes) | (data[at]! & planes);
      }
    }
  }
  /** Copies elements inside the window, one after another. */
  copy(from: number, to: number, width: 1 | 2 | 4, count: number, step: number): void {
    for (let left = count, at = 0; left > 0; left--, at += step)
      this.write(to + at, this.read(from + at, width), width);
  }

  /**
   * The word of memory that an address within the map reaches. Chain-4 and odd/even use the lowest address bits to choose planes
   * and put higher ones in their place: address bits 14 and 15, and bit 16 (which only the 128 KiB map has).
   */
  private wordAt(address: number): number {
    let offset = address & 0xffff;
    if (this.isChained) offset = (address & 0xfffc) | ((address >> 14) & 3);
    else if (this.isOddEven) offset = (address & 0xfffe) | ((address >> 16) & 1);
    return ((planesAt(offset) + this.bankPlace) & (this.memory.bytes.length - 1)) >> 2;
  }

  /** Writes one byte. */
  writeByte(offset: number, value: number): void {
    const address = offset - this.mapFirst;
    if (address < 0 || address >= this.mapSize) return;
    const at = this.wordAt(address);
    let planes = (address & 1) === 0 ? this.writesEven : this.writesOdd;
    if (this.isChained) planes &= 0xff << ((address & 3) << 3);
    this.memory.willWrite(4 * at, 4);
    this.words[at] = (this.words[at]! & ~planes) | (this.written(value) & planes);
  }
  /** What a write puts into the planes. */
  private written(value: number): number {
    if (this.passes) return alike(value);
    const latches = this.latches[0]!;
    if (this.writeMode === copiesLatches) return latches;
    let mask = this.bitMask;
    let data: number;
    if (this.writeMode === spreadsData) data = spread(value);
    else {
      data = alike(rotatedRight(value, this.rotation));
      if (this.writeMode === masksByData) {
        mask &= data;
        data = this.setReset;
      } else data = (data & ~this.usesSetReset) | (this.setReset & this.usesSetReset);
    }
    return (combine(this.operation, data, latches) & mask) | (latches & ~mask);
  }

  /** Reads one byte, and takes the latches. */
  readByte(offset: number): number {
    const address = offset - this.mapFirst;
    if (address < 0 || address >= this.mapSize) return openBus;
    const latches = this.words[this.wordAt(address)]!;
    this.latches[0] = latches;
    if (this.compares) return this.comparedByte(latches);
    let plane = this.readPlane;
    if (this.isChained) plane = address & 3;
    else if (this.readsOddEven) plane = (plane & 2) | (address & 1);
    return (latches >> (plane << 3)) & 0xff;
  }
  /** Read mode 1: a set bit for each pixel whose cared-for planes have the compare register's colour. */
  private comparedByte(latches: number): number {
    const different = (latches ^ this.compared) & this.cared;
    const halves = different | (different >> 16);
    return ~(halves | (halves >> 8)) & 0xff;
  }
}

/** Where the bank of the display interface begins; linear modes have banks of 64 KiB of memory, planar ones of 64 KiB of each plane. */
function bankPlace(state: VgaState): number {
  if (!dispiEnabled(state)) return 0;
  const chained = memoryMode.chain4.decode(state.sequencer[sequencer.memoryMode]!);
  return dispiBank(state) * (chained ? blockBytes / 4 : blockBytes);
}

/** Whether A0000h is in the selected map. */
function isMapped(state: VgaState): boolean {
  const { first, size } = selectedMap(state);
  return first === 0 && size > 0;
}

/**
 * The place in memory that A0000h to AFFFFh reach byte by byte, where the processor's accesses pass the graphics controller
 * unchanged; undefined where they do not. Accesses that go there directly leave the latches alone.
 */
function directWindow(state: VgaState, memory: Uint8Array): number | undefined {
  const [files, control] = [state.sequencer, state.graphics];
  const rotate = control[graphics.dataRotate]!;
  const plain =
    isMapped(state) &&
    memoryMode.chain4.decode(files[sequencer.memoryMode]!) &&
    files[sequencer.mapMask] === allPlanes &&
    graphicsMode.writeMode.decode(control[graphics.mode]!) === 0 &&
    !graphicsMode.compare.decode(control[graphics.mode]!) &&
    rotate === 0 &&
    control[graphics.enableSetReset] === 0 &&
    control[graphics.bitMask] === 0xff;
  if (!plain) return undefined;
  return bankPlace(state) % memory.length;
}
