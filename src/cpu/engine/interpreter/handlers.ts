/** Which handlers a model's interpreter has: one for each meaning, operand shapes and sizes that can occur together. */
import { instructions } from '../../instructions/all.js';
import {
  type Form,
  formExists,
  isVector,
  type Instruction,
  type OperandSpecification,
  type Width,
} from '../../instructions/instruction.js';
import { atLeast, type ProcessorModel } from '../../model.js';
import type { HandlerVariant } from './record-code.js';

/** Where a handler finds an operand. */
export type Shape = 'rm' | 'reg' | 'memory' | 'either' | 'immediate' | 'immediate2' | 'one' | 'fixed';

export interface HandlerOperand {
  readonly shape: Shape;
  readonly width: Width | 64 | 128;
  readonly register: number;
  /** Where it is a vector. */
  readonly bank: 'mmx' | 'xmm' | undefined;
  /** In memory it must lie at a multiple of its bytes. */
  readonly isAligned: boolean;
}

export interface Handler {
  readonly key: string;
  readonly instruction: Instruction;
  readonly operands: readonly HandlerOperand[];
  readonly variant: HandlerVariant;
}

/** Handlers 0 to 4 are not instructions. */
export const pseudoHandlers = {
  /** Returns to the caller in front of this record. */
  stop: 0,
  /** Looks this record's address up anew. */
  refetch: 1,
  /** Goes on at the linked record. */
  goto: 2,
  /** Raises #UD. */
  invalidOpcode: 3,
  /** Goes on at the next record, an instruction that ends in the next page, where that page lies at the linked host address. */
  crossing: 4,
} as const;
/** The number of the first instruction's handler. */
export const firstHandler = 5;

/** A form as the decoder needs it: the handler for each combination of attributes. */
export interface DecodeForm {
  readonly instruction: Instruction;
  readonly form: Form;
  /** Handler by {@link attributeIndex}; 0 where the combination cannot occur. */
  readonly handlers: Uint16Array;
}

const repeats = ['none', 'repne', 'rep'] as const;

/** Index of a combination of attributes in a form's handler table; `repeat` as in the record: 0, 1 REPNE, 2 REP. */
export const attributeIndex = (
  inMemory: boolean,
  operand32: boolean,
  address32: boolean,
  stack32: boolean,
  repeat: number,
): number => (inMemory ? 1 : 0) | (operand32 ? 2 : 0) | (address32 ? 4 : 0) | (stack32 ? 8 : 0) | (repeat << 4);

const hasModRmOperand = (kind: OperandSpecification['kind']): boolean =>
  ['rm', 'memory', 'rmRegister', 'registerOnly', 'opcodeRegister', 'stackRegister'].includes(kind);

/** The record's register slot that an operand's number goes to. */
export function operandSlot({ kind }: OperandSpecification): 'rm' | 'reg' | undefined {
  if (hasModRmOperand(kind)) return 'rm';
  return kind === 'reg' ? 'reg' : undefined;
}

function shapeOf(specification: OperandSpecification, inMemory: boolean): Shape {
  switch (specification.kind) {
    case 'rm':
      if (isVector(specification)) return 'either';
      return inMemory ? 'memory' : 'rm';
    case 'memory':
    case 'block':
    case 'offset':
      return 'memory';
    case 'immediate2':
      return 'immediate2';
    case 'fixed':
      return 'fixed';
    case 'one':
      return 'one';
    default:
      return operandSlot(specification) ?? 'immediate';
  }
}

/** Whether two operand sizes of a form differ in anything at all. */
function dependsOnOperandSize({ operandSize }: Instruction, form: Form): boolean {
  if (operandSize !== undefined) return operandSize === 'matters';
  if (form.modrmBytes !== undefined && form.operands.length === 0) return false;
  if (form.prefix !== undefined) return false;
  return form.operands.length === 0 || form.operands.some(({ width, kind }) => width !== 8 || kind === 'relative');
}

/** The bits of an attribute index that a form's handlers depend on. */
function relevantAttributes(instruction: Instruction, form: Form): number {
  const sensesRepeat = instruction.repeatable !== undefined || instruction.sensesRepeat === true;
  return (
    attributeIndex(
      true,
      dependsOnOperandSize(instruction, form),
      instruction.usesAddressSize === true,
      instruction.usesStack === true,
      0,
    ) | (sensesRepeat ? 0x30 : 0)
  );
}

interface Collected {
  readonly handlers: readonly Handler[];
  readonly forms: readonly DecodeForm[];
}

