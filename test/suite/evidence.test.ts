import { expect, test } from 'vitest';
import type { Machine, MachineDescription, PowerOn } from '../../src/machine/machine.js';
import { createPlayer } from '../../src/replay/player.js';
import { recordAgain, runAgain } from '../../src/suite/evidence.js';
import { Session } from '../../src/suite/session.js';
import { guestSeconds } from '../../src/suite/time.js';
import type { Vm } from '../../src/suite/vm.js';
import { brotli } from '../../src/host/compression.js';
import { readTrace } from '../../src/trace/reader.js';
import { createToy, toyDescription } from '../replay/toy-machine.js';
import { memorySink } from '../trace/samples.js';

const powerOn: PowerOn = { date: 5, seed: 6 };

function sessionOf(
  make: (description: MachineDescription, powerOn: PowerOn) => Machine,
  start?: (vm: Vm) => Promise<void>,
) {
  const factory = (description: MachineDescription, _images: unknown, facts: PowerOn): Machine =>
    make(description, facts);
  return new Session({ description: toyDescription, images: new Map() }, powerOn, factory, start);
}

async function started(session: Session): Promise<Vm> {
  let vm: Vm | undefined;
  await session.start((each) => (vm = each));
  return vm!;
}

test('the trace of a guest replays to the state it was in', async () => {
  const session = sessionOf(createToy, (vm) => vm.type('a'));
  const vm = await started(session);
  await vm.type('bb');
  vm.send('serial', 0);
  await vm.wait(guestSeconds(0.3));
  const sink = memorySink();
  recordAgain(session, vm, 'a title', sink);
  const trace = readTrace(sink.bytes(), { compressions: [brotli] });
  expect(trace.header.title).toBe('a title');
  const player = createPlayer(trace, createToy);
  player.advance(trace.endsAt);
  expect(player.machine.digest().sha256).toBe(vm.digest().sha256);
  expect(player.verified).toBeGreaterThan(1);
});

test('a guest that halted for good leaves a trace that ends where it was', async () => {
  const session = sessionOf(createToy);
  const vm = await started(session);
  await vm.type('h');
  await vm.wait(guestSeconds(2));
  const sink = memorySink();
  recordAgain(session, vm, '', sink);
  expect(readTrace(sink.bytes(), { compressions: [brotli] }).endsAt).toBe(vm.cycle);
});

test('the start runs once, and every test gets a machine of its own', async () => {
  let starts = 0;
  const session = sessionOf(createToy, async (vm) => {
    starts++;
    await vm.type('a');
  });
  const first = await started(session);
  const before = first.digest().sha256;
  await first.type('b');
  const second = await started(session);
  expect(second.digest().sha256).toBe(before);
  expect(starts).toBe(1);
});

test('a run that does not repeat is noticed, with the part that differs', async () => {
  let machines = 0;
  const session = sessionOf((description, facts) =>
    createToy(description, facts, { faultAt: machines++ === 0 ? 50 : -1 }),
  );
  const vm = await started(session);
  await vm.wait(guestSeconds(0.1));
  expect(runAgain(session, vm)).toMatchObject({ cycle: 10_000, parts: ['memory'] });
  expect(() => recordAgain(session, vm, '', memorySink())).toThrow('equal inputs give an equal run');
});

test('a run that repeats has no difference', async () => {
  const session = sessionOf(createToy);
  const vm = await started(session);
  await vm.type('ab');
  expect(runAgain(session, vm)).toBeNull();
});
