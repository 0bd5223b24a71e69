/** Builds the interpreter's WebAssembly module of a model out of the instructions' meanings. */
import type { Width } from '../../instructions/instruction.js';
import { at, firstRegion, flagResultAddress, record, regionPlaces } from '../../layout.js';
import { has, type ProcessorModel } from '../../model.js';
import { FunctionBody, type Label } from '../../wasm/body.js';
import { ModuleWriter } from '../../wasm/module.js';
import { Code, type Value } from '../../wasm/values.js';
import { type Float80, float80Signatures } from '../../kernel/float80/float80.js';
import { exits, importList } from '../imports.js';
import { emitHandler } from './emit-handler.js';
import { RecordEmitter } from './emitter.js';
import { keptFlags, keptWords, settle } from './kept-flags.js';
import { defineFastCalls } from './fast-call-code.js';
import { defineSegments } from './segment-code.js';
import { defineTraps } from './trap-code.js';
import { i32s, importKernel, regionSignature, sharedFunctions } from './module-parts.js';
import { inlineFlow, outlineFlow, setExit } from './flow.js';
import { firstHandler, type Handler, handlersOf, pseudoHandlers } from './handlers.js';
import { isHot } from './hot.js';
import { crossingHolds, lookupBody, missedLookupBody } from './lookup-code.js';
import { defineRefills, type RefillFunctions } from './refill-code.js';
import { blockSizes, type BlockSize, type ModuleFunctions } from './record-code.js';
import { defineAccesses } from './window-code.js';
import { findBlockBody, slowReadBody, slowReadForWriteBody, slowWriteBlockBody, slowWriteBody } from './slow-memory.js';

/** How outlined handlers are called, and compiled regions. */
interface HandlerCalls {
  readonly type: number;
  readonly table: number;
  readonly regionType: number;
}
/** The number of the imported table of compiled regions. */
const regionTable = 0;

const handlerSignature = { parameters: i32s(1), results: i32s(1) };
const widths = [8, 16, 32] as const;
const kernelNames = Object.keys(float80Signatures) as (keyof Float80)[];
/** Default sizes of code segments; each has its own dispatching function. */
const codeSizes = [16, 32] as const;

/** The module's bytes. It imports `environment.memory`, the slow paths and the numeric kernels, and exports `run16`, `run32`, `statusWord`, `setStatusWord`. */
export function buildInterpreter(model: ProcessorModel, hasQuickWays = true): Uint8Array {
  const { handlers } = handlersOf(model);
  const module = new ModuleWriter();
  module.importTable('regions', regionPlaces);
  const imports = new Map<string, number>();
  for (const { name, parameters } of importList) {
    imports.set(name, module.importFunction('slow', name, { parameters: i32s(parameters), results: i32s(1) }));
  }
  if (has(model, 'fpu')) for (const name of kernelNames) imports.set(name, importKernel(module, name));
  const run = codeSizes.map((size) => module.declareFunction({ parameters: i32s(1), results: [] }, `run${size}`));
  const declareByWidth = (parameters: number, results: number): Record<Width, number> => ({
    8: module.declareFunction({ parameters: i32s(parameters), results: i32s(results) }),
    16: module.declareFunction({ parameters: i32s(parameters), results: i32s(results) }),
    32: module.declareFunction({ parameters: i32s(parameters), results: i32s(results) }),
  });
  const refills = defineRefills(module, model);
  const functions: ModuleFunctions = {
    imports,
    lookup: module.declareFunction({ parameters: i32s(1), results: i32s(1) }, 'lookup'),
    statusWord: module.declareFunction({ parameters: [], results: i32s(1) }, 'statusWord'),
    refills: { ...refills, ...defineAccesses(module, refills) },
    ...defineSystem(module, model, hasQuickWays, refills),
    read: declareByWidth(2, 1),
    write: declareByWidth(3, 0),
    readForWrite: declareByWidth(2, 1),
    findBlock: module.declareFunction({ parameters: i32s(3), results: i32s(1) }),
    writeBlock: Object.fromEntries(
      blockSizes.map((bytes) => [bytes, module.declareFunction({ parameters: i32s(2), results: [] })]),
    ) as Record<BlockSize, number>,
    shared: sharedFunctions(module),
  };
  const invalid = module.declareFunction(handlerSignature);
  const invalidOpcode = module.declareFunction(handlerSignature);
  const outlined = handlers.map(() => module.declareFunction(handlerSignature));

  const missedLookup = module.declareFunction(handlerSignature);
  module.defineFunction(functions.lookup, lookupBody(missedLookup));
  module.defineFunction(missedLookup, missedLookupBody(functions));
  module.defineFunction(functions.statusWord, statusWordBody(functions));
  module.defineFunction(functions.setStatusWord, setStatusWordBody());
  for (const width of widths) {
    module.defineFunction(functions.read[width], slowReadBody(width, functions));
    module.defineFunction(functions.write[width], slowWriteBody(width, functions));
    module.defineFunction(functions.readForWrite[width], slowReadForWriteBody(width, functions));
  }
  module.defineFunction(functions.findBlock, findBlockBody(functions));
  for (const bytes of blockSizes)
    module.defineFunction(functions.writeBlock[bytes], slowWriteBlockBody(bytes, functions));
  module.defineFunction(invalid, invalidBody());
  handlers.forEach((handler, index) => {
    const body = new FunctionBody(handlerSignature.parameters);
    const flow = outlineFlow(new Code(body).local(0, 'i32'));
    emitHandler(handler, new RecordEmitter(body, functions, flow, handler.variant, index + firstHandler));
    body.op('unreachable');
    module.defineFunction(outlined[index]!, body);
  });
  module.defineFunction(invalidOpcode, invalidOpcodeBody(functions));
  const pseudo = Array.from({ length: firstHandler }, (_, id) =>
    id === pseudoHandlers.invalidOpcode ? invalidOpcode : invalid,
  );
  module.setTable([...pseudo, ...outlined]);
  const calls: HandlerCalls = {
    type: module.typeIndex(handlerSignature),
    table: module.ownTable,
    regionType: module.typeIndex(regionSignature),
  };
  defineWaysOut(module, functions, calls);
  codeSizes.forEach((size, index) => {
    const hot = handlers.map((handler, number) => ({ handler, id: number + firstHandler }));
    const inside = hot.filter(({ handler }) => isHot(handler, size));
    module.defineFunction(run[index]!, runBody(inside, functions, calls));
  });
  return module.finish();
}

