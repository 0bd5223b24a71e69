import { createDevice } from '../../../src/device/device.js';
import type { Medium } from '../../../src/device/medium.js';
import { opticalDrive } from '../../../src/device/optical-drive/optical-drive.js';

/** A disc whose byte `at` of block `b` is `b * 7 + at`, cut behind `sectors` sectors of 512 bytes. */
export function testDisc(sectors: number): Medium & { readonly bytes: Uint8Array } {
  const bytes = Uint8Array.from({ length: sectors * 512 }, (_, at) => ((at >> 11) * 7 + at) & 0xff);
  return {
    bytes,
    sectors,
    writable: false,
    read: (sector, into) => into.set(bytes.subarray(sector * 512, (sector + 1) * 512)),
    write: () => {
      throw new Error('a disc is not written');
    },
  };
}

/** A drive alone, with an initiator's habits. */
export function testDrive(bus: 'atapi' | 'scsi' = 'atapi', disc: Medium | undefined = testDisc(4 * 40)) {
  const bay: { disc: Medium | undefined } = { disc };
  const device = createDevice(opticalDrive, { lines: {}, board: { bus, medium: () => bay.disc } });
  const { operations } = device;
  return {
    device,
    bay,
    /** Executes a command; gives its status and its data. */
    run(command: readonly number[], out: readonly number[] = [], unit = 0) {
      const transfer = operations.begin(Uint8Array.from(command), unit);
      const data = new Uint8Array(transfer.direction === 'in' ? transfer.bytes : 0);
      operations.read(data);
      if (transfer.direction === 'out') operations.write(Uint8Array.from(out));
      return { status: operations.end(), data: [...data], transfer };
    },
    /** Key and code of REQUEST SENSE. */
    sense(): readonly [number, number] {
      const { data } = this.run([0x03, 0, 0, 0, 18, 0]);
      return [data[2]!, data[12]! * 256 + data[13]!];
    },
  };
}
