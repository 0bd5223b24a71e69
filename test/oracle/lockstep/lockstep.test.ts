/** Our processor beside QEMU's, step by step; see README.md. `npm run lockstep` sets what is run here. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ProcessorModel } from '../../../src/cpu/model.js';
import { hasQemu, lockstep, type LockstepResult } from './lockstep.js';

const installed = hasQemu();
const wanted = process.env['LOCKSTEP'];

/** A boot sector that stores, calls, repeats, asks the firmware, reads a port and enters protected mode, then halts. */
const bootSector = [
  0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0x8e, 0xc0, 0xbc, 0x00, 0x7b, // CLI; all segments 0; MOV SP, 7B00h
  0xb9, 0x05, 0x00, 0xbf, 0x00, 0x05, 0xb0, 0x5a, 0xf3, 0xaa, // MOV CX, 5; MOV DI, 500h; MOV AL, 5Ah; REP STOSB
  0xe8, 0x00, 0x00, 0x5b, // CALL, POP BX
  0xf7, 0xe3, 0xd1, 0xd8, 0x0f, 0xbd, 0xcb, // MUL BX; RCR AX, 1; BSR CX, BX
  0xcd, 0x12, 0xe4, 0x61, // INT 12h; IN AL, 61h
  0x0f, 0x01, 0x16, 0x60, 0x7c, 0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0, // LGDT; MOV EAX, CR0; OR AL, 1; MOV CR0, EAX
  0xea, 0x3c, 0x7c, 0x08, 0x00, // JMP 8:7C3Ch
]; // prettier-ignore
const protectedCode = [
  0xb8, 0x10, 0, 0, 0, 0x8e, 0xd8, 0x8e, 0xd0, 0x68, 0x78, 0x56, 0x34, 0x12, 0x58, 0xf7, 0xd8, 0xf4, // ... PUSH; POP EAX; NEG EAX; HLT
]; // prettier-ignore

function image(folder: string, code: readonly number[]): string {
  const sector = new Uint8Array(1440 * 1024);
  sector.set(code);
  sector.set(protectedCode, 0x3c);
  sector.set([23, 0, 0x68, 0x7c, 0, 0], 0x60);
  sector.set([0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0, 0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0], 0x70);
  sector.set([0x55, 0xaa], 510);
  const file = join(folder, 'boot.img');
  writeFileSync(file, sector);
  return file;
}

async function boot(code: readonly number[], model: ProcessorModel): Promise<LockstepResult> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-boot-'));
  try {
    const qemuArguments = ['-drive', `file=${image(folder, code)},format=raw,if=floppy`];
    return await lockstep({ model, cpu: 'pentium3', memoryMegabytes: 2, from: 0x7c00, steps: 1000, qemuArguments });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(!installed || wanted !== undefined)('a boot sector beside QEMU (needs qemu-system-i386)', () => {
  test('goes in step through real and protected mode', async () => {
    const result = await boot(bootSector, 'pentium3');
    expect(result).toMatchObject({ compared: 32, taken: 1, firmwareCalls: 1, differs: false });
    expect(result.end).toMatch(/^halted for good/);
  }, 120_000);

  test('is told apart at the first instruction that differs', async () => {
    const result = await boot([0x31, 0xc0, 0x90, 0x0f, 0xc8, 0xfa, 0xf4], '80386'); // BSWAP came with the 80486.
    expect(result).toMatchObject({ compared: 3, differs: true });
    expect(result.end).toMatch(/^after 3 steps, at 0:7c03:.*\n {2}esp: /);
  }, 120_000);
});

interface Settings {
  readonly model: ProcessorModel;
  readonly cpu: string;
  readonly memory: number;
  readonly from: number;
  readonly steps: number;
  readonly qemu: readonly string[];
}

test.skipIf(wanted === undefined)(
  'the guest goes in step with QEMU',
  async () => {
    const { model, cpu, memory, from, steps, qemu } = JSON.parse(wanted!) as Settings;
    const result = await lockstep({ model, cpu, memoryMegabytes: memory, from, steps, qemuArguments: qemu });
    process.stdout.write(
      `lockstep: ${result.compared} steps compared, ${result.taken} told by QEMU's devices, ` +
        `${result.firmwareCalls} calls of its firmware; ${result.end}\n`,
    );
    expect(result.differs, result.end).toBe(false);
  },
  3_600_000,
);
