import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { available, emulator, Workbench } from './other-emulator.js';

/** The firmware on another emulator's PCI board: pci-services.asm reports as services.asm does. */
const secondsMax = 50;
let bench: Workbench;

/** What came on the serial port until the machine switched itself off, or the time was over; and whether it did. */
async function run(): Promise<{ lines: string[]; switchedOff: boolean }> {
  const drive = (name: string, more: string): string[] => ['-drive', `${more},format=raw,file=${bench.path(name)}`];
  const child = spawn(
    emulator,
    [
      ...['-M', 'pc', '-cpu', 'pentium3', '-m', '64', '-vga', 'none', '-device', 'VGA,romfile=', '-net', 'none'],
      ...['-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-bios', bench.path('rom.bin')],
      ...drive('floppy.img', 'if=floppy'),
      ...drive('a.img', 'if=ide,index=0'),
      ...drive('cd.iso', 'if=ide,index=2,media=cdrom'),
      ...[...drive('b.img', 'if=none,id=b'), '-device', 'virtio-blk-pci,drive=b,disable-modern=on'],
      ...[...drive('c.img', 'if=none,id=c'), '-device', 'lsi53c895a,romfile=', '-device', 'scsi-hd,drive=c'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let switchedOff = true;
  const limit = setTimeout(() => {
    switchedOff = false;
    child.kill();
  }, secondsMax * 1000);
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  clearTimeout(limit);
  return { lines: text.split('\n'), switchedOff };
}

describe.skipIf(!available)('on a board with PCI', () => {
  beforeAll(() => {
    bench = new Workbench('pci');
    bench.assemble('pci-services.asm', 'floppy.img');
    for (const name of ['a.img', 'b.img', 'c.img']) bench.write(name, new Uint8Array(20 << 20));
    const disc = new Uint8Array(1 << 20);
    disc.set([0x34, 0x33, 0x32, 0x31], 2044);
    bench.write('cd.iso', disc);
  });
  afterAll(() => bench.remove());

  test('the services behave, and the power goes off', async () => {
    const { lines, switchedOff } = await run();
    expect(lines.filter((line) => line.startsWith('BAD'))).toEqual([]);
    expect(lines).toContain('ok and gives back what was written');
    expect(lines).toContain('done');
    expect(switchedOff).toBe(true);
  });
});
