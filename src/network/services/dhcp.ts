/** A DHCP server (RFC 2131, RFC 2132) with BOOTP (RFC 951) for one subnet; each hardware address keeps its lease for ever. */
import { joined, latin1, read16, read32, write32 } from '../bytes.js';
import { bytes, list, type StateOf, struct, u32 } from '../../state/schema.js';
import { macKey } from '../ethernet.js';
import { addresses } from '../plan.js';

export const dhcpPort = { server: 67, client: 68 } as const;

const leasesMost = 200;
export const leaseState = list(leasesMost, struct({ mac: bytes(6), address: u32() }));
export type Leases = StateOf<typeof leaseState>;

const fixedBytes = 236;
const fileBytes = 128;
const bootpBytesLeast = 300;
const cookie = Uint8Array.of(99, 130, 83, 99);
const bootRequest = 1;
const bootReply = 2;
const broadcastFlag = 0x8000;
const leaseSeconds = 86400;
const domain = 'tsvm.test';

const option = {
  mask: 1,
  router: 3,
  nameServer: 6,
  domain: 15,
  broadcast: 28,
  requested: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  server: 54,
  renewal: 58,
  rebinding: 59,
  bootServer: 66,
  bootFile: 67,
  end: 255,
} as const;

const message = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  acknowledge: 5,
  refuse: 6,
  release: 7,
  inform: 8,
} as const;

interface DhcpRequest {
  readonly fixed: Uint8Array;
  readonly mac: Uint8Array;
  readonly clientAddress: number;
  readonly broadcast: boolean;
  readonly options: ReadonlyMap<number, Uint8Array>;
}

function parseOptions(data: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (let at = 0; at < data.length && data[at] !== option.end;) {
    const kind = data[at]!;
    const length = kind === 0 ? 0 : (data[at + 1] ?? 0);
    if (kind !== 0 && at + 2 + length <= data.length) found.set(kind, data.slice(at + 2, at + 2 + length));
    at += kind === 0 ? 1 : 2 + length;
  }
  return found;
}

function parseRequest(data: Uint8Array): DhcpRequest | undefined {
  const isEthernet = data[1] === 1 && data[2] === 6;
  if (data.length < fixedBytes || data[0] !== bootRequest || !isEthernet) return undefined;
  const hasOptions = cookie.every((byte, at) => data[fixedBytes + at] === byte);
  return {
    fixed: data.slice(0, fixedBytes),
    mac: data.slice(28, 34),
    clientAddress: read32(data, 12),
    broadcast: (read16(data, 10) & broadcastFlag) !== 0,
    options: hasOptions ? parseOptions(data.subarray(fixedBytes + cookie.length)) : new Map(),
  };
}

/** The address of a hardware address, given out now if it has none; undefined when all are taken. */
function leaseOf(leases: Leases, mac: Uint8Array): number | undefined {
  const key = macKey(mac);
  const known = leases.find((lease) => macKey(lease.mac) === key);
  if (known !== undefined) return known.address;
  if (leases.length >= leasesMost) return undefined;
  const address = addresses.firstGuest + leases.length;
  leases.push({ mac: mac.slice(), address });
  return address;
}

const word = (value: number): Uint8Array => {
  const data = new Uint8Array(4);
  write32(data, 0, value);
  return data;
};
const field = (kind: number, data: Uint8Array): Uint8Array => joined(Uint8Array.of(kind, data.length), data);

/** What every answer but a refusal tells of the network. */
function networkOptions(bootFile: string | undefined, leased: boolean): Uint8Array[] {
  return [
    field(option.mask, word(addresses.mask)),
    field(option.router, word(addresses.gateway)),
    field(option.nameServer, word(addresses.nameServer)),
    field(option.domain, latin1(domain)),
    field(option.broadcast, word(addresses.broadcast)),
    ...(leased
      ? [
          field(option.leaseTime, word(leaseSeconds)),
          field(option.renewal, word(leaseSeconds / 2)),
          field(option.rebinding, word((leaseSeconds * 7) / 8)),
        ]
      : []),
    ...(bootFile === undefined
      ? []
      : [field(option.bootServer, latin1('10.0.2.2')), field(option.bootFile, latin1(bootFile))]),
  ];
}

/** A datagram to a client. */
export interface DhcpAnswer {
  readonly data: Uint8Array;
  /** Where it goes: the client's own address, or everybody. */
  readonly address: number;
  readonly mac: Uint8Array | undefined;
}

function build(
  request: DhcpRequest,
  type: number | undefined,
  address: number,
  bootFile: string | undefined,
  options: readonly Uint8Array[],
): DhcpAnswer {
  const fixed = request.fixed.slice();
  fixed[0] = bootReply;
  fixed[3] = 0;
  write32(fixed, 16, address);
  write32(fixed, 20, type === message.refuse ? 0 : addresses.gateway);
  fixed.fill(0, 44, fixedBytes);
  if (bootFile !== undefined) fixed.set(latin1(bootFile).subarray(0, fileBytes - 1), 108);
  const head =
    type === undefined
      ? []
      : [field(option.messageType, Uint8Array.of(type)), field(option.server, word(addresses.gateway))];
  const body = joined(fixed, cookie, ...head, ...options, Uint8Array.of(option.end));
  const data = joined(body, new Uint8Array(Math.max(0, bootpBytesLeast - body.length)));
  const toAll = type === message.refuse || (request.clientAddress === 0 && request.broadcast);
  const target = request.clientAddress || address;
  return toAll ? { data, address: 0xffffffff, mac: undefined } : { data, address: target, mac: request.mac };
}

/** Answers a datagram to the server's port; undefined when it wants no answer. */
export function answerDhcp(leases: Leases, data: Uint8Array, bootFile: string | undefined): DhcpAnswer | undefined {
  const request = parseRequest(data);
  if (request === undefined) return undefined;
  const type = request.options.get(option.messageType)?.[0];
  const asked = request.options.get(option.server);
  if (asked?.length === 4 && read32(asked, 0) !== addresses.gateway) return undefined; // Another server was chosen.
  if (type === message.inform) return build(request, message.acknowledge, 0, bootFile, networkOptions(bootFile, false));
  if (type !== undefined && type !== message.discover && type !== message.request) return undefined;
  const address = leaseOf(leases, request.mac);
  if (address === undefined) return undefined;
  if (type === undefined) return build(request, undefined, address, bootFile, networkOptions(bootFile, false));
  if (type === message.discover)
    return build(request, message.offer, address, bootFile, networkOptions(bootFile, true));
  const wish = request.options.get(option.requested);
  const wanted = wish?.length === 4 ? read32(wish, 0) : request.clientAddress;
  if (wanted !== address) return build(request, message.refuse, 0, undefined, []);
  return build(request, message.acknowledge, address, bootFile, networkOptions(bootFile, true));
}
