/**
 * Where everything of a machine's processor lives in the one WebAssembly memory. The processor's state is declared here
 * once; both engines, the slow paths, saving and digesting read this declaration.
 */
import { assert } from '../base/assert.js';
import { displayWords } from './display-mapping.js';

/** General registers in encoding order (Intel SDM Vol. 2A, table 2-1). Slots are 64 bits wide for long mode to come. */
export const generalRegisters = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
export type GeneralRegister = (typeof generalRegisters)[number];

/** Segment registers in encoding order, then the two system ones that are cached the same way. */
export const segmentNames = ['es', 'cs', 'ss', 'ds', 'fs', 'gs', 'ldtr', 'tr'] as const;
export type SegmentName = (typeof segmentNames)[number];
export type Segment = (typeof segmentIndex)[SegmentName];
export const segmentIndex = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5, ldtr: 6, tr: 7 } as const;

/** Byte offsets inside one segment's slot. */
export const segmentFields = {
  selector: 0,
  base: 4,
  limit: 8,
  /** The descriptor's access byte, then its G, D/B, L and AVL bits at 12 to 15, as in descriptor bits 40 to 55. */
  attributes: 12,
  /** Offsets below this 64-bit number may be read (or written) without a further look; 0 sends every access the slow way. */
  readTop: 16,
  writeTop: 24,
} as const;
const segmentSlotBytes = 32;

/** 32-bit slots that are the processor's architectural state, in the order they are saved. */
const savedWords = [
  'eip',
  /** The system and control bits of EFLAGS; status flags are kept apart. */
  'flagsOther',
  /** Bit 31 is CF, bit 31 xor bit 30 is OF, bit 3 is AF. */
  'flagCarries',
  'cpl',
  'cr0',
  'cr2',
  'cr3',
  'cr4',
  'gdtrBase',
  'gdtrLimit',
  'idtrBase',
  'idtrLimit',
  'dr0',
  'dr1',
  'dr2',
  'dr3',
  'dr6',
  'dr7',
  'tr6',
  'tr7',
  /** 1 after HLT, until an interrupt. */
  'halted',
  /** Only while saved: what holds at this very boundary between instructions. */
  'boundary',
  /** Debug exceptions that are due at the next boundary, as DR6 bits. */
  'pendingDebug',
  /** The NMI pin: bit 0 its level, bit 1 an interrupt is due, bit 2 it has to wait for IRET. */
  'nmi',
  /** 1 once the processor shut down after a triple fault. */
  'shutdown',
] as const;

/** 32-bit slots that only live while the engine runs; never saved. */
const transientWords = [
  /** Cycles left in this slice, those of the current block already taken. */
  'budget',
  /** The cycle at which the budget is used up, 64 bits. */
  'cyclesEnd',
  'cyclesEndHigh',
  /** The record that is executing, set before every slow path. */
  'currentRecord',
  /** EIP of the first byte of the page that is executing. */
  'codeBase',
  /** Not 0 when a slow path raised a fault: vector + 1. */
  'faulted',
  'faultError',
  /** Why the engine returned. */
  'exit',
  /** The low bits of execute tags: the sizes of code and stack that the entry's records are decoded for. */
  'executeKey',
  /** The level of the interrupt request line. */
  'interruptRequested',
  /** Host address of physical memory, so that one module serves every memory size. */
  'ramBase',
  /** Address of the TLB half of the current privilege level. */
  'tlb',
  /** CF is bit 0 when a handler keeps a carry across its parts. */
  'scratch',
  /** 1 while a repeated instruction looks itself up between two of its iterations. */
  'betweenIterations',
  /** Physical addresses lose the bits that are 0 here. */
  'addressMask',
  /** 1 while debug registers watch data: every access that misses the fast way must be looked at. */
  'watching',
  /** 1 while code stops anywhere, at breakpoints of the program's or of a debugger's: that is looked at before code is translated. */
  'codeStops',
  /** How many numbers of entries {@link regions.localEntries} holds. */
  'localEntries',
  /** The same of {@link regions.globalEntries}. */
  'globalEntries',
  /** Iterations of repeated instructions that others followed; counted on from the last look, for performance counters. */
  'repeatedAgain',
  /** Flags that compiled code has not written yet: the number of their kind, 0 where there are none, and what they follow from. */
  'keptKind',
  'keptLeft',
  'keptRight',
  'keptResult',
  'keptCarry',
] as const;

