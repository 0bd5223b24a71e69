/** The look-up of records by their address: by the TLB's tables, refilled where need be, or outside. */
import {
  at,
  codeTlbDistance,
  record,
  regions,
  segmentAddress,
  segmentFields,
  segmentIndex,
  startsInsideKey,
  tlbEntry,
} from '../../layout.js';
import { FunctionBody } from '../../wasm/body.js';
import { Code, type Value } from '../../wasm/values.js';
import { exits } from '../imports.js';
import { setExit } from './flow.js';
import { tlbEntryFor } from './memory-code.js';
import type { ModuleFunctions } from './record-code.js';

/** Finds the record at an offset of the code segment: by the TLB's table of records, or by {@link missedLookupBody}. */
export function lookupBody(missed: number): FunctionBody {
  const body = new FunctionBody(['i32']);
  const code = new Code(body);
  const eip = code.local(0, 'i32');
  code.store('i32.store', 0, eip, at.eip);
  code.when(code.isZero(code.loadLate('i32.load', 0, at.budget)), () => {
    setExit(code, exits.budget);
    code.return(0);
  });
  code.when(
    isFlat(code),
    () => returnFound(code, eip, flatPlaceOf(code, eip)),
    () => returnFound(code, eip, placeOf(code, eip)),
  );
  code.return(code.call(missed, 'i32', eip));
  body.op('unreachable');
  return body;
}

/** Returns the record of a place where the TLB's table of its page has it. */
function returnFound(code: Code, eip: Value, { linear, offset, key, reaches }: CodePlace): void {
  const entry = tlbEntryFor(code, linear);
  const tag = code.or(code.and(linear, ~0xfff), key);
  const isHit = code.equal(code.loadLate('i32.load', entry, codeTlbDistance + tlbEntry.execute), tag);
  code.when(reaches === undefined ? isHit : code.and(isHit, reaches), () => {
    const table = code.loadLate('i32.load', entry, codeTlbDistance + tlbEntry.codeTable);
    const found = code.load('i32.load', code.add(table, code.shl(offset, 2)));
    code.when(found, () => {
      code.store('i32.store', 0, code.sub(eip, offset), at.codeBase);
      code.return(found);
    });
  });
}

/** Whether the code segment begins at 0 and reaches to 4 GiB. */
function isFlat(code: Code): Value {
  const cs = segmentAddress(segmentIndex.cs);
  const base = code.loadLate('i32.load', 0, cs + segmentFields.base);
  return code.isZero(code.or(base, code.xor(code.loadLate('i32.load', 0, cs + segmentFields.limit), -1)));
}
/** Where an offset of the code segment lies, and under which key the TLB knows it. */
interface CodePlace<Reaches = Value | undefined> {
  readonly linear: Value;
  /** Within its page. */
  readonly offset: Value;
  readonly key: Value;
  /** Whether the segment reaches to the end of the page; undefined where it does to that of any. */
  readonly reaches: Reaches;
}
/** The place in a code segment that begins at 0 and reaches to 4 GiB. */
export const flatPlaceOf = (code: Code, eip: Value): CodePlace<undefined> => ({
  linear: eip,
  offset: code.hold(code.and(eip, 0xfff)),
  key: code.loadLate('i32.load', 0, at.executeKey),
  reaches: undefined,
});
/** The place in any. */
export function placeOf(code: Code, eip: Value): CodePlace<Value> {
  const csBase = code.loadLate('i32.load', 0, segmentAddress(segmentIndex.cs) + segmentFields.base);
  const linear = code.hold(code.add(eip, csBase));
  const offset = code.hold(code.and(linear, 0xfff));
  const startsInside = code.select(code.lessUnsigned(eip, offset), startsInsideKey, 0);
  const key = code.or(code.loadLate('i32.load', 0, at.executeKey), startsInside);
  // Records of a page serve only code segments that reach to its end.
  const limit = code.loadLate('i32.load', 0, segmentAddress(segmentIndex.cs) + segmentFields.limit);
  const outside = code.greaterUnsigned(eip, limit);
  const endsInside = code.lessUnsigned(code.sub(limit, eip), code.sub(0xfff, offset));
  return { linear, offset, key, reaches: code.isZero(code.or(outside, endsInside)) };
}

/** Goes on where the TLB did not know a record: it may only lack the entry, or the table that the page had all along. */
export function missedLookupBody({ imports, refills }: Pick<ModuleFunctions, 'imports' | 'refills'>): FunctionBody {
  const body = new FunctionBody(['i32']);
  const code = new Code(body);
  const eip = code.local(0, 'i32');
  const { linear, offset, key, reaches } = placeOf(code, eip);
  code.block((leave) => {
    leave(code.isZero(reaches));
    leave(code.loadLate('i32.load', 0, at.codeStops));
    const entry = code.call(refills.code, 'i32', linear);
    leave(code.isZero(entry));
    const mode = code.hold(key);
    const table = tableOf(code, entry, mode);
    leave(code.isZero(table));
    code.store('i32.store', entry, code.or(code.and(linear, ~0xfff), mode), tlbEntry.execute);
    code.store('i32.store', entry, table, tlbEntry.codeTable);
    const found = code.load('i32.load', code.add(table, code.shl(offset, 2)));
    leave(code.isZero(found));
    code.store('i32.store', 0, code.sub(eip, offset), at.codeBase);
    code.return(found);
  });
  code.return(code.call(imports.get('findRecord')!, 'i32', eip));
  body.op('unreachable');
  return body;
}

/** Whether an instruction that crosses into the next page may run as it was decoded: see `decode/crossings.ts`. */
export function crossingHolds(
  code: Code,
  here: Value,
  eip: Value,
  { refills }: Pick<ModuleFunctions, 'refills'>,
): Value {
  const { linear } = placeOf(code, eip);
  const entry = code.call(refills.code, 'i32', code.add(code.or(linear, 0xfff), 1));
  const limit = code.loadLate('i32.load', 0, segmentAddress(segmentIndex.cs) + segmentFields.limit);
  const length = code.loadLate('i32.load8_u', here, record.length);
  const reaches = code.isZero(code.lessUnsigned(code.sub(limit, eip), code.sub(length, 1)));
  const isSame = code.equal(hostPageOf(code, entry), code.loadLate('i32.load', here, record.link));
  const isMapped = code.notEqual(code.loadLate('i32.load', entry, tlbEntry.read), 1);
  return code.and(code.notEqual(entry, 0), code.and(code.and(isSame, isMapped), reaches));
}
/** The host address of a filled entry's page, where it is mapped. */
const hostPageOf = (code: Code, entry: Value): Value =>
  code.and(
    code.add(code.loadLate('i32.load', entry, tlbEntry.addend), code.loadLate('i32.load', entry, tlbEntry.page)),
    ~0xfff,
  );

/** The table of records of an entry's page where it was last looked up for the same mode; else 0. */
function tableOf(code: Code, entry: Value, key: Value): Value {
  const page = hostPageOf(code, entry);
  const number = code.shrUnsigned(code.sub(page, code.loadLate('i32.load', 0, at.ramBase)), 12);
  const isMapped = code.notEqual(code.loadLate('i32.load', entry, tlbEntry.read), 1);
  const table = code.variable(0);
  code.when(isMapped, () => table.set(code.loadLate('i32.load', code.shl(number, 2), regions.codePages)));
  const mode = code.or(code.and(key, 3), code.and(code.shrUnsigned(key, 1), 4));
  return code.hold(code.select(code.equal(code.and(table, 7), mode), code.and(table, ~7), 0));
}