/** What system instructions try in front of their slow paths. */
function defineSystem(module: ModuleWriter, model: ProcessorModel, hasQuickWays: boolean, refills: RefillFunctions) {
  const setStatusWord = module.declareFunction({ parameters: i32s(1), results: [] }, 'setStatusWord');
  const segments = defineSegments(module, refills);
  return {
    setStatusWord,
    hasQuickWays,
    loadDataSegment: segments.load,
    traps: defineTraps(module, { model, hasQuickWays, refills, segments, setStatusWord }),
    fastCalls: defineFastCalls(module, segments),
  };
}

/** Pseudo handlers that only exist inside the dispatching functions are never called through the table. */
function invalidBody(): FunctionBody {
  const body = new FunctionBody(handlerSignature.parameters);
  body.op('unreachable');
  return body;
}

function invalidOpcodeBody(functions: ModuleFunctions): FunctionBody {
  const body = new FunctionBody(handlerSignature.parameters);
  const flow = outlineFlow(new Code(body).local(0, 'i32'));
  const variant = { width: 32, addressWidth: 32, stackWidth: 32, repeat: 'none', model: '80386' } as const;
  new RecordEmitter(body, functions, flow, variant, pseudoHandlers.invalidOpcode).fault(6);
  body.op('unreachable');
  return body;
}

