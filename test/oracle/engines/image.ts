/** What memory and registers hold when a program starts. */
import { d, descriptor, gate, access, atLevel, B, G, w } from '../../cpu/bytes.js';
import { assemble, type Layout } from './assemble.js';
import {
  absentData,
  flatUserCode,
  flatUserData,
  otherSizeCode,
  ownSelectors,
  readOnlyData,
  shiftedData,
} from './environment.js';
import { aliasBases, type Environment, places, type Program, type SegmentPlan, segmentOrder } from './program.js';
import { flatCode, flatData, vectorCount } from './system.js';

export const taskSelector = 0x28;
const descriptorCount = 16;
export const gdtLimit = descriptorCount * 8 - 1;
export const idtLimit = vectorCount * 8 - 1;
const wholeSegment = 0xfffff;
/** Vectors that programs may name at any level. */
const openVectors = (vector: number): boolean => vector >= 0x30 || vector === 3 || vector === 4 || vector % 2 === 0;

export interface Image {
  readonly memory: Uint8Array;
  readonly layout: Layout;
  /** EIP of the first instruction. */
  readonly entry: number;
}

const segmentDescriptor = ({ base, limit, attributes }: SegmentPlan): number[] => {
  const flags = attributes >>> 12;
  return descriptor(base, (flags & G) !== 0 ? limit >>> 12 : limit, attributes & 0xff, flags);
};

function putSegments(memory: Uint8Array, { segments, level, kind }: Environment): void {
  const put = (selector: number, bytes: readonly number[]): void => memory.set(bytes, places.gdt + (selector & ~7));
  put(flatCode, descriptor(0, wholeSegment, access.code, G | B));
  put(flatData, descriptor(0, wholeSegment, access.data, G | B));
  put(flatUserCode, descriptor(0, wholeSegment, atLevel(access.code, 3), G | B));
  put(flatUserData, descriptor(0, wholeSegment, atLevel(access.data, 3), G | B));
  put(taskSelector, descriptor(places.task, 0x67, access.task32 | 2, 0));
  put(readOnlyData, descriptor(places.data, 0x7ff, atLevel(access.readOnly, level), B));
  put(shiftedData, descriptor(places.data - 0x100, 0x1fff, atLevel(access.data, level), B));
  put(absentData, descriptor(0, wholeSegment, access.data & ~0x80, G | B));
  if (kind === 'real' || kind === 'virtual8086') return;
  for (const name of segmentOrder) {
    const segment = segments[name];
    if ((segment.selector & ~7) === ownSelectors[name]) put(segment.selector, segmentDescriptor(segment));
  }
  const { cs } = segments;
  // Code at 64 KiB and above is in reach of 16 bits through a base of its own.
  const base = cs.base === 0 ? places.code : cs.base;
  const attributes = cs.base === 0 ? atLevel(access.code, level) : cs.attributes ^ (B << 12);
  put(otherSizeCode, segmentDescriptor({ ...cs, base, limit: cs.base === 0 ? 0xffff : cs.limit, attributes }));
}

function putTask(memory: Uint8Array): void {
  memory.set(d(places.innerStack), places.task + 4);
  memory.set(w(flatData), places.task + 8);
  memory.set(w(0x68), places.task + 0x66);
}

function putPages(memory: Uint8Array, environment: Environment): void {
  memory.set(d(places.table | 7), places.directory);
  for (const base of aliasBases) memory.set(d(places.aliasTable | 7), places.directory + (base >>> 22) * 4);
  const view = new DataView(memory.buffer);
  const pages = places.ramBytes >> 12;
  // Of code and data some pages are global, as those of the system are.
  const global = (page: number): number => ((environment.cr4 & 0x80) !== 0 && (page < 8 || page % 3 === 0) ? 0x100 : 0);
  for (let page = 0; page <= pages; page++) {
    view.setUint32(places.table + page * 4, (page << 12) | 7 | global(page), true);
    view.setUint32(places.aliasTable + page * 4, (page << 12) | 7 | global(page + 1), true);
  }
  for (const [index, entry] of environment.pages) view.setUint32(places.table + index * 4, entry, true);
}

function putVectors(memory: Uint8Array, { environment, system, vectors }: Program): void {
  const { code, labels } = assemble(system, places.handlers, 0);
  memory.set(code, places.handlers);
  vectors.forEach((label, vector) => {
    const at = labels.get(label)!;
    if (environment.kind === 'real') memory.set([...w(at), 0, 0], vector * 4);
    else
      memory.set(
        gate(vector % 8 === 7 ? 'trap32' : 'interrupt32', flatCode, at, openVectors(vector) ? 3 : 0),
        places.idt + vector * 8,
      );
  });
}

/** Puts pages that are mapped elsewhere where they are mapped. */
function movePages(memory: Uint8Array, { pages }: Environment): void {
  const before = memory.slice();
  const last = new Map(pages);
  for (const [page, entry] of last) {
    const frame = entry >>> 12;
    if (page < 0x400 && frame !== page) memory.set(before.subarray(page << 12, (page + 1) << 12), frame << 12);
  }
}

/** The whole memory of a program's machine. */
export function imageOf(program: Program): Image {
  const { environment } = program;
  const memory = new Uint8Array(places.ramBytes);
  const { base } = environment.segments.cs;
  const entry = places.code - base;
  const layout = assemble(program.items, entry, base);
  putSegments(memory, environment);
  putTask(memory);
  putPages(memory, environment);
  putVectors(memory, program);
  for (const { address, bytes } of program.memory) memory.set(bytes, address);
  memory.set(layout.code.subarray(0, places.stubs[0] - places.code), places.code);
  movePages(memory, environment);
  for (const { address, label, plus } of program.pointers)
    memory.set(d((layout.labels.get(label) ?? 0) + plus), address);
  return { memory, layout, entry };
}
