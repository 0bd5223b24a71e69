import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import { createPacketCapture } from '../../src/host/pcap.js';

test('a capture file holds each frame with its guest time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pcap-'));
  const path = join(folder, 'a.pcap');
  const capture = createPacketCapture(path);
  capture.frame(2.5, Uint8Array.of(1, 2, 3));
  capture.close();
  const file = readFileSync(path);
  rmSync(folder, { recursive: true });
  expect(file.readUInt32LE(0)).toBe(0xa1b2c3d4);
  expect([16, 20, 24, 28, 32, 36].map((at) => file.readUInt32LE(at))).toEqual([65535, 1, 2, 500_000, 3, 3]);
  expect([...file.subarray(40)]).toEqual([1, 2, 3]);
});

test('a capture file that cannot be written is the user’s to mend', () => {
  expect(() => createPacketCapture('/no/such/folder/a.pcap')).toThrow(UserError);
});
