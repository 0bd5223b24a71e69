/**
 * The x87 unit's rare ways: its exceptions' way out of the processor, stack faults, and the images of its state in memory.
 * Source: Intel SDM Vol. 1, sections 8.1 (state), 8.5 and 8.6 (exceptions), 8.7 and appendix D (FERR# and IGNNE#).
 */
import { regions, x87RegisterBytes, x87Registers } from '../layout.js';
import { type Core, cr0Bits, vectors } from './core.js';
import { makeVectorImage, takeVectorImage } from './vectors.js';
import { stackFaults } from '../instructions/x87/unit.js';

const { block } = regions;
const exceptions = 0x3f;
const invalidOperation = 0x01;
const stackFault = 0x40;
const errorSummary = 0x80;
const c1 = 0x200;
const c2 = 0x400;
const unordered = 0x4500;
const allCodes = 0x4700;
/** Bits of the control word that can be written, and the one that reads as one. */
const controlBits = 0x1f3f;
const controlOnes = 0x40;
const defaultControl = 0x37f;
/** Empty, in a full tag word; and the other tags. */
const tags = { valid: 0, zero: 1, special: 2, empty: 3 } as const;
const slotMask = 7 * x87RegisterBytes;

/** The reset pin: registers are zero, none is empty and nothing is masked (Intel SDM Vol. 3A, table 9-1). */
export function resetUnit(core: Core): void {
  core.u8.fill(0, x87Registers, x87Registers + 8 * x87RegisterBytes);
  initializeUnit(core);
  core.set('x87Control', controlOnes);
  core.set('x87Empty', 0);
  settleUnit(core);
}

/** FNINIT; the registers keep what they hold. */
function initializeUnit(core: Core): void {
  core.set('x87Control', defaultControl);
  core.set('x87Status', 0);
  core.set('x87Top', 0);
  core.set('x87Empty', 0xff);
  for (const name of pointerWords) core.set(name, 0);
}
const pointerWords = [
  'x87Opcode',
  'x87InstructionOffset',
  'x87InstructionSelector',
  'x87DataOffset',
  'x87DataSelector',
] as const;

/** ES follows from flags and masks, and the error output from ES: the processor reports by #MF itself where CR0.NE is set. */
export function settleUnit(core: Core): void {
  const status = core.get('x87Status');
  const pending = (status & exceptions & ~core.get('x87Control')) !== 0;
  core.set('x87Status', pending ? status | errorSummary : status & ~errorSummary);
  const level = pending && (core.get('cr0') & cr0Bits.NE) === 0 ? 1 : 0;
  if (level === core.get('x87Error')) return;
  core.set('x87Error', level);
  core.bus.setFloatingPointError?.(level === 1);
}

const slotOf = (core: Core, index: number): number =>
  x87Registers + ((core.get('x87Top') + index * x87RegisterBytes) & slotMask);

function putIndefinite(core: Core, slot: number): void {
  core.u8.copyWithin(slot, regions.indefinite, regions.indefinite + 10);
}
/** Marks the register of a slot as filled. */
function fillSlot(core: Core, slot: number): void {
  const distance = ((slot - x87Registers - core.get('x87Top')) & slotMask) / x87RegisterBytes;
  core.set('x87Empty', core.get('x87Empty') & ~(1 << distance));
}
function pushIndefinite(core: Core): void {
  core.set('x87Top', (core.get('x87Top') - x87RegisterBytes) & slotMask);
  core.set('x87Empty', (core.get('x87Empty') << 1) & 0xfe);
  putIndefinite(core, slotOf(core, 0));
}
function pops(core: Core, count: number): void {
  core.set('x87Top', (core.get('x87Top') + count * x87RegisterBytes) & slotMask);
  core.set('x87Empty', (core.get('x87Empty') >> count) | (count === 1 ? 0x80 : 0xc0));
}

