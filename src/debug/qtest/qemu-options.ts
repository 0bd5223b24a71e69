/**
 * QEMU's command line, as its test programs start it, as a machine of ours. Options that change nothing a test could see are
 * passed over; what cannot be had is refused, as QEMU refuses what it was not built with.
 *
 * Source: QEMU, "Invocation" (System Emulation, User's Guide).
 */
import type { SetUp } from './session.js';
import { isWatchdogAction, type WatchdogAction, type WatchdogSettings } from './watchdog-actions.js';
import { Assembly, type QemuMachine } from './qemu-assembly.js';
import { properties, refuse } from './qemu-drives.js';
import { FirmwareSettings, type QemuFirmware } from './firmware-settings.js';
import { type OutputLine, OutputLines } from './output-lines.js';
import { StandIns } from './stand-ins.js';

/** What a command line asks for. */
export interface QemuCommand {
  /** Sockets to connect to. */
  readonly qtestSocket: string | undefined;
  readonly qmpSockets: readonly string[];
  /** Absent for the machine `none`. */
  readonly machine: QemuMachine | undefined;
  /** The board of ours that this machine is. */
  readonly board: 'pc' | 'i440fx';
  /** What is done when a watchdog's time is over. */
  readonly watchdog: WatchdogSettings;
  /** Whether it has high precision event timers. */
  readonly hpet: boolean;
  /** One of our processors, where QEMU has one by its name. */
  readonly processor: string | undefined;
  readonly firmware: QemuFirmware;
  readonly kernel: QemuKernel | undefined;
  /** Files into which outputs go. */
  readonly outputs: ReadonlyMap<OutputLine, string>;
  /** What was asked for, and what stood in for it. */
  readonly notes: readonly string[];
  /** Whether the processor runs, instead of leaving the board to the test program. */
  readonly runs: boolean;
  /** What a set-up program has left in the clock's memory, and what it leaves there at the first reset. */
  readonly setUp: { readonly first: SetUp; readonly afterReset: SetUp };
}

/** A kernel that is started without a boot sector: paths, and its command line. */
export interface QemuKernel {
  readonly kernel: string;
  readonly initrd?: string;
  readonly commandLine?: string;
}

/** Options that say how QEMU runs, not what the machine is; `true` where a value follows. */
const passedOver: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(
    ['nodefaults', 'no-user-config', 'no-shutdown', 'S', 'no-acpi', 'snapshot', 'usb'].map((name) => [name, false]),
  ),
  ...Object.fromEntries(
    [
      ...['qtest-log', 'display', 'audio', 'audiodev', 'rtc', 'monitor', 'parallel', 'trace', 'd', 'D', 'dfilter'],
      ...['net', 'name', 'pidfile', 'k', 'msg', 'sandbox', 'L', 'overcommit'],
    ].map((name) => [name, true]),
  ),
};

/** Objects beside the machine that change nothing a test could see. */
const passedOverObjects = /^(rng-builtin|rng-random|rng-egd|iothread|throttle-group|secret)$/;

/** Processors by QEMU's names where ours have them; any other leaves the usual one. */
const processors: Readonly<Record<string, string>> = {
  ...{ 486: '80486', pentium: 'pentium', pentium2: 'pentium2', pentium3: 'pentium3' },
};

const legacyDrives: Readonly<Record<string, string>> = {
  fda: 'if=floppy,index=0',
  fdb: 'if=floppy,index=1',
  hda: 'if=ide,index=0',
  hdb: 'if=ide,index=1',
  hdc: 'if=ide,index=2',
  hdd: 'if=ide,index=3',
  cdrom: 'if=ide,index=2,media=cdrom',
};

/** Machines by what our boards are; versions of one are the same to us. */
const boards: Readonly<Record<string, 'pc' | 'i440fx'>> = { pc: 'i440fx', isapc: 'pc' };
const unversioned = (name: string): string =>
  name.replace(/^pc-i440fx-[\d.]+$/, 'pc').replace(/^pc-q35-[\d.]+$/, 'q35');

/** Boot devices by QEMU's letters, as the clock's memory codes them. */
const bootCodes: Readonly<Record<string, number>> = { a: 1, b: 1, c: 2, d: 3, n: 4 };
const bootDefault = 'cad';

