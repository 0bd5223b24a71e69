/**
 * Accesses to a display's window without leaving WebAssembly: the four planes, latches, and write and read modes, by the words that
 * the adapter keeps up to date (`../../display-mapping.ts`). Whatever is rare (an entry of the TLB that is missing, another page, a page's first
 * write, decoded code, watched data) gives 0 with nothing done that would not be done again alike, and the caller goes on to the
 * slow path.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem", Graphics Controller Registers and
 * Memory Mode Register. The adapter's own way (`device/vga/memory.ts`) is the oracle in its tests.
 */
import { displayOperations, type DisplayWord, displayWordAt, displayWriteModes } from '../../display-mapping.js';
import { codeLineShift, regions, tlbEntry } from '../../layout.js';
import { pageWordBits, translationBits } from '../../system/page-entries.js';
import type { FunctionBody } from '../../wasm/body.js';
import type { ModuleWriter } from '../../wasm/module.js';
import type { Code, Value } from '../../wasm/values.js';
import { tlbEntryFor } from './memory-code.js';
import { i32s } from './module-parts.js';
import { functionOf, word } from './function-code.js';

/** Accesses by function index: refills that make an access to a display's window themselves, and give the address of its value. */
export interface AccessFunctions {
  /** (linear, bytes): the host address where the value lies that is read; 0 where only the slow path can tell. */
  readonly read: number;
  /** (linear, bytes): the same where it will be written back by `store` at once: nothing is in the way of that. */
  readonly change: number;
  /** (linear, bytes, value): the host address where the value is to be stored, or has been; 0 where only the slow path can tell. */
  readonly store: number;
}

/** Declares and writes the functions, over those for memory; all are exported for compiled code. */
export function defineAccesses(
  module: ModuleWriter,
  refills: { readonly read: number; readonly write: number },
): AccessFunctions {
  const declare = (parameters: number, name: string): number =>
    module.declareFunction({ parameters: i32s(parameters), results: i32s(1) }, name);
  const functions = {
    read: declare(2, 'refillRead'),
    change: declare(2, 'refillChange'),
    store: declare(3, 'refillStore'),
  };
  module.defineFunction(functions.read, readBody(refills.read, false));
  module.defineFunction(functions.change, readBody(refills.write, true));
  module.defineFunction(functions.store, storeBody(refills.write));
  return functions;
}

/** Goes on with the other ways to memory. */
type Leave = (condition: Value) => void;

const mapping = (code: Code, name: DisplayWord): Value => code.loadLate('i32.load', 0, displayWordAt(name));
const spread = (code: Code, planes: Value): Value =>
  code.mul(code.and(code.mul(code.and(planes, 0xf), 0x0020_4081), 0x0101_0101), 0xff);
const alike = (code: Code, value: Value): Value => code.mul(value, 0x0101_0101);

/** The address in the selected map of an access that the TLB knows. */
function addressOf(code: Code, leave: Leave, linear: Value, bytes: Value, writes: boolean): Value {
  const bits = pageWordBits.VALID | (writes ? translationBits.WRITE_CHECKED : 0);
  const entry = tlbEntryFor(code, linear);
  const page = code.loadLate('i32.load', entry, tlbEntry.page);
  leave(code.notEqual(code.and(page, ~0xfff | bits), code.or(code.and(linear, ~0xfff), bits)));
  const physical = code.load('i32.load', entry, tlbEntry.physical);
  const inPage = code.hold(code.and(linear, 0xfff));
  const address = code.hold(code.sub(code.or(physical, inPage), mapping(code, 'base')));
  const size = code.hold(mapping(code, 'size'));
  leave(code.isZero(code.lessUnsigned(address, size)));
  leave(code.greaterUnsigned(code.add(address, bytes), size));
  leave(code.or(code.greaterUnsigned(bytes, 4), code.greaterUnsigned(code.add(inPage, bytes), 0x1000)));
  leave(code.or(code.and(physical, translationBits.NOWHERE), word(code, 'watching')));
  return address;
}

