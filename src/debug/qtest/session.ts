/** One test program's session: a machine on a bench or running, its two protocols, and what its drives and cards hold. */
import type { Cycle } from '../../base/integers.js';
import type { MediumOperation } from '../../device/medium.js';
import { baseImage } from '../../device/disk/medium.js';
import { sourceOf } from '../../device/disk/source.js';
import { digestOf, ImageStore, openImage } from '../../host/images.js';
import type { Bench } from '../../machine/bench.js';
import { macOf } from '../../machine/components/network.js';
import { createMachine } from '../../host/machines.js';
import type {
  Drive,
  Images,
  Machine,
  MachineDescription,
  MediumDescription,
  PowerOn,
  UnpluggedDevice,
} from '../../machine/machine.js';
import { announcementOf, type AnnouncementRounds, Announcements, type Later } from './announce.js';
import type { BiosGeometries } from './bios-geometries.js';
import { type Pluggables, Plugging } from './plugging.js';
import type { Backend } from './qemu-drives.js';
import type { OutputLine } from './output-lines.js';
import type { WatchdogSettings } from './watchdog-actions.js';
import { QmpSession } from './qmp.js';
import { QtestServer } from './server.js';

export interface SessionOptions {
  readonly description: MachineDescription;
  readonly images: Images;
  readonly powerOn: PowerOn;
  /** Drives by the names that the test program knows. */
  readonly names: ReadonlyMap<string, Drive>;
  /** What of it may be unplugged, and what may be plugged in. */
  readonly pluggables: Pluggables;
  /** Where disks are that firmware is told the geometry of. */
  readonly diskGeometries: BiosGeometries | undefined;
  /** Drives whose faults stop the machine. */
  readonly stopping: ReadonlySet<Drive>;
  /** Lets chips finish their work after every access. */
  readonly settles: boolean;
  /** The processor runs, in the pieces that {@link QtestSession.run} is asked for. */
  readonly runs: boolean;
  readonly watchdog: WatchdogSettings;
  /** Bytes of the clock's memory that a set-up program has left, and those that it leaves at the next reset. */
  readonly setUp: { readonly first: SetUp; readonly afterReset: SetUp };
  /** Takes a line of the qtest protocol. */
  readonly send: (line: string) => void;
  /** Takes a byte that a serial port or the debug console sent. */
  readonly sendByte: (line: OutputLine, byte: number) => void;
  /** Takes a frame that a network card sent. */
  readonly sendFrame: (card: number, frame: Uint8Array) => void;
  /** Does something later, by the host's clock. */
  readonly later: Later;
  /** The test program asks for the end. */
  readonly quit: () => void;
}

/** Bytes of the clock's memory by their places; a mask says which bits of one are meant. */
export type SetUp = readonly { readonly at: number; readonly value: number; readonly mask?: number }[];

export interface QtestSession {
  /** Takes a piece of the qtest protocol's stream. */
  take(piece: string): void;
  /** Takes a frame that comes over a network card's line. */
  takeFrame(card: number, frame: Uint8Array): void;
  /** Opens a QMP session whose answers go to `send`; what comes back takes its stream. */
  openQmp(send: (text: string) => void): { take(piece: string): void };
  /** Lets the processor run for a while; false when there is nothing to run. */
  run(): boolean;
}

/** Cycles between two looks at the sockets. */
const sliceCycles = 2_000_000;

/** Makes the machine and its session. Throws UserError for a machine that cannot be. */
export function createQtestSession(options: SessionOptions): QtestSession {
  return new Session(options);
}

class Session implements QtestSession {
  private readonly images: ImageStore;
  private readonly machine: Machine;
  private readonly bench: Bench;
  private readonly server: QtestServer;
  private pending = '';
  private running = true;
  private ended = false;
  private isExpired = false;
  /** Requests that a test program holds back, by the tags it gave them. */
  private readonly held = new Set<string>();
  private readonly monitors: QmpSession[] = [];
  private readonly announcements: Announcements;
  private readonly plugging: Plugging;
  /** Frames that came while the machine stood still. */
  private readonly waiting: { readonly card: number; readonly frame: Uint8Array }[] = [];