/** What the options say that is not a part of the machine. */
class Settings {
  qtestSocket: string | undefined;
  machineName = 'pc';
  order = bootDefault;
  once: string | undefined;
  checksFloppy = true;
  hpet = true;
  reboots = true;
  watchdog: WatchdogAction = 'reset';
  processor: string | undefined;
  kernel: string | undefined;
  initrd: string | undefined;
  commandLine: string | undefined;
  readonly accelerators: string[] = [];
  readonly monitors: string[] = [];
  readonly firmware = new FirmwareSettings();
  readonly lines = new OutputLines();

  setWatchdog(action: string): void {
    if (!isWatchdogAction(action)) refuse('-watchdog-action', `there is no action "${action}"`);
    this.watchdog = action;
  }
  boot(text: string): void {
    const all = properties(text, 'order');
    this.firmware.boot(all);
    this.order = all.get('order') ?? this.order;
    this.once = all.get('once') ?? this.once;
  }
  /** Bytes 38h and 3Dh: what is booted from. */
  bootOrder(letters: string): SetUp {
    const [first = 0, second = 0, third = 0] = [...letters].map((letter) => bootCodes[letter] ?? 0);
    return [
      { at: 0x3d, value: (second << 4) | first },
      { at: 0x38, value: (third << 4) | (this.checksFloppy ? 0 : 1) },
    ];
  }
}

type Take = (value: string, assembly: Assembly, settings: Settings) => void;

/** Options with a value. */
const options: Readonly<Record<string, Take>> = {
  qtest(value, _, settings) {
    settings.qtestSocket = value.replace(/^unix:/, '').split(',')[0];
  },
  chardev: (value, _, settings) => settings.lines.device(value),
  mon(value, _, settings) {
    const all = properties(value, 'chardev');
    if (all.get('mode') === 'control') settings.monitors.push(all.get('chardev') ?? '');
  },
  machine(value, _, settings) {
    const all = properties(value, 'type');
    settings.machineName = all.get('type') ?? settings.machineName;
    settings.firmware.machine(all);
    if (all.has('hpet')) settings.hpet = all.get('hpet') === 'on';
    const processors = all.get('smp') ?? all.get('smp.cpus') ?? '1';
    if (processors !== '1') refuse('-machine', 'there is one processor');
    const accelerator = all.get('accel');
    if (accelerator !== undefined) settings.accelerators.push(...accelerator.split(':'));
  },
  accel: (value, _, settings) => void settings.accelerators.push(properties(value, 'accel').get('accel') ?? ''),
  boot: (value, _, settings) => settings.boot(value),
  m: (value, assembly) => void (assembly.memory = memory(value)),
  vga: (value, assembly) => void (assembly.display = value === 'std' ? 'vbe' : 'vga'),
  bios: (value, _, settings) => void (settings.firmware.bios = value),
  fw_cfg: (value, _, settings) => settings.firmware.configurationFile(value),
  uuid: (value, _, settings) => void (settings.firmware.uuid = value),
  serial: (value, _, settings) => settings.lines.serial(value),
  debugcon: (value, assembly) => assembly.debugConsole('-debugcon', value),
  cpu: (value, _, settings) => void (settings.processor = processors[value.split(',')[0]!]),
  smp(value) {
    const all = properties(value, 'cpus');
    if (!['cpus', 'maxcpus'].every((name) => Number(all.get(name) ?? 1) === 1))
      refuse('-smp', 'there is one processor');
  },
  kernel: (value, _, settings) => void (settings.kernel = value),
  initrd: (value, _, settings) => void (settings.initrd = value),
  append: (value, _, settings) => void (settings.commandLine = value),
  action: (value, _, settings) =>
    settings.setWatchdog(properties(value, 'watchdog').get('watchdog') ?? settings.watchdog),
  'watchdog-action': (value, _, settings) => settings.setWatchdog(value),
  object(value) {
    const type = properties(value, 'qom-type').get('qom-type') ?? '';
    if (!passedOverObjects.test(type)) refuse('-object', `there is no object "${type}"`);
  },
  drive: (value, assembly) => assembly.drive(value),
  blockdev: (value, assembly) => assembly.blockDevice(value),
  device: (value, assembly) => assembly.device(value),
  global: (value, assembly) => assembly.global(value),
  netdev: (value, assembly) => assembly.networkBackEnd(value),
  nic: (value, assembly) => assembly.card(value),
};
const synonyms: Readonly<Record<string, string>> = { M: 'machine', fw: 'fw_cfg' };
/** Options without a value that say something. */
const flags: Readonly<Record<string, (settings: Settings) => void>> = {
  'no-fd-bootchk': (settings) => void (settings.checksFloppy = false),
  'no-reboot': (settings) => void (settings.reboots = false),
  'no-hpet': (settings) => void (settings.hpet = false),
  nographic: (settings) => settings.firmware.withoutGraphics(),
  'enable-kvm': (settings) => void settings.accelerators.push('kvm'),
};

