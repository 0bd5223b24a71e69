/**
 * Runs the workloads on every peer in turn: one workload on all of them, then the next, so that what else the computer does
 * falls on all alike. A peer that fails is left out from there on, and the report says so.
 */
import { commandLine } from './guest.mjs';
import { recordingsBefore } from '../peers/all.mjs';

/** Times as `times[workload][peer]`: a list of measurements; what went wrong by peer; and figures of the recordings. */
export async function measureWorkloads({ chosen, names, rounds, last, files, scratch, engine, say }) {
  const guest = { ...files, commandLine: commandLine({ names, rounds, last }) };
  const context = { guest, scratch, engine };
  const failures = {};
  const recordings = {};
  const times = {};
  const keep = (peer, measured) => ((times[measured.name] ??= {})[peer] ??= []).push(measured);
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

  const running = chosen.map((each) => ({ name: each.name, peer: each.make(context) }));
  const oneWorkload = (each) =>
    attempt(each, async (peer) => {
      const measured = await peer.next();
      if (measured === undefined) throw new Error('the guest ended too early');
      keep(each.name, measured);
    });
  const boot = (each) =>
    attempt(each, async (peer) => {
      await peer.start();
      await oneWorkload(each);
      say(`booted: ${each.name}`);
    });
  const bootIsMeasured = names.includes('boot');
  say(bootIsMeasured ? 'booting one after another' : 'booting');
  if (bootIsMeasured) for (const each of running) await boot(each);
  else await inPairs(running, boot);
  for (let round = 0; round < rounds; round++) {
    if (round > 0 && bootIsMeasured) await bootAgain(chosen, context, attempt, keep);
    for (const name of names.filter((each) => each !== 'boot')) {
      for (const each of running) await oneWorkload(each);
      say(`round ${round + 1} of ${rounds}: ${name}`);
    }
  }
  return { running, attempt, oneWorkload, times, failures, recordings };
}

/** Boots fresh machines once more and throws them away. */
async function bootAgain(chosen, context, attempt, keep) {
  for (const each of chosen) {
    const peer = each.make({ ...context, again: true });
    await attempt({ name: each.name, peer }, async () => {
      await peer.start();
      keep(each.name, await peer.next());
    });
    await peer.stop();
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
