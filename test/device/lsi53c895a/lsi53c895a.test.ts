import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bus, ramBase, registerBase, script, scriptAt, testAdapter, type TestAdapter } from './adapter.js';

const place = { identify: 0x200, command: 0x210, data: 0x8000, status: 0x300, message: 0x304 };

/** Writes the parts of a command into memory. */
function prepare(adapter: TestAdapter, command: readonly number[], mayDisconnect = false): void {
  adapter.memory.set([mayDisconnect ? 0xc0 : 0x80], place.identify);
  adapter.memory.set(command, place.command);
}

/** The way of a whole command without disconnection. */
const simple = (id: number, commandBytes: number, phase: number, bytes: number): number[] => [
  ...script.select(id, 0x700),
  ...script.move(bus.messageOut, 1, place.identify),
  ...script.move(bus.command, commandBytes, place.command),
  ...(bytes > 0 ? script.move(phase, bytes, place.data) : []),
  ...script.move(bus.status, 1, place.status),
  ...script.move(bus.messageIn, 1, place.message),
  ...script.clear(0x40),
  ...script.waitDisconnect,
  ...script.int(0x1234),
];

/** An adapter whose disks' unit attentions were taken. */
function readyAdapter(): TestAdapter {
  const adapter = testAdapter();
  adapter.enable();
  for (const disk of adapter.disks) {
    disk.operations.begin(new Uint8Array(6), 0);
    disk.operations.end();
  }
  return adapter;
}

describe('a command', () => {
  test('goes through selection, messages, command, data and status, and ends with the interrupt of the script', () => {
    const adapter = readyAdapter();
    prepare(adapter, [0x12, 0, 0, 0, 36, 0]);
    adapter.put(scriptAt, simple(0, 6, bus.dataIn, 36));
    adapter.run();
    expect(adapter.levels.interrupt).toBe(true);
    expect(adapter.read(0x14) & 1).toBe(1);
    expect(adapter.read(0x0c)).toBe(0x84);
    expect(adapter.levels.interrupt).toBe(false);
    expect(adapter.read(0x30, 4)).toBe(0x1234);
    expect(adapter.read(0x2c, 4)).toBe(scriptAt + 9 * 8);
    expect([adapter.memory[place.status], adapter.memory[place.message]]).toEqual([0, 0]);
    expect(String.fromCharCode(...adapter.memory.subarray(place.data + 8, place.data + 12))).toBe('TSVM');
  });

  test('reads and writes sectors', () => {
    const adapter = readyAdapter();
    prepare(adapter, [0x28, 0, 0, 0, 0, 5, 0, 0, 8, 0]);
    adapter.put(scriptAt, simple(3, 10, bus.dataIn, 8 * 512));
    adapter.run();
    expect(adapter.read(0x0c)).toBe(0x84);
    expect(adapter.memory.subarray(place.data, place.data + 4096)).toEqual(
      adapter.media[1]!.bytes.subarray(5 * 512, 13 * 512),
    );
    prepare(adapter, [0x2a, 0, 0, 0, 0, 20, 0, 0, 8, 0]);
    adapter.put(scriptAt, simple(0, 10, bus.dataOut, 8 * 512));
    adapter.run();
    expect(adapter.memory[place.status]).toBe(0);
    expect(adapter.media[0]!.bytes.subarray(20 * 512, 28 * 512)).toEqual(
      adapter.media[1]!.bytes.subarray(5 * 512, 13 * 512),
    );
  });

  test('leaves the bus when it takes time, and comes back by reselection', () => {
    const adapter = readyAdapter();
    prepare(adapter, [0x28, 0, 0, 0, 0, 5, 0, 0, 1, 0], true);
    adapter.put(scriptAt, [
      ...script.select(3, 0x700),
      ...script.move(bus.messageOut, 1, place.identify),
      ...script.move(bus.command, 10, place.command),
      ...script.move(bus.messageIn, 1, place.message),
      ...script.clear(0x40),
      ...script.waitDisconnect,
      ...script.waitReselect(0x700),
      ...script.move(bus.messageIn, 1, place.message + 1),
      ...script.move(bus.dataIn, 512, place.data),
      ...script.move(bus.status, 1, place.status),
      ...script.move(bus.messageIn, 1, place.message + 2),
      ...script.waitDisconnect,
      ...script.int(7),
    ]);
    adapter.run();
    expect(adapter.read(0x0c)).toBe(0x84);
    expect(adapter.read(0x30, 4)).toBe(7);
    expect([...adapter.memory.subarray(place.message, place.message + 3)]).toEqual([0x04, 0x80, 0x00]);
    expect(adapter.read(0x0a)).toBe(0x83);
    expect(adapter.memory.subarray(place.data, place.data + 512)).toEqual(
      adapter.media[1]!.bytes.subarray(5 * 512, 6 * 512),
    );
  });

  test('takes its operands from a table', () => {
    const adapter = readyAdapter();
    prepare(adapter, [0x12, 0, 0, 0, 36, 0]);
    adapter.put(0x400, [
      0x03000000 | (0 << 16),
      1,
      place.identify,
      6,
      place.command,
      36,
      place.data,
      1,
      place.status,
      1,
      place.message,
    ]);
    adapter.write(0x10, 0x400, 4);
    adapter.put(scriptAt, [
      ...[0x43000000, 0x700],
      ...script.moveTable(bus.messageOut, 4),
      ...script.moveTable(bus.command, 12),
      ...script.moveTable(bus.dataIn, 20),
      ...script.moveTable(bus.status, 28),
      ...script.moveTable(bus.messageIn, 36),
      ...script.waitDisconnect,
      ...script.int(1),
    ]);
    adapter.run();
    expect(adapter.read(0x0c)).toBe(0x84);
    expect(adapter.read(0x03)).toBe(0x03);
    expect(String.fromCharCode(...adapter.memory.subarray(place.data + 8, place.data + 12))).toBe('TSVM');
  });
});

