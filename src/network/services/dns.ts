/** A name server for a fixed table (RFC 1035): addresses of names, and names of addresses. */
import { fromLatin1, joined, latin1, read16, write16, write32 } from '../bytes.js';
import { parseAddress } from '../ipv4.js';

export const dnsPort = 53;
const headerBytes = 12;
const queryType = { address: 1, pointer: 12, any: 255 } as const;
const internet = 1;
const flagBit = {
  response: 0x8000,
  authoritative: 0x0400,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
} as const;
const code = { none: 0, format: 1, failure: 2, noName: 3, notImplemented: 4 } as const;
const secondsToLive = 60;
const reverseZone = '.in-addr.arpa';

export interface DnsQuestion {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  /** The question's bytes, to be repeated in the answer. */
  readonly bytes: Uint8Array;
  readonly recursionDesired: boolean;
}

/** The one question of a query; undefined when it is none that can be read. */
export function parseQuestion(data: Uint8Array): DnsQuestion | undefined {
  if (data.length < headerBytes || read16(data, 2) & flagBit.response || read16(data, 4) !== 1) return undefined;
  const labels: string[] = [];
  let at = headerBytes;
  for (;;) {
    const length = data[at];
    if (length === undefined || length > 63 || at - headerBytes > 255) return undefined; // Nothing to compress here.
    at += 1;
    if (length === 0) break;
    labels.push(fromLatin1(data.subarray(at, at + length)));
    at += length;
  }
  if (at + 4 > data.length) return undefined;
  return {
    id: read16(data, 0),
    name: labels.join('.').toLowerCase(),
    type: read16(data, at),
    bytes: data.slice(headerBytes, at + 4),
    recursionDesired: (read16(data, 2) & flagBit.recursionDesired) !== 0,
  };
}

/** A resource record that repeats the question's name. */
function record(type: number, data: Uint8Array): Uint8Array {
  const head = new Uint8Array(12);
  write16(head, 0, 0xc000 | headerBytes); // The name: where the question has it (4.1.4).
  write16(head, 2, type);
  write16(head, 4, internet);
  write32(head, 6, secondsToLive);
  write16(head, 10, data.length);
  return joined(head, data);
}

function encodeName(name: string): Uint8Array {
  const labels = name.split('.').map((label) => joined(Uint8Array.of(label.length), latin1(label)));
  return joined(...labels, Uint8Array.of(0));
}

function respond(question: DnsQuestion, responseCode: number, records: readonly Uint8Array[]): Uint8Array {
  const header = new Uint8Array(headerBytes);
  const flags =
    flagBit.response |
    flagBit.authoritative |
    flagBit.recursionAvailable |
    (question.recursionDesired ? flagBit.recursionDesired : 0);
  write16(header, 0, question.id);
  write16(header, 2, flags | responseCode);
  write16(header, 4, 1);
  write16(header, 6, records.length);
  return joined(header, question.bytes, ...records);
}

/** The answer with these addresses; undefined addresses say that there is no such name. */
export function answerAddresses(question: DnsQuestion, found: readonly number[] | undefined): Uint8Array {
  if (found === undefined) return respond(question, code.noName, []);
  const wanted = question.type === queryType.address || question.type === queryType.any;
  const records = (wanted ? found : []).map((address) => {
    const data = new Uint8Array(4);
    write32(data, 0, address);
    return record(queryType.address, data);
  });
  return respond(question, code.none, records);
}

/** Whether an answer needs only the addresses of a name: such a question can be asked elsewhere. */
export const asksForAddress = ({ type }: DnsQuestion): boolean => type === queryType.address;

/** Answers from the table; undefined when it does not have the name. */
export function answerFromTable(question: DnsQuestion, names: ReadonlyMap<string, number>): Uint8Array | undefined {
  const address = names.get(question.name);
  if (address !== undefined) return answerAddresses(question, [address]);
  if (question.type !== queryType.pointer || !question.name.endsWith(reverseZone)) return undefined;
  const reversed = question.name.slice(0, -reverseZone.length).split('.').reverse().join('.');
  const target = parseAddress(reversed);
  const name = [...names].find(([, each]) => each === target)?.[0];
  if (target === undefined || name === undefined) return undefined;
  return respond(question, code.none, [record(queryType.pointer, encodeName(name))]);
}

/** The table with the network's own names, and those that the plan adds. */
export function nameTable(
  own: Readonly<Record<string, number>>,
  added: readonly { readonly name: string; readonly address: string }[],
): Map<string, number> {
  const table = new Map(Object.entries(own));
  for (const { name, address } of added) table.set(name.toLowerCase(), parseAddress(address)!);
  return table;
}
