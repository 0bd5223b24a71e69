/**
 * What a look at the screen, a digest and a snapshot cost: of a text screen and of 1024x768 pixels of 32 bits, with nothing changed
 * since the last one and with a few bytes changed; at last with 64 MiB written to a disk as well, and a sector of them again. `node test/bench/costs/screens.mjs [--json]`, after a build. Microseconds of
 * processor time each.
 */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mediumBay } from '../../../dist/device/disk/medium.js';
import { describeMachine } from '../../../dist/host/describe-machine.js';
import { createMachine } from '../../../dist/host/machines.js';
import { screenText } from '../../../dist/screen/text.js';
import { stampNow } from '../host-time.mjs';

const folder = mkdtempSync(join(tmpdir(), 'tsvm-screens-'));
const disk0 = join(folder, 'disk.img');
writeFileSync(disk0, '');
truncateSync(disk0, 128 << 20);
const { description, images } = describeMachine({
  disk0,
  board: 'i440fx',
  processor: 'pentiumM',
  memory: '16M',
  display: 'vbe',
});
const machine = createMachine(description, images, { date: 0, seed: 0 });
const board = machine.bench();
machine.run(30_000_000);

const result = {};
function measure(name, rounds, look, change = () => {}) {
  look();
  let spent = 0;
  for (let round = 0; round < rounds; round++) {
    change(round);
    const before = stampNow();
    look();
    spent += stampNow().processor - before.processor;
  }
  result[name] = (spent / rounds) * 1000;
}
const write = (round) => board.writeBlock(mode.at + 2 * (round % 100), Uint8Array.of(0x41 + (round % 26)));
const looks = {
  text: () => screenText(machine.screen()),
  pixels: () => machine.screen().pixels,
  digest: () => machine.digest(),
  snapshot: () => machine.save(),
};

const mode = { name: 'text', at: 0xb8000 };
function measureMode() {
  for (const [name, look] of Object.entries(looks)) {
    const rounds = name === 'text' ? 300 : 60;
    measure(`${mode.name} ${name}, nothing changed`, rounds, look);
    measure(`${mode.name} ${name}, a cell changed`, rounds, look, write);
  }
}
measureMode();
const set = (register, value) => {
  board.writePort(0x1ce, register, 2);
  board.writePort(0x1cf, value, 2);
};
for (const [register, value] of [
  [4, 0],
  [1, 1024],
  [2, 768],
  [3, 32],
  [4, 0x41],
])
  set(register, value);
Object.assign(mode, { name: '1024x768', at: 0xa0000 });
measureMode();

/** Fills the first 64 MiB of the disk. */
function fillDisk() {
  const bay = mediumBay(images);
  bay.insert(description.media.disk0);
  const sector = new Uint8Array(512);
  for (let number = 0; number < 131_072; number++) {
    sector.fill(number * 7);
    bay.medium.write(number, sector);
  }
  const { drives, ...others } = machine.save();
  machine.load({ ...others, drives: { ...drives, disk0: bay.image() } });
}
/** Writes a sector through the controller, by programmed input and output. */
function writeSector(number) {
  const wait = () => {
    while (board.readPort(0x1f7, 1) & 0x80) board.pass(board.cycle + 1000);
  };
  const address = [number & 0xff, (number >> 8) & 0xff, number >> 16, 0xe0];
  [1, ...address].forEach((value, at) => board.writePort(0x1f2 + at, value, 1));
  board.writePort(0x1f7, 0x30, 1);
  wait();
  for (let word = 0; word < 256; word++) board.writePort(0x1f0, number + word, 2);
  wait();
}
fillDisk();
for (const name of ['digest', 'snapshot']) {
  measure(`64 MiB of disk ${name}, nothing changed`, 20, looks[name]);
  measure(`64 MiB of disk ${name}, a sector changed`, 20, looks[name], (round) => writeSector(1000 + round));
}
rmSync(folder, { recursive: true });

if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else for (const [name, value] of Object.entries(result)) console.log(name.padEnd(38), value.toFixed(1).padStart(10));
