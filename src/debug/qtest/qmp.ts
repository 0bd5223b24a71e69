/**
 * The part of QEMU's machine protocol (QMP) that test programs speak beside qtest.
 *
 * Source: QEMU, "QEMU Machine Protocol Specification", "QEMU QMP Reference Manual".
 */
import { UserError } from '../../base/errors.js';
import type { Drive } from '../../machine/machine.js';
import type { AnnouncementRounds } from './announce.js';
import { operationOfEvent } from './blkdebug.js';
import type { WatchdogSettings } from './watchdog-actions.js';
import { JsonStream } from './json-stream.js';
import { type Plugging, PluggingError } from './plugging.js';

/** What a QMP session does to the machine behind it. */
export interface QmpMachine {
  reset(): void;
  /** The non-maskable interrupt. */
  interrupt(): void;
  /** Lets the machine's time go on, or stops it. */
  setRunning(running: boolean): void;
  /** Puts the image of a file into a drive. */
  insert(drive: Drive, path: string, writable: boolean): void;
  /** Throws UserError for a file that is no image. */
  checkImage(path: string): void;
  eject(drive: Drive): void;
  /** Gives the image in a drive so many bytes, the first of those it had or zeros; what the guest wrote on it is gone. */
  resize(drive: Drive, bytes: number): void;
  /** The drive that a device or block device of the command line has become. */
  drive(name: string): Drive | undefined;
  /** Holds the next request of a drive back, under a name, and lets go of it. */
  hold(tag: string): void;
  release(tag: string): void;
  /** Announces the machine to the networks that its cards are plugged into, in rounds under a name. */
  announce(name: string, rounds: AnnouncementRounds): void;
  /** Devices that come and go. */
  readonly plugging: Plugging;
  /** Ends the server. */
  quit(): void;
  /** The time of the machine, which events bear. */
  microseconds(): number;
}

type Arguments = Readonly<Record<string, unknown>>;

/** A command that cannot be done; the text goes into the answer. */
class QmpError extends Error {
  constructor(
    message: string,
    readonly errorClass: 'GenericError' | 'CommandNotFound' | 'DeviceNotFound' = 'GenericError',
  ) {
    super(message);
  }
}

const version = { qemu: { major: 7, minor: 2, micro: 0 }, package: 'tsvm-test' };

/** Machines and device types that test programs ask for by name: those that a description can have. */
const machines = [
  {
    name: 'pc-i440fx-7.2',
    alias: 'pc',
    'is-default': true,
    'cpu-max': 1,
    'hotpluggable-cpus': false,
    'numa-mem-supported': false,
    deprecated: false,
  },
  {
    name: 'isapc',
    'cpu-max': 1,
    'hotpluggable-cpus': false,
    'numa-mem-supported': false,
    deprecated: false,
  },
  {
    name: 'none',
    'cpu-max': 1,
    'hotpluggable-cpus': false,
    'numa-mem-supported': false,
    deprecated: false,
  },
];

const deviceTypes = (
  'VGA e1000 e1000-82540em rtl8139 ne2k_pci ne2k_isa virtio-net-pci virtio-net-device virtio-blk-pci virtio-blk-device ' +
  'virtio-rng-pci virtio-rng-device virtio-serial-pci virtio-serial-device virtconsole virtserialport virtio-scsi-pci virtio-scsi-device lsi53c895a ide-hd ide-cd scsi-hd ' +
  'floppy i440FX-pcihost pci-bus pci-bus-pc ioapic isa-serial isa-parallel isa-fdc piix3-ide'
).split(' ');

/** A resized image is made in memory. */
const resizedBytesMost = 2 ** 30;
/** What a node without a file holds. */
const blankNodeBytes = 64 * 2 ** 20;
/** Most rounds of announcements, and most milliseconds between two. */
const announcementMost = 100_000;

export class QmpSession {
  private readonly stream = new JsonStream();
  private running = true;
  /** Block nodes that were added, by name: their files, or nothing for those over another node. */
  private readonly nodes = new Map<string, string | undefined>();

  constructor(
    private readonly machine: QmpMachine,
    private readonly send: (text: string) => void,
  ) {
    this.tell({ QMP: { version, capabilities: [] } });
  }

  /** Takes a piece of what the client sends. */
  take(piece: string): void {
    for (const text of this.stream.take(piece)) this.execute(text);
  }

