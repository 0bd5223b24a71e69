/**
 * The one host of a built-in network: gateway, name server, DHCP, TFTP, HTTP and the small services behind one hardware
 * address. It answers frames; its only time is the microseconds that it is told. Where an `Outside` is given (the live
 * backend), what is not for the host itself is handed to that.
 */
import { type StateOf, struct, u16 } from '../state/schema.js';
import { broadcastMac, buildArp, buildFrame, etherType, type EthernetFrame, parseArp, parseFrame } from './ethernet.js';
import {
  answerEcho,
  buildIpv4,
  buildUdp,
  type Ipv4Packet,
  parseIpv4,
  parseUdp,
  protocol,
  type UdpDatagram,
  unreachablePort,
} from './ipv4.js';
import { addresses, type LoadedFile, type NetworkPlan, serverMac } from './plan.js';
import { answerDhcp, dhcpPort, leaseState } from './services/dhcp.js';
import { answerAddresses, answerFromTable, asksForAddress, dnsPort, nameTable, parseQuestion } from './services/dns.js';
import { httpPort, httpService } from './services/http.js';
import { characterDatagram, characterService, discardService, echoService, simplePort } from './services/simple.js';
import { type TftpPeer, tftpPort, TftpServer, tftpState } from './services/tftp.js';
import { type TcpService, TcpStack } from './tcp/stack.js';
import { type TcpServiceName, tcpState } from './tcp/state.js';

export const hostState = struct({
  /** Counts the packets sent: every packet carries another identification. */
  identification: u16(),
  leases: leaseState,
  tftp: tftpState,
  tcp: tcpState,
});

export type HostState = StateOf<typeof hostState>;

/** The world behind the gateway. */
export interface Outside {
  /** Serves connections to addresses outside. */
  readonly tcp: (stack: TcpStack) => TcpService;
  /** A datagram to an address outside; {@link VirtualHost.sendUdp} brings answers back. */
  readonly datagram: (peer: TftpPeer, datagram: UdpDatagram) => void;
  /** Looks a name up that the table does not have; undefined: there is none. */
  readonly resolve: (name: string, found: (addresses: readonly number[] | undefined) => void) => void;
}

export interface HostSurroundings {
  /** Microseconds, never decreasing. */
  readonly now: () => number;
  readonly emit: (frame: Uint8Array) => void;
  readonly outside?: Outside;
}

const allOnes = 0xffffffff;
const ownAddresses: ReadonlySet<number> = new Set([addresses.gateway, addresses.nameServer]);
const ownNames = { gateway: addresses.gateway, server: addresses.gateway, dns: addresses.nameServer };

const listeners: ReadonlyMap<number, TcpServiceName> = new Map([
  [simplePort.echo, 'echo'],
  [simplePort.discard, 'discard'],
  [simplePort.characters, 'characters'],
  [httpPort, 'http'],
]);

const isInside = (address: number): boolean => (address & addresses.mask) >>> 0 === addresses.network;

export class VirtualHost {
  readonly stack: TcpStack;
  private readonly tftp: TftpServer;
  private readonly names: ReadonlyMap<string, number>;
  private readonly services: Readonly<Record<TcpServiceName, TcpService>>;

  constructor(
    private readonly plan: NetworkPlan,
    files: readonly LoadedFile[],
    private readonly state: HostState,
    private readonly around: HostSurroundings,
  ) {
    this.names = nameTable(ownNames, plan.names ?? []);
    this.stack = new TcpStack(state.tcp, {
      now: around.now,
      send: (mac, packet) => this.sendPacket(mac, packet),
      listener: (address, port) => this.listener(address, port),
      service: (name) => this.services[name],
    });
    this.tftp = new TftpServer(state.tftp, files, around.now, (peer, datagram) => this.sendUdp(peer, datagram));
    this.services = {
      echo: echoService(this.stack),
      discard: discardService(),
      characters: characterService(this.stack),
      http: httpService(this.stack, files),
      outside: around.outside?.tcp(this.stack) ?? discardService(),
    };
  }

  /** A frame has come in. */
  receive(data: Uint8Array): void {
    const frame = parseFrame(data);
    if (frame?.type === etherType.arp) this.receiveArp(frame);
    if (frame?.type === etherType.ipv4) this.receiveIpv4(frame);
  }

  /** The moment of the next timer; `Infinity` when none runs. */
  nextTimer(): number {
    return Math.min(this.stack.nextTimer(), this.tftp.nextTimer());
  }

  /** Does what is due. */
  runTimers(): void {
    this.stack.runTimers();
    this.tftp.runTimers();
  }

