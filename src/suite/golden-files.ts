/**
 * Golden files: what a guest must show, kept beside the suite in `__goldens__/<suite>/`. A screen is two files, its text
 * and its pixels; a serial transcript and a digest are one each. Comparison is exact.
 */
import { isThere, namesIn, readBytes, readText, removeFile, shownPath, writeWhole } from '../host/files.js';
import { outputFolder } from '../host/environment.js';
import { UserError } from '../base/errors.js';
import { compareFrames } from '../screen/compare.js';
import type { Frame } from '../screen/frame.js';
import { decodePng, encodePng } from '../screen/png.js';
import { screenText } from '../screen/text.js';
import { DigestView, PostView, ScreenView, SerialView, SpeakerView, TextView } from './observed.js';

/** May goldens be written? `none` in CI, `new` for missing ones, `all` after `-u`. */
export type GoldenUpdate = 'none' | 'new' | 'all';

/** What came of one comparison. */
export interface GoldenOutcome {
  readonly verdict: 'matched' | 'added' | 'updated' | 'missing' | 'different';
  /** The files that belong to the golden, as names in the golden folder. */
  readonly files: readonly string[];
  /** What differs and where the evidence is, for a person. */
  readonly report: string;
}

/** One file of a golden: its ending, its content now, and how to compare it with what is kept. */
interface GoldenPart {
  readonly ending: string;
  readonly content: Uint8Array | string;
  /** Undefined when equal; otherwise the lines of a report. May write evidence. */
  readonly difference: (kept: string, evidence: string) => string | undefined;
}

/** The folder of a suite's goldens. */
export function goldenFolder(suitePath: string): string {
  const cut = suitePath.lastIndexOf('/') + 1;
  return `${suitePath.slice(0, cut)}__goldens__/${suiteName(suitePath)}`;
}

/** A suite's name: its file without folder and endings. */
export function suiteName(suitePath: string): string {
  return suitePath.slice(suitePath.lastIndexOf('/') + 1).replace(/(\.suite)?\.[cm]?[jt]sx?$/, '');
}

/** Compares what is seen with the golden `name` of a suite; writes it where `update` allows. */
export function compareGolden(seen: unknown, name: string, suitePath: string, update: GoldenUpdate): GoldenOutcome {
  if (!/^[\w][\w.-]*$/.test(name)) {
    throw new UserError(`"${name}" is no name for a golden`, { nextStep: 'Use letters, digits, dots, dashes.' });
  }
  const folder = goldenFolder(suitePath);
  const parts = partsOf(seen);
  const files = parts.map(({ ending }) => name + ending);
  const missing = files.filter((file) => !isThere(`${folder}/${file}`));
  const write = (): void => parts.forEach(({ ending, content }) => writeWhole(`${folder}/${name}${ending}`, content));
  if (missing.length > 0) {
    if (update === 'none') {
      const report = `golden ${shownPath(`${folder}/${missing[0]!}`)} is missing; run with -u to write it, and look at it`;
      return { verdict: 'missing', files, report };
    }
    write();
    return { verdict: 'added', files, report: '' };
  }
  const evidence = `${outputFolder}/${suiteName(suitePath)}/${name}`;
  const reports = parts.flatMap(({ ending, difference }) => difference(`${folder}/${name}${ending}`, evidence) ?? []);
  if (reports.length === 0) return { verdict: 'matched', files, report: '' };
  if (update === 'all') {
    write();
    return { verdict: 'updated', files, report: '' };
  }
  return { verdict: 'different', files, report: reports.join('\n') };
}

/** Files in a suite's golden folder that no test asked for. */
export function obsoleteGoldens(suitePath: string, used: ReadonlySet<string>): string[] {
  const folder = goldenFolder(suitePath);
  return namesIn(folder)
    .filter((name) => !used.has(name))
    .map((name) => `${folder}/${name}`);
}

/** Removes obsolete goldens, after `-u`. */
export function removeGoldens(paths: readonly string[]): void {
  paths.forEach(removeFile);
}

function partsOf(seen: unknown): readonly GoldenPart[] {
  if (seen instanceof ScreenView) return screenParts(seen.frame());
  if (seen instanceof SerialView) return [textPart('.serial.txt', seen.text(), 'serial output')];
  if (seen instanceof TextView) return [textPart(seen.ending, seen.text(), 'output')];
  if (seen instanceof PostView) return [textPart('.post.txt', seen.text(), 'POST codes')];
  if (seen instanceof SpeakerView) return [textPart('.speaker.txt', seen.text(), 'tones')];
  if (seen instanceof DigestView) return [textPart('.sha256', `${seen.sha256}\n`, 'state digest')];
  if (typeof seen === 'string') return [textPart('.txt', seen, 'text')];
  throw new UserError('toMatchGolden compares a screen, what a guest sent, a state digest or a text', {
    nextStep: 'Give vm.screen, vm.serial, vm.printer, vm.console, vm.speaker, vm.digest() or a string.',
  });
}

function textPart(ending: string, content: string, what: string): GoldenPart {
  return {
    ending,
    content,
    difference(kept, evidence) {
      const expected = readText(kept);
      if (expected === content) return undefined;
      writeWhole(`${evidence}.actual${ending}`, content);
      return [
        `${what} differs from ${shownPath(kept)} (now in ${evidence}.actual${ending})`,
        ...firstDifference(expected, content),
      ].join('\n');
    },
  };
}

function firstDifference(expected: string, actual: string): string[] {
  const [left, right] = [expected.split('\n'), actual.split('\n')];
  const line = left.findIndex((text, index) => text !== right[index]);
  const at = line < 0 ? left.length : line;
  return [
    `  line ${at + 1}, expected: ${left[at] === undefined ? '(none)' : JSON.stringify(left[at])}`,
    `  line ${at + 1}, actual:   ${right[at] === undefined ? '(none)' : JSON.stringify(right[at])}`,
  ];
}

function screenParts(frame: Frame): readonly GoldenPart[] {
  const pixels: GoldenPart = {
    ending: '.png',
    content: encodePng(frame),
    difference: (kept, evidence) => pixelDifference(frame, kept, evidence),
  };
  return frame.text === undefined ? [pixels] : [textPart('.txt', `${screenText(frame)}\n`, 'screen text'), pixels];
}

function pixelDifference(frame: Frame, kept: string, evidence: string): string | undefined {
  const keptBytes = readBytes(kept);
  const comparison = compareFrames(decodePng(keptBytes), frame);
  if (comparison.equal) return undefined;
  const written = [`${evidence}.expected.png`, `${evidence}.actual.png`];
  writeWhole(written[0]!, keptBytes);
  writeWhole(written[1]!, encodePng(frame));
  if (comparison.difference !== undefined) {
    written.push(`${evidence}.difference.png`);
    writeWhole(written[2]!, encodePng(comparison.difference));
  }
  return [
    `screen pixels differ from ${shownPath(kept)}: ${comparison.report}`,
    ...written.map((path) => `  ${path}`),
  ].join('\n');
}
