import { describe, expect, test } from 'vitest';
import { UserError } from '../../../src/base/errors.js';
import { JsonStream } from '../../../src/debug/qtest/json-stream.js';
import { Plugging } from '../../../src/debug/qtest/plugging.js';
import { type QmpMachine, QmpSession } from '../../../src/debug/qtest/qmp.js';
import type { MachineDescription } from '../../../src/machine/machine.js';

function session() {
  const sent: Record<string, unknown>[] = [];
  const done: string[] = [];
  const machine: QmpMachine = {
    reset: () => void done.push('reset'),
    interrupt: () => void done.push('interrupt'),
    setRunning: (running) => void done.push(running ? 'runs' : 'stands'),
    insert(drive, path) {
      if (path === 'missing') throw new UserError('no such file');
      done.push(`${drive} takes ${path}`);
    },
    checkImage(path) {
      if (path === 'missing') throw new UserError('no such file');
    },
    eject: (drive) => void done.push(`${drive} is empty`),
    resize: (drive, bytes) => void done.push(`${drive} has ${bytes} bytes`),
    drive: (name) => (name === 'floppy0' ? 'floppyA' : undefined),
    hold: (tag) => void done.push(`${tag} is held`),
    release: (tag) => void done.push(`${tag} goes on`),
    announce: (name, { rounds, step }) => void done.push(`${name}: ${rounds} rounds, ${step} ms more each`),
    plugging: new Plugging(
      {
        description: () => ({ media: {} }) as MachineDescription,
        input: ({ kind }) => void done.push(kind),
        mediumOf: () => ({ sha256: '', size: 512, writable: true }),
        deleted: () => {},
      },
      { ids: new Map([['disk', 'virtio0']]), backends: new Map(), uses: new Map() },
    ),
    quit: () => void done.push('quit'),
    microseconds: () => 2_000_003,
  };
  const qmp = new QmpSession(machine, (text) => void sent.push(JSON.parse(text) as Record<string, unknown>));
  const ask = (execute: string, words?: object): Record<string, unknown>[] => {
    sent.length = 0;
    qmp.take(JSON.stringify({ execute, ...(words === undefined ? {} : { arguments: words }) }));
    return [...sent];
  };
  return { qmp, sent, done, ask };
}

