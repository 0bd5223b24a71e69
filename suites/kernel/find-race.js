// @ts-check
/**
 * Finds a keystroke that corrupts the small kernel's event list (README.md, "The race"), and writes race.json: a script of
 * inputs for `tsvm-test record` that ends with it. Needs a built package: npm run build && node suites/kernel/find-race.js
 *
 * The key is aimed first: it shall arrive while the timer's bottom half posts the keyboard event, which a breakpoint
 * finds. Then arrival cycles around are tried, each from the same snapshot.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeMachine } from '../../dist/host/machine-request.js';
import { powerOnFrom } from '../../dist/host/power-on.js';
import { createMachine } from '../../dist/machine/index.js';
import { createOperator } from '../../dist/replay/operator.js';
import { parseScript } from '../../dist/replay/script.js';

/** @param {string} name */
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

const kernelBase = 0xc0000000;
const tickCycles = 500_000;
/** The key that breaks it: "e". */
const key = 0x12;
const triesFrom = -200;
const triesTo = 400;

const session = [
  { waitFor: { screen: 'minnow>', within: 10 } },
  { type: 'echo an ordinary session\n' },
  { type: 'write all is well\n' },
  { type: 'log\n' },
  { wait: 0.3 },
  { type: 'echo on' },
  { wait: 0.2 },
];

/** @param {string} name The address of a symbol of kernel.map. */
function address(name) {
  const line = readFileSync(beside('kernel.map'), 'utf8')
    .split('\n')
    .find((text) => text.endsWith(` ${name}`));
  if (line === undefined) throw new Error(`kernel.map has no ${name}`);
  return parseInt(line, 16);
}

const { description, images } = describeMachine({ disk0: beside('kernel.img'), memory: '16M' });
const machine = createMachine(description, images, powerOnFrom({ date: '2024-01-01T00:00:00Z', seed: 1 }));
const operator = createOperator({
  machine,
  input: (event) => machine.input(event),
  run: (until) => machine.run(until),
});
parseScript(JSON.stringify(session)).perform(operator);
const before = machine.save();

/** @param {number} until */
function run(until) {
  return machine.run(/** @type {import('../../dist/base/integers.js').Cycle} */ (until));
}

/** The cycle at which an address is next executed. @param {string} name */
function next(name) {
  machine.breakpoints = new Set([address(name)]);
  const stop = run(machine.cycle + 3 * tickCycles);
  machine.breakpoints = new Set();
  if (stop.kind !== 'breakpoint') throw new Error(`${name} is not reached within three ticks`);
  return machine.cycle;
}

machine.input({ kind: 'key', key, pressed: true });
const delay = next('keyboard_interrupt') - before.cycle;
machine.load(before);
const posted = next('keyboard_tick');
const aim = posted + 4 * tickCycles - delay;
console.log(`a key takes ${delay} cycles to its handler; the bottom half posts its event at cycle ${posted}`);

const event = address('keyboard_event');
/** Whether the keyboard event follows itself, by its first word. */
function corrupt() {
  const word = machine.readMemory(event - kernelBase, 4);
  return new DataView(word.buffer, word.byteOffset).getUint32(0, true) === event;
}

const corrupting = [];
for (let at = aim + triesFrom; at < aim + triesTo; at++) {
  machine.load(before);
  run(at);
  machine.input({ kind: 'key', key, pressed: true });
  run(at + delay + 2000);
  if (corrupt()) corrupting.push(at);
}
const fatal = corrupting[corrupting.length >> 1];
if (fatal === undefined) throw new Error('no arrival cycle corrupts the list');
console.log(`${corrupting.length} arrival cycles of ${triesTo - triesFrom} corrupt the list: ${corrupting.join(' ')}`);

const steps = [...session, { at: fatal, press: 'e' }, { wait: 1 }];
writeFileSync(beside('race.json'), `[\n${steps.map((step) => `  ${JSON.stringify(step)}`).join(',\n')}\n]\n`);
console.log(`race.json: the last key at cycle ${fatal}`);
