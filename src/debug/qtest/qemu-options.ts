/**
 * QEMU's command line, as its test programs start it, as a machine of ours. Options that change nothing a test could see are
 * passed over; what cannot be had is refused, as QEMU refuses what it was not built with.
 *
 * Source: QEMU, "Invocation" (System Emulation, User's Guide).
 */
import type { SetUp } from './session.js';
import { Assembly, type QemuMachine } from './qemu-assembly.js';
import { properties, refuse } from './qemu-drives.js';

/** What a command line asks for. */
export interface QemuCommand {
  /** Sockets to connect to. */
  readonly qtestSocket: string | undefined;
  readonly qmpSockets: readonly string[];
  /** Absent for the machine `none`. */
  readonly machine: QemuMachine | undefined;
  /** Whether the processor runs, instead of leaving the board to the test program. */
  readonly runs: boolean;
  /** What a set-up program has left in the clock's memory, and what it leaves there at the first reset. */
  readonly setUp: { readonly first: SetUp; readonly afterReset: SetUp };
}

/** Options that say how QEMU runs, not what the machine is; `true` where a value follows. */
const passedOver: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(
    ['nodefaults', 'nographic', 'no-shutdown', 'no-reboot', 'S', 'no-acpi', 'no-hpet'].map((name) => [name, false]),
  ),
  ...Object.fromEntries(
    [
      ...[
        'qtest-log',
        'display',
        'audio',
        'audiodev',
        'rtc',
        'smp',
        'serial',
        'monitor',
        'parallel',
        'trace',
        'd',
        'D',
      ],
      ...['cpu', 'net', 'object', 'name', 'pidfile', 'uuid', 'usb', 'k', 'msg', 'sandbox'],
    ].map((name) => [name, true]),
  ),
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

const pcMachine = /^(pc|pc-i440fx-[\d.]+)$/;

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
  readonly accelerators: string[] = [];
  readonly characterDevices = new Map<string, string>();
  readonly monitors: string[] = [];

  boot(text: string): void {
    const all = properties(text, 'order');
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
  chardev(value, _, settings) {
    const all = properties(value, 'backend');
    settings.characterDevices.set(all.get('id') ?? '', all.get('path') ?? '');
  },
  mon(value, _, settings) {
    const all = properties(value, 'chardev');
    if (all.get('mode') === 'control') settings.monitors.push(all.get('chardev') ?? '');
  },
  machine(value, _, settings) {
    settings.machineName = properties(value, 'type').get('type') ?? settings.machineName;
  },
  accel: (value, _, settings) => void settings.accelerators.push(properties(value, 'accel').get('accel') ?? ''),
  boot: (value, _, settings) => settings.boot(value),
  m: (value, assembly) => void (assembly.memory = memory(value)),
  vga: (value, assembly) => void (assembly.display = value === 'std' ? 'vbe' : 'vga'),
  bios: (value, assembly) => void (assembly.bios = value),
  drive: (value, assembly) => assembly.drive(value),
  blockdev: (value, assembly) => assembly.blockDevice(value),
  device: (value, assembly) => assembly.device(value),
  global: (value, assembly) => assembly.global(value),
  netdev: (value, assembly) => assembly.networkBackEnd(value),
};
const synonyms: Readonly<Record<string, string>> = { M: 'machine' };

/** Reads a command line. Throws {@link UserError} for what cannot be had. */
export function parseQemuCommand(words: readonly string[]): QemuCommand {
  const assembly = new Assembly();
  const settings = new Settings();
  for (let at = 0; at < words.length; at++) {
    const name = words[at]!.replace(/^--?/, '');
    const option = synonyms[name] ?? name;
    if (option === 'no-fd-bootchk') settings.checksFloppy = false;
    if (option === 'no-fd-bootchk' || passedOver[option] === false) continue;
    const value = words[++at];
    if (value === undefined) refuse(words[at - 1]!, 'a value is missing');
    if (passedOver[option]) continue;
    if (Object.hasOwn(options, option)) options[option]!(value, assembly, settings);
    else if (Object.hasOwn(legacyDrives, option)) assembly.drive(`${legacyDrives[option]},file=${value}`);
    else refuse(words[at - 1]!, 'there is no such option');
  }
  return commandOf(assembly.finish(), settings);
}

function commandOf(machine: QemuMachine, settings: Settings): QemuCommand {
  const { machineName, monitors, characterDevices, order, once = order } = settings;
  if (machineName !== 'none' && !pcMachine.test(machineName))
    refuse('-machine', `there is no machine "${machineName}"`);
  return {
    qtestSocket: settings.qtestSocket,
    qmpSockets: monitors.map((name) => characterDevices.get(name) ?? refuse('-mon', `there is no device "${name}"`)),
    machine: machineName === 'none' ? undefined : machine,
    runs: settings.accelerators[0] !== undefined && settings.accelerators[0] !== 'qtest',
    setUp: {
      first: [...settings.bootOrder(once), ...translationBits(machine)],
      afterReset: settings.bootOrder(order),
    },
  };
}

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
