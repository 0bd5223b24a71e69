import { createDevice } from '../../../src/device/device.js';
import type { Medium } from '../../../src/device/medium.js';
import type { ScsiTarget } from '../../../src/device/scsi-target.js';
import { sectorBytes } from '../../../src/device/medium.js';
import { ata } from '../../../src/device/ata/ata.js';
import type { AtaDisk } from '../../../src/device/ata/state.js';

/** A disk in memory whose byte `at` of sector `s` is `s * 3 + at`. */
export function testDisk(sectors: number, writable = true): Medium & { readonly bytes: Uint8Array } {
  const bytes = new Uint8Array(sectors * sectorBytes);
  for (let at = 0; at < bytes.length; at++) bytes[at] = ((at >> 9) * 3 + at) & 0xff;
  return {
    bytes,
    sectors,
    writable,
    read: (sector, into) => into.set(bytes.subarray(sector * sectorBytes, (sector + 1) * sectorBytes)),
    write: (sector, data) => bytes.set(data.subarray(0, sectorBytes), sector * sectorBytes),
  };
}

/** A channel with a driver's habits. */
export function testChannel(
  disks: readonly (AtaDisk | undefined)[],
  packets: readonly (ScsiTarget | undefined)[] = [],
) {
  let level = false;
  let edges = 0;
  const device = createDevice(ata, {
    lines: {
      interrupt(to) {
        if (to && !level) edges++;
        level = to;
      },
      dmaRequest: () => {},
    },
    board: { drive: (unit) => disks[unit], packet: (unit) => packets[unit] },
  });
  const out = (values: Partial<Record<keyof typeof ata.registers, number>>): void => {
    for (const [register, value] of Object.entries(values)) device.write(register as 'data', value);
  };
  return {
    device,
    out,
    get interrupt() {
      return level;
    },
    /** Rising edges of INTRQ so far. */
    get edges() {
      return edges;
    },
    status: () => device.read('alternateStatusOrControl')!,
    /** Waits until BSY falls; gives the ticks that took. */
    ready(): number {
      let ticks = 0;
      while (device.read('alternateStatusOrControl')! & 0x80) {
        const edge = device.nextEdge();
        if (edge === Infinity) throw new Error('busy for ever');
        device.advance(edge);
        ticks += edge;
      }
      return ticks;
    },
    /** Addresses an LBA on drive `unit`. */
    address(lba: number, count: number, unit = 0): void {
      out({
        deviceHead: 0xe0 | (unit << 4) | (lba >>> 24),
        sectorCount: count & 0xff,
        sectorNumber: lba & 0xff,
        cylinderLow: (lba >> 8) & 0xff,
        cylinderHigh: (lba >> 16) & 0xff,
      });
    },
    readBlock(bytes: number): Uint8Array {
      const into = new Uint8Array(bytes);
      for (let at = 0; at < bytes; at += 2) {
        const word = device.read('data', 2)!;
        into[at] = word & 0xff;
        into[at + 1] = word >> 8;
      }
      return into;
    },
    writeBlock(data: Uint8Array): void {
      for (let at = 0; at < data.length; at += 2) device.write('data', data[at]! | (data[at + 1]! << 8), 2);
    },
  };
}
export type TestChannel = ReturnType<typeof testChannel>;

/** Sectors of the disk that most tests use: four cylinders and a rest. */
export const sectorsOnDisk = 4 * 16 * 63 + 5;

/** A channel whose reset is over. */
export function readyChannel(disks = [testDisk(sectorsOnDisk)]): TestChannel {
  const channel = testChannel(disks);
  channel.ready();
  return channel;
}

/** Writes the Command register. */
export const command = (channel: TestChannel, code: number): void => void channel.device.write('statusOrCommand', code);
/** Reads Status, which withdraws the interrupt. */
export const status = (channel: TestChannel): number => channel.device.read('statusOrCommand')!;

/** The words of IDENTIFY DEVICE. */
export function identify(channel: TestChannel, unit = 0): Uint16Array {
  channel.out({ deviceHead: 0xa0 | (unit << 4) });
  command(channel, 0xec);
  channel.ready();
  return new Uint16Array(channel.readBlock(512).buffer);
}
