/** The VGA as every board may have it: its ports, its window from A0000h to BFFFFh, and its picture. */
import { createDevice } from '../../device/device.js';
import { vga } from '../../device/vga/vga.js';
import type { Board } from '../board.js';

const window = { base: 0xa0000, bytes: 0x20000 } as const;

export function attachVga(board: Board): void {
  const adapter: { directWindow?: () => number | undefined } = {};
  // The chip tells of its window while it is made, too, when it is closed.
  const mapWindow = (): void => board.addressSpace.setWindow(adapter.directWindow?.());
  const device = createDevice(vga, { lines: {}, board: { videoMemory: board.videoMemory, windowMoved: mapWindow } });
  adapter.directWindow = device.operations.directWindow;
  board.ports.connect(device, 0, board.addMapping('vga', device, mapWindow), () => board.now());
  const { readMemory, writeMemory, frame } = device.operations;
  board.addressSpace.map.place(window.base, window.bytes, {
    read(offset, width) {
      let value = 0;
      for (let index = 0; index < width; index++) value += readMemory(offset + index) * 2 ** (8 * index);
      return value;
    },
    write(offset, value, width) {
      for (let index = 0; index < width; index++) writeMemory(offset + index, (value >>> (8 * index)) & 0xff);
    },
  });
  board.setDisplay({ device, frame });
}
