/**
 * A 32-bit ELF executable as boot loaders see it: what goes where, and the sections that are not loaded.
 *
 * Source: Tool Interface Standard (TIS) Executable and Linking Format 1.2, chapter 1.
 */
import { kernelError, type Placement } from './plan.js';

const magic = 0x464c457f;
const intel386 = 3;
const loadable = 1;
const noBits = 8;

export interface Elf {
  readonly entry: number;
  /** Bytes to place, zeros of uninitialised data included. */
  readonly segments: readonly Placement[];
  /** The section headers as in the file, and the bytes of sections that have no address of their own. */
  readonly sections: {
    readonly count: number;
    readonly entryBytes: number;
    readonly nameIndex: number;
    readonly headers: Uint8Array;
    readonly loose: readonly { readonly index: number; readonly bytes: Uint8Array }[];
  };
}

/** Whether an image begins as an ELF file does. */
export function isElf(image: Uint8Array): boolean {
  return image.length >= 52 && new DataView(image.buffer, image.byteOffset).getUint32(0, true) === magic;
}

export function parseElf(image: Uint8Array, memoryEnd: number): Elf {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (!isElf(image) || image[4] !== 1 || image[5] !== 1 || view.getUint16(18, true) !== intel386) {
    throw kernelError('it is no 32-bit ELF file for the i386', 'Link it with -m elf_i386, or give it address fields.');
  }
  const entry = view.getUint32(24, true);
  const segments = readSegments(image, view, memoryEnd);
  if (segments.length === 0) throw kernelError('it has nothing to load', 'Link it into an executable file.');
  return { entry: physicalEntry(view, entry), segments, sections: readSections(image, view) };
}

function slice(image: Uint8Array, offset: number, length: number, what: string): Uint8Array {
  if (offset + length > image.length) throw kernelError(`${what} reaches behind its end`, 'Give the whole image.');
  return image.subarray(offset, offset + length);
}

function headersOf(image: Uint8Array, view: DataView, offsetAt: number, sizeAt: number, bytesMin: number): number[] {
  const offset = view.getUint32(offsetAt, true);
  const entryBytes = view.getUint16(sizeAt, true);
  const count = view.getUint16(sizeAt + 2, true);
  if (offset === 0 || count === 0) return [];
  if (entryBytes < bytesMin) throw kernelError('its headers are too short', 'Give an ELF file as linkers write it.');
  slice(image, offset, count * entryBytes, 'a table of headers');
  return Array.from({ length: count }, (_, index) => offset + index * entryBytes);
}

const programHeaders = (image: Uint8Array, view: DataView): number[] => headersOf(image, view, 28, 42, 32);

function readSegments(image: Uint8Array, view: DataView, memoryEnd: number): Placement[] {
  const segments: Placement[] = [];
  for (const header of programHeaders(image, view)) {
    const field = (offset: number): number => view.getUint32(header + offset, true);
    if (field(0) !== loadable || field(20) === 0) continue;
    const [address, fileBytes, memoryBytes] = [field(12), field(16), field(20)];
    if (address + memoryBytes > memoryEnd) {
      throw kernelError(
        `it reaches to 0x${(address + memoryBytes).toString(16)}, behind the end of memory`,
        'Give the machine more memory.',
      );
    }
    const bytes = new Uint8Array(memoryBytes);
    bytes.set(slice(image, field(4), Math.min(fileBytes, memoryBytes), 'a segment'));
    segments.push({ address, bytes });
  }
  return segments;
}

/** Kernels linked at high addresses name their entry there; it is meant where its segment is loaded. */
function physicalEntry(view: DataView, entry: number): number {
  const image = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (const header of programHeaders(image, view)) {
    const field = (offset: number): number => view.getUint32(header + offset, true);
    if (field(0) !== loadable) continue;
    const within = entry - field(8);
    if (within >= 0 && within < field(20)) return field(12) + within;
  }
  return entry;
}

function readSections(image: Uint8Array, view: DataView): Elf['sections'] {
  const offsets = headersOf(image, view, 32, 46, 40);
  const entryBytes = view.getUint16(46, true);
  const loose: { index: number; bytes: Uint8Array }[] = [];
  offsets.forEach((header, index) => {
    const field = (offset: number): number => view.getUint32(header + offset, true);
    if (index === 0 || field(12) !== 0 || field(4) === noBits || field(20) === 0) return;
    loose.push({ index, bytes: slice(image, field(16), field(20), 'a section') });
  });
  const headers =
    offsets.length === 0
      ? new Uint8Array()
      : slice(image, offsets[0]!, offsets.length * entryBytes, 'a table of headers');
  return { count: offsets.length, entryBytes, nameIndex: view.getUint16(50, true), headers, loose };
}
