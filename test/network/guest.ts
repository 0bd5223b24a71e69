/** A guest's end of a cable for tests: it speaks ARP, UDP and a plain TCP, independent of the code under test where that counts. */
import { joined } from '../../src/network/bytes.js';
import { buildArp, buildFrame, etherType, parseArp, parseFrame } from '../../src/network/ethernet.js';
import { buildIpv4, buildUdp, type Ipv4Packet, parseIpv4, parseUdp, protocol } from '../../src/network/ipv4.js';
import { addresses, type LoadedFile, type NetworkPlan, serverMac } from '../../src/network/plan.js';
import { network } from '../../src/network/network.js';
import { ahead, after, buildSegment, parseSegment, tcpFlag, type TcpSegment } from '../../src/network/tcp/segment.js';
import { createDevice } from '../../src/device/device.js';

export const guestMac = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
export const guestAddress = addresses.firstGuest;

export function file(path: string, content: string | Uint8Array): LoadedFile {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return { path, sha256: '0'.repeat(64), size: bytes.length, content: bytes };
}

export interface Cable {
  readonly received: Uint8Array[];
  send(frame: Uint8Array): void;
  /** Lets time pass; frames that arrive in it are returned. */
  wait(microseconds: number): Uint8Array[];
}

/** A network with one card, whose end of the cable is returned. `room` false loses every frame. */
export function plugged(plan: NetworkPlan = {}, files: readonly LoadedFile[] = [], megabits = 100) {
  const received: Uint8Array[] = [];
  const door = { open: true };
  const device = createDevice(network, {
    lines: {},
    board: {
      plan,
      files,
      cards: [{ megabits, receive: (frame) => door.open && received.push(frame) > 0 }],
    },
  });
  const cable: Cable = {
    received,
    send: (frame) => device.operations.send(0, frame),
    wait(microseconds) {
      device.advance(microseconds);
      return received.splice(0);
    },
  };
  return { device, cable, door };
}

export const ipv4Frame = (packet: Ipv4Packet): Uint8Array =>
  buildFrame({ destination: serverMac, source: guestMac, type: etherType.ipv4, payload: buildIpv4(packet, 1) });

export const packetsIn = (frames: readonly Uint8Array[]): Ipv4Packet[] =>
  frames.flatMap((frame) => {
    const parsed = parseFrame(frame);
    const packet = parsed?.type === etherType.ipv4 ? parseIpv4(parsed.payload) : undefined;
    return packet === undefined ? [] : [packet];
  });

/** Sends a datagram and returns what comes back within `microseconds`. */
export function askUdp(cable: Cable, to: number, port: number, data: Uint8Array, from = 1024, microseconds = 5000) {
  cable.send(ipv4Frame(buildUdp(guestAddress, to, { sourcePort: from, destinationPort: port, data })));
  return packetsIn(cable.wait(microseconds)).flatMap((packet) => parseUdp(packet) ?? []);
}

export function askArp(cable: Cable, target: number) {
  const payload = buildArp({
    operation: 'request',
    senderMac: guestMac,
    senderAddress: guestAddress,
    targetMac: new Uint8Array(6),
    targetAddress: target,
  });
  cable.send(buildFrame({ destination: new Uint8Array(6).fill(0xff), source: guestMac, type: etherType.arp, payload }));
  return cable.wait(5000).flatMap((frame) => {
    const parsed = parseFrame(frame);
    return parsed?.type === etherType.arp ? (parseArp(parsed.payload) ?? []) : [];
  });
}

/** A TCP client with no timer but its caller's patience: it keeps what comes early and acknowledges everything. */
export class Client {
  sequence = 1000;
  private next = 0;
  private early = new Map<number, TcpSegment>();
  readonly got: Uint8Array[] = [];
  state: 'closed' | 'opening' | 'open' | 'ended' | 'reset' = 'closed';
  unacknowledged: Uint8Array = new Uint8Array();
  window = 8192;

  constructor(
    private readonly send: (frame: Uint8Array) => void,
    readonly port: number,
    readonly localPort = 2000,
    private readonly to: number = addresses.gateway,
  ) {}

  get data(): Uint8Array {
    return joined(...this.got);
  }
  open(): void {
    this.state = 'opening';
    this.segment(tcpFlag.syn, new Uint8Array(), 1460);
  }
  /** Queues data and sends it. */
  write(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    this.unacknowledged = joined(this.unacknowledged, bytes);
    this.resend();
  }
  /** Sends all that is not acknowledged, from its beginning. */
  resend(): void {
    if (this.state === 'opening') return this.segment(tcpFlag.syn, new Uint8Array(), 1460);
    for (let at = 0; at < this.unacknowledged.length; at += 1000)
      this.segment(tcpFlag.ack, this.unacknowledged.subarray(at, at + 1000), undefined, at);
  }
  finish(): void {
    this.segment(tcpFlag.ack | tcpFlag.fin, new Uint8Array());
    this.sequence = after(this.sequence, 1);
  }
  segment(flags: number, data: Uint8Array, segmentSize?: number, offset = 0): void {
    this.send(
      ipv4Frame(
        buildSegment(guestAddress, this.to, {
          sourcePort: this.localPort,
          destinationPort: this.port,
          sequence: after(this.sequence, offset),
          acknowledgement: this.next,
          flags,
          window: this.window,
          segmentSize,
          data,
        }),
      ),
    );
  }
  receive(frames: readonly Uint8Array[]): void {
    for (const packet of packetsIn(frames)) {
      const segment = packet.protocol === protocol.tcp ? parseSegment(packet) : undefined;
      if (segment?.destinationPort === this.localPort) this.take(segment);
    }
  }
  private take(segment: TcpSegment): void {
    if (segment.flags & tcpFlag.rst) return void (this.state = 'reset');
    if (this.state === 'opening') {
      if (!(segment.flags & tcpFlag.syn)) return;
      this.sequence = segment.acknowledgement;
      this.next = after(segment.sequence, 1);
      this.state = 'open';
      return this.segment(tcpFlag.ack, new Uint8Array());
    }
    const acknowledged = ahead(segment.acknowledgement, this.sequence);
    if (acknowledged > 0) {
      this.unacknowledged = this.unacknowledged.slice(acknowledged);
      this.sequence = segment.acknowledgement;
    }
    if (segment.data.length === 0 && !(segment.flags & tcpFlag.fin)) return;
    this.early.set(segment.sequence, segment);
    for (const [at, each] of [...this.early].sort(([a], [b]) => ahead(a, b))) {
      const known = ahead(this.next, at);
      if (known < 0) continue;
      this.early.delete(at);
      if (known < each.data.length) this.got.push(each.data.slice(known));
      this.next = after(this.next, Math.max(0, each.data.length - known));
      if (each.flags & tcpFlag.fin && known <= each.data.length && this.state === 'open') {
        this.next = after(this.next, 1);
        this.state = 'ended';
      }
    }
    this.segment(tcpFlag.ack, new Uint8Array());
  }
}
