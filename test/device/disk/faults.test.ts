import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MediumFault, faultyMedium } from '../../../src/device/disk/faults.js';
import type { MediumOperation } from '../../../src/device/medium.js';
import { loadState, saveState } from '../../../src/state/schema.js';

describe('a faulty medium', () => {
  test('fails at its bad sectors alone, and tells how many before them go well', () => {
    const { faults } = faultyMedium([{ operation: 'read', firstSector: 5, sectors: 2 }]);
    expect([faults.good('read', 0, 5), faults.good('read', 3, 8), faults.good('read', 6, 8)]).toEqual([5, 2, 0]);
    expect([faults.good('read', 7, 3), faults.good('write', 0, 10)]).toEqual([3, 10]);
  });

  test('fails after as many accesses as it is told, as often as it is told', () => {
    const { faults } = faultyMedium([{ operation: 'write', firstSector: 2, sectors: 1, after: 2, times: 3 }]);
    const outcomes = Array.from({ length: 7 }, () => faults.good('write', 2, 1));
    expect(outcomes).toEqual([1, 1, 0, 0, 0, 1, 1]);
  });

  test('takes longer for each slow sector of an access, and never longer than a day', () => {
    const { faults } = faultyMedium([
      { operation: 'read', firstSector: 4, sectors: 2, delayMicroseconds: 300 },
      { operation: 'flush', times: 1, delayMicroseconds: 7 },
      { operation: 'write', delayMicroseconds: 3_600_000_000 },
    ]);
    expect([faults.delay('read', 0, 4), faults.delay('read', 0, 8), faults.delay('read', 5, 1)]).toEqual([0, 600, 300]);
    expect([faults.delay('flush', 0, 1), faults.delay('flush', 0, 1)]).toEqual([7, 0]);
    expect(faults.delay('write', 0, 2 ** 32)).toBe(86_400_000_000);
    expect(faults.good('read', 0, 8)).toBe(8);
  });

  test('tells of every access that meets a fault', () => {
    const met: string[] = [];
    const { faults } = faultyMedium(
      [
        { operation: 'read', firstSector: 9, sectors: 1, times: 1 },
        { operation: 'flush', delayMicroseconds: 1 },
      ],
      (operation, sector) => void met.push(`${operation} ${sector}`),
    );
    for (let round = 0; round < 2; round++) if (faults.good('read', 8, 4) === 1) faults.good('read', 9, 1);
    faults.delay('flush', 0, 1);
    expect(met).toEqual(['read 9', 'flush 0']);
  });

  test('is sound once another medium is in the drive', () => {
    const { faults, state } = faultyMedium([{ operation: 'read' }, { operation: 'read', delayMicroseconds: 9 }]);
    state.gone = true;
    expect([faults.good('read', 0, 3), faults.delay('read', 0, 3)]).toEqual([3, 0]);
  });

  test('behaves, saved and loaded at any moment, as if each sector were counted by itself', () => {
    const operation = fc.constantFrom<MediumOperation>('read', 'write', 'flush');
    const small = (least: number) => fc.integer({ min: least, max: 12 });
    const fault = fc
      .record(
        {
          operation,
          firstSector: small(0),
          sectors: small(1),
          after: small(0),
          times: small(1),
          delayMicroseconds: small(1),
        },
        { requiredKeys: ['operation'] },
      )
      .map((each): MediumFault => {
        const { operation: what, after, times, delayMicroseconds } = each;
        const rest = Object.entries({ after, times, delayMicroseconds }).filter(([, value]) => value !== undefined);
        return what === 'flush' ? { operation: what, ...Object.fromEntries(rest) } : each;
      });
    const access = fc.record({ operation, first: small(0), sectors: small(1), saves: fc.boolean() });
    fc.assert(
      fc.property(fc.array(fault, { maxLength: 5 }), fc.array(access, { maxLength: 20 }), (list, accesses) => {
        let real = faultyMedium(list);
        const counts = list.map(() => 0);
        const touched = (index: number, what: MediumOperation, sector: number): boolean => {
          const { operation: of, firstSector = 0, sectors = Infinity } = list[index]!;
          return of === what && (what === 'flush' || (sector >= firstSector && sector < firstSector + sectors));
        };
        /** Counts an access of one sector by the faults of a kind; how many of them it met. */
        const meets = (delays: boolean, what: MediumOperation, sector: number): number[] =>
          list.flatMap(({ after = 0, times = Infinity, delayMicroseconds }, index) => {
            if ((delayMicroseconds !== undefined) !== delays || !touched(index, what, sector)) return [];
            const at = counts[index]!++;
            return at >= after && at < after + times ? [delayMicroseconds ?? 0] : [];
          });
        for (const { operation: what, first, sectors: wanted, saves } of accesses) {
          const sectors = what === 'flush' ? 1 : wanted;
          if (saves) {
            const saved = saveState(real.field, real.state);
            real = faultyMedium(list);
            loadState(real.field, saved, real.state);
          }
          let [delay, good] = [0, 0];
          for (let at = 0; at < sectors; at++) {
            for (const each of meets(true, what, first + at)) delay += each;
          }
          expect(real.faults.delay(what, first, sectors)).toBe(delay);
          while (good < sectors) {
            const before = [...counts];
            if (meets(false, what, first + good).length > 0) {
              if (good > 0) counts.splice(0, counts.length, ...before); // It is counted when it is asked about first.
              break;
            }
            good++;
          }
          expect(real.faults.good(what, first, sectors)).toBe(good);
        }
      }),
    );
  });
});