describe('a QMP session', () => {
  test('greets, and takes its capabilities', () => {
    const { sent, ask } = session();
    expect(sent[0]).toHaveProperty('QMP.version.qemu.major');
    expect(ask('qmp_capabilities')).toEqual([{ return: {} }]);
  });

  test('resizes the image in a drive, to whole sectors', () => {
    const { ask, done } = session();
    expect(ask('block_resize', { device: 'floppy0', size: 1024 })).toEqual([{ return: {} }]);
    for (const size of [0, 100, -512, 2 ** 40, 'much'])
      expect(ask('block_resize', { device: 'floppy0', size })[0]).toHaveProperty('error.class', 'GenericError');
    expect(done).toEqual(['floppyA has 1024 bytes']);
  });

  test('resets with an event', () => {
    const { ask, done } = session();
    const [event, answer] = ask('system_reset');
    expect(event).toMatchObject({ event: 'RESET', timestamp: { seconds: 2, microseconds: 3 } });
    expect(answer).toEqual({ return: {} });
    expect(done).toEqual(['reset']);
  });

  test('does what is to be done at a watchdog, and tells', () => {
    const outcomes = (['reset', 'pause', 'none', 'inject-nmi', 'shutdown'] as const).map((action) => {
      const { qmp, sent, done } = session();
      sent.length = 0;
      qmp.watchdog({ action, reboots: true });
      expect(sent[0]).toMatchObject({ event: 'WATCHDOG', data: { action } });
      return [...done, ...sent.slice(1).map(({ event }) => event)];
    });
    expect(outcomes).toEqual([['reset', 'RESET'], ['stands', 'STOP'], [], ['interrupt'], ['SHUTDOWN']]);
    const { qmp, sent, done } = session();
    qmp.watchdog({ action: 'reset', reboots: false });
    expect([done, sent.at(-1)?.event]).toEqual([[], 'SHUTDOWN']);
  });

  test('holds requests of a drive back, and lets go of them', () => {
    const { ask, done } = session();
    const say = (line: string) => ask('human-monitor-command', { 'command-line': line })[0];
    expect(say('qemu-io floppy0 "break flush_to_os A"')).toEqual({ return: '' });
    expect(say('qemu-io floppy0 "resume A"')).toEqual({ return: '' });
    expect(say('qemu-io floppy0 "break l1_update A"')).toHaveProperty('error.class', 'GenericError');
    expect(say('qemu-io nothing "resume A"')).toHaveProperty('error.class', 'DeviceNotFound');
    expect(done).toEqual(['A is held', 'A goes on']);
  });

  test('announces the machine in rounds', () => {
    const { ask, done } = session();
    const rounds = { initial: 20, max: 100, rounds: 3, step: 10 };
    expect(ask('announce-self', { ...rounds, id: 'bob' })).toEqual([{ return: {} }]);
    expect(ask('announce-self', { ...rounds, step: -1 })[0]).toHaveProperty('error.class', 'GenericError');
    expect(done).toEqual(['bob: 3 rounds, 10 ms more each']);
  });

  test('stops at an error of a drive that asks for it', () => {
    const { qmp, sent } = session();
    sent.length = 0;
    qmp.stopAtError('disk0', 'flush');
    expect(sent).toMatchObject([
      { event: 'BLOCK_IO_ERROR', data: { device: 'disk0', operation: 'write', action: 'stop' } },
      { event: 'STOP' },
    ]);
  });

  test('stops and goes on', () => {
    const { ask } = session();
    expect(ask('stop')[0]).toMatchObject({ event: 'STOP' });
    expect(ask('query-status')).toMatchObject([{ return: { status: 'paused', running: false } }]);
    expect(ask('cont')[0]).toMatchObject({ event: 'RESUME' });
  });

  test('plugs devices in, asks for their going, and tells when they are gone', () => {
    const { qmp, ask, done, sent } = session();
    expect(ask('device_add', { driver: 'e1000', id: 'net' })).toEqual([{ return: {} }]);
    expect(ask('device_del', { id: 'disk' })).toEqual([{ return: {} }]);
    expect(done).toEqual(['plugNetworkCard', 'unplug']);
    expect(ask('device_del', { id: 'nothing' })).toMatchObject([{ error: { class: 'DeviceNotFound' } }]);
    expect(ask('device_add', { driver: 'nothing' })).toMatchObject([{ error: { class: 'GenericError' } }]);
    sent.length = 0;
    qmp.deviceDeleted('disk');
    expect(sent).toMatchObject([{ event: 'DEVICE_DELETED', data: { device: 'disk' } }]);
  });

  test('knows drives and nodes by their names', () => {
    const { ask } = session();
    ask('blockdev-add', { driver: 'raw', 'node-name': 'empty', file: { driver: 'null-co' } });
    expect(ask('human-monitor-command', { 'command-line': 'drive_add 0 if=none,id=drive0' })).toEqual([
      { return: 'OK\r\n' },
    ]);
    expect(ask('query-block')).toMatchObject([{ return: [{ device: 'drive0' }] }]);
    expect(ask('query-named-block-nodes')).toMatchObject([{ return: [{ 'node-name': 'empty' }] }]);
    expect(ask('human-monitor-command', { 'command-line': 'drive_del drive0' })).toEqual([{ return: '' }]);
    expect(ask('query-block')).toEqual([{ return: [] }]);
  });

  test('changes media', () => {
    const { ask, done } = session();
    ask('blockdev-change-medium', { id: 'floppy0', filename: 'a.img', format: 'raw' });
    ask('eject', { id: 'floppy0' });
    expect(done).toEqual(['floppyA takes a.img', 'floppyA is empty']);
    expect(ask('eject', { id: 'tape0' })).toMatchObject([{ error: { class: 'DeviceNotFound' } }]);
    expect(ask('blockdev-change-medium', { id: 'floppy0', filename: 'missing' })).toMatchObject([
      { error: { class: 'GenericError' } },
    ]);
  });

  test('adds nodes, which drives take unless they lie over another', () => {
    const { ask, done } = session();
    const add = (name: string, filename: string, more: object = {}) =>
      ask('blockdev-add', { driver: 'qcow2', 'node-name': name, file: { driver: 'file', filename }, ...more })[0];
    expect(add('one', 'a.img')).toEqual({ return: {} });
    expect(add('over', 'b.img', { backing: 'one' })).toEqual({ return: {} });
    for (const wrong of [
      add('one', 'c.img'),
      add('floppy0', 'c.img'),
      add('two', 'missing'),
      add('three', 'c.img', { backing: 'nothing' }),
    ])
      expect(wrong).toHaveProperty('error.class', 'GenericError');
    ask('blockdev-insert-medium', { id: 'floppy0', 'node-name': 'one' });
    expect(done).toEqual(['floppyA takes a.img']);
    for (const name of ['over', 'two'])
      expect(ask('blockdev-insert-medium', { id: 'floppy0', 'node-name': name })[0]).toHaveProperty('error');
    expect(ask('blockdev-del', { 'node-name': 'over' })).toEqual([{ return: {} }]);
    expect(ask('blockdev-del', { 'node-name': 'over' })[0]).toHaveProperty('error');
  });

  test('answers an unknown command, and a broken one, with an error', () => {
    const { qmp, sent, ask } = session();
    expect(ask('frobnicate')).toMatchObject([{ error: { class: 'CommandNotFound' } }]);
    expect(ask('toString')).toMatchObject([{ error: { class: 'CommandNotFound' } }]);
    sent.length = 0;
    qmp.take('{"execute": }');
    expect(sent).toMatchObject([{ error: { class: 'GenericError' } }]);
  });

  test('repeats the identification of a request, and quits', () => {
    const { qmp, sent, done } = session();
    sent.length = 0;
    qmp.take('{"execute": "quit", "id": 7}');
    expect(sent.at(-1)).toEqual({ return: {}, id: 7 });
    expect(done).toEqual(['quit']);
  });
});

test('objects come out of a stream wherever it is cut', () => {
  const text = ' {"a": {"b": "}\\"{"}} \r\n{"c": 1}{"d": "é"}';
  for (let cut = 1; cut < text.length; cut++) {
    const stream = new JsonStream();
    const found = [...stream.take(text.slice(0, cut)), ...stream.take(text.slice(cut))];
    expect(found.map((each) => JSON.parse(each) as unknown)).toEqual([{ a: { b: '}"{' } }, { c: 1 }, { d: 'é' }]);
  }
});
