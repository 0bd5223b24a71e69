/**
 * A network card on the live network: iPXE fetches a script from a server of the host, and what came in is an input like any other,
 * so that the run is the same once the server is gone. The server here is on the host's loopback, which the gateway stands for.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, guest, guestSeconds, guestTest, screenShows } from 'tsvm-test';

let server: Server;
const asked: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('#!ipxe\necho This came from outside to ${net0/ip}\n');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterAll(() => void server.close());

const test = guestTest({
  machine: 'i440fx',
  memory: '16M',
  kernel: guest('ipxe.lkrn', { sha256: 'b00bc0a320b0943c1de39a05a4c5e36ca51a37a6dd9787a50c79d5516040cd3c' }),
  network: [{ card: 'rtl8139', network: 'live' }],
  // Its prompt, instead of a boot from the network.
  start: async (vm) => {
    await vm.runUntil(screenShows('Ctrl-B'), { within: guestSeconds(60) });
    await vm.press('ctrl+b');
    await vm.runUntil(screenShows('iPXE>'), { within: guestSeconds(20) });
  },
});

test('fetches a script from a server of the host, and runs the same with the server gone', async ({ vm, rerun }) => {
  const { port } = server.address() as AddressInfo;
  await vm.type('dhcp\n');
  await vm.runUntil(screenShows(/Configuring.*ok/), { within: guestSeconds(60) });
  await vm.type(`chain http://10.0.2.2:${port}/from-outside\n`);
  await vm.runUntil(screenShows('This came from outside to 10.0.2.15'), { within: guestSeconds(60) });
  expect(asked).toEqual(['/from-outside']);

  await new Promise<void>((closed) => {
    server.close(() => closed());
    server.closeAllConnections();
  });
  expect(rerun()).toBeNull();
});
