/** This project's machine: plain, recording or replaying. See `serve.mjs`. */
import { statSync } from 'node:fs';
import { cycle } from '../../../dist/base/integers.js';
import { brotli } from '../../../dist/host/compression.js';
import { describeMachine } from '../../../dist/host/describe-machine.js';
import { firmwareDigests } from '../../../dist/host/firmware.js';
import { createTraceFile } from '../../../dist/host/trace-file.js';
import { openTrace } from '../../../dist/host/traces.js';
import { createMachine } from '../../../dist/machine/index.js';
import { createPlayer } from '../../../dist/replay/player.js';
import { createRecorder } from '../../../dist/replay/recorder.js';
import { stampNow } from '../host-time.mjs';
import { MarkReader } from '../workloads/marks.mjs';
import { peakBytes, serve, timed } from './serve.mjs';

/** Short, so that the machine stands still soon behind a mark; long where nothing but time passes. */
const sliceCycles = 2_000_000;
const idleSliceCycles = 50_000_000;
const powerOn = { date: 1_704_067_200, seed: 1 };

function describe({ kernel, initrd, commandLine }) {
  return describeMachine({ board: 'i440fx', processor: 'pentiumM', memory: '256M', kernel, initrd, commandLine });
}

/** Each mode gives the machine, how far a run may go, and how to run; some have an end. */
const modes = {
  plain(task, { description, images }) {
    const machine = createMachine(description, images, powerOn, task.engine);
    return { machine, runTo: (until) => machine.run(until) };
  },
  record(task, { description, images }) {
    const machine = createMachine(description, images, powerOn, task.engine);
    const file = createTraceFile(task.trace);
    const recorder = createRecorder({
      ...{ machine, powerOn, sink: file, title: 'bench', packageVersion: '0', compression: brotli },
      firmware: firmwareDigests(description),
    });
    const finish = () => {
      recorder.finish('finished');
      file.close();
      return { bytes: statSync(task.trace).size };
    };
    return { machine, runTo: (until) => recorder.run(until), finish };
  },
  replay(task, { images }) {
    const create = (description, facts) => createMachine(description, images, facts, task.engine);
    const trace = openTrace(task.trace);
    const player = createPlayer(trace, create);
    const { machine } = player;
    return { machine, runTo: (until) => player.advance(Math.min(until, trace.endsAt)) ?? { kind: 'cycle' } };
  },
};

const pageBytes = 4096;
/** Bytes that a snapshot holds and an earlier one does not. */
function differenceBytes(before, after) {
  let bytes = Object.values(after.parts).reduce((sum, part) => sum + part.length, 0);
  for (const [name, { groups }] of Object.entries(after.pages)) {
    const others = before.pages[name].groups;
    groups.forEach((group, index) => {
      if (group !== others[index]) bytes += pageBytes * group.filter((page, at) => page !== others[index][at]).length;
    });
  }
  return bytes;
}

serve((task) => {
  const waiting = [];
  const mode = modes[task.mode](task, describe(task));
  const { machine } = mode;
  let lastByteAt = 0;
  const stamp = () => ({ ...stampNow(), cycles: lastByteAt, idle: machine.idleCycles });
  const marks = new MarkReader(stamp, (measured) => waiting.push(measured));
  machine.onSerial = ({ port, byte, cycle: at }) => {
    lastByteAt = at;
    if (port === 0) marks.take(byte);
  };

  function next() {
    while (waiting.length === 0) {
      const before = machine.cycle;
      const slice = marks.running === 'idle' ? idleSliceCycles : sliceCycles;
      const reason = mode.runTo(cycle(before + slice));
      if (reason.kind !== 'cycle' || machine.cycle === before) throw new Error(`it stopped: ${JSON.stringify(reason)}`);
    }
    const measured = waiting.shift();
    if (measured === undefined) return undefined;
    const { cycles, idle, ...rest } = measured;
    return { ...rest, instructions: cycles - idle, idleCycles: idle };
  }

  /** Everything once in a row; `finish` ends a recording. */
  function all() {
    const measured = [];
    for (let each = next(); each !== undefined; each = next()) measured.push(each);
    return { measured, cycles: machine.cycle, instructions: machine.cycle - machine.idleCycles, ...mode.finish?.() };
  }

  let base;
  /** What the next snapshot is to be the difference to. */
  function baseSnapshot() {
    base = machine.save();
    machine.digest();
  }
  /** A snapshot, a digest, and the way back to the last snapshot; the machine goes on where it was. */
  async function snapshot() {
    const saved = await timed(() => machine.save());
    const digest = await timed(() => machine.digest());
    const restored = await timed(() => machine.load(base));
    machine.load(saved.result);
    return {
      saveMs: saved.ms,
      digestMs: digest.ms,
      restoreMs: restored.ms,
      bytes: differenceBytes(base, saved.result),
    };
  }

  return { next, all, baseSnapshot, snapshot, peak: peakBytes };
});
