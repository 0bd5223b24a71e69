/**
 * TLB refills and page walks without leaving WebAssembly: the common case of what `system/tlb.ts` and `system/paging.ts` do, entry for
 * entry and mark for mark. Whatever is rare (a fault, the bus, a page's first write, tables that hold code, watched data) gives 0 with nothing left half-way,
 * and the caller goes on to the slow path, which knows every case.
 */
import { at, codeTlbDistance, modelSpecific, regions, tlbEntry, tlbEntryShift } from '../../layout.js';
import { has, type ProcessorModel } from '../../model.js';
import { cr0Bits, cr4Bits } from '../../system/control-bits.js';
import {
  aboveMemory,
  largeStretchShift,
  listedBits,
  pageEntry,
  pageWordBits,
  physicalPageBits,
  remembersDirty,
  reservedAbove,
  reservedBits,
  translationBits,
} from '../../system/page-entries.js';
import type { FunctionBody } from '../../wasm/body.js';
import type { ModuleWriter } from '../../wasm/module.js';
import type { Code, Value, Variable } from '../../wasm/values.js';
import { functionOf, giveUp, lineOf, word } from './function-code.js';
import { tlbDistanceOf } from './memory-code.js';

const { VALID } = pageWordBits;
const { WRITE_CHECKED, GLOBAL, LARGE } = translationBits;
const { PRESENT, WRITABLE, USER, ACCESSED, DIRTY, SIZE } = pageEntry;

/** What an access is, as the functions below take it. */
export const accessBits = { write: 1, user: 2 } as const;
const userShift = 1;
/** From an entry's bit for global pages to the TLB's. */
const globalShift = 5;

/** Refills by function index. */
export interface RefillFunctions {
  /** (linear, bytes): the host address where an access of the current privilege level may read; 0 where only the slow path can tell. */
  readonly read: number;
  /** The same for writing: none of the bytes holds decoded code. */
  readonly write: number;
  /** (linear, access): the same for one byte and any privilege, for what the processor itself reads and writes. */
  readonly place: number;
  /** (linear): the filled entry that translates code for the current privilege level; 0 where only the slow path can tell. */
  readonly code: number;
}

/** Declares and writes the functions; `refillWrite` is exported for compiled code. */
export function defineRefills(module: ModuleWriter, model: ProcessorModel): RefillFunctions {
  const declare = (parameters: number, name?: string): number =>
    module.declareFunction({ parameters: Array.from({ length: parameters }, () => 'i32'), results: ['i32'] }, name);
  const walk = declare(2);
  const fill = declare(3);
  const functions = {
    read: declare(2),
    write: declare(2, 'refillWrite'),
    place: declare(2),
    code: declare(1),
  };
  module.defineFunction(walk, walkBody(model));
  module.defineFunction(fill, fillBody(model, walk));
  module.defineFunction(functions.place, placeBody(fill));
  module.defineFunction(functions.read, currentPlaceBody(functions.place, 0));
  module.defineFunction(functions.write, currentPlaceBody(functions.place, accessBits.write));
  module.defineFunction(functions.code, codeBody(fill));
  return functions;
}

const userBit = (code: Code): Value => code.shl(code.equal(word(code, 'cpl'), 3), userShift);

/** The entry for a linear address in the half of a privilege level. */
function entryOf(code: Code, linear: Value, access: Value): Value {
  const half = code.mul(code.shrUnsigned(access, userShift), regions.userTlb - regions.supervisorTlb);
  return code.hold(code.add(code.add(tlbDistanceOf(code, linear), half), regions.supervisorTlb));
}
const samePage = (code: Code, pageWord: Value, linear: Value): Value =>
  code.isZero(code.and(code.xor(pageWord, linear), ~0xfff));

/** (linear, access): see {@link RefillFunctions.place}. */
function placeBody(fill: number): FunctionBody {
  return functionOf(2, (code, linear, access) => {
    const entry = entryOf(code, linear!, access!);
    const isWrite = code.and(access!, accessBits.write);
    const page = code.load('i32.load', entry, tlbEntry.page);
    const isHit = code.and(samePage(code, page, linear!), code.notEqual(code.and(page, VALID), 0));
    const suffices = code.or(code.isZero(isWrite), code.notEqual(code.and(page, WRITE_CHECKED), 0));
    code.when(code.isZero(code.and(isHit, suffices)), () =>
      giveUp(code, code.isZero(code.call(fill, 'i32', entry, linear!, access!))),
    );
    const host = code.hold(code.add(linear!, code.loadLate('i32.load', entry, tlbEntry.addend)));
    const linearPage = code.hold(code.and(linear!, ~0xfff));
    const isTagged = (tag: 'read' | 'write' | 'writeCode'): Value =>
      code.equal(code.loadLate('i32.load', entry, tlbEntry[tag]), linearPage);
    code.when(isWrite, () => {
      code.when(isTagged('write'), () => code.return(host));
      // Only a line without decoded code may be written; the caller looks at the line of the last byte.
      code.when(isTagged('writeCode'), () => code.return(code.select(lineOf(code, host), 0, host)));
      code.return(0);
    });
    code.return(code.select(isTagged('read'), host, 0));
  });
}

