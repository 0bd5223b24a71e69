/**
 * Status flags that the manuals leave undefined, by opcode form.
 * Source: Intel 8086 Family User's Manual (order number 9800722), instruction set reference, flag columns marked U;
 * Intel 80286 and 80287 Programmer's Reference Manual (order number 210498), appendix B, "Flags Modified" and "Flags Undefined".
 */
export const flag = { CF: 0x001, PF: 0x004, AF: 0x010, ZF: 0x040, SF: 0x080, OF: 0x800 } as const;

const { CF, PF, AF, ZF, SF, OF } = flag;
const all = CF | PF | AF | ZF | SF | OF;

/** Forms with one answer for every operand; both manuals agree on them. */
const always: Readonly<Record<string, number>> = {
  '27': OF, // DAA
  '2F': OF, // DAS
  '37': OF | SF | ZF | PF, // AAA
  '3F': OF | SF | ZF | PF, // AAS
  D4: OF | AF | CF, // AAM
  D5: OF | AF | CF, // AAD
  ...both('F6', 'F7', 4, SF | ZF | AF | PF), // MUL
  ...both('F6', 'F7', 5, SF | ZF | AF | PF), // IMUL
  ...both('F6', 'F7', 6, all), // DIV
  ...both('F6', 'F7', 7, all), // IDIV
  ...logicForms(),
};

/** Forms that came with the 80186: IMUL with an immediate. */
const always80286: Readonly<Record<string, number>> = { '69': SF | ZF | AF | PF, '6B': SF | ZF | AF | PF };

function both(byteOpcode: string, wordOpcode: string, extension: number, mask: number): Record<string, number> {
  return { [`${byteOpcode}.${extension}`]: mask, [`${wordOpcode}.${extension}`]: mask };
}

/** OR, AND, XOR and TEST leave AF undefined. */
function logicForms(): Record<string, number> {
  const forms: Record<string, number> = {};
  for (const base of [0x08, 0x20, 0x30]) {
    for (let form = 0; form < 6; form++) forms[(base + form).toString(16).toUpperCase().padStart(2, '0')] = AF;
  }
  for (const group of ['80', '81', '82', '83']) for (const extension of [1, 4, 6]) forms[`${group}.${extension}`] = AF;
  for (const form of ['84', '85', 'A8', 'A9', 'F6.0', 'F6.1', 'F7.0', 'F7.1']) forms[form] = AF;
  return forms;
}

/** What decides the count of a shift or rotate. */
export interface ShiftOperands {
  /** CL before the instruction. */
  readonly countRegister: number;
  /** The instruction's last byte. */
  readonly immediate: number;
}

/**
 * Shifts (extensions 4 to 7) leave AF undefined, and everything leaves OF undefined for counts other than 1; a count of 0
 * changes no flag. The 80286 takes five bits of the count, the 8086 all eight.
 */
function shiftFlags(model: '8086' | '80286', form: string, operands: ShiftOperands): number {
  const [opcode, extension] = form.split('.');
  const given = opcode!.startsWith('C') ? operands.immediate : operands.countRegister;
  const once = opcode === 'D0' || opcode === 'D1';
  const count = once ? 1 : model === '8086' ? given : given & 0x1f;
  if (count === 0) return 0;
  return (Number(extension) >= 4 ? AF : 0) | (count === 1 ? 0 : OF);
}

/** The status flags that the model's manual leaves undefined after the form with these operands. */
export function undefinedFlags(model: '8086' | '80286', form: string, operands: ShiftOperands): number {
  const shifts = model === '8086' ? /^D[0-3]\./ : /^(D[0-3]|C[01])\./;
  if (shifts.test(form)) return shiftFlags(model, form, operands);
  return always[form] ?? (model === '80286' ? always80286[form] : undefined) ?? 0;
}
