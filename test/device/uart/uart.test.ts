import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { uart } from '../../../src/device/uart/uart.js';

/** 115200 bits a second, eight data bits, no parity, one stop bit: ten bits of 16 ticks. */
const character = 160;

function bench(asQemu = false) {
  const sent: { byte: number; at: number }[] = [];
  const levels: Record<string, boolean> = {};
  let now = 0;
  const line = (name: string) => (level: boolean) => void (levels[name] = level);
  const port = createDevice(uart, {
    lines: {
      interrupt: line('interrupt'),
      interruptPin: line('interruptPin'),
      dtr: line('dtr'),
      rts: line('rts'),
      out1: line('out1'),
      out2: line('out2'),
    },
    board: { transmit: (byte) => sent.push({ byte, at: now }), asQemu },
  });
  function advance(ticks: number): void {
    for (let left = ticks; left > 0;) {
      const step = Math.min(left, port.nextEdge());
      now += step;
      left -= step;
      port.advance(step);
    }
  }
  port.write('lineControl', 0x83);
  port.write('data', 1);
  port.write('interruptEnable', 0);
  port.write('lineControl', 0x03);
  port.write('modemControl', 0x08);
  return { port, sent, levels, advance };
}

describe('the transmitter', () => {
  test('sends at the exact rate of the line, one character after the other', () => {
    const { port, sent, advance } = bench();
    port.write('identityOrFifo', 0x01);
    for (const byte of [0x41, 0x42, 0x43]) port.write('data', byte);
    advance(10 * character);
    expect(sent).toEqual([
      { byte: 0x41, at: character },
      { byte: 0x42, at: 2 * character },
      { byte: 0x43, at: 3 * character },
    ]);
  });

  test('counts parity and one and a half stop bits of five-bit characters', () => {
    const { port, sent, advance } = bench();
    port.write('lineControl', 0x0c);
    port.write('data', 0xff);
    advance(1000);
    expect(sent).toEqual([{ byte: 0x1f, at: (1 + 5 + 1 + 1.5) * 16 }]);
  });

  test("as QEMU's, sends whole bytes at once: a kernel that sets no word length and never waits loses nothing", () => {
    const { port, sent } = bench(true);
    port.write('lineControl', 0x00);
    for (const byte of [0x41, 0xc2, 0x43]) port.write('data', byte);
    expect(sent).toEqual([0x41, 0xc2, 0x43].map((byte) => ({ byte, at: 0 })));
    expect(port.read('lineStatus')).toBe(0x60);
  });

  test("as QEMU's, interrupts without OUT2 and once for each byte that is written", () => {
    const { port, levels } = bench(true);
    port.write('modemControl', 0x00);
    port.write('interruptEnable', 0x02);
    expect(levels.interrupt).toBe(true);
    expect(port.read('identityOrFifo')).toBe(0x02);
    expect(levels.interrupt).toBe(false);
    port.write('data', 0x41);
    expect(levels.interrupt).toBe(true);
  });

  test('says that its register is empty before its line is idle', () => {
    const { port, advance } = bench();
    port.write('data', 1);
    expect(port.read('lineStatus')).toBe(0x20);
    port.write('data', 2);
    expect(port.read('lineStatus')).toBe(0x00);
    advance(character);
    expect(port.read('lineStatus')).toBe(0x20);
    advance(character);
    expect(port.read('lineStatus')).toBe(0x60);
  });

  test('interrupts when empty, until identified or answered', () => {
    const { port, levels, advance } = bench();
    port.write('interruptEnable', 0x02);
    expect(levels['interrupt']).toBe(true);
    expect(port.read('identityOrFifo')).toBe(0x02);
    expect(levels['interrupt']).toBe(false);
    port.write('data', 1);
    port.write('data', 2);
    expect(levels['interrupt']).toBe(false);
    advance(character);
    expect(levels['interrupt']).toBe(true);
  });
});

