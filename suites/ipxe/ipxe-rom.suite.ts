/** iPXE as the option ROM of a network card: the firmware copies it, initialises it and starts the system from it. */
import { expect, guest, guestSeconds, guestTest, screenShows } from 'tsvm-test';

const test = guestTest({
  machine: 'i440fx',
  memory: '16M',
  boot: 'network',
  network: ['rtl8139'],
  firmware: {
    network: guest('pxe-rtl8139.rom', {
      sha256: 'e16f6544ef4e40670ee27003053c5fb7b89b22065c66b51379c16178a193bcca',
      optional: true,
    }),
  },
  served: 'suites/ipxe/served',
  builtInNetwork: { bootFile: 'hello.pxe' },
});

test('boots a program over TFTP from the ROM of a card', async ({ vm }) => {
  await vm.runUntil(screenShows('Its address is 10.0.2.15'), { within: guestSeconds(60) });
  expect(vm.screen.text()).toContain('tftp://10.0.2.2/hello.pxe... ok');
});
