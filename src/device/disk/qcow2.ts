/**
 * QEMU's copy-on-write image format, read only: versions 2 and 3, compressed clusters (zlib), zero clusters, backing files.
 *
 * Source: QEMU, docs/interop/qcow2.txt.
 * Not modelled: writing, internal snapshots (the active state is what is read), encryption, external data files, extended L2
 * entries, zstd; an image that needs one of them is refused.
 */
import { UserError } from '../../base/errors.js';
import type { BlockSource } from './source.js';

/** What a reader needs from outside. */
export interface Qcow2Reader {
  /** What the file is called in errors. */
  readonly file: string;
  /** Inflates raw deflate data to at most `bytes` bytes; undefined when they are damaged. */
  inflate(data: Uint8Array, bytes: number): Uint8Array | undefined;
  /** Opens the backing file by the name in the header, as the format that the header gives (or by its content). */
  backing(name: string, format: string | undefined): BlockSource;
}

const magic = 0x514649fb;
const headerBytes = { version2: 72, version3: 104 } as const;
const clusterBits = { least: 9, most: 21 } as const;
const sizeMost = 2 ** 41;
const nameBytesMost = 1023;
const extensionBytesMost = 65536;
const backingFormatExtension = 0xe2792aca;
const incompatible = {
  dirty: 0x01,
  corrupt: 0x02,
  externalData: 0x04,
  compression: 0x08,
  extendedTables: 0x10,
} as const;
const entryBytes = 8;
/** Tables and inflated clusters that are kept at hand. */
const tablesKept = 64;
const clustersKept = 16;

/** Whether a file begins like this format. */
export function isQcow2(file: BlockSource): boolean {
  const head = new Uint8Array(4);
  file.read(0, head);
  return file.size >= headerBytes.version2 && new DataView(head.buffer).getUint32(0) === magic;
}

interface Header {
  readonly version: number;
  readonly clusterBits: number;
  readonly size: number;
  readonly firstTable: number;
  readonly firstEntries: number;
  readonly backing: string | undefined;
  readonly backingFormat: string | undefined;
}

/** A number of 64 bits, exact up to 2^53; larger ones are larger than anything that is allowed. */
const wide = (view: DataView, at: number): number => view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);

function readHeader(file: BlockSource, name: string): Header {
  const wrong = (problem: string, nextStep = 'Make a new one: qemu-img convert -O qcow2 OLD NEW'): never => {
    throw new UserError(problem, { file: name, place: 'qcow2 header', nextStep });
  };
  const head = new Uint8Array(headerBytes.version3 + entryBytes);
  file.read(0, head);
  const view = new DataView(head.buffer);
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3) wrong(`version ${version} is not known`);
  if (view.getUint32(32) !== 0) wrong('the image is encrypted', 'Decrypt it: qemu-img convert.');
  const length = version === 2 ? headerBytes.version2 : view.getUint32(100);
  if (version === 3) checkFeatures(view, length, wrong);
  const bits = view.getUint32(20);
  const size = wide(view, 24);
  if (bits < clusterBits.least || bits > clusterBits.most) wrong(`clusters of 2^${bits} bytes are not possible`);
  if (size > sizeMost || size % 512 !== 0) wrong(`a disk of ${size} bytes is not possible here`);
  const firstEntries = Math.ceil(size / 2 ** bits / 2 ** (bits - 3));
  const firstTable = wide(view, 40);
  if (view.getUint32(36) < firstEntries) wrong('the first table is shorter than the disk');
  if (firstTable % 2 ** bits !== 0 || firstTable + firstEntries * entryBytes > file.size)
    wrong('the first table lies outside the file');
  const nameAt = wide(view, 8);
  const nameBytes = view.getUint32(16);
  if (nameAt !== 0 && (nameBytes > nameBytesMost || nameAt + nameBytes > 2 ** bits))
    wrong('the backing file has no name');
  const backing = nameAt === 0 || nameBytes === 0 ? undefined : textAt(file, nameAt, nameBytes);
  const backingFormat = backing === undefined ? undefined : extensionText(file, length, 2 ** bits);
  return { version, clusterBits: bits, size, firstTable, firstEntries, backing, backingFormat };
}

function checkFeatures(view: DataView, length: number, wrong: (problem: string, nextStep?: string) => never): void {
  const features = view.getUint32(76);
  const unknown = view.getUint32(72) !== 0 || (features & ~0x1f) !== 0;
  if (unknown) wrong('it needs features that are not known');
  if (features & incompatible.corrupt) wrong('it is marked as damaged', 'Repair it: qemu-img check -r all FILE');
  if (features & incompatible.externalData) wrong('its data are in another file');
  if (features & incompatible.extendedTables) wrong('it has subclusters');
  const type = length > headerBytes.version3 ? view.getUint8(104) : 0;
  if (features & incompatible.compression && type !== 0) wrong('it is compressed with zstd, not zlib');
}

function textAt(file: BlockSource, at: number, bytes: number): string {
  const data = new Uint8Array(bytes);
  file.read(at, data);
  return new TextDecoder().decode(data);
}

/** The backing file's format out of the header extensions. */
function extensionText(file: BlockSource, from: number, clusterBytes: number): string | undefined {
  const end = Math.min(clusterBytes, extensionBytesMost);
  const head = new Uint8Array(entryBytes);
  const view = new DataView(head.buffer);
  for (let at = from; at + entryBytes <= end;) {
    file.read(at, head);
    const [type, length] = [view.getUint32(0), view.getUint32(4)];
    if (type === 0 || length > extensionBytesMost) return undefined;
    if (type === backingFormatExtension) return textAt(file, at + entryBytes, length);
    at += entryBytes + Math.ceil(length / 8) * 8;
  }
  return undefined;
}

