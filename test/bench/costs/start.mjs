/** How long it takes from starting the process to the first guest instruction: by the clock, the processes one after another. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { qemuProgram } from '../peers/qemu.mjs';
import { summary } from '../statistics.mjs';
import { firstByteRom } from './first-byte.mjs';

const runs = 5;
const script = fileURLToPath(new URL('first-byte.mjs', import.meta.url));

const starts = {
  plain: (rom) => [process.execPath, [script, 'own', rom]],
  v86: (rom) => [process.execPath, [script, 'v86', rom]],
  qemu: (rom) => [
    qemuProgram,
    [...['-M', 'pc', '-accel', 'tcg', '-m', '256', '-nic', 'none', '-display', 'none', '-monitor', 'none']].concat([
      ...['-serial', 'stdio', '-bios', rom],
    ]),
  ],
};

function firstByteMs([program, parameters]) {
  return new Promise((resolve, reject) => {
    const before = performance.now();
    const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
    let after;
    child.stdout.once('data', () => {
      after = performance.now();
      child.kill('SIGKILL');
    });
    child.once('error', reject);
    child.once('exit', () => (after === undefined ? reject(new Error('no byte came')) : resolve(after - before)));
  });
}

/** Milliseconds by peer; those that cannot be measured so are absent. */
export async function measureStarts(names, scratch, say) {
  const rom = join(scratch, 'first-byte.rom');
  writeFileSync(rom, firstByteRom());
  const chosen = names.filter((name) => starts[name] !== undefined);
  const times = Object.fromEntries(chosen.map((name) => [name, []]));
  for (let run = 0; run < runs; run++) {
    for (const name of chosen) {
      try {
        times[name].push(await firstByteMs(starts[name](rom)));
      } catch (error) {
        say(`start of ${name}: ${error.message}`);
      }
    }
  }
  return Object.fromEntries(
    chosen.filter((name) => times[name].length > 0).map((name) => [name, summary(times[name])]),
  );
}
