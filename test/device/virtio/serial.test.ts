import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { virtioSerial, virtioSerialIdentity } from '../../../src/device/virtio/serial.js';
import { testMemory } from '../memory.js';
import { type DriverQueue, start } from './driver.js';

const multiplePorts = 2;
const event = { ready: 0, add: 1, remove: 2, portReady: 3, console: 4, open: 6, name: 7 } as const;
const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const bytes = (letters: string): Uint8Array => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));

/** A device with the console and ports by these names, and a driver of it. */
function bench(names: (string | undefined)[] = ['org.agent'], features = multiplePorts) {
  const memory = testMemory(1 << 20);
  const sent: string[] = [];
  const device = createDevice(virtioSerial, {
    lines: { interrupt: () => {} },
    board: { memory, names: () => names, transmit: (port, data) => void sent.push(`${port}: ${text(data)}`) },
  });
  const queues = start(memory, device.operations, 6, features);
  const notify = (queue: number): void => device.operations.writeRegister(0x10, queue, 2);
  let next = 0x80000;
  const place = (queue: DriverQueue, length: number, writable: boolean): number => {
    const address = next;
    next += Math.ceil(length / 16) * 16;
    queue.add(queue.write([{ address, bytes: length, writable }]));
    return address;
  };
  const write = (queue: number, data: Uint8Array): void => {
    memory.data.set(data, place(queues[queue]!, data.length, false));
    notify(queue);
  };
  const addresses = new Map<number, number[]>();
  const offer = (queue: number, count = 1): void => {
    const list = addresses.get(queue) ?? [];
    for (let each = 0; each < count; each++) list.push(place(queues[queue]!, 64, true));
    addresses.set(queue, list);
    notify(queue);
  };
  /** What has come in buffers of a queue since it was asked last. */
  const taken = (queue: number): Uint8Array[] =>
    queues[queue]!.takeUsed().map(({ written }) => {
      const at = addresses.get(queue)!.shift()!;
      return memory.data.slice(at, at + written);
    });
  /** Control messages as port, event, value, and what follows. */
  const messages = () =>
    taken(2).map((message) => {
      const view = new DataView(message.buffer);
      const rest = text(message.subarray(8));
      return [view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true), ...(rest ? [rest] : [])];
    });
  const say = (port: number, what: number, value = 1): void => {
    const message = new DataView(new ArrayBuffer(8));
    message.setUint32(0, port, true);
    message.setUint16(4, what, true);
    message.setUint16(6, value, true);
    write(3, new Uint8Array(message.buffer));
  };
  return { device, sent, names, write, offer, taken, messages, say };
}

describe('a console device of several ports', () => {
  test('adds its ports for a driver that is ready, names them, and says that their other ends are open', () => {
    const { offer, say, messages } = bench(['org.agent', undefined, '']);
    offer(2, 16);
    expect(messages()).toEqual([]);
    say(0xffff_ffff, event.ready);
    expect(messages()).toEqual([0, 1, 3].map((port) => [port, event.add, 1]));
    for (const port of [0, 1, 2, 3]) say(port, event.portReady);
    expect(messages()).toEqual([
      [0, event.console, 1],
      [0, event.open, 1],
      [1, event.name, 1, 'org.agent'],
      [1, event.open, 1],
      [3, event.open, 1],
    ]);
  });
  test('keeps its messages until the driver has buffers for them', () => {
    const { offer, say, messages } = bench();
    say(0, event.ready);
    offer(2);
    expect(messages()).toEqual([[0, event.add, 1]]);
    offer(2);
    expect(messages()).toEqual([[1, event.add, 1]]);
  });
  test('moves bytes of each port over queues of its own, once the driver has set it up', () => {
    const { device, sent, write, offer, taken, say } = bench();
    write(1, bytes('early'));
    write(5, bytes('hello'));
    device.operations.receive(1, bytes('typed'));
    offer(4);
    expect([sent, taken(4)]).toEqual([['0: early'], []]);
    say(0, event.ready);
    say(1, event.portReady);
    write(5, bytes(' again'));
    offer(4);
    expect(sent).toEqual(['0: early', '1: hello', '1:  again']);
    expect(taken(4)).toEqual([]); // Nobody of the guest's has it open.
    say(1, event.open);
    expect(taken(4).map(text)).toEqual(['typed']);
    expect([device.operations.room(1), device.operations.room(2), device.operations.room(9)]).toEqual([4096, 0, 0]);
  });
  test('is a console alone for a driver that knows of no ports', () => {
    const { device, sent, write, offer, taken } = bench(['org.agent'], 0);
    write(1, bytes('hello'));
    write(5, bytes('lost'));
    device.operations.receive(0, bytes('typed'));
    offer(0);
    expect([sent, taken(0).map(text)]).toEqual([['0: hello'], ['typed']]);
  });
  test('tells the driver of a port that comes and of one that goes, and forgets what was on its way', () => {
    const { device, names, offer, say, messages } = bench();
    offer(2, 16);
    say(0, event.ready);
    messages();
    names[1] = 'org.other';
    device.operations.portsChanged();
    expect(messages()).toEqual([[2, event.add, 1]]);
    device.operations.receive(1, bytes('lost'));
    names[0] = undefined;
    device.operations.portsChanged();
    expect(messages()).toEqual([[1, event.remove, 1]]);
    names[0] = 'org.agent';
    expect(device.operations.room(1)).toBe(4096);
  });
  test('adds its ports anew after a reset, and keeps what was sent to them', () => {
    const { device, offer, say, messages } = bench();
    offer(2, 16);
    say(0, event.ready);
    device.operations.receive(1, bytes('typed'));
    const other = bench();
    other.device.load(device.save());
    expect(other.device.diff(device.save())).toEqual([]);
    expect(messages()).toHaveLength(2);
    device.operations.writeRegister(0x12, 0, 1);
    expect(device.state.own.ports[1]).toMatchObject({ added: false, ready: false });
    expect(device.operations.room(1)).toBe(4091);
  });
  test('says how many ports it may have, and has a message for each queue', () => {
    expect(bench().device.operations.readRegister(0x18, 4)).toBe(8);
    expect(virtioSerialIdentity).toMatchObject({ device: 0x1003, subsystem: 3, messages: { vectors: 19 } });
  });
});
