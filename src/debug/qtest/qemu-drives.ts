/** Properties of QEMU's options, and the back ends of drives that they describe. */
import { UserError } from '../../base/errors.js';
import type { ErrorAction } from './blkdebug.js';

/** A disk without contents: so many bytes of zeros. */
export interface BlankImage {
  readonly blankBytes: number;
}

/** Where a drive's image comes from. */
export type ImageSource = string | BlankImage;

export interface BlockDebugging {
  /** The file with the rules; empty for none. */
  readonly rules: string;
  readonly read: ErrorAction;
  readonly write: ErrorAction;
}

/** An option's comma-separated properties; the first may lack its name. */
export type Properties = ReadonlyMap<string, string>;

const blankDefaultBytes = 64 * 2 ** 20;

/** Refuses an option as QEMU refuses what it was not built with. */
export function refuse(option: string, problem: string): never {
  throw new UserError(`${option}: ${problem}`, { file: 'command line', nextStep: 'See test/oracle/qtest/README.md.' });
}

/** Properties of an option; doubled commas are one comma of a value. */
export function properties(text: string, first: string): Properties {
  const parts = text.replaceAll(',,', '\0').split(',');
  return new Map(
    parts.map((part, at): [string, string] => {
      const [name, ...rest] = part.replaceAll('\0', ',').split('=');
      if (rest.length === 0) return at === 0 ? [first, name!] : [name!, 'on'];
      return [name!, rest.join('=')];
    }),
  );
}

/** Bytes as QEMU writes sizes; without a suffix, of `unit`. */
function bytes(text: string, unit: number): number | undefined {
  const match = /^(\d+)([kmg]?)$/i.exec(text);
  if (match === null) return undefined;
  const powers: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
  return Number(match[1]) * (powers[match[2]!.toLowerCase()] ?? unit);
}

/** What is behind a drive. */
export interface Backend {
  readonly debug?: BlockDebugging | undefined;
  readonly source: ImageSource | undefined;
  readonly cdrom: boolean;
  readonly writable: boolean;
}

/** `blkdebug:RULES:IMAGE`; QEMU, too, takes no colon in the first. */
const blockDebugPattern = /^blkdebug:(?<rules>[^:]*):(?<image>.+)$/;

function blockDebugging(all: Properties): BlockDebugging | undefined {
  const rules = blockDebugPattern.exec(all.get('file') ?? '')?.groups?.rules;
  if (rules === undefined) return undefined;
  const action = (name: string): ErrorAction => {
    const word = all.get(name);
    return word === 'stop' || word === 'ignore' ? word : 'report';
  };
  return { rules, read: action('rerror'), write: action('werror') };
}

export function imageSource(all: Properties): ImageSource | undefined {
  const named = all.get('file') ?? all.get('file.filename');
  const file = blockDebugPattern.exec(named ?? '')?.groups?.image ?? named;
  const driver = all.get('driver') ?? all.get('file.driver') ?? '';
  if (driver.startsWith('null-') || file?.startsWith('null-')) {
    return { blankBytes: bytes(all.get('size') ?? all.get('file.size') ?? '', 1) ?? blankDefaultBytes };
  }
  if (file === undefined || file === '') return undefined;
  if (/^[a-z]+:/.test(file)) refuse('-drive', `images are files, not "${file}"`);
  return file;
}

/** The back end that a drive's properties name. */
export const backendOf = (all: Properties): Backend => ({
  source: imageSource(all),
  cdrom: all.get('media') === 'cdrom',
  writable: all.get('readonly') !== 'on' && all.get('media') !== 'cdrom',
  debug: blockDebugging(all),
});
