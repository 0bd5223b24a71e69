/**
 * The guest of the workloads: Debian 12's i386 kernel and a RAM disk of BusyBox, both named by digest and looked for where
 * `tsvm-test guests` says, with our program behind the RAM disk in an archive of its own.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findGuest } from '../../../dist/host/guests.js';

const kernel = {
  name: 'debian12-vmlinuz-6.1-686',
  sha256: 'd8d6e857bf1a3adb6505e0188ff6377fbf277b467797b2883e92bc70756841d6',
};
const busybox = {
  name: 'initrd-busybox-i386.gz',
  sha256: '12022fda5062e296979c9533124f34e0f0599c9bf452802998e2a95e02896a59',
};
export const memoryBytes = 256 << 20;

/** One entry of an archive in the "newc" format, as Linux's Documentation/driver-api/early-userspace/buffer-format.rst says. */
function archiveEntry(name, mode, content, inode) {
  const number = (value) => value.toString(16).toUpperCase().padStart(8, '0');
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = Buffer.from(`070701${fields.map(number).join('')}${name}\0`, 'latin1');
  return Buffer.concat([padded(head), padded(content)]);
}
const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

function ownArchive() {
  const file = (name) => readFileSync(new URL(`program/${name}`, import.meta.url));
  const nothing = Buffer.alloc(0);
  return Buffer.concat([
    archiveEntry('bench', 0o040755, nothing, 1),
    archiveEntry('bench/start', 0o100755, file('start'), 2),
    archiveEntry('bench/work', 0o100755, file('work'), 3),
    archiveEntry('TRAILER!!!', 0, nothing, 0),
  ]);
}

/** The guest's files, the RAM disk made in `folder`; or why there is none on this computer. */
export function prepareGuest(folder) {
  const [foundKernel, foundBusybox] = [findGuest(kernel), findGuest(busybox)];
  for (const search of [foundKernel, foundBusybox]) if (!search.found) return { absence: search.reason };
  const initrd = join(folder, 'initrd.bin');
  writeFileSync(initrd, Buffer.concat([padded(readFileSync(foundBusybox.path)), ownArchive()]));
  return { kernel: foundKernel.path, initrd };
}

/** What the kernel is told: unknown names with a value reach the first program as its environment. */
export function commandLine({ names, repeats, last }) {
  const list = names.filter((name) => name !== 'boot').join(',');
  const own = `rdinit=/bench/start rounds=${repeats} workloads=${list} last=${last.join(',')}`;
  return `console=ttyS0 cryptomgr.notests mitigations=off ${own}`;
}
