import { describe, expect, test } from 'vitest';
import { cycle } from '../../src/base/integers.js';
import { bisect } from '../../src/replay/bisect.js';
import { diffRuns } from '../../src/replay/diff.js';
import { parsePredicate } from '../../src/replay/predicate.js';
import { letGo, playerOf, record, strike } from './recordings.js';
import { loopStart } from './toy-machine.js';

const session = record(
  [
    [12_345, strike('a')],
    [12_400, letGo('a')],
    [20_001, strike('b')],
    [33_000, (recorder) => recorder.input({ kind: 'reset' })],
    [41_000, strike('h')],
  ],
  60_000,
);

/** The cycle at which something first holds, found by looking at every one. */
function slowly(holds: (player: ReturnType<typeof playerOf>) => boolean): number {
  const player = playerOf(session);
  for (let at = 0; at <= 60_000; at++) {
    player.advance(cycle(at));
    if (holds(player)) return at;
  }
  return -1;
}

const find = (source: string, lookCycles?: number) =>
  bisect(playerOf(session), parsePredicate(source), lookCycles === undefined ? {} : { lookCycles });

describe('bisect', () => {
  test('finds the exact cycle at which the screen shows something', () => {
    expect(find('screen:b')).toMatchObject({ cycle: 20_301, cause: 'instruction' });
    expect(find('screen:/A$/i')).toMatchObject({ cycle: 12_645 });
  });

  test('finds the exact serial byte, even of a match that ends soon', () => {
    expect(find('serial:/\\.a$/')).toMatchObject({ cycle: 12_645 });
    expect(find('serial:..')).toMatchObject({ cycle: 2000 });
    expect(find('serial1:a')).toBeUndefined();
  });

  test('finds the cycle at which memory first holds a value, as looking at every cycle does', () => {
    const player = playerOf(session);
    player.advance(cycle(60_000));
    let compared = 0;
    for (let address = 0; address < 4096 && compared < 6; address += 37) {
      const [value] = player.machine.readMemory(address, 1);
      if (value === 0) continue;
      compared++;
      const expected = slowly(({ machine }) => machine.readMemory(address, 1)[0] !== 0);
      expect(find(`memory:0x${address.toString(16)}!=00`)).toMatchObject({ cycle: expected, cause: 'instruction' });
      expect(find(`memory:${address}/1>0`, 60_000)).toMatchObject({ cycle: expected });
    }
    expect(compared).toBe(6);
  });

  test('names the instruction that retired last, before and after', () => {
    const found = find(`executed:0x${(loopStart + 7).toString(16)}`)!;
    expect(found).toMatchObject({ cycle: 8, cause: 'instruction' });
    expect(found.before?.linear).toBe(loopStart + 7);
    expect(found.after.linear).toBe(loopStart + 8);
  });

  test.each([true, false])('finds where the processor halts for good (returning at once: %s)', (returnsAtHalt) => {
    const trace = record([[41_000, strike('h')]], 60_000, { toy: { returnsAtHalt } });
    const found = bisect(playerOf(trace, { returnsAtHalt }), parsePredicate('halted'));
    expect(found).toMatchObject({ cycle: 41_300, cause: 'instruction', inputs: [{ kind: 'key', at: 41_000 }] });
  });

  test('finds a shutdown, and a power cut as the input that caused it', () => {
    const shutdown = record([[5000, strike('s')]], 5300, { reason: 'shutdown' });
    expect(bisect(playerOf(shutdown), parsePredicate('shutdown'))).toMatchObject({ cycle: 5300 });
    const cut = record([[7001, (recorder) => recorder.input({ kind: 'powerCut' })]], 7001, { reason: 'powerOff' });
    expect(bisect(playerOf(cut), parsePredicate('powerOff'))).toMatchObject({ cycle: 7001, cause: 'input' });
  });

  test('names the power-on when the predicate holds from the start, and nothing when it never does', () => {
    expect(find('memory:0x10=00')).toMatchObject({ cycle: 0, cause: 'start' });
    expect(find('screen:nowhere')).toBeUndefined();
    expect(find('shutdown')).toBeUndefined();
    expect(find('executed:0x1')).toBeUndefined();
  });

  test.each([
    ['', /This is no predicate/],
    ['screen', /This is no predicate/],
    ['screen:', /pattern is empty/],
    ['screen:/(/', /Invalid regular expression/],
    ['memory:12', /comparison is missing/],
    ['memory:0x10>12', /Only values with a width/],
    ['memory:0x10=1', /pairs of hexadecimal/],
    ['memory:x=10', /no number below/],
    ['executed:0x100000000', /no number below/],
    ['halted:1', /This is no predicate/],
  ])('refuses %s', (source, message) => {
    expect(() => parsePredicate(source)).toThrow(message);
  });
});

describe('diff', () => {
  test('finds the first differing cycle, part, field and both values', () => {
    const { difference } = diffRuns(playerOf(session, {}, false), playerOf(session, { faultAt: 31_007 }, false), {
      compareCycles: 10_000,
    });
    expect(difference).toMatchObject({ cycle: 31_007 });
    expect(difference?.differences).toHaveLength(1);
    const [{ part, path, left, right }] = difference!.differences as [NonNullable<typeof difference>['differences'][0]];
    expect([part, path]).toEqual(['memory', '[0x123]']);
    expect(Number(left) ^ Number(right)).toBe(1);
    expect(difference?.left.inputs.at(-1)).toMatchObject({ kind: 'key', at: 20_001 });
  });

  test('finds nothing between two runs of one trace', () => {
    expect(diffRuns(playerOf(session), playerOf(session))).toEqual({ comparedUpTo: 60_000 });
  });

  test('finds an input that only one of two recordings has', () => {
    const other = record(
      [
        [12_345, strike('a')],
        [12_400, letGo('a')],
        [20_003, strike('b')],
      ],
      50_000,
    );
    const { difference } = diffRuns(playerOf(session), playerOf(other));
    expect(difference).toMatchObject({ cycle: 20_001, differences: [{ part: 'uart' }, { part: 'uart' }] });
    expect(difference?.left.inputs.at(-1)).toMatchObject({ at: 20_001 });
    expect(difference?.right.inputs.at(-1)).toMatchObject({ at: 12_400 });
  });
});
