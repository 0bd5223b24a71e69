// @ts-check
/** The guests, and sessions with randomly timed keys for them: scripts of `tsvm-test record`, each a function of its seed. */
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../../dist/base/random.js';
import { findGuest } from '../../../dist/host/guests.js';

/**
 * A guest and how to use it.
 * @typedef {object} Guest
 * @property {string} name
 * @property {() => string | undefined} image Its path; undefined where the guest is absent.
 * @property {readonly string[]} machine Options of `record` that make its machine.
 * @property {readonly object[]} begin Steps until it takes keys.
 * @property {readonly string[]} texts What may be typed: text and what it is typed into do not matter, the moments do.
 */

const freedos = { name: 'freedos-722.img', sha256: '6c7b3c62823d538e20797fecae6dc55d2572455791a573a7de2cdba0b583f6be' };

/** @type {readonly Guest[]} */
export const guests = [
  {
    name: 'kernel',
    image: () => fileURLToPath(new URL('../../../suites/kernel/kernel.img', import.meta.url)),
    machine: ['--memory', '16M', '--disk'],
    begin: [{ waitFor: { screen: 'minnow>', within: 10 } }],
    texts: ['help\n', 'ps\n', 'echo to be\n', 'write a line\n', 'log\n', 'memory\n', 'spin 3\n', 'date\n'],
  },
  {
    name: 'freedos',
    image: () => {
      const search = findGuest(freedos);
      return search.found ? search.path : undefined;
    },
    machine: ['--memory', '16M', '--floppy'],
    begin: [{ waitFor: { screen: 'A:\\>', within: 60 } }],
    texts: ['ver\n', 'dir\n', 'echo to be\n', 'set\n', 'mem\n', 'cd \\\n', 'path\n', 'time 12:00\n'],
  },
];

const keysASession = 24;
/** The longest rest between two keys, in guest seconds. */
const longestRest = 0.12;
/** Parts of a second at which a rest may end: finer than a cycle. */
const moments = 2 ** 32;

/**
 * A session: keys of commands, struck one by one after rests of random length, and sometimes one in between that edits.
 * @param {Guest} guest
 * @param {number} seed
 * @returns {object[]}
 */
export function session(guest, seed) {
  const random = seededRandom(seed);
  const steps = [...guest.begin];
  const rest = () => ({ wait: (random.below(moments) / moments) * longestRest });
  for (let keys = 0; keys < keysASession;) {
    const text = guest.texts[random.below(guest.texts.length)] ?? '';
    for (const character of text) {
      steps.push(rest(), { type: character });
      keys++;
      if (random.below(8) === 0) steps.push(rest(), { press: ['capsLock', 'left', 'x', 'backspace'][random.below(4)] });
    }
  }
  return [...steps, rest()];
}
