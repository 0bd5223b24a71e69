/** The built command line, run as its users run it, and small guests for it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** What a command said and how it ended. */
export interface Said {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way: send it input or a signal, wait for what it says. */
export interface Running {
  readonly said: Promise<Said>;
  type(text: string): void;
  kill(signal: NodeJS.Signals): void;
}

/** Starts `tsvm-test` in a folder. */
export function start(
  folder: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Running {
  if (!existsSync(main)) throw new Error('the package is not built: npm run build');
  // The command must not take itself for a part of the test run that started it.
  const own = Object.entries(process.env).filter(([name]) => !/^(CI|NODE_ENV|VITEST.*|TSVM_.*)$/.test(name));
  const child = spawn(process.execPath, [main, ...words], {
    cwd: folder,
    env: { ...Object.fromEntries(own), NO_COLOR: '1', ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  return {
    said: new Promise((done) => child.on('close', (code, signal) => done({ code, signal, stdout, stderr }))),
    type: (text) => void child.stdin.write(text),
    kill: (signal) => void child.kill(signal),
  };
}

/** Runs `tsvm-test` to its end. */
export function run(folder: string, ...words: readonly string[]): Promise<Said> {
  return start(folder, words).said;
}

/** A floppy whose boot sector is this program. */
export function floppy(program: readonly number[]): Uint8Array {
  const image = new Uint8Array(720 * 1024);
  image.set(program);
  image.set([0x55, 0xaa], 510);
  return image;
}

/** Sets serial port 0 to eight bits a byte, says R, then echoes every key on the screen and on serial port 0, by the firmware's services and the port itself. */
export const echo = floppy([
  ...[0xb8, 0xe3, 0x00], // mov ax, 00e3h: 9600 bits a second, eight of them a byte
  ...[0x31, 0xd2], // xor dx, dx
  ...[0xcd, 0x14], // int 14h
  ...[0xb8, 0x52, 0x0e], // mov ax, 0e52h: teletype 'R'
  ...[0xbb, 0x07, 0x00], // mov bx, 7
  ...[0xcd, 0x10], // int 10h
  ...[0x30, 0xe4], // again: xor ah, ah
  ...[0xcd, 0x16], // int 16h: wait for a key
  ...[0xb4, 0x0e], // mov ah, 0eh
  ...[0xcd, 0x10], // int 10h
  ...[0xba, 0xf8, 0x03], // mov dx, 3f8h
  0xee, // out dx, al
  ...[0xeb, 0xf2], // jmp again
]);

/** Loads an empty interrupt table and raises an interrupt: a triple fault. */
export const tripleFault = floppy([
  ...[0x31, 0xc0], // xor ax, ax
  ...[0x8e, 0xd8], // mov ds, ax
  ...[0x0f, 0x01, 0x1e, 0xf0, 0x7d], // lidt [7df0h]: six bytes of zero
  0xcc, // int3
]);
