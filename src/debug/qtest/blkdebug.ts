/**
 * Rules of QEMU's block driver `blkdebug`, which lets requests fail, as faults of a medium.
 *
 * Source: QEMU, "Block I/O error injection using blkdebug" (developers' documentation).
 */
import { UserError } from '../../base/errors.js';
import type { MediumFault } from '../../device/disk/faults.js';
import type { MediumOperation } from '../../device/medium.js';

/** What becomes of a request that fails: the guest is told, the machine stops until it is tried again, or nobody hears of it. */
export type ErrorAction = 'report' | 'stop' | 'ignore';

/** Events by what a drive does when they come. */
const operations: Readonly<Record<string, MediumOperation>> = {
  read_aio: 'read',
  write_aio: 'write',
  flush_to_os: 'flush',
  flush_to_disk: 'flush',
};

/** The operation that an event belongs to. */
export const operationOfEvent = (event: string): MediumOperation | undefined =>
  Object.hasOwn(operations, event) ? operations[event] : undefined;

/** Where the machine stops, the drive holds the request back for this long once it goes on. */
const heldMicroseconds = 1000;

function rulesOf(text: string, file: string): { readonly section: string; readonly values: Map<string, string> }[] {
  const rules: { section: string; values: Map<string, string> }[] = [];
  for (const [index, line] of text
    .split('\n')
    .map((each) => each.trim())
    .entries()) {
    const section = /^\[([a-z-]+)\]$/.exec(line)?.[1];
    const [, name, value] = /^([a-z_-]+)\s*=\s*"([^"]*)"$/.exec(line) ?? [];
    if (section !== undefined) rules.push({ section, values: new Map() });
    else if (name !== undefined && rules.length > 0) rules.at(-1)!.values.set(name, value!);
    else if (line !== '' && !line.startsWith('#'))
      throw new UserError('this is neither [SECTION] nor NAME = "VALUE"', { file, place: `line ${index + 1}` });
  }
  return rules;
}

/** The faults that the `[inject-error]` rules of a file ask for, as long as the driver is in its first state. */
export function faultsOf(
  text: string,
  file: string,
  actions: { readonly read: ErrorAction; readonly write: ErrorAction },
): MediumFault[] {
  return rulesOf(text, file).flatMap(({ section, values }) => {
    if (section !== 'inject-error' || !['0', '1', undefined].includes(values.get('state'))) return [];
    const event = values.get('event') ?? '';
    const operation = operationOfEvent(event);
    if (operation === undefined)
      throw new UserError(`there is no event "${event}" here`, {
        file,
        nextStep: `Use one of: ${Object.keys(operations).join(', ')}.`,
      });
    const action = operation === 'read' ? actions.read : actions.write;
    if (action === 'ignore') return [];
    const sector = values.get('sector');
    return {
      operation,
      ...(sector === undefined || operation === 'flush' ? {} : { firstSector: Number(sector), sectors: 1 }),
      ...(values.get('once') === 'on' ? { times: 1 } : {}),
      ...(action === 'stop' ? { delayMicroseconds: heldMicroseconds } : {}),
    };
  });
}
