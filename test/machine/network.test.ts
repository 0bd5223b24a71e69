import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import { cycle } from '../../src/base/integers.js';
import { createMachine } from '../../src/machine/index.js';
import type { MachineDescription, MachineObservers } from '../../src/machine/machine.js';
import { buildArp, buildFrame, etherType, parseArp, parseFrame } from '../../src/network/ethernet.js';
import { addresses, serverMac } from '../../src/network/plan.js';

function made(network: MachineDescription['network'], board: MachineDescription['board'] = 'i440fx') {
  const description: MachineDescription = {
    board,
    processor: board === 'pc' ? '80386' : 'pentium3',
    cyclesPerSecond: 100_000_000,
    memoryBytes: 1 << 20,
    boot: 'floppy',
    media: {},
    network: network ?? [],
  };
  const machine = createMachine(description, new Map(), { date: 0, seed: 1 });
  const bench = machine.bench();
  return {
    machine,
    bench,
    configured(device: number, register: number): number {
      bench.writePort(0xcf8, 0x80000000 + (device << 11) + register, 4);
      return bench.readPort(0xcfc, 4);
    },
  };
}

const mac = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);

function arpRequest(): Uint8Array {
  const payload = buildArp({
    operation: 'request',
    senderMac: mac,
    senderAddress: addresses.firstGuest,
    targetMac: new Uint8Array(6),
    targetAddress: addresses.gateway,
  });
  return buildFrame({ destination: new Uint8Array(6).fill(0xff), source: mac, type: etherType.arp, payload });
}

type PortWriter = ReturnType<typeof made>['bench'];

/** Starts an NE2000 at 300h as a driver does. */
function startCard(bench: PortWriter): void {
  const write = (offset: number, value: number): void => bench.writePort(0x300 + offset, value, 1);
  const setUp: readonly (readonly [number, number])[] = [
    [0x00, 0x21],
    [0x0e, 0x49],
    [0x0c, 0x04],
    [0x01, 0x46],
    [0x02, 0x80],
    [0x03, 0x46],
    [0x0f, 0x7f],
    [0x00, 0x61],
  ];
  for (const [offset, value] of setUp) write(offset, value);
  mac.forEach((byte, at) => write(1 + at, byte));
  write(0x07, 0x47);
  write(0x00, 0x22);
}

/** Sends a frame through the data port. */
function sendFrame(bench: PortWriter, frame: Uint8Array): void {
  const write = (offset: number, value: number): void => bench.writePort(0x300 + offset, value, 1);
  write(0x08, 0x00);
  write(0x09, 0x40);
  write(0x0a, frame.length);
  write(0x0b, 0);
  write(0x00, 0x12);
  for (let at = 0; at < frame.length; at += 2) bench.writePort(0x310, frame[at]! | (frame[at + 1]! << 8), 2);
  write(0x04, 0x40);
  write(0x05, frame.length);
  write(0x06, 0);
  write(0x07, 0x7f);
  write(0x00, 0x26);
}

describe('a card on the built-in network', () => {
  test('is answered, interrupts, and is observed', () => {
    const { machine, bench } = made([{ card: 'ne2000', network: 'built-in' }], 'pc');
    const given: Parameters<MachineObservers['packetDelivered']>[0][] = [];
    const requests: string[] = [];
    machine.observers.packetDelivered = (packet) => void given.push(packet);
    bench.onInterruptRequest((request, level) => requests.push(`${request} ${level}`));
    startCard(bench);
    sendFrame(bench, arpRequest());
    bench.pass(cycle(bench.cycle + 100_000)); // A millisecond.
    expect(given).toHaveLength(1);
    expect(given[0]!.taken).toBe(true);
    expect(parseArp(parseFrame(given[0]!.frame)!.payload)).toMatchObject({
      operation: 'reply',
      senderMac: serverMac,
      targetMac: mac,
    });
    expect(requests[0]).toBe('10 true');
    expect(bench.readPort(0x307, 1) & 0x03).toBe(0x03);
  });

  test('goes on from a saved state with its frames still on the way', () => {
    const { machine, bench } = made([{ card: 'ne2000', network: 'built-in' }], 'pc');
    startCard(bench);
    sendFrame(bench, arpRequest());
    bench.pass(cycle(bench.cycle + 8000)); // The frame is on the cable.
    const saved = machine.save();
    const other = made([{ card: 'ne2000', network: 'built-in' }], 'pc');
    other.machine.load(saved);
    for (const each of [bench, other.bench]) each.pass(cycle(saved.cycle + 100_000));
    expect(bench.readPort(0x307, 1)).toBe(0x03);
    expect(other.machine.diff(machine.save(), other.machine.save())).toEqual([]);
  });
});

describe('cards on a PCI bus', () => {
  test('take their places one after another, each with its own address', () => {
    const cards = ['rtl8139', 'e1000', 'virtio-net', 'ne2000-pci'] as const;
    const { configured } = made(cards.map((card) => ({ card, network: 'built-in' })));
    const found = Array.from({ length: 32 }, (_, device) => configured(device, 0));
    const places = [0x813910ec, 0x100e8086, 0x10001af4, 0x802910ec].map((identity) => found.indexOf(identity));
    expect(places.every((place, at) => place > 1 && (at === 0 || place > places[at - 1]!))).toBe(true);
  });
});

describe('a frame from outside', () => {
  const live = [
    { card: 'ne2000', network: 'live' },
    { card: 'rtl8139', network: 'built-in' },
    { card: 'rtl8139', network: 'none' },
  ] as const;

  test('reaches a live card', () => {
    const { machine, bench } = made(live);
    startCard(bench);
    machine.input({ kind: 'packet', card: 0, frame: arpRequest() });
    expect(bench.readPort(0x307, 1) & 1).toBe(1);
  });

  test('is refused where no live card is', () => {
    const { machine } = made(live);
    for (const card of [1, 2, 3])
      expect(() => machine.input({ kind: 'packet', card, frame: arpRequest() })).toThrow(UserError);
  });
});
