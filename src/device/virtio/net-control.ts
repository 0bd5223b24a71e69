/** The control queue of a virtio network device (VIRTIO 1.2, section 5.1.6.5): receive modes and addresses. */
import { filterAddresses, type NetContext, type NetState } from './net.js';
import { type Chain, readSegments, segmentBytes, writeSegments } from './queue.js';
import { giveBack, takeChain } from './state.js';

const controlClass = { receive: 0, address: 1 } as const;
const addressCommand = { tableSet: 0, addressSet: 1 } as const;
/** Receive mode commands in the order of their numbers. */
const receiveModes = [
  'promiscuous',
  'allMulticast',
  'allUnicast',
  'noMulticast',
  'noUnicast',
  'noBroadcast',
] as const satisfies readonly (keyof NetState)[];
/** Class, command and at most two full tables of a size that somebody may mean seriously. */
const commandBytesMax = 16384;
const answer = { ok: 0, error: 1 } as const;
/** Commands answered for one notification: no more than the queue has entries. */
const commandsMax = 64;

/** One table of addresses at `at`; more than fit stand for all. Returns where it ends, or undefined when it is cut off. */
function readTable(data: Uint8Array, at: number, take: (count: number, addresses: Uint8Array) => void) {
  if (at + 4 > data.length) return undefined;
  const count = new DataView(data.buffer, data.byteOffset + at).getUint32(0, true);
  const end = at + 4 + 6 * count;
  if (end > data.length) return undefined;
  take(count, data.subarray(at + 4, end));
  return end;
}

function setTables(own: NetState, data: Uint8Array): boolean {
  const end = readTable(data, 0, () => {});
  if (end === undefined || readTable(data, end, () => {}) === undefined) return false;
  readTable(data, 0, (count, addresses) => {
    own.allUnicast = count > filterAddresses;
    own.unicastCount = own.allUnicast ? 0 : count;
    if (!own.allUnicast) own.unicast.set(addresses);
  });
  readTable(data, end, (count, addresses) => {
    own.allMulticast = count > filterAddresses;
    own.multicastCount = own.allMulticast ? 0 : count;
    if (!own.allMulticast) own.multicast.set(addresses);
  });
  return true;
}

/** Obeys one command; false when it is unknown or cut off. */
function obey(own: NetState, command: Uint8Array): boolean {
  const [group, code] = command;
  const data = command.subarray(2);
  if (group === controlClass.receive) {
    const mode = receiveModes[code ?? receiveModes.length];
    if (mode === undefined || data.length < 1) return false;
    own[mode] = data[0] !== 0;
    return true;
  }
  if (group !== controlClass.address) return false;
  if (code === addressCommand.tableSet) return setTables(own, data);
  if (code !== addressCommand.addressSet || data.length < 6) return false;
  own.mac.set(data.subarray(0, 6));
  return true;
}

function answerOne(context: NetContext, chain: Chain): number {
  const bytes = segmentBytes(chain.readable);
  const command = new Uint8Array(Math.min(bytes, commandBytesMax));
  readSegments(context.board.memory, chain.readable, 0, command);
  const done = bytes <= commandBytesMax && obey(context.state.own, command);
  return writeSegments(context.board.memory, chain.writable, 0, Uint8Array.of(done ? answer.ok : answer.error));
}

/** Answers the commands that wait in the control queue. */
export function answerControl(context: NetContext, queue: number): void {
  for (let count = 0; count < commandsMax; count++) {
    const chain = takeChain(context, queue);
    if (chain === undefined) return;
    giveBack(context, queue, { head: chain.head, written: answerOne(context, chain) });
  }
}
