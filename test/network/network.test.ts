import { describe, expect, test } from 'vitest';
import { internetChecksum, joined, latin1, read16, read32, write16, write32 } from '../../src/network/bytes.js';
import { buildUdp, parseAddress, parseUdp, printAddress, protocol } from '../../src/network/ipv4.js';
import { addresses, checkPlan, loadFiles, serverMac } from '../../src/network/plan.js';
import { askArp, askUdp, file, guestAddress, guestMac, ipv4Frame, packetsIn, plugged } from './guest.js';
import { buildFrame, etherType } from '../../src/network/ethernet.js';
import { buildIpv4 } from '../../src/network/ipv4.js';

const text = (data: Uint8Array): string => new TextDecoder().decode(data);

describe('the cable', () => {
  test('carries a frame in its latency there and back, and its length on the line', () => {
    const { cable } = plugged({ latencyMicroseconds: 100 });
    cable.send(
      ipv4Frame({ source: guestAddress, destination: addresses.gateway, protocol: protocol.icmp, payload: echo() }),
    );
    // There: 100 and 1 on the host's line; back: 100 and 84 bytes at 100 Mbit/s.
    expect(cable.wait(207)).toHaveLength(0);
    expect(cable.wait(1)).toHaveLength(1);
  });

  test('drops and counts what the card has no room for', () => {
    const { cable, device, door } = plugged();
    door.open = false;
    askArp(cable, addresses.gateway);
    expect(device.state.lostAtCard).toBe(1);
  });

  test('takes no frame that is too short or too long', () => {
    const { cable, device } = plugged();
    cable.send(new Uint8Array(13));
    cable.send(new Uint8Array(1519));
    expect(device.state.travelling).toHaveLength(0);
  });
});

function echo(payload = 'abcdefgh'): Uint8Array {
  const packet = joined(Uint8Array.of(8, 0, 0, 0, 0, 7, 0, 1), latin1(payload));
  write16(packet, 2, internetChecksum(packet));
  return packet;
}

describe('the host', () => {
  test('answers for its own addresses when asked by ARP, and for no other', () => {
    const { cable } = plugged();
    expect(askArp(cable, addresses.gateway)).toMatchObject([{ operation: 'reply', senderMac: serverMac }]);
    expect(askArp(cable, addresses.nameServer)).toHaveLength(1);
    expect(askArp(cable, addresses.gateway + 40)).toHaveLength(0);
  });

  test('answers an echo request with the same content', () => {
    const { cable } = plugged();
    cable.send(
      ipv4Frame({
        source: guestAddress,
        destination: addresses.nameServer,
        protocol: protocol.icmp,
        payload: echo('odd'),
      }),
    );
    const [answer] = packetsIn(cable.wait(1000));
    expect(answer).toMatchObject({ source: addresses.nameServer, destination: guestAddress });
    expect(answer!.payload[0]).toBe(0);
    expect(internetChecksum(answer!.payload)).toBe(0);
    expect(text(answer!.payload.subarray(8))).toBe('odd');
  });

  test('echoes a datagram, discards another, and says where nobody listens', () => {
    const { cable } = plugged();
    expect(askUdp(cable, addresses.gateway, 7, latin1('hello')).map(({ data }) => text(data))).toEqual(['hello']);
    expect(askUdp(cable, addresses.gateway, 9, latin1('hello'))).toHaveLength(0);
    expect(text(askUdp(cable, addresses.gateway, 19, latin1(''))[0]!.data)).toHaveLength(74);
    cable.send(
      ipv4Frame(buildUdp(guestAddress, addresses.gateway, { sourcePort: 5, destinationPort: 4444, data: latin1('x') })),
    );
    const [unreachable] = packetsIn(cable.wait(1000));
    expect([...unreachable!.payload.subarray(0, 2)]).toEqual([3, 3]);
    expect(internetChecksum(unreachable!.payload)).toBe(0);
    expect(read16(unreachable!.payload, 8 + 20 + 2)).toBe(4444);
  });

  test('ignores damaged packets', () => {
    const { cable } = plugged();
    const packet = buildIpv4(
      buildUdp(guestAddress, addresses.gateway, { sourcePort: 5, destinationPort: 7, data: latin1('x') }),
      1,
    );
    packet[27] = packet[27]! ^ 1;
    cable.send(buildFrame({ destination: serverMac, source: guestMac, type: etherType.ipv4, payload: packet }));
    expect(cable.wait(1000)).toHaveLength(0);
  });
});

