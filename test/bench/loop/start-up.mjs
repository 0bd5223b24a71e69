/**
 * Run as a process of its own: how long createMachine and the first guest instruction take, once in a fresh process and
 * once again in the same process, where the interpreter's module is already built. Prints one line of JSON.
 */
import { readGuestImage } from './guest-image.mjs';
import { stampNow } from '../host-time.mjs';
import { newMachine } from './own-machine.mjs';

const image = readGuestImage();

function startOnce() {
  const start = stampNow();
  const machine = newMachine(image);
  const made = stampNow();
  machine.run(1);
  const end = stampNow();
  const span = (from, to) => ({ clockMs: to.clock - from.clock, processorMs: to.processor - from.processor });
  return { create: span(start, made), firstInstruction: span(made, end), total: span(start, end) };
}

console.log(JSON.stringify({ fresh: startOnce(), again: startOnce() }));
