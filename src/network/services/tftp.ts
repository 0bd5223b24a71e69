/** A TFTP server (RFC 1350) that gives files out, with the options blksize, tsize and timeout (RFC 2347 to 2349). */
import { byteString, bytes, count, list, type StateOf, struct, u16, u32, u8 } from '../../state/schema.js';
import { fromLatin1, joined, latin1, read16, write16 } from '../bytes.js';
import type { UdpDatagram } from '../ipv4.js';
import type { LoadedFile } from '../plan.js';

export const tftpPort = 69;
/** Each transfer has a port of its own, from here on. */
const firstPort = 49152;
const ports = 16384;
const transfersMost = 16;

const transfer = struct({
  localPort: u16(),
  localAddress: u32(),
  remoteAddress: u32(),
  remotePort: u16(),
  remoteMac: bytes(6),
  file: u32(),
  blockBytes: u16(512),
  /** The block that is on its way; 0 is the answer to the options. */
  block: u32(),
  retries: u8(),
  timeoutMicroseconds: u32(),
  resendAt: count(Infinity),
  /** What was agreed, as the client is told. */
  agreed: byteString(128),
});

export const tftpState = struct({ transfers: list(transfersMost, transfer), nextPort: u16() });
export type TftpState = StateOf<typeof tftpState>;
type Transfer = StateOf<typeof transfer>;

const operation = { read: 1, write: 2, data: 3, acknowledge: 4, error: 5, options: 6 } as const;
const errorCode = { notFound: 1, access: 2, illegal: 4, unknownTransfer: 5 } as const;
const blockBytesLeast = 8;
/** What fits into a packet that is not fragmented. */
const blockBytesMost = 1468;
const second = 1_000_000;
const retriesMost = 5;

export interface TftpPeer {
  readonly mac: Uint8Array;
  readonly address: number;
  readonly localAddress: number;
}

export type SendDatagram = (peer: TftpPeer, datagram: UdpDatagram) => void;

function packet(kind: number, number: number, data: Uint8Array): Uint8Array {
  const head = new Uint8Array(4);
  write16(head, 0, kind);
  write16(head, 2, number);
  return joined(head, data);
}

const failure = (code: number, text: string): Uint8Array => packet(operation.error, code, latin1(`${text}\0`));

/** The texts of a request, each ended by a zero. */
function texts(data: Uint8Array): string[] {
  return fromLatin1(data).split('\0').slice(0, -1);
}

/** Serves `files` by `state`. */
export class TftpServer {
  constructor(
    private readonly state: TftpState,
    private readonly files: readonly LoadedFile[],
    private readonly now: () => number,
    private readonly send: SendDatagram,
  ) {}

  /** A datagram to the well-known port. */
  request(peer: TftpPeer, { sourcePort, data }: UdpDatagram): void {
    const reply = (answer: Uint8Array): void =>
      this.send(peer, { sourcePort: tftpPort, destinationPort: sourcePort, data: answer });
    if (data.length < 4) return;
    const kind = read16(data, 0);
    if (kind === operation.write) return reply(failure(errorCode.access, 'this server only gives files out'));
    if (kind !== operation.read)
      return kind === operation.error ? undefined : reply(failure(errorCode.illegal, 'not a request'));
    const [name = '', mode = '', ...options] = texts(data.subarray(2));
    if (!/^(octet|netascii)$/i.test(mode)) return reply(failure(errorCode.illegal, 'no such mode'));
    const path = name.replaceAll('\\', '/').replace(/^\/+/, '');
    const file = this.files.findIndex((each) => each.path === path);
    if (file < 0) return reply(failure(errorCode.notFound, 'no such file'));
    this.begin(peer, sourcePort, file, options);
  }

  /** A datagram to a transfer's port; false when there is no such transfer. */
  receive(peer: TftpPeer, { sourcePort, destinationPort, data }: UdpDatagram): boolean {
    const transfer = this.state.transfers.find((each) => each.localPort === destinationPort);
    if (transfer === undefined) return false;
    if (transfer.remotePort !== sourcePort || transfer.remoteAddress !== peer.address) {
      const unknown = failure(errorCode.unknownTransfer, 'unknown transfer');
      this.send(peer, { sourcePort: destinationPort, destinationPort: sourcePort, data: unknown });
      return true;
    }
    if (data.length < 4) return true;
    const kind = read16(data, 0);
    if (kind === operation.error) this.end(transfer);
    // Only the block on its way counts: an old acknowledgement must not send a block twice (RFC 1123, 4.2.3.1).
    else if (kind === operation.acknowledge && read16(data, 2) === (transfer.block & 0xffff)) this.proceed(transfer);
    return true;
  }

