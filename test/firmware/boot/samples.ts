/** Kernels of a few bytes, as the boot protocols want them. */

/** A Linux image: set-up code of `setupSectors`, then `kernelBytes` of kernel counted up. */
export function linuxImage(options: {
  readonly version?: number;
  readonly loadFlags?: number;
  readonly setupSectors?: number;
  readonly kernelBytes?: number;
  readonly fields?: Readonly<Record<number, number>>;
}): Uint8Array {
  const { version = 0x20f, loadFlags = 1, setupSectors = 3, kernelBytes = 1000, fields = {} } = options;
  const setupBytes = (setupSectors + 1) * 512;
  const image = Uint8Array.from({ length: setupBytes + kernelBytes }, (_, at) => (at < setupBytes ? 0 : at & 0xff));
  const view = new DataView(image.buffer);
  image[0x1f1] = setupSectors;
  view.setUint16(0x1fe, 0xaa55, true);
  if (version > 0) {
    view.setUint32(0x202, 0x53726448, true);
    view.setUint16(0x206, version, true);
    image[0x211] = loadFlags;
    view.setUint32(0x22c, 0x7fffffff, true);
    view.setUint32(0x238, 2047, true);
  }
  for (const [at, value] of Object.entries(fields)) view.setUint32(Number(at), value, true);
  return image;
}

/** An ELF file with one loadable segment. */
export function elfImage(options: {
  readonly address: number;
  readonly bytes: readonly number[];
  readonly memoryBytes?: number;
  /** How far virtual addresses lie above physical ones. */
  readonly offset?: number;
}): Uint8Array {
  const { address, bytes, memoryBytes = bytes.length, offset = 0 } = options;
  const image = new Uint8Array(0x60 + bytes.length);
  const view = new DataView(image.buffer);
  image.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 3, true);
  view.setUint32(24, (address + offset) >>> 0, true);
  view.setUint32(28, 0x34, true);
  view.setUint16(42, 32, true);
  view.setUint16(44, 1, true);
  const header = [1, 0x60, (address + offset) >>> 0, address, bytes.length, memoryBytes, 5, 4096];
  header.forEach((word, index) => view.setUint32(0x34 + index * 4, word, true));
  image.set(bytes, 0x60);
  return image;
}

const words = (...values: readonly number[]): number[] =>
  values.flatMap((value) => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff));

/** A Multiboot header of version 1. */
export const multibootHeader = (flags: number, ...fields: readonly number[]): number[] =>
  words(0x1badb002, flags, -(0x1badb002 + flags), ...fields);

/** A Multiboot2 header with tags, each a list of words, and the ending tag. */
export function multiboot2Header(...tags: readonly (readonly number[])[]): number[] {
  const body = [...tags, [0, 8]].flatMap((tag) => words(...tag, ...(tag.length % 2 === 1 ? [0] : [])));
  const length = 16 + body.length;
  return [...words(0xe85250d6, 0, length, -(0xe85250d6 + length)), ...body];
}
