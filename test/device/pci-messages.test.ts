import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../src/device/device.js';
import { messageCapability, pciMessages } from '../../src/device/pci-messages.js';
import { type Action, testChipProperties } from './chip-properties.js';

const { enable, maskAll } = messageCapability;
const vectors = 3;

function bench() {
  const sent: [number, number][] = [];
  const control: { value: number } = { value: enable };
  const chip = createDevice(pciMessages('card', { range: 1, vectors }), {
    lines: {},
    board: { control: () => control.value, send: (address, data) => void sent.push([address, data]) },
  });
  const { operations } = chip;
  const write = (offset: number, value: number) => operations.writeRegister(offset, value, 4);
  const setControl = (value: number) => {
    control.value = value;
    operations.controlChanged();
  };
  /** Gives a vector its message: at 100 times its number, with its number; and takes its mask away. */
  const prepare = (vector: number) => {
    write(vector * 16, 0xfee0_0000 + vector * 0x1000);
    write(vector * 16 + 8, vector);
    write(vector * 16 + 12, 0);
  };
  return { chip, sent, write, setControl, prepare, request: operations.request, read: operations.readRegister };
}

describe('the table of messages', () => {
  test('is masked after a reset, and keeps what is written but for bits that do not exist', () => {
    const { read, write } = bench();
    expect(read(12, 4)).toBe(1);
    write(0, 0xffff_ffff);
    write(12, 0xffff_ffff);
    expect([read(0, 4), read(12, 4)]).toEqual([0xffff_fffc, 1]);
    write(vectors * 16, 0x1234);
    expect(read(vectors * 16, 4)).toBe(0);
  });
  test('sends the message of a vector', () => {
    const { prepare, request, sent } = bench();
    prepare(2);
    request(2);
    expect(sent).toEqual([[0xfee0_2000, 2]]);
  });
  test('lets a masked message wait, once, until its mask is taken away', () => {
    const { prepare, request, sent, read, write } = bench();
    prepare(1);
    write(1 * 16 + 12, 1);
    request(1);
    request(1);
    expect([sent, read(0x800, 4)]).toEqual([[], 2]);
    write(1 * 16 + 12, 0);
    expect([sent.length, read(0x800, 4)]).toEqual([1, 0]);
  });
  test('lets all wait while the function is masked or switched off', () => {
    const { prepare, request, sent, setControl } = bench();
    for (const vector of [0, 1, 2]) prepare(vector);
    setControl(enable | maskAll);
    request(2);
    setControl(0);
    request(0);
    expect(sent).toEqual([]);
    setControl(enable);
    expect(sent.map(([, data]) => data)).toEqual([0, 2]);
  });
});

describe('any use', () => {
  const offset = fc.nat(vectors * 4 + 1).map((word) => (word > vectors * 4 ? 0x800 : word * 4));
  const action: fc.Arbitrary<Action> = fc.oneof(
    fc
      .tuple(offset, fc.nat(0xffff_ffff))
      .map(([at, value]): Action => ({ kind: 'operation', name: 'writeRegister', arguments: [at, value, 4] })),
    offset.map((at): Action => ({ kind: 'operation', name: 'readRegister', arguments: [at, 4] })),
    fc.nat(vectors - 1).map((vector): Action => ({ kind: 'operation', name: 'request', arguments: [vector] })),
  );
  testChipProperties(
    () =>
      createDevice(pciMessages('card', { range: 1, vectors }), {
        lines: {},
        board: { control: () => enable, send: () => {} },
      }),
    action,
  );
});
