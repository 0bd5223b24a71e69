/** A small TCP (RFC 9293) that serves connections which the peer opens. Its only time is the microseconds it is told. */
import { joined } from '../bytes.js';
import type { Ipv4Packet } from '../ipv4.js';
import { connectionFrom, refusal } from './greeting.js';
import { after, ahead, buildSegment, parseSegment, tcpFlag, type TcpSegment } from './segment.js';
import {
  type Connection,
  earlyIsFull,
  isFull,
  receiveBytesMost,
  segmentBytesMost,
  sendBytesMost,
  type TcpServiceName,
  type TcpState,
} from './state.js';

/** What serves a connection. */
export interface TcpService {
  /** A peer wants to connect. `later` holds the answer back until {@link TcpStack.answer} or {@link TcpStack.abort}. */
  readonly open?: (connection: Connection) => 'now' | 'later';
  /** The connection is open. */
  readonly opened?: (connection: Connection) => void;
  readonly received: (connection: Connection, data: Uint8Array) => void;
  /** Bytes that `received` can take now. Default: a full window. */
  readonly room?: (connection: Connection) => number;
  /** The peer has nothing more to say. Default: this end closes too. */
  readonly ended?: (connection: Connection) => void;
  /** There is room for more to send. */
  readonly drained?: (connection: Connection) => void;
  /** The connection is gone, in whatever way. */
  readonly gone?: (connection: Connection) => void;
}

export interface TcpSurroundings {
  /** Microseconds, never decreasing. */
  readonly now: () => number;
  readonly send: (mac: Uint8Array, packet: Ipv4Packet) => void;
  /** Who listens there; undefined refuses the connection. */
  readonly listener: (address: number, port: number) => TcpServiceName | undefined;
  readonly service: (name: TcpServiceName) => TcpService;
}

const second = 1_000_000;
const retransmitLeast = second / 2;
const retransmitMost = 8 * second;
const retriesMost = 8;
/** TIME-WAIT, and the longest wait for a peer's FIN: short, for the line forgets frames at once. */
const timeWait = 5 * second;
const orphanWait = 60 * second;
const duplicatesForRetransmission = 3;
const windowMost = 65535;

export class TcpStack {
  constructor(
    private readonly state: TcpState,
    private readonly around: TcpSurroundings,
  ) {}

  /** A packet with a segment has come from `mac`. */
  receive(mac: Uint8Array, packet: Ipv4Packet): void {
    const segment = parseSegment(packet);
    if (segment === undefined) return;
    const connection = this.state.connections.find(
      (each) =>
        each.remotePort === segment.sourcePort &&
        each.localPort === segment.destinationPort &&
        each.remoteAddress === packet.source &&
        each.localAddress === packet.destination,
    );
    if (connection === undefined) return this.greet(mac, packet, segment);
    connection.lastActive = this.around.now();
    if (connection.phase === 'opening') {
      if (segment.flags & tcpFlag.rst) this.remove(connection);
      return;
    }
    this.arrive(connection, segment);
  }

  /** A connection by its number; undefined when it is gone. */
  find(id: number): Connection | undefined {
    return this.state.connections.find((each) => each.id === id);
  }

  /** Answers the SYN of a connection whose service wanted to wait. */
  answer(connection: Connection): void {
    connection.phase = 'answered';
    connection.sendNext = after(connection.unacknowledged, 1);
    connection.sendHighest = connection.sendNext;
    this.sendSynchronise(connection);
    this.startTimer(connection);
  }

  /** Queues data to be sent; returns how many bytes found room. */
  write(connection: Connection, data: Uint8Array): number {
    if (connection.closing) return 0;
    const taken = Math.min(this.room(connection), data.length);
    if (taken > 0) connection.sending = joined(connection.sending, data.subarray(0, taken));
    this.output(connection);
    return taken;
  }

  /** Bytes that {@link write} would take. */
  room(connection: Connection): number {
    return sendBytesMost - connection.sending.length;
  }

  /** This end has nothing more to say. */
  close(connection: Connection): void {
    if (connection.closing) return;
    connection.closing = true;
    this.output(connection);
  }

  /** Ends a connection at once, with a reset. */
  abort(connection: Connection): void {
    const reset = tcpFlag.rst | tcpFlag.ack;
    this.transmit(connection, reset, connection.sendNext, new Uint8Array());
    this.remove(connection);
  }

