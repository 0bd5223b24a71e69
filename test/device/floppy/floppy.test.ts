import { describe, expect, test } from 'vitest';
import { TestController, testFloppy, ticksPerMillisecond } from './controller.js';

describe('reset', () => {
  test('holds the chip until DOR releases it, then polls four drives', () => {
    const controller = new TestController([testFloppy(1440)]);
    expect(controller.mainStatus()).toBe(0);
    controller.device.write('digitalOutput', 0x0c);
    expect(controller.mainStatus()).toBe(0);
    expect(controller.untilInterrupt()).toBe(0.25);
    expect(controller.mainStatus()).toBe(0x80);
    expect([0, 1, 2, 3].map(() => controller.sense())).toEqual([
      [0xc0, 0],
      [0xc1, 0],
      [0xc2, 0],
      [0xc3, 0],
    ]);
    expect(controller.interrupt).toBe(false);
    expect(controller.sense()).toEqual([0x80]);
  });

  test('by DSR ends by itself', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.device.write('mainStatusOrDataRate', 0x80);
    expect(controller.mainStatus()).toBe(0);
    expect(controller.untilInterrupt()).toBe(0.25);
    expect(controller.sense()).toEqual([0xc0, 0]);
  });

  test('does not poll when CONFIGURE turned that off and LOCK does not save it', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.send(0x94);
    expect(controller.results()).toEqual([0x10]);
    controller.send(0x13, 0, 0x57, 0x11);
    controller.send(0x0e);
    expect(controller.results().slice(7)).toEqual([0x80, 0x57, 0x11]);
    controller.begin();
    controller.send(0x0e);
    expect(controller.results().slice(7)).toEqual([0x80, 0x07, 0x11]); // The FIFO's settings stayed.
    controller.send(0x14);
    expect(controller.results()).toEqual([0x00]);
    controller.begin();
    controller.send(0x0e);
    expect(controller.results().slice(7)).toEqual([0x00, 0x20, 0x00]);
  });

  test('drops a transfer: no interrupt and no result come of it', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.dma.program(0, 512);
    controller.send(0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    controller.device.advance(20 * ticksPerMillisecond);
    controller.device.write('digitalOutput', 0x18);
    expect(controller.dma.requested()).toBe(false);
    expect(controller.untilInterrupt()).toBe(Infinity);
    controller.begin();
    expect(controller.mainStatus()).toBe(0x80);
  });
});

describe('commands without execution', () => {
  test('VERSION tells an enhanced controller; unknown codes are invalid', () => {
    const controller = new TestController([]).begin();
    controller.send(0x10);
    expect(controller.results()).toEqual([0x90]);
    for (const code of [0x00, 0x01, 0x0b, 0x11, 0x1f, 0x28, 0x47, 0x50, 0x94 | 0x60]) {
      controller.send(code);
      expect(controller.results(), `code ${code}`).toEqual([0x80]);
    }
    expect(controller.edges).toBe(1); // The polling one.
  });

  test('DUMPREG shows what SPECIFY, PERPENDICULAR MODE and the last transfer left', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.send(0x03, 0xaf, 0x1e);
    controller.send(0x12, 0x86);
    controller.send(0x12, 0x39); // Without OW only GAP and WGATE change.
    controller.seek(7);
    controller.send(0x0e);
    expect(controller.results()).toEqual([7, 0, 0, 0, 0xaf, 0x1e, 0, 0x05, 0x20, 0]);
  });

  test('SENSE DRIVE STATUS tells track 0, write protection and the head', () => {
    const controller = new TestController([testFloppy(1440), testFloppy(1440, false)]).begin();
    const sense = (selection: number): number[] => {
      controller.send(0x04, selection);
      return controller.results();
    };
    expect(sense(0)).toEqual([0x38]);
    expect(sense(5)).toEqual([0x7d]);
    controller.seek(3);
    expect(sense(0)).toEqual([0x28]);
    expect(sense(2)).toEqual([0x2a]); // No drive there signals track 0.
  });
});

