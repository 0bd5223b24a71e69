import { quickWords } from './quick-words.js';
import type { Core } from './system/core.js';

/** What holds at one boundary between two instructions only, each as that boundary's cycle: -1 where it does not. */
export class Boundary {
  /** After MOV SS and POP SS: debug exceptions and NMIs wait as well (Intel SDM Vol. 3A, section 6.8.3). */
  allHeld = -1;

  constructor(private readonly core: Core) {
    this.clear();
  }

  /** After STI, MOV SS and POP SS: maskable interrupts wait for one more instruction. In the one memory, as STI may not leave WebAssembly. */
  get interruptsHeld(): number {
    return this.core.view.getFloat64(quickWords.interruptsHeld, true);
  }
  set interruptsHeld(cycle: number) {
    this.core.view.setFloat64(quickWords.interruptsHeld, cycle, true);
  }
  /** RF: the next instruction goes past its code breakpoints. It goes with that instruction, so it never outlives a boundary; IRET sets it. */
  get resuming(): number {
    return this.core.view.getFloat64(quickWords.resuming, true);
  }
  set resuming(cycle: number) {
    this.core.view.setFloat64(quickWords.resuming, cycle, true);
  }
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
