/**
 * Ways of compiled code into other pages, as they were found the last time, by the linear address where they lead: one look into the host's
 * memory, where the page's table and the record would be two that its cache often has not. The TLB is asked in any case.
 */
import { firstRegion, record, regions } from '../../layout.js';
import type { Core } from '../../system/core.js';
import type { Code, Value } from '../../wasm/values.js';

/** One way. It holds while the record leads into the region: whoever changes that has {@link forgetWays} forget all of them. */
const way = {
  bytes: 16,
  linear: 0,
  /** The table of records that the page had. */
  table: 4,
  record: 8,
  /** u16: the record's handler. It and the entry behind it are written as one word. */
  handler: 12,
  /** u16: the record's entry. */
  entry: 14,
} as const;
const numberBits = 10;
const bytes = way.bytes << numberBits;
/** 2 to the power of 32 over the golden ratio: what lies close together is spread. */
const factor = 0x9e37_79b1;
const shift = 28 - numberBits;
const mask = bytes - way.bytes;
const of = (field: number): number => regions.knownWays + field;

/** How far what is known of an address lies from the first of all ways. */
export const wayFor = (code: Code, linear: Value): Value =>
  code.hold(code.and(code.shrUnsigned(code.mul(linear, factor), shift), mask));
/** Whether this address was gone to lately, in a page with the same table. */
export const isKnown = (code: Code, to: Value, linear: Value, table: Value): Value =>
  code.isZero(
    code.or(
      code.xor(code.loadLate('i32.load', to, of(way.linear)), linear),
      code.xor(code.loadLate('i32.load', to, of(way.table)), table),
    ),
  );
/** The record, its handler and the number of its entry. */
export const leadsTo = (code: Code, to: Value): Readonly<Record<'at' | 'handler' | 'way', Value>> => ({
  at: code.loadLate('i32.load', to, of(way.record)),
  handler: code.loadLate('i32.load16_u', to, of(way.handler)),
  way: code.loadLate('i32.load16_u', to, of(way.entry)),
});
/** Notes where an address leads, if that is a region. */
export function noteWay(code: Code, to: Value, linear: Value, table: Value, here: Value): void {
  const handler = code.hold(code.loadLate('i32.load16_u', here, record.handler));
  const entry = code.loadLate('i32.load8_u', here, record.entry);
  code.when(code.and(handler, firstRegion), () => {
    code.store('i32.store', to, linear, of(way.linear));
    code.store('i32.store', to, table, of(way.table));
    code.store('i32.store', to, here, of(way.record));
    const both = code.or(handler, code.shl(entry, 8 * (way.entry - way.handler)));
    code.store('i32.store', to, both, of(way.handler));
  });
}
export function forgetWays(core: Core): void {
  core.u8.fill(0, regions.knownWays, regions.knownWays + bytes);
}