/** (linear, bytes): the same for the current privilege level, inside one page. */
function currentPlaceBody(place: number, access: number): FunctionBody {
  return functionOf(2, (code, linear, bytes) => {
    giveUp(code, code.greaterUnsigned(code.add(code.and(linear!, 0xfff), bytes!), 0x1000));
    const host = code.call(place, 'i32', linear!, code.or(userBit(code), access));
    if (access === 0) return code.return(host);
    giveUp(code, code.isZero(host));
    giveUp(code, lineOf(code, code.sub(code.add(host, bytes!), 1)));
    code.return(host);
  });
}

/** (linear): the filled entry of code. */
function codeBody(fill: number): FunctionBody {
  return functionOf(1, (code, linear) => {
    const user = code.hold(userBit(code));
    const entry = code.hold(code.add(entryOf(code, linear!, user), codeTlbDistance));
    const page = code.load('i32.load', entry, tlbEntry.page);
    const isHit = code.and(samePage(code, page, linear!), code.notEqual(code.and(page, VALID), 0));
    code.when(code.isZero(isHit), () => giveUp(code, code.isZero(code.call(fill, 'i32', entry, linear!, user))));
    code.return(entry);
  });
}

/** (entry, linear, access): walks and fills the entry, with its bookkeeping and its tags; 1, or 0 with the entry as it was. */
function fillBody(model: ProcessorModel, walk: number): FunctionBody {
  return functionOf(3, (code, entry, linear, access) => {
    giveUp(code, word(code, 'watching'));
    const page = code.hold(code.and(linear!, ~0xfff));
    const found = code.variable(code.or(page, WRITE_CHECKED));
    code.when(code.lessSigned(word(code, 'cr0'), 0), () => {
      found.set(code.call(walk, 'i32', linear!, access!));
      giveUp(code, code.isZero(found));
      if (remembersDirty(model)) return;
      const isWrite = code.and(access!, accessBits.write);
      code.when(code.isZero(isWrite), () => found.set(code.and(found, ~WRITE_CHECKED)));
    });
    const physical = code.hold(code.and(code.and(found, word(code, 'addressMask')), ~0xfff));
    const place = code.load('i32.load', code.shrUnsigned(physical, 10), regions.physicalPages);
    giveUp(code, code.isZero(place));
    const bits = code.or(code.and(found, WRITE_CHECKED | GLOBAL | LARGE), VALID);
    code.store('i32.store', entry!, code.or(page, bits), tlbEntry.page);
    code.store('i32.store', entry!, physical, tlbEntry.physical);
    noteFilled(code, entry!, linear!, found);
    storeTags(code, entry!, page, place, found);
    code.return(1);
  });
}
function noteFilled(code: Code, entry: Value, linear: Value, found: Value): void {
  const number = code.hold(code.shrUnsigned(code.sub(entry, regions.supervisorTlb), tlbEntryShift));
  const listed = code.hold(code.loadLate('i32.load8_u', number, regions.isListed));
  const list = (kind: 'localEntries' | 'globalEntries', bit: number): void =>
    code.when(code.isZero(code.and(listed, bit)), () => {
      const count = code.load('i32.load', 0, at[kind]);
      code.store('i32.store8', number, code.or(listed, bit), regions.isListed);
      code.store('i32.store16', code.shl(count, 1), number, regions[kind]);
      code.store('i32.store', 0, code.add(count, 1), at[kind]);
    });
  code.when(
    code.and(found, GLOBAL),
    () => list('globalEntries', listedBits.global),
    () => list('localEntries', listedBits.local),
  );
  code.when(code.and(found, LARGE), () =>
    code.store('i32.store8', code.shrUnsigned(linear, largeStretchShift), 1, regions.largeStretches),
  );
}
function storeTags(code: Code, entry: Value, page: Value, place: Value, found: Value): void {
  const host = code.hold(code.and(place, ~0xfff));
  code.store('i32.store', entry, page, tlbEntry.read);
  code.store('i32.store', entry, code.sub(host, page), tlbEntry.addend);
  code.store('i32.store', entry, 1, tlbEntry.execute);
  const isChecked = code.notEqual(code.and(found, WRITE_CHECKED), 0);
  // A page's first write since its marks were looked at goes the slow way, which notes it.
  const isOpen = code.and(isChecked, isMarkedWritten(code, host));
  const isWritable = code.and(code.and(place, physicalPageBits.WRITABLE), isOpen);
  const tag = code.hold(code.select(isWritable, page, 1));
  const hasCode = code.load('i32.load', code.shrUnsigned(code.sub(host, word(code, 'ramBase')), 10), regions.codePages);
  code.store('i32.store', entry, code.select(hasCode, 1, tag), tlbEntry.write);
  code.store('i32.store', entry, code.select(hasCode, tag, 1), tlbEntry.writeCode);
}

