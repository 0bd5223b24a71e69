/** An emulator in a Node process of its own, as the bench drives it: it runs when it is its turn, and else stands still. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const patienceMs = 3_600_000;

export class NodePeer {
  #child;

  /** `script` is the program in this folder; `task` is what it is to do, plain data. */
  constructor({ name, script, task, node = process.execPath }) {
    Object.assign(this, { name, script, task, node });
  }

  /** Starts the process; it waits. */
  async start() {
    const path = fileURLToPath(new URL(this.script, import.meta.url));
    const options = { execPath: this.node, serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] };
    this.#child = fork(path, [], { ...options, execArgv: [] });
    this.#child.send(this.task);
  }

  /** Runs the next workload; undefined when all are over. */
  next = () => this.#ask('next');
  /** Runs everything in a row, and finishes a recording. */
  all = () => this.#ask('all');
  baseSnapshot = () => this.#ask('baseSnapshot');
  snapshot = () => this.#ask('snapshot');
  peak = () => this.#ask('peak');

  #ask(what) {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => done(reject, new Error('no answer')), patienceMs);
      const onExit = (code) => done(reject, new Error(`the process ended with code ${code}`));
      const onMessage = ({ error, answer }) =>
        error === undefined ? done(resolve, answer) : done(reject, new Error(error));
      const done = (how, value) => {
        clearTimeout(limit);
        child.off('exit', onExit).off('message', onMessage);
        how(value);
      };
      child.on('exit', onExit).on('message', onMessage);
      child.send({ ask: what });
    });
  }

  async stop() {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
}