  constructor(private readonly options: SessionOptions) {
    const { description, powerOn, send, settles, runs, setUp } = options;
    this.images = new ImageStore(options.images);
    this.machine = createMachine(description, this.images, powerOn);
    this.machine.observers.packet = ({ card, frame }) => options.sendFrame(card, frame);
    this.machine.onSerial = ({ port, byte }) => options.sendByte(port, byte);
    this.machine.observers.debugConsole = ({ byte }) => options.sendByte('debugConsole', byte);
    this.machine.observers.watchdog = () => void (this.isExpired = true);
    this.machine.observers.fault = ({ drive, operation }) => this.faultMet(drive, operation);
    this.plugging = new Plugging(
      {
        description: () => this.machine.description,
        input: (event) => this.machine.input(event),
        mediumOf: (backend) => this.mediumOf(backend),
        deleted: (id) => this.monitors.forEach((monitor) => monitor.deviceDeleted(id)),
      },
      options.pluggables,
    );
    this.machine.observers.cardRemoved = ({ card }) => this.cardRemoved(card);
    this.bench = this.machine.bench();
    this.prepare(setUp.first);
    this.announcements = new Announcements(options.later, () => this.announce());
    this.server = new QtestServer(this.bench, { send, settles: settles && !runs });
  }
  private prepare(setUp: SetUp): void {
    writeSetUp(this.bench, setUp);
    if (!this.options.runs) startFloppyController(this.bench);
  }

  take(piece: string): void {
    const lines = (this.pending + piece).split('\n');
    this.pending = lines.pop() ?? '';
    for (const line of lines) {
      this.server.line(line);
      this.lookAtWatchdog();
    }
  }
  takeFrame(card: number, frame: Uint8Array): void {
    if (!this.running) {
      this.waiting.push({ card, frame });
      return;
    }
    this.machine.input({ kind: 'packet', card, frame });
    this.server.settle();
  }
  run(): boolean {
    const { machine, running, ended } = this;
    if (!this.options.runs || !running || ended) return false;
    const { kind } = machine.run((machine.cycle + sliceCycles) as Cycle);
    this.lookAtWatchdog();
    this.ended = kind === 'shutdown' || kind === 'powerOff' || kind === 'exited';
    return true;
  }

