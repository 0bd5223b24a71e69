/** What a Multiboot header asks of the boot loader. Sources: as in multiboot.ts. */
import { kernelError } from './plan.js';
import { multiboot2Header, multibootHeader } from './protocol.js';

export interface HeaderWishes {
  readonly headerOffset: number;
  /** Addresses for an image that is not ELF. */
  readonly addresses?: {
    readonly header: number;
    readonly loadStart: number;
    readonly loadEnd: number;
    readonly bssEnd: number;
    readonly entry: number;
  };
  /** Multiboot2: where the kernel is entered, whatever its file says. */
  readonly entry?: number;
  /** Multiboot2: it could be placed elsewhere than where it is linked, and wants to know where it is. */
  readonly isRelocatable?: boolean;
  readonly graphics?: { readonly width: number; readonly height: number; readonly depth: number };
}

/** Flags of version 1: bits 0 and 1 (pages, memory sizes) and 2 (video) are understood; others of the lower half are not. */
const flags = { video: 0x04, addresses: 0x10000, understood: 0x07, required: 0xffff } as const;
const linearGraphics = 0;

function missing(name: string): never {
  throw kernelError(`it has no ${name} header`, 'Give a kernel with that header near its beginning.');
}

export function multibootWishes(image: Uint8Array): HeaderWishes {
  const headerOffset = multibootHeader(image) ?? missing('Multiboot');
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const field = (index: number): number =>
    headerOffset + index * 4 + 4 <= image.length ? view.getUint32(headerOffset + index * 4, true) : 0;
  const wanted = field(1);
  const unknown = wanted & flags.required & ~flags.understood;
  if (unknown !== 0) {
    throw kernelError(`its header requires 0x${unknown.toString(16)}, which nobody knows`, 'Clear those flags.');
  }
  const hasAddresses = (wanted & flags.addresses) !== 0;
  const wantsGraphics = (wanted & flags.video) !== 0 && field(8) === linearGraphics;
  return {
    headerOffset,
    ...(hasAddresses && {
      addresses: { header: field(3), loadStart: field(4), loadEnd: field(5), bssEnd: field(6), entry: field(7) },
    }),
    ...(wantsGraphics && { graphics: { width: field(9), height: field(10), depth: field(11) } }),
  };
}

const tags = { end: 0, address: 2, entry: 3, framebuffer: 5, relocatable: 10 } as const;
/** Tags of the header that may be there: information requests, console, alignment, boot services and EFI. */
const harmless: ReadonlySet<number> = new Set([1, 4, 6, 7, 8, 9]);
const optional = 1;

export function multiboot2Wishes(image: Uint8Array): HeaderWishes {
  const headerOffset = multiboot2Header(image) ?? missing('Multiboot2');
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const end = Math.min(image.length, headerOffset + view.getUint32(headerOffset + 8, true));
  if (view.getUint32(headerOffset + 4, true) !== 0) {
    throw kernelError('its header is for another architecture than the i386', 'Give a kernel for the i386.');
  }
  let wishes: HeaderWishes = { headerOffset };
  for (let at = headerOffset + 16; at + 8 <= end;) {
    const type = view.getUint16(at, true);
    const bytes = view.getUint32(at + 4, true);
    if (type === tags.end || bytes < 8 || at + bytes > end) break;
    wishes = { ...wishes, ...wishOf(view, at, bytes, headerOffset) };
    at += Math.ceil(bytes / 8) * 8;
  }
  return wishes;
}

function wishOf(view: DataView, at: number, bytes: number, headerOffset: number): Partial<HeaderWishes> {
  const type = view.getUint16(at, true);
  const field = (index: number): number => (8 + index * 4 + 4 <= bytes ? view.getUint32(at + 8 + index * 4, true) : 0);
  switch (type) {
    case tags.address:
      return {
        headerOffset,
        addresses: { header: field(0), loadStart: field(1), loadEnd: field(2), bssEnd: field(3), entry: 0 },
      };
    case tags.entry:
      return { entry: field(0) };
    case tags.framebuffer:
      return { graphics: { width: field(0), height: field(1), depth: field(2) } };
    case tags.relocatable:
      return { isRelocatable: true };
    default:
      if (harmless.has(type) || (view.getUint16(at + 2, true) & optional) !== 0) return {};
      throw kernelError(`its header requires tag ${type}, which nobody knows`, 'Mark that tag as optional.');
  }
}