/** 32-bit slots of the x87 unit (Intel SDM Vol. 1, section 8.1), after its registers. */
const x87Words = [
  /** The control word. */
  'x87Control',
  /** The status word but for TOP and B: TOP lies apart, and B is a copy of bit 7. */
  'x87Status',
  /** TOP, times the bytes of a register's slot. */
  'x87Top',
  /** Bit i is set if ST(i) is empty. Counted from TOP, so that the checks of most instructions have one constant each. */
  'x87Empty',
  /** The last instruction that was not a control instruction: its 11 opcode bits, where it lay, and its memory operand. */
  'x87Opcode',
  'x87InstructionOffset',
  'x87InstructionSelector',
  'x87DataOffset',
  'x87DataSelector',
  /** The level of the error output (FERR#). */
  'x87Error',
  /** The level of IGNNE#: exceptions that would be reported outside are ignored. */
  'x87ErrorIgnored',
] as const;

/** 32-bit slots of SSE, before its registers. */
const streamingWords = [
  /** Control and status of SSE's floating point. */
  'mxcsr',
] as const;

export type StateWord =
  | (typeof savedWords)[number]
  | (typeof transientWords)[number]
  | (typeof x87Words)[number]
  | (typeof streamingWords)[number];

const registersAt = 0x80;
const segmentsAt = registersAt + 16 * 8;
const flagResultAt = segmentsAt + segmentNames.length * segmentSlotBytes;
const wordsAt = flagResultAt + 8;

/** A segment slot from 0 to 4 GiB that is always there, for accesses by linear address. */
export const flatSlot = 0x20;

/** Eight zero bytes: what an absent base or index register reads. */
export const zeroSlot = 0x40;

/** Address of a general register's 64-bit slot. */
export const registerAddress = (register: number): number => registersAt + register * 8;
/** Address of a byte register in encoding order: AL CL DL BL AH CH DH BH. */
export const byteRegisterAddress = (register: number): number =>
  register < 4 ? registerAddress(register) : registerAddress(register - 4) + 1;
/** Address of a segment's slot. */
export const segmentAddress = (segment: number): number => segmentsAt + segment * segmentSlotBytes;

const x87At = 0x600;
/** The eight x87 registers by physical number, in 16 bytes each, of which 10 count. MMX registers are their low 8 bytes. */
export const x87RegisterBytes = 16;
export const x87Registers = x87At;
const x87WordsAt = x87At + 8 * x87RegisterBytes;

const streamingAt = 0x6f0;
export const xmmRegisterBytes = 16;
/** Sixteen slots, of which 32-bit code uses eight. */
export const xmmRegisters = 0x700;

const wordAddresses = (names: readonly StateWord[], start: number): [StateWord, number][] =>
  names.map((name, index) => [name, start + index * 4]);

/** Address of each 32-bit state word. */
export const at = Object.fromEntries([
  ...wordAddresses([...savedWords, ...transientWords], wordsAt),
  ...wordAddresses(x87Words, x87WordsAt),
  ...wordAddresses(streamingWords, streamingAt),
]) as Readonly<Record<StateWord, number>>;
assert(x87WordsAt + x87Words.length * 4 <= streamingAt, 'the x87 unit ends before the XMM registers');
assert(wordsAt + (savedWords.length + transientWords.length) * 4 <= x87At, 'state words end before the x87 unit');
/** The same as indexes into an Int32Array, for paths that are taken often. */
export const wordIndex = Object.fromEntries(
  Object.entries(at).map(([name, address]) => [name, address >> 2]),
) as Readonly<Record<StateWord, number>>;

const modelSpecificAt = 0xb00;
assert(displayWords.end <= modelSpecificAt, 'the words of the display end before model-specific ones');
/** 64-bit slots of what came with the Pentium and later, all saved: where each begins. */
export const modelSpecific = {
  /** What RDTSC adds to the cycle counter. */
  timeStampOffset: modelSpecificAt,
  /** Four page directory pointers, as loaded with CR3. */
  pageDirectoryPointers: modelSpecificAt + 8,
  /** Model-specific registers in the order of `system/model-specific.ts`. */
  registers: modelSpecificAt + 40,
  end: 0x1000,
} as const;