/** A stack fault; gives 1 if it is masked, and does what `effects` says then. */
function faultStack(core: Core, target: number, effects: number): number {
  const masked = (core.get('x87Control') & invalidOperation) !== 0;
  const overflowed = (effects & stackFaults.overflow) !== 0;
  const codes = overflowed ? c1 : (effects & stackFaults.compares) !== 0 ? unordered : 0;
  const clears = (effects & stackFaults.clearsC2) !== 0 ? c1 | c2 : c1;
  const replaced = (effects & stackFaults.compares) !== 0 ? allCodes : clears;
  core.set('x87Status', (core.get('x87Status') & ~replaced) | codes | invalidOperation | stackFault);
  if (!masked) {
    settleUnit(core);
    return 0;
  }
  if (target !== 0 && (effects & stackFaults.exchanges) !== 0) exchange(core, target);
  else if (target !== 0) {
    putIndefinite(core, target);
    fillSlot(core, target);
  }
  if ((effects & stackFaults.grows) !== 0) {
    putIndefinite(core, slotOf(core, 0));
    fillSlot(core, slotOf(core, 0));
  }
  if ((effects & (stackFaults.grows | stackFaults.pushes)) !== 0) pushIndefinite(core);
  if ((effects & stackFaults.pops) !== 0) pops(core, effects & stackFaults.pops);
  return 1;
}

/** FXCH: an empty register gets the NaN before the two change places. */
function exchange(core: Core, target: number): void {
  const top = slotOf(core, 0);
  const empty = core.get('x87Empty');
  const distance = ((target - top) & slotMask) / x87RegisterBytes;
  if ((empty & 1) !== 0) putIndefinite(core, top);
  if ((empty & (1 << distance)) !== 0) putIndefinite(core, target);
  const kept = core.u8.slice(top, top + 10);
  core.u8.copyWithin(top, target, target + 10);
  core.u8.set(kept, target);
  core.set('x87Empty', empty & ~(1 | (1 << distance)));
}

// Images.

const topOf = (core: Core): number => core.get('x87Top') / x87RegisterBytes;
/** The status word with TOP and B. */
function statusWord(core: Core): number {
  const status = core.get('x87Status');
  return status | (topOf(core) << 11) | ((status & errorSummary) << 8);
}
function takeStatus(core: Core, word: number): void {
  core.set('x87Status', word & (allCodes | exceptions | stackFault));
  core.set('x87Top', ((word >> 11) & 7) * x87RegisterBytes);
}

/** The tag of what a register holds. */
function tagOf(core: Core, slot: number): number {
  const exponent = core.view.getUint16(slot + 8, true) & 0x7fff;
  const [low, high] = [core.view.getUint32(slot, true), core.view.getUint32(slot + 4, true)];
  if (exponent === 0 && low === 0 && high === 0) return tags.zero;
  return exponent === 0 || exponent === 0x7fff || high >>> 31 === 0 ? tags.special : tags.valid;
}
/** Two bits a register, by physical number. */
function fullTags(core: Core): number {
  let word = 0;
  for (let number = 0; number < 8; number++) {
    const distance = (number - topOf(core)) & 7;
    const empty = (core.get('x87Empty') >> distance) & 1;
    word |= (empty === 1 ? tags.empty : tagOf(core, x87Registers + number * x87RegisterBytes)) << (2 * number);
  }
  return word;
}
/** Sets which registers are empty, from one bit a register by physical number; after TOP. */
function takeEmpty(core: Core, empty: number): void {
  const top = topOf(core);
  core.set('x87Empty', ((empty >> top) | (empty << (8 - top))) & 0xff);
}
function emptyOfTags(word: number): number {
  let empty = 0;
  for (let number = 0; number < 8; number++) if (((word >> (2 * number)) & 3) === tags.empty) empty |= 1 << number;
  return empty;
}

const linearFormat = (core: Core): boolean => !core.usesDescriptors;

