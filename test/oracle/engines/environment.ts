/** Draws the world that a program stands in: processor model, mode, segments and pages. */
import type { Random } from '../../../src/base/random.js';
import { has, type ProcessorModel } from '../../../src/cpu/model.js';
import { access, atLevel, B, G } from '../../cpu/bytes.js';
import { aliasBases, type Environment, places, type SegmentPlan, type WorldKind } from './program.js';
import { flatData } from './system.js';

/** Selectors of the program's own segments when it runs in protected mode; the level is added. */
export const ownSelectors = { es: 0x30, cs: 0x38, ss: 0x40, ds: 0x48, fs: 0x50, gs: 0x58 } as const;
/** The same code with the other default size. */
export const otherSizeCode = 0x60;
export const readOnlyData = 0x68;
export const absentData = 0x70;
/** Writable, but neither from 0 nor to the end. */
export const shiftedData = 0x78;
export const flatUserCode = 0x18;
export const flatUserData = 0x20;

const kinds: readonly WorldKind[] = ['flat', 'flat', 'paged', 'paged', 'paged', 'segmented', 'segmented', 'code16', 'real', 'real', 'virtual8086']; // prettier-ignore
const models: readonly ProcessorModel[] = ['pentiumM', 'pentiumM', 'pentiumM', 'pentiumM', 'pentiumM', '80386', '80486', 'pentium3']; // prettier-ignore

const chance = (random: Random, percent: number): boolean => random.below(100) < percent;
const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!;

const attributes = (accessByte: number, level: number, flags: number): number =>
  atLevel(accessByte, level) | (flags << 12);
const flatSegment = (selector: number, accessByte: number, level: number): SegmentPlan => ({
  selector: selector | level,
  base: 0,
  limit: 0xffff_ffff,
  attributes: attributes(accessByte, level, G | B),
});

function flatSegments(level: 0 | 3): Environment['segments'] {
  const code = flatSegment(level === 0 ? 0x08 : flatUserCode, access.code, level);
  const data = flatSegment(level === 0 ? flatData : flatUserData, access.data, level);
  return { es: data, cs: code, ss: data, ds: data, fs: data, gs: data };
}

/** Segments with bases and limits of their own, in 32 or 16 bits. */
function ownSegments(random: Random, level: 0 | 3, big: boolean): Environment['segments'] {
  const plan = (
    name: keyof typeof ownSelectors,
    base: number,
    limit: number,
    accessByte: number,
    flags: number,
  ): SegmentPlan => ({
    selector: ownSelectors[name] | level,
    base,
    limit,
    attributes: attributes(accessByte, level, flags),
  });
  const size = big ? B : 0;
  const codeBase = pick(random, [places.code, places.code - 0x1000, places.code - 0x123, 0x4000]);
  const codeLimit = chance(random, 30) ? places.code + 0x800 + random.below(0x800) - codeBase : 0xffff;
  const dataBase = pick(random, [places.data, 0x8000, places.data - 0x10, places.data - 0x801]);
  const dataLimit = chance(random, 50) ? 0xffff : places.dataEnd - dataBase - random.below(0x1800);
  const stackBig = chance(random, 80) === big ? B : 0;
  const expandsDown = chance(random, 40);
  const stackBase = pick(random, [0, 0x400, 0x30]);
  // Offsets above the limit of a segment that expands down are good.
  const stack = expandsDown
    ? plan('ss', stackBase, places.innerStack - stackBase + random.below(64), access.expandDown, stackBig)
    : plan('ss', stackBase, 0xffff, access.data, stackBig);
  const smallLimit = 0x400 + random.below(0x800);
  // Only where the code begins is not flat: what relies on flat data may not take that for flat code.
  if (big && chance(random, 15)) {
    return { ...flatSegments(level), cs: plan('cs', codeBase, 0xffff_ffff, access.code, size | G) };
  }
  return {
    es: plan('es', big ? 0 : 0x8000, big ? 0xffff_ffff : 0xffff, access.data, big ? size | G : size),
    cs: plan('cs', codeBase, codeLimit, chance(random, 70) ? access.code : access.conforming & ~2, size),
    ss: stack,
    ds: plan('ds', dataBase, dataLimit, access.data, B),
    fs: plan('fs', places.data, smallLimit, access.readOnly, B),
    gs: plan('gs', places.data, smallLimit, access.expandDown, size),
  };
}

