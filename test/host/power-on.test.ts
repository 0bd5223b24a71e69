import { expect, test } from 'vitest';
import { powerOnFrom, unixSeconds } from '../../src/host/power-on.js';

test('a date is Unix seconds or ISO 8601, and means UTC where no zone is said', () => {
  expect(unixSeconds('1714979289')).toBe(1714979289);
  expect(unixSeconds('2024-05-06T07:08:09Z')).toBe(1714979289);
  expect(unixSeconds('2024-05-06T07:08:09')).toBe(1714979289);
  expect(unixSeconds('2024-05-06')).toBe(1714953600);
  for (const wrong of ['', 'soon', '-1', '1969-12-31', '2107-01-01', '1e99'])
    expect(() => unixSeconds(wrong)).toThrow();
});

test('what is given is taken, and the host is asked only for the rest', () => {
  expect(powerOnFrom({ date: '0', seed: 0 })).toEqual({ date: 0, seed: 0 });
  const { date, seed } = powerOnFrom({});
  expect(Math.abs(date - Date.now() / 1000)).toBeLessThan(60);
  expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32).toBe(true);
  for (const wrong of [-1, 0.5, 2 ** 32, NaN]) expect(() => powerOnFrom({ seed: wrong })).toThrow('seed');
});