/**
 * The last result, 64 bits: ZF is "low half zero", SF is the sign bit, PF is the parity of the lowest byte exclusive-or
 * the byte at bit 32. A sign-extended arithmetic result is thus stored as it is, and any mix of flags can be encoded.
 */
export const flagResultAddress = flagResultAt;

/** The bytes that hold all architectural state; saved, loaded and digested as they stand. */
export const architecturalState = { start: registersAt, end: wordsAt + savedWords.length * 4 } as const;

/** The bytes of state that only models with a feature have; saved after {@link architecturalState}, in this order. */
export const unitStates = [
  { feature: 'fpu', start: x87At, end: x87WordsAt + x87Words.length * 4 },
  { feature: 'sse', start: streamingAt, end: xmmRegisters + 16 * xmmRegisterBytes },
] as const;

/** EFLAGS bits (Intel SDM Vol. 1, figure 3-8). */
export const flagBits = {
  CF: 1 << 0,
  PF: 1 << 2,
  AF: 1 << 4,
  ZF: 1 << 6,
  SF: 1 << 7,
  TF: 1 << 8,
  IF: 1 << 9,
  DF: 1 << 10,
  OF: 1 << 11,
  IOPL: 3 << 12,
  NT: 1 << 14,
  RF: 1 << 16,
  VM: 1 << 17,
  AC: 1 << 18,
  VIF: 1 << 19,
  VIP: 1 << 20,
  ID: 1 << 21,
} as const;

export const statusFlags = flagBits.CF | flagBits.PF | flagBits.AF | flagBits.ZF | flagBits.SF | flagBits.OF;

/** A decoded instruction's fixed-size record. Offsets of its fields in bytes. */
export const record = {
  bytes: 32,
  /** u16: which handler runs it. */
  handler: 0,
  /** u16: instructions from this one to the end of its block, this one included. */
  remaining: 2,
  /** u16: offset of its first byte in its page. */
  pageOffset: 4,
  /** u8: its length, 1 to 15. */
  length: 6,
  /** u8: REP prefix: 0 none, 1 REPNE, 2 REP/REPE. */
  repeat: 7,
  /** u16: address of the register that is the ModRM `reg` operand, or of the only register; bit i where `rm` is ST(i). */
  reg: 8,
  /** u16: address of the register that is the ModRM `rm` operand; of ST(i), i times the bytes of a register's slot. */
  rm: 10,
  /** i32: immediate, sign-extended where the form says so; the 11 opcode bits of an x87 instruction. */
  immediate: 12,
  /** u16: address of the base register's slot; {@link zeroSlot} when absent. */
  base: 16,
  index: 18,
  /** u8: shift of the index. */
  scale: 20,
  /** u8: which entry of a compiled region the record is, where its handler is {@link firstRegion} or above. */
  entry: 21,
  /** u16: address of the segment's slot. */
  segment: 22,
  displacement: 24,
  /** i32: 0xffff for 16-bit addresses, -1 for 32-bit ones. */
  addressMask: 28,
  /** A direct jump's cached target record, 0 when unknown; jumps have no memory operand. */
  link: 28,
  /** A second immediate (far pointers, ENTER); such forms have no memory operand. */
  immediate2: 24,
} as const;

/** Handlers from this number on are compiled regions, by their place in the table of regions. */
export const firstRegion = 0x8000;
/** Places in the table of regions. A small table, as every module that imports it keeps a copy. */
export const regionPlaces = 2048;

/** One TLB entry; tags are linear page addresses, 1 when invalid. */
export const tlbEntry = {
  bytes: 32,
  read: 0,
  write: 4,
  /** Linear page plus the execute key, and {@link startsInsideKey} where the code segment starts inside the page. */
  execute: 8,
  /** Host address minus linear address. */
  addend: 12,
  /** Address of the page's table of records, by offset in the page. */
  codeTable: 16,
  /** Writable, but some of its lines hold decoded code. */
  writeCode: 20,
  /** The linear page with the bits of `system/page-entries.ts`. */
  page: 24,
  /** The physical page; bit 0 is set where it lies above 4 GiB, where nothing is. */
  physical: 28,
} as const;
export const startsInsideKey = 8;
/** An entry is 2 to this power bytes. */
export const tlbEntryShift = 5;
/**
 * Entries for data of one privilege level, or for its code. An entry is found by the page's number exclusive-or the same number shifted
 * right, so that buffers which lie a power of two apart do not share entries.
 */