/** The dispatch loop: the outer loop starts a block, the inner one runs its records. */
function runBody(
  hot: readonly { readonly handler: Handler; readonly id: number }[],
  functions: ModuleFunctions,
  calls: HandlerCalls,
): FunctionBody {
  const body = new FunctionBody(['i32']);
  const code = new Code(body);
  const here = code.local(0, 'i32');
  const setRecord = (value: Value): void => {
    value.push(body);
    body.setLocal(0);
  };
  const remaining = code.loadLate('i32.load16_u', here, record.remaining);
  const eipHere = code.add(
    code.loadLate('i32.load', 0, at.codeBase),
    code.loadLate('i32.load16_u', here, record.pageOffset),
  );
  const budget = code.loadLate('i32.load', 0, at.budget);
  const refund = (): void => code.store('i32.store', 0, code.add(budget, remaining), at.budget);
  const leaveHere = (): void => {
    code.store('i32.store', 0, eipHere, at.eip);
    setExit(code, exits.budget);
    code.return();
  };

  const enter = body.open('loop');
  code.when(code.lessUnsigned(budget, remaining), leaveHere);
  code.store('i32.store', 0, code.sub(budget, remaining), at.budget);
  const next = body.open('loop');
  const enterAt = (value: Value): void => {
    setRecord(value);
    body.branch(enter);
  };

  const enterFound = (found: Value): void => {
    code.when(code.isZero(found), () => code.return());
    enterAt(found);
  };

  const outside = body.open('block');
  const { stop, refetch, goto, crossing } = pseudoHandlers;
  branchByHandler(code, here, [stop, refetch, goto, crossing, ...hot.map(({ id }) => id)], outside);
  body.close();
  refund();
  leaveHere();
  body.close();
  refund();
  enterFound(code.call(functions.lookup, 'i32', eipHere));
  body.close();
  refund();
  enterAt(code.loadLate('i32.load', here, record.link));
  body.close();
  code.when(code.isZero(budget), leaveHere); // Fetching fills the TLB, and so belongs to the instruction.
  code.when(crossingHolds(code, here, eipHere, functions), () => enterAt(code.add(here, record.bytes)));
  enterFound(code.call(functions.imports.get('findRecord')!, 'i32', eipHere));
  for (const { handler, id } of hot) {
    body.close();
    body.releaseLocals();
    const flow = inlineFlow(body, 0, here, next, enter);
    emitHandler(handler, new RecordEmitter(body, functions, flow, handler.variant, id));
  }
  body.close();
  body.releaseLocals();
  setRecord(callOutlined(code, here, calls, enterAt));
  body.branch(next);
  body.close();
  body.close();
  return body;
}

/** Opens a block for each of some handlers, the first one innermost, and goes to the end of the one that the record has. */
function branchByHandler(code: Code, here: Value, order: readonly number[], otherwise: Label): void {
  const { body } = code;
  const labels = new Map<number, Label>();
  for (const id of [...order].reverse()) labels.set(id, body.open('block'));
  code.loadLate('i32.load16_u', here, record.handler).push(body);
  const top = Math.max(...order);
  body.branchTable(
    Array.from({ length: top + 1 }, (_, id) => labels.get(id) ?? otherwise),
    otherwise,
  );
}

/** What only compiled regions call, where they end. */
function defineWaysOut(module: ModuleWriter, functions: ModuleFunctions, calls: HandlerCalls): void {
  const resume = module.declareFunction({ parameters: i32s(2), results: i32s(1) }, 'resume');
  const settleFlags = module.declareFunction({ parameters: i32s(5), results: [] }, 'settleFlags');
  const settleKept = module.declareFunction({ parameters: [], results: [] }, 'settleKept');
  const enter = module.declareFunction({ parameters: i32s(3), results: i32s(1) }, 'enter');
  module.defineFunction(resume, resumeBody(calls));
  module.defineFunction(enter, enterBody(calls));
  module.defineFunction(settleFlags, settleFlagsBody(functions));
  module.defineFunction(settleKept, settleKeptBody(settleFlags));
}

/**
 * Runs one instruction by its handler, where a compiled region does not go on: takes the cycles of the rest of its block first, as entering
 * a block does.
 */
function resumeBody(calls: HandlerCalls): FunctionBody {
  const body = new FunctionBody(i32s(2));
  const code = new Code(body);
  const [here, handler] = [code.local(0, 'i32'), code.local(1, 'i32')];
  const remaining = code.loadLate('i32.load16_u', here, record.remaining);
  const budget = code.loadLate('i32.load', 0, at.budget);
  code.when(code.lessUnsigned(budget, remaining), () => {
    const pageOffset = code.loadLate('i32.load16_u', here, record.pageOffset);
    code.store('i32.store', 0, code.add(code.loadLate('i32.load', 0, at.codeBase), pageOffset), at.eip);
    setExit(code, exits.budget);
    code.return(0);
  });
  code.store('i32.store', 0, code.sub(budget, remaining), at.budget);
  here.push(body);
  handler.push(body);
  body.callIndirect(calls.type, calls.table);
  return body;
}

