/**
 * Display adapters: the VGA as every board may have it (its ports, its window from A0000h to BFFFFh, its picture), and the one
 * with a linear framebuffer, which is a function on the PCI bus besides.
 */
import type { DisplayMemory } from '../../cpu/bus.js';
import { createDevice, type Width } from '../../device/device.js';
import { vbe, vbeIdentity } from '../../device/vga/vbe.js';
import { vga } from '../../device/vga/vga.js';
import type { Frame } from '../../screen/frame.js';
import type { AnyDevice, Board } from '../board.js';
import type { BusRegion } from '../memory-map.js';
import { pciOf } from './chipset.js';

/** Where a PC's on-board display adapter sits on its bus. */
const place = { device: 2, function: 0 } as const;
const framebufferRange = 0;
/** Where the ROM of an adapter stands that is not on the PCI bus (IBM Personal System/2 Hardware Interface Technical Reference, "ROM"). */
const romStart = 0xc0000;

interface Adapter extends AnyDevice {
  readonly operations: {
    directWindow(): number | undefined;
    planeAccess(): DisplayMemory;
    frame(): Frame;
  };
}

/** Maps an adapter's window, and shows its picture. `make` is given what to call when the window has moved. */
function attachAdapter<Made extends Adapter>(board: Board, make: (windowMoved: () => void) => Made) {
  const made: { adapter?: Made } = {};
  // The chip tells of its window while it is made, too, when it is closed.
  const mapWindow = (): void => board.addressSpace.setWindow(made.adapter?.operations.directWindow());
  const adapter = make(mapWindow);
  made.adapter = adapter;
  const { planeAccess, frame } = adapter.operations;
  const clocked = board.addMapping('vga', adapter, () => {
    planeAccess();
    mapWindow();
  });
  board.addressSpace.setDisplay(planeAccess());
  board.setDisplay({ device: adapter, frame });
  return { adapter, clocked };
}

export function attachVga(board: Board): void {
  const { videoMemory } = board;
  const { adapter, clocked } = attachAdapter(board, (windowMoved) =>
    createDevice(vga, { lines: {}, board: { videoMemory, windowMoved } }),
  );
  board.ports.connect(adapter, 0, clocked);
  const rom = optionRom(board);
  if (rom !== undefined) board.addressSpace.map.place(romStart, rom.length, romRegion(rom));
}

export function attachVbe(board: Board): void {
  const { videoMemory } = board;
  const { adapter, clocked } = attachAdapter(board, (windowMoved) =>
    createDevice(vbe, { lines: {}, board: { videoMemory, windowMoved } }),
  );
  board.ports.connect(adapter, 0, clocked, ['dispiIndex', 'dispiData']);
  const { readRegister, writeRegister } = adapter.operations;
  const rom = optionRom(board);
  pciOf(board).attach({
    name: 'vga',
    identity: rom === undefined ? vbeIdentity : { ...vbeIdentity, romBytes: romRange(rom) },
    place,
    regions: {
      2: {
        read: (offset, width: Width) => board.touch(adapter, () => readRegister(offset, width)),
        write: (offset, value, width: Width) => board.touch(adapter, () => writeRegister(offset, value, width)),
      },
    },
    ...(rom === undefined ? {} : { rom }),
    moved: (index, base) => {
      if (index === framebufferRange) board.addressSpace.setVideo(base);
    },
  });
}

/** The adapter's firmware where the user brings it. */
function optionRom({ description, images }: Board): Uint8Array | undefined {
  const { video } = description.firmware ?? {};
  return video === undefined ? undefined : images.get(video.sha256);
}

/** A ROM on the bus of the board itself: always there, and never written. */
function romRegion(rom: Uint8Array): BusRegion {
  return {
    read: (offset, width) => {
      let value = 0;
      for (let at = 0; at < width; at++) value |= (rom[offset + at] ?? 0xff) << (8 * at);
      return value >>> 0;
    },
    write: () => true,
  };
}

/** The size of the range that a ROM takes: a power of two, at least 2 KiB (PCI Local Bus Specification 2.2, section 6.2.5.2). */
function romRange(rom: Uint8Array): number {
  let bytes = 2048;
  while (bytes < rom.length) bytes *= 2;
  return bytes;
}
