/** What the manual leaves undefined, by mnemonic (Intel SDM Vol. 1, appendix A, "EFLAGS Cross-Reference"; Vol. 2). */
const [CF, PF, AF, ZF, SF, OF] = [0x001, 0x004, 0x010, 0x040, 0x080, 0x800];

const flags: Readonly<Record<string, number>> = {
  aaa: OF | SF | ZF | PF,
  aas: OF | SF | ZF | PF,
  aad: OF | AF | CF,
  aam: OF | AF | CF,
  daa: OF,
  das: OF,
  and: AF,
  or: AF,
  xor: AF,
  test: AF,
  bsf: CF | PF | AF | SF | OF,
  bsr: CF | PF | AF | SF | OF,
  bt: PF | AF | SF | OF,
  bts: PF | AF | SF | OF,
  btr: PF | AF | SF | OF,
  btc: PF | AF | SF | OF,
  div: CF | PF | AF | ZF | SF | OF,
  idiv: CF | PF | AF | ZF | SF | OF,
  mul: PF | AF | ZF | SF,
  imul: PF | AF | ZF | SF,
  // By a count that is known when they run only: AF of shifts, OF of counts other than 1, CF of counts beyond the operand.
  shl: AF | OF | CF,
  sal: AF | OF | CF,
  shr: AF | OF | CF,
  sar: AF | OF,
  rol: OF,
  ror: OF,
  rcl: OF,
  rcr: OF,
  shld: AF | OF | CF,
  shrd: AF | OF | CF,
};

/** Status flags that the instruction may leave undefined. */
export const undefinedFlagsOf = (mnemonic: string): number => flags[mnemonic] ?? 0;
