/** The recorded crash of the small kernel: one keystroke that corrupts its event list. README.md tells why. */
import { expect, guestTest, replayInFreshProcess } from 'tsvm-test';

const test = guestTest({ machine: 'pc', disk: 'suites/kernel/kernel.img', memory: '16M' });

test('the recorded keystroke ends in the same panic, bit for bit', async () => {
  const replayed = await replayInFreshProcess('traces/kernel/race.trace');
  expect(replayed.result).toBe('equal');
  expect(replayed.verified).toBe(replayed.checkpoints.length);
  expect(replayed.screen).toContain('Minnow has stopped: event list corrupt');
  expect(replayed.screen).toMatchGolden('screen');
  expect(replayed.serial['0']).toMatchGolden('serial');
});
