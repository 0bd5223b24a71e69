import { describe, expect, test } from 'vitest';
import { rawSector } from '../../../src/device/optical-drive/raw-sector.js';
import { testDisc, testDrive } from './disc.js';

const good = 0;
const checkCondition = 2;
const text = (data: readonly number[]): string => String.fromCharCode(...data);

describe('INQUIRY', () => {
  test('names a removable CD-ROM, cut at the allocation length', () => {
    const { status, data } = testDrive().run([0x12, 0, 0, 0, 36, 0]);
    expect(status).toBe(good);
    expect([data[0], data[1], data[3]]).toEqual([5, 0x80, 0x21]);
    expect(text(data.slice(8, 32))).toBe('TSVM    CD-ROM          ');
    expect(testDrive().run([0x12, 0, 0, 0, 5, 0]).data).toHaveLength(5);
  });

  test('says of another logical unit that it is not there', () => {
    const drive = testDrive();
    expect(drive.run([0x12, 0, 0, 0, 36, 0], [], 1).data[0]).toBe(0x7f);
    expect(drive.run([0x00, 0, 0, 0, 0, 0], [], 1).status).toBe(checkCondition);
    expect(drive.sense()).toEqual([5, 0x2500]);
  });
});

describe('reading', () => {
  test.each([
    ['READ(10)', [0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0]],
    ['READ(12)', [0xa8, 0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0]],
    ['READ(6)', [0x08, 0, 0, 3, 2, 0]],
    ['READ CD with user data', [0xbe, 0, 0, 0, 0, 3, 0, 0, 2, 0x10, 0, 0]],
    ['READ CD MSF with user data', [0xb9, 0, 0, 0, 2, 3, 0, 2, 5, 0x10, 0, 0]],
  ])('%s gives blocks of 2048 bytes', (_name, command) => {
    const drive = testDrive();
    const { data, status } = drive.run(command);
    expect(status).toBe(good);
    expect(Uint8Array.from(data)).toEqual(testDisc(160).bytes.subarray(3 * 2048, 5 * 2048));
  });

  test('fills the last block of an image that ends inside it', () => {
    const drive = testDrive('atapi', testDisc(6));
    const { data } = drive.run([0x28, 0, 0, 0, 0, 1, 0, 0, 1, 0]);
    expect(data.slice(0, 1024)).toEqual([...testDisc(6).bytes.subarray(2048, 3072)]);
    expect(data.slice(1024)).toEqual(new Array(1024).fill(0));
  });

  test('stops at the end of the disc', () => {
    const drive = testDrive();
    expect(drive.run([0x28, 0, 0, 0, 0, 39, 0, 0, 2, 0]).status).toBe(checkCondition);
    expect(drive.sense()).toEqual([5, 0x2100]);
    expect(drive.run([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0]).data).toEqual([0, 0, 0, 39, 0, 0, 8, 0]);
  });

  test('gives raw sectors to READ CD, with sync, header and error codes', () => {
    const { data } = testDrive().run([0xbe, 0, 0, 0, 0, 0, 0, 0, 1, 0xf8, 0, 0]);
    expect(data).toHaveLength(2352);
    expect(data.slice(0, 16)).toEqual([0, ...new Array(10).fill(0xff), 0, 0, 2, 0, 1]);
    expect(data.slice(16, 2064)).toEqual([...testDisc(160).bytes.subarray(0, 2048)]);
  });
});

describe('a raw sector', () => {
  test('has the error detection code that ECMA-130 defines: the remainder over all of it is zero', () => {
    const sector = rawSector(1234, testDisc(4).bytes);
    let remainder = 0;
    for (let at = 0; at < 2068; at++) {
      remainder ^= sector[at]!;
      for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xd8018001 : 0);
    }
    expect(remainder >>> 0).toBe(0);
  });

  test('has parities that make both sums of every vector zero', () => {
    const sector = rawSector(77, testDisc(4).bytes).subarray(12);
    const times = (value: number): number => ((value << 1) ^ (value & 0x80 ? 0x11d : 0)) & 0xff;
    const sums = (vector: readonly number[]): readonly [number, number] =>
      vector.reduce<readonly [number, number]>(
        ([weighted, plain], value) => [times(weighted) ^ value, plain ^ value],
        [0, 0],
      );
    for (let column = 0; column < 86; column++) {
      const vector = Array.from({ length: 26 }, (_, row) => sector[row * 86 + column]!);
      expect(sums(vector)).toEqual([0, 0]);
    }
    for (let diagonal = 0; diagonal < 52; diagonal++) {
      const place = (step: number): number => (((diagonal >> 1) * 86 + step * 88) % (26 * 86)) + (diagonal & 1);
      const vector = Array.from({ length: 43 }, (_, step) => sector[place(step)]!);
      expect(sums([...vector, sector[2236 + diagonal]!, sector[2236 + 52 + diagonal]!])).toEqual([0, 0]);
    }
  });
});

