import { expect, test } from 'vitest';
import { UserError } from '../../../src/base/errors.js';
import { faultsOf } from '../../../src/debug/qtest/blkdebug.js';

const rules = `
[inject-error]
event = "flush_to_disk"
errno = "5"
state = "1"
once = "on"
[set-state]
event = "flush_to_disk"
new_state = "2"
# Another one.
[inject-error]
event = "read_aio"
sector = "7"
[inject-error]
event = "write_aio"
state = "2"
`;
const report = { read: 'report', write: 'report' } as const;

test('rules become faults of the operations that their events belong to', () => {
  expect(faultsOf(rules, 'rules', report)).toEqual([
    { operation: 'flush', times: 1 },
    { operation: 'read', firstSector: 7, sectors: 1 },
  ]);
});

test('where the machine stops at an error, the request is only late', () => {
  const [flush, ...rest] = faultsOf(rules, 'rules', { read: 'ignore', write: 'stop' });
  expect(flush).toEqual({ operation: 'flush', times: 1, delayMicroseconds: expect.any(Number) });
  expect(rest).toEqual([]);
});

test('what is no rule is refused with its line', () => {
  expect(() => faultsOf('[inject-error]\nevent: x', 'rules', report)).toThrow(/line 2/);
  expect(() => faultsOf('[inject-error]\nevent = "l1_update"', 'rules', report)).toThrow(UserError);
});
