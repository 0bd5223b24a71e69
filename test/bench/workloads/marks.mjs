/**
 * Reads the guest's serial line byte by byte for its marks: `@start NAME`, `@end NAME`, `@sum NAME CHECKSUM`, `@over`. `stamp` is
 * asked for the time at the start and at the end; a booting guest says only the end. What `ended` is called with is a
 * workload's measurement, or undefined when all are over.
 */
export class MarkReader {
  #line = '';
  #start;
  #end;

  /** A boot is measured from the start of the process: from zero. */
  constructor(stamp, ended) {
    this.stamp = stamp;
    this.ended = ended;
  }

  /** The workload that has started and not ended. */
  running = 'boot';

  take(byte) {
    if (byte !== 10) {
      if (this.#line.length < 4096) this.#line += String.fromCharCode(byte);
      return;
    }
    const mark = /@(start|end|sum|over)(?: (\S+))?(?: (\S+))?\s*$/.exec(this.#line);
    this.#line = '';
    if (mark === null) return;
    const [, verb, name, checksum] = mark;
    if (verb === 'start') {
      this.#start = this.stamp();
      this.running = name;
    } else if (verb === 'end') {
      this.#end = this.stamp();
      this.running = undefined;
    } else if (verb === 'over') this.ended(undefined);
    else {
      const spent = Object.fromEntries(
        Object.entries(this.#end).map(([key, value]) => [key, value - (this.#start?.[key] ?? 0)]),
      );
      this.ended({ name, checksum, ...spent });
    }
  }
}
