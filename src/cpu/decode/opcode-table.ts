import { type DecodeForm, handlersOf } from '../engine/interpreter/handlers.js';
import type { Form } from '../instructions/instruction.js';
import type { ProcessorModel } from '../model.js';

/** The forms that may start with an opcode; the ModRM byte chooses among them. */
export interface OpcodeEntry {
  readonly modrm: boolean;
  /** By {@link modrmIndex}; all alike where the form has no digit. */
  readonly byModrm: readonly (DecodeForm | undefined)[];
}

/** Memory operands come by the reg field alone, in the first eight places; then registers by the whole byte. */
const modrmIndex = (modrm: number): number => (modrm < 0xc0 ? (modrm >> 3) & 7 : 8 + (modrm & 0x3f));
const modrmIndexes = 8 + 64;

/** The form that an opcode's ModRM byte selects; any byte will do where none follows. */
export const formFor = (entry: OpcodeEntry, modrm: number): DecodeForm | undefined => entry.byModrm[modrmIndex(modrm)];

/** The places of {@link modrmIndex} that a form takes. */
function placesOf({ digit, modrmBytes, operands }: Form): number[] {
  if (modrmBytes !== undefined) {
    return Array.from({ length: modrmBytes.count }, (_, index) => modrmIndex(modrmBytes.first + index));
  }
  const memoryOnly = operands.some(({ kind }) => kind === 'memory' || kind === 'block');
  const all = Array.from({ length: memoryOnly ? 8 : modrmIndexes }, (_, index) => index);
  return digit === undefined ? all : all.filter((index) => (index < 8 ? index : ((index - 8) >> 3) & 7) === digit);
}

/** Opcode entries: the first 256 are one-byte opcodes, the next 256 follow 0F. */
export type OpcodeTable = readonly (OpcodeEntry | undefined)[];

const tables = new Map<ProcessorModel, OpcodeTable>();

/** The opcode table of a model, derived from the instructions' forms. */
export function opcodeTable(model: ProcessorModel): OpcodeTable {
  const known = tables.get(model);
  if (known !== undefined) return known;
  const entries: ({ modrm: boolean; byModrm: (DecodeForm | undefined)[] } | undefined)[] = new Array(512);
  // Forms with a register in the opcode come last: an exact opcode goes before them.
  const forms = [...handlersOf(model).forms].sort((a, b) => Number(a.form.plusRegister) - Number(b.form.plusRegister));
  for (const each of forms) {
    const { opcode, plusRegister, modrm } = each.form;
    const first = opcode.length === 2 ? 256 + opcode[1]! : opcode[0]!;
    for (let code = first; code < first + (plusRegister ? 8 : 1); code++) {
      const entry = (entries[code] ??= {
        modrm,
        byModrm: new Array<DecodeForm | undefined>(modrmIndexes).fill(undefined),
      });
      for (const place of placesOf(each.form)) entry.byModrm[place] ??= each;
    }
  }
  tables.set(model, entries);
  return entries;
}
