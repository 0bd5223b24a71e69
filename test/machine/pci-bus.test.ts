/** Messages of a function on the bus; `pci-window.test.ts` has the window to its registers. */
import { describe, expect, test } from 'vitest';
import { virtioNetIdentity } from '../../src/device/virtio/net.js';
import { messageOf } from '../../src/machine/interrupt-messages.js';
import { PciBus } from '../../src/machine/pci-bus.js';

const command = { memory: 2, master: 4 } as const;
const enable = 0x8000;

function bench() {
  const messages: [number, number][] = [];
  const levels: boolean[] = [];
  const bus = new PciBus({
    slots: [],
    placePorts: () => () => {},
    placeMemory: () => () => {},
    interrupt: (_, level) => void levels.push(level),
    message: (address, data) => void messages.push([address, data]),
  });
  const place = { device: 4, function: 0 };
  const found = bus.attach({ name: 'card', identity: virtioNetIdentity, place, regions: {} });
  bus.reset();
  const { read, write, ranges } = found.device.operations;
  let at = read(0x34, 1);
  while (at !== 0 && read(at, 1) !== 0x11) at = read(at + 1, 1);
  const table = bus.parts().find(([name]) => name === 'cardMessages')![1];
  return { bus, found, read, write, ranges, at, messages, levels, table };
}

describe('the messages of a PCI function', () => {
  test('have a capability that names their table, and a range of their own', () => {
    const { read, write, ranges, at } = bench();
    expect(read(at + 2, 2)).toBe(3); // Four of them.
    expect([read(at + 4, 4), read(at + 8, 4)]).toEqual([1, 0x801]);
    write(0x14, 0xe000_0000, 4);
    write(4, command.memory, 2);
    expect(ranges()[1]).toEqual({ kind: 'memory', base: 0xe000_0000, bytes: 4096 });
  });
  test('take the place of the interrupt pin while they are on', () => {
    const { found, write, at, levels } = bench();
    found.interrupt(true);
    write(at + 2, enable, 2);
    expect(found.messages!.enabled()).toBe(true);
    write(at + 2, 0, 2);
    expect(levels).toEqual([true, false, true]);
  });
  test('go nowhere while the function may not master the bus', () => {
    const { bus, found, write, at, messages } = bench();
    write(at + 2, enable, 2);
    // The table through the window of the function: vector 1's mask is taken away.
    const window = (() => {
      let capability = found.device.operations.read(0x34, 1);
      while (found.device.operations.read(capability + 3, 1) !== 5 || found.device.operations.read(capability, 1) !== 9)
        capability = found.device.operations.read(capability + 1, 1);
      return capability;
    })();
    const put = (offset: number, value: number): void => {
      const pairs = [
        [window + 4, 1, 1],
        [window + 8, offset, 4],
        [window + 12, 4, 4],
        [window + 16, value, 4],
      ] as const;
      for (const [register, each, width] of pairs) {
        bus.address.write(0, (2 ** 31 + (4 << 11) + (register & 0xfc)) >>> 0, 4);
        bus.data.write(register & 3, each, width);
      }
    };
    put(16, 0xfee0_1000);
    put(16 + 8, 0x41);
    put(16 + 12, 0);
    found.messages!.request(1);
    expect(messages).toEqual([]);
    write(4, command.master, 2);
    found.messages!.request(1);
    expect(messages).toEqual([[0xfee0_1000, 0x41]]);
  });
  test('are a part of the state of their own', () => {
    expect(bench().table.save().length).toBeGreaterThan(0);
  });
});

describe('a message', () => {
  test('names mode, vector and destination to the APICs', () => {
    expect(messageOf(0xfee0_3000, 0x4041)).toEqual({
      mode: 0,
      vector: 0x41,
      level: false,
      logical: false,
      destination: 3,
    });
    expect(messageOf(0xfee0_100c, 0x8151)).toEqual({
      mode: 1,
      vector: 0x51,
      level: true,
      logical: true,
      destination: 1,
    });
  });
  test('is an ordinary write outside their megabyte', () => {
    expect([messageOf(0xfedf_fffc, 1), messageOf(0xfef0_0000, 1)]).toEqual([undefined, undefined]);
  });
});
