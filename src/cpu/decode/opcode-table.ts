import { type DecodeForm, formsOf } from '../engine/interpreter/handlers.js';
import type { Form, MandatoryPrefix } from '../instructions/instruction.js';
import type { ProcessorModel } from '../model.js';

/** The forms that may start with an opcode; prefixes and the ModRM byte choose among them. */
export interface OpcodeEntry {
  readonly modrm: boolean;
  /**
   * By mandatory prefix, in the order of {@link prefixes}, then by {@link modrmIndex}; all alike where the form has no digit. One list
   * serves all prefixes where they have no say.
   */
  readonly byPrefix: readonly (readonly (DecodeForm | undefined)[])[];
}
const prefixes: readonly MandatoryPrefix[] = ['NP', '66', 'F2', 'F3'];

/** Memory operands come by the reg field alone, in the first eight places; then registers by the whole byte. */
const modrmIndex = (modrm: number): number => (modrm < 0xc0 ? (modrm >> 3) & 7 : 8 + (modrm & 0x3f));
const modrmIndexes = 8 + 64;

/**
 * The form that an opcode's prefixes and ModRM byte select; any byte will do where none follows. `repeat` as in the record: 0, 1 for F2,
 * 2 for F3, of which the last one counts; either hides a 66.
 */
export const formFor = (
  { byPrefix }: OpcodeEntry,
  repeat: number,
  operandSizePrefix: boolean,
  modrm: number,
): DecodeForm | undefined => byPrefix[repeat !== 0 ? repeat + 1 : operandSizePrefix ? 1 : 0]![modrmIndex(modrm)];

/** The places of {@link modrmIndex} that a form takes. */
function placesOf({ digit, modrmBytes, operands }: Form): number[] {
  if (modrmBytes !== undefined) {
    return Array.from({ length: modrmBytes.count }, (_, index) => modrmIndex(modrmBytes.first + index));
  }
  const memoryOnly = operands.some(({ kind }) => kind === 'memory' || kind === 'block');
  const registerOnly = operands.some(({ kind }) => kind === 'registerOnly');
  const all = Array.from({ length: memoryOnly ? 8 : modrmIndexes }, (_, index) => index).slice(registerOnly ? 8 : 0);
  return digit === undefined ? all : all.filter((index) => (index < 8 ? index : ((index - 8) >> 3) & 7) === digit);
}

interface EntryMade extends OpcodeEntry {
  readonly byPrefix: readonly (DecodeForm | undefined)[][];
}
const noForms = (): (DecodeForm | undefined)[] => new Array<DecodeForm | undefined>(modrmIndexes).fill(undefined);
function sameForAll(): (DecodeForm | undefined)[][] {
  const forms = noForms();
  return prefixes.map(() => forms);
}

/** A model's opcodes: the first 256 are of one byte, the next 256 follow 0F. An entry is made when it is first asked for. */
export class OpcodeTable {
  private readonly forms: DecodeForm[][] = Array.from({ length: 512 }, () => []);
  private readonly entries = new Array<OpcodeEntry | undefined>(512);

  constructor(forms: readonly DecodeForm[]) {
    for (const each of forms) {
      const { opcode, plusRegister } = each.form;
      const first = opcode.length === 2 ? 256 + opcode[1]! : opcode[0]!;
      for (let code = first; code < first + (plusRegister ? 8 : 1); code++) this.forms[code]!.push(each);
    }
  }

  /** What may start with an opcode; undefined where nothing does. */
  entry(code: number): OpcodeEntry | undefined {
    return (this.entries[code] ??= this.make(this.forms[code]!));
  }
  private make(forms: readonly DecodeForm[]): OpcodeEntry | undefined {
    // The narrower form goes first: one that names its prefix, and one without a register in the opcode.
    const rank = ({ prefix, plusRegister }: Form): number => (prefix === undefined ? 2 : 0) + (plusRegister ? 1 : 0);
    let entry: EntryMade | undefined;
    for (const each of [...forms].sort((a, b) => rank(a.form) - rank(b.form))) {
      const { prefix, modrm } = each.form;
      entry ??= { modrm, byPrefix: prefix === undefined ? sameForAll() : prefixes.map(noForms) };
      entry.byPrefix.forEach((places, index) => {
        if (prefix !== undefined && prefix !== prefixes[index]) return;
        for (const place of placesOf(each.form)) places[place] ??= each;
      });
    }
    return entry;
  }
}

const tables = new Map<ProcessorModel, OpcodeTable>();

/** The opcode table of a model, derived from the instructions' forms. */
export function opcodeTable(model: ProcessorModel): OpcodeTable {
  const known = tables.get(model) ?? new OpcodeTable(formsOf(model));
  tables.set(model, known);
  return known;
}