describe('seeking', () => {
  test('takes the step rate of SPECIFY, shows the drive busy, and leaves the chip free', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.send(0x03, 0xaf, 0x02); // 6 ms a step.
    controller.send(0x0f, 0x04, 10);
    expect(controller.mainStatus()).toBe(0x81);
    controller.send(0x10);
    expect(controller.results()).toEqual([0x90]);
    expect(controller.untilInterrupt()).toBe(60);
    expect(controller.mainStatus()).toBe(0x80);
    expect(controller.sense()).toEqual([0x24, 10]);
  });

  test('RECALIBRATE finds track 0, and reports a drive that is not there', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.seek(40);
    expect(controller.recalibrate(0)).toEqual([0x20, 0]);
    expect(controller.recalibrate(1)).toEqual([0x71, 0]);
  });

  test('RECALIBRATE from beyond 79 steps needs a second one', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.seek(81);
    expect(controller.recalibrate()).toEqual([0x70, 0]);
    expect(controller.recalibrate()).toEqual([0x20, 0]);
  });

  test('RELATIVE SEEK counts from where the heads are', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.seek(10);
    controller.send(0xcf, 0, 5);
    controller.untilInterrupt();
    expect(controller.sense()).toEqual([0x20, 15]);
    controller.send(0x8f, 0, 3);
    controller.untilInterrupt();
    expect(controller.sense()).toEqual([0x20, 12]);
  });

  test('two drives at once interrupt one after the other', () => {
    const controller = new TestController([testFloppy(1440), testFloppy(1440)]).begin();
    controller.send(0x0f, 0, 5);
    controller.send(0x0f, 1, 5);
    expect(controller.mainStatus()).toBe(0x83);
    controller.untilInterrupt();
    controller.device.advance(100 * ticksPerMillisecond);
    expect(controller.sense()).toEqual([0x20, 5]);
    expect(controller.interrupt).toBe(true);
    expect(controller.sense()).toEqual([0x21, 5]);
    expect(controller.interrupt).toBe(false);
  });
});

describe('the change line', () => {
  test('is set until the heads step with a medium in, and again after a change', () => {
    const media = [testFloppy(1440)];
    const controller = new TestController(media).begin();
    const changed = (): number => controller.device.read('digitalInputOrConfiguration')!;
    expect(changed()).toBe(0x80);
    controller.recalibrate();
    expect(changed()).toBe(0x80); // At track 0 already: no step pulse.
    controller.seek(1);
    expect(changed()).toBe(0);
    controller.media[0] = testFloppy(720);
    controller.device.operations.mediaChanged(0);
    expect(changed()).toBe(0x80);
    controller.seek(0);
    expect(changed()).toBe(0);
    controller.device.write('digitalOutput', 0x0c);
    controller.media[0] = undefined;
    controller.device.operations.mediaChanged(0);
    expect(changed()).toBe(0); // The drive is not selected without its motor.
    controller.device.write('digitalOutput', 0x1c);
    controller.seek(1);
    expect(changed()).toBe(0x80); // Nothing in it.
  });

  test('and a change in the middle of a transfer leaves the chip searching', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.dma.program(0, 512);
    controller.send(0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    while (controller.dma.left() === 512) controller.device.advance(controller.device.nextEdge());
    controller.media[0] = undefined;
    controller.device.operations.mediaChanged(0);
    expect(controller.untilInterrupt()).toBe(Infinity);
    controller.media[0] = testFloppy(720);
    controller.device.operations.mediaChanged(0);
    controller.untilInterrupt();
    expect(controller.results().slice(0, 3)).toEqual([0x40, 0x01, 0]);
  });
});

describe('a saved state', () => {
  test('holds every field in the middle of a transfer and of a seek', () => {
    const media = [testFloppy(1440), testFloppy(1440)];
    const controller = new TestController(media).begin();
    controller.seek(3);
    controller.send(0x12, 0x86);
    controller.send(0x94);
    controller.results();
    controller.device.write('tapeDrive', 2);
    controller.transfer(0x46, [3, 0, 1], 512);
    controller.send(0x0f, 1, 40);
    controller.dma.program(0, 1024);
    controller.send(0x46, 0, 3, 0, 3, 2, 18, 0x1b, 0xff);
    while (controller.dma.left() > 1000) controller.device.advance(controller.device.nextEdge());
    const other = new TestController(media);
    other.device.load(controller.device.save());
    expect(other.device.state).toEqual(controller.device.state);
  });
});

describe('the DMA gate', () => {
  test('closed, keeps the interrupt and the requests inside', () => {
    const controller = new TestController([testFloppy(1440)]).begin();
    controller.device.write('digitalOutput', 0x14);
    controller.send(0x0f, 0, 3);
    controller.device.advance(100 * ticksPerMillisecond);
    expect(controller.interrupt).toBe(false);
    controller.device.write('digitalOutput', 0x1c);
    expect(controller.interrupt).toBe(true);
  });
});
