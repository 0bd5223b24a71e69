/**
 * The BIOS of Bochs and its VGA BIOS, as Debian 12's packages `bochsbios` and `vgabios` have them, in place of the built-in firmware: on the ISA board
 * and on the PCI board, both with a display whose ROM is at C0000h. The BIOS takes some of QEMU's ways for granted.
 */
import { expect, guest, guestSeconds, guestTest, type GuestSettings, screenShows } from 'tsvm-test';

const patience = { within: guestSeconds(20) };

/** A board with these two for its firmware; one BIOS knows the ISA bus alone, the other makes tables of ACPI and MP besides. */
const boardWith = (machine: 'pc' | 'i440fx', name: string, sha256: string): GuestSettings => ({
  machine,
  quirks: 'qemu',
  firmware: {
    bios: guest(name, { sha256, optional: true }),
    video: guest('vgabios.bin', {
      sha256: '76af53f14955df3edd6365daa64393e91fafe55241c2c00384ff05b740431da1',
      optional: true,
    }),
  },
});
const onIsa = boardWith('pc', 'BIOS-bochs-legacy', '6481181809b58a9f805346a7ecf9bebdaf5b322c32825fb49ee89da51552c4ac');
const onPci = boardWith(
  'i440fx',
  'BIOS-bochs-latest',
  '920f0170ac61960e1fb8cbdbd7a8176b4238ea1b19619bf768bb076989a32614',
);
const mikeos = guest('mikeos-4.6.1.flp', {
  sha256: '93023e2b2aa970097933eb2423ddc9c6b38c76264d8e14074a4aa7168b59fe00',
});

for (const [name, settings] of [
  ['ISA', onIsa],
  ['PCI', onPci],
] as const) {
  guestTest({ ...settings, floppy: mikeos })(
    `boots MikeOS from a floppy on the ${name} board`,
    async ({ vm, rerun }) => {
      await vm.runUntil(screenShows('Press F12 for boot menu'), patience);
      expect(vm.screen).toMatchGolden(`${name}-start`);
      await vm.runUntil(screenShows('Please select an interface'), patience);
      await vm.press('Enter');
      await vm.runUntil(screenShows('Please select a file'), patience);
      expect(vm.screen).toMatchGolden('mikeos-menu');
      expect(rerun()).toBeNull();
    },
  );

  guestTest({ ...settings, disk: 'suites/kernel/kernel.img', boot: 'disk' })(
    `boots a kernel from a disk on the ${name} board`,
    async ({ vm }) => {
      await vm.runUntil(screenShows('Minnow'), patience);
      await vm.wait(guestSeconds(1));
      await vm.type('mem\n');
      await vm.wait(guestSeconds(1));
      expect(vm.screen.text()).toMatch(/KiB|pages/);
    },
  );
}