describe('a phase mismatch', () => {
  const short = (adapter: TestAdapter): void => {
    prepare(adapter, [0x12, 0, 0, 0, 36, 0]);
    adapter.put(scriptAt, simple(0, 6, bus.dataIn, 100));
    adapter.run();
  };

  test('interrupts with the count that was not moved', () => {
    const adapter = readyAdapter();
    short(adapter);
    expect(adapter.read(0x14) & 3).toBe(2);
    expect(adapter.read(0x42, 2)).toBe(0x80);
    expect(adapter.read(0x24, 4) & 0xffffff).toBe(64);
    expect(adapter.read(0x28, 4)).toBe(place.data + 36);
    expect(adapter.read(0x0e) & 7).toBe(bus.status);
  });

  test('jumps instead where CCNTL0 says so, with the rest in RBC and UA', () => {
    const adapter = readyAdapter();
    adapter.write(0x56, 0x80);
    adapter.write(0xc0, 0x600, 4);
    adapter.put(0x600, script.int(0x99));
    short(adapter);
    expect(adapter.read(0x0c)).toBe(0x84);
    expect(adapter.read(0x30, 4)).toBe(0x99);
    expect(adapter.read(0xc8, 4) & 0xffffff).toBe(64);
    expect(adapter.read(0xcc, 4)).toBe(place.data + 36);
    expect(adapter.read(0xd4, 4)).toBe(scriptAt + 24);
  });
});

test('a selection that nobody answers times out after the time of STIME0', () => {
  const adapter = readyAdapter();
  adapter.put(scriptAt, simple(5, 6, bus.dataIn, 0));
  adapter.run(scriptAt, 2_000_000);
  expect(adapter.levels.interrupt).toBe(false);
  adapter.wait();
  expect(adapter.read(0x42, 2)).toBe(0x0400);
  expect(adapter.read(0x2c, 4)).toBe(scriptAt + 16); // In the instruction behind the selection, which waited for REQ.
});

