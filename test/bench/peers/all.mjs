/** Who is measured: this project's modes, and every peer that is on this computer. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NodePeer } from './node-process.mjs';
import { qemuAbsence, QemuPeer } from './qemu.mjs';

const own = (name, title, mode, fixedEngine) => ({
  name,
  title,
  make: ({ guest, scratch, engine }) =>
    new NodePeer({
      ...{ name, script: 'own-process.mjs' },
      task: { mode, ...guest, trace: `${log(scratch, mode)}.trace`, engine: fixedEngine ?? engine },
    }),
  absence: () => undefined,
});
/** A replay goes through what was recorded before the rounds began; what is recorded in a round takes the place of the last one's. */
const log = (scratch, mode) => join(scratch, mode === 'replay' ? 'before' : 'round');

const qemu = (name, mode) => ({
  name,
  title: { plain: 'QEMU', record: 'QEMU rr=record', replay: 'QEMU rr=replay' }[mode],
  make: ({ guest, scratch, takesSnapshots }) =>
    new QemuPeer({
      ...{ name, mode, ...guest, scratch, log: `${log(scratch, mode)}.rr` },
      ...(mode === 'plain' && takesSnapshots ? { disk: join(scratch, 'snapshots.qcow2') } : {}),
    }),
  absence: qemuAbsence,
});

async function v86Absence() {
  const missing = ['bios.bin', 'vgabios-stdvga.bin'].find((file) => !existsSync(`/usr/share/seabios/${file}`));
  if (missing !== undefined) return `/usr/share/seabios/${missing} is missing (Debian: apt-get install seabios)`;
  return import('v86').then(
    () => undefined,
    () => "the npm package 'v86' is not installed",
  );
}

function oneEngine() {
  const choice = new URL('../../../dist/cpu/engine/choice.js', import.meta.url);
  return existsSync(choice) ? undefined : 'this build has one engine, and that is it';
}

export const peers = [
  own('plain', 'tsvm-test', 'plain'),
  own('record', 'recording', 'record'),
  own('replay', 'replaying', 'replay'),
  { ...own('interpreter', 'interpreter', 'plain', 'interpreter'), absence: oneEngine },
  {
    ...{ name: 'v86', title: 'v86', absence: v86Absence },
    make: ({ guest }) => new NodePeer({ name: 'v86', script: 'v86-process.mjs', task: guest }),
  },
  qemu('qemu', 'plain'),
  qemu('qemu-record', 'record'),
  qemu('qemu-replay', 'replay'),
];

/** This project once more, under another Node. */
export const underNode = (path, version) => ({
  name: `node-${version}`,
  title: `tsvm-test on Node ${version}`,
  make: ({ guest, engine }) =>
    new NodePeer({
      ...{ name: `node-${version}`, script: 'own-process.mjs', node: path },
      task: { mode: 'plain', ...guest, engine },
    }),
  absence: () => undefined,
});

/** What a replay needs is made before: the same run, recorded from beginning to end. */
export const recordingsBefore = {
  replay: ({ guest, scratch, engine }) =>
    new NodePeer({
      ...{ name: 'the recording to be replayed', script: 'own-process.mjs' },
      task: { mode: 'record', ...guest, trace: `${log(scratch, 'replay')}.trace`, engine },
    }),
  'qemu-replay': ({ guest, scratch }) =>
    new QemuPeer({ name: 'qemu-before', mode: 'record', ...guest, scratch, log: `${log(scratch, 'replay')}.rr` }),
};
