/**
 * What a snapshot, its digest and going back cost once 10,000 pages were written since the last one, on a machine of 256 MiB.
 * `node test/bench/costs/snapshots.mjs [--json]`, after a build. Each page is written through the board, a byte at a time, so the time
 * of the writes themselves holds the copies of what a snapshot has (`firstWritesMs`). Medians; `copyMs` is the host copying as many
 * pages in memory, for comparison.
 */
import { describeMachine } from '../../../dist/host/describe-machine.js';
import { createMachine } from '../../../dist/host/machines.js';
import { stampNow } from '../host-time.mjs';

const rounds = 7;
const pages = 10_000;
const pageBytes = 4096;
/** Pages lie apart, as a guest's do; the same in every round, as only what a snapshot has is copied before it is written. */
const pageAt = (index) => 0x100000 + index * 6 * pageBytes;

const { description, images } = describeMachine({ board: 'i440fx', processor: 'pentiumM', memory: '256M' });
const machine = createMachine(description, images, { date: 0, seed: 0 });
const board = machine.bench();

const times = { firstWritesMs: [], saveMs: [], digestMs: [], saveAndDigestMs: [], loadMs: [], nothingWrittenMs: [] };
function timed(name, work) {
  const before = stampNow();
  const result = work();
  times[name].push(stampNow().processor - before.processor);
  return result;
}

function dirty(round) {
  for (let index = 0; index < pages; index++) board.writeBlock(pageAt(index), Uint8Array.of(index + round));
}

dirty(0);
machine.digest();
let before = machine.save();
for (let round = 1; round <= rounds; round++) {
  timed('firstWritesMs', () => dirty(round));
  const first = stampNow();
  const saved = timed('saveMs', () => machine.save());
  timed('digestMs', () => machine.digest());
  times.saveAndDigestMs.push(stampNow().processor - first.processor);
  timed('nothingWrittenMs', () => machine.digest());
  timed('loadMs', () => machine.load(before));
  machine.load(saved);
  // Written once more: what was loaded is not copied, as the snapshot that it came from has it by itself.
  dirty(round + rounds);
  before = machine.save();
}

const from = new Uint8Array(pages * pageBytes).fill(1);
const to = from.slice();
const copied = stampNow();
to.set(from);
const copyMs = stampNow().processor - copied.processor;

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const result = {
  pages,
  rounds,
  copyMs,
  ...Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)])),
};
if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else for (const [name, value] of Object.entries(result)) console.log(name.padEnd(20), Number(value.toFixed(2)));
