/**
 * The information that a Multiboot kernel finds in EBX, as far as it is known before the machine runs; memory sizes, the
 * memory map, the screen, ACPI's root pointer and the entry of power management are added by the firmware. Sources: as in multiboot.ts.
 */
import type { Placement } from './plan.js';

export interface PlacedModule extends Placement {
  readonly commandLine: string;
}

export interface Known {
  /** Where the information goes. */
  readonly base: number;
  readonly commandLine: string;
  readonly modules: readonly PlacedModule[];
  /** Multiboot2: where a kernel begins that could have been placed elsewhere. */
  readonly loadBase?: number;
  readonly sections?: {
    readonly count: number;
    readonly entryBytes: number;
    readonly nameIndex: number;
    readonly address: number;
    readonly headers: Uint8Array;
  };
}

export interface Information {
  readonly bytes: Uint8Array;
  /** Where the firmware goes on, and where VBE's blocks go. */
  readonly append: number;
  readonly vbe: number;
  /** The first byte behind everything, what the firmware adds included. */
  readonly end: number;
}

const loaderName = 'tsvm-test';
const flags = { commandLine: 0x04, modules: 0x08, sections: 0x20, loaderName: 0x200 } as const;
const fields = { commandLine: 16, modulesCount: 20, modules: 24, sections: 28, loaderName: 64 } as const;
const fixedBytes = 116;
const moduleBytes = 16;
/** Room for the memory map, or for tags. */
const appendBytes = 1024;
const vbeBytes = 512 + 256;

const encode = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);
const up = (value: number, grain: number): number => Math.ceil(value / grain) * grain;

/** Bytes that grow; addresses count from the base. */
class Builder {
  readonly bytes = new Uint8Array(0x10000);
  readonly view = new DataView(this.bytes.buffer);
  used: number;

  constructor(
    private readonly base: number,
    reserved: number,
  ) {
    this.used = reserved;
  }
  /** Appends bytes on a multiple of `grain`, as far as there is room; their address. */
  add(bytes: Uint8Array, grain = 4): number {
    const at = up(this.used, grain);
    this.used = at + bytes.length;
    if (this.used <= this.bytes.length) this.bytes.set(bytes, at);
    return this.base + at;
  }
  finish(): Information {
    const vbe = up(this.base + this.used, 16);
    const append = up(vbe + vbeBytes, 16);
    return { bytes: this.bytes.slice(0, this.used), append, vbe, end: append + appendBytes };
  }
}

/** Version 1: a structure of fixed fields, whose flags say which hold. */
export function buildInformation({ base, commandLine, modules, sections }: Known): Information {
  const builder = new Builder(base, fixedBytes);
  const { view } = builder;
  const put = (at: number, value: number): void => view.setUint32(at, value, true);
  put(fields.commandLine, builder.add(encode(commandLine)));
  put(fields.loaderName, builder.add(encode(loaderName)));
  put(fields.modulesCount, modules.length);
  const list = new Uint8Array(modules.length * moduleBytes);
  const entries = new DataView(list.buffer);
  modules.forEach(({ address, bytes, commandLine: text }, index) => {
    const words = [address, address + bytes.length, builder.add(encode(text))];
    words.forEach((word, at) => entries.setUint32(index * moduleBytes + at * 4, word, true));
  });
  put(fields.modules, builder.add(list));
  if (sections !== undefined) {
    const { count, entryBytes, address, nameIndex } = sections;
    [count, entryBytes, address, nameIndex].forEach((word, index) => put(fields.sections + index * 4, word));
  }
  put(0, flags.commandLine | flags.modules | flags.loaderName | (sections === undefined ? 0 : flags.sections));
  return builder.finish();
}

const tags = { commandLine: 1, loaderName: 2, module: 3, sections: 9, loadBase: 21 } as const;

/** Version 2: a size, a reserved word, and tags, to which the firmware appends. */
export function buildInformation2({ base, commandLine, modules, loadBase, sections }: Known): Information {
  const builder = new Builder(base, 8);
  const tag = (type: number, words: readonly number[], rest: Uint8Array): void => {
    const bytes = new Uint8Array(8 + words.length * 4 + rest.length);
    const view = new DataView(bytes.buffer);
    [type, bytes.length, ...words].forEach((word, index) => view.setUint32(index * 4, word, true));
    bytes.set(rest, 8 + words.length * 4);
    builder.add(bytes, 8);
  };
  tag(tags.commandLine, [], encode(commandLine));
  tag(tags.loaderName, [], encode(loaderName));
  for (const { address, bytes, commandLine: text } of modules) {
    tag(tags.module, [address, address + bytes.length], encode(text));
  }
  if (loadBase !== undefined) tag(tags.loadBase, [loadBase], new Uint8Array());
  if (sections !== undefined) {
    const { count, entryBytes, nameIndex, headers } = sections;
    tag(tags.sections, [count, entryBytes, nameIndex], headers);
  }
  const information = builder.finish();
  // The tags go on right behind; VBE's blocks, which the kernel is not told of, behind their room.
  const append = up(base + builder.used, 8);
  const vbe = up(append + appendBytes, 16);
  return { ...information, append, vbe, end: vbe + vbeBytes };
}
