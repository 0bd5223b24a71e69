/** How often regions tell of a place. */
export class Tellings {
  private readonly last = new Map<number, number>();
  private readonly counts = new Map<number, number>();

  /** A record is told of when so many cycles have run: whether again within `pace` cycles, and how many times it was told of. */
  take(at: number, spent: number, pace: number): { readonly isFrequent: boolean; readonly tellings: number } {
    const before = this.last.get(at);
    this.last.set(at, spent);
    const tellings = (this.counts.get(at) ?? 0) + 1;
    this.counts.set(at, tellings);
    return { isFrequent: before !== undefined && spent - before <= pace, tellings };
  }
  /** All records are gone. */
  forget(): void {
    this.last.clear();
    this.counts.clear();
  }
}
