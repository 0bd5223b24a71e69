/** Cards that a suite plugs into a running guest, as inputs. */
import { assert } from '../base/assert.js';
import { UserError } from '../base/errors.js';
import type { NetworkCardRequest } from '../host/machine-request.js';
import { type CardToPlug, freeDriveOf, plugEventOf, pluggedCardOf } from '../machine/card-changes.js';
import type {
  MachineDescription,
  MediumDescription,
  NetworkCard,
  PluggedDevice,
  PluggedDrive,
  PlugEvent,
  SlottedCard,
  UnpluggedDevice,
} from '../machine/machine.js';
import type { Medium } from './guest-test.js';

/** A card, and the slot that it is to be in: 3 to 31. Default: the first that is free. */
export type PluggedCard =
  /** A drive of a virtio SCSI adapter (`scsi0` to `scsi6`) has no slot of its own. Default: the first virtio drive that is free. */
  (
    | { readonly disk: Medium; readonly drive?: PluggedDrive }
    /** Default: it is plugged into the built-in network. */
    | { readonly network: NetworkCardRequest }
    | { readonly device: PluggedDevice }
  ) & { readonly slot?: number };

/** What was plugged in, and its slot; a SCSI disk's is that of its adapter. */
export interface Plugged {
  readonly card: UnpluggedDevice;
  readonly slot: number;
}

/** What a machine has after an input, where it had other cards before. */
export function pluggedBy(event: PlugEvent, before: ReadonlySet<SlottedCard>, after: MachineDescription): Plugged {
  const card = pluggedCardOf(event, before, after);
  assert(card !== undefined, 'what was plugged in is there');
  const holder = card.startsWith('scsi') ? 'virtioScsi' : card;
  return { card, slot: after.slots?.find((each) => each.card === holder)?.slot ?? NaN };
}

/** The input that plugs in what a suite names, where other cards are there already. */
export const inputOf = (
  card: PluggedCard,
  there: ReadonlySet<SlottedCard>,
  mediumOf: (medium: Medium) => MediumDescription,
): PlugEvent => plugEventOf(toPlug(card, there, mediumOf), card.slot);

function toPlug(
  card: PluggedCard,
  there: ReadonlySet<SlottedCard>,
  mediumOf: (medium: Medium) => MediumDescription,
): CardToPlug {
  if ('device' in card) return card;
  if ('network' in card) return networkCard(card.network);
  const drive = card.drive ?? freeDriveOf('virtio', (each) => there.has(each as SlottedCard));
  if (drive === undefined)
    throw new UserError(`there is no room for another virtio disk`, {
      nextStep: 'Let one be unplugged first.',
    });
  return { drive, medium: mediumOf(card.disk) };
}

function networkCard(request: NetworkCardRequest): CardToPlug {
  const said = typeof request === 'string' ? { card: request } : request;
  const { card, network = 'built-in', mac } = said as Exclude<NetworkCardRequest, NetworkCard>;
  if (card === 'ne2000')
    throw new UserError('an ISA card cannot be plugged into a running machine', { nextStep: 'Plug in a PCI card.' });
  if (network === 'live')
    throw new UserError('a card that is plugged in later has no live network', {
      nextStep: 'Use "built-in" or "none", or describe the card with the machine.',
    });
  return { card, network, mac };
}

/** For a guest that was made without a place where media are found. */
export function noMedia(): never {
  throw new UserError('this guest has no place where media are found', { nextStep: 'Use the guest of a guestTest.' });
}