function dhcp(type: number | undefined, options: readonly number[] = [], clientAddress = 0, flags = 0): Uint8Array {
  const fixed = new Uint8Array(236);
  fixed.set([1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
  write16(fixed, 10, flags);
  write32(fixed, 12, clientAddress);
  fixed.set(guestMac, 28);
  const head = type === undefined ? [] : [99, 130, 83, 99, 53, 1, type];
  return joined(fixed, Uint8Array.from([...head, ...options, 255]));
}

function askDhcp(cable: ReturnType<typeof plugged>['cable'], message: Uint8Array) {
  cable.send(ipv4Frame(buildUdp(0, 0xffffffff, { sourcePort: 68, destinationPort: 67, data: message })));
  return packetsIn(cable.wait(5000)).map((packet) => ({ to: packet.destination, data: parseUdp(packet)!.data }));
}

/** The value of an option in an answer. */
function optionOf(data: Uint8Array, wanted: number): number[] | undefined {
  for (let at = 240; data[at] !== 255; at += 2 + data[at + 1]!)
    if (data[at] === wanted) return [...data.subarray(at + 2, at + 2 + data[at + 1]!)];
  return undefined;
}

describe('DHCP', () => {
  test('offers an address with mask, router, name server and boot file, and grants it', () => {
    const { cable } = plugged({ bootFile: 'boot.ipxe' });
    const [offer] = askDhcp(cable, dhcp(1));
    expect(offer!.to).toBe(guestAddress);
    expect(read32(offer!.data, 4)).toBe(0xdeadbeef);
    expect(printAddress(read32(offer!.data, 16))).toBe('10.0.2.15');
    expect(printAddress(read32(offer!.data, 20))).toBe('10.0.2.2');
    expect(text(offer!.data.subarray(108, 117))).toBe('boot.ipxe');
    expect(optionOf(offer!.data, 53)).toEqual([2]);
    expect(optionOf(offer!.data, 1)).toEqual([255, 255, 255, 0]);
    expect(optionOf(offer!.data, 3)).toEqual([10, 0, 2, 2]);
    expect(optionOf(offer!.data, 6)).toEqual([10, 0, 2, 3]);
    const [grant] = askDhcp(cable, dhcp(3, [50, 4, 10, 0, 2, 15, 54, 4, 10, 0, 2, 2]));
    expect(optionOf(grant!.data, 53)).toEqual([5]);
    expect(optionOf(grant!.data, 51)).toEqual([0, 1, 0x51, 0x80]);
  });

  test("refuses an address that is not the client's, to everybody", () => {
    const { cable } = plugged();
    const [refusal] = askDhcp(cable, dhcp(3, [50, 4, 10, 0, 2, 99]));
    expect(refusal!.to).toBe(0xffffffff);
    expect(optionOf(refusal!.data, 53)).toEqual([6]);
  });

  test('answers to everybody when asked to, and is silent when another server was chosen', () => {
    const { cable } = plugged();
    expect(askDhcp(cable, dhcp(1, [], 0, 0x8000))[0]!.to).toBe(0xffffffff);
    expect(askDhcp(cable, dhcp(3, [50, 4, 10, 0, 2, 15, 54, 4, 10, 0, 2, 9]))).toHaveLength(0);
  });

  test('answers BOOTP', () => {
    const { cable } = plugged();
    const [reply] = askDhcp(cable, dhcp(undefined));
    expect(printAddress(read32(reply!.data, 16))).toBe('10.0.2.15');
    expect(optionOf(reply!.data, 53)).toBeUndefined();
  });
});

function question(name: string, type: number): Uint8Array {
  const labels = name.split('.').map((label) => joined(Uint8Array.of(label.length), latin1(label)));
  return joined(Uint8Array.of(0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0), ...labels, Uint8Array.of(0, 0, type, 0, 1));
}

describe('the name server', () => {
  const ask = (name: string, type = 1) =>
    askUdp(
      plugged({ names: [{ name: 'Files.Test', address: '10.0.2.77' }] }).cable,
      addresses.nameServer,
      53,
      question(name, type),
    )[0]!.data;

  test('knows its own names and those of the plan, in any case of letters', () => {
    expect([...ask('gateway').slice(-4)]).toEqual([10, 0, 2, 2]);
    expect([...ask('SERVER').slice(-4)]).toEqual([10, 0, 2, 2]);
    expect([...ask('files.test').slice(-4)]).toEqual([10, 0, 2, 77]);
    expect(read16(ask('files.test'), 6)).toBe(1);
  });

  test('says that there is no such name, or no such record', () => {
    expect(ask('nowhere.test')[3]! & 0x0f).toBe(3);
    expect(ask('server', 28)[3]! & 0x0f).toBe(0);
    expect(read16(ask('server', 28), 6)).toBe(0);
  });

  test('names an address', () => {
    expect(text(ask('2.2.0.10.in-addr.arpa', 12))).toContain('gateway');
  });

  test('does not answer what is no question', () => {
    const { cable } = plugged();
    expect(askUdp(cable, addresses.nameServer, 53, Uint8Array.of(1, 2, 3))).toHaveLength(0);
    expect(askUdp(cable, addresses.nameServer, 53, question('x'.repeat(63), 1).subarray(0, 40))).toHaveLength(0);
  });
});

describe('TFTP', () => {
  const content = Uint8Array.from({ length: 1300 }, (_, at) => at & 0xff);
  const request = (...texts: readonly string[]) =>
    joined(Uint8Array.of(0, 1), latin1(texts.map((each) => `${each}\0`).join('')));
  const acknowledge = (block: number) => Uint8Array.of(0, 4, block >> 8, block & 0xff);

  test('gives a file out in blocks of 512 bytes from a port of its own', () => {
    const { cable } = plugged({}, [file('a/b.bin', content)]);
    let [block] = askUdp(cable, addresses.gateway, 69, request('/a/b.bin', 'octet'));
    const got = [];
    for (let number = 1; ; number++) {
      expect(read16(block!.data, 2)).toBe(number);
      got.push(block!.data.slice(4));
      const next = askUdp(cable, addresses.gateway, block!.sourcePort, acknowledge(number));
      if (next.length === 0) break;
      [block] = next;
    }
    expect(got.map(({ length }) => length)).toEqual([512, 512, 276]);
    expect(joined(...got)).toEqual(content);
  });

  test('agrees to a block size and tells the size', () => {
    const { cable } = plugged({}, [file('a', content)]);
    const [options] = askUdp(cable, addresses.gateway, 69, request('a', 'octet', 'blksize', '4000', 'tsize', '0'));
    expect(text(options!.data.subarray(2))).toBe('blksize\x001468\x00tsize\x001300\x00');
    const [block] = askUdp(cable, addresses.gateway, options!.sourcePort, acknowledge(0));
    expect(block!.data).toHaveLength(1304);
  });

  test('sends a block again when no acknowledgement comes, and gives up in the end', () => {
    const { cable, device } = plugged({}, [file('a', content)]);
    askUdp(cable, addresses.gateway, 69, request('a', 'octet'));
    expect(packetsIn(cable.wait(1_100_000))).toHaveLength(1);
    expect(packetsIn(cable.wait(20_000_000))).toHaveLength(4);
    expect(device.state.host.tftp.transfers).toHaveLength(0);
  });

  test('refuses files that are not there, and writes', () => {
    const { cable } = plugged({}, [file('a', content)]);
    expect(askUdp(cable, addresses.gateway, 69, request('b', 'octet'))[0]!.data[3]).toBe(1);
    const write = request('a', 'octet');
    write[1] = 2;
    expect(askUdp(cable, addresses.gateway, 69, write)[0]!.data[3]).toBe(2);
  });

  test('an empty file is one empty block', () => {
    const { cable } = plugged({}, [file('a', new Uint8Array())]);
    const [block] = askUdp(cable, addresses.gateway, 69, request('a', 'octet'));
    expect(block!.data).toEqual(Uint8Array.of(0, 3, 0, 1));
    expect(askUdp(cable, addresses.gateway, block!.sourcePort, acknowledge(1))).toHaveLength(0);
  });

  test('a file of whole blocks ends with an empty one', () => {
    const { cable } = plugged({}, [file('a', content.subarray(0, 512))]);
    const [block] = askUdp(cable, addresses.gateway, 69, request('a', 'octet'));
    const [last] = askUdp(cable, addresses.gateway, block!.sourcePort, acknowledge(1));
    expect(last!.data).toEqual(Uint8Array.of(0, 3, 0, 2));
  });
});

describe('a plan', () => {
  const images = new Map([['a'.repeat(64), new Uint8Array(3)]]);
  const served = { path: 'x', sha256: 'a'.repeat(64), size: 3 };
  for (const [what, plan] of [
    ['a latency of no time', { latencyMicroseconds: 0 }],
    ['a name for no address', { names: [{ name: 'a', address: '10.0.2' }] }],
    ['a path from the root', { files: [{ ...served, path: '/x' }] }],
    ['a path twice', { files: [served, served] }],
    ['a file that is not at hand', { files: [{ ...served, sha256: 'b'.repeat(64) }] }],
    ['a file of another size', { files: [{ ...served, size: 4 }] }],
  ] as const) {
    test(`may not have ${what}`, () => {
      expect(() => checkPlan(plan, images)).toThrow(/machine description/);
    });
  }
  test('gives its files out in the order of their paths', () => {
    const files = [
      { ...served, path: 'z' },
      { ...served, path: 'a/z' },
    ];
    expect(loadFiles({ files }, images).map(({ path, content }) => [path, content.length])).toEqual([
      ['a/z', 3],
      ['z', 3],
    ]);
  });

  test('may be empty, and may serve files', () => {
    checkPlan({}, images);
    checkPlan({ files: [served], names: [{ name: 'a', address: '10.0.2.9' }], latencyMicroseconds: 1 }, images);
    expect(parseAddress('10.0.2.9')).toBe(0x0a000209);
  });
});
