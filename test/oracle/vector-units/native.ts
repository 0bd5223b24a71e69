/** Runs vector instructions on the host's processor through a small C program, and the same on ours. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { x87Registers, xmmRegisterBytes, xmmRegisters } from '../../../src/cpu/layout.js';
import { cr4Bits } from '../../../src/cpu/system/control-bits.js';
import { places, World } from '../../cpu/world.js';

/** One instruction on registers 0 and 1 of each kind. */
export interface Request {
  readonly code: readonly number[];
  readonly mxcsr: number;
  readonly eax: number;
  readonly ecx: number;
  readonly xmm: readonly [Uint8Array, Uint8Array];
  readonly mmx: readonly [Uint8Array, Uint8Array];
}
/** What came of it. After an exception only MXCSR and XMM0 are told. */
export interface Answer {
  readonly exception: 'none' | 'floating point' | 'invalid opcode';
  readonly mxcsr: number;
  readonly xmm0: string;
  readonly rest?: { readonly mm0: string; readonly eax: number; readonly flags: number };
}

const requestBytes = 96;
const answerBytes = 64;
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Compiles the C program; undefined where that cannot be. The caller removes the folder. */
export function buildNative(): { readonly program: string; remove(): void } | undefined {
  if (process.arch !== 'x64') return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'native-vectors-'));
  const program = join(folder, 'native');
  try {
    execFileSync('gcc', ['-O1', '-o', program, fileURLToPath(new URL('native.c', import.meta.url))], { stdio: 'pipe' });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  return { program, remove: () => rmSync(folder, { recursive: true }) };
}

const exceptionOf = (signal: number): Answer['exception'] =>
  signal === 0 ? 'none' : signal === 8 ? 'floating point' : 'invalid opcode';

/** The host's answers. */
export function runNative(program: string, requests: readonly Request[]): Answer[] {
  const input = Buffer.alloc(requests.length * requestBytes);
  requests.forEach(({ code, mxcsr, eax, ecx, xmm, mmx }, index) => {
    const at = index * requestBytes;
    [mxcsr, code.length].forEach((word, place) => input.writeUInt32LE(word, at + 4 * place));
    input.set(code, at + 8);
    input.writeUInt32LE(eax, at + 24);
    input.writeUInt32LE(ecx, at + 28);
    input.set(xmm[0], at + 32);
    input.set(xmm[1], at + 48);
    input.set(mmx[0], at + 64);
    input.set(mmx[1], at + 72);
  });
  const output = execFileSync(program, { input, maxBuffer: 2 ** 30 });
  return requests.map((_, index) => {
    const answer = output.subarray(index * answerBytes, (index + 1) * answerBytes);
    const exception = exceptionOf(answer.readUInt32LE(4));
    const common = { exception, mxcsr: answer.readUInt32LE(0), xmm0: hexOf(answer.subarray(16, 32)) };
    if (exception !== 'none') return common;
    const [eax, flags] = [answer.readUInt32LE(8), answer.readUInt32LE(12)];
    return { ...common, rest: { mm0: hexOf(answer.subarray(32, 40)), eax, flags } };
  });
}

/** Our processor, one instruction at a time. */
export class OwnProcessor {
  private readonly world = new World('pentiumM');

  constructor() {
    this.prepare();
  }
  private prepare(): void {
    this.world.flat([]);
    this.world.setWord('cr4', cr4Bits.OSFXSR | cr4Bits.OSXMMEXCPT);
  }

  run({ code, mxcsr, eax, ecx, xmm, mmx }: Request): Answer {
    const { world } = this;
    const { core } = world;
    world.put(places.code, ...code, 0xf4);
    world.setWord('eip', places.code);
    world.setWord('halted', 0);
    world.setWord('mxcsr', mxcsr);
    world.set('eax', eax);
    world.set('ecx', ecx);
    world.flags = 0x44; // As a comparison of equals leaves them.
    xmm.forEach((bytes, number) => core.u8.set(bytes, xmmRegisters + number * xmmRegisterBytes));
    mmx.forEach((bytes, number) => core.u8.set(bytes, x87Registers + number * 16));
    const caught = world.catch(4);
    const common = { mxcsr: world.word('mxcsr'), xmm0: hexOf(core.u8.slice(xmmRegisters, xmmRegisters + 16)) };
    if (caught !== undefined) {
      const exception = caught.vector === 19 ? 'floating point' : 'invalid opcode';
      this.prepare();
      return { exception, ...common };
    }
    const mm0 = hexOf(core.u8.slice(x87Registers, x87Registers + 8));
    return { exception: 'none', ...common, rest: { mm0, eax: world.get('eax'), flags: world.flags & 0x8d5 } };
  }
}
