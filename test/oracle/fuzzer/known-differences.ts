/** Where the host's processor and the one that we model differ by design, by name. Nothing else is excused. */
import type { Sequence } from './sequence.js';

interface KnownDifference {
  readonly reason: string;
  /** Where the manual leaves the choice, or says what ours follows. */
  readonly manual?: string;
  /** By what the last step of the shortest sequence is, and what it shows. */
  readonly step: RegExp;
  readonly shows: RegExp;
  /** What one of the differences must be, where several are shown. */
  readonly needs?: RegExp;
}

const known: readonly KnownDifference[] = [
  {
    reason:
      'CMPS: which of two absent operands faults first is not said; here that of SI does, as the manual names it first',
    step: /cmps/,
    shows: /^(CR2|error code|exception):/,
  },
  {
    reason: 'FRSTOR and FLDENV across pages: the manual does not say which absent byte is looked at first',
    step: /^(frstor|fldenv)/,
    shows: /^CR2:/,
  },
  {
    reason: 'REP INS and OUTS without the right to the port: the host faults even with a count of 0',
    step: /^f[23] (ins|outs)/,
    shows: /^(exception|EIP):/,
  },
  {
    reason: 'PUSH of a segment register stores 16 bits here, as Intel processors do, and so is aligned by 2',
    manual:
      'Intel SDM Vol. 2B, "PUSH": with 32 bits, either a zero-extended value or a 16-bit move that leaves the upper half',
    step: /^push[cdefgs]s/,
    shows: /^(exception|EIP|esp|memory)/,
  },
  {
    reason:
      'MASKMOVQ and MASKMOVDQU: the host looks at all bytes before the mask, and enters MMX state before a page fault',
    step: /^maskmov/,
    shows: /^(CR2|FSW|FTW|ST\d|EIP|memory|error code|exception: natively (e|d|c|11),)/,
  },
  {
    reason:
      'CVTPS2PI, CVTPI2PS and their like with an unmasked exception: the host enters MMX state before the exception',
    step: /^cvt(t?p[sd]2pi|pi2p[sd])/,
    shows: /^(FSW|FTW|ST\d)/,
  },
  {
    reason: 'POPA that faults on its way: the host keeps what it had popped; here nothing changes until all is there',
    step: /^popa/,
    shows: /^e(ax|cx|dx|bx|bp|si|di):/,
  },
  {
    reason: "LDMXCSR: bit 17, AMD's misaligned exception mask, exists on the host",
    step: /^ldmxcsr/,
    shows: /^(exception: natively 3, ours d|EIP:|MXCSR:)/,
  },
  {
    reason:
      'A jump into data that happens to be a PUSH of a segment register: the host stores two more bytes, which are zeros',
    manual:
      'Intel SDM Vol. 2B, "PUSH": with 32 bits, either a zero-extended value or a 16-bit move that leaves the upper half',
    step: /^opcodes$/,
    // Of the first bytes that differ at most two do, and the host has zeros there.
    shows: /^memory at 2002[\da-f]+: natively (00|0000)([\da-f]*), ours (?!00)([\da-f]{2}|[\da-f]{4})\2$/,
  },
  {
    reason:
      'REP that stores into its own bytes: the host goes on with what it had fetched; here, as after an interrupt, every ' +
      'iteration is fetched anew, so that nothing depends on where a run is interrupted',
    manual:
      'Intel SDM Vol. 2B, "REP": an interrupt may come between two iterations, with EIP at the instruction; Vol. 3A, "Handling ' +
      'Self- and Cross-Modifying Code": a store into a prefetched instruction makes the processor fetch it again',
    step: /^f[23] (stos|movs|ins)/,
    shows: /^(exception|error code|CR2|EIP|ecx|edi|esi|memory at 20000)/,
    needs: /^memory at 20000/,
  },
];

/** Why a difference is no mistake of ours; undefined where it may be one. */
export function findReason({ steps }: Sequence, differences: readonly string[]): string | undefined {
  const last = steps.at(-1)?.name ?? '';
  return known.find(
    ({ step, shows, needs = shows }) =>
      step.test(last) && differences.every((each) => shows.test(each)) && differences.some((each) => needs.test(each)),
  )?.reason;
}
