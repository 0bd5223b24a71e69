import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fastHash, sha256Hex } from '../../../src/base/digest.js';
import { InvariantError } from '../../../src/base/assert.js';
import { StateFormatError } from '../../../src/state/schema.js';
import { diffBayImages, type MediumBay, type MediumIdentity, mediumBay } from '../../../src/device/disk/medium.js';
import { sectorBytes } from '../../../src/device/medium.js';

const image = Uint8Array.from({ length: 8 * sectorBytes - 100 }, (_, at) => (at * 7 + (at >> 9)) & 0xff);
const identity: MediumIdentity = { sha256: sha256Hex(image), size: image.length, writable: true };
const images = new Map([[identity.sha256, image]]);

function filledBay(writable = true): MediumBay {
  const bay = mediumBay(images);
  bay.insert({ ...identity, writable });
  return bay;
}

function sector(bay: MediumBay, number: number): Uint8Array {
  const into = new Uint8Array(sectorBytes).fill(0xee);
  bay.medium!.read(number, into);
  return into;
}

const filled = (value: number): Uint8Array => new Uint8Array(sectorBytes).fill(value);

describe('a medium bay', () => {
  test('is empty at first and after its medium was taken out', () => {
    const bay = mediumBay(images);
    expect(bay.medium).toBeUndefined();
    bay.insert(identity);
    expect(bay.medium!.sectors).toBe(8);
    bay.eject();
    expect(bay.medium).toBeUndefined();
  });

  test('reads the base image, with zeros after the end of its last sector', () => {
    const bay = filledBay();
    expect(sector(bay, 1)).toEqual(image.subarray(sectorBytes, 2 * sectorBytes));
    expect(sector(bay, 7).subarray(0, 412)).toEqual(image.subarray(7 * sectorBytes));
    expect(sector(bay, 7).subarray(412)).toEqual(new Uint8Array(100));
  });

  test('never writes its base image', () => {
    const before = sha256Hex(image);
    const bay = filledBay();
    for (let number = 0; number < 8; number++) bay.medium!.write(number, filled(number + 1));
    expect(sha256Hex(image)).toBe(before);
    expect(sector(bay, 3)).toEqual(filled(4));
  });

  test('keeps a copy of what was written, not the buffer it was given', () => {
    const bay = filledBay();
    const buffer = filled(1);
    bay.medium!.write(0, buffer);
    buffer.fill(2);
    expect(sector(bay, 0)).toEqual(filled(1));
  });

  test('drops what was written when the medium is changed', () => {
    const bay = filledBay();
    bay.medium!.write(0, filled(1));
    bay.insert(identity);
    expect(sector(bay, 0)).toEqual(image.subarray(0, sectorBytes));
  });

  test('saves equal bytes in whatever order the sectors were written', () => {
    const [one, two] = [filledBay(), filledBay()];
    for (const number of [5, 1, 3]) one.medium!.write(number, filled(number));
    for (const number of [3, 5, 1]) two.medium!.write(number, filled(number));
    expect(one.save()).toEqual(two.save());
  });

  test('loads its identity and its sectors into any other bay', () => {
    const bay = filledBay(false);
    const other = mediumBay(images);
    other.insert(identity);
    other.medium!.write(2, filled(9));
    other.load(bay.save());
    expect(other.medium!.writable).toBe(false);
    expect(sector(other, 2)).toEqual(sector(bay, 2));
    other.load(mediumBay(images).save());
    expect(other.medium).toBeUndefined();
  });

  test('names the first differing byte, or a sector that only one side wrote', () => {
    const [one, two] = [filledBay(), filledBay()];
    one.medium!.write(4, filled(1));
    expect(one.diff(two.save())).toEqual([{ path: 'written[sector 4]', left: 'written', right: 'as in the image' }]);
    const changed = filled(1);
    changed[0x21] = 2;
    two.medium!.write(4, changed);
    expect(one.diff(two.save())).toEqual([{ path: 'written[sector 4][0x21]', left: '0x1', right: '0x2' }]);
    expect(one.diff(one.save())).toEqual([]);
  });

  test('gives images that hold what was written when they were made, whatever is written later', () => {
    const write = fc.record({ sector: fc.nat(7), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(fc.array(write, { maxLength: 4 }), { maxLength: 8 }), (rounds) => {
        const bay = filledBay();
        const moments = rounds.map((writes) => {
          for (const { sector: number, value } of writes) bay.medium!.write(number, filled(value));
          return { image: bay.image(), saved: bay.save() };
        });
        for (const { image, saved } of moments.reverse()) {
          const other = mediumBay(images);
          other.restore(image);
          expect(other.save()).toEqual(saved);
          bay.restore(image);
          expect(bay.save()).toEqual(saved);
          expect(bay.hash()).toBe(fastHash(saved));
          expect(diffBayImages(image, bay.image())).toEqual([]);
        }
      }),
    );
  });

  test('knows which sectors of the base image were needed', () => {
    const bay = filledBay();
    bay.medium!.write(5, filled(1));
    for (const number of [5, 6, 2, 6]) sector(bay, number);
    expect(bay.baseSectorsRead()).toEqual(new Map([[identity.sha256, [2, 6]]]));
  });

  test('refuses, as a mistake of ours, sectors beyond the end and writes to a protected medium', () => {
    expect(() => sector(filledBay(), 8)).toThrow(InvariantError);
    expect(() => filledBay(false).medium!.write(0, filled(0))).toThrow(InvariantError);
  });

  test('refuses a saved overlay that is cut or out of order', () => {
    const bay = filledBay();
    bay.medium!.write(1, filled(1));
    const saved = bay.save();
    expect(() => filledBay().load(saved.subarray(0, saved.length - 1))).toThrow(StateFormatError);
    const twice = filledBay();
    twice.medium!.write(1, filled(1));
    twice.medium!.write(2, filled(2));
    const swapped = twice.save();
    swapped[swapped.length - 2 * (sectorBytes + 4)] = 7;
    expect(() => filledBay().load(swapped)).toThrow(StateFormatError);
  });

  test('behaves as a plain array of sectors under any sequence of writes, saves and loads', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('write'), sector: fc.nat(7), value: fc.nat(255) }),
      fc.record({ kind: fc.constantFrom('reload', 'change'), sector: fc.nat(7), value: fc.nat(255) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let bay = filledBay();
        const padded = (): Uint8Array => {
          const whole = new Uint8Array(8 * sectorBytes);
          whole.set(image);
          return whole;
        };
        let model = padded();
        for (const { kind, sector: number, value } of steps) {
          if (kind === 'write') {
            bay.medium!.write(number, filled(value));
            model.fill(value, number * sectorBytes, (number + 1) * sectorBytes);
          } else if (kind === 'change') {
            bay.insert(identity);
            model = padded();
          } else {
            const fresh = mediumBay(images);
            if (value % 2 === 0) fresh.load(bay.save());
            else fresh.restore(bay.image());
            expect(fresh.save()).toEqual(bay.save());
            bay = fresh;
          }
          expect(bay.hash()).toBe(fastHash(bay.save()));
        }
        for (let number = 0; number < 8; number++) {
          expect(sector(bay, number)).toEqual(model.slice(number * sectorBytes, (number + 1) * sectorBytes));
        }
      }),
    );
  });
});