/** Seven fields of an environment, the last four as the format has them: Intel SDM Vol. 1, figures 8-9 to 8-12. */
function environmentFields(core: Core, width: number): number[] {
  const [opcode, offset, selector, dataOffset, dataSelector] = pointerWords.map((name) => core.get(name)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const words = [core.get('x87Control'), statusWord(core), fullTags(core)];
  if (!linearFormat(core)) {
    const upper = width === 32 ? opcode << 16 : 0;
    return [...words, offset, (selector & 0xffff) | upper, dataOffset, dataSelector];
  }
  const [linear, dataLinear] = [(selector << 4) + offset, (dataSelector << 4) + dataOffset];
  const high = (address: number): number => (width === 32 ? (address >>> 16) << 12 : ((address >>> 16) & 15) << 12);
  return [...words, linear & 0xffff, high(linear) | opcode, dataLinear & 0xffff, high(dataLinear)];
}

/** Writes an environment into the block; gives its bytes. Unused halves are ones, as processors write them. */
function makeEnvironment(core: Core, width: number): number {
  const fields = environmentFields(core, width);
  const bytes = width / 8;
  fields.forEach((field, index) => {
    const place = block + index * bytes;
    if (bytes === 2) return core.view.setUint16(place, field & 0xffff, true);
    const isWhole = !linearFormat(core) ? index >= 3 && index < 6 : index === 4 || index === 6;
    core.view.setInt32(place, isWhole ? field : field | 0xffff_0000, true);
  });
  return 7 * bytes;
}

/** Takes an environment from a host address. */
function takeEnvironment(core: Core, from: number, width: number): void {
  const bytes = width / 8;
  const field = (index: number): number =>
    bytes === 2 ? core.view.getUint16(from + index * 2, true) : core.view.getInt32(from + index * 4, true);
  core.set('x87Control', (field(0) & controlBits) | controlOnes);
  takeStatus(core, field(1));
  takeEmpty(core, emptyOfTags(field(2)));
  const upper = bytes === 2 ? 0 : field(4) >>> 16;
  if (!linearFormat(core)) {
    core.set('x87InstructionOffset', field(3));
    core.set('x87InstructionSelector', field(4) & 0xffff);
    core.set('x87Opcode', upper & 0x7ff);
    core.set('x87DataOffset', field(5));
    core.set('x87DataSelector', field(6) & 0xffff);
  } else {
    core.set('x87InstructionOffset', (field(3) & 0xffff) | ((field(4) >>> 12) << 16));
    core.set('x87InstructionSelector', 0);
    core.set('x87Opcode', field(4) & 0x7ff);
    core.set('x87DataOffset', (field(5) & 0xffff) | ((field(6) >>> 12) << 16));
    core.set('x87DataSelector', 0);
  }
  settleUnit(core);
}

/** The registers from ST(0) on, `stride` bytes each. */
function storeRegisters(core: Core, to: number, stride: number): void {
  for (let index = 0; index < 8; index++) {
    const slot = slotOf(core, index);
    core.u8.copyWithin(to + index * stride, slot, slot + 10);
  }
}
function takeRegisters(core: Core, from: number, stride: number): void {
  for (let index = 0; index < 8; index++) {
    const place = from + index * stride;
    core.u8.copyWithin(slotOf(core, index), place, place + 10);
  }
}

/** What FXSAVE's image has in front of the registers: Intel SDM Vol. 2A, "FXSAVE", non-64-bit layout. */
export function makeFastImage(core: Core, from: number): void {
  // Reserved bytes stay as they are in memory.
  core.u8.copyWithin(block, from, from + 512);
  const { view } = core;
  const top = topOf(core);
  const filled = ~core.get('x87Empty') & 0xff;
  view.setUint16(block, core.get('x87Control'), true);
  view.setUint16(block + 2, statusWord(core), true);
  view.setUint8(block + 4, (filled << top) | (filled >> (8 - top)));
  view.setUint8(block + 5, 0);
  view.setUint16(block + 6, core.get('x87Opcode'), true);
  view.setInt32(block + 8, core.get('x87InstructionOffset'), true);
  view.setInt32(block + 12, core.get('x87InstructionSelector') & 0xffff, true);
  view.setInt32(block + 16, core.get('x87DataOffset'), true);
  view.setInt32(block + 20, core.get('x87DataSelector') & 0xffff, true);
  for (let index = 0; index < 8; index++) core.u8.fill(0, block + 32 + index * 16 + 10, block + 48 + index * 16);
  storeRegisters(core, block + 32, 16);
  if (core.has('sse')) makeVectorImage(core);
}
export function takeFastImage(core: Core, from: number): void {
  if (core.has('sse')) takeVectorImage(core, from);
  const { view } = core;
  core.set('x87Control', (view.getUint16(from, true) & controlBits) | controlOnes);
  takeStatus(core, view.getUint16(from + 2, true));
  takeEmpty(core, ~view.getUint8(from + 4) & 0xff);
  core.set('x87Opcode', view.getUint16(from + 6, true) & 0x7ff);
  core.set('x87InstructionOffset', view.getInt32(from + 8, true));
  core.set('x87InstructionSelector', view.getUint16(from + 12, true));
  core.set('x87DataOffset', view.getInt32(from + 16, true));
  core.set('x87DataSelector', view.getUint16(from + 20, true));
  takeRegisters(core, from + 32, 16);
  settleUnit(core);
}

/** An error that an earlier instruction left: #MF, or a stop until an interrupt, unless the outside says to ignore it. */
export function reportPending(core: Core): void {
  if ((core.get('x87Status') & errorSummary) === 0) return;
  if ((core.get('cr0') & cr0Bits.NE) !== 0) core.fault(vectors.floatingPoint);
  settleUnit(core);
  if (core.get('x87ErrorIgnored') === 0) core.freeze();
}

/** The slow paths of the x87 unit. */
export function coprocessorPaths(core: Core) {
  const done = (action: () => void): 0 => {
    action();
    return 0;
  };
  return {
    /** Without a unit: #NM where a program is to be emulated. */
    coprocessor: () =>
      done(() => {
        if ((core.get('cr0') & (cr0Bits.EM | cr0Bits.TS)) !== 0) core.fault(vectors.deviceNotAvailable);
      }),
    wait: () =>
      done(() => {
        const both = cr0Bits.MP | cr0Bits.TS;
        if ((core.get('cr0') & both) === both) core.fault(vectors.deviceNotAvailable);
        reportPending(core);
      }),
    awaitCoprocessor: () =>
      done(() => {
        if ((core.get('cr0') & (cr0Bits.EM | cr0Bits.TS)) !== 0) core.fault(vectors.deviceNotAvailable);
        reportPending(core);
      }),
    settleCoprocessor: () => done(() => settleUnit(core)),
    initializeCoprocessor: () =>
      done(() => {
        initializeUnit(core);
        settleUnit(core);
      }),
    stackFault: (target: number, effects: number) => faultStack(core, target, effects),
    makeEnvironment: (width: number) => done(() => makeEnvironment(core, width)),
    /** FNSTENV masks every exception. */
    environmentStored: () =>
      done(() => {
        core.set('x87Control', core.get('x87Control') | exceptions);
        settleUnit(core);
      }),
    takeEnvironment: (from: number, width: number) => done(() => takeEnvironment(core, from, width)),
    makeState: (width: number) => done(() => storeRegisters(core, block + makeEnvironment(core, width), 10)),
    takeState: (from: number, width: number) =>
      done(() => {
        takeEnvironment(core, from, width);
        takeRegisters(core, from + (7 * width) / 8, 10);
      }),
    makeFastImage: (from: number) => done(() => makeFastImage(core, from)),
    takeFastImage: (from: number) => done(() => takeFastImage(core, from)),
  };
}