/** The host address of the word with a byte of each plane that an address reaches. */
function wordAt(code: Code, address: Value): Value {
  const offset = code.variable(code.and(address, 0xffff));
  code.when(code.or(mapping(code, 'chained'), mapping(code, 'oddEven')), () =>
    code.when(
      mapping(code, 'chained'),
      () => offset.set(code.or(code.and(address, 0xfffc), code.and(code.shrUnsigned(address, 14), 3))),
      () => offset.set(pairOffset(code, address)),
    ),
  );
  return planesAt(code, offset);
}
const pairOffset = (code: Code, address: Value): Value =>
  code.or(code.and(address, 0xfffe), code.and(code.shrUnsigned(address, 16), 1));
function planesAt(code: Code, offset: Value): Value {
  const quarter = code.shl(code.and(code.xor(offset, code.shrUnsigned(offset, 14)), 3), 16);
  return code.hold(code.add(code.or(code.and(offset, 0xfffc), quarter), mapping(code, 'memory')));
}

/** A page's first write is noted elsewhere, and so is one of decoded code. */
function leaveUnlessOpen(code: Code, leave: Leave, host: Value): void {
  const place = code.hold(code.sub(host, word(code, 'ramBase')));
  leave(code.isZero(code.loadLate('i32.load8_u', code.shrUnsigned(place, 12), regions.writtenPages)));
  leave(code.loadLate('i32.load8_u', code.shrUnsigned(place, codeLineShift), regions.codeLines));
}

/** A word at an even address that is two bytes of one word of the planes. */
const isPair = (code: Code, how: DisplayWord, address: Value, bytes: Value): Value =>
  code.and(code.notEqual(mapping(code, how), 0), code.equal(code.or(bytes, code.and(address, 1)), 2));

function readBody(otherwise: number, forWrite: boolean): FunctionBody {
  return functionOf(2, (code, linear, bytes) => {
    code.block((leave) => {
      const first = addressOf(code, leave, linear!, bytes!, forWrite);
      const takeLatches = (host: Value): Value => {
        if (forWrite) leaveUnlessOpen(code, leave, host);
        const latches = code.load('i32.load', host);
        code.store('i32.store', 0, latches, displayWordAt('latches'));
        return latches;
      };
      const answer = (value: Value): void => {
        code.store('i32.store', 0, value, displayWordAt('value'));
        code.return(displayWordAt('value'));
      };
      code.when(isPair(code, 'pairReads', first, bytes!), () => {
        const latches = takeLatches(planesAt(code, code.hold(pairOffset(code, first))));
        answer(code.and(code.shrUnsigned(latches, mapping(code, 'pairReads')), 0xffff));
      });
      const address = code.variable(first);
      const [value, shift] = [code.variable(0), code.variable(0)];
      const end = code.hold(code.shl(bytes!, 3));
      code.loop((again) => {
        const latches = takeLatches(wordAt(code, address));
        value.set(code.or(value, code.shl(byteOf(code, latches, address), shift)));
        address.set(code.add(address, 1));
        shift.set(code.add(shift, 8));
        code.when(code.lessUnsigned(shift, end), again);
      });
      answer(value);
    });
    code.return(code.call(otherwise, 'i32', linear!, bytes!));
  });
}

/** What a read makes of the latches that it took. */
function byteOf(code: Code, latches: Value, address: Value): Value {
  const result = code.variable(0);
  code.when(
    mapping(code, 'compares'),
    () => {
      const different = code.and(code.xor(latches, mapping(code, 'compared')), mapping(code, 'cared'));
      const halves = code.hold(code.or(different, code.shrUnsigned(different, 16)));
      result.set(code.not(code.or(halves, code.shrUnsigned(halves, 8))));
    },
    () => {
      const plane = code.variable(mapping(code, 'readPlane'));
      code.when(
        mapping(code, 'chained'),
        () => plane.set(code.and(address, 3)),
        () =>
          code.when(mapping(code, 'readsOddEven'), () => plane.set(code.or(code.and(plane, 2), code.and(address, 1)))),
      );
      result.set(code.shrUnsigned(latches, code.shl(plane, 3)));
    },
  );
  return code.and(result, 0xff);
}

