/** Runs sequences on the host's processor through native.c. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  assemble,
  codeBytes,
  dataBytes,
  fxBytes,
  initialMemory,
  type Outcome,
  pageBytes,
  type Sequence,
  stackBytes,
} from './sequence.js';

/** Where the harness itself may lie: a sequence that reaches it shows nothing. */
export const isHarness = (address: number): boolean =>
  (address >= 0x5f00_0000 && address < 0x6500_0000) || address >= 0xe000_0000;

const requestBytes = 36 + codeBytes + dataBytes + stackBytes + fxBytes;
const answerBytes = 4 * 14 + fxBytes;

/** Compiles the harness; undefined where that cannot be. The caller removes the folder. */
export function buildNative(): { readonly program: string; remove(): void } | undefined {
  if (process.arch !== 'x64' || process.platform !== 'linux') return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'native-sequences-'));
  const program = join(folder, 'native');
  const source = fileURLToPath(new URL('native.c', import.meta.url));
  const flags = ['-m32', '-O1', '-static', '-no-pie', '-fno-stack-protector', '-Wl,-Ttext-segment=0x60000000'];
  try {
    execFileSync('gcc', [...flags, '-o', program, source], { stdio: 'pipe' });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  return { program, remove: () => rmSync(folder, { recursive: true }) };
}

function writeRequest(into: Buffer, at: number, sequence: Sequence): void {
  sequence.registers.forEach((value, index) => into.writeUInt32LE(value >>> 0, at + index * 4));
  into.writeUInt32LE(sequence.flags, at + 32);
  let next = at + 36;
  for (const part of [assemble(sequence.steps).code, sequence.data, sequence.stack, sequence.fx]) {
    into.set(part, next);
    next += part.length;
  }
}

/** Reads one answer; undefined where the output ends before it does. */
function readAnswer(from: Buffer, start: number, sequence: Sequence): { outcome: Outcome; next: number } | undefined {
  if (start + answerBytes > from.length) return undefined;
  const word = (index: number): number => from.readUInt32LE(start + index * 4);
  const memory = initialMemory(sequence);
  let at = start + answerBytes;
  for (let page = 0; page < 3; page++) {
    if (at + 4 > from.length) return undefined;
    const [offset, length] = [from.readUInt16LE(at), from.readUInt16LE(at + 2)];
    at += 4;
    if (at + length > from.length) return undefined;
    memory.set(from.subarray(at, at + length), page * pageBytes + offset);
    at += length;
  }
  const outcome = {
    timedOut: word(0) !== 0,
    registers: Array.from({ length: 8 }, (_, index) => word(1 + index)),
    eip: word(9),
    flags: word(10),
    vector: word(11),
    errorCode: word(12),
    address: word(13),
    fx: Uint8Array.from(from.subarray(start + answerBytes - fxBytes, start + answerBytes)),
    memory,
  };
  return { outcome, next: at };
}

/** The host's outcomes; undefined for a sequence that ended the harness. */
export function runNative(program: string, sequences: readonly Sequence[]): (Outcome | undefined)[] {
  const outcomes: (Outcome | undefined)[] = [];
  while (outcomes.length < sequences.length) {
    const rest = sequences.slice(outcomes.length);
    const input = Buffer.alloc(rest.length * requestBytes);
    rest.forEach((each, index) => writeRequest(input, index * requestBytes, each));
    const { stdout } = spawnSync(program, { input, maxBuffer: 2 ** 30 });
    let at = 0;
    for (const sequence of rest) {
      const answer = readAnswer(stdout, at, sequence);
      if (answer === undefined) {
        outcomes.push(undefined);
        break;
      }
      outcomes.push(answer.outcome);
      at = answer.next;
    }
  }
  return outcomes;
}
