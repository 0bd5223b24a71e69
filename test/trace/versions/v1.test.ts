import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cycle } from '../../../src/base/integers.js';
import { readTrace } from '../../../src/trace/reader.js';
import { brotli, recordsOf, sampleHeader, typical } from '../samples.js';

const stored = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, import.meta.url)));

test('the kept trace of version 1 reads as it was recorded', () => {
  const trace = readTrace(stored('v1.trace'));
  expect(trace.version).toBe(1);
  expect(trace.header).toEqual({ version: 1, ...sampleHeader });
  expect(trace.records).toEqual(recordsOf(typical));
  expect(trace.end).toMatchObject({ reason: 'powerOff', at: 2 ** 42 + 5, events: 7, checkpoints: 3 });
});

test('the kept trace of version 1 with a brotli frame reads as it was recorded', () => {
  const trace = readTrace(stored('v1-brotli.trace'), { compressions: [brotli] });
  expect(trace.records).toHaveLength(400);
  expect(trace.records[399]).toEqual({ kind: 'key', at: cycle(399_000), key: 0x1e, pressed: false });
});
