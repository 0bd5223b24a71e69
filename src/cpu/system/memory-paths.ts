/** Memory accesses that the engine's fast way does not cover: every check by the manual, page crossings, and the bus. */
import type { AccessWidth } from '../bus.js';
import type { SlowPaths } from '../engine/imports.js';
import { regions, segmentAddress, segmentFields, segmentIndex } from '../layout.js';
import { type CodeWatch, type Core, faultSignal, stackFaultVector, vectors } from './core.js';
import { accessAllowed } from './segments.js';

const stackSlot = segmentAddress(segmentIndex.ss);

/** Makes a slow path give 0 after a fault, which the engine sees in the state; anything else thrown is our mistake. */
export function caught<Arguments extends number[]>(
  path: (...args: Arguments) => number,
): (...args: Arguments) => number {
  return (...args) => {
    try {
      return path(...args);
    } catch (problem) {
      if (problem !== faultSignal) throw problem;
      return 0;
    }
  };
}

/** The slow paths of memory operands. */
export function memoryPaths(
  core: Core,
  code: CodeWatch,
): Omit<SlowPaths, 'findRecord' | 'readPorts' | 'writePorts' | 'runDisplay'> {
  const readSlowly = caught((segment, offset, bytes) => {
    if (wraps(core, offset, bytes)) return readWrapped(core, segment);
    const linear = checkedLinear(core, segment, offset, bytes, false);
    if (faultsAtOnce(core, linear, false)) return 0;
    return core.readLinear(linear, bytes as AccessWidth, core.userLevel);
  });
  const readForWriteSlowly = caught((segment, offset, bytes) => {
    if (wraps(core, offset, bytes)) return readWrapped(core, segment);
    return core.readLinear(writableLinear(core, segment, offset, bytes), bytes as AccessWidth, core.userLevel);
  });
  const writeSlowly = caught((segment, offset, value, bytes) => {
    if (wraps(core, offset, bytes)) return writeWrapped(core, segment, value);
    const linear = checkedLinear(core, segment, offset, bytes, true);
    if (!faultsAtOnce(core, linear, true)) core.writeLinear(linear, value, bytes as AccessWidth, core.userLevel);
    return 0;
  });
  return {
    readSlow(segment, offset, bytes) {
      const physical = busPlace(core, segment, offset, bytes, false);
      return physical < 0 ? readSlowly(segment, offset, bytes) : core.readBus(physical, bytes as AccessWidth);
    },
    readForWriteSlow(segment, offset, bytes) {
      const physical = busPlace(core, segment, offset, bytes, true);
      return physical < 0 ? readForWriteSlowly(segment, offset, bytes) : core.readBus(physical, bytes as AccessWidth);
    },
    writeSlow(segment, offset, value, bytes) {
      const physical = busPlace(core, segment, offset, bytes, true);
      if (physical < 0) return writeSlowly(segment, offset, value, bytes);
      core.bus.writeMemory(physical, value, bytes as AccessWidth);
      return 0;
    },
    probeWrite: caught((segment, offset, bytes) => writableLinear(core, segment, offset, bytes)),
    readBlock: caught((segment, offset, bytes) => {
      const all = pieces(core, segment, offset, bytes, false);
      alignedBlock(core, all[0]!.linear, bytes, () => readPieces(core, all));
      return 0;
    }),
    writeBlock: caught((segment, offset, bytes) => {
      const all = pieces(core, segment, offset, bytes, true);
      alignedBlock(core, all[0]!.linear, bytes, () => writePieces(core, all));
      return 0;
    }),
    probeBlock: caught((segment, offset, bytes) => {
      const all = pieces(core, segment, offset, bytes, true);
      alignedBlock(core, all[0]!.linear, bytes, () => probePieces(core, all));
      return 0;
    }),
    codeWrite: (host, bytes) => {
      code.willChange(host, bytes);
      return 0;
    },
  };
}

/** The physical address of an access that goes to the bus, where nothing else is to be looked at; -1 where something may be. */
function busPlace(core: Core, segment: number, offset: number, bytes: number, write: boolean): number {
  const { i32 } = core;
  const top = (segment + (write ? segmentFields.writeTop : segmentFields.readTop)) >> 2;
  if ((offset >>> 0) + bytes > i32[top + 1]! * 2 ** 32 + (i32[top]! >>> 0)) return -1;
  const linear = (i32[(segment + segmentFields.base) >> 2]! + offset) | 0;
  return core.watch.watching ? -1 : core.tlb.busPlace(linear, bytes, write, core.userLevel);
}