const isMarkedWritten = (code: Code, host: Value): Value => {
  const page = code.shrUnsigned(code.sub(host, word(code, 'ramBase')), 12);
  return code.notEqual(code.loadLate('i32.load8_u', page, regions.writtenPages), 0);
};

/** One entry of a page table on the way: its value, its host address, and its page's word. */
interface Step {
  readonly value: Variable;
  readonly host: Variable;
  readonly page: Variable;
}

/** What a walk comes to. */
interface Walk {
  readonly directory: Step;
  /** The entry that maps the page: the directory's where that is large. */
  readonly leaf: Step;
  readonly rights: Variable;
  readonly physical: Variable;
  /** {@link LARGE}, or 0. */
  readonly large: Variable;
}

/** (linear, access): the physical page with {@link translationBits} and VALID; 0 with nothing marked. */
function walkBody(model: ProcessorModel): FunctionBody {
  return functionOf(2, (code, linear, access) => {
    const step = (): Step => ({ value: code.variable(0), host: code.variable(0), page: code.variable(0) });
    const walk: Walk = {
      directory: step(),
      leaf: step(),
      rights: code.variable(0),
      physical: code.variable(0),
      large: code.variable(0),
    };
    if (has(model, 'pae')) {
      const isExtended = code.and(word(code, 'cr4'), cr4Bits.PAE);
      code.when(
        isExtended,
        () => lookExtended(code, walk, linear!, model),
        () => lookPlain(code, walk, linear!, model),
      );
    } else lookPlain(code, walk, linear!, model);
    const isUser = code.and(access!, accessBits.user);
    const isWrite = code.and(access!, accessBits.write);
    code.when(isUser, () => giveUp(code, code.isZero(code.and(walk.rights, USER))));
    const protects = code.or(isUser, code.and(word(code, 'cr0'), cr0Bits.WP));
    const isWritable = code.hold(code.or(code.notEqual(code.and(walk.rights, WRITABLE), 0), code.isZero(protects)));
    code.when(isWrite, () => giveUp(code, code.isZero(isWritable)));
    setMarks(code, walk, isWrite);
    const isDirty = code.notEqual(code.or(code.and(walk.leaf.value, DIRTY), isWrite), 0);
    const checked = code.select(code.and(isWritable, isDirty), WRITE_CHECKED | VALID, VALID);
    const isGlobal = code.and(walk.leaf.value, code.shl(code.and(word(code, 'cr4'), cr4Bits.PGE), 1));
    const global = code.shrUnsigned(isGlobal, globalShift);
    code.return(code.or(code.or(walk.physical, walk.large), code.or(checked, global)));
  });
}

/** Reads an entry at a physical address. */
function readEntry(code: Code, step: Step, address: Value): void {
  const physical = code.hold(code.and(address, word(code, 'addressMask')));
  step.page.set(code.loadLate('i32.load', code.shl(code.shrUnsigned(physical, 12), 2), regions.physicalPages));
  giveUp(code, code.isZero(step.page));
  step.host.set(code.or(code.and(step.page, ~0xfff), code.and(physical, 0xfff)));
  step.value.set(code.loadLate('i32.load', step.host));
  giveUp(code, code.isZero(code.and(step.value, PRESENT)));
}
function foundLarge(code: Code, walk: Walk, linear: Value, within: number): void {
  const { directory, leaf } = walk;
  leaf.value.set(directory.value);
  leaf.host.set(directory.host);
  leaf.page.set(directory.page);
  walk.rights.set(directory.value);
  walk.physical.set(code.or(code.and(directory.value, ~within), code.and(linear, within & ~0xfff)));
  walk.large.set(LARGE);
}
function foundSmall(code: Code, { directory, leaf, rights, physical }: Walk): void {
  rights.set(code.and(directory.value, leaf.value));
  physical.set(code.and(leaf.value, ~0xfff));
}