function collect(model: ProcessorModel): Collected {
  const handlers: Handler[] = [];
  const known = new Map<string, number>();
  const forms: DecodeForm[] = [];
  const numbers = new Map<string, number>();
  for (const instruction of instructions) {
    const number = meaningNumber(instruction, numbers);
    for (const form of instruction.forms) {
      if (!formExists(form, model)) continue;
      const table = new Uint16Array(combinations);
      const relevant = relevantAttributes(instruction, form);
      const memoryOnly = form.operands.some(({ kind }) => kind === 'memory' || kind === 'block' || kind === 'offset');
      const eitherWay = form.operands.some(({ kind }) => kind === 'rm');
      for (let index = 0; index < combinations; index++) {
        const inMemory = (index & 1) !== 0;
        if (index >> 4 === 3 || (inMemory && !memoryOnly && !eitherWay) || (!inMemory && memoryOnly)) continue;
        if (!atLeast(model, '80386') && (index & 0b1110) !== 0) continue;
        // What the meaning does not look at does not tell handlers apart.
        const plain = index & relevant;
        if (plain !== index && table[plain] !== 0) {
          table[index] = table[plain]!;
          continue;
        }
        const handler = describe(instruction, number, form, index, model);
        let id = known.get(handler.key);
        if (id === undefined) {
          id = firstHandler + handlers.length;
          known.set(handler.key, id);
          handlers.push(handler);
        }
        table[index] = id;
      }
      forms.push({ instruction, form, handlers: table });
    }
  }
  return { handlers, forms };
}

const meanings = new Map<Instruction['meaning'], number>();

/** Instructions that mean the same share handlers. */
function meaningNumber(instruction: Instruction, numbers: Map<string, number>): number {
  const { meaning } = instruction;
  const attributes = { ...instruction, mnemonic: undefined, source: undefined, forms: undefined };
  if (!meanings.has(meaning)) meanings.set(meaning, meanings.size);
  const key = `${meanings.get(meaning)} ${JSON.stringify(attributes)}`;
  if (!numbers.has(key)) numbers.set(key, numbers.size);
  return numbers.get(key)!;
}

function describe(instruction: Instruction, number: number, form: Form, index: number, model: ProcessorModel): Handler {
  const width = dependsOnOperandSize(instruction, form) && (index & 2) !== 0 ? 32 : 16;
  const operands = form.operands.map((specification) => ({
    shape: shapeOf(specification, (index & 1) !== 0),
    width: specification.width === 'operand' ? width : specification.width,
    register: specification.register ?? 0,
    bank: specification.bank === 'general' ? undefined : specification.bank,
    isAligned: specification.width === 128 && specification.isUnaligned !== true,
  }));
  const sensesRepeat = instruction.repeatable !== undefined || instruction.sensesRepeat === true;
  const variant: HandlerVariant = {
    width,
    addressWidth: instruction.usesAddressSize && (index & 4) !== 0 ? 32 : 16,
    stackWidth: instruction.usesStack && (index & 8) !== 0 ? 32 : 16,
    repeat: sensesRepeat ? repeatFor(instruction, repeats[index >> 4]!) : 'none',
    model,
  };
  const shapes = operands.map(keyOf).join(' ');
  const { addressWidth, stackWidth, repeat } = variant;
  const key = `${number} ${shapes} ${width} ${addressWidth} ${stackWidth} ${repeat}`;
  return { key, instruction, operands, variant };
}

function keyOf({ shape, width, register, bank, isAligned }: HandlerOperand): string {
  const kind = shape === 'fixed' ? `fixed${register}` : shape;
  // Registers are aligned anyway.
  const place = (shape === 'memory' || shape === 'either') && !isAligned ? ' anywhere' : '';
  return `${kind}:${width}${bank ?? ''}${bank === undefined ? '' : place}`;
}

/** Instructions that compare nothing repeat alike under either prefix. */
function repeatFor(instruction: Instruction, repeat: 'none' | 'rep' | 'repne'): 'none' | 'rep' | 'repne' {
  return repeat === 'repne' && instruction.repeatable !== 'repWhileEqual' ? 'rep' : repeat;
}

/** Combinations of attributes in a form's handler table. */
const combinations = 64;

/** Handler tables of a model's forms, one after the other: with them forms need no look at what every handler is. */
export function handlerTables(model: ProcessorModel): Uint16Array {
  const { forms } = handlersOf(model);
  const all = new Uint16Array(forms.length * combinations);
  forms.forEach(({ handlers }, index) => all.set(handlers, index * combinations));
  return all;
}

const provided = new Map<ProcessorModel, () => Uint16Array | undefined>();

/** Names where {@link handlerTables} of a model come from, made before from these very sources; undefined where they are not at hand. */
export function provideHandlerTables(model: ProcessorModel, tables: () => Uint16Array | undefined): void {
  provided.set(model, tables);
}

/** A model's forms, for decoding. */
export function formsOf(model: ProcessorModel): readonly DecodeForm[] {
  const tables = provided.get(model)?.();
  if (tables === undefined) return handlersOf(model).forms;
  let at = 0;
  return instructions.flatMap((instruction) =>
    instruction.forms
      .filter((form) => formExists(form, model))
      .map((form) => ({ instruction, form, handlers: tables.subarray(at, (at += combinations)) })),
  );
}

const byModel = new Map<ProcessorModel, Collected>();

/** Handlers (the first has number {@link firstHandler}) and forms of a model. */
export function handlersOf(model: ProcessorModel): Collected {
  const known = byModel.get(model) ?? collect(model);
  byModel.set(model, known);
  return known;
}
