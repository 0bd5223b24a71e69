import { describe, expect, test } from 'vitest';
import { TestController, testFloppy, ticksPerMillisecond } from './controller.js';

const controller = (asQemu: boolean, media = [testFloppy(1440)]) =>
  new TestController(media, ['1.44M'], undefined, asQemu).begin();
const emptyDrive = (asQemu: boolean) => controller(asQemu, []);

/** READ DATA with MT, from the first sector of cylinder 0 up to EOT. */
const readCommand = (endOfTrack: number) => [0xe6, 0, 0, 0, 1, 2, endOfTrack, 0x1b, 0xff];

/** Lets time pass until the chip waits for somebody else, or for long. */
function settle({ device }: TestController): void {
  while (device.nextEdge() < 450 * ticksPerMillisecond) device.advance(device.nextEdge());
}

/** What the host reads byte by byte, as soon as each is there, and the result. */
function readWithoutDma(target: TestController, endOfTrack: number) {
  target.send(...readCommand(endOfTrack));
  settle(target);
  const bytes: number[] = [];
  while ((target.mainStatus() & 0xf0) === 0xf0) {
    bytes.push(target.device.read('data')!);
    settle(target);
  }
  return { bytes, result: target.results() };
}

describe('a floppy controller of the data sheet', () => {
  test('waits for ever for a disk that is not there', () => {
    const target = emptyDrive(false);
    target.send(...readCommand(18));
    expect(target.untilInterrupt()).toBe(Infinity);
  });
  test('interrupts nobody, and moves no byte, while the gate is closed', () => {
    const target = controller(false);
    target.device.write('digitalOutput', 0x14);
    target.send(...readCommand(1));
    expect(target.untilInterrupt()).toBe(Infinity);
    expect(target.mainStatus() & 0x20).toBe(0);
  });
  test('ends a transfer abnormally whose end no terminal count tells', () => {
    const target = controller(false);
    expect(target.transfer(0x66, [0, 0, 1], 0x1000, 1).slice(0, 2)).toEqual([0x40, 0x80]);
  });
});

describe('a floppy controller with the ways of QEMU', () => {
  test('gives up at once where there is no disk', () => {
    const target = emptyDrive(true);
    target.send(...readCommand(18));
    expect(target.untilInterrupt()).toBeLessThan(10);
    expect(target.results().slice(0, 3)).toEqual([0x40, 0, 0]);
  });
  test('finds an ID where there is no disk, 20 ms later, on the cylinder and the side asked for', () => {
    const target = emptyDrive(true);
    target.seek(8);
    target.send(0x4a, 4);
    expect(target.untilInterrupt()).toBeGreaterThanOrEqual(20);
    expect(target.results()).toEqual([4, 0, 0, 8, 1, 1, 2]);
  });
  test('reads a disk whose motor nobody switched on', () => {
    const target = controller(true);
    target.device.write('digitalOutput', 0x0c);
    expect(target.transfer(0x66, [0, 0, 1], 512).slice(0, 3)).toEqual([0, 0, 0]);
  });
  test('goes to the cylinder of a command by itself', () => {
    const target = controller(true);
    target.transfer(0x66, [3, 0, 2], 512);
    expect(target.dma.memory[0]).toBe(((3 * 36 + 1) * 5) & 0xff);
  });
  test('waits for a host that reads late, with its interrupt up until the last byte of the result', () => {
    const target = controller(true);
    target.device.write('digitalOutput', 0x14);
    target.send(...readCommand(1));
    target.device.advance(5000 * ticksPerMillisecond);
    for (let byte = 0; byte < 1024; byte++) {
      expect(target.device.read('data')).toBe(((byte >> 9) * 18 * 5 + (byte & 511)) & 0xff);
      settle(target);
      expect(target.interrupt).toBe(true);
    }
    for (let byte = 0; byte < 7; byte++) {
      expect(target.interrupt).toBe(true);
      expect(target.device.read('data')).toBe(byte === 0 ? 4 : [0, 0, 0, 1, 1, 2][byte - 1]);
    }
    expect([target.interrupt, target.mainStatus()]).toEqual([false, 0x80]);
  });
  test('takes the gate for the mode of SPECIFY, and SPECIFY for the gate', () => {
    const target = controller(true);
    target.send(0x03, 0xdf, 0x03);
    expect(target.device.read('digitalOutput')! & 8).toBe(0);
    target.device.write('digitalOutput', 0x1c);
    expect(target.transfer(0x66, [0, 0, 1], 512)[0]).toBe(0);
  });
  test('counts the sectors of a command beforehand, and goes on over sides and cylinders', () => {
    const target = controller(true);
    target.device.write('digitalOutput', 0x14);
    const whole = readWithoutDma(target, 18);
    expect([whole.bytes.length, whole.result[0]]).toEqual([36 * 512, 4]);
    const beyond = readWithoutDma(target, 19);
    expect([beyond.bytes.length, beyond.result[0]]).toEqual([38 * 512, 0x20]);
    expect(beyond.bytes[37 * 512]).toBe((37 * 5) & 0xff);
  });
  test('knows 500 kbit/s after power-on', () => {
    const target = new TestController([testFloppy(1440)], ['1.44M'], undefined, true);
    target.device.write('digitalOutput', 0x1c);
    settle(target);
    for (let unit = 0; unit < 4; unit++) target.sense();
    expect(target.transfer(0x66, [0, 0, 1], 512)[0]).toBe(0);
  });
  test('ends a write at its EOT without a terminal count', () => {
    const target = controller(true);
    target.dma.memory.fill(0xa5, 0, 1024);
    expect(target.transfer(0x45, [0, 0, 17], 0x1000, 18)[0]! & 0xc0).toBe(0);
    expect((target.media[0] as ReturnType<typeof testFloppy>).bytes.subarray(16 * 512, 18 * 512)).toEqual(
      new Uint8Array(1024).fill(0xa5),
    );
  });
});
