/**
 * What a look at the screen, a digest and a snapshot cost: of a text screen and of 1024x768 pixels of 32 bits, with nothing changed
 * since the last one and with a few bytes changed. `node test/bench/costs/screens.mjs [--json]`, after a build. Microseconds of
 * processor time each.
 */
import { describeMachine } from '../../../dist/host/describe-machine.js';
import { createMachine } from '../../../dist/host/machines.js';
import { screenText } from '../../../dist/screen/text.js';
import { stampNow } from '../host-time.mjs';

const { description, images } = describeMachine({
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

if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else for (const [name, value] of Object.entries(result)) console.log(name.padEnd(38), value.toFixed(1).padStart(10));