  /** Sends a datagram to a guest; `localAddress` is the one that it comes from. */
  sendUdp(peer: TftpPeer, datagram: UdpDatagram): void {
    this.sendPacket(peer.mac, buildUdp(peer.localAddress, peer.address, datagram));
  }

  private sendPacket(mac: Uint8Array, packet: Ipv4Packet): void {
    this.state.identification = (this.state.identification + 1) & 0xffff;
    const payload = buildIpv4(packet, this.state.identification);
    this.around.emit(buildFrame({ destination: mac, source: serverMac, type: etherType.ipv4, payload }));
  }

  private listener(address: number, port: number): TcpServiceName | undefined {
    const own = address === addresses.gateway ? listeners.get(port) : undefined;
    if (own !== undefined || this.around.outside === undefined) return own;
    // With an outside, the gateway's other ports lead there too.
    return address === addresses.gateway || !isInside(address) ? 'outside' : undefined;
  }

  private receiveArp(frame: EthernetFrame): void {
    const packet = parseArp(frame.payload);
    if (packet?.operation !== 'request' || !ownAddresses.has(packet.targetAddress)) return;
    const payload = buildArp({
      operation: 'reply',
      senderMac: serverMac,
      senderAddress: packet.targetAddress,
      targetMac: packet.senderMac,
      targetAddress: packet.senderAddress,
    });
    this.around.emit(buildFrame({ destination: frame.source, source: serverMac, type: etherType.arp, payload }));
  }

  private receiveIpv4(frame: EthernetFrame): void {
    const packet = parseIpv4(frame.payload);
    if (packet === undefined) return;
    const { destination } = packet;
    const toAll = destination === allOnes || destination === addresses.broadcast;
    const isOwn = ownAddresses.has(destination);
    const goesOut = !isOwn && !toAll && !isInside(destination) && destination >>> 28 !== 0xe;
    if (packet.protocol === protocol.udp) this.receiveUdp(frame.source, packet, { toAll, isOwn, goesOut });
    if (!isOwn && !goesOut) return;
    if (packet.protocol === protocol.tcp) this.stack.receive(frame.source, packet);
    if (packet.protocol !== protocol.icmp || !isOwn) return;
    const answer = answerEcho(packet);
    if (answer !== undefined) this.sendPacket(frame.source, answer);
  }

  private receiveUdp(
    mac: Uint8Array,
    packet: Ipv4Packet,
    { toAll, isOwn, goesOut }: { toAll: boolean; isOwn: boolean; goesOut: boolean },
  ): void {
    const datagram = parseUdp(packet);
    if (datagram === undefined) return;
    const peer = { mac, address: packet.source, localAddress: packet.destination };
    if (datagram.destinationPort === dhcpPort.server && (toAll || isOwn)) return this.receiveDhcp(datagram);
    const { outside } = this.around;
    const isUnserved = isOwn && !this.serveUdp(peer, datagram);
    if (outside !== undefined && (goesOut || isUnserved)) outside.datagram(peer, datagram);
    else if (isUnserved) this.sendPacket(mac, unreachablePort(packet));
  }

  private receiveDhcp({ sourcePort, data }: UdpDatagram): void {
    const answer = answerDhcp(this.state.leases, data, this.plan.bootFile);
    if (answer === undefined) return;
    const peer = { mac: answer.mac ?? broadcastMac, address: answer.address, localAddress: addresses.gateway };
    this.sendUdp(peer, { sourcePort: dhcpPort.server, destinationPort: sourcePort, data: answer.data });
  }

  /** Serves a datagram to one of the host's own addresses; false when nobody listens there. */
  private serveUdp(peer: TftpPeer, datagram: UdpDatagram): boolean {
    const { sourcePort, destinationPort, data } = datagram;
    const reply = (answer: Uint8Array): void =>
      this.sendUdp(peer, { sourcePort: destinationPort, destinationPort: sourcePort, data: answer });
    if (destinationPort === dnsPort) this.answerQuestion(data, reply);
    else if (destinationPort === tftpPort) this.tftp.request(peer, datagram);
    else if (destinationPort === simplePort.echo) reply(data);
    else if (destinationPort === simplePort.characters) reply(characterDatagram());
    else if (destinationPort !== simplePort.discard) return this.tftp.receive(peer, datagram);
    return true;
  }

  private answerQuestion(data: Uint8Array, reply: (answer: Uint8Array) => void): void {
    const question = parseQuestion(data);
    if (question === undefined) return;
    const known = answerFromTable(question, this.names);
    const { outside } = this.around;
    if (known !== undefined) reply(known);
    else if (outside === undefined || !asksForAddress(question)) reply(answerAddresses(question, outside && []));
    else outside.resolve(question.name, (found) => reply(answerAddresses(question, found)));
  }
}
