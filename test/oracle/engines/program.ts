/** What a little machine's program is: the world it stands in, its code, and what reaches it from outside at which cycle. */
import type { ProcessorModel } from '../../../src/cpu/model.js';
import type { Item } from './assemble.js';

/** Where things lie, by physical address; linear addresses are the same unless a page says otherwise. */
export const places = {
  gdt: 0x1000,
  idt: 0x2000,
  handlers: 0x2800,
  task: 0x5000,
  /** Tops of the stacks of level 0 and of the program. */
  innerStack: 0x7000,
  stack: 0x8000,
  directory: 0x8000,
  table: 0x9000,
  aliasTable: 0xa000,
  data: 0xc000,
  dataEnd: 0x1_0000,
  code: 0x1_0000,
  codeEnd: 0x1_4000,
  /** Two pages with routines at the same offsets, one of them mapped at a time. */
  stubs: [0x1_4000, 0x1_5000],
  /** Where code is copied to. */
  copies: 0x1_6000,
  ramBytes: 0x2_0000,
  /** A page of addresses behind memory: the bus answers. */
  device: 0x2_0000,
} as const;

/** What the data area starts with; the rest is the program's. */
export const variables = {
  /** Where a handler goes on, as an offset in the code segment. */
  resume: places.data,
  /** Where the watchdog goes on: the next part of the program. */
  next: places.data + 4,
  /** Counters of loops, 4 bytes each. */
  loops: places.data + 0x10,
  pointers: places.data + 0x80,
  /** Counts of what handlers handled, by vector. */
  counts: places.data + 0x100,
  free: places.data + 0x200,
} as const;

/**
 * Linear addresses of a second mapping of everything: multiples of 4 MiB. Pages of the latter share entries of the TLB with pages of the
 * first mapping: with the one whose number differs in bit 0.
 */
export const aliasBases = [0x40_0000, 0x100_0000] as const;

/** How the program's own segments and pages are. */
export type WorldKind = 'flat' | 'paged' | 'segmented' | 'code16' | 'real' | 'virtual8086';

export interface SegmentPlan {
  readonly selector: number;
  readonly base: number;
  readonly limit: number;
  /** Access byte and flags, as descriptor bits 40 to 55. */
  readonly attributes: number;
}
export const segmentOrder = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;
export type SegmentKey = (typeof segmentOrder)[number];

export interface Environment {
  readonly kind: WorldKind;
  readonly model: ProcessorModel;
  readonly level: 0 | 3;
  readonly codeBits: 16 | 32;
  readonly segments: Readonly<Record<SegmentKey, SegmentPlan>>;
  readonly flags: number;
  readonly stackTop: number;
  readonly cr0: number;
  readonly cr4: number;
  /** Page table entries that differ from the identity: index in both tables taken as one, and value. */
  readonly pages: readonly (readonly [number, number])[];
  /** Which of the second mappings it uses. */
  readonly aliasBase: number;
  /** The segment through which code is written, and its prefix. */
  readonly codeWriter: { readonly prefix: readonly number[]; readonly base: number };
}

/** Something that happens at a cycle. */
export type Happening =
  | { readonly at: number; readonly kind: 'interrupt'; readonly vector: number }
  | { readonly at: number; readonly kind: 'nonMaskable' }
  | { readonly at: number; readonly kind: 'write'; readonly address: number; readonly bytes: readonly number[] };

/** Which of the sizes of programs: short ones are compared at every cycle. */
export type Length = 'short' | 'normal' | 'long';
/**
 * So many programs in a row run on machines of one model, and under one setting: machines serve those, then new ones are made. Where
 * programs take long there are few, and each is to meet another setting.
 */
export const programsTogether: Readonly<Record<Length, number>> = { short: 2, normal: 50, long: 2 };
export const groupOf = (index: number, length: Length): number => Math.floor(index / programsTogether[length]);

export interface Program {
  readonly seed: number;
  readonly index: number;
  readonly environment: Environment;
  readonly items: readonly Item[];
  /** Handlers and routines of the system, laid out apart; `vectors` are labels in it by vector. */
  readonly system: readonly Item[];
  readonly vectors: readonly number[];
  /** Bytes that memory starts with, beside what the environment needs. */
  readonly memory: readonly { readonly address: number; readonly bytes: readonly number[] }[];
  /** Pointers to code that memory starts with: labels by address. */
  readonly pointers: readonly { readonly address: number; readonly label: number; readonly plus: number }[];
  readonly registers: readonly number[];
  readonly happenings: readonly Happening[];
  readonly cycles: number;
  /** Cycles at which engines are compared. */
  readonly checks: readonly number[];
}
