/**
 * Linux on x86: the real-mode set-up code, the kernel, the command line and the initial RAM disk.
 *
 * Source: The Linux/x86 Boot Protocol (Documentation/arch/x86/boot.rst), versions up to 2.15.
 *
 * Not modelled: EFI hand-over, chained setup_data, 64-bit entry.
 */
import { encodeNote } from './note.js';
import { kernelError, type KernelRequest, type Placement } from './plan.js';

/** Offsets in the real-mode header. */
const at = {
  setupSectors: 0x1f1,
  systemSize: 0x1f4,
  videoMode: 0x1fa,
  bootFlag: 0x1fe,
  header: 0x202,
  version: 0x206,
  loaderType: 0x210,
  loadFlags: 0x211,
  moveSize: 0x212,
  code32Start: 0x214,
  diskAddress: 0x218,
  diskSize: 0x21c,
  heapEnd: 0x224,
  commandLine: 0x228,
  diskAddressMax: 0x22c,
  commandLineMax: 0x238,
  initialSize: 0x260,
} as const;

const signature = 0x53726448; // HdrS
const bootFlag = 0xaa55;
const loadedHigh = 0x01;
const canUseHeap = 0x80;
/** A loader that has no number of its own. */
const unknownLoader = 0xff;
const sector = 512;
const highKernel = 0x100000;
const lowKernel = 0x10000;
const page = 4096;
/** What an initial RAM disk may reach when the kernel does not say. */
const oldDiskAddressMax = 0x37ffffff;
/** Kernels before 2.02 find their command line by these, in the boot sector. */
const oldCommandLine = { magicAt: 0x20, magic: 0xa33f, offsetAt: 0x22 } as const;

interface Layout {
  /** Where the real-mode part goes. */
  readonly setup: number;
  readonly commandLine: number;
  readonly heapEnd: number;
}
/** High kernels leave low memory alone; the others take everything from 10000h to 90000h. */
const layouts = {
  high: { setup: 0x10000, commandLine: 0x20000, heapEnd: 0xfe00 },
  low: { setup: 0x90000, commandLine: 0x99000, heapEnd: 0x9000 },
} as const satisfies Record<string, Layout>;

export function planLinux(request: KernelRequest): Placement[] {
  const { image } = request;
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (image.length < 2 * sector || view.getUint16(at.bootFlag, true) !== bootFlag) {
    throw kernelError('it has no boot sector of the Linux protocol', 'Give a bzImage or zImage.');
  }
  const version = view.getUint32(at.header, true) === signature ? view.getUint16(at.version, true) : 0;
  const setupBytes = ((image[at.setupSectors]! || 4) + 1) * sector;
  if (image.length <= setupBytes) throw kernelError('it ends inside its set-up code', 'Give the whole image.');
  const isHigh = version >= 0x200 && (image[at.loadFlags]! & loadedHigh) !== 0;
  const layout: Layout = isHigh && version >= 0x202 ? layouts.high : layouts.low;
  const kernel: Placement = { address: isHigh ? highKernel : lowKernel, bytes: image.subarray(setupBytes) };
  if (!isHigh && kernel.bytes.length > layout.setup - lowKernel) {
    throw kernelError(`${kernel.bytes.length} bytes do not fit below 640 KiB`, 'Build it as a bzImage.');
  }

  const setup = image.slice(0, setupBytes);
  const header = new DataView(setup.buffer);
  const line = placeCommandLine(request, header, layout, version);
  const disk = placeDisk(request, view, kernel, version);
  if (version >= 0x200) {
    setup[at.loaderType] = unknownLoader;
    if (disk !== undefined) {
      header.setUint32(at.diskAddress, disk.address, true);
      header.setUint32(at.diskSize, disk.bytes.length, true);
    }
  }
  if (version >= 0x201) {
    setup[at.loadFlags]! |= canUseHeap;
    header.setUint16(at.heapEnd, layout.heapEnd - 0x200, true);
  }
  const note = encodeNote({ kind: 'linux', entry: layout.setup >> 4, stack: layout.heapEnd });
  return [note, { address: layout.setup, bytes: setup }, line, kernel, ...(disk === undefined ? [] : [disk])];
}

function placeCommandLine(request: KernelRequest, header: DataView, layout: Layout, version: number): Placement {
  const text = new TextEncoder().encode(`${request.commandLine}\0`);
  const most = version >= 0x206 ? header.getUint32(at.commandLineMax, true) : 255;
  if (text.length - 1 > most) {
    throw kernelError(`its command line may have ${most} bytes, not ${text.length - 1}`, 'Shorten kernel.commandLine.');
  }
  if (version >= 0x202) header.setUint32(at.commandLine, layout.commandLine, true);
  else {
    header.setUint16(oldCommandLine.magicAt, oldCommandLine.magic, true);
    header.setUint16(oldCommandLine.offsetAt, layout.commandLine - layout.setup, true);
    if (version >= 0x200) header.setUint16(at.moveSize, layout.commandLine - layout.setup + text.length, true);
  }
  const mode = /(?:^| )vga=(\S+)/.exec(request.commandLine)?.[1];
  if (mode !== undefined) header.setUint16(at.videoMode, videoMode(mode), true);
  return { address: layout.commandLine, bytes: text };
}

/** The boot loader, not the kernel, understands `vga=`. */
function videoMode(text: string): number {
  const named: Readonly<Record<string, number>> = { normal: 0xffff, ext: 0xfffe, ask: 0xfffd };
  const mode = named[text] ?? Number(text);
  if (Number.isInteger(mode) && mode >= 0 && mode <= 0xffff) return mode;
  throw kernelError(`'vga=${text}' is no mode`, 'Give a number such as 0x318, or normal, ext or ask.');
}

/** The initial RAM disk goes as high as the kernel can reach, for the kernel spreads out from below. */
function placeDisk(
  request: KernelRequest,
  header: DataView,
  kernel: Placement,
  version: number,
): Placement | undefined {
  const { modules, memoryEnd } = request;
  const [disk] = modules;
  if (disk === undefined) return undefined;
  if (modules.length > 1) throw kernelError('it takes one initial RAM disk', 'Give one module, or join the archives.');
  if (version < 0x200) throw kernelError('it is too old for an initial RAM disk', 'Leave the module out.');
  const most = version >= 0x203 ? header.getUint32(at.diskAddressMax, true) : oldDiskAddressMax;
  const end = Math.min(memoryEnd, most + 1);
  const address = Math.floor((end - disk.bytes.length) / page) * page;
  const size = version >= 0x20a ? header.getUint32(at.initialSize, true) : kernel.bytes.length;
  const kernelEnd = highKernel + Math.max(size, kernel.bytes.length);
  if (address < kernelEnd) {
    throw kernelError(
      `kernel and initial RAM disk need ${kernelEnd + disk.bytes.length} bytes of memory, not ${memoryEnd}`,
      'Give the machine more memory.',
    );
  }
  return { address, bytes: disk.bytes };
}
