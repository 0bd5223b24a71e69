import { describe, expect, test } from 'vitest';
import { announcementOf, Announcements } from '../../../src/debug/qtest/announce.js';

/** Announcements with a clock of their own; `at` tells when each was sent. */
function rig() {
  const waiting: { readonly at: number; readonly action: () => void }[] = [];
  const at: number[] = [];
  let now = 0;
  const all = new Announcements(
    (milliseconds, action) => void waiting.push({ at: now + milliseconds, action }),
    () => void at.push(now),
  );
  const pass = (): void => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      now = next.at;
      next.action();
    }
  };
  return { all, at, pass, step: () => waiting.shift()?.action() };
}

describe('announcements', () => {
  test('ask in the name of a card what its address is', () => {
    const frame = announcementOf(Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56));
    expect(frame).toHaveLength(60);
    expect(Buffer.from(frame).toString('hex', 0, 42)).toBe(
      'ffffffffffff5254001234568035000108000604000352540012345600000000525400123456' + '00000000',
    );
  });
  test('come at once, and then after times that grow up to a limit', () => {
    const { all, at, pass } = rig();
    all.start('bob', { rounds: 5, initial: 20, step: 30, max: 60 });
    pass();
    expect(at).toEqual([0, 20, 70, 130, 190]);
  });
  test('end when others begin under their name, though these be none', () => {
    const { all, at, pass, step } = rig();
    all.start('bob', { rounds: 5, initial: 20, step: 30, max: 60 });
    step();
    all.start('eve', { rounds: 1, initial: 0, step: 0, max: 0 });
    all.start('bob', { rounds: 0, initial: 20, step: 30, max: 60 });
    pass();
    expect(at).toHaveLength(2);
  });
});
