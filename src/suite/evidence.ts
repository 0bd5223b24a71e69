/** What a guest test leaves behind: a trace that replays it, written by running its inputs again from power-on. */
import { assert } from '../base/assert.js';
import type { Cycle } from '../base/integers.js';
import { outputFolder, tell } from '../host/environment.js';
import { shownPath } from '../host/files.js';
import { ownVersion } from '../host/own-package.js';
import { brotli } from '../host/compression.js';
import { createTraceFile } from '../host/trace-file.js';
import { shellLine } from '../host/terminal.js';
import { firmwareDigests } from '../host/firmware.js';
import type { InputEvent, Machine, StopReason } from '../machine/machine.js';
import { createRecorder } from '../replay/recorder.js';
import type { TraceSink } from '../trace/writer.js';
import { suiteName } from './golden-files.js';
import type { Session } from './session.js';
import type { InputAt, Vm } from './vm.js';

const titleCharactersMax = 256;

/** A run's inputs, how far it went, and what to call it. */
interface Run {
  readonly inputs: readonly InputAt[];
  readonly until: Cycle;
}

/** What moves a machine on: the machine itself, or a recorder around it. */
interface Mover {
  readonly machine: Machine;
  input(event: InputEvent): void;
  run(until: Cycle): StopReason;
}

/** Gives a machine at power-on the inputs of a run, and goes on to the run's end; returns what stopped it earlier. */
function repeat(mover: Mover, { inputs, until }: Run): StopReason['kind'] {
  for (const { at, event } of inputs) {
    advance(mover, at);
    assert(mover.machine.cycle === at, 'a run that is repeated reaches every input');
    mover.input(event);
  }
  return advance(mover, until);
}

/** Goes to exactly `until`; a machine that halted for ever goes on halting. Returns what ended it earlier, if anything. */
function advance(mover: Mover, until: Cycle): StopReason['kind'] {
  const { machine } = mover;
  let stop: StopReason['kind'] = 'cycle';
  while (machine.cycle < until) {
    const before = machine.cycle;
    stop = mover.run(until).kind;
    if (machine.cycle === before) return stop;
  }
  return stop;
}

/** How a run differs from the same run once more. */
export interface RerunDifference {
  readonly cycle: Cycle;
  readonly parts: readonly string[];
}

/** Runs a guest's inputs again from power-on; null when that leads to the same state. */
export function runAgain(session: Session, vm: Vm): RerunDifference | null {
  const machine = session.machine();
  repeat({ machine, input: (event) => machine.input(event), run: (until) => machine.run(until) }, vm.history);
  const [left, right] = [vm.digest(), machine.digest()];
  if (left.sha256 === right.sha256) return null;
  const parts = Object.keys(left.parts).filter((part) => left.parts[part] !== right.parts[part]);
  return { cycle: vm.cycle, parts };
}

/** Records a guest's inputs once more from power-on; throws when that does not lead to the state it is in. */
export function recordAgain(session: Session, vm: Vm, title: string, sink: TraceSink): void {
  const machine = session.machine();
  const recorder = createRecorder({
    machine,
    powerOn: session.powerOn,
    sink,
    title: title.slice(0, titleCharactersMax),
    packageVersion: ownVersion(),
    firmware: firmwareDigests(machine.description),
    compression: brotli,
  });
  const stop = repeat(recorder, vm.history);
  recorder.finish(stop === 'cycle' || stop === 'breakpoint' ? 'finished' : stop);
  assert(machine.digest().sha256 === vm.digest().sha256, 'equal inputs give an equal run');
}

/** Writes the trace of a guest as it is now. */
export function writeTrace(session: Session, vm: Vm, path: string, title: string): void {
  const file = createTraceFile(path);
  try {
    recordAgain(session, vm, title, file);
  } finally {
    file.close();
  }
}

/** After a failed test: writes its trace into the output folder and tells how to replay it. */
export function keepEvidence(session: Session, vm: Vm, suitePath: string, testName: string): void {
  const name = testName
    .replace(/^.* > (?=[^>]*$)/, '')
    .replace(/[^\w]+/g, '-')
    .replace(/^-|-$/g, '')
    .toLowerCase();
  const path = `${outputFolder}/${suiteName(suitePath)}/${name}.trace`;
  try {
    writeTrace(session, vm, path, testName);
    tell(`a trace of the failed test: ${shownPath(path)}\n  run ${shellLine('npx', 'tsvm-test', 'replay', path)}`);
  } catch (error) {
    tell(`no trace of the failed test could be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}