function realSegments(random: Random): Environment['segments'] {
  const plan = (base: number): SegmentPlan => ({
    selector: base >> 4,
    base,
    limit: 0xffff,
    attributes: 0x93,
  });
  const data = plan(pick(random, [places.data, 0x8000, places.data - 0x10]));
  const code = plan(pick(random, [places.code, places.code - 0x10, 0x4000, 0x4000, 0x1000]));
  return {
    es: chance(random, 50) ? data : plan(0x8000),
    cs: code,
    ss: plan(pick(random, [0, 0x400])),
    ds: data,
    fs: plan(places.data - 0x400),
    gs: code,
  };
}

/** Page table entries that are not what the identity says. */
function oddPages(random: Random, level: 0 | 3): (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  const rights = [0, 1, 3, 5, 7] as const;
  for (const page of [0xd, 0xe, 0x16]) {
    if (chance(random, 40)) found.push([page, (page << 12) | pick(random, rights)]);
  }
  // Code that may not be written, or is not there yet.
  for (const page of [0x11, 0x12, 0x13]) {
    if (chance(random, 20)) found.push([page, (page << 12) | (chance(random, 60) ? 5 : 4)]);
  }
  for (let page = 0; page < 0x20; page++) {
    const index = 0x400 + page;
    if (chance(random, 10)) found.push([index, (page << 12) | pick(random, rights)]);
  }
  // Neighbours in linear memory that are none in physical memory.
  for (const [one, other] of [
    [0xd, 0xe],
    [0x11, 0x12],
  ] as const) {
    if (!chance(random, 35)) continue;
    for (const table of [0, 0x400]) {
      found.push([table + one, (other << 12) | 7], [table + other, (one << 12) | 7]);
    }
  }
  if (level === 3) for (let page = 0; page < 0xb; page++) if (page !== 7) found.push([page, (page << 12) | 3]);
  return found;
}

function codeWriterOf(kind: WorldKind, segments: Environment['segments']): Environment['codeWriter'] {
  if (kind === 'segmented') return { prefix: [0x26], base: segments.es.base };
  if (kind === 'real' || kind === 'virtual8086') return { prefix: [0x65], base: segments.gs.base };
  if (kind === 'code16') return { prefix: [0x26], base: segments.es.base };
  return { prefix: [], base: 0 };
}

function controls(
  random: Random,
  model: ProcessorModel,
  paging: boolean,
  isReal: boolean,
): { cr0: number; cr4: number } {
  const fpu = has(model, 'fpu');
  let cr0 = isReal ? 0 : 1;
  if (paging) cr0 |= 0x8000_0000;
  if (model !== '80386' && chance(random, 50)) cr0 |= 0x1_0000; // WP
  if (fpu && chance(random, 60)) cr0 |= 0x20; // NE
  if (fpu && chance(random, 5)) cr0 |= pick(random, [4, 8, 0xa]); // EM, TS
  let cr4 = 0;
  if (has(model, 'sse') && chance(random, 92)) cr4 |= 0x600;
  if (has(model, 'pge') && chance(random, 40)) cr4 |= 0x80;
  return { cr0: cr0 | 0, cr4 };
}

export const drawModel = (random: Random): ProcessorModel => pick(random, models);

export function drawEnvironment(random: Random, model: ProcessorModel): Environment {
  const kind = pick(random, kinds);
  const level = kind === 'virtual8086' ? 3 : kind === 'real' ? 0 : chance(random, 40) ? 3 : 0;
  const paging = kind === 'paged' || (kind !== 'flat' && kind !== 'real' && chance(random, 40));
  const codeBits = kind === 'flat' || kind === 'paged' || kind === 'segmented' ? 32 : 16;
  const segments =
    kind === 'flat' || kind === 'paged'
      ? flatSegments(level)
      : kind === 'real' || kind === 'virtual8086'
        ? realSegments(random)
        : ownSegments(random, level, kind === 'segmented');
  const privilege = level === 3 && chance(random, 70) ? 0x3000 : 0;
  const flags = privilege | (chance(random, 75) ? 0x200 : 0) | (kind === 'virtual8086' ? 0x2_3000 : 0) | 2;
  return {
    ...{ kind, model, level, codeBits, segments, flags },
    stackTop: places.stack - segments.ss.base,
    ...controls(random, model, paging, kind === 'real'),
    pages: paging ? oddPages(random, level) : [],
    aliasBase: chance(random, 75) ? aliasBases[1] : aliasBases[0],
    codeWriter: codeWriterOf(kind, segments),
  };
}
export const pagingOn = ({ cr0 }: Environment): boolean => cr0 < 0;
export const hasAlias = (environment: Environment): boolean =>
  pagingOn(environment) && (environment.kind === 'flat' || environment.kind === 'paged');
