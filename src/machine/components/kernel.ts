/** A kernel of the description's own, which firmware asks for by a port. */
import { createDevice } from '../../device/device.js';
import { bootLoader } from '../../device/boot-loader/boot-loader.js';
import { type KernelRequest, planBoot } from '../../firmware/boot/plan.js';
import type { Board } from '../board.js';

/** The built-in firmware keeps its tables at the end of memory. */
const tableBytes = 0x10000;

/** The description's kernel and what comes with it, as its boot is planned; undefined where it has none. */
export function kernelRequestOf(board: Board): KernelRequest | undefined {
  const { kernel, memoryBytes } = board.description;
  if (kernel === undefined) return undefined;
  const image = (sha256: string): Uint8Array => board.images.get(sha256)!;
  return {
    protocol: kernel.protocol,
    image: image(kernel.image.sha256),
    modules: (kernel.modules ?? []).map(({ sha256, commandLine }) => ({
      bytes: image(sha256),
      ...(commandLine === undefined ? {} : { commandLine }),
    })),
    commandLine: kernel.commandLine,
    memoryEnd: memoryBytes - tableBytes,
  };
}

export function attachKernel(board: Board): void {
  const request = kernelRequestOf(board);
  if (request === undefined) return;
  const placements = planBoot(request);
  const place = (): void => placements.forEach(({ address, bytes }) => board.master.write(address, bytes));
  const device = createDevice(bootLoader, { lines: {}, board: { place } });
  board.ports.connect(device, 0, board.add('bootLoader', device));
}