describe('the receiver', () => {
  test('takes characters at the rate of the line, and loses one that nobody fetched', () => {
    const { port, advance } = bench();
    expect(port.operations.receive([0x61, 0x62])).toBe(2);
    advance(character - 1);
    expect(port.read('lineStatus')).toBe(0x60);
    advance(1);
    expect(port.read('lineStatus')).toBe(0x61);
    advance(character);
    expect(port.read('lineStatus')).toBe(0x63);
    expect(port.read('data')).toBe(0x62);
    expect(port.read('lineStatus')).toBe(0x60);
  });

  test('interrupts at the trigger level, and after four silent characters below it', () => {
    const { port, levels, advance } = bench();
    port.write('identityOrFifo', 0x41);
    port.write('interruptEnable', 0x01);
    port.operations.receive([1, 2, 3, 4, 5]);
    advance(4 * character);
    expect(port.read('identityOrFifo')).toBe(0xc4);
    expect(port.read('data')).toBe(1);
    expect(port.read('identityOrFifo')).toBe(0xc1);
    advance(character);
    expect(port.read('data')).toBe(2);
    advance(4 * character - 1);
    expect(levels['interrupt']).toBe(false);
    advance(1);
    expect(port.read('identityOrFifo')).toBe(0xcc);
    port.read('data');
    expect(levels['interrupt']).toBe(false);
  });

  test('keeps sixteen characters and refuses the seventeenth', () => {
    const { port, advance } = bench();
    port.write('identityOrFifo', 0x01);
    port.operations.receive(Array.from({ length: 17 }, (_, index) => index));
    advance(17 * character);
    expect(port.read('lineStatus')).toBe(0x63);
    expect(Array.from({ length: 17 }, () => port.read('data'))).toEqual([...Array(16).keys(), 0]);
  });

  test('has a bounded line', () => {
    const { port } = bench();
    expect(port.operations.receive(new Uint8Array(70_000))).toBe(65_536);
  });
});

describe('the modem side', () => {
  test('loops characters and control bits back, and holds its outputs inactive', () => {
    const { port, sent, levels, advance } = bench();
    port.write('modemControl', 0x1b);
    expect([levels['rts'], levels['dtr'], levels['out2']]).toEqual([false, false, false]);
    expect(port.read('modemStatus')).toBe(0xbb);
    port.write('data', 0x5a);
    port.operations.receive([0x11]);
    advance(2 * character);
    expect(port.read('data')).toBe(0x5a);
    expect(port.read('lineStatus')).toBe(0x60);
    expect(sent).toEqual([]);
  });

  test('receives in loopback what it sends at once, as kernels test a port', () => {
    const { port, sent } = bench();
    port.write('identityOrFifo', 0xc7);
    port.write('modemControl', 0x1e);
    port.write('data', 0xae);
    expect(port.read('lineStatus')).toBe(0x61);
    expect(port.read('data')).toBe(0xae);
    expect(sent).toEqual([]);
  });

  test('reports changes of its inputs once, the end of ringing only', () => {
    const { port, levels } = bench();
    port.write('interruptEnable', 0x08);
    port.input('ri', true);
    expect(levels['interrupt']).toBe(false);
    port.input('ri', false);
    port.input('cts', true);
    expect(levels['interrupt']).toBe(true);
    expect([port.read('modemStatus'), port.read('modemStatus')]).toEqual([0x15, 0x10]);
  });

  test('passes the interrupt on only while OUT2 is set', () => {
    const { port, levels } = bench();
    port.write('interruptEnable', 0x02);
    port.write('modemControl', 0x00);
    expect([levels['interrupt'], levels['interruptPin']]).toEqual([false, true]);
  });
});

test('an eight-bit driver finds a 16550A: the FIFO bits of the identity, and a scratch register', () => {
  const { port } = bench();
  port.write('identityOrFifo', 0x01);
  expect(port.read('identityOrFifo')! & 0xc0).toBe(0xc0);
  port.write('scratch', 0xa5);
  expect(port.read('scratch')).toBe(0xa5);
});
