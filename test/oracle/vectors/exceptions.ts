/**
 * Cases that we knowingly answer otherwise than the captured processor, each by file, what it concerns, and the reason.
 * A case is excused only when it differs and an entry covers it; everything else counts.
 */

/** What an entry may look at. */
export interface CaseFacts {
  readonly family: string;
  readonly file: string;
  /** The instruction's text. */
  readonly instruction: string;
  readonly exception: number | undefined;
  /** CL before the instruction, and its last byte: the counts of shifts. */
  readonly countRegister: number;
  readonly immediate: number;
}

export interface NamedException {
  readonly family: 'hardware-8086' | 'hardware-80286-real' | 'native-i386';
  /** Names of files. */
  readonly files: readonly string[];
  readonly reason: string;
  /** Which cases of the files. */
  readonly covers: (facts: CaseFacts) => boolean;
}

/** The count of a double shift, from CL or from the instruction. */
const doubleShiftCount = ({ instruction, countRegister, immediate }: CaseFacts): number =>
  (instruction.endsWith(',cl') ? countRegister : immediate) & 0x1f;

export const namedExceptions: readonly NamedException[] = [
  {
    family: 'native-i386',
    files: ['int32'],
    reason:
      'SHLD and SHRD of a 16-bit operand by more than 16: Intel SDM Vol. 2B leaves result and flags undefined, the captured ' +
      'processor is an AMD one',
    covers: (facts) => /^sh[lr]d /.test(facts.instruction) && doubleShiftCount(facts) > 16,
  },
];

/** The exception that covers a case, if one does. */
export function findException(facts: CaseFacts): NamedException | undefined {
  return namedExceptions.find(
    (each) => each.family === facts.family && each.files.includes(facts.file) && each.covers(facts),
  );
}
