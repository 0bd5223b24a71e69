/**
 * Memory over a long run: a guest of 128 MiB goes through the workloads again and again. `node test/bench/costs/long-run.mjs [minutes]`, after a
 * build; 20 minutes unless told otherwise, by the host's clock. Prints each minute what the process holds, how much code was compiled so
 * far and how many regions of it are there still; `TSVM_ENGINE` chooses the engine (`look=1000,threshold=1,batch=8,delay=16` compiles
 * nearly all that runs; `regions=256` fills all places within the first minute, so that regions give way to others all the time).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cycle } from '../../../dist/base/integers.js';
import { regionPlaces } from '../../../dist/cpu/layout.js';
import { engineAsked } from '../../../dist/host/engine.js';
import { describeMachine } from '../../../dist/host/describe-machine.js';
import { createMachine } from '../../../dist/host/machines.js';
import { stampNow } from '../host-time.mjs';
import { commandLine, prepareGuest } from '../workloads/guest.mjs';

const minutes = Number(process.argv[2] ?? 20);
const sliceCycles = 20_000_000;
const names = ['exec', 'gzip', 'sort', 'fork', 'shell', 'integer', 'sha256', 'nbody-sse2', 'syscall', 'mandelbrot-x87'];

let modules = 0;
let moduleBytes = 0;
globalThis.WebAssembly.Module = class extends WebAssembly.Module {
  constructor(bytes) {
    super(bytes);
    modules++;
    moduleBytes += bytes.byteLength;
  }
};

/** Tables of compiled regions: those that can hold as many as the engine's. @type {WebAssembly.Table[]} */
const tables = [];
globalThis.WebAssembly.Table = class extends WebAssembly.Table {
  constructor(described) {
    super(described);
    if (described.initial === regionPlaces) tables.push(this);
  }
};
const regionsMost = engineAsked().regions ?? regionPlaces;
const regionsIn = (table) =>
  Array.from({ length: table.length }, (_, place) => table.get(place)).filter((region) => region !== null).length;

const folder = mkdtempSync(join(tmpdir(), 'tsvm-long-run-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const guest = prepareGuest(folder);
if (guest.absence !== undefined) {
  console.error(`skipped: ${guest.absence}`);
  process.exit(0);
}
const line = commandLine({ names, repeats: 1_000_000, last: [] });
const options = { board: 'i440fx', processor: 'pentiumM', memory: '128M', kernel: guest.kernel, initrd: guest.initrd };
const { description, images } = describeMachine({ ...options, commandLine: line });
const machine = createMachine(description, images, { date: 0, seed: 0 });

const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(0);
const started = stampNow().clock;
let said = 0;
while (stampNow().clock - started < minutes * 60_000) {
  const reason = machine.run(cycle(machine.cycle + sliceCycles));
  if (reason.kind !== 'cycle') throw new Error(`it stopped: ${JSON.stringify(reason)}`);
  const minute = Math.floor((stampNow().clock - started) / 60_000);
  if (minute === said) continue;
  said = minute;
  const { rss, heapUsed, external } = process.memoryUsage();
  const held = `${mebibytes(rss)} MiB held (${mebibytes(heapUsed)} heap, ${mebibytes(external)} outside it)`;
  const made = `${modules} modules of ${mebibytes(moduleBytes)} MiB compiled`;
  const kept = tables.map((table) => `${regionsIn(table)} of at most ${regionsMost} regions kept`).join(', ');
  console.log(`${minute} min, ${(machine.cycle / 1e9).toFixed(1)} thousand million cycles: ${held}, ${made}, ${kept}`);
}
console.log(`the most it ever held: ${mebibytes(process.resourceUsage().maxRSS * 1024)} MiB`);
