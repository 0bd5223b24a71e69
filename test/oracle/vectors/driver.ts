import type { ProcessorModel } from '../../../src/cpu/model.js';

/** What the vector runners want from a processor. Physical addresses throughout; nothing here knows how it works inside. */
export interface ProcessorDriver {
  readonly model: ProcessorModel;
  /** Real mode, all memory zero, all registers zero. */
  reset(): void;
  /**
   * Sets registers by name: eax ecx edx ebx esp ebp esi edi eip eflags cs ss ds es fs gs; those not named keep their value.
   * In real mode a selector sets its base to selector * 16. A halted processor goes on.
   */
  setRegisters(registers: Readonly<Record<string, number>>): void;
  /** A register's value, unsigned. */
  getRegister(name: string): number;
  writeMemory(physical: number, bytes: Uint8Array): void;
  readMemory(physical: number, length: number): Uint8Array;
  /** The x87 and vector state as an FXSAVE image; for models that have a coprocessor. */
  setExtended(image: Uint8Array): void;
  getExtended(): Uint8Array;
  /** 32-bit protected mode with flat segments, in ring 3 when `userMode`; exceptions are reported by `step`, not delivered. */
  setProtected32Flat(userMode: boolean): void;
  /**
   * Executes exactly one instruction; a repeated string instruction runs to its end. In real mode an exception is delivered
   * through the interrupt table as well as reported.
   */
  step(): StepResult;
}

/** What one instruction ended with. */
export interface StepResult {
  readonly exception?: { readonly vector: number; readonly errorCode?: number };
}
