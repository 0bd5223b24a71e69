/** U-Boot for a PC as Debian 12's package `u-boot-qemu` has it, in place of the built-in firmware: its own drivers from the reset vector on. */
import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { expect, guest, guestSeconds, guestTest, serialShows } from 'tsvm-test';

const test = guestTest({
  machine: 'i440fx',
  // It uses MFENCE.
  processor: 'pentiumM',
  memory: '256M',
  network: ['e1000'],
  served: 'suites/u-boot/served',
  testing: { firmwareConfiguration: {} },
  firmware: {
    bios: guest('u-boot.rom', {
      sha256: 'e1509bcaeaf540c116881825a4a88aa2ed50897cac2e6fc0c92cc186c9eb8941',
      optional: true,
    }),
  },
  start: async (vm) => {
    await vm.runUntil(serialShows('Hit any key to stop autoboot'), { within: guestSeconds(30) });
    vm.send(' ');
    await vm.runUntil(serialShows('=> '), { within: guestSeconds(10) });
  },
});
const patience = { within: guestSeconds(30) };

test('counts the memory, and reads the address of the card from its EEPROM', ({ vm }) => {
  const log = vm.serial.text();
  expect(log).toContain('DRAM:  256 MiB');
  expect(log).toContain('Model: QEMU x86 (I440FX)');
  expect(log).toMatch(/e1000: 52:54:00:12:34:56\s+eth0: e1000#0/);
});

test('takes an address by DHCP and fetches a file over TFTP', async ({ vm }) => {
  vm.send('setenv autoload no; dhcp; setenv serverip 10.0.2.2; tftpboot 100000 note.txt; crc32 100000 $filesize\n');
  const file = readFileSync(new URL('served/note.txt', import.meta.url));
  const sum = crc32(file).toString(16).padStart(8, '0');
  await vm.runUntil(serialShows(`==> ${sum}`), patience);
  expect(vm.serial.text()).toContain('DHCP client bound to address 10.0.2.15');
  expect(vm.serial.text()).toContain(`Bytes transferred = ${file.length}`);
});

test('finds no drive on the first channel, and the CD-ROM drive on the second', async ({ vm }) => {
  vm.send('ide reset; ide info\n');
  await vm.runUntil(serialShows('Removable CD ROM'), patience);
  expect(vm.serial.text()).toMatch(/Bus 0: not available\s+Bus 1: OK/);
});

test('starts anew when it resets the machine', async ({ vm }) => {
  vm.send('reset\n');
  const banner = /U-Boot 2023\.01/g;
  const anew = { description: 'a second banner', holds: () => (vm.serial.text().match(banner) ?? []).length > 1 };
  await vm.runUntil(anew, patience);
});
