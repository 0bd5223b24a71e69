import { expect, test } from 'vitest';
import { debugConsole } from '../../../src/device/debug-console/debug-console.js';
import { createDevice } from '../../../src/device/device.js';

test('bytes go out as they are written, and the port reads as E9h', () => {
  const sent: number[] = [];
  const device = createDevice(debugConsole, { lines: {}, board: { transmit: (byte) => sent.push(byte) } });
  for (const byte of [0x68, 0x69, 0x00, 0xff]) device.write('data', byte);
  expect(sent).toEqual([0x68, 0x69, 0x00, 0xff]);
  expect(device.read('data')).toBe(0xe9);
});