/** Reads a command line; `standIns` such as `q35=pc` say what takes another's place. Throws {@link UserError} for what cannot be had. */
export function parseQemuCommand(words: readonly string[], standIns: readonly string[] = []): QemuCommand {
  const settings = new Settings();
  const places = new StandIns(standIns);
  const assembly = new Assembly(places, settings.lines);
  for (let at = 0; at < words.length; at++) {
    const name = words[at]!.replace(/^--?/, '');
    const option = synonyms[name] ?? name;
    if (Object.hasOwn(flags, option)) flags[option]!(settings);
    if (Object.hasOwn(flags, option) || passedOver[option] === false) continue;
    const isKnown = [options, legacyDrives, passedOver].some((known) => Object.hasOwn(known, option));
    if (!isKnown) refuse(words[at]!, 'there is no such option');
    const value = words[++at];
    if (value === undefined) refuse(words[at - 1]!, 'a value is missing');
    if (Object.hasOwn(options, option)) options[option]!(value, assembly, settings);
    else if (Object.hasOwn(legacyDrives, option)) assembly.drive(`${legacyDrives[option]},file=${value}`);
  }
  return commandOf(assembly.finish(), settings, places);
}

function commandOf(machine: QemuMachine, settings: Settings, standIns: StandIns): QemuCommand {
  const { machineName, monitors, lines, order, once = order, firmware, processor, kernel } = settings;
  const name = standIns.take(unversioned(machineName));
  const board = boards[name];
  if (name !== 'none' && board === undefined) {
    const hint = name === 'q35' ? '; tsvm-test qtest --stand-in q35=pc lets the board pc stand in' : '';
    refuse('-machine', `there is no machine "${machineName}"${hint}`);
  }
  return {
    qtestSocket: settings.qtestSocket,
    qmpSockets: monitors.map((id) => lines.socketOf(id)),
    machine: name === 'none' ? undefined : machine,
    board: board ?? 'i440fx',
    // Firmware for QEMU's ISA PC takes a newer processor than that board's usual one.
    watchdog: { action: settings.watchdog, reboots: settings.reboots },
    hpet: settings.hpet && board === 'i440fx',
    processor: processor ?? (board === 'pc' ? 'pentium3' : undefined),
    firmware: firmware.finish(),
    kernel: kernel === undefined ? undefined : kernelOf(kernel, settings),
    outputs: lines.files(),
    notes: standIns.notes,
    runs: settings.accelerators[0] !== undefined && settings.accelerators[0] !== 'qtest',
    setUp: {
      first: [...settings.bootOrder(once), ...translationBits(machine)],
      afterReset: settings.bootOrder(order),
    },
  };
}

const kernelOf = (kernel: string, { initrd, commandLine }: Settings): QemuKernel => ({
  kernel,
  ...(initrd !== undefined && { initrd }),
  ...(commandLine !== undefined && { commandLine }),
});

/** Byte 39h: how disks are to be translated, two bits for each of the four places. */
function translationBits({ translations }: QemuMachine): SetUp {
  return [...translations].map(([drive, value]) => {
    const shift = 2 * Number(drive.slice(-1));
    return { at: 0x39, value: value << shift, mask: 3 << shift };
  });
}

function memory(value: string): string {
  const size = properties(value, 'size').get('size') ?? '128M';
  return /^\d+$/.test(size) ? `${size}M` : size;
}
