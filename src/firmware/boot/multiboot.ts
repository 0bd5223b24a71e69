/**
 * Multiboot kernels of both versions: header, segments, modules, and the information that the kernel finds in EBX.
 *
 * Sources: Multiboot Specification 0.6.96, chapter 3; Multiboot2 Specification 2.0, chapter 3.
 *
 * Not modelled: relocatable kernels (Multiboot2 header tag 10) are placed where they are linked; EFI entries.
 */
import { isElf, parseElf } from './elf.js';
import { type HeaderWishes, multibootWishes, multiboot2Wishes } from './multiboot-header.js';
import { buildInformation, buildInformation2, type Information, type PlacedModule } from './multiboot-information.js';
import { encodeNote } from './note.js';
import { kernelError, type KernelRequest, type Placement } from './plan.js';

const bootloaderMagic = { multiboot: 0x2badb002, multiboot2: 0x36d76289 } as const;
const page = 4096;
const mebibyte = 0x100000;
/** Information goes below 640 KiB, in the first of these places that no segment takes. */
const informationPlaces = [0x8000, 0x10000, 0x20000, 0x30000, 0x40000, 0x50000, 0x60000, 0x80000] as const;
const informationBytesMax = 0x8000;

interface Loaded {
  readonly entry: number;
  readonly segments: readonly Placement[];
  readonly sections?: ReturnType<typeof parseElf>['sections'];
}

export function planMultiboot(request: KernelRequest, version: 'multiboot' | 'multiboot2'): Placement[] {
  const wishes = version === 'multiboot' ? multibootWishes(request.image) : multiboot2Wishes(request.image);
  const loaded = load(request, wishes);
  const end = Math.max(mebibyte, ...loaded.segments.map(({ address, bytes }) => address + bytes.length));
  const { modules, next } = placeModules(request, end);
  const sections = placeSections(loaded, next);
  const base = informationPlaces.find((place) =>
    loaded.segments.every(
      ({ address, bytes }) => address + bytes.length <= place || address >= place + informationBytesMax,
    ),
  );
  if (base === undefined) throw kernelError('it leaves no room below 640 KiB', 'Link it at 1 MiB or higher.');
  const build = version === 'multiboot' ? buildInformation : buildInformation2;
  const information: Information = build({
    base,
    commandLine: request.commandLine,
    modules,
    ...(wishes.isRelocatable && { loadBase: Math.min(...loaded.segments.map(({ address }) => address)) }),
    ...(sections === undefined ? {} : { sections: sections.table }),
  });
  if (information.end > base + informationBytesMax) {
    throw kernelError('command lines and modules take too much room', 'Use fewer modules or shorter command lines.');
  }
  const note = encodeNote({
    kind: version,
    entry: wishes.entry ?? loaded.entry,
    eax: bootloaderMagic[version],
    information: base,
    append: information.append,
    vbe: information.vbe,
    ...(wishes.graphics === undefined ? {} : { graphics: wishes.graphics }),
  });
  return [
    note,
    ...loaded.segments,
    ...modules.map(({ address, bytes }) => ({ address, bytes })),
    ...(sections?.placements ?? []),
    { address: base, bytes: information.bytes },
  ];
}

/** By the header's own addresses where it has them, else as an ELF file. */
function load({ image, memoryEnd }: KernelRequest, wishes: HeaderWishes): Loaded {
  const { addresses } = wishes;
  if (addresses === undefined) {
    if (!isElf(image)) throw kernelError('it is no ELF file and its header has no addresses', 'Link it as ELF.');
    return parseElf(image, memoryEnd);
  }
  const { header, loadStart, loadEnd, bssEnd, entry } = addresses;
  const offset = wishes.headerOffset - (header - loadStart);
  const fileBytes = loadEnd === 0 ? image.length - offset : loadEnd - loadStart;
  const memoryBytes = bssEnd === 0 ? fileBytes : Math.max(bssEnd - loadStart, fileBytes);
  if (offset < 0 || fileBytes < 0 || offset + fileBytes > image.length || memoryBytes > memoryEnd) {
    throw kernelError('the addresses of its header do not fit its image', 'Correct the header, or link it as ELF.');
  }
  const bytes = new Uint8Array(memoryBytes);
  bytes.set(image.subarray(offset, offset + fileBytes));
  return { entry: wishes.entry ?? entry, segments: [{ address: loadStart, bytes }] };
}

/** Modules stand on pages behind the kernel. */
function placeModules(request: KernelRequest, from: number): { modules: PlacedModule[]; next: number } {
  let next = from;
  const modules = request.modules.map(({ bytes, commandLine = '' }) => {
    const address = Math.ceil(next / page) * page;
    next = address + bytes.length;
    return { address, bytes, commandLine };
  });
  return { modules, next };
}

/** The sections that are not part of a segment, symbols above all, behind everything else, and their headers with their addresses. */
function placeSections(
  { sections }: Loaded,
  from: number,
): { placements: Placement[]; table: NonNullable<Parameters<typeof buildInformation>[0]['sections']> } | undefined {
  if (sections === undefined || sections.count === 0) return undefined;
  const headers = sections.headers.slice();
  const view = new DataView(headers.buffer);
  const placements: Placement[] = [];
  let next = Math.ceil(from / page) * page;
  for (const { index, bytes } of sections.loose) {
    next = Math.ceil(next / 16) * 16;
    view.setUint32(index * sections.entryBytes + 12, next, true);
    placements.push({ address: next, bytes });
    next += bytes.length;
  }
  const address = Math.ceil(next / 16) * 16;
  placements.push({ address, bytes: headers });
  const { count, entryBytes, nameIndex } = sections;
  return { placements, table: { count, entryBytes, nameIndex, address, headers } };
}
