/** What holds at one boundary between two instructions only, each as that boundary's cycle: -1 where it does not. */
export class Boundary {
  /** After STI, MOV SS and POP SS: maskable interrupts wait for one more instruction. */
  interruptsHeld = -1;
  /** After MOV SS and POP SS: debug exceptions and NMIs wait as well (Intel SDM Vol. 3A, section 6.8.3). */
  allHeld = -1;
  /** RF: the next instruction goes past its code breakpoints. It goes with that instruction, so it never outlives a boundary. */
  resuming = -1;

  clear(): void {
    this.interruptsHeld = -1;
    this.allHeld = -1;
    this.resuming = -1;
  }
  /** What holds at the boundary of a cycle, as a word. */
  save(cycle: number): number {
    return [this.interruptsHeld, this.allHeld, this.resuming].reduce(
      (word, held, bit) => word | (held === cycle ? 1 << bit : 0),
      0,
    );
  }
  load(word: number, cycle: number): void {
    const held = (bit: number): number => ((word & (1 << bit)) !== 0 ? cycle : -1);
    this.interruptsHeld = held(0);
    this.allHeld = held(1);
    this.resuming = held(2);
  }
}
