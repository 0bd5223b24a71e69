/**
 * Runs the workloads on every peer in turn: one workload on all of them, then the next, so that what else the computer does
 * falls on all alike. Each round has machines of its own. A peer that fails is left out from there on, and the report says so.
 */
import { commandLine } from './guest.mjs';
import { recordingsBefore } from '../peers/all.mjs';

/**
 * Runs all rounds; the machines of the last one stand where their guests are to go on with `last`. `times[n][workload][peer]` lists what
 * was measured when a machine ran a workload for the n-th time, from 0, a measurement for each round; what comes behind the workloads counts as a first time.
 */
export async function measureWorkloads({ chosen, names, rounds, repeats, last, files, scratch, engine, say }) {
  const guest = { ...files, commandLine: commandLine({ names, repeats, last }) };
  const context = { guest, scratch, engine };
  const failures = {};
  const recordings = {};
  const times = Array.from({ length: repeats }, () => ({}));
  const attempt = async (running, work) => {
    if (failures[running.name] !== undefined) return undefined;
    try {
      return await work(running.peer);
    } catch (error) {
      failures[running.name] = error.message;
      say(`${running.name} is LEFT OUT from here: ${error.message}`);
      await running.peer.stop();
      return undefined;
    }
  };
  const oneWorkload = (each, time = 0) =>
    attempt(each, async (peer) => {
      const measured = await peer.next();
      if (measured === undefined) throw new Error('the guest ended too early');
      ((times[time][measured.name] ??= {})[each.name] ??= []).push(measured);
    });

  const needed = chosen.filter(({ name }) => recordingsBefore[name] !== undefined);
  if (needed.length > 0) say('recording what will be replayed');
  await inPairs(needed, async ({ name }) => {
    const peer = recordingsBefore[name](context);
    await attempt({ name, peer }, async () => {
      await peer.start();
      recordings[name] = await peer.all();
    });
    await peer.stop();
  });

  async function oneRound(round) {
    const isLast = round === rounds - 1;
    const running = chosen
      .filter(({ name }) => failures[name] === undefined)
      .map((each) => ({ name: each.name, peer: each.make({ ...context, takesSnapshots: isLast }) }));
    const boot = async (each) => {
      await attempt(each, (peer) => peer.start());
      await oneWorkload(each);
    };
    if (names.includes('boot')) for (const each of running) await boot(each);
    else await inPairs(running, boot);
    say(`round ${round + 1} of ${rounds}: booted`);
    for (let time = 0; time < repeats; time++) {
      for (const name of names.filter((each) => each !== 'boot')) {
        for (const each of running) await oneWorkload(each, time);
        say(`round ${round + 1} of ${rounds}: ${name}${time === 0 ? '' : `, time ${time + 1}`}`);
      }
    }
    return running;
  }

  for (let round = 0; round < rounds - 1; round++) {
    const running = await oneRound(round);
    await idleFor(running, last, oneWorkload);
    for (const { peer } of running) await peer.stop();
  }
  return { running: await oneRound(rounds - 1), attempt, oneWorkload, times, failures, recordings };
}

/** Whose idle guest waits on the clock: once is enough for these. */
export const waitingPeers = ['v86', 'qemu', 'qemu-record'];

/** What comes behind the workloads, up to the idle minute, on those whose time does not pass by the clock. */
async function idleFor(running, last, oneWorkload) {
  if (!last.includes('idle')) return;
  for (const each of running.filter(({ name }) => !waitingPeers.includes(name))) {
    for (let left = last.length; left > 0; left--) await oneWorkload(each);
  }
}

/** Two at a time: as many as there are processors on a small computer. */
async function inPairs(list, work) {
  const rest = [...list];
  const worker = async () => {
    for (let each = rest.shift(); each !== undefined; each = rest.shift()) await work(each);
  };
  await Promise.all([worker(), worker()]);
}
