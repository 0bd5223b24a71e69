/** Functions of the module for accesses that missed the fast way: they refill the TLB, look at decoded code, or call the slow path. */
import type { Width } from '../../instructions/instruction.js';
import { regions, segmentFields, tlbEntry } from '../../layout.js';
import { FunctionBody } from '../../wasm/body.js';
import type { ValueType } from '../../wasm/opcodes.js';
import { Code, type Value } from '../../wasm/values.js';
import { touchesCode } from './function-code.js';
import { copyBlock, tagMatches, tlbEntryFor, withinTop } from './memory-code.js';
import { type BlockSize, loadOpcodes, type ModuleFunctions, storeOpcodes } from './record-code.js';

const i32s = (count: number): ValueType[] => Array.from({ length: count }, () => 'i32' as const);

/** Reads that missed the fast way. */
export function slowReadBody(width: Width, { imports, refills }: ModuleFunctions): FunctionBody {
  const body = new FunctionBody(i32s(2));
  const code = new Code(body);
  const [segment, offset] = [code.local(0, 'i32'), code.local(1, 'i32')];
  const bytes = code.i32(width / 8);
  refilled(code, refills, 'read', segment, offset, bytes, (host) =>
    code.return(code.loadLate(loadOpcodes[width], host)),
  );
  code.return(code.call(imports.get('readSlow')!, 'i32', segment, offset, bytes));
  body.op('unreachable');
  return body;
}

/** Where a block of any size can be read that missed the fast way: in place, or copied to `regions.block`. */
export function findBlockBody({ imports, refills }: ModuleFunctions): FunctionBody {
  const body = new FunctionBody(i32s(3));
  const code = new Code(body);
  const [segment, offset, bytes] = [code.local(0, 'i32'), code.local(1, 'i32'), code.local(2, 'i32')];
  refilled(code, refills, 'read', segment, offset, bytes, (host) => code.return(host));
  code.perform(code.call(imports.get('readBlock')!, 'i32', segment, offset, bytes));
  code.return(regions.block);
  body.op('unreachable');
  return body;
}

/** Writes that missed the fast way: a page with code in other lines is still written here. */
export function slowWriteBody(width: Width, { imports, refills }: ModuleFunctions): FunctionBody {
  const body = new FunctionBody(i32s(3));
  const code = new Code(body);
  const [segment, offset, value] = [code.local(0, 'i32'), code.local(1, 'i32'), code.local(2, 'i32')];
  const bytes = width / 8;
  codePageHit(code, segment, offset, bytes, (host) => {
    tellOfCode(code, host, bytes, imports);
    code.store(storeOpcodes[width], host, value);
    code.return();
  });
  refilled(
    code,
    refills,
    'store',
    segment,
    offset,
    code.i32(bytes),
    (host) => {
      code.store(storeOpcodes[width], host, value);
      code.return();
    },
    value,
  );
  code.perform(code.call(imports.get('writeSlow')!, 'i32', segment, offset, value, code.i32(bytes)));
  return body;
}

/** The same for bytes of `regions.block`. */
export function slowWriteBlockBody(bytes: BlockSize, { imports, refills }: ModuleFunctions): FunctionBody {
  const body = new FunctionBody(i32s(2));
  const code = new Code(body);
  const [segment, offset] = [code.local(0, 'i32'), code.local(1, 'i32')];
  codePageHit(code, segment, offset, bytes, (host) => {
    tellOfCode(code, host, bytes, imports);
    copyBlock(code, host, bytes);
    code.return();
  });
  refilled(code, refills, 'write', segment, offset, code.i32(bytes), (host) => {
    copyBlock(code, host, bytes);
    code.return();
  });
  code.perform(code.call(imports.get('writeBlock')!, 'i32', segment, offset, code.i32(bytes)));
  return body;
}

/** Goes on with the host address of an access, where a refill is all that was missing. */
function refilled(
  code: Code,
  refills: ModuleFunctions['refills'],
  kind: 'read' | 'write' | 'change' | 'store',
  segment: Value,
  offset: Value,
  bytes: Value,
  then: (host: Value) => void,
  value?: Value,
): void {
  const top = kind === 'read' ? 'readTop' : 'writeTop';
  code.when(withinTop(code, segment, offset, bytes.constant ?? bytes, top), () => {
    const base = code.loadLate('i32.load', segment, segmentFields.base);
    const host = code.call(
      refills[kind],
      'i32',
      code.add(offset, base),
      bytes,
      ...(value === undefined ? [] : [value]),
    );
    code.when(host, () => then(host));
  });
}

/** Tells of a write of at most a line's bytes if a line that it touches holds decoded code. */
function tellOfCode(code: Code, host: Value, bytes: number, imports: ReadonlyMap<string, number>): void {
  code.when(touchesCode(code, host, bytes), () =>
    code.perform(code.call(imports.get('codeWrite')!, 'i32', host, code.i32(bytes))),
  );
}

export function slowReadForWriteBody(width: Width, { imports, refills }: ModuleFunctions): FunctionBody {
  const body = new FunctionBody(i32s(2));
  const code = new Code(body);
  const [segment, offset] = [code.local(0, 'i32'), code.local(1, 'i32')];
  const bytes = width / 8;
  const read = (host: Value): void => code.return(code.loadLate(loadOpcodes[width], host));
  codePageHit(code, segment, offset, bytes, read);
  refilled(code, refills, 'change', segment, offset, code.i32(bytes), read);
  code.return(code.call(imports.get('readForWriteSlow')!, 'i32', segment, offset, code.i32(bytes)));
  body.op('unreachable');
  return body;
}

function codePageHit(code: Code, segment: Value, offset: Value, bytes: number, then: (host: Value) => void): void {
  const base = code.loadLate('i32.load', segment, segmentFields.base);
  const linear = code.hold(code.add(offset, base));
  const entry = tlbEntryFor(code, linear);
  const ok = code.and(
    withinTop(code, segment, offset, bytes, 'writeTop'),
    tagMatches(code, code.loadLate('i32.load', entry, tlbEntry.writeCode), linear, bytes),
  );
  code.when(ok, () => then(code.hold(code.add(linear, code.loadLate('i32.load', entry, tlbEntry.addend)))));
}
