/**
 * The adapter with a linear framebuffer: the VGA of `vga.ts`, the display interface of `dispi.ts` at ports 1CEh and 1CFh, and
 * both again in a memory range beside the monitor's EDID.
 *
 * Source: "VBE Display API" (VGABIOS project); the memory range: "QEMU Standard VGA" (PCI specification).
 *
 * Not modelled: see `notModelled` below.
 */
import { defineDevice, type Width } from '../device.js';
import type { PciIdentity } from '../pci-identity.js';
import { readDispi, writeDispi } from './dispi.js';
import { edid } from './edid.js';
import { moving, vga, type VgaContext as Context, vgaOperations } from './vga.js';

const mebibyte = 1 << 20;

/** Bytes of video memory: enough for 2560 by 1600 pixels of 32 bits. */
export const vbeMemoryBytes = 16 * mebibyte;

/** As a PCI function: range 0 is the framebuffer, range 2 the registers that `readRegister` and `writeRegister` reach. */
export const vbeIdentity: PciIdentity = {
  vendor: 0x1234,
  device: 0x1111,
  revision: 2,
  classCode: 0x030000,
  subsystemVendor: 0x1af4,
  subsystem: 0x1100,
  ranges: {
    0: { kind: 'memory', bytes: vbeMemoryBytes, prefetchable: true },
    2: { kind: 'memory', bytes: 4096 },
  },
};

/** The register range. */
const range = {
  edid: { first: 0x000, end: 0x400 },
  ports: { first: 0x400, end: 0x420, port: 0x3c0 },
  dispi: { first: 0x500, end: 0x516 },
  extended: { first: 0x600, end: 0x608, size: 8, littleEndian: 0x1e1e1e1e },
} as const;

type Register = keyof typeof vga.registers;

const registerAt = new Map((Object.entries(vga.registers) as [Register, number][]).map(([name, port]) => [port, name]));

const writeNumber = moving(({ state, board }, value) => writeDispi(state, board.videoMemory, state.dispi.index, value));

const inside = (offset: number, { first, end }: { first: number; end: number }): boolean =>
  offset >= first && offset < end;

function readByte(context: Context, offset: number): number {
  const { state, board } = context;
  if (inside(offset, range.edid)) return edid[offset] ?? 0;
  if (inside(offset, range.ports)) {
    const register = registerAt.get(offset - range.ports.first + range.ports.port);
    return (register === undefined ? undefined : vga.read[register]?.(context, 1)) ?? 0xff;
  }
  if (inside(offset, range.dispi)) {
    return (readDispi(state, board.videoMemory.bytes, (offset - range.dispi.first) >> 1) >> ((offset & 1) * 8)) & 0xff;
  }
  if (inside(offset, range.extended)) {
    const at = offset - range.extended.first;
    return at < 4 ? (range.extended.size >> (at * 8)) & 0xff : range.extended.littleEndian & 0xff;
  }
  return 0;
}

function readRegister(context: Context, offset: number, width: Width): number {
  let value = 0;
  for (let at = 0; at < width; at++) value += readByte(context, offset + at) * 2 ** (8 * at);
  return value;
}

function writeRegister(context: Context, offset: number, value: number, width: Width): void {
  if (inside(offset, range.ports)) {
    for (let at = 0; at < width; at++) {
      const register = registerAt.get(offset + at - range.ports.first + range.ports.port);
      if (register !== undefined) vga.write[register]?.(context, (value >>> (8 * at)) & 0xff, 1);
    }
    return;
  }
  // The display interface is made of words; nothing smaller reaches it.
  for (let at = 0; at + 1 < width; at += 2) {
    if (!inside(offset + at, range.dispi)) continue;
    context.state.dispi.index = (offset + at - range.dispi.first) >> 1;
    writeNumber(context, (value >>> (8 * at)) & 0xffff);
  }
}

/** The adapter. A board hands the words at its two ports over whole, and gives it {@link vbeMemoryBytes} of memory. */
export const vbe = defineDevice({
  ...vga,
  name: 'vbe',
  source: `${vga.source}; "VBE Display API" (VGABIOS project)`,
  notModelled: [
    ...vga.notModelled,
    'the display interface by bytes, its separate read and write banks, and banks of 32 KiB',
    'register values that change with the mode: the CRTC keeps what it was, so status bits have its timing',
  ],
  registers: { ...vga.registers, dispiIndex: 0x1ce, dispiData: 0x1cf },
  read: {
    ...vga.read,
    dispiIndex: ({ state }: Context, width) => (width === 1 ? undefined : state.dispi.index),
    dispiData: ({ state, board }: Context, width) =>
      width === 1 ? undefined : readDispi(state, board.videoMemory.bytes, state.dispi.index),
  },
  write: {
    ...vga.write,
    dispiIndex: ({ state }: Context, value, width) => (width === 1 ? false : void (state.dispi.index = value & 0xffff)),
    dispiData: (context: Context, value, width) => (width === 1 ? false : writeNumber(context, value & 0xffff)),
  },
  operations: { ...vgaOperations, readRegister, writeRegister },
});
