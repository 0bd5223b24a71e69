/** Firmware of QEMU's that is installed on this computer: where it lies, and when a machine has it instead of ours. */
import { inFolder, isThere } from '../../host/files.js';
import type { QemuCommand } from './qemu-options.js';

/** Where distributions put it. */
const folders = ['/usr/share/seabios', '/usr/share/qemu', '/usr/local/share/qemu', '/usr/share/qemu-kvm'] as const;
const romFolders = ['/usr/lib/ipxe/qemu', '/usr/share/qemu', '/usr/local/share/qemu', '/usr/share/ipxe/qemu'] as const;

/** SeaBIOS by board: an ISA board has no room for the larger one. */
const seabios = { i440fx: 'bios-256k.bin', pc: 'bios.bin' } as const;
const displayRoms = { vga: 'vgabios-isavga.bin', vbe: 'vgabios-stdvga.bin' } as const;
/** Option ROMs for booting from the network, by card. */
const cardRoms: Readonly<Record<string, string>> = {
  e1000: 'pxe-e1000.rom',
  rtl8139: 'pxe-rtl8139.rom',
  'ne2000-pci': 'pxe-ne2k_pci.rom',
  'virtio-net': 'pxe-virtio.rom',
};

const find = (name: string, places: readonly string[]): string | undefined =>
  places.map((folder) => inFolder(folder, name)).find((file) => isThere(file));

/**
 * The firmware of a machine: what its options name; SeaBIOS where firmware is to do without a display, for it speaks over the serial line
 * then, as ours does not; ours otherwise. The first card has its option ROM, as QEMU gives it one, where the processor runs.
 */
export function firmwareOf({ firmware, machine, board, runs, kernel }: QemuCommand): object {
  const { bios: named = machine?.flash, graphics } = firmware;
  const isSilent = runs && !graphics && kernel === undefined;
  const bios =
    named === undefined
      ? isSilent
        ? find(seabios[board], folders)
        : undefined
      : isThere(named)
        ? named
        : (find(named, folders) ?? named);
  const video = bios !== undefined && graphics ? find(displayRoms[machine?.display ?? 'vga'], folders) : undefined;
  const [first] = machine?.cards ?? [];
  const network = runs && first?.user !== undefined ? find(cardRoms[first.card] ?? '', romFolders) : undefined;
  const roles = { bios, video, network };
  const said = Object.entries(roles).filter(([, file]) => file !== undefined);
  return said.length === 0 ? {} : { firmware: Object.fromEntries(said) };
}
