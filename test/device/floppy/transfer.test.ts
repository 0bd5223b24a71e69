import { describe, expect, test } from 'vitest';
import { TestController, testFloppy, ticksPerMillisecond } from './controller.js';

const sectorOf = (cylinder: number, side: number, sector: number, perTrack = 18): number =>
  (cylinder * 2 + side) * perTrack + sector - 1;

describe('READ DATA', () => {
  test('reads a boot sector over DMA', () => {
    const medium = testFloppy(1440);
    medium.bytes.set([0x55, 0xaa], 510);
    const controller = new TestController([medium]).begin();
    controller.recalibrate();
    expect(controller.transfer(0xe6, [0, 0, 1], 512)).toEqual([0x00, 0, 0, 0, 0, 2, 2]);
    expect(controller.dma.memory.subarray(0, 512)).toEqual(medium.bytes.subarray(0, 512));
    expect(controller.dma.requested()).toBe(false);
    expect(controller.mainStatus()).toBe(0x80);
  });

  test('reads a track in one revolution after the wait for its first sector', () => {
    const medium = testFloppy(1440);
    const controller = new TestController([medium]).begin();
    controller.dma.program(0, 18 * 512);
    controller.send(0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    const milliseconds = controller.untilInterrupt();
    expect(milliseconds).toBeGreaterThan(17 * (200 / 18));
    expect(milliseconds).toBeLessThan(400);
    expect(controller.results()).toEqual([0x00, 0, 0, 1, 0, 1, 2]);
    expect(Buffer.compare(controller.dma.memory.subarray(0, 18 * 512), medium.bytes.subarray(0, 18 * 512))).toBe(0);
  });

  test('goes on with the second side under multi-track', () => {
    const medium = testFloppy(1440);
    const controller = new TestController([medium]).begin();
    controller.seek(3);
    const first = sectorOf(3, 0, 17);
    expect(controller.transfer(0xc6, [3, 0, 17], 4 * 512)).toEqual([0x04, 0, 0, 3, 1, 3, 2]);
    const expected = medium.bytes.subarray(first * 512, (first + 4) * 512);
    expect(Buffer.compare(controller.dma.memory.subarray(0, 4 * 512), expected)).toBe(0);
  });

  test.each([
    ['MT off, side 0, before EOT', 0x46, 0, 5, [0x00, 0, 0, 2, 0, 6, 2]],
    ['MT off, side 1, at EOT', 0x46, 1, 18, [0x04, 0, 0, 3, 1, 1, 2]],
    ['MT on, side 0, before EOT', 0xc6, 0, 5, [0x00, 0, 0, 2, 0, 6, 2]],
    ['MT on, side 0, at EOT', 0xc6, 0, 18, [0x00, 0, 0, 2, 1, 1, 2]],
    ['MT on, side 1, before EOT', 0xc6, 1, 5, [0x04, 0, 0, 2, 1, 6, 2]],
    ['MT on, side 1, at EOT', 0xc6, 1, 18, [0x04, 0, 0, 3, 0, 1, 2]],
  ])('leaves the next ID in its result: %s', (_name, code, side, sector, expected) => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.seek(2);
    expect(controller.transfer(code, [2, side, sector], 512)).toEqual(expected);
  });

  test('ends at the end of the cylinder when terminal count does not come', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    expect(controller.transfer(0x46, [0, 0, 17], 4 * 512)).toEqual([0x40, 0x80, 0, 0, 0, 18, 2]);
    expect(controller.dma.left()).toBe(2 * 512);
  });

  test('stops giving bytes at terminal count inside a sector', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    expect(controller.transfer(0x46, [0, 0, 1], 100)).toEqual([0x00, 0, 0, 0, 0, 2, 2]);
    expect(controller.dma.memory.subarray(100, 200)).toEqual(new Uint8Array(100));
  });

  test.each([
    ['a sector number beyond the track', [0, 0, 19] as const, [0x40, 0x04, 0x00, 0, 0, 19, 2]],
    ['a cylinder other than the heads are at', [1, 0, 1] as const, [0x40, 0x04, 0x10, 1, 0, 1, 2]],
    ['a head other than the side read', [0, 1, 1] as const, [0x40, 0x04, 0x00, 0, 1, 1, 2]],
  ])('finds no data for %s, after two index pulses', (_name, id, expected) => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.dma.program(0, 512);
    controller.send(0x46, 0, ...id, 2, 18, 0x1b, 0xff);
    const milliseconds = controller.untilInterrupt();
    expect(milliseconds).toBeGreaterThan(200);
    expect(milliseconds).toBeLessThan(404);
    expect(controller.results()).toEqual(expected);
  });

  test('finds no address mark at another data rate, beyond the last track, or in single density', () => {
    const controller = new TestController([testFloppy(1440)]).begin(2);
    expect(controller.transfer(0x46, [0, 0, 1], 512).slice(0, 3)).toEqual([0x40, 0x01, 0]);
    controller.device.write('digitalInputOrConfiguration', 0);
    expect(controller.transfer(0x06, [0, 0, 1], 512).slice(0, 3)).toEqual([0x40, 0x01, 0]);
    controller.seek(80);
    expect(controller.transfer(0x46, [80, 0, 1], 512).slice(0, 3)).toEqual([0x40, 0x01, 0]);
  });

  test('spares the head load time while the heads are still down', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    const readId = (): number => {
      controller.send(0x4a, 0);
      const milliseconds = controller.untilInterrupt();
      controller.results();
      return milliseconds;
    };
    controller.send(0x03, 0xd2, 0x80); // Load in 128 ms, unload after 32 ms.
    expect(readId()).toBeGreaterThan(128);
    controller.device.advance(20 * ticksPerMillisecond);
    expect(readId()).toBeLessThan(12);
    controller.device.advance(33 * ticksPerMillisecond);
    expect(readId()).toBeGreaterThan(128);
  });

  test('seeks by itself when CONFIGURE says so', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.send(0x13, 0, 0x60, 0);
    const expected = [0x00, 0, 0, 9, 0, 2, 2];
    expect(controller.transfer(0x46, [9, 0, 1], 512)).toEqual(expected);
    expect(controller.dma.memory[0]).toBe((sectorOf(9, 0, 1) * 5) & 0xff);
  });

  test('overruns when the DMA channel stays masked', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    expect(controller.transfer(0x46, [0, 0, 1], 0)).toEqual([0x40, 0x10, 0, 0, 0, 1, 2]);
  });

  test.each([
    ['no medium', [undefined], 0x1c],
    ['the motor off', [testFloppy(1440)], 0x0c],
  ])('never ends with %s', (_name, media, output) => {
    const controller = new TestController(media, ['1.44M']).begin();
    controller.device.write('digitalOutput', output);
    controller.dma.program(0, 512);
    controller.send(0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    expect(controller.untilInterrupt()).toBe(Infinity);
    expect(controller.mainStatus()).toBe(0x10);
  });

  test('begins when the motor comes on at last', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.device.write('digitalOutput', 0x0c);
    controller.dma.program(0, 512);
    controller.send(0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    expect(controller.untilInterrupt()).toBe(Infinity);
    controller.device.write('digitalOutput', 0x1c);
    expect(controller.untilInterrupt()).toBeLessThan(420);
    expect(controller.results()[0]).toBe(0);
  });
});

