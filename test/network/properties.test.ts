import fc from 'fast-check';
import { createDevice } from '../../src/device/device.js';
import { buildFrame, etherType } from '../../src/network/ethernet.js';
import { buildUdp } from '../../src/network/ipv4.js';
import { addresses, serverMac } from '../../src/network/plan.js';
import { network } from '../../src/network/network.js';
import { buildSegment, tcpFlag } from '../../src/network/tcp/segment.js';
import { type Action, anyAdvance, type Bench, testChipProperties } from '../device/chip-properties.js';
import { file, guestAddress, guestMac, ipv4Frame } from './guest.js';

/** Frames that a card gets show as changes of a line named by their content. */
const bench: Bench = (line) =>
  createDevice(network, {
    lines: {},
    board: {
      plan: {},
      files: [file('f', 'x'.repeat(5000))],
      cards: [0, 1].map((card) => ({
        megabits: 10,
        receive(frame: Uint8Array) {
          line(`${card} ${Buffer.from(frame).toString('base64')}`)(true);
          return true;
        },
      })),
    },
  }) as never;

const someData = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constant(new TextEncoder().encode('GET /f HTTP/1.1\r\n\r\n')),
);
const port = fc.constantFrom(7, 9, 19, 53, 67, 69, 80, 5000);
const frame = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc
    .tuple(fc.constantFrom(guestMac, serverMac, new Uint8Array(6).fill(255)), fc.uint8Array({ maxLength: 100 }))
    .map(([destination, payload]) => buildFrame({ destination, source: guestMac, type: etherType.arp, payload })),
  fc
    .tuple(port, someData)
    .map(([destinationPort, data]) =>
      ipv4Frame(buildUdp(guestAddress, addresses.gateway, { sourcePort: 1024, destinationPort, data })),
    ),
  fc
    .record({
      destinationPort: port,
      sequence: fc.integer({ min: 0, max: 60 }),
      acknowledgement: fc.constantFrom(0, 0x10001, 0x10002, 0x20001),
      flags: fc.constantFrom(tcpFlag.syn, tcpFlag.ack, tcpFlag.ack | tcpFlag.fin, tcpFlag.rst),
      window: fc.constantFrom(0, 100, 8192),
      data: someData,
    })
    .map((segment) =>
      ipv4Frame(
        buildSegment(guestAddress, addresses.gateway, { ...segment, sourcePort: 2000, segmentSize: undefined }),
      ),
    ),
);
const send: fc.Arbitrary<Action> = fc
  .tuple(fc.constantFrom(0, 1), frame)
  .map((given) => ({ kind: 'operation', name: 'send', arguments: given }));

testChipProperties(bench, fc.oneof(send, anyAdvance(3_000_000)), 40);
