/**
 * Inputs as the machine takes them and as a trace keeps them. The two are told apart because a trace's shapes are frozen
 * while the machine's may grow; the machine's description and a trace's are equal today, which the compiler checks.
 */
import { assert } from '../base/assert.js';
import { type Cycle, hex } from '../base/integers.js';
import type { InputEvent, PlugEvent } from '../machine/machine.js';
import type { TraceEvent } from '../trace/model.js';

/** Bytes on a serial line or a console beyond this many are kept as several events. */
const bytesMax = 4096;

/** An input at its cycle as a trace keeps it. */
export function recorded(input: InputEvent, at: Cycle): TraceEvent {
  switch (input.kind) {
    case 'key':
      return { kind: 'key', at, key: input.key, pressed: input.pressed };
    case 'serial':
      assert(input.data.length <= bytesMax, 'serial input is split before it is recorded');
      return { kind: 'serial', at, port: input.port as 0 | 1 | 2 | 3, data: new Uint8Array(input.data) };
    case 'media':
      if (input.medium === undefined) return { kind: 'eject', at, drive: input.drive };
      return { kind: 'insert', at, drive: input.drive, ...input.medium };
    case 'plugDisk':
    case 'plugNetworkCard':
    case 'plugDevice':
      return recordedPlug(input, at);
    case 'unplug':
    case 'plugConsolePort':
    case 'unplugConsolePort':
    case 'mouse':
    case 'console':
    case 'consolePort':
    case 'packet':
      return { ...input, at };
    default:
      return { kind: input.kind, at };
  }
}

function recordedPlug(input: PlugEvent, at: Cycle): TraceEvent {
  const { slot = 0 } = input;
  switch (input.kind) {
    case 'plugDisk': {
      const { sha256, size, writable } = input.medium;
      return { kind: 'plugDisk', at, drive: input.drive, sha256, size, writable, slot };
    }
    case 'plugNetworkCard': {
      const mac = Uint8Array.from(input.mac?.split(':') ?? [], (byte) => parseInt(byte, 16));
      return { kind: 'plugNetworkCard', at, card: input.card, network: input.network, mac, slot };
    }
    default:
      return { kind: 'plugDevice', at, device: input.device, slot };
  }
}

type PlugKind = PlugEvent['kind'];

function replayedPlug(event: Extract<TraceEvent, { kind: PlugKind }>): PlugEvent {
  const where = event.slot === 0 ? {} : { slot: event.slot };
  switch (event.kind) {
    case 'plugDisk': {
      const { drive, sha256, size, writable } = event;
      return { kind: 'plugDisk', drive, medium: { sha256, size, writable }, ...where };
    }
    case 'plugNetworkCard': {
      const { card, network } = event;
      const mac = [...event.mac].map((byte) => hex(byte, 2)).join(':');
      return { kind: 'plugNetworkCard', card, network, ...(mac === '' ? {} : { mac }), ...where };
    }
    default:
      return { kind: 'plugDevice', device: event.device, ...where };
  }
}

/** A recorded event as the machine takes it. */
export function replayed(event: TraceEvent): InputEvent {
  switch (event.kind) {
    case 'key':
      return { kind: 'key', key: event.key, pressed: event.pressed };
    case 'serial':
      return { kind: 'serial', port: event.port, data: event.data };
    case 'insert': {
      const { drive, sha256, size, writable } = event;
      return { kind: 'media', drive, medium: { sha256, size, writable } };
    }
    case 'eject':
      return { kind: 'media', drive: event.drive };
    case 'plugDisk':
    case 'plugNetworkCard':
    case 'plugDevice':
      return replayedPlug(event);
    case 'unplug':
      return { kind: 'unplug', card: event.card };
    case 'plugConsolePort':
      return { kind: 'plugConsolePort', name: event.name };
    case 'unplugConsolePort':
      return { kind: 'unplugConsolePort', port: event.port };
    case 'mouse': {
      const { dx, dy, wheel, buttons } = event;
      return { kind: 'mouse', dx, dy, wheel, buttons };
    }
    case 'packet':
      return { kind: 'packet', card: event.card, frame: event.frame };
    case 'console':
      return { kind: 'console', data: event.data };
    case 'consolePort':
      return { kind: 'consolePort', port: event.port, data: event.data };
    default:
      return { kind: event.kind };
  }
}

/** An input in pieces that a trace can keep; nothing for input of no bytes. */
export function pieces(input: InputEvent): InputEvent[] {
  if (input.kind !== 'serial' && input.kind !== 'console' && input.kind !== 'consolePort') return [input];
  const count = Math.ceil(input.data.length / bytesMax);
  return Array.from({ length: count }, (_, piece) => ({
    ...input,
    data: input.data.slice(piece * bytesMax, (piece + 1) * bytesMax),
  }));
}

const slotName = (slot: number): string => (slot === 0 ? 'the first free slot' : `slot ${slot}`);

/** Events that are their kind and nothing else, in print. */
const plainKinds = {
  reset: 'reset',
  powerCut: 'power cut',
  powerButton: 'power button',
  sleepButton: 'sleep button',
  nonMaskableInterrupt: 'non-maskable interrupt',
} as const;

/** An event in one line of a report. */
export function describeEvent(event: TraceEvent): string {
  const at = `cycle ${event.at}:`;
  switch (event.kind) {
    case 'key':
      return `${at} key 0x${hex(event.key, 2)} ${event.pressed ? 'pressed' : 'released'}`;
    case 'serial':
      return `${at} ${event.data.length} bytes on serial port ${event.port}: ${JSON.stringify(latin1(event.data.subarray(0, 40)))}`;
    case 'insert':
      return `${at} medium ${event.sha256.slice(0, 12)} put into ${event.drive}`;
    case 'eject':
      return `${at} medium taken out of ${event.drive}`;
    case 'plugDisk':
      return `${at} disk ${event.drive} with medium ${event.sha256.slice(0, 12)} plugged into ${slotName(event.slot)}`;
    case 'plugNetworkCard':
      return `${at} network card ${event.card} plugged into ${slotName(event.slot)}`;
    case 'plugDevice':
      return `${at} ${event.device} plugged into ${slotName(event.slot)}`;
    case 'unplug':
      return `${at} the guest is asked to let go of ${event.card}`;
    case 'plugConsolePort':
      return `${at} the console gets a port called ${JSON.stringify(event.name)}`;
    case 'unplugConsolePort':
      return `${at} the console loses port ${event.port}`;
    case 'mouse':
      return `${at} mouse moved by ${event.dx}, ${event.dy}, wheel ${event.wheel}, buttons ${event.buttons}`;
    case 'packet':
      return `${at} a frame of ${event.frame.length} bytes for network card ${event.card}`;
    case 'consolePort':
      return `${at} ${event.data.length} bytes on the console's port ${event.port}: ${JSON.stringify(latin1(event.data.subarray(0, 40)))}`;
    case 'console':
      return `${at} ${event.data.length} bytes on the console: ${JSON.stringify(latin1(event.data.subarray(0, 40)))}`;
    default:
      return `${at} ${plainKinds[event.kind]}`;
  }
}

/** Whether two events are the same thing at the same cycle. */
export function sameEvent(left: TraceEvent | undefined, right: TraceEvent | undefined): boolean {
  const plain = (event: TraceEvent | undefined): string | undefined =>
    JSON.stringify(event, (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value));
  return plain(left) === plain(right);
}

/** Bytes as text, one character a byte. */
function latin1(bytes: Iterable<number>): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