/** A few things by number; the one that was put in first goes first. */
class Shelf<T> {
  private readonly kept = new Map<number, T>();
  constructor(private readonly most: number) {}
  get(key: number, make: () => T): T {
    const found = this.kept.get(key);
    if (found !== undefined) return found;
    const made = make();
    if (this.kept.size >= this.most) this.kept.delete(this.kept.keys().next().value!);
    this.kept.set(key, made);
    return made;
  }
}

/** Where a cluster is. */
type Place =
  | { readonly kind: 'absent' | 'zero' }
  | { readonly kind: 'plain'; readonly at: number }
  | { readonly kind: 'compressed'; readonly at: number; readonly bytes: number };

/** Opens an image; throws UserError for one that is damaged or needs what is not modelled. Reading it may throw so, too. */
export function openQcow2(file: BlockSource, reader: Qcow2Reader): BlockSource {
  const header = readHeader(file, reader.file);
  const backing = header.backing === undefined ? undefined : reader.backing(header.backing, header.backingFormat);
  return new Qcow2(file, reader, header, backing);
}

class Qcow2 implements BlockSource {
  readonly size: number;
  private readonly clusterBytes: number;
  private readonly tableEntries: number;
  private readonly tables = new Shelf<DataView>(tablesKept);
  private readonly inflated = new Shelf<Uint8Array>(clustersKept);
  private readonly first: DataView;

  constructor(
    private readonly file: BlockSource,
    private readonly reader: Qcow2Reader,
    private readonly header: Header,
    private readonly backing: BlockSource | undefined,
  ) {
    this.size = header.size;
    this.clusterBytes = 2 ** header.clusterBits;
    this.tableEntries = this.clusterBytes / entryBytes;
    this.first = this.tableAt(header.firstTable, header.firstEntries);
  }

  private tableAt(at: number, entries: number): DataView {
    const data = new Uint8Array(entries * entryBytes);
    this.file.read(at, data);
    return new DataView(data.buffer);
  }
  private damaged(problem: string, offset: number): never {
    throw new UserError(problem, {
      file: this.reader.file,
      place: `byte ${offset} of the disk`,
      nextStep: 'Check it: qemu-img check FILE',
    });
  }
  /** Bits 9 to 55 of an entry: where something lies in the file. */
  private fileOffset(view: DataView, at: number, offset: number, bytes: number): number {
    const found = (view.getUint32(at) & 0x00ffffff) * 2 ** 32 + (view.getUint32(at + 4) & 0xfffffe00 & 0xffffffff);
    const place = found < 0 ? found + 2 ** 32 : found;
    if (
      place % this.clusterBytes !== 0 ||
      place + bytes > Math.ceil(this.file.size / this.clusterBytes) * this.clusterBytes
    )
      this.damaged('a table points outside the file', offset);
    return place;
  }

  private place(offset: number): Place {
    const cluster = Math.floor(offset / this.clusterBytes);
    const firstAt = Math.floor(cluster / this.tableEntries) * entryBytes;
    const tableOffset = this.fileOffset(this.first, firstAt, offset, this.clusterBytes);
    if (tableOffset === 0) return { kind: 'absent' };
    const table = this.tables.get(tableOffset, () => this.tableAt(tableOffset, this.tableEntries));
    const at = (cluster % this.tableEntries) * entryBytes;
    const high = table.getUint32(at);
    if (high & 0x40000000) return this.compressedPlace(high, table.getUint32(at + 4), offset);
    if (this.header.version === 3 && table.getUint32(at + 4) & 1) return { kind: 'zero' };
    const found = this.fileOffset(table, at, offset, 1);
    return found === 0 ? { kind: 'absent' } : { kind: 'plain', at: found };
  }
  /** A compressed cluster's entry: the low bits are its place, the next ones the sectors behind the first that it touches. */
  private compressedPlace(high: number, low: number, offset: number): Place {
    const placeBits = 62 - (this.header.clusterBits - 8);
    const highBits = placeBits - 32;
    const at = (high & (2 ** highBits - 1)) * 2 ** 32 + low;
    const sectors = (high & 0x3fffffff) >>> highBits;
    if (at >= this.file.size) this.damaged('a compressed cluster lies outside the file', offset);
    return { kind: 'compressed', at, bytes: (sectors + 1) * 512 - (at % 512) };
  }

  read(offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      const at = offset + done;
      const inside = at % this.clusterBytes;
      const part = into.subarray(done, done + Math.min(this.clusterBytes - inside, into.length - done));
      if (at >= this.size) part.fill(0);
      else this.readPart(at, inside, part);
      done += part.length;
    }
  }
  private readPart(at: number, inside: number, part: Uint8Array): void {
    const place = this.place(at);
    switch (place.kind) {
      case 'plain':
        return this.file.read(place.at + inside, part);
      case 'compressed': {
        const cluster = this.inflated.get(place.at, () => this.inflate(place.at, place.bytes, at));
        return part.set(cluster.subarray(inside, inside + part.length));
      }
      case 'absent':
        if (this.backing !== undefined) return this.backing.read(at, part);
        part.fill(0);
        return;
      case 'zero':
        part.fill(0);
    }
  }
  private inflate(at: number, bytes: number, offset: number): Uint8Array {
    const data = new Uint8Array(bytes);
    this.file.read(at, data);
    const cluster = this.reader.inflate(data, this.clusterBytes);
    if (cluster?.length !== this.clusterBytes) this.damaged('a compressed cluster is damaged', offset);
    return cluster;
  }
}
