/** The firmware on the chips of another emulator, where one is installed with nasm; without them such tests are shown as skipped. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { biosImage } from '../../src/firmware/image.js';

export const emulator = 'qemu-system-i386';

export const available = ['nasm', emulator].every((tool) => {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

/** A folder with the firmware as `rom.bin`, and what builds programs into it. */
export class Workbench {
  private readonly folder: string;

  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), `${name}-`));
    this.write('rom.bin', biosImage());
  }
  path(name: string): string {
    return join(this.folder, name);
  }
  write(name: string, content: Uint8Array | string): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }
  /** Assembles a program of this folder's sources as a plain image. */
  assemble(source: string, name: string, ...options: string[]): string {
    const here = fileURLToPath(new URL('.', import.meta.url));
    execFileSync('nasm', ['-f', 'bin', '-I', here, ...options, '-o', this.path(name), join(here, source)]);
    return this.path(name);
  }
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
