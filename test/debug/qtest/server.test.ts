import { describe, expect, test } from 'vitest';
import type { Cycle } from '../../../src/base/integers.js';
import { QtestServer } from '../../../src/debug/qtest/server.js';
import type { Bench } from '../../../src/machine/bench.js';

/** A board of 64 KiB of memory, ports that remember, and a timer every 1000 cycles. */
function bench(cyclesPerSecond = 1_000_000_000) {
  const memory = new Uint8Array(0x10000);
  const ports = new Map<number, number>();
  const widths: number[] = [];
  const state = { cycle: 0 as Cycle, work: Infinity, listen: (_request: number, _level: boolean): void => {} };
  const view = new DataView(memory.buffer);
  const made: Bench = {
    cyclesPerSecond,
    get cycle() {
      return state.cycle;
    },
    readPort: (port, width) => (ports.get(port) ?? 2 ** (8 * width) - 1) % 2 ** (8 * width),
    writePort: (port, value) => void ports.set(port, value),
    readMemory: (at, width) =>
      width === 1 ? view.getUint8(at) : width === 2 ? view.getUint16(at, true) : view.getUint32(at, true),
    writeMemory(at, value, width) {
      widths.push(width);
      for (let index = 0; index < width; index++) memory[at + index] = (value >>> (8 * index)) & 0xff;
    },
    readBlock: (at, into) => into.set(memory.subarray(at, at + into.length)),
    writeBlock: (at, from) => memory.set(from, at),
    pass(until) {
      state.cycle = until;
      if (until >= state.work) state.work = Infinity;
    },
    nextEdge: () => (Math.floor(state.cycle / 1000) + 1) * 1000,
    nextWork: () => state.work,
    onInterruptRequest: (listen) => (state.listen = listen),
    input: () => {},
  };
  const sent: string[] = [];
  const server = new QtestServer(made, { send: (line) => void sent.push(line) });
  const ask = (line: string): string => {
    sent.length = 0;
    server.line(line);
    return sent.join(' | ');
  };
  return { memory, ports, widths, state, sent, ask };
}

describe('a qtest server', () => {
  test('reads and writes ports', () => {
    const { ask, ports } = bench();
    expect(ask('outw 0x3f4 0x12345')).toBe('OK');
    expect(ports.get(0x3f4)).toBe(0x2345);
    expect(ask('inb 0x3f4')).toBe('OK 0x0045');
    expect(ask('inl 12')).toBe('OK 0xffffffff');
    expect(ask('inb 0x10000')).toMatch(/^FAIL/);
  });

  test('reads and writes memory by words', () => {
    const { ask, memory } = bench();
    expect(ask('writeq 0x100 0x1122334455667788')).toBe('OK');
    expect([...memory.subarray(0x100, 0x108)]).toEqual([0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]);
    expect(ask('readl 0x104')).toBe('OK 0x0000000011223344');
    expect(ask('readq 0x100')).toBe('OK 0x1122334455667788');
    expect(ask('readb 0x100000000')).toBe('OK 0x00000000000000ff');
  });

  test('reads and writes memory in bulk', () => {
    const { ask, memory } = bench();
    expect(ask('write 0x10 4 0x010203')).toBe('OK');
    expect(ask('read 0x10 4')).toBe('OK 0x01020300');
    expect(ask('b64write 0x20 3 YWJj')).toBe('OK');
    expect(ask('b64read 0x20 3')).toBe('OK YWJj');
    expect(ask('memset 0x30 5 0x7f')).toBe('OK');
    expect([...memory.subarray(0x2f, 0x36)]).toEqual([0, 127, 127, 127, 127, 127, 0]);
    expect(ask('read 0x10 99999999999')).toMatch(/^FAIL/);
  });

  test('reaches registers by one access where a block is one', () => {
    const { ask, widths } = bench();
    ask('write 0x12 2 0x0102');
    ask('write 0x14 4 0x01020304');
    ask('write 0x13 2 0x0102');
    expect(widths).toEqual([2, 4]);
  });

  test('steps its clock to the nanosecond, and to the next thing that happens', () => {
    const { ask, state } = bench();
    expect(ask('clock_step 1')).toBe('OK 1');
    expect(state.cycle).toBe(1);
    expect(ask('clock_step')).toBe('OK 1000');
    expect(ask('clock_set 123456789')).toBe('OK 123456789');
    expect(ask('clock_set 5')).toBe('OK 123456789');
  });

  test('keeps nanoseconds that are less than a cycle', () => {
    const { ask, state } = bench(100_000_000);
    for (let step = 1; step <= 9; step++) ask('clock_step 1');
    expect(state.cycle).toBe(0);
    expect(ask('clock_step 1')).toBe('OK 10');
    expect(state.cycle).toBe(1);
  });

  test('lets chips finish their work after an access', () => {
    const { ask, state } = bench();
    state.work = 5000;
    expect(ask('inb 0')).toBe('OK 0x00ff');
    expect(state.cycle).toBe(5000);
    expect(ask('clock_step 1')).toBe('OK 5001');
  });

  test('tells the interrupt requests that change, once it is asked to', () => {
    const { ask, state, sent } = bench();
    state.listen(3, true);
    expect(ask('irq_intercept_in ioapic')).toBe('OK');
    expect(ask('irq_intercept_in pic')).toMatch(/^FAIL/);
    sent.length = 0;
    for (const level of [true, true, false]) state.listen(8, level);
    state.listen(9, false);
    expect(sent).toEqual(['IRQ raise 8', 'IRQ lower 8']);
  });

  test('refuses what it does not know', () => {
    const { ask } = bench();
    for (const line of ['', 'frobnicate 1', 'inq 3', 'readb', 'readb xyz', 'write', 'b64write 0 3 ***']) {
      expect(ask(line)).toMatch(/^FAIL/);
    }
    expect(ask('endianness')).toBe('OK little');
    expect(ask('module_load a b')).toBe('OK');
  });
});
