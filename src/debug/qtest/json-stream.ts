/** JSON objects out of a stream that may cut them anywhere and need not end them with a line. */

/** Longest object that is waited for. */
const charactersMax = 1 << 20;

export class JsonStream {
  private pending = '';
  private at = 0;
  private start = -1;
  private depth = 0;
  private inText = false;
  private escaped = false;

  /** Takes a piece of the stream; gives the texts of the objects that it completes. */
  take(piece: string): string[] {
    this.pending += piece;
    const found: string[] = [];
    for (; this.at < this.pending.length; this.at++) {
      if (!this.ends(this.pending[this.at]!)) continue;
      found.push(this.pending.slice(this.start, this.at + 1));
      this.start = -1;
    }
    const keepFrom = this.start < 0 ? this.at : this.start;
    this.pending = this.pending.slice(keepFrom);
    this.at -= keepFrom;
    if (this.start >= 0) this.start = 0;
    if (this.pending.length > charactersMax) [this.pending, this.at, this.start, this.depth] = ['', 0, -1, 0];
    return found;
  }

  /** Whether a character ends an outermost object. */
  private ends(character: string): boolean {
    if (this.inText) {
      if (this.escaped) this.escaped = false;
      else if (character === '\\') this.escaped = true;
      else if (character === '"') this.inText = false;
      return false;
    }
    if (character === '"') this.inText = this.depth > 0;
    if (character === '{' && this.depth++ === 0) this.start = this.at;
    return character === '}' && this.depth > 0 && --this.depth === 0;
  }
}