describe('every medium', () => {
  test.each([
    [160, 8, 1, 2, 40],
    [180, 9, 1, 2, 40],
    [320, 8, 2, 2, 40],
    [360, 9, 2, 2, 40],
    [720, 9, 2, 2, 80],
    [1200, 15, 2, 0, 80],
    [1440, 18, 2, 0, 80],
    [2880, 36, 2, 3, 80],
  ])('of %i KB gives its last sector at its own rate', (kilobytes, sectorsPerTrack, heads, rate, cylinders) => {
    const medium = testFloppy(kilobytes);
    const controller = new TestController([medium]).begin(rate);
    controller.seek(cylinders - 1);
    const result = controller.transfer(0x46, [cylinders - 1, heads - 1, sectorsPerTrack], 512, sectorsPerTrack);
    expect(result.slice(0, 3)).toEqual([(heads - 1) << 2, 0, 0]);
    expect(Buffer.compare(controller.dma.memory.subarray(0, 512), medium.bytes.subarray(-512))).toBe(0);
  });

  test('of 360 KB is read by a 1.2M drive at 300 kbit/s with double steps', () => {
    const medium = testFloppy(360);
    const controller = new TestController([medium], ['1.2M']).begin(1);
    controller.seek(2 * 7);
    const result = controller.transfer(0x46, [7, 1, 3], 512, 9);
    expect(result.slice(0, 3)).toEqual([0x04, 0, 0]);
    expect(controller.dma.memory[0]).toBe((sectorOf(7, 1, 3, 9) * 5) & 0xff);
  });

  test('of 2.88 MB cannot be read in a 1.44M drive', () => {
    const controller = new TestController([testFloppy(2880)], ['1.44M']).begin(3);
    expect(controller.transfer(0x46, [0, 0, 1], 512)[1]).toBe(0x01);
  });
});