function storeBody(otherwise: number): FunctionBody {
  return functionOf(3, (code, linear, bytes, value) => {
    code.block((leave) => {
      const first = addressOf(code, leave, linear!, bytes!, true);
      // A write that is made again leaves the same, so the other way may begin at the first byte.
      const store = (host: Value, written: () => Value, planes: Value): void => {
        leaveUnlessOpen(code, leave, host);
        const before = code.load('i32.load', host);
        code.store('i32.store', host, code.xor(before, code.and(code.xor(before, written()), planes)));
      };
      code.when(isPair(code, 'pairWrites', first, bytes!), () => {
        const twice = (): Value => code.or(code.and(value!, 0xffff), code.shl(value!, 16));
        store(planesAt(code, code.hold(pairOffset(code, first))), twice, mapping(code, 'pairWrites'));
        code.return(displayWordAt('value'));
      });
      const address = code.variable(first);
      const [left, data] = [code.variable(bytes!), code.variable(value!)];
      code.loop((again) => {
        const reached = code.select(code.and(address, 1), mapping(code, 'writesOdd'), mapping(code, 'writesEven'));
        const planes = code.variable(reached);
        code.when(mapping(code, 'chained'), () =>
          planes.set(code.and(planes, code.shl(0xff, code.shl(code.and(address, 3), 3)))),
        );
        store(wordAt(code, address), () => writtenOf(code, code.hold(code.and(data, 0xff))), planes);
        address.set(code.add(address, 1));
        data.set(code.shrUnsigned(data, 8));
        left.set(code.sub(left, 1));
        code.when(left, again);
      });
      code.return(displayWordAt('value'));
    });
    code.return(code.call(otherwise, 'i32', linear!, bytes!));
  });
}

/** What a write puts into the planes. */
function writtenOf(code: Code, value: Value): Value {
  const result = code.variable(alike(code, value));
  code.when(code.isZero(mapping(code, 'passes')), () => {
    const latches = code.hold(mapping(code, 'latches'));
    const mode = code.hold(mapping(code, 'writeMode'));
    code.when(
      code.equal(mode, displayWriteModes.copiesLatches),
      () => result.set(latches),
      () => result.set(combined(code, value, latches, mode)),
    );
  });
  return result;
}

/** Write modes 0, 2 and 3: data through the logical unit, where the bit mask lets them. */
function combined(code: Code, value: Value, latches: Value, mode: Value): Value {
  const mask = code.variable(mapping(code, 'bitMask'));
  const data = code.variable(0);
  const setReset = mapping(code, 'setReset');
  code.when(
    code.equal(mode, displayWriteModes.spreadsData),
    () => data.set(spread(code, value)),
    () => {
      const rotation = mapping(code, 'rotation');
      const twice = code.or(value, code.shl(value, 8));
      data.set(alike(code, code.and(code.shrUnsigned(twice, rotation), 0xff)));
      code.when(
        code.equal(mode, displayWriteModes.masksByData),
        () => {
          mask.set(code.and(mask, data));
          data.set(setReset);
        },
        () => {
          const chosen = code.and(code.xor(data, setReset), mapping(code, 'usesSetReset'));
          data.set(code.xor(data, chosen));
        },
      );
    },
  );
  const operation = code.hold(mapping(code, 'operation'));
  code.when(operation, () => {
    const [and, or, xor] = [code.and(data, latches), code.or(data, latches), code.xor(data, latches)];
    const orXor = code.select(code.equal(operation, displayOperations.or), or, xor);
    data.set(code.select(code.equal(operation, displayOperations.and), and, orXor));
  });
  return code.xor(latches, code.and(code.xor(latches, data), mask));
}
