/** A small virtio driver for tests: rings in a test memory, buffers one a page. */
import { createDevice, type Drive } from '../../../src/device/device.js';
import { virtioNet } from '../../../src/device/virtio/net.js';
import type { MemoryAccess } from '../../../src/device/memory-access.js';
import { testMemory } from '../memory.js';

export const testMac = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);

/** A network device on a bench, with all that it sends and its interrupt level. */
export function netBench(parts: { memory?: MemoryAccess; interrupt?: Drive } = {}) {
  const memory = testMemory(1 << 20);
  const sent: Uint8Array[] = [];
  const levels = { interrupt: false };
  const device = createDevice(virtioNet, {
    lines: { interrupt: parts.interrupt ?? ((level) => void (levels.interrupt = level)) },
    board: { memory: parts.memory ?? memory, mac: testMac, transmit: (frame) => void sent.push(frame) },
  });
  return { device, memory, sent, levels };
}

export type NetBench = ReturnType<typeof netBench>;

export interface Buffer {
  readonly address: number;
  readonly bytes: number;
  readonly writable?: boolean;
}

/** A driver's side of one queue of `size` entries, laid out at `base` as a legacy driver has to. */
export class DriverQueue {
  readonly available: number;
  readonly used: number;
  private nextDescriptor = 0;
  private seen = 0;

  constructor(
    private readonly bench: Pick<NetBench, 'memory'>,
    readonly base: number,
    readonly size: number,
  ) {
    this.available = base + 16 * size;
    this.used = Math.ceil((this.available + 6 + 2 * size) / 4096) * 4096;
  }

  /** Writes a chain of descriptors; returns the number of its head. */
  write(buffers: readonly Buffer[]): number {
    const { view } = this.bench.memory;
    const head = this.nextDescriptor;
    buffers.forEach(({ address, bytes, writable }, index) => {
      const at = this.base + 16 * ((head + index) % this.size);
      const last = index === buffers.length - 1;
      view.setBigUint64(at, BigInt(address), true);
      view.setUint32(at + 8, bytes, true);
      view.setUint16(at + 12, (last ? 0 : 1) | (writable ? 2 : 0), true);
      view.setUint16(at + 14, (head + index + 1) % this.size, true);
    });
    this.nextDescriptor = (head + buffers.length) % this.size;
    return head;
  }

  /** Makes a chain available. */
  add(head: number): void {
    const { view } = this.bench.memory;
    const index = view.getUint16(this.available + 2, true);
    view.setUint16(this.available + 4 + 2 * (index % this.size), head, true);
    view.setUint16(this.available + 2, (index + 1) & 0xffff, true);
  }

  /** Chains that the device gave back since the last call. */
  takeUsed(): { head: number; written: number }[] {
    const { view } = this.bench.memory;
    const found = [];
    for (; this.seen !== view.getUint16(this.used + 2, true); this.seen = (this.seen + 1) & 0xffff) {
      const at = this.used + 4 + 8 * (this.seen % this.size);
      found.push({ head: view.getUint32(at, true), written: view.getUint32(at + 4, true) });
    }
    return found;
  }
}

/** Starts the device through its ports with these low feature bits; returns its three queues. */
export function startLegacy(bench: NetBench, features = 0) {
  const { readRegister, writeRegister } = bench.device.operations;
  writeRegister(0x12, 0, 1);
  writeRegister(0x12, 3, 1);
  writeRegister(4, features, 4);
  const queues = [0, 1, 2].map((number) => {
    writeRegister(0x0e, number, 2);
    const queue = new DriverQueue(bench, 0x10000 * (number + 1), readRegister(0x0c, 2));
    writeRegister(8, queue.base / 4096, 4);
    return queue;
  });
  writeRegister(0x12, 7, 1);
  return queues as [DriverQueue, DriverQueue, DriverQueue];
}

/** Starts the device through its memory with these feature bits (VERSION_1 is added); queues of 8 entries. */
export function startModern(bench: NetBench, features = 0) {
  const { writeMemory } = bench.device.operations;
  writeMemory(0x14, 0, 1);
  writeMemory(0x14, 3, 1);
  writeMemory(0x08, 0, 4);
  writeMemory(0x0c, features, 4);
  writeMemory(0x08, 1, 4);
  writeMemory(0x0c, 1, 4);
  writeMemory(0x14, 11, 1);
  const queues = [0, 1, 2].map((number) => {
    writeMemory(0x16, number, 2);
    const queue = new DriverQueue(bench, 0x10000 * (number + 1), 8);
    writeMemory(0x18, 8, 2);
    writeMemory(0x20, queue.base, 4);
    writeMemory(0x28, queue.available, 4);
    writeMemory(0x30, queue.used, 4);
    writeMemory(0x1c, 1, 2);
    return queue;
  });
  writeMemory(0x14, 15, 1);
  return queues as [DriverQueue, DriverQueue, DriverQueue];
}

/** The ports of the legacy interface. */
interface Ports {
  readRegister(offset: number, width: 1 | 2 | 4): number;
  writeRegister(offset: number, value: number, width: 1 | 2 | 4): void;
}

/** Starts a device through its ports, with features of the lower 32; gives its queues. */
export function start(
  memory: ReturnType<typeof testMemory>,
  { readRegister, writeRegister }: Ports,
  count: number,
  features = 0,
): DriverQueue[] {
  writeRegister(0x12, 0, 1);
  writeRegister(0x12, 3, 1);
  writeRegister(4, features, 4);
  const queues = Array.from({ length: count }, (_, number) => {
    writeRegister(0x0e, number, 2);
    const queue = new DriverQueue({ memory }, 0x10000 * (number + 1), readRegister(0x0c, 2));
    writeRegister(8, queue.base / 4096, 4);
    return queue;
  });
  writeRegister(0x12, 7, 1);
  return queues;
}