describe('other transfers', () => {
  test('WRITE DATA puts sectors on the medium, the rest of a cut one as zeros', () => {
    const medium = testFloppy(1440);
    const controller = new TestController([medium]).begin();
    controller.seek(1);
    controller.dma.memory.fill(0x5a, 0, 1024);
    expect(controller.transfer(0xc5, [1, 0, 4], 700)).toEqual([0x00, 0, 0, 1, 0, 6, 2]);
    const first = sectorOf(1, 0, 4) * 512;
    expect(medium.bytes.subarray(first, first + 700)).toEqual(new Uint8Array(700).fill(0x5a));
    expect(medium.bytes.subarray(first + 700, first + 1024)).toEqual(new Uint8Array(324));
    expect(medium.bytes[first + 1024]).not.toBe(0);
  });

  test('WRITE DATA and FORMAT TRACK refuse a protected medium', () => {
    const controller = new TestController([testFloppy(1440, false)]).begin();
    expect(controller.transfer(0xc5, [0, 0, 1], 512).slice(0, 2)).toEqual([0x40, 0x02]);
    controller.dma.program(0, 72);
    controller.send(0x4d, 0, 2, 18, 0x54, 0xf6);
    controller.untilInterrupt();
    expect(controller.results().slice(0, 2)).toEqual([0x40, 0x02]);
    expect(controller.dma.left()).toBe(72);
  });

  test('FORMAT TRACK fills a track in one revolution after the index hole', () => {
    const medium = testFloppy(1440);
    const controller = new TestController([medium]).begin();
    controller.seek(5, 0, 1);
    for (let sector = 1; sector <= 18; sector++) controller.dma.memory.set([5, 1, sector, 2], (sector - 1) * 4);
    controller.dma.program(0, 72);
    controller.send(0x4d, 4, 2, 18, 0x54, 0xf6);
    const milliseconds = controller.untilInterrupt();
    expect(milliseconds).toBeGreaterThan(199);
    expect(milliseconds).toBeLessThan(421);
    expect(controller.results().slice(0, 3)).toEqual([0x04, 0, 0]);
    const first = sectorOf(5, 1, 1) * 512;
    expect(medium.bytes.subarray(first, first + 18 * 512).every((byte) => byte === 0xf6)).toBe(true);
    expect(medium.bytes[first + 18 * 512]).not.toBe(0xf6);
    expect(medium.bytes[first - 1]).not.toBe(0xf6);
  });

  test('READ ID gives the sector that comes next under the heads', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.seek(6);
    const readId = (): number[] => {
      controller.send(0x4a, 0x04);
      controller.untilInterrupt();
      return controller.results();
    };
    const first = readId();
    expect([...first.slice(0, 5), first[6]]).toEqual([0x04, 0, 0, 6, 1, 2]);
    expect(readId()[5]).toBe((first[5]! % 18) + 1);
    controller.device.write('digitalInputOrConfiguration', 2);
    expect(readId().slice(0, 3)).toEqual([0x44, 0x01, 0]);
  });

  test('READ TRACK takes the sectors as they come from the index hole', () => {
    const medium = testFloppy(1440);
    const controller = new TestController([medium]).begin();
    expect(controller.transfer(0x42, [0, 0, 1], 3 * 512)[0]).toBe(0);
    expect(Buffer.compare(controller.dma.memory.subarray(0, 3 * 512), medium.bytes.subarray(0, 3 * 512))).toBe(0);
    const other = controller.transfer(0x42, [0, 0, 5], 2 * 512);
    expect(other.slice(0, 2)).toEqual([0x40, 0x04]); // The IDs were others; the data came all the same.
    expect(controller.dma.memory[0]).toBe(medium.bytes[0]);
  });

  test('VERIFY passes over a track without data', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.send(0x56, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    controller.untilInterrupt();
    expect(controller.results()).toEqual([0x00, 0, 0, 1, 0, 1, 2]);
    controller.send(0x56, 0x80, 0, 0, 4, 2, 18, 0x1b, 3);
    controller.untilInterrupt();
    expect(controller.results()).toEqual([0x00, 0, 0, 0, 0, 7, 2]);
    controller.send(0x56, 0, 0, 0, 1, 2, 19, 0x1b, 0xff);
    controller.untilInterrupt();
    expect(controller.results()).toEqual([0x40, 0x04, 0, 0, 0, 19, 2]);
  });

  test('READ DELETED DATA notes an ordinary sector, and skips all of them under SK', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    expect(controller.transfer(0x4c, [0, 0, 3], 1024)).toEqual([0x00, 0, 0x40, 0, 0, 4, 2]);
    expect(controller.dma.left()).toBe(512);
    expect(controller.transfer(0x6c, [0, 0, 3], 1024)).toEqual([0x40, 0x80, 0, 0, 0, 18, 2]);
    expect(controller.dma.left()).toBe(1024);
  });
});