  private execute(text: string): void {
    let id: unknown;
    try {
      const request = parsed(text);
      id = request.id;
      const name = request.execute;
      if (typeof name !== 'string') throw new QmpError("QMP input lacks member 'execute'");
      const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
      if (command === undefined) throw new QmpError(`The command ${name} has not been found`, 'CommandNotFound');
      const result = command(this, (request.arguments ?? {}) as Arguments);
      this.tell({ return: result ?? {}, ...(id === undefined ? {} : { id }) });
      if (name === 'quit') this.machine.quit();
    } catch (error) {
      if (!(error instanceof QmpError || error instanceof UserError)) throw error;
      const isUnknown = error instanceof PluggingError && error.isUnknown;
      const errorClass = error instanceof QmpError ? error.errorClass : isUnknown ? 'DeviceNotFound' : 'GenericError';
      this.tell({ error: { class: errorClass, desc: error.message }, ...(id === undefined ? {} : { id }) });
    }
  }

  private tell(message: object): void {
    this.send(`${JSON.stringify(message)}\r\n`);
  }
  private event(name: string, data: object = {}): void {
    const microseconds = this.machine.microseconds();
    const timestamp = { seconds: Math.floor(microseconds / 1e6), microseconds: microseconds % 1e6 };
    this.tell({ event: name, data, timestamp });
  }

  // Commands.

  status(): object {
    return { status: this.running ? 'running' : 'paused', singlestep: false, running: this.running };
  }
  setRunning(running: boolean): void {
    if (this.running === running) return;
    this.running = running;
    this.machine.setRunning(running);
    this.event(running ? 'RESUME' : 'STOP');
  }
  /** A device is gone. */
  deviceDeleted(device: string): void {
    this.event('DEVICE_DELETED', { device, path: `/machine/peripheral/${device}` });
  }
  addDevice(words: Arguments): void {
    this.machine.plugging.add(words);
  }
  removeDevice(words: Arguments): void {
    this.machine.plugging.remove(words);
  }
  blockDevices(): object {
    const about = { type: 'unknown', removable: false, locked: false };
    return this.machine.plugging.names(false).map((device) => ({ device, ...about }));
  }
  blockNodes(): object {
    return this.machine.plugging.names(true).map((name) => ({ 'node-name': name, drv: 'raw', ro: false }));
  }
  /** A request failed on a drive whose errors stop the machine. */
  stopAtError(device: string, operation: string): void {
    this.event('BLOCK_IO_ERROR', { device, operation: operation === 'read' ? 'read' : 'write', action: 'stop' });
    this.setRunning(false);
  }
  /** The human monitor's drives, `qemu-io DRIVE "break EVENT TAG"` and `"resume TAG"`; other lines do nothing. */
  humanCommand({ 'command-line': line }: Arguments): string {
    const [verb, ...rest] = typeof line === 'string' ? line.trim().split(/\s+/) : [];
    if (verb === 'drive_add') return this.machine.plugging.addDrive(rest[1] ?? '');
    if (verb === 'drive_del') return this.machine.plugging.removeDrive(rest[0] ?? '');
    const [, name, command, ...words] = typeof line === 'string' ? line.replaceAll('"', ' ').trim().split(/\s+/) : [];
    if (typeof line !== 'string' || !line.startsWith('qemu-io ')) return '';
    this.driveOf({ id: name });
    const [first = '', tag = ''] = words;
    if (command === 'break' && operationOfEvent(first) !== undefined) this.machine.hold(tag);
    else if (command === 'resume') this.machine.release(first);
    else throw new QmpError(`There is no qemu-io command '${[command, ...words].join(' ')}'`);
    return '';
  }
  /** A watchdog's time is over: what its options say is done, and told. */
  watchdog({ action, reboots }: WatchdogSettings): void {
    this.event('WATCHDOG', { action });
    if (action === 'pause') this.setRunning(false);
    else if (action === 'inject-nmi') this.machine.interrupt();
    else if (action === 'reset' && reboots) {
      this.machine.reset();
      this.event('RESET', { guest: true, reason: 'guest-reset' });
    } else if (action !== 'none' && action !== 'debug') {
      this.event('SHUTDOWN', { guest: true, reason: action === 'reset' ? 'guest-reset' : 'guest-shutdown' });
    }
  }
  reset(): void {
    this.machine.reset();
    this.event('RESET', { guest: false, reason: 'host-qmp-system-reset' });
  }
  quit(): void {
    this.event('SHUTDOWN', { guest: false, reason: 'host-qmp-quit' });
  }
  insert(words: Arguments): void {
    const { name, drive } = this.driveOf(words);
    const { filename } = words;
    if (typeof filename !== 'string') throw new QmpError("Parameter 'filename' is missing");
    const readOnly = words['read-only-mode'] === 'read-only';
    this.machine.insert(drive, filename, !readOnly);
    for (const open of [true, false]) this.event('DEVICE_TRAY_MOVED', { device: '', id: name, 'tray-open': open });
  }
  /** Adds a node for a file. One over another node is there for its name alone: no drive takes it. */
  addNode({ 'node-name': name, driver, file, filename, backing, 'read-only': readOnly }: Arguments): void {
    const path = typeof filename === 'string' ? filename : (file as Arguments | undefined)?.filename;
    if (typeof name !== 'string') throw new QmpError("Parameter 'node-name' is missing");
    const isBlank = String(driverOf(file) ?? driver).startsWith('null-');
    if (typeof path !== 'string' && !isBlank) throw new QmpError("Parameter 'file' names no file");
    if (this.nodes.has(name) || this.machine.drive(name) !== undefined) throw new QmpError(`Duplicate node '${name}'`);
    const isOver = typeof backing === 'string';
    if (isOver && !this.nodes.has(backing) && this.machine.drive(backing) === undefined)
      throw new QmpError(`Cannot find device or node '${backing}'`);
    const source = typeof path === 'string' ? path : { blankBytes: blankNodeBytes };
    if (typeof source === 'string') this.machine.checkImage(source);
    this.nodes.set(name, isOver || typeof source !== 'string' ? undefined : source);
    this.machine.plugging.addNode(name, { source, cdrom: false, writable: readOnly !== true });
  }
  removeNode({ 'node-name': name }: Arguments): void {
    if (!this.nodes.has(String(name))) throw new QmpError(`Failed to find node with node-name='${String(name)}'`);
    this.machine.plugging.removeNode(String(name));
    this.nodes.delete(String(name));
  }
  insertNode(words: Arguments): void {
    const filename = this.nodes.get(String(words['node-name']));
    if (filename === undefined) throw new QmpError(`No node '${String(words['node-name'])}' that a drive could take`);
    this.insert({ ...words, filename });
  }
  eject(words: Arguments): void {
    const { name, drive } = this.driveOf(words);
    this.machine.eject(drive);
    this.event('DEVICE_TRAY_MOVED', { device: '', id: name, 'tray-open': true });
  }
  resize(words: Arguments): void {
    const { drive } = this.driveOf(words);
    const { size } = words;
    if (typeof size !== 'number' || !Number.isInteger(size) || size <= 0 || size > resizedBytesMost || size % 512 !== 0)
      throw new QmpError(`Parameter 'size' expects whole sectors, at most ${resizedBytesMost} bytes`);
    this.machine.resize(drive, size);
  }
  announce(words: Arguments): void {
    const figure = (name: keyof AnnouncementRounds): number => {
      const value = words[name];
      if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= announcementMost) return value;
      throw new QmpError(`Parameter '${name}' expects a number from 0 to ${announcementMost}`);
    };
    const { id } = words;
    const rounds = { rounds: figure('rounds'), initial: figure('initial'), step: figure('step'), max: figure('max') };
    this.machine.announce(typeof id === 'string' ? id : '', rounds);
  }
  private driveOf({ id, device }: Arguments): { readonly name: string; readonly drive: Drive } {
    const name = id ?? device;
    const drive = typeof name === 'string' ? this.machine.drive(name) : undefined;
    if (drive === undefined) throw new QmpError(`Device '${String(name)}' not found`, 'DeviceNotFound');
    return { name: name as string, drive };
  }
}

