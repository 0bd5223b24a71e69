import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { ioApic, type IoApicMessage } from '../../../src/device/io-apic/io-apic.js';

function bench(taken = true) {
  const sent: IoApicMessage[] = [];
  const chip = createDevice(ioApic, {
    lines: {},
    board: {
      send(message) {
        sent.push(message);
        return taken;
      },
    },
  });
  const { readRegister, writeRegister, setInput, endOfInterrupt } = chip.operations;
  const write = (index: number, value: number): void => {
    writeRegister(0, index);
    writeRegister(0x10, value);
  };
  const read = (index: number): number => {
    writeRegister(0, index);
    return readRegister(0x10);
  };
  return { sent, write, read, setInput, endOfInterrupt };
}
const entry = (pin: number): number => 0x10 + 2 * pin;

describe('an I/O APIC', () => {
  test('says that it is of version 11h and has 24 inputs', () => {
    expect(bench().read(1)).toBe(0x0017_0011);
  });
  test('starts with every entry masked', () => {
    const { read } = bench();
    for (let pin = 0; pin < 24; pin++) expect(read(entry(pin))).toBe(0x1_0000);
  });
  test('sends an edge once, to the destination and vector of its entry', () => {
    const { write, setInput, sent } = bench();
    write(entry(4) + 1, 0x0300_0000);
    write(entry(4), 0x0000_0871);
    setInput(4, true);
    setInput(4, true);
    expect(sent).toEqual([{ mode: 0, vector: 0x71, level: false, logical: true, destination: 3 }]);
  });
  test('loses an edge on a masked input', () => {
    const { write, setInput, sent } = bench();
    setInput(4, true);
    write(entry(4), 0x71);
    expect(sent).toEqual([]);
  });
  test('sends a level again when it is still up at the end of its interrupt', () => {
    const { write, read, setInput, endOfInterrupt, sent } = bench();
    write(entry(9), 0x8059);
    setInput(9, true);
    expect(read(entry(9)) & 0x4000).toBe(0x4000);
    expect(sent).toHaveLength(1);
    endOfInterrupt(0x59);
    expect(sent).toHaveLength(2);
    setInput(9, false);
    endOfInterrupt(0x59);
    expect(sent).toHaveLength(2);
    expect(read(entry(9)) & 0x4000).toBe(0);
  });
  test('sends a level that is up when its entry is unmasked', () => {
    const { write, setInput, sent } = bench();
    setInput(9, true);
    write(entry(9), 0x8059);
    expect(sent).toHaveLength(1);
  });
  test('leaves the remote request down when nobody took the message', () => {
    const { write, read, setInput } = bench(false);
    write(entry(9), 0x8059);
    setInput(9, true);
    expect(read(entry(9)) & 0x4000).toBe(0);
  });
});