describe('negotiation', () => {
  test('agrees to synchronous transfers and refuses wide ones', () => {
    const adapter = readyAdapter();
    adapter.memory.set([0x80, 1, 3, 1, 12, 15], place.identify);
    adapter.put(scriptAt, [
      ...script.select(0, 0x700),
      ...script.move(bus.messageOut, 6, place.identify),
      ...script.move(bus.messageIn, 1, place.message),
      ...script.move(bus.messageIn, 4, place.message + 1),
      ...script.set(0x08),
      ...script.move(bus.messageOut, 1, place.identify),
      ...script.int(1),
    ]);
    adapter.run();
    expect(adapter.read(0x0c)).toBe(0x84);
    expect([...adapter.memory.subarray(place.message, place.message + 5)]).toEqual([1, 3, 1, 12, 15]);
  });
});

describe('instructions without the bus', () => {
  test('compute on registers with carry', () => {
    const adapter = readyAdapter();
    adapter.write(0x34, 0x01f0, 4);
    adapter.put(scriptAt, [
      ...script.modify(6, 0x34, 0x20), // ADD: carries.
      ...script.modify(7, 0x35, 0x00), // ADD with carry.
      ...script.modify(2, 0x36, 0x81), // OR
      ...script.modify(1, 0x36, 0), // SHL: carries out.
      ...script.modify(5, 0x37, 0), // SHR: carries in.
      ...script.toSfbr(0x34),
      ...script.jumpIfData(0x10, scriptAt + 0x80),
      ...script.int(1),
    ]);
    adapter.put(scriptAt + 0x80, [...script.call(0x900), ...script.int(2)]);
    adapter.put(0x900, [...script.intFly(5), ...script.back]);
    adapter.run();
    expect(adapter.read(0x34, 4)).toBe(0x80020210);
    expect(adapter.read(0x14) & 4).toBe(4);
    adapter.write(0x14, 0x04);
    adapter.wait();
    expect(adapter.read(0x0c)).toBe(0x84);
    expect(adapter.read(0x30, 4)).toBe(2);
  });

  test('move memory, load and store, also in the RAM and the registers of the chip', () => {
    const adapter = readyAdapter();
    adapter.put(0x500, [0x11223344, 0x55667788]);
    const code = [
      ...script.memoryMove(8, 0x500, ramBase + 0x100),
      ...script.load(0x34, 4, ramBase + 0x104),
      ...script.store(0x34, 2, 0x508),
      ...script.memoryMove(4, 0x500, registerBase + 0x5c),
      ...script.int(3),
    ];
    code.forEach((word, index) => adapter.device.operations.writeRam(index * 4, word, 4));
    adapter.run(ramBase);
    expect(adapter.read(0x0c)).toBe(0x84);
    expect(adapter.device.operations.readRam(0x104, 4)).toBe(0x55667788);
    expect(adapter.word(0x508)).toBe(0x7788);
    expect(adapter.read(0x5c, 4)).toBe(0x11223344);
  });

  test('that do not exist stop the script', () => {
    const adapter = readyAdapter();
    adapter.put(scriptAt, [0xe0340000, 0]);
    adapter.run();
    expect(adapter.read(0x0c)).toBe(0x81);
  });

  test('that loop for ever take guest time, and ABRT ends them', () => {
    const adapter = readyAdapter();
    adapter.put(scriptAt, script.jump(scriptAt));
    adapter.run(scriptAt, 100_000);
    expect(adapter.read(0x15) & 2).toBe(2);
    adapter.write(0x14, 0x80);
    expect(adapter.levels.interrupt).toBe(true);
    expect(adapter.read(0x0c)).toBe(0x90);
    expect(adapter.read(0x15) & 2).toBe(0);
  });

  test('wait for reselection until SIGP sends them elsewhere', () => {
    const adapter = readyAdapter();
    adapter.put(scriptAt, script.waitReselect(0x700));
    adapter.put(0x700, script.int(8));
    adapter.run();
    expect(adapter.device.nextEdge()).toBe(Infinity);
    adapter.write(0x14, 0x20);
    adapter.wait();
    expect(adapter.read(0x30, 4)).toBe(8);
    expect(adapter.read(0x1a) & 0x40).toBe(0x40);
    expect(adapter.read(0x1a) & 0x40).toBe(0);
  });
});

