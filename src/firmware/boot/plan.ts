/**
 * What a boot loader does with a kernel, as data: bytes and where they go in memory, and a note that tells the firmware how to
 * start what they are. The firmware asks for all of it after POST, so its own services are there for the kernel's set-up code.
 */
import { UserError } from '../../base/errors.js';
import { planLinux } from './linux.js';
import { planMultiboot } from './multiboot.js';
import type { KernelProtocol } from './protocols.js';

/** A module, or Linux's initial RAM disk. */
export interface KernelModule {
  readonly bytes: Uint8Array;
  readonly commandLine?: string;
}

export interface KernelRequest {
  readonly protocol: KernelProtocol;
  readonly image: Uint8Array;
  readonly modules: readonly KernelModule[];
  readonly commandLine: string;
  /** The first byte behind memory that a kernel may use: the firmware's tables follow. */
  readonly memoryEnd: number;
}

/** Bytes and the physical address that they are placed at. */
export interface Placement {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Memory that the firmware uses while it starts a kernel; nothing may be placed there. */
const firmwareMemory = [
  { start: 0, end: 0x8000, what: 'vectors, stack and the note' },
  { start: 0x9fc00, end: 0x100000, what: 'the EBDA, the display and ROMs' },
] as const;
/** What the 32-bit part takes too, which starts Multiboot kernels. */
const setupMemory = { start: 0x70000, end: 0x80000, what: "the firmware's variables" } as const;

/** Plans how a kernel is placed and started; a kernel that cannot be is a {@link UserError}. */
export function planBoot(request: KernelRequest): readonly Placement[] {
  const isLinux = request.protocol === 'linux';
  const placements = isLinux ? planLinux(request) : planMultiboot(request, request.protocol);
  const taken: readonly MemoryTaken[] = isLinux ? firmwareMemory : [...firmwareMemory, setupMemory];
  for (const placement of placements.slice(1)) check(placement, request.memoryEnd, taken);
  return placements;
}

interface MemoryTaken {
  readonly start: number;
  readonly end: number;
  readonly what: string;
}

function check({ address, bytes: { length } }: Placement, memoryEnd: number, all: readonly MemoryTaken[]): void {
  const end = address + length;
  if (end > memoryEnd) {
    throw kernelError(`it reaches to 0x${end.toString(16)}, behind the end of memory`, 'Give the machine more memory.');
  }
  const taken = all.find((region) => address < region.end && end > region.start);
  if (taken === undefined || length === 0) return;
  throw kernelError(
    `a part of it wants 0x${address.toString(16)} to 0x${end.toString(16)}, where there is ${taken.what}`,
    'Link it at 1 MiB or higher.',
  );
}

/** The error of a kernel image that cannot be started. */
export function kernelError(problem: string, nextStep: string): UserError {
  return new UserError(`the kernel cannot be started: ${problem}`, { place: 'kernel.image', nextStep });
}
