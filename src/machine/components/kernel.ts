/** A kernel of the description's own, which firmware asks for by a port. */
import { createDevice } from '../../device/device.js';
import { bootLoader } from '../../device/boot-loader/boot-loader.js';
import { planBoot } from '../../firmware/boot/plan.js';
import type { Board } from '../board.js';

/** The built-in firmware keeps its tables at the end of memory. */
const tableBytes = 0x10000;

export function attachKernel(board: Board): void {
  const { kernel, memoryBytes } = board.description;
  if (kernel === undefined) return;
  const image = (sha256: string): Uint8Array => board.images.get(sha256)!;
  const placements = planBoot({
    protocol: kernel.protocol,
    image: image(kernel.image.sha256),
    modules: (kernel.modules ?? []).map(({ sha256, commandLine }) => ({
      bytes: image(sha256),
      ...(commandLine === undefined ? {} : { commandLine }),
    })),
    commandLine: kernel.commandLine,
    memoryEnd: memoryBytes - tableBytes,
  });
  const place = (): void => placements.forEach(({ address, bytes }) => board.master.write(address, bytes));
  const device = createDevice(bootLoader, { lines: {}, board: { place } });
  board.ports.connect(device, 0, board.add('bootLoader', device));
}