describe('without DMA', () => {
  /** Lets time pass until the chip asks for service or ends. */
  function untilService(controller: TestController): boolean {
    while ((controller.mainStatus() & 0xa0) === 0x20) controller.device.advance(controller.device.nextEdge());
    return (controller.mainStatus() & 0x20) !== 0;
  }

  test.each([
    ['byte by byte', 0x20],
    ['with a FIFO threshold of 8', 0x07],
  ])('reads a sector %s and ends at the end of the track', (_name, configure) => {
    const medium = testFloppy(1440);
    const controller = new TestController([medium]).begin();
    controller.send(0x13, 0, configure, 0);
    controller.send(0x03, 0xdf, 0x03);
    controller.send(0x46, 0, 0, 0, 18, 2, 18, 0x1b, 0xff);
    const read: number[] = [];
    while (untilService(controller)) {
      expect(controller.interrupt).toBe(true);
      expect(controller.mainStatus()).toBe(0xf0);
      while ((controller.mainStatus() & 0xa0) === 0xa0) read.push(controller.device.read('data')!);
    }
    expect(controller.results()).toEqual([0x40, 0x80, 0, 0, 0, 18, 2]);
    expect(Buffer.compare(Uint8Array.from(read), medium.bytes.subarray(17 * 512, 18 * 512))).toBe(0);
  });

  test.each([
    ['byte by byte', 0x20],
    ['with a FIFO threshold of 4', 0x03],
  ])('writes two sectors %s', (_name, configure) => {
    const medium = testFloppy(1440);
    const controller = new TestController([medium]).begin();
    controller.send(0x13, 0, configure, 0);
    controller.send(0x03, 0xdf, 0x03);
    controller.send(0x45, 0, 0, 0, 17, 2, 18, 0x1b, 0xff);
    let written = 0;
    while (untilService(controller)) {
      expect(controller.mainStatus()).toBe(0xb0);
      while ((controller.mainStatus() & 0xa0) === 0xa0) controller.device.write('data', (written++ * 3) & 0xff);
    }
    expect(written).toBe(1024);
    expect(controller.results()).toEqual([0x40, 0x80, 0, 0, 0, 18, 2]);
    const expected = Uint8Array.from({ length: 1024 }, (_, at) => (at * 3) & 0xff);
    expect(Buffer.compare(medium.bytes.subarray(16 * 512, 18 * 512), expected)).toBe(0);
  });

  test('asks for service when the FIFO holds 16 bytes less the threshold', () => {
    for (const [configure, expected] of [
      [0x20, 1],
      [0x00, 15],
      [0x07, 8],
      [0x0f, 1],
    ] as const) {
      const controller = new TestController([testFloppy(1440)]).begin();
      controller.send(0x13, 0, configure, 0);
      controller.send(0x03, 0xdf, 0x03);
      controller.send(0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
      untilService(controller);
      expect(controller.device.state.fifo.length).toBe(expected);
    }
  });

  test('overruns when the host does not come in time', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.send(0x03, 0xdf, 0x03);
    controller.send(0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    untilService(controller);
    controller.device.advance(100 * ticksPerMillisecond);
    expect(controller.results()).toEqual([0x40, 0x10, 0, 0, 0, 1, 2]);
  });
});