  /** The service has room again: the peer is told if its window was shut. */
  windowOpened(connection: Connection): void {
    const shut = connection.announcedWindow < connection.segmentSize;
    if (connection.phase === 'open' && shut && this.window(connection) >= connection.segmentSize)
      this.acknowledge(connection);
  }

  /** The moment of the next timer; `Infinity` when none runs. */
  nextTimer(): number {
    return this.state.connections.reduce(
      (least, { retransmitAt, forgetAt }) => Math.min(least, retransmitAt, forgetAt),
      Infinity,
    );
  }

  /** Does what is due. */
  runTimers(): void {
    const now = this.around.now();
    for (const connection of [...this.state.connections]) {
      if (connection.forgetAt <= now) this.remove(connection);
      else if (connection.retransmitAt <= now) this.timeOut(connection);
    }
  }

  private timeOut(connection: Connection): void {
    connection.retries += 1;
    if (connection.retries > retriesMost) return this.abort(connection);
    if (connection.phase === 'answered') this.sendSynchronise(connection);
    else this.retransmit(connection, connection.segmentSize);
    this.startTimer(connection);
  }

  /** Goes back to the oldest byte that is not acknowledged, and on from there with a smaller risk. */
  private retransmit(connection: Connection, congestionWindow: number): void {
    const outstanding = ahead(connection.sendHighest, connection.unacknowledged);
    connection.slowStartThreshold = Math.max(outstanding >> 1, 2 * connection.segmentSize);
    connection.congestionWindow = congestionWindow;
    connection.sendNext = connection.unacknowledged;
    connection.duplicates = 0;
    this.output(connection, true);
  }

  private startTimer(connection: Connection): void {
    connection.retransmitAt = this.around.now() + Math.min(retransmitLeast * 2 ** connection.retries, retransmitMost);
  }

  /** A segment of no known connection: a SYN for a listener begins one, everything else is refused (3.10.7.1, 3.10.7.2). */
  private greet(mac: Uint8Array, packet: Ipv4Packet, segment: TcpSegment): void {
    const { flags } = segment;
    if (flags & tcpFlag.rst) return;
    const isOpening = (flags & (tcpFlag.syn | tcpFlag.ack)) === tcpFlag.syn;
    const name = isOpening ? this.around.listener(packet.destination, segment.destinationPort) : undefined;
    if (name === undefined) return this.around.send(mac, refusal(packet, segment));
    if (isFull(this.state)) this.forgetOldest();
    const connection = connectionFrom(this.state.nextId, name, mac, packet, segment);
    connection.lastActive = this.around.now();
    this.state.nextId = (this.state.nextId + 1) >>> 0;
    this.state.connections.push(connection);
    if ((this.service(connection).open?.(connection) ?? 'now') === 'now') this.answer(connection);
  }

  private forgetOldest(): void {
    const oldest = this.state.connections.reduce((a, b) => (b.lastActive < a.lastActive ? b : a));
    this.abort(oldest);
  }

  private service(connection: Connection): TcpService {
    return this.around.service(connection.service);
  }

  private remove(connection: Connection): void {
    const at = this.state.connections.indexOf(connection);
    if (at < 0) return;
    this.state.connections.splice(at, 1);
    this.service(connection).gone?.(connection);
  }

  private isGone(connection: Connection): boolean {
    return !this.state.connections.includes(connection);
  }

  /** A segment of a known connection, in the order of RFC 9293, section 3.10.7.4. */
  private arrive(connection: Connection, segment: TcpSegment): void {
    const { flags } = segment;
    if (!this.isAcceptable(connection, segment)) {
      if (!(flags & tcpFlag.rst)) this.answerUnacceptable(connection, segment);
      return;
    }
    if (flags & tcpFlag.rst) {
      if (segment.sequence === connection.receiveNext) this.remove(connection);
      else this.acknowledge(connection); // A challenge (RFC 5961): the true peer repeats its reset.
      return;
    }
    if (flags & tcpFlag.syn) return this.acknowledge(connection);
    if (!(flags & tcpFlag.ack)) return;
    if (connection.phase === 'answered') {
      if (segment.acknowledgement !== connection.sendNext) return this.abort(connection);
      this.establish(connection);
    }
    if (!this.takeAcknowledgement(connection, segment)) return;
    if (this.isGone(connection)) return;
    const said = segment.data.length > 0 || (flags & tcpFlag.fin) !== 0;
    if (said) this.takeData(connection, segment);
    if (this.isGone(connection)) return;
    const sent = this.output(connection);
    if (said && !sent) this.acknowledge(connection);
    this.settle(connection);
  }

