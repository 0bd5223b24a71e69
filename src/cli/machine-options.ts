/** The options that describe a machine: a board by name, or a JSON file, and what goes into it. */
import { UserError } from '../base/errors.js';
import { isFloppySize } from '../host/describe-machine.js';
import { openImage, type OpenImage } from '../host/images.js';
import { checkRequest, type MachineRequest, readMachineFile } from '../host/machine-request.js';
import { boards, bootDevices, displays, drives, quirkSets } from '../machine/machine.js';
import { devicesFrom } from './device-options.js';

const image = (describe: string) => ({ type: 'string', describe }) as const;

/** Options in yargs' notation. */
export const machineOptions = {
  machine: { type: 'string', describe: `The board (${boards.join(', ')}), or a JSON file that describes a machine` },
  memory: { type: 'string', describe: 'Memory: 4M, 16M, 1G …' },
  processor: { type: 'string', describe: 'The processor: 80386, 80486, pentium … pentium3, pentiumM' },
  image: image('An image to boot: a floppy by its size, a CD-ROM by its contents, a disk otherwise'),
  floppy: image('Image in floppy drive A'),
  'floppy-b': image('Image in floppy drive B'),
  disk: image('Image of the first disk'),
  disk1: image('Image of the second disk'),
  cdrom: image('Image in the first CD-ROM drive'),
  drive: { type: 'string', array: true, describe: `Image in any drive, as DRIVE=FILE: ${drives.join(', ')}` },
  boot: { choices: bootDevices, describe: 'What is tried first' },
  kernel: image('A kernel to start: Linux or Multiboot'),
  initrd: image("Linux's initial RAM disk"),
  bios: image('Firmware or a test ROM in place of the built-in firmware: its end is at the reset vector'),
  append: { type: 'string', describe: "The kernel's command line" },
  display: { choices: displays, describe: 'The display adapter' },
  network: { type: 'string', array: true, describe: 'A network card, as CARD or CARD=NETWORK (built-in, live, none)' },
  serve: { type: 'string', describe: "A folder that the built-in network's servers offer" },
  'boot-file': { type: 'string', describe: "The file, or URL, whose name the built-in network's DHCP gives" },
  mouse: { type: 'boolean', describe: 'A PS/2 mouse' },
  quirks: { choices: quirkSets, describe: "Whose ways chips follow that are not their data sheets': qemu" },
  hpet: { type: 'boolean', describe: 'High precision event timers: --no-hpet leaves those of i440fx out' },
  device: {
    type: 'string',
    array: true,
    describe:
      'A component by its name, or for kernels under test: isa-debug-exit[,iobase=0xf4,iosize=4], isa-debugcon[,iobase=0xe9], fw-cfg, post-card[,port=0x80], pc-testdev',
  },
  'fw-cfg': {
    type: 'string',
    array: true,
    describe:
      'A file of the firmware configuration: name=opt/mine/level,string=3 or name=opt/mine/table,file=table.bin',
  },
} as const;

/** What the parser makes of {@link machineOptions}. */
export interface MachineArguments {
  readonly machine?: string | undefined;
  readonly memory?: string | undefined;
  readonly processor?: string | undefined;
  readonly image?: string | undefined;
  readonly floppy?: string | undefined;
  readonly floppyB?: string | undefined;
  readonly disk?: string | undefined;
  readonly disk1?: string | undefined;
  readonly cdrom?: string | undefined;
  readonly drive?: readonly string[] | undefined;
  readonly boot?: string | undefined;
  readonly kernel?: string | undefined;
  readonly initrd?: string | undefined;
  readonly bios?: string | undefined;
  readonly append?: string | undefined;
  readonly display?: string | undefined;
  readonly network?: readonly string[] | undefined;
  readonly serve?: string | undefined;
  readonly bootFile?: string | undefined;
  readonly mouse?: boolean | undefined;
  readonly quirks?: string | undefined;
  readonly hpet?: boolean | undefined;
  readonly device?: readonly string[] | undefined;
  readonly fwCfg?: readonly string[] | undefined;
}

/** The volume descriptor of a CD-ROM (ECMA-119, section 8.1): its identifier stands in the second byte of sector 16. */
const volumeIdentifierAt = 16 * 2048 + 1;
const volumeIdentifier = 'CD001';

function roleOf({ source, size }: OpenImage): 'floppyA' | 'cdrom0' | 'disk0' {
  if (isFloppySize(size)) return 'floppyA';
  const identifier = new Uint8Array(volumeIdentifier.length);
  source.read(volumeIdentifierAt, identifier);
  return String.fromCharCode(...identifier) === volumeIdentifier ? 'cdrom0' : 'disk0';
}

/** `NAME=VALUE` as a pair; the value is undefined without `=`. */
function pair(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** The machine that some options ask for; options go before what a file says. Throws UserError. */
export function requestFrom(options: MachineArguments): MachineRequest {
  const { machine, image: file, floppy, floppyB, disk, disk1, cdrom, drive = [], append, serve, mouse } = options;
  const { memory, processor, boot, kernel, initrd, display, hpet, quirks } = options;
  const said: Record<string, unknown> = {
    ...{ floppyA: floppy, floppyB, disk0: disk, disk1, cdrom0: cdrom },
    ...{ memory, processor, boot, kernel, initrd, display, hpet, quirks, commandLine: append, served: serve },
    ...{ mouse: mouse === undefined ? undefined : mouse ? 'ps2' : 'none' },
    firmware: options.bios === undefined ? undefined : { bios: options.bios },
    ...devicesFrom(options.device ?? [], options.fwCfg ?? []),
    builtInNetwork: options.bootFile === undefined ? undefined : { bootFile: options.bootFile },
    network: options.network?.map((text) => {
      const [card, network] = pair(text);
      return network === undefined ? card : { card, network };
    }),
  };
  for (const text of drive) {
    const [role, path] = pair(text);
    if (path === undefined) {
      throw new UserError(`"${text}" names no image`, { place: '--drive', nextStep: 'Give --drive scsi0=disk.img.' });
    }
    said[role] = path;
  }
  if (file !== undefined) {
    const role = roleOf(openImage(file));
    if (said[role] !== undefined) {
      throw new UserError(`two images for ${role}`, { file, nextStep: 'Give --image, or --floppy and --disk.' });
    }
    said[role] = file;
  }
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  return { ...baseOf(machine), ...checkRequest(given, 'the command line') };
}

function baseOf(machine: string | undefined): MachineRequest {
  if (machine === undefined) return {};
  const board = boards.find((each) => each === machine);
  if (board !== undefined) return { board };
  if (/[./\\]/.test(machine)) return readMachineFile(machine);
  throw new UserError(`there is no board "${machine}"`, {
    place: '--machine',
    nextStep: `Boards: ${boards.join(', ')}. A file ends in .json.`,
  });
}
