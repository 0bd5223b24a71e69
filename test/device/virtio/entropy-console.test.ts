import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { consoleInputBytesMax } from '../../../src/device/virtio/console-stream.js';
import { virtioConsole, virtioConsoleIdentity } from '../../../src/device/virtio/console.js';
import { virtioEntropy, virtioEntropyIdentity } from '../../../src/device/virtio/entropy.js';
import { testMemory } from '../memory.js';
import { type DriverQueue, start } from './driver.js';

describe('the entropy device', () => {
  function bench(seed: number) {
    const memory = testMemory(1 << 20);
    const device = createDevice(virtioEntropy, { lines: { interrupt: () => {} }, board: { memory, seed } });
    let queue = start(memory, device.operations, 1)[0]!;
    const ask = (bytes: number): Uint8Array => {
      const head = queue.write([{ address: 0x80000, bytes, writable: true }]);
      queue.add(head);
      device.operations.writeRegister(0x10, 0, 2);
      expect(queue.takeUsed()).toEqual([{ head, written: Math.min(bytes, 0x10000) }]);
      return memory.data.slice(0x80000, 0x80000 + bytes);
    };
    const restart = (): void => {
      memory.data.fill(0, 0x10000, 0x20000);
      queue = start(memory, device.operations, 1)[0]!;
    };
    return { device, ask, restart };
  }

  test('gives equal bytes for equal seeds, and others for others', () => {
    expect(bench(1).ask(64)).toEqual(bench(1).ask(64));
    expect(bench(1).ask(64)).not.toEqual(bench(2).ask(64));
  });

  test('gives no byte twice, not even after the driver has reset it', () => {
    const { ask, restart } = bench(7);
    const first = ask(32);
    expect(ask(32)).not.toEqual(first);
    restart();
    expect(ask(32)).not.toEqual(first);
  });

  test('sets about half of all bits', () => {
    const ones = bench(3)
      .ask(4096)
      .reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
    expect(Math.abs(ones - 16384)).toBeLessThan(600);
  });

  test('fills at most 64 KiB of a buffer', () => {
    bench(3).ask(0x20000);
  });

  test('goes on after loading as it would have', () => {
    const saved = bench(5);
    saved.ask(10);
    const other = bench(99);
    other.device.load(saved.device.save());
    expect(other.device.diff(saved.device.save())).toEqual([]);
  });

  test('is function 1005h of its vendor, type 4', () => {
    expect(virtioEntropyIdentity).toMatchObject({ vendor: 0x1af4, device: 0x1005, subsystem: 4 });
  });
});

describe('the console device', () => {
  function bench() {
    const memory = testMemory(1 << 20);
    const sent: string[] = [];
    const device = createDevice(virtioConsole, {
      lines: { interrupt: () => {} },
      board: { memory, transmit: (data) => void sent.push(String.fromCharCode(...data)) },
    });
    const [receive, transmit] = start(memory, device.operations, 2) as [DriverQueue, DriverQueue];
    const notify = (queue: number): void => device.operations.writeRegister(0x10, queue, 2);
    return { memory, sent, device, receive, transmit, notify };
  }
  const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

  test('sends what the driver writes', () => {
    const { memory, sent, transmit, notify } = bench();
    memory.data.set(bytes('hello, '), 0x80000);
    memory.data.set(bytes('world'), 0x90000);
    const head = transmit.write([
      { address: 0x80000, bytes: 7 },
      { address: 0x90000, bytes: 5 },
    ]);
    transmit.add(head);
    notify(1);
    expect(sent).toEqual(['hello, world']);
    expect(transmit.takeUsed()).toEqual([{ head, written: 0 }]);
  });

  test('keeps what is typed until there is a buffer, and fills no more than it has', () => {
    const { memory, device, receive, notify } = bench();
    device.operations.receive(bytes('typed'));
    expect(device.operations.room()).toBe(consoleInputBytesMax - 5);
    receive.add(receive.write([{ address: 0x80000, bytes: 3, writable: true }]));
    notify(0);
    expect(receive.takeUsed()).toMatchObject([{ written: 3 }]);
    receive.add(receive.write([{ address: 0x80003, bytes: 99, writable: true }]));
    notify(0);
    expect(receive.takeUsed()).toMatchObject([{ written: 2 }]);
    expect(memory.data.slice(0x80000, 0x80005)).toEqual(bytes('typed'));
    receive.add(receive.write([{ address: 0x80000, bytes: 9, writable: true }]));
    device.operations.receive(bytes('!'));
    expect(receive.takeUsed()).toMatchObject([{ written: 1 }]);
  });

  test('tells its size, and sends a byte in an emergency', () => {
    const { device, sent } = bench();
    const { readRegister, writeRegister } = device.operations;
    expect([readRegister(0x14, 2), readRegister(0x16, 2), readRegister(0x18, 4)]).toEqual([80, 25, 1]);
    writeRegister(0x1c, 0x21, 4);
    expect(sent[0]).toBe('!');
    expect(virtioConsoleIdentity).toMatchObject({ vendor: 0x1af4, device: 0x1003, subsystem: 3 });
  });

  test('takes no more than a whole queue at a time, however the driver lays its rings', () => {
    const { memory, transmit, notify, sent } = bench();
    // The available ring says it holds as many chains as can be, all the same.
    memory.data.fill(0, 0x20000, 0x30000);
    transmit.write([{ address: 0x80000, bytes: 1 }]);
    for (let count = 0; count < 64; count++) transmit.add(0);
    notify(1);
    expect(sent.length).toBe(64);
  });
});