  private answerUnacceptable(connection: Connection, segment: TcpSegment): void {
    if (connection.phase === 'answered' && segment.flags & tcpFlag.syn) this.sendSynchronise(connection);
    else this.acknowledge(connection);
  }

  private isAcceptable(connection: Connection, { sequence, data, flags }: TcpSegment): boolean {
    const start = ahead(sequence, connection.receiveNext);
    const length = data.length + (flags & tcpFlag.fin ? 1 : 0) + (flags & tcpFlag.syn ? 1 : 0);
    const window = connection.announcedWindow;
    if (start === 0) return true; // A shut window takes no data, yet acknowledgements and resets.
    if (length === 0) return start > 0 && start < window;
    return start < window && start + length > 0;
  }

  private establish(connection: Connection): void {
    connection.phase = 'open';
    connection.unacknowledged = connection.sendNext;
    connection.retries = 0;
    connection.retransmitAt = Infinity;
    this.service(connection).opened?.(connection);
  }

  /** Frees what the peer has; false when it acknowledges what was never sent. */
  private takeAcknowledgement(connection: Connection, segment: TcpSegment): boolean {
    const acknowledged = ahead(segment.acknowledgement, connection.unacknowledged);
    if (ahead(segment.acknowledgement, connection.sendHighest) > 0) {
      this.acknowledge(connection);
      return false;
    }
    if (acknowledged > 0) this.advanceTo(connection, segment.acknowledgement, acknowledged);
    else if (acknowledged === 0) this.countDuplicate(connection, segment);
    if (acknowledged >= 0) connection.peerWindow = segment.window;
    if (acknowledged > 0 && !connection.closing) this.service(connection).drained?.(connection);
    return true;
  }

  private advanceTo(connection: Connection, acknowledgement: number, acknowledged: number): void {
    const bytes = Math.min(acknowledged, connection.sending.length);
    connection.sending = connection.sending.slice(bytes);
    if (acknowledged > bytes) {
      connection.finAcknowledged = true;
      if (!connection.peerClosed) connection.forgetAt = this.around.now() + orphanWait;
    }
    connection.unacknowledged = acknowledgement;
    if (ahead(connection.sendNext, acknowledgement) < 0) connection.sendNext = acknowledgement;
    connection.retries = 0;
    connection.duplicates = 0;
    const isSlowStart = connection.congestionWindow < connection.slowStartThreshold;
    const growth = isSlowStart
      ? Math.min(bytes, connection.segmentSize)
      : Math.ceil(connection.segmentSize ** 2 / connection.congestionWindow);
    connection.congestionWindow = Math.min(connection.congestionWindow + growth, windowMost);
    if (connection.sendHighest === acknowledgement) connection.retransmitAt = Infinity;
    else this.startTimer(connection);
  }

  /** The third acknowledgement that says the same tells of a lost segment (RFC 5681, section 3.2). */
  private countDuplicate(connection: Connection, segment: TcpSegment): void {
    const outstanding = connection.sendHighest !== connection.unacknowledged;
    const same = segment.data.length === 0 && segment.window === connection.peerWindow;
    if (!outstanding || !same || segment.flags & tcpFlag.fin) return;
    connection.duplicates = Math.min(connection.duplicates + 1, 255);
    if (connection.duplicates === duplicatesForRetransmission)
      this.retransmit(connection, Math.max(connection.congestionWindow >> 1, 2 * connection.segmentSize));
  }

  /** Takes what comes next, keeps what came early, and then what had come early and is next now. */
  private takeData(connection: Connection, segment: TcpSegment): void {
    const fin = (segment.flags & tcpFlag.fin) !== 0;
    if (ahead(segment.sequence, connection.receiveNext) > 0) {
      const { sequence, data } = segment;
      const known = connection.early.some((each) => each.sequence === sequence && each.data.length >= data.length);
      if (!known && !earlyIsFull(connection) && data.length <= segmentBytesMost)
        connection.early.push({ sequence, data, fin });
      return;
    }
    this.deliver(connection, segment.sequence, segment.data, fin);
    for (;;) {
      const at = connection.early.findIndex(({ sequence }) => ahead(sequence, connection.receiveNext) <= 0);
      if (at < 0 || this.isGone(connection)) return;
      const [next] = connection.early.splice(at, 1);
      this.deliver(connection, next!.sequence, next!.data, next!.fin);
    }
  }

