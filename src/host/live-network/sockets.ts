/**
 * The world behind the gateway, by sockets of the host: a guest's connections and datagrams to outside become ordinary ones of
 * this process, so that no privilege is needed. The gateway's own address stands for the host's loopback.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { lookup } from 'node:dns';
import { connect, type Socket } from 'node:net';
import { macKey } from '../../network/ethernet.js';
import type { Outside } from '../../network/host.js';
import { parseAddress, printAddress, type UdpDatagram } from '../../network/ipv4.js';
import { addresses } from '../../network/plan.js';
import type { TftpPeer } from '../../network/services/tftp.js';
import type { TcpService, TcpStack } from '../../network/tcp/stack.js';
import type { Connection } from '../../network/tcp/state.js';

const loopback = '127.0.0.1';
const receiveBytesMost = 32768;
const flowsMost = 128;
/** A flow of datagrams that is silent for so long is forgotten. */
const flowMilliseconds = 60_000;

/** The host's address that a guest means. */
const hostAddress = (address: number): string => (address === addresses.gateway ? loopback : printAddress(address));

/** The guest's address of a host's. */
const guestAddress = (address: string): number =>
  address === loopback ? addresses.gateway : (parseAddress(address) ?? addresses.gateway);

/** A connection's host side: its socket, and what has come from it and found no room yet. */
interface Line {
  readonly socket: Socket;
  waiting: Uint8Array;
  ended: boolean;
}

/** Serves a guest's connections to outside by sockets. */
class TcpLines implements TcpService {
  private readonly lines = new Map<number, Line>();

  constructor(private readonly stack: TcpStack) {}

  open = ({ id, localAddress, localPort }: Connection): 'later' => {
    const socket = connect({ host: hostAddress(localAddress), port: localPort, allowHalfOpen: true });
    const line: Line = { socket, waiting: new Uint8Array(), ended: false };
    this.lines.set(id, line);
    socket.setNoDelay(true);
    socket.on('connect', () => this.with(id, (connection) => this.stack.answer(connection)));
    socket.on('error', () => this.with(id, (connection) => this.stack.abort(connection)));
    socket.on('drain', () => this.with(id, (connection) => this.stack.windowOpened(connection)));
    socket.on('data', (data) => {
      line.waiting = Buffer.concat([line.waiting, data]);
      this.with(id, (connection) => this.flush(connection));
    });
    socket.on('end', () => {
      line.ended = true;
      this.with(id, (connection) => this.flush(connection));
    });
    return 'later';
  };

  private with(id: number, act: (connection: Connection) => void): void {
    const connection = this.stack.find(id);
    if (connection !== undefined) act(connection);
  }

  /** Passes on what the guest has room for; the socket is read no further meanwhile. */
  private flush(connection: Connection): void {
    const line = this.lines.get(connection.id);
    if (line === undefined) return;
    const taken = this.stack.write(connection, line.waiting);
    line.waiting = line.waiting.subarray(taken);
    if (line.waiting.length > 0) line.socket.pause();
    else if (line.ended) this.stack.close(connection);
    else line.socket.resume();
  }

  received = ({ id }: Connection, data: Uint8Array): void => void this.lines.get(id)?.socket.write(data);

  room = ({ id }: Connection): number => {
    const waiting = this.lines.get(id)?.socket.writableLength ?? 0;
    return Math.max(0, receiveBytesMost - waiting);
  };

  drained = (connection: Connection): void => this.flush(connection);

  ended = ({ id }: Connection): void => void this.lines.get(id)?.socket.end();

  gone = ({ id }: Connection): void => {
    this.lines.get(id)?.socket.destroy();
    this.lines.delete(id);
  };

  busy(): boolean {
    return this.lines.size > 0;
  }
  close(): void {
    for (const { socket } of this.lines.values()) socket.destroy();
    this.lines.clear();
  }
}

/** A guest's port and the socket that stands for it. */
interface Flow {
  readonly socket: UdpSocket;
  timer: NodeJS.Timeout;
}

/** Carries datagrams; `reply` brings answers to the guest. */
class UdpFlows {
  private readonly flows = new Map<string, Flow>();

  constructor(private readonly reply: (peer: TftpPeer, datagram: UdpDatagram) => void) {}

  send(peer: TftpPeer, { sourcePort, destinationPort, data }: UdpDatagram): void {
    const key = `${macKey(peer.mac)} ${peer.address}:${sourcePort}`;
    const flow = this.flows.get(key) ?? this.begin(key, peer, sourcePort);
    flow.timer.refresh();
    // A datagram that cannot be sent is lost, as on any network.
    flow.socket.send(data, destinationPort, hostAddress(peer.localAddress), () => {});
  }

  private begin(key: string, peer: TftpPeer, port: number): Flow {
    const [oldest] = this.flows.keys();
    if (this.flows.size >= flowsMost && oldest !== undefined) this.end(oldest);
    const socket = createSocket('udp4');
    const mac = peer.mac.slice();
    socket.on('error', () => this.end(key));
    socket.on('message', (data, from) => {
      const answerer = { mac, address: peer.address, localAddress: guestAddress(from.address) };
      this.reply(answerer, { sourcePort: from.port, destinationPort: port, data });
    });
    const timer = setTimeout(() => this.end(key), flowMilliseconds);
    timer.unref();
    const flow = { socket, timer };
    this.flows.set(key, flow);
    return flow;
  }

  private end(key: string): void {
    const flow = this.flows.get(key);
    if (flow === undefined) return;
    clearTimeout(flow.timer);
    flow.socket.close();
    this.flows.delete(key);
  }

  busy(): boolean {
    return this.flows.size > 0;
  }
  close(): void {
    for (const key of [...this.flows.keys()]) this.end(key);
  }
}

/** The outside by sockets. `reply` sends a datagram to the guest. */
export function socketsOutside(
  reply: (peer: TftpPeer, datagram: UdpDatagram) => void,
): Outside & { busy(): boolean; close(): void } {
  let lookups = 0;
  const flows = new UdpFlows(reply);
  let lines: TcpLines | undefined;
  return {
    tcp: (stack) => (lines ??= new TcpLines(stack)),
    datagram: (peer, datagram) => flows.send(peer, datagram),
    resolve(name, found) {
      lookups++;
      lookup(name, { all: true, family: 4 }, (error, all) => {
        lookups--;
        found(error ? undefined : all.flatMap(({ address }) => parseAddress(address) ?? []));
      });
    },
    busy: () => lookups > 0 || flows.busy() || lines?.busy() === true,
    close() {
      flows.close();
      lines?.close();
    },
  };
}
