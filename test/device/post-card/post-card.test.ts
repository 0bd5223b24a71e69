import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { postCard } from '../../../src/device/post-card/post-card.js';

function made() {
  const shown: number[] = [];
  return { device: createDevice(postCard, { lines: {}, board: { show: (code) => void shown.push(code) } }), shown };
}

test('every code is shown, the same one again too, and the last one is kept until a reset', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(255), { minLength: 1 }), (codes) => {
      const { device, shown } = made();
      for (const code of codes) device.operations.hear(code);
      expect(shown).toEqual(codes);
      const again = made().device;
      again.load(device.save());
      expect(again.state).toEqual({ code: codes.at(-1), lit: true });
      again.reset();
      expect(again.state).toEqual({ code: 0, lit: false });
    }),
  );
});
