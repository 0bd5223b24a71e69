/** iPXE: its own drivers for network cards, DHCP, TFTP and HTTP, and PXE services for what it starts. */
import { expect, guest, guestSeconds, guestTest, screenShows } from 'tsvm-test';

const test = guestTest({
  machine: 'i440fx',
  memory: '16M',
  kernel: guest('ipxe.lkrn', { sha256: 'b00bc0a320b0943c1de39a05a4c5e36ca51a37a6dd9787a50c79d5516040cd3c' }),
  network: ['rtl8139'],
  served: 'suites/ipxe/served',
  builtInNetwork: { bootFile: 'boot.ipxe' },
  start: (vm) => vm.runUntil(screenShows('Its address is 10.0.2.15'), { within: guestSeconds(60) }),
});

test('shows its banner and takes an address by DHCP', ({ vm }) => {
  const text = vm.screen.text();
  expect(text).toContain('Open Source Network Boot Firmware');
  expect(text).toContain('net0: 10.0.2.15/255.255.255.0 gw 10.0.2.2');
});

test('runs the script that the network names', ({ vm }) => {
  expect(vm.screen.text()).toContain('Started from boot.ipxe on 10.0.2.2 by 10.0.2.15');
});

test('starts a program that it fetches over HTTP', ({ vm }) => {
  expect(vm.screen).toMatchGolden('started');
});
