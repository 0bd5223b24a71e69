/** Comparison of what a processor did with what was captured. */
import { hex } from '../../../src/base/integers.js';

/** The differences of one case, in print. */
export class Comparison {
  private readonly found: string[] = [];

  value(name: string, expected: number, actual: number): void {
    if (expected !== actual) this.found.push(`${name} ${hex(expected, 2)} but ${hex(actual, 2)}`);
  }
  text(name: string, expected: string, actual: string): void {
    if (expected !== actual) this.found.push(`${name} ${expected} but ${actual}`);
  }
  bytes(at: number, expected: Uint8Array, actual: Uint8Array): void {
    for (let index = 0; index < expected.length; index++) {
      this.value(`[${hex(at + index, 6)}]`, expected[index]!, actual[index]!);
    }
  }
  get differs(): boolean {
    return this.found.length > 0;
  }
  /** The first differences, as "name expected but actual". */
  print(most = 6): string {
    const more = this.found.length > most ? ` and ${this.found.length - most} more` : '';
    return this.found.slice(0, most).join(', ') + more;
  }
}
