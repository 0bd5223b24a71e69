import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { available, emulator, Workbench } from './other-emulator.js';

/** The firmware on another emulator's chips: services.asm calls each service and reports on the serial port. */
const secondsMax = 25;
let bench: Workbench;

/** Checks of waiting times: the emulator's clock is the host's, so that a busy host fails them without a fault of ours. */
const timed = ['BAD int 15h 86h waits its time', "BAD int 15h 83h sets the caller's flag"];

/**
 * The serial output up to the line "done", or what had come when the time was over. On a host with much else to do the
 * emulator has been seen to send nothing at all; such a run says nothing of the firmware and is made once more.
 */
async function serialOutput(drive: string): Promise<string> {
  return (await runOnce(drive)) || runOnce(drive);
}

async function runOnce(drive: string): Promise<string> {
  const log = bench.write('serial.txt', '');
  const machine = ['-M', 'isapc', '-cpu', '486', '-m', '16', '-vga', 'none', '-device', 'isa-vga', '-net', 'none'];
  const outside = ['-display', 'none', '-monitor', 'none', '-serial', `file:${log}`];
  const firmware = ['-bios', bench.path('rom.bin'), '-drive', drive];
  const child = spawn(emulator, [...machine, ...outside, ...firmware], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  for (let look = 0; look < secondsMax * 5 && child.exitCode === null; look++) {
    if (readFileSync(log, 'latin1').endsWith('done\n')) break;
    await setTimeout(200);
  }
  child.kill();
  await ended;
  return readFileSync(log, 'latin1');
}

const buildProgram = (name: string, sectors: number): string =>
  bench.assemble('services.asm', name, `-DSECTORS=${sectors}`);

describe.skipIf(!available)('the services behave', () => {
  beforeAll(() => {
    bench = new Workbench('services');
  });
  afterAll(() => bench.remove());

  test('when booted from a floppy', async () => {
    const lines = (await serialOutput(`if=floppy,format=raw,file=${buildProgram('floppy.img', 2880)}`)).split('\n');
    expect(lines.filter((line) => line.startsWith('BAD') && !timed.includes(line))).toEqual([]);
    expect(lines).toContain('ok a read runs on from head 0 to head 1');
    expect(lines).toContain('done');
  });

  test('when booted from a disk', async () => {
    const lines = (await serialOutput(`if=ide,format=raw,file=${buildProgram('disk.img', 20160)}`)).split('\n');
    expect(lines.filter((line) => line.startsWith('BAD') && !timed.includes(line))).toEqual([]);
    expect(lines).toContain('ok int 13h 43h writes');
    expect(lines).toContain('done');
  });
});