  /** Hands on the part of a segment that is new and finds room. */
  private deliver(connection: Connection, sequence: number, data: Uint8Array, fin: boolean): void {
    const known = -ahead(sequence, connection.receiveNext);
    if (connection.peerClosed || known > data.length) return;
    const fresh = data.subarray(known, known + this.window(connection));
    connection.receiveNext = after(connection.receiveNext, fresh.length);
    // An end that has closed listens no more, yet it takes what comes until the peer has closed too.
    if (fresh.length > 0) this.service(connection).received(connection, fresh);
    if (!fin || known + fresh.length < data.length || this.isGone(connection)) return;
    connection.receiveNext = after(connection.receiveNext, 1);
    connection.peerClosed = true;
    connection.early.length = 0;
    const { ended } = this.service(connection);
    if (ended) ended(connection);
    else this.close(connection);
  }

  /** Forgets a connection that is closed both ways: at once where the peer closed first, after a while otherwise. */
  private settle(connection: Connection): void {
    if (!connection.finAcknowledged || !connection.peerClosed) return;
    if (connection.forgetAt === Infinity) return this.remove(connection);
    connection.forgetAt = this.around.now() + timeWait;
  }

  private window(connection: Connection): number {
    return Math.min(this.service(connection).room?.(connection) ?? receiveBytesMost, windowMost);
  }

  /** Sends what windows allow; with `force`, at least one segment whatever they say. Returns whether anything went out. */
  private output(connection: Connection, force = false): boolean {
    if (connection.phase !== 'open') return false;
    const allowed = Math.min(connection.peerWindow, connection.congestionWindow);
    let sent = false;
    for (;;) {
      const flight = ahead(connection.sendNext, connection.unacknowledged);
      const left = connection.sending.length - flight;
      const forced = force && !sent;
      const room = forced ? Math.max(allowed - flight, 1) : allowed - flight;
      const length = Math.min(left, room, connection.segmentSize);
      const isSliver = length < left && length < connection.segmentSize && flight > 0 && !forced;
      const isLast = connection.closing && length === left && !connection.finAcknowledged;
      if (length <= 0 ? !(isLast && left === 0) : isSliver) break;
      const data = connection.sending.subarray(flight, flight + length);
      const flags = tcpFlag.ack | (length === left ? tcpFlag.psh : 0) | (isLast ? tcpFlag.fin : 0);
      this.transmit(connection, flags, connection.sendNext, data);
      connection.sendNext = after(connection.sendNext, length + (isLast ? 1 : 0));
      if (ahead(connection.sendNext, connection.sendHighest) > 0) connection.sendHighest = connection.sendNext;
      sent = true;
    }
    const outstanding = connection.sendHighest !== connection.unacknowledged;
    const waits = connection.sending.length > 0; // For a window that is shut: the timer probes it.
    if ((outstanding || waits) && connection.retransmitAt === Infinity) this.startTimer(connection);
    return sent;
  }

  private acknowledge(connection: Connection): void {
    this.transmit(connection, tcpFlag.ack, connection.sendHighest, new Uint8Array());
  }

  private sendSynchronise(connection: Connection): void {
    this.transmit(connection, tcpFlag.syn | tcpFlag.ack, connection.unacknowledged, new Uint8Array(), segmentBytesMost);
  }

  private transmit(
    connection: Connection,
    flags: number,
    sequence: number,
    data: Uint8Array,
    segmentSize?: number,
  ): void {
    connection.announcedWindow = this.window(connection);
    const segment: TcpSegment = {
      sourcePort: connection.localPort,
      destinationPort: connection.remotePort,
      sequence,
      acknowledgement: connection.receiveNext,
      flags,
      window: connection.announcedWindow,
      segmentSize,
      data,
    };
    this.around.send(connection.remoteMac, buildSegment(connection.localAddress, connection.remoteAddress, segment));
  }
}