describe('what Linux probes', () => {
  test('the read-only registers keep their values', () => {
    const adapter = readyAdapter();
    adapter.write(0x0c, 0xffffffff, 4);
    expect(adapter.read(0x0c, 4)).toBe(0x02000080);
  });

  test('a bus reset shows itself, interrupts, and leaves a unit attention', () => {
    const adapter = readyAdapter();
    adapter.write(0x01, 0x08);
    expect(adapter.read(0x0d) & 2).toBe(2);
    expect(adapter.read(0x42, 2)).toBe(0x02);
    adapter.write(0x01, 0);
    expect(adapter.read(0x0d) & 2).toBe(0);
    prepare(adapter, [0x00, 0, 0, 0, 0, 0]);
    adapter.put(scriptAt, simple(0, 6, bus.dataIn, 0));
    adapter.run();
    expect(adapter.memory[place.status]).toBe(2);
  });

  test('the general purpose timer measures a clock of 40 MHz by the driver formula', () => {
    const adapter = readyAdapter();
    adapter.write(0x03, 4); // Prescaler: 3.
    adapter.write(0x40, 0, 2);
    adapter.write(0x49, 8);
    let quarters = 0;
    while ((adapter.read(0x42, 2) & 0x200) === 0) {
      adapter.device.advance(2500);
      quarters++;
    }
    const kilohertz = (2 ** 8 * 4340 * 4) / quarters;
    expect(kilohertz).toBeGreaterThan(39000);
    expect(kilohertz).toBeLessThan(41000);
  });
});

test('never throws and never hangs on any script, and keeps all of it in its state', () => {
  const word = fc.oneof(
    fc.constantFrom(
      ...script.select(0, scriptAt),
      ...script.move(bus.messageOut, 1, place.identify),
      ...script.move(bus.command, 6, place.command),
      ...script.move(bus.dataIn, 200, place.data),
      ...script.move(bus.dataOut, 0xffffff, 0),
      ...script.move(bus.messageIn, 3, place.message),
      ...script.move(bus.status, 1, place.status),
      ...script.set(0x448),
      ...script.waitReselect(scriptAt),
      ...script.jumpWhenNot(bus.dataIn, scriptAt),
      ...script.waitDisconnect,
    ),
    fc.integer({ min: 0, max: 0xffffffff }),
  );
  const access = fc.record({ at: fc.nat(255), value: fc.nat(255), ticks: fc.constantFrom(0, 1, 30, 2000) });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), fc.array(access, { maxLength: 40 }), (words, accesses) => {
      const [one, two] = [testAdapter(), testAdapter()];
      for (const adapter of [one, two]) {
        prepare(adapter, [0x12, 0, 0, 0, 99, 0], true);
        adapter.put(scriptAt, words);
        adapter.write(0x2c, scriptAt, 4);
      }
      for (const { at, value, ticks } of accesses) {
        two.device.load(one.device.save());
        for (const adapter of [one, two]) {
          adapter.write(at, value);
          if (ticks > 0) adapter.device.advance(ticks);
          adapter.read(value);
        }
        expect(two.device.diff(one.device.save())).toEqual([]);
        expect(two.levels.interrupt).toBe(one.levels.interrupt);
      }
    }),
    { numRuns: 60 },
  );
});
