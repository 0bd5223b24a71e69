/** Small guests made of bytes, put into memory where firmware would have loaded a boot sector, and machines that run them. */
import { sha256Hex } from '../../src/base/digest.js';
import { cycle } from '../../src/base/integers.js';
import { createMachine } from '../../src/machine/index.js';
import type { Images, Machine, MachineDescription, MachineSnapshot } from '../../src/machine/machine.js';
import { PageImage } from '../../src/state/pages.js';

/** A disk of 8 cylinders, 16 heads and 63 sectors whose boot sector does nothing but wait. */
const disk = new Uint8Array(8 * 16 * 63 * 512);
disk.set([0xf4, 0xeb, 0xfd]); // again: hlt; jmp again
disk.set([0x55, 0xaa], 510);
/** A floppy of 720 KiB that differs in every sector. */
const floppy = Uint8Array.from({ length: 720 * 1024 }, (_, at) => (at & 0x1ff ? at & 0xff : (at >> 9) & 0xff));

const digests = { disk: sha256Hex(disk), floppy: sha256Hex(floppy) };

/** The images of the media below. */
export const images: Images = new Map([
  [digests.disk, disk],
  [digests.floppy, floppy],
]);
export const diskMedium = { sha256: digests.disk, size: disk.length, writable: true };
export const floppyMedium = { sha256: digests.floppy, size: floppy.length, writable: true };
export const powerOn = { date: 1_700_000_000, seed: 1 };

export const description: MachineDescription = {
  board: 'pc',
  processor: '80386',
  cyclesPerSecond: 50_000_000,
  memoryBytes: 8 << 20,
  boot: 'disk',
  media: { disk0: diskMedium },
};

/** Where a boot sector is loaded, and its first instruction. */
export const bootAddress = 0x7c00;

/** A machine of `description` that has just been switched on. */
export function newMachine(changes: Partial<MachineDescription> = {}): Machine {
  return createMachine({ ...description, ...changes }, images, powerOn);
}

const booted = new Map<MachineDescription['processor'], MachineSnapshot>();

/** The machine at the moment its firmware jumps to the boot sector; firmware runs once for all guests of a processor. */
function bootedSnapshot(processor: MachineDescription['processor']): MachineSnapshot {
  const known = booted.get(processor);
  if (known !== undefined) return known;
  const machine = newMachine({ processor });
  machine.breakpoints = new Set([bootAddress]);
  const stop = machine.run(cycle(100_000_000));
  if (stop.kind !== 'breakpoint') throw new Error(`firmware did not come to the boot sector: ${stop.kind}`);
  const snapshot = machine.save();
  booted.set(processor, snapshot);
  return snapshot;
}

/** A machine about to execute a program at 0000:7c00, its segment registers all zero but CS, interrupts off. */
export function machineWith(
  program: readonly number[],
  more: Readonly<Record<number, readonly number[]>> = {},
  processor = description.processor,
): Machine {
  const machine = newMachine({ processor });
  const { pages, ...others } = bootedSnapshot(processor);
  const memory = pages!.memory!.bytes();
  for (const [address, bytes] of Object.entries(more)) memory.set(bytes, Number(address));
  memory.set([...prologue, ...program], bootAddress);
  machine.load({ ...others, pages: { ...pages, memory: PageImage.of(memory) } });
  return machine;
}

/** Interrupts off, all segments and the stack at known places. */
const prologue = [
  0xfa, // cli
  ...[0x31, 0xc0], // xor ax, ax
  ...[0x8e, 0xd8], // mov ds, ax
  ...[0x8e, 0xc0], // mov es, ax
  ...[0x8e, 0xd0], // mov ss, ax
  ...[0xbc, 0x00, 0x7c], // mov sp, 7c00h
];
/** The first instruction of a program given to {@link machineWith}. */
export const programStart = bootAddress + prologue.length;
/** Cycles from the moment {@link machineWith} gives to the program's first instruction. */
export const prologueCycles = 6;

/** A word as two bytes, low byte first. */
export const word = (value: number): readonly [number, number] => [value & 0xff, (value >> 8) & 0xff];

/** Runs exactly `cycles` more. */
export function runFor(machine: Machine, cycles: number): ReturnType<Machine['run']> {
  return machine.run(cycle(machine.cycle + cycles));
}