/** Two levels of 32-bit entries. */
function lookPlain(code: Code, walk: Walk, linear: Value, model: ProcessorModel): void {
  const { directory, leaf } = walk;
  const reserved = reservedBits(model);
  const hasLarge = code.hold(code.and(word(code, 'cr4'), cr4Bits.PSE));
  const small = (): void => {
    const index = code.and(code.shrUnsigned(linear, 10), 0xffc);
    readEntry(code, leaf, code.or(code.and(directory.value, ~0xfff), index));
    if (reserved.table !== 0) code.when(hasLarge, () => giveUp(code, code.and(leaf.value, reserved.table)));
    foundSmall(code, walk);
  };
  readEntry(
    code,
    directory,
    code.or(code.and(word(code, 'cr3'), ~0xfff), code.and(code.shrUnsigned(linear, 20), 0xffc)),
  );
  code.when(
    code.and(code.notEqual(hasLarge, 0), code.notEqual(code.and(directory.value, SIZE), 0)),
    () => {
      // What lies above 4 GiB goes the slow way with what is reserved.
      giveUp(code, code.and(directory.value, reserved.large4M | (has(model, 'pse36') ? 0x1_e000 : 0)));
      foundLarge(code, walk, linear, 0x3f_ffff);
    },
    small,
  );
}

/** Three levels of 64-bit entries, of which the first is in registers; what lies above 4 GiB goes the slow way. */
function lookExtended(code: Code, walk: Walk, linear: Value, model: ProcessorModel): void {
  const { directory, leaf } = walk;
  const reserved = reservedBits(model);
  const anyAbove = (high: Value): void => giveUp(code, code.and(high, reservedAbove | aboveMemory));
  const pointer = code.hold(code.shl(code.shrUnsigned(linear, 30), 3));
  const pointerLow = code.load('i32.load', pointer, modelSpecific.pageDirectoryPointers);
  giveUp(code, code.isZero(code.and(pointerLow, PRESENT)));
  giveUp(code, code.and(code.loadLate('i32.load', pointer, modelSpecific.pageDirectoryPointers + 4), aboveMemory));
  const index = code.and(code.shrUnsigned(linear, 18), 0xff8);
  readEntry(code, directory, code.or(code.and(pointerLow, ~0xfff), index));
  anyAbove(code.loadLate('i32.load', directory.host, 4));
  code.when(
    code.and(directory.value, SIZE),
    () => {
      giveUp(code, code.and(directory.value, reserved.large2M));
      foundLarge(code, walk, linear, 0x1f_ffff);
    },
    () => {
      const index = code.and(code.shrUnsigned(linear, 9), 0xff8);
      readEntry(code, leaf, code.or(code.and(directory.value, ~0xfff), index));
      anyAbove(code.loadLate('i32.load', leaf.host, 4));
      giveUp(code, code.and(leaf.value, reserved.table));
      foundSmall(code, walk);
    },
  );
}

/** Sets the accessed and dirty marks that are missing, once it is sure that the tables can be written here. */
function setMarks(code: Code, { directory, leaf, large }: Walk, isWrite: Value): void {
  const canMark = (step: Step): void => {
    giveUp(code, code.isZero(code.and(step.page, physicalPageBits.WRITABLE)));
    giveUp(code, lineOf(code, step.host));
    giveUp(code, code.isZero(isMarkedWritten(code, step.host)));
  };
  const isNew = code.hold(code.and(code.isZero(large), code.isZero(code.and(directory.value, ACCESSED))));
  const marked = code.hold(code.or(leaf.value, code.select(isWrite, ACCESSED | DIRTY, ACCESSED)));
  const isMissing = code.hold(code.notEqual(marked, leaf.value));
  code.when(code.or(isNew, isMissing), () => {
    code.when(isNew, () => canMark(directory));
    code.when(isMissing, () => canMark(leaf));
    code.when(isNew, () => code.store('i32.store', directory.host, code.or(directory.value, ACCESSED)));
    code.when(isMissing, () => code.store('i32.store', leaf.host, marked));
  });
}
