import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
const secondsMax = 50;

const available = ['nasm', emulator].every((tool) => {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

let folder = '';

/** The serial output up to the line "done", or what had come when the time was over. */
async function serialOutput(drive: string): Promise<string> {
  const machine = ['-M', 'isapc', '-cpu', '486', '-m', '16', '-vga', 'none', '-device', 'isa-vga', '-net', 'none'];
  const outside = ['-display', 'none', '-monitor', 'none', '-serial', 'stdio'];
  const firmware = ['-bios', join(folder, 'rom.bin'), '-drive', drive];
  const child = spawn(emulator, [...machine, ...outside, ...firmware], { stdio: ['ignore', 'pipe', 'inherit'] });
  const limit = setTimeout(() => child.kill(), secondsMax * 1000);
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.endsWith('done\n')) child.kill();
  }
  clearTimeout(limit);
  return text;
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
    expect(lines.filter((line) => line.startsWith('BAD'))).toEqual([]);
    expect(lines).toContain('ok a read runs on from head 0 to head 1');
    expect(lines).toContain('done');
  });

  test('when booted from a disk', async () => {
    const lines = (await serialOutput(`if=ide,format=raw,file=${buildProgram('disk.img', 20160)}`)).split('\n');
    expect(lines.filter((line) => line.startsWith('BAD'))).toEqual([]);
    expect(lines).toContain('ok int 13h 43h writes');
    expect(lines).toContain('done');
  });
});
