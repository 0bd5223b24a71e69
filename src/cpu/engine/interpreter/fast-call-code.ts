/** SYSENTER and SYSEXIT without leaving WebAssembly: the common case of `system/fast-calls.ts`. Their segments are flat, so no memory is read. */
import { at, flagBits, registerAddress, regions, segmentAddress, segmentIndex } from '../../layout.js';
import { cr0Bits } from '../../system/control-bits.js';
import { quickWords } from '../../quick-words.js';
import { flatCode, flatData } from '../../system/fast-calls.js';
import type { FunctionBody } from '../../wasm/body.js';
import type { ModuleWriter } from '../../wasm/module.js';
import type { Code, Value } from '../../wasm/values.js';
import { functionOf, giveUp, setWord, word } from './function-code.js';
import { i32s } from './module-parts.js';
import { requireUncountedLevels, type SegmentFunctions } from './segment-code.js';

const { TF, IF, VM, AC } = flagBits;
const [ecx, edx, esp] = [1, 2, 4].map(registerAddress) as [number, number, number];
/** The registers lie in a row: code segment, stack pointer, entry. */
const slotBytes = 8;
const privilegeShift = 5;

/** Functions without parameters, by index: 1 with EIP set, or 0 where only the slow path can tell. */
export interface FastCallFunctions {
  readonly call: number;
  readonly return: number;
}

export function defineFastCalls(module: ModuleWriter, segments: SegmentFunctions): FastCallFunctions {
  const declare = (): number => module.declareFunction({ parameters: [], results: i32s(1) });
  const functions = { call: declare(), return: declare() };
  module.defineFunction(functions.call, callBody(segments));
  module.defineFunction(functions.return, returnBody(segments));
  return functions;
}

/** The first selector, where the instruction may be used and nothing has to be looked at afterwards. */
function requiredSelector(code: Code, flags: Value): Value {
  giveUp(code, code.isZero(code.and(word(code, 'cr0'), cr0Bits.PE)));
  requireUncountedLevels(code);
  giveUp(code, code.and(flags, TF | VM | AC));
  const selector = code.hold(
    code.and(code.loadLate('i32.load', code.loadLate('i32.load', 0, quickWords.fastCallRegisters)), 0xfffc),
  );
  giveUp(code, code.isZero(selector));
  return selector;
}

function go(
  code: Code,
  { setSlot }: SegmentFunctions,
  privilege: 0 | 3,
  selector: Value,
  eip: Value,
  pointer: Value,
): void {
  setWord(code, 'cpl', privilege);
  setWord(code, 'tlb', privilege === 3 ? regions.userTlb : regions.supervisorTlb);
  const first = privilege === 3 ? 16 : 0;
  const set = (segment: 'cs' | 'ss', distance: number, attributes: number): void => {
    const slot = segmentAddress(segmentIndex[segment]);
    const named = code.or(code.add(selector, distance), privilege);
    code.perform(code.call(setSlot, 'i32', slot, named, 0, -1, attributes | (privilege << privilegeShift)));
  };
  set('cs', first, flatCode);
  set('ss', first + 8, flatData);
  setWord(code, 'executeKey', 4 | 2 | 1);
  setWord(code, 'eip', eip);
  code.store('i32.store', 0, pointer, esp);
  code.return(1);
}

function callBody(segments: SegmentFunctions): FunctionBody {
  return functionOf(0, (code) => {
    const flags = code.load('i32.load', 0, at.flagsOther);
    const selector = requiredSelector(code, flags);
    setWord(code, 'flagsOther', code.and(flags, ~IF));
    const register = (index: number): Value =>
      code.load('i32.load', code.loadLate('i32.load', 0, quickWords.fastCallRegisters), index * slotBytes);
    go(code, segments, 0, selector, register(2), register(1));
  });
}

function returnBody(segments: SegmentFunctions): FunctionBody {
  return functionOf(0, (code) => {
    const flags = code.load('i32.load', 0, at.flagsOther);
    const selector = requiredSelector(code, flags);
    giveUp(code, word(code, 'cpl'));
    giveUp(code, code.and(code.notEqual(code.and(flags, IF), 0), word(code, 'interruptRequested')));
    giveUp(code, word(code, 'pendingDebug'));
    go(code, segments, 3, selector, code.load('i32.load', 0, edx), code.load('i32.load', 0, ecx));
  });
}
