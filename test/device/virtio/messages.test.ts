/** Messages (MSI-X) in the place of the interrupt pin. */
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { virtioEntropy, virtioEntropyIdentity } from '../../../src/device/virtio/entropy.js';
import { testMemory } from '../memory.js';
import { DriverQueue } from './driver.js';

const none = 0xffff;

function bench() {
  const memory = testMemory(1 << 20);
  const levels = { interrupt: false };
  const requested: number[] = [];
  const on = { value: true };
  const device = createDevice(virtioEntropy, {
    lines: { interrupt: (level) => void (levels.interrupt = level) },
    board: {
      memory,
      seed: 1,
      messages: { enabled: () => on.value, request: (vector) => void requested.push(vector) },
    },
  });
  const { readRegister, writeRegister, readMemory, writeMemory } = device.operations;
  writeRegister(0x12, 3, 1);
  const queue = new DriverQueue({ memory }, 0x10000, readRegister(0x0c, 2));
  writeRegister(8, queue.base / 4096, 4);
  writeRegister(0x12, 7, 1);
  /** Asks for random bytes and lets the device have its time. */
  const draw = (): void => {
    queue.add(queue.write([{ address: 0x8000, bytes: 64, writable: true }]));
    writeRegister(0x10, 0, 2);
    device.advance(1_000_000);
  };
  return { device, levels, requested, on, draw, readRegister, writeRegister, readMemory, writeMemory };
}

describe('a virtio device whose messages are on', () => {
  test('has the registers of their numbers in front of its configuration, and no others when they are off', () => {
    const { on, readRegister, writeRegister, readMemory, writeMemory } = bench();
    expect([readRegister(0x14, 2), readRegister(0x16, 2)]).toEqual([none, none]);
    writeRegister(0x14, 0, 2);
    writeRegister(0x16, 1, 2);
    expect([readRegister(0x14, 2), readRegister(0x16, 2)]).toEqual([0, 1]);
    expect([readMemory(0x10, 2), readMemory(0x1a, 2)]).toEqual([0, 1]);
    writeMemory(0x1a, 0, 2);
    expect(readRegister(0x16, 2)).toBe(0);
    on.value = false;
    expect([readRegister(0x14, 2), readRegister(0x16, 2)]).toEqual([0, 0]);
  });
  test('accepts no number that it does not have', () => {
    const { readRegister, writeRegister } = bench();
    expect(virtioEntropyIdentity.messages).toEqual({ range: 1, vectors: 2 });
    writeRegister(0x16, 2, 2);
    expect(readRegister(0x16, 2)).toBe(none);
  });
  test('sends the message of a queue, and leaves pin and ISR status alone', () => {
    const { draw, levels, readRegister, requested, writeRegister } = bench();
    writeRegister(0x16, 1, 2);
    draw();
    expect([requested, levels.interrupt, readRegister(0x13, 1)]).toEqual([[1], false, 0]);
  });
  test('says nothing for a queue without one', () => {
    const { draw, levels, requested } = bench();
    draw();
    expect([requested, levels.interrupt]).toEqual([[], false]);
  });
  test('uses its pin again when they are off', () => {
    const { draw, levels, on, requested, writeRegister } = bench();
    writeRegister(0x16, 1, 2);
    on.value = false;
    draw();
    expect([requested, levels.interrupt]).toEqual([[], true]);
  });
  test('forgets their numbers when its driver resets it', () => {
    const { readRegister, writeRegister } = bench();
    writeRegister(0x14, 0, 2);
    writeRegister(0x16, 1, 2);
    writeRegister(0x12, 0, 1);
    expect([readRegister(0x14, 2), readRegister(0x16, 2)]).toEqual([none, none]);
  });
});
