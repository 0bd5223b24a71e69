/** The terminal: colours where they are wanted, progress that overwrites itself, and raw keys. */

/** Styles used by reports. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const codes: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/** Whether a stream gets colours: a terminal, unless NO_COLOR is set; FORCE_COLOR decides otherwise. */
export function hasColour(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && TERM !== 'dumb';
}

/** `text` in a style, when the stream shows colours. */
export function styled(text: string, style: Style, stream: NodeJS.WriteStream = process.stderr): string {
  return hasColour(stream) ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;
}

/** A report of how far something has come. */
export interface Progress {
  /** `done` of `total` steps; `detail` says in which unit. Cheap to call often. */
  at(done: number, total: number, detail: string): void;
  /** Removes the line. */
  end(): void;
}

const barCells = 24;
const redrawMillisecondsMin = 100;
const plainLinePercentStep = 25;

/** Progress on standard error: one line that overwrites itself on a terminal, a plain line every quarter elsewhere. */
export function progress(title: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  let drawnAt = -Infinity;
  let nextPercent = plainLinePercentStep;
  let drawn = false;
  return {
    at(done, total, detail) {
      const share = total <= 0 ? 1 : Math.min(1, done / total);
      if (stream.isTTY === true) {
        const now = Date.now();
        if (now - drawnAt < redrawMillisecondsMin) return;
        drawnAt = now;
        drawn = true;
        const bar = '#'.repeat(Math.round(share * barCells)).padEnd(barCells, '.');
        stream.write(`\r\u001b[K${title} [${bar}] ${Math.floor(share * 100)} % ${detail}`);
      } else if (share * 100 >= nextPercent) {
        nextPercent = Math.floor((share * 100) / plainLinePercentStep + 1) * plainLinePercentStep;
        stream.write(`${title}: ${Math.floor(share * 100)} % ${detail}\n`);
      }
    },
    end() {
      if (drawn) stream.write('\r\u001b[K');
    },
  };
}

/** Wraps one argument so that a shell passes it on unchanged. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line that can be pasted into a shell. */
export function shellLine(...words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}
