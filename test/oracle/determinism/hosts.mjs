// @ts-check
/** Hosts to run on: this one as it is, one core of it beside a busy neighbour, and other major versions of Node. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A way to run the command line.
 * @typedef {object} Host
 * @property {string} name
 * @property {readonly string[]} command The words before those of Node.
 */

/**
 * Something that cannot be had here, and why.
 * @typedef {object} Absent
 * @property {string} name
 * @property {string} absent
 */

const installSeconds = 180;

/** @param {string} program @param {readonly string[]} words @param {string} [folder] */
function output(program, words, folder) {
  const stdio = /** @type {const} */ (['ignore', 'pipe', 'pipe']);
  return execFileSync(program, words, { cwd: folder, encoding: 'utf8', stdio, timeout: installSeconds * 1000 });
}

/** @returns {Host} */
export const plainHost = () => ({ name: `node ${process.versions.node}`, command: [process.execPath] });

/** @returns {Host | Absent} */
export function pinnedHost() {
  const name = 'one core, busy neighbour';
  try {
    output('taskset', ['-c', '0', 'true']);
    return { name, command: ['taskset', '-c', '0', process.execPath] };
  } catch {
    return { name, absent: 'there is no taskset here' };
  }
}

/**
 * Keeps the core of the pinned host busy until stopped.
 * @returns {() => void}
 */
export function startBusyNeighbour() {
  const neighbour = spawn('taskset', ['-c', '0', process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' });
  const stop = () => void neighbour.kill('SIGKILL');
  process.once('exit', stop);
  return () => {
    process.off('exit', stop);
    stop();
  };
}

/**
 * Another major version of Node, installed from npm's package `node` into a folder.
 * @param {string} major
 * @param {string} folder An empty folder that is the caller's.
 * @returns {Host | Absent}
 */
export function nodeHost(major, folder) {
  const name = `node ${major}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{}');
    output('npm', ['install', '--no-audit', '--no-fund', '--no-save', `node@${major}`], folder);
    const program = join(folder, 'node_modules/node/bin/node');
    const version = output(program, ['--version']).trim().slice(1);
    return { name: `node ${version}`, command: [program] };
  } catch (error) {
    const [reason] = String(/** @type {{ stderr?: string }} */ (error).stderr || error).split('\n');
    return { name, absent: `npm's package node@${major} cannot be installed: ${reason}` };
  }
}