export const tlbIndexBits = 12;
const tlbEntries = 2 ** tlbIndexBits;
const tlbBytes = tlbEntries * tlbEntry.bytes;
/** Of a linear address exclusive-or itself shifted by {@link tlbIndexBits}: how far to shift, and what to keep, for an entry's distance from the first. */
export const tlbPlace = { shift: 12 - tlbEntryShift, mask: tlbBytes - tlbEntry.bytes } as const;
/** How far the entry that translates a linear address lies from the first one. */
export const tlbDistance = (linear: number): number =>
  ((linear ^ (linear >>> tlbIndexBits)) >>> tlbPlace.shift) & tlbPlace.mask;

/** Attributes of a segment as a real-mode load leaves them: present, writable, accessed data. */
export const realDataAttributes = 0x93;

/** Bytes of code lines: a store to a line without decoded code needs no further care. */
export const codeLineBytes = 64;
/** A line is 2 to this power bytes. */
export const codeLineShift = 6;

export const physicalPageCount = 2 ** 20;
/** Pages of the largest machine: 2 GiB of memory, read-only memory and display memory. */
export const pagesMost = 0x90000;
const supervisorTlb = 0x1_0000;
const tlbEnd = supervisorTlb + 4 * tlbBytes;
const entryListBytes = 4 * tlbEntries * 2;
/** A byte for each stretch of linear memory that may have entries of large pages. */
const largeStretches = tlbEnd + 2 * entryListBytes + 4 * tlbEntries;
const writtenPages = largeStretches + 2048;

/** Fixed regions below the machine's memory. */
export const regions = {
  /** Operands of more than 4 bytes on their way from or to memory; never saved. */
  block: 0x800,
  /** 64 bytes to calculate in; never saved. */
  workspace: 0xa00,
  /** The x87's default NaN, for instructions that find a register empty. */
  indefinite: 0xa40,
  scratchRecords: 0x1000,
  parityTable: 0x1800,
  /** Tables of RCPPS and RSQRTPS. */
  approximations: 0x2000,
  /** 4096 counters of 16 bits: TLB misses of compiled code by record; never saved. */
  missCounts: 0x4000,
  /** The same for where compiled code went on in the interpreter. */
  leaveCounts: 0x6000,
  /** Where compiled code entered other pages lately; never saved. See `engine/compiler/known-ways.ts`. */
  knownWays: 0x8000,
  supervisorTlb,
  userTlb: supervisorTlb + tlbBytes,
  /** Translations of code, first the supervisor's, then the user's; see {@link codeTlbDistance}. */
  codeTlb: supervisorTlb + 2 * tlbBytes,
  tlbEnd,
  /** Numbers of TLB entries that may be valid, 16 bits each, so that a flush looks at those alone: pages that a load of CR3 forgets. */
  localEntries: tlbEnd,
  /** The same for global pages. An entry may be in both lists. */
  globalEntries: tlbEnd + entryListBytes,
  /** A byte for each entry: bit 0 where it is in the list of local ones, bit 1 for global ones. */
  isListed: tlbEnd + 2 * entryListBytes,
  largeStretches,
  /** A byte for each page of memory: 0 until it is written, counted from the last look; see `system/written-pages.ts`. */
  writtenPages,
  /** For each physical page 32 bits: its host address and bits of `system/page-entries.ts`; 0 where that is unknown, or where the bus answers. */
  physicalPages: writtenPages + pagesMost,
  /** For each page of memory 32 bits: the table of records that was looked up last, and in its low bits for which mode; 0 without any. */
  codePages: writtenPages + pagesMost + physicalPageCount * 4,
  codeLines: writtenPages + pagesMost + (physicalPageCount + pagesMost) * 4,
} as const;

/**
 * From the TLB half of a privilege level to its translations of code. Code has its own, as a real processor's code and data
 * caches have, so that what data accesses find never depends on when code was last looked up: that depends on how a run is sliced.
 */
export const codeTlbDistance = regions.codeTlb - regions.supervisorTlb;