describe('READ TOC', () => {
  const drive = testDrive();
  test('format 0 lists the data track and the lead-out, as blocks or as times', () => {
    expect(drive.run([0x43, 0, 0, 0, 0, 0, 0, 1, 0, 0]).data).toEqual([
      ...[0, 18, 1, 1],
      ...[0, 0x14, 1, 0, 0, 0, 0, 0],
      ...[0, 0x14, 0xaa, 0, 0, 0, 0, 40],
    ]);
    const times = drive.run([0x43, 2, 0, 0, 0, 0, 0xaa, 1, 0, 0]).data;
    expect(times.slice(4)).toEqual([0, 0x14, 0xaa, 0, 0, 0, 2, 40]);
  });
  test('format 1 names the one session, also asked for in the old place', () => {
    const expected = [0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0];
    expect(drive.run([0x43, 0, 1, 0, 0, 0, 0, 1, 0, 0]).data).toEqual(expected);
    expect(drive.run([0x43, 0, 0, 0, 0, 0, 0, 1, 0, 0x40]).data).toEqual(expected);
  });
  test('format 2 has the points A0, A1, A2 and the track', () => {
    const { data } = drive.run([0x43, 0, 2, 0, 0, 0, 0, 1, 0, 0]);
    expect(data[1]).toBe(46);
    expect([7, 18, 29, 40].map((at) => data[at])).toEqual([0xa0, 0xa1, 0xa2, 1]);
  });
  test('refuses a start behind the last track', () => {
    expect(drive.run([0x43, 0, 0, 0, 0, 0, 5, 1, 0, 0]).status).toBe(checkCondition);
  });
});

describe('the tray', () => {
  test('opens and closes for the host, and tells of the disc that came back', () => {
    const drive = testDrive();
    expect(drive.run([0x1b, 0, 0, 0, 2, 0]).status).toBe(good);
    expect(drive.run([0x00, 0, 0, 0, 0, 0]).status).toBe(checkCondition);
    expect(drive.sense()).toEqual([2, 0x3a02]);
    expect(drive.run([0x1b, 0, 0, 0, 3, 0]).status).toBe(good);
    expect(drive.run([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0]).status).toBe(checkCondition);
    expect(drive.sense()).toEqual([6, 0x2800]);
    expect(drive.run([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0]).status).toBe(good);
  });

  test('stays shut while the host prevents removal', () => {
    const drive = testDrive();
    drive.run([0x1e, 0, 0, 0, 1, 0]);
    expect(drive.run([0x1b, 0, 0, 0, 2, 0]).status).toBe(checkCondition);
    expect(drive.sense()).toEqual([5, 0x5302]);
    drive.run([0x1e, 0, 0, 0, 0, 0]);
    expect(drive.run([0x1b, 0, 0, 0, 2, 0]).status).toBe(good);
  });

  test('reports a changed disc once, as an attention and as an event', () => {
    const drive = testDrive();
    const event = (): number => drive.run([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0]).data[4]!;
    expect(event()).toBe(0);
    drive.bay.disc = undefined;
    drive.device.operations.mediumChanged();
    expect(event()).toBe(3);
    expect(drive.run([0x00, 0, 0, 0, 0, 0]).status).toBe(checkCondition);
    expect(drive.sense()).toEqual([2, 0x3a00]);
    drive.bay.disc = testDisc(8);
    drive.device.operations.mediumChanged();
    drive.run([0x00, 0, 0, 0, 0, 0]);
    expect(drive.sense()).toEqual([6, 0x2800]);
    expect([event(), event()]).toEqual([2, 0]);
    expect(drive.run([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0]).data[3]).toBe(1);
  });
});

describe('mode pages', () => {
  test('are sent one by one or all, with the short and the long header', () => {
    const drive = testDrive();
    const one = drive.run([0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 200, 0]).data;
    expect(one[0]! * 256 + one[1]!).toBe(one.length - 2);
    expect([one[8], one[9]]).toEqual([0x2a, one.length - 10]);
    const all = drive.run([0x1a, 0, 0x3f, 0, 255, 0]).data;
    expect(all[0]).toBe(all.length - 1);
    expect(drive.run([0x5a, 0, 0x05, 0, 0, 0, 0, 0, 200, 0]).status).toBe(checkCondition);
  });

  test('change by MODE SELECT where they can', () => {
    const drive = testDrive();
    const list = [...new Array(8).fill(0), 0x01, 6, 0x20, 9, 0, 0, 0, 0];
    expect(drive.run([0x55, 0x10, 0, 0, 0, 0, 0, 0, list.length, 0], list).status).toBe(good);
    expect(drive.run([0x5a, 0, 0x01, 0, 0, 0, 0, 0, 200, 0]).data.slice(10, 12)).toEqual([0x20, 9]);
  });
});

test('a SCSI drive begins with a unit attention, an ATAPI drive without', () => {
  const scsi = testDrive('scsi');
  expect(scsi.run([0x00, 0, 0, 0, 0, 0]).status).toBe(checkCondition);
  expect(scsi.sense()).toEqual([6, 0x2900]);
  expect(testDrive('atapi').run([0x00, 0, 0, 0, 0, 0]).status).toBe(good);
});

test('GET CONFIGURATION tells the profile of the disc, and one feature when asked for one', () => {
  const drive = testDrive();
  const { data } = drive.run([0x46, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
  expect([data[6], data[7]]).toEqual([0, 8]);
  expect(drive.run([0x46, 2, 0, 3, 0, 0, 0, 1, 0, 0]).data.slice(8, 12)).toEqual([0, 3, 3, 4]);
});