/** Goes on in the region at a place, which is given the other arguments. */
function enterBody(calls: HandlerCalls): FunctionBody {
  const body = new FunctionBody(i32s(3));
  const code = new Code(body);
  for (let argument = 0; argument < 3; argument++) code.local(argument, 'i32').push(body);
  body.returnCallIndirect(calls.regionType, regionTable);
  return body;
}

/** Calls the record's handler through the table; gives the next record of the block, and leaves otherwise. */
function callOutlined(code: Code, here: Value, calls: HandlerCalls, enterAt: (block: Value) => void): Value {
  const { body } = code;
  const handler = code.load('i32.load16_u', here, record.handler);
  const result = body.allocate('i32');
  const call = (type: number, table: number, ...values: Value[]): void => {
    for (const each of values) each.push(body);
    body.callIndirect(type, table);
    body.setLocal(result);
  };
  const entry = code.loadLate('i32.load8_u', here, record.entry);
  const isRegion = code.and(handler, firstRegion);
  code.when(
    isRegion,
    () => call(calls.regionType, regionTable, here, entry, code.xor(handler, firstRegion)),
    () => call(calls.type, calls.table, here, handler),
  );
  const next = code.local(result, 'i32');
  code.when(code.isZero(next), () => code.return());
  code.when(code.and(next, 1), () => enterAt(code.and(next, ~1)));
  return next;
}

/** The status flags in EFLAGS layout out of the result and the carries. */
function statusWordBody(functions: ModuleFunctions): FunctionBody {
  const body = new FunctionBody([]);
  const variant = { width: 32, addressWidth: 32, stackWidth: 32, repeat: 'none', model: '80386' } as const;
  const code = new RecordEmitter(body, functions, outlineFlow(new Code(body).i32(0)), variant, 0);
  const bit = (name: 'CF' | 'PF' | 'AF' | 'ZF' | 'SF' | 'OF', position: number): Value =>
    code.shl(code.flag(name), position);
  const word = [bit('CF', 0), bit('PF', 2), bit('AF', 4), bit('ZF', 6), bit('SF', 7), bit('OF', 11)];
  code.return(word.reduce((all, each) => code.or(all, each)));
  body.op('unreachable');
  return body;
}

/** Writes flags that a compiled region kept as what they follow from; see {@link keptFlags}. */
function settleFlagsBody(functions: ModuleFunctions): FunctionBody {
  const body = new FunctionBody(i32s(5));
  const variant = { width: 32, addressWidth: 32, stackWidth: 32, repeat: 'none', model: '80386' } as const;
  const code = new RecordEmitter(body, functions, outlineFlow(new Code(body).i32(0)), variant, 0);
  const [kind, left, right, result, carry] = [0, 1, 2, 3, 4].map((index) => code.local(index, 'i32'));
  const labels = keptFlags.map(() => body.open('block')).reverse();
  const outside = body.open('block');
  kind!.push(body);
  body.branchTable([outside, ...labels], outside);
  body.close();
  code.return();
  for (const each of keptFlags) {
    body.close();
    settle(code, each, { left: left!, right: right!, result: result!, carry: carry! });
    code.return();
  }
  return body;
}

/** The same for those that lie in memory, if any do. */
function settleKeptBody(settleFlags: number): FunctionBody {
  const body = new FunctionBody([]);
  const code = new Code(body);
  const [kind, ...values] = keptWords.map((name) => code.loadLate('i32.load', 0, at[name]));
  code.when(kind!, () => {
    code.callVoid(settleFlags, kind!, ...values);
    code.store('i32.store', 0, 0, at.keptKind);
  });
  return body;
}

function setStatusWordBody(): FunctionBody {
  const body = new FunctionBody(['i32']);
  const code = new Code(body);
  const word = code.local(0, 'i32');
  const bit = (position: number): Value => code.and(code.shrUnsigned(word, position), 1);
  // The low half is 0 for ZF, else 1; bit 32 then mends the parity, and bit 63 is the sign.
  const low = code.hold(code.xor(bit(6), 1));
  const high = code.or(code.shl(bit(7), 31), code.xor(low, code.xor(bit(2), 1)));
  code.store('i32.store', 0, low, flagResultAddress);
  code.store('i32.store', 0, high, flagResultAddress + 4);
  const carry = bit(0);
  const carries = code.or(code.or(code.shl(carry, 31), code.shl(code.xor(carry, bit(11)), 30)), code.shl(bit(4), 3));
  code.store('i32.store', 0, carries, at.flagCarries);
  return body;
}
