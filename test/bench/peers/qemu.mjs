/**
 * QEMU's TCG with the same guest, plain, recording or replaying by its own `-icount` and `rr`. It is stopped by signals
 * when it is not its turn.
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, rmSync, statSync } from 'node:fs';
import { createConnection, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { canReadProcesses, peakBytesOf, processorMsOf } from '../host-time.mjs';
import { MarkReader } from '../workloads/marks.mjs';

export const qemuProgram = 'qemu-system-i386';
const patienceMs = 3_600_000;

/** Why QEMU cannot be measured on this computer; undefined when it can. */
export function qemuAbsence() {
  if (!canReadProcesses) return "another process's processor time is read from /proc, which only Linux has";
  try {
    execFileSync(qemuProgram, ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${qemuProgram} is missing (Debian: apt-get install qemu-system-x86)`;
  }
}

/** What every run has; a pentium3 with SSE2 is the nearest to our pentiumM. */
const machineOptions = ['-M', 'pc', '-accel', 'tcg', '-cpu', 'pentium3,+sse2', '-m', '256', '-nic', 'none'];
const consoleOptions = ['-display', 'none', '-serial', 'stdio', '-no-reboot'];

export class QemuPeer {
  #child;
  #marks;
  #waiting = [];
  #wake = () => {};
  #stoppedMs = 0;
  #stoppedAt;
  #complaint = '';

  /** `mode` is plain, record or replay; `log` is the file of a recording; `disk` is one to be made, for snapshots, in `scratch`. */
  constructor({ name, mode, kernel, initrd, commandLine, log, disk, scratch }) {
    Object.assign(this, { name, mode, kernel, initrd, commandLine, log, disk, scratch });
  }

  async start() {
    const { mode, kernel, initrd, commandLine, log } = this;
    const icount = mode === 'plain' ? [] : ['-icount', `shift=4,rr=${mode},rrfile=${log}`];
    const snapshots = this.disk === undefined ? ['-monitor', 'none'] : this.#snapshotOptions();
    const guest = ['-kernel', kernel, '-initrd', initrd, '-append', commandLine];
    const all = [...machineOptions, ...consoleOptions, ...icount, ...snapshots, ...guest];
    const began = performance.now();
    const line = this.#openLine();
    this.#child = spawn(qemuProgram, all, { stdio: ['ignore', line, 'pipe'] });
    closeSync(line);
    this.#child.stderr.on('data', (bytes) => (this.#complaint += bytes));
    const { pid } = this.#child;
    const stamp = () => {
      const clock = (this.#stoppedAt ?? performance.now()) - this.#stoppedMs - began;
      return { clock, processor: processorMsOf(pid) };
    };
    this.#marks = new MarkReader(stamp, (measured) => {
      this.#waiting.push(measured);
      this.#wake();
    });
    this.#child.once('exit', () => this.#wake());
    this.#stand();
  }

  /**
   * The serial line is a named pipe, its end for QEMU returned: with the socket that Node makes for a child's output, QEMU
   * records a log that its replay does not find its way through.
   */
  #openLine() {
    const path = `${this.scratch}/${this.name}.line`;
    execFileSync('mkfifo', [path]);
    const reader = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), writable: false });
    const line = openSync(path, constants.O_WRONLY);
    rmSync(path);
    reader.on('data', (bytes) => bytes.forEach((byte) => this.#marks.take(byte)));
    return line;
  }

  #stand() {
    this.#stoppedAt = performance.now();
    this.#child.kill('SIGSTOP');
  }
  #go() {
    this.#stoppedMs += performance.now() - this.#stoppedAt;
    this.#stoppedAt = undefined;
    this.#child.kill('SIGCONT');
  }

  async next() {
    if (this.#waiting.length > 0) return this.#waiting.shift();
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) throw new Error(`QEMU ended with ${exitCode ?? signalCode}`);
    const limit = new AbortController();
    const woken = new Promise((resolve) => (this.#wake = resolve));
    this.#go();
    await Promise.race([woken, sleep(patienceMs, undefined, { signal: limit.signal }).catch(() => {})]);
    limit.abort();
    if (this.#waiting.length === 0) throw new Error(`QEMU ended, or gave no answer: ${this.#complaint.trim()}`);
    this.#stand();
    return this.#waiting.shift();
  }

  async all() {
    const measured = [];
    for (let each = await this.next(); each !== undefined; each = await this.next()) measured.push(each);
    await this.stop();
    return { measured, bytes: statSync(this.log).size };
  }

  async peak() {
    return peakBytesOf(this.#child.pid);
  }

  // Snapshots: into a disk image of QEMU's own format, by its monitor.

  #snapshotOptions() {
    this.monitor = `${this.disk}.monitor`;
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', this.disk, '1G']);
    const drive = ['-drive', `if=none,id=snapshots,format=qcow2,file=${this.disk}`];
    return [...drive, '-monitor', `unix:${this.monitor},server=on,wait=off`];
  }

  async snapshot() {
    this.#go();
    const socket = createConnection(this.monitor);
    let said = '';
    socket.on('data', (bytes) => (said += bytes));
    const order = async (command) => {
      const before = processorMsOf(this.#child.pid);
      said = '';
      if (command !== '') socket.write(`${command}\n`);
      // The prompt that comes back, not the echo of the line.
      while (!/(^|\n)\(qemu\) $/.test(said)) await sleep(1);
      return processorMsOf(this.#child.pid) - before;
    };
    await order('');
    await order('stop');
    const saveMs = await order('savevm bench');
    const bytes = statSync(this.disk).blocks * 512;
    const restoreMs = await order('loadvm bench');
    await order('cont');
    socket.destroy();
    this.#stand();
    return { saveMs, restoreMs, bytes };
  }

  /** Ends it so that a recording's log is whole. */
  async stop() {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(this.mode === 'record' ? 'SIGTERM' : 'SIGKILL');
    child.kill('SIGCONT');
    const impatient = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(impatient);
  }
}
