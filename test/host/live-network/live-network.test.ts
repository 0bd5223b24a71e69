import { createSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { plugLiveNetwork } from '../../../src/host/live-network/live-network.js';
import type { InputEvent, Machine } from '../../../src/machine/machine.js';
import { latin1 } from '../../../src/network/bytes.js';
import { buildUdp, parseUdp } from '../../../src/network/ipv4.js';
import { addresses } from '../../../src/network/plan.js';
import { Client, guestAddress, ipv4Frame, packetsIn } from '../../network/guest.js';

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

/** A machine of one live card, whose guest is the test: frames that enter by its door are kept. */
function plugged() {
  const received: Uint8Array[] = [];
  const machine = {
    description: { cyclesPerSecond: 1_000_000, network: [{ card: 'rtl8139', network: 'live' }] },
    cycle: 0,
    observers: {} as Machine['observers'],
  };
  const input = (event: InputEvent): void => {
    if (event.kind === 'packet') received.push(event.frame);
  };
  const network = plugLiveNetwork({ machine: machine as unknown as Machine, input })!;
  closers.push(() => network.close());
  const send = (frame: Uint8Array): void =>
    machine.observers.packet?.({ card: 0, frame, cycle: machine.cycle as Machine['cycle'] });
  /** Lets host and guest go on until something holds. */
  async function until(holds: () => boolean, each: (frames: readonly Uint8Array[]) => void = () => {}): Promise<void> {
    for (let step = 0; step < 2000 && !holds(); step++) {
      machine.cycle += 1000;
      network.deliver();
      each(received.splice(0));
      await new Promise((next) => setTimeout(next, 1));
    }
    expect(holds()).toBe(true);
  }
  return { send, until, machine };
}

async function listening(serve: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, serve);
  closers.push(() => server.close());
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return (server.address() as AddressInfo).port;
}

describe('a connection to the gateway', () => {
  test("reaches the host's loopback, both ways, and closes", async () => {
    const content = 'x'.repeat(100_000);
    const port = await listening((socket) => {
      let said = '';
      socket.on('data', (data) => (said += data.toString()));
      socket.on('end', () => socket.end(`${said}${content}`));
    });
    const { send, until } = plugged();
    const client = new Client(send, port);
    client.open();
    await until(
      () => client.state === 'open',
      (frames) => client.receive(frames),
    );
    client.write('hello');
    await until(
      () => client.unacknowledged.length === 0,
      (frames) => client.receive(frames),
    );
    client.finish();
    await until(
      () => client.state === 'ended',
      (frames) => client.receive(frames),
    );
    expect(new TextDecoder().decode(client.data)).toBe(`hello${content}`);
  });

  test('is refused where nobody listens', async () => {
    const port = await listening(() => {});
    closers.splice(-1)[0]!();
    const { send, until } = plugged();
    const client = new Client(send, port);
    client.open();
    await until(
      () => client.state === 'reset',
      (frames) => client.receive(frames),
    );
  });
});

test('datagrams to the gateway reach the host, and answers come back', async () => {
  const socket = createSocket('udp4');
  closers.push(() => socket.close());
  socket.on('message', (data, from) => socket.send(`${data.toString()}!`, from.port, from.address));
  await new Promise<void>((ready) => socket.bind(0, '127.0.0.1', ready));
  const { send, until } = plugged();
  send(
    ipv4Frame(
      buildUdp(guestAddress, addresses.gateway, {
        sourcePort: 1024,
        destinationPort: socket.address().port,
        data: latin1('hi'),
      }),
    ),
  );
  const answers: string[] = [];
  await until(
    () => answers.length > 0,
    (frames) => packetsIn(frames).forEach((packet) => answers.push(new TextDecoder().decode(parseUdp(packet)!.data))),
  );
  expect(answers).toEqual(['hi!']);
});

test('a machine without live cards has no live network, and one that is unplugged hears nothing', () => {
  const machine = { description: { cyclesPerSecond: 1 }, cycle: 0, observers: {} } as unknown as Machine;
  expect(plugLiveNetwork({ machine, input: () => {} })).toBeUndefined();
  const { machine: live } = plugged();
  closers.splice(0).forEach((close) => close());
  expect(live.observers.packet).toBeUndefined();
});
