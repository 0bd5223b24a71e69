import { type DecodeForm, handlersOf } from '../engine/interpreter/handlers.js';
import type { ProcessorModel } from '../model.js';

/** The forms that may start with an opcode; the ModRM byte chooses among them. */
export interface OpcodeEntry {
  readonly modrm: boolean;
  /** By ModRM reg field; all eight alike where the form has no digit. */
  readonly byDigit: readonly (DecodeForm | undefined)[];
}

/** Opcode entries: the first 256 are one-byte opcodes, the next 256 follow 0F. */
export type OpcodeTable = readonly (OpcodeEntry | undefined)[];

const tables = new Map<ProcessorModel, OpcodeTable>();

/** The opcode table of a model, derived from the instructions' forms. */
export function opcodeTable(model: ProcessorModel): OpcodeTable {
  const known = tables.get(model);
  if (known !== undefined) return known;
  const entries: ({ modrm: boolean; byDigit: (DecodeForm | undefined)[] } | undefined)[] = new Array(512);
  // Forms with a register in the opcode come last: an exact opcode goes before them.
  const forms = [...handlersOf(model).forms].sort((a, b) => Number(a.form.plusRegister) - Number(b.form.plusRegister));
  for (const each of forms) {
    const { opcode, plusRegister, digit, modrm } = each.form;
    const first = opcode.length === 2 ? 256 + opcode[1]! : opcode[0]!;
    for (let code = first; code < first + (plusRegister ? 8 : 1); code++) {
      const entry = (entries[code] ??= { modrm, byDigit: new Array<DecodeForm | undefined>(8).fill(undefined) });
      for (let reg = 0; reg < 8; reg++) if (digit === undefined || digit === reg) entry.byDigit[reg] ??= each;
    }
  }
  tables.set(model, entries);
  return entries;
}