/** Whether an access's first page faults; noted then, without an exception. Alignment would go first. */
const faultsAtOnce = (core: Core, linear: number, write: boolean): boolean =>
  !core.alignmentChecked && core.tlb.tryTranslate(linear, write, core.userLevel) === 0;

/** The alignment of operands that move as blocks, 4 where nothing is said (Intel SDM Vol. 3A, table 6-7). */
const blockAlignments: Readonly<Record<number, number>> = { 2: 2, 8: 8, 10: 8, 14: 2, 16: 16, 94: 2, 512: 16 };

/** Checks a block's alignment as a whole where that is asked for; its pieces are not looked at again. */
function alignedBlock(core: Core, linear: number, bytes: number, action: () => void): void {
  if (!core.alignmentChecked) return action();
  if ((linear & ((blockAlignments[bytes] ?? 4) - 1)) !== 0) core.fault(vectors.alignmentCheck);
  core.alignmentChecked = false;
  try {
    action();
  } finally {
    core.alignmentChecked = true;
  }
}

interface Piece {
  readonly linear: number;
  readonly at: number;
  readonly width: 1 | 4;
}

function readPieces(core: Core, all: readonly Piece[]): void {
  for (const { linear, at, width } of all) {
    const value = core.readLinear(linear, width, core.userLevel);
    if (width === 4) core.i32[at >> 2] = value;
    else core.u8[at] = value;
  }
}
function probePieces(core: Core, all: readonly Piece[]): void {
  for (const { linear, width } of all) core.probeWrite(linear, width, core.userLevel);
}
function writePieces(core: Core, all: readonly Piece[]): void {
  probePieces(core, all);
  for (const { linear, at, width } of all) {
    core.writeLinear(linear, width === 4 ? core.i32[at >> 2]! : core.u8[at]!, width, core.userLevel);
  }
}

/** A block in pieces of 4 bytes and, at its end, of 1; the 8086's segments wrap, so there every byte is its own piece. */
function pieces(core: Core, segment: number, offset: number, bytes: number, write: boolean): readonly Piece[] {
  const linear = checkedLinear(core, segment, offset, bytes, write);
  const base = core.i32[(segment + segmentFields.base) >> 2]!;
  const found: Piece[] = [];
  for (let index = 0; index < bytes;) {
    const width = core.model !== '8086' && bytes - index >= 4 ? 4 : 1;
    const place = core.model === '8086' ? base + ((offset + index) & 0xffff) : linear + index;
    found.push({ linear: place | 0, at: regions.block + index, width });
    index += width;
  }
  return found;
}

/** The linear address of an access that the segment allows. */
export function checkedLinear(core: Core, segment: number, offset: number, bytes: number, write: boolean): number {
  if (core.model !== '8086' && !accessAllowed(core, segment, offset, bytes, write)) {
    core.fault(segment === stackSlot ? stackFaultVector(core) : vectors.generalProtection);
  }
  return (core.i32[(segment + segmentFields.base) >> 2]! + offset) | 0;
}
/** The same, with the pages' write permission checked as well. */
export function writableLinear(core: Core, segment: number, offset: number, bytes: number): number {
  const linear = checkedLinear(core, segment, offset, bytes, true);
  core.probeWrite(linear, bytes as AccessWidth, core.userLevel);
  return linear;
}

/** On the 8086 a word at the end of a segment continues at its start. */
const wraps = (core: Core, offset: number, bytes: number): boolean =>
  core.model === '8086' && (offset & 0xffff) + bytes > 0x10000;

function readWrapped(core: Core, segment: number): number {
  const base = core.i32[(segment + segmentFields.base) >> 2]!;
  const low = core.readLinear((base + 0xffff) | 0, 1, false);
  return low | (core.readLinear(base, 1, false) << 8);
}
function writeWrapped(core: Core, segment: number, value: number): 0 {
  const base = core.i32[(segment + segmentFields.base) >> 2]!;
  core.writeLinear((base + 0xffff) | 0, value & 0xff, 1, false);
  core.writeLinear(base, (value >> 8) & 0xff, 1, false);
  return 0;
}
