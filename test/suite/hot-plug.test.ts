import { describe, expect, test } from 'vitest';
import type { SlottedCard } from '../../src/machine/machine.js';
import { inputOf, noMedia, type PluggedCard } from '../../src/suite/hot-plug.js';

const medium = { sha256: 'a'.repeat(64), size: 512, writable: true };
const eventOf = (card: PluggedCard, there: readonly SlottedCard[] = []) => inputOf(card, new Set(there), () => medium);

describe('a card that a suite plugs in', () => {
  test('is a disk in the first virtio drive that is free, or in the one that is named', () => {
    expect(eventOf({ disk: 'a.img' }, ['virtio0'])).toEqual({ kind: 'plugDisk', drive: 'virtio1', medium });
    expect(eventOf({ disk: 'a.img', drive: 'scsi2' })).toMatchObject({ drive: 'scsi2' });
  });
  test('is a network card on the built-in network, unless another is named', () => {
    expect(eventOf({ network: 'e1000', slot: 9 })).toEqual({
      kind: 'plugNetworkCard',
      card: 'e1000',
      network: 'built-in',
      slot: 9,
    });
    expect(eventOf({ network: { card: 'rtl8139', network: 'none' } })).toMatchObject({ network: 'none' });
  });
  test('is another device', () => {
    expect(eventOf({ device: 'virtio-rng' })).toEqual({ kind: 'plugDevice', device: 'virtio-rng' });
  });
  test.each<readonly [PluggedCard, string]>([
    [{ network: 'ne2000' }, 'ISA card'],
    [{ network: { card: 'e1000', network: 'live' } }, 'live network'],
  ])('%o is refused', (card, message) => {
    expect(() => eventOf(card)).toThrow(message);
  });
  test('has no place where all virtio drives are taken, and no medium outside a guestTest', () => {
    expect(() => eventOf({ disk: 'a.img' }, ['virtio0', 'virtio1', 'virtio2', 'virtio3'])).toThrow('no room');
    expect(noMedia).toThrow('no place where media');
  });
});
