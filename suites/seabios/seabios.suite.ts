/** SeaBIOS 1.16.2 with its VGA BIOS, as Debian 12's package `seabios` has them, in place of the built-in firmware. */
import {
  debugConsoleShows,
  expect,
  guest,
  guestSeconds,
  guestTest,
  type GuestSettings,
  promptShows,
  screenShows,
} from 'tsvm-test';

const patience = { within: guestSeconds(60) };

/** A board with these two for its firmware. */
const seabios: GuestSettings = {
  machine: 'i440fx',
  memory: '64M',
  // Without a configuration channel SeaBIOS finds a display's ROM on the PCI bus alone.
  display: 'vbe',
  firmware: {
    bios: guest('bios-256k.bin', {
      sha256: '2da2018c7555e50b660a84a273a14a79cb87b9070fe6a90e9f151a53e357f7e6',
      optional: true,
    }),
    video: guest('vgabios-stdvga.bin', {
      sha256: 'cc2f735f19b6318922ac3de9506dee498f149a6b75534f7e5c176d4441a7fa4a',
      optional: true,
    }),
  },
};

const withNothing = guestTest(seabios);
withNothing('says what it is, and that there is nothing to boot from', async ({ vm }) => {
  await vm.runUntil(screenShows('No bootable device'), patience);
  expect(vm.screen.text()).toContain('SeaBIOS (version 1.16.2');
  expect(vm.screen).toMatchGolden('nothing-to-boot');
});

const withMikeos = guestTest({
  ...seabios,
  floppy: guest('mikeos-4.6.1.flp', { sha256: '93023e2b2aa970097933eb2423ddc9c6b38c76264d8e14074a4aa7168b59fe00' }),
});
withMikeos('boots MikeOS to its menu of programs', async ({ vm, rerun }) => {
  await vm.runUntil(screenShows('Please select an interface'), patience);
  await vm.press('Enter');
  await vm.runUntil(screenShows('Please select a file'), patience);
  expect(vm.screen).toMatchGolden('mikeos-menu');
  expect(rerun()).toBeNull();
});

const withConfiguration = guestTest({
  ...seabios,
  testing: {
    firmwareConfiguration: { files: [{ name: 'bootorder', text: '/pci@i0cf8/isa@1/fdc@03f0/floppy@0\0' }] },
    debugConsole: { port: '0x402' },
  },
  floppy: guest('mikeos-4.6.1.flp', { sha256: '93023e2b2aa970097933eb2423ddc9c6b38c76264d8e14074a4aa7168b59fe00' }),
});
withConfiguration(
  'asks for its configuration, tells its debug console, and boots what is to be first',
  async ({ vm, rerun }) => {
    await vm.runUntil(debugConsoleShows('Booting from 0000:7c00'), patience);
    const said = vm.debugConsole.text();
    expect(said).toContain('QEMU fw_cfg DMA interface supported');
    expect(said).toContain('qemu/e820: addr 0x0000000000000000 len 0x0000000004000000 [RAM]');
    expect(said).toContain('Found 1 cpu(s) max supported 1 cpu(s)');
    expect(said).toContain('boot order:\n1: /pci@i0cf8/isa@1/fdc@03f0/floppy@0\n');
    expect(said).not.toMatch(/WARNING|panic/i);
    await vm.runUntil(screenShows('Please select an interface'), patience);
    expect(rerun()).toBeNull();
  },
);

const dosPrompt = promptShows('A:\\>');
const withFreedos = guestTest({
  ...seabios,
  floppy: guest('freedos-722.img', { sha256: '6c7b3c62823d538e20797fecae6dc55d2572455791a573a7de2cdba0b583f6be' }),
});
withFreedos('boots FreeDOS, which keeps a file that is typed in', async ({ vm, rerun }) => {
  await vm.runUntil(dosPrompt, patience);
  await vm.type('copy con hello.txt\n');
  await vm.runUntil(screenShows('con => hello.txt'), patience);
  await vm.type('hello again\n');
  await vm.press('ctrl+z', 'enter');
  await vm.runUntil(dosPrompt, patience);
  await vm.type('dir hello.txt\n');
  await vm.runUntil(dosPrompt, patience);
  await vm.type('type hello.txt\n');
  await vm.runUntil(screenShows(/^hello again/m), patience);
  await vm.runUntil(dosPrompt, patience);
  expect(vm.screen).toMatchGolden('freedos-file');
  expect(rerun()).toBeNull();
});

const grubPrompt = promptShows('grub>');
const withGrubFloppy = guestTest({
  ...seabios,
  floppy: guest('grub-rescue-floppy.img', {
    sha256: '6073aa7dbfe945ecdc6972908764bc0a75eae2c2e48024d56f168f72a1648527',
  }),
});
withGrubFloppy("boots GRUB's rescue floppy to its command line", async ({ vm }) => {
  await vm.runUntil(screenShows('Use the'), patience);
  await vm.type('c');
  await vm.runUntil(grubPrompt, patience);
  await vm.type('ls\n');
  await vm.runUntil(grubPrompt, patience);
  expect(vm.screen).toMatchGolden('grub-floppy');
});

const withGrubCdrom = guestTest({
  ...seabios,
  cdrom: guest('grub-rescue-cdrom.iso', {
    sha256: '895e963832b7bf6c9cf20cf608e2f2fca7540f1ccaf46e31048c7b299b8c3566',
  }),
});
withGrubCdrom("boots GRUB's CD-ROM, which lists itself and the PCI bus", async ({ vm, rerun }) => {
  await vm.runUntil(screenShows('Use the'), patience);
  await vm.type('c');
  await vm.runUntil(grubPrompt, patience);
  await vm.type('ls (cd)/boot/grub\n');
  await vm.runUntil(grubPrompt, patience);
  await vm.type('lspci\n');
  await vm.runUntil(grubPrompt, patience);
  expect(vm.screen).toMatchGolden('grub-cdrom');
  expect(rerun()).toBeNull();
});

const withKolibri = guestTest({
  ...seabios,
  mouse: 'ps2',
  floppy: guest('kolibri-2020.img', { sha256: '80a1791fdc9159975f1cbed8e185206a4575a96bcef1e3e0461efa8b36af1083' }),
});
withKolibri('starts a desktop in a mode of its VGA BIOS', async ({ vm }) => {
  // The whole floppy is read at a floppy's own speed; waiting for it costs the host nothing.
  await vm.wait(guestSeconds(200));
  expect(vm.screen).toMatchGolden('kolibri-desktop');
});