const driverOf = (file: unknown): unknown =>
  typeof file === 'object' && file !== null ? (file as Arguments).driver : undefined;

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw new QmpError('JSON parse error');
  }
}

const commands: Readonly<Record<string, (session: QmpSession, words: Arguments) => object | string | void>> = {
  qmp_capabilities: () => {},
  'query-version': () => version,
  'query-status': (session) => session.status(),
  'query-machines': () => machines,
  'query-commands': () => Object.keys(commands).map((name) => ({ name })),
  'qom-list-types': () => deviceTypes.map((name) => ({ name, abstract: false, parent: 'device' })),
  stop: (session) => session.setRunning(false),
  cont: (session) => session.setRunning(true),
  system_reset: (session) => session.reset(),
  quit: (session) => session.quit(),
  'blockdev-change-medium': (session, words) => session.insert(words),
  'blockdev-add': (session, words) => session.addNode(words),
  'blockdev-del': (session, words) => session.removeNode(words),
  'blockdev-insert-medium': (session, words) => session.insertNode(words),
  eject: (session, words) => session.eject(words),
  block_resize: (session, words) => session.resize(words),
  device_add: (session, words) => session.addDevice(words),
  device_del: (session, words) => session.removeDevice(words),
  'query-block': (session) => session.blockDevices(),
  'query-named-block-nodes': (session) => session.blockNodes(),
  'announce-self': (session, words) => session.announce(words),
  'human-monitor-command': (session, words) => session.humanCommand(words),
};