  openQmp(send: (text: string) => void): QmpSession {
    const { machine, images, bench, options, plugging } = this;
    const qmp = {
      plugging,
      reset: () => {
        machine.input({ kind: 'reset' });
        this.prepare(options.setUp.afterReset);
      },
      interrupt: () => machine.input({ kind: 'nonMaskableInterrupt' }),
      setRunning: (running: boolean) => this.setRunning(running),
      insert(drive: Drive, path: string, writable: boolean) {
        const image = openImage(path, 'It was to go into a drive.');
        const sha256 = digestOf(image);
        images.keep(sha256, image);
        machine.input({ kind: 'media', drive, medium: { sha256, size: image.size, writable } });
      },
      checkImage: (path: string) => void openImage(path, 'It was to become a block node.'),
      eject: (drive: Drive) => machine.input({ kind: 'media', drive }),
      resize: (drive: Drive, size: number) => this.resize(drive, size),
      drive: (name: string) => options.names.get(name),
      hold: (tag: string) => this.hold(tag, true),
      release: (tag: string) => this.hold(tag, false),
      announce: (name: string, rounds: AnnouncementRounds) => this.announcements.start(name, rounds),
      quit: options.quit,
      microseconds: () => Math.floor((bench.cycle / bench.cyclesPerSecond) * 1e6),
    };
    const monitor = new QmpSession(qmp, send);
    this.monitors.push(monitor);
    return monitor;
  }
  /** The image of a drive that is plugged in. */
  private mediumOf({ source, writable }: Backend): MediumDescription {
    const image =
      typeof source === 'string'
        ? openImage(source, 'It was to be plugged in.')
        : imageOf(new Uint8Array(source?.blankBytes ?? 0));
    const sha256 = digestOf(image);
    this.images.keep(sha256, image);
    return { sha256, size: image.size, writable };
  }
  /** A card is gone: firmware is told no more of its geometry, and who asked for its going is told. */
  private cardRemoved(card: UnpluggedDevice): void {
    const { machine } = this;
    const { diskGeometries } = this.options;
    diskGeometries?.remove(card);
    const { testing, slots = [] } = machine.description;
    const lines = diskGeometries?.lines(slots);
    if (lines !== undefined && testing?.firmwareConfiguration !== undefined) {
      const files = lines.length === 0 ? [] : [{ name: 'bios-geometry', text: lines.join('') }];
      const description = { ...machine.description, testing: { ...testing, firmwareConfiguration: { files } } };
      machine.load({ ...machine.save(), description });
    }
    this.plugging.removed(card);
  }
  /** Speaks for the machine's cards, whatever they do themselves. */
  private announce(): void {
    const { description, sendFrame } = this.options;
    (description.network ?? []).forEach(({ mac }, card) => sendFrame(card, announcementOf(macOf(card, mac))));
  }
  /** A watchdog whose time was over is told of, once time stands. What is done is done by one monitor. */
  private lookAtWatchdog(): void {
    if (!this.isExpired) return;
    this.isExpired = false;
    this.monitors[0]?.watchdog(this.options.watchdog);
  }
  /** A fault that stops the machine: it goes on, and the request is done, when the test program says so. */
  private faultMet(drive: Drive, operation: MediumOperation): void {
    if (this.options.stopping.has(drive)) for (const monitor of this.monitors) monitor.stopAtError(drive, operation);
  }
  /** While a request is held back, and while the machine stands still, no chip's time passes by itself. */
  private hold(tag: string, holds: boolean): void {
    if (holds) this.held.add(tag);
    else this.held.delete(tag);
    this.letTimePass();
  }
  private letTimePass(): void {
    this.server.stands = !this.running || this.held.size > 0;
    this.server.settle();
  }
  private resize(drive: Drive, size: number): void {
    const { images, machine } = this;
    const medium = this.options.description.media[drive];
    const base = medium && baseImage(images, medium.sha256);
    const bytes = new Uint8Array(size);
    base?.read(0, bytes.subarray(0, Math.min(size, base.size)));
    const image = imageOf(bytes);
    const sha256 = digestOf(image);
    images.keep(sha256, image);
    machine.input({ kind: 'media', drive, medium: { sha256, size, writable: medium?.writable ?? true } });
  }
  private setRunning(running: boolean): void {
    this.running = running;
    this.letTimePass();
    if (running) for (const { card, frame } of this.waiting.splice(0)) this.takeFrame(card, frame);
  }
}

const imageOf = (bytes: Uint8Array) => ({ source: sourceOf(bytes), bytes, size: bytes.length });

const clockPorts = { index: 0x70, data: 0x71 } as const;

/** What a set-up program would have written into the clock's memory. */
function writeSetUp(bench: Bench, bytes: SetUp): void {
  for (const { at, value, mask = 0xff } of bytes) {
    bench.writePort(clockPorts.index, at, 1);
    const kept = bench.readPort(clockPorts.data, 1) & ~mask;
    bench.writePort(clockPorts.data, kept | (value & mask), 1);
  }
}

const floppyPorts = { digitalOutput: 0x3f2, data: 0x3f5 } as const;
/** Not in reset, interrupts and DMA on, drive A selected with its motor running. */
const driveReady = 0x1c;
const senseInterrupt = 0x08;
const drives = 4;

/**
 * The floppy controller comes out of its hardware reset held in it, until software says otherwise; test programs find it as
 * firmware leaves it: running, the drive selected, and the interrupts of its reset sensed.
 */
function startFloppyController(bench: Bench): void {
  const settle = (): void => {
    while (bench.nextWork() !== Infinity) bench.pass(bench.nextWork() as Cycle);
  };
  bench.writePort(floppyPorts.digitalOutput, driveReady, 1);
  settle();
  for (let drive = 0; drive < drives; drive++) {
    bench.writePort(floppyPorts.data, senseInterrupt, 1);
    settle();
    for (let byte = 0; byte < 2; byte++) {
      bench.readPort(floppyPorts.data, 1);
      settle();
    }
  }
}
