/** Accesses that nobody answered, over all boards that a machine has had. */
type Counts = ReadonlyMap<string, number>;

export class UnknownAccesses {
  private before: Counts = new Map();

  /** Those of a board that goes. */
  keep(...counts: readonly Counts[]): void {
    this.before = this.with(...counts);
  }
  /** All of them, with those of the board at hand. */
  with(...counts: readonly Counts[]): Counts {
    const all = new Map(this.before);
    for (const each of counts) for (const [name, count] of each) all.set(name, (all.get(name) ?? 0) + count);
    return all;
  }
}