  nextTimer(): number {
    return this.state.transfers.reduce((least, { resendAt }) => Math.min(least, resendAt), Infinity);
  }

  runTimers(): void {
    for (const transfer of [...this.state.transfers]) {
      if (transfer.resendAt > this.now()) continue;
      transfer.retries += 1;
      if (transfer.retries > retriesMost) this.end(transfer);
      else this.sendBlock(transfer);
    }
  }

  private begin(peer: TftpPeer, remotePort: number, file: number, options: readonly string[]): void {
    // A request repeated means that its answer was lost: it begins anew.
    const old = this.state.transfers.find(
      (each) => each.remoteAddress === peer.address && each.remotePort === remotePort,
    );
    if (old !== undefined) this.end(old);
    if (this.state.transfers.length >= transfersMost) this.state.transfers.shift();
    const started: Transfer = {
      localPort: firstPort + this.state.nextPort,
      localAddress: peer.localAddress,
      remoteAddress: peer.address,
      remotePort,
      remoteMac: peer.mac.slice(),
      file,
      blockBytes: 512,
      block: 1,
      retries: 0,
      timeoutMicroseconds: second,
      resendAt: Infinity,
      agreed: new Uint8Array(),
    };
    this.state.nextPort = (this.state.nextPort + 1) % ports;
    this.state.transfers.push(started);
    started.agreed = latin1(this.agree(started, options));
    if (started.agreed.length > 0) started.block = 0;
    this.sendBlock(started);
  }

  /** Takes the options that it knows, and returns what it says to them. */
  private agree(transfer: Transfer, options: readonly string[]): string {
    let answer = '';
    const known = new Map<string, string>();
    for (let at = 0; at + 1 < options.length; at += 2) known.set(options[at]!.toLowerCase(), options[at + 1]!);
    for (const [name, text] of known) {
      const value = Number(text);
      if (name === 'blksize' && value >= blockBytesLeast) {
        transfer.blockBytes = Math.min(Math.floor(value), blockBytesMost);
        answer += `blksize\0${transfer.blockBytes}\0`;
      } else if (name === 'tsize') answer += `tsize\0${this.files[transfer.file]!.size}\0`;
      else if (name === 'timeout' && Number.isInteger(value) && value >= 1 && value <= 255) {
        transfer.timeoutMicroseconds = value * second;
        answer += `timeout\0${value}\0`;
      }
    }
    return answer;
  }

  private proceed(transfer: Transfer): void {
    const { size } = this.files[transfer.file]!;
    if (transfer.block > Math.floor(size / transfer.blockBytes)) return this.end(transfer); // A short block is the last.
    transfer.block += 1;
    transfer.retries = 0;
    this.sendBlock(transfer);
  }

  private sendBlock(transfer: Transfer): void {
    const { content } = this.files[transfer.file]!;
    if (transfer.block === 0) return this.transmit(transfer, Uint8Array.of(0, operation.options), transfer.agreed);
    const from = (transfer.block - 1) * transfer.blockBytes;
    const data = content.subarray(from, from + transfer.blockBytes);
    this.transmit(transfer, packet(operation.data, transfer.block & 0xffff, data));
  }

  private transmit(transfer: Transfer, ...parts: readonly Uint8Array[]): void {
    transfer.resendAt = this.now() + transfer.timeoutMicroseconds;
    const { remoteMac, remoteAddress, remotePort, localAddress, localPort } = transfer;
    const peer = { mac: remoteMac, address: remoteAddress, localAddress };
    this.send(peer, { sourcePort: localPort, destinationPort: remotePort, data: joined(...parts) });
  }

  private end(transfer: Transfer): void {
    const at = this.state.transfers.indexOf(transfer);
    if (at >= 0) this.state.transfers.splice(at, 1);
  }
}
