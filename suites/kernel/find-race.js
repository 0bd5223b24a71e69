// @ts-check
/**
 * Finds a keystroke that corrupts the small kernel's event list (README.md, "The race"), and writes race.json: a script of
 * inputs for `tsvm-test record` that ends with it. Needs a built package: npm run build && node suites/kernel/find-race.js
 *
 * Keys are aimed: their interrupts shall come while the timer's bottom half posts the keyboard event, which breakpoints
 * find. Since a keyboard sends by its own clock, an interrupt comes at one of that clock's edges, and an edge falls into
 * the few cycles that matter at few ticks only. So tick after tick is tried, each from a snapshot, with keys all along
 * one period of that clock.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeMachine } from '../../dist/host/describe-machine.js';
import { powerOnFrom } from '../../dist/host/power-on.js';
import { createMachine } from '../../dist/machine/index.js';
import { createOperator } from '../../dist/replay/operator.js';
import { parseScript } from '../../dist/replay/script.js';

/** @param {string} name */
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

const kernelBase = 0xc0000000;
const tickCycles = 500_000;
const ticksTried = 600;
/** The key that breaks it: "e". */
const key = 0x12;
/** Arrival cycles tried before and after the one aimed at. */
const reach = 2200;
const step = 200;

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

const event = address('keyboard_event');
/** Whether the keyboard event follows itself, by its first word. */
function corrupt() {
  const word = machine.readMemory(event - kernelBase, 4);
  return new DataView(word.buffer, word.byteOffset).getUint32(0, true) === event;
}

/** The arrival cycles that corrupt the list in the tick whose bottom half posts the event at `posted`. @param {number} posted */
function corrupting(posted) {
  const moment = machine.save();
  const found = [];
  for (let at = posted - delay - reach; at < posted - delay + reach; at += step) {
    machine.load(moment);
    run(at);
    machine.input({ kind: 'key', key, pressed: true });
    run(posted + 2 * reach);
    if (corrupt()) found.push(at);
  }
  machine.load(moment);
  return found;
}

/** Tries tick after tick. */
function search() {
  machine.load(before);
  for (let tick = 0; tick < ticksTried; tick++) {
    const posted = next('keyboard_tick') + tickCycles;
    run(posted - delay - 2 * reach);
    const found = corrupting(posted);
    if (found.length > 0) return { found, tick };
  }
  throw new Error('no arrival cycle corrupts the list');
}

const { found, tick } = search();
const fatal = found[found.length >> 1];
console.log(`a key takes about ${delay} cycles to its handler`);
console.log(`${tick + 1} ticks tried; these arrival cycles corrupt the list: ${found.join(' ')}`);

const steps = [...session, { at: fatal, press: 'e' }, { wait: 1 }];
writeFileSync(beside('race.json'), `[\n${steps.map((step) => `  ${JSON.stringify(step)}`).join(',\n')}\n]\n`);
console.log(`race.json: the last key at cycle ${fatal}`);
