/** Cards that a suite plugs into a running guest, as inputs. */
import { assert } from '../base/assert.js';
import { UserError } from '../base/errors.js';
import { cardsOf } from '../machine/description.js';
import type { NetworkCardRequest } from '../host/machine-request.js';
import {
  type MachineDescription,
  type MediumDescription,
  type NetworkCard,
  type PluggedDevice,
  type PluggedDrive,
  pluggedDrives,
  type PlugEvent,
  type SlottedCard,
  type UnpluggedDevice,
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
  const isUnit = event.kind === 'plugDisk' && event.drive.startsWith('scsi');
  const found = cardsOf(after).find((each) => (isUnit ? each === 'virtioScsi' : !before.has(each)));
  const slot = after.slots?.find(({ card }) => card === found)?.slot;
  assert(found !== undefined, 'what was plugged in is there');
  return { card: isUnit ? event.drive : found, slot: slot ?? NaN };
}

/** The input that plugs a card in, where others are there already. */
export function plugEventOf(
  card: PluggedCard,
  there: ReadonlySet<SlottedCard>,
  mediumOf: (medium: Medium) => MediumDescription,
): PlugEvent {
  const where = card.slot === undefined ? {} : { slot: card.slot };
  if ('device' in card) return { kind: 'plugDevice', device: card.device, ...where };
  if ('network' in card) return { ...networkEvent(card.network), ...where };
  const drive =
    card.drive ?? pluggedDrives.find((each) => each.startsWith('virtio') && !there.has(each as SlottedCard));
  if (drive === undefined)
    throw new UserError(`there is no room for another virtio disk`, {
      nextStep: 'Let one be unplugged first.',
    });
  return { kind: 'plugDisk', drive, medium: mediumOf(card.disk), ...where };
}

function networkEvent(request: NetworkCardRequest): Extract<PlugEvent, { kind: 'plugNetworkCard' }> {
  const said = typeof request === 'string' ? { card: request } : request;
  const { card, network = 'built-in', mac } = said as Exclude<NetworkCardRequest, NetworkCard>;
  if (card === 'ne2000')
    throw new UserError('an ISA card cannot be plugged into a running machine', { nextStep: 'Plug in a PCI card.' });
  if (network === 'live')
    throw new UserError('a card that is plugged in later has no live network', {
      nextStep: 'Use "built-in" or "none", or describe the card with the machine.',
    });
  return { kind: 'plugNetworkCard', card, network, ...(mac === undefined ? {} : { mac }) };
}

/** For a guest that was made without a place where media are found. */
export function noMedia(): never {
  throw new UserError('this guest has no place where media are found', { nextStep: 'Use the guest of a guestTest.' });
}
