/**
 * The configuration space of a PCI function, made from its identity: the standard header, its base address registers, its
 * capabilities, and registers of its own.
 *
 * Source: PCI Local Bus Specification, revision 2.2, chapter 6 (and revision 2.3 for the interrupt disable and status bits).
 * Not modelled: see `notModelled` below.
 */
import { assert } from '../base/assert.js';
import { bytes, flag, struct } from '../state/schema.js';
import { createDevice, defineDevice, type DeviceContext, type Drive, type Width } from './device.js';
import type { PciIdentity, PciWindow } from './pci-identity.js';
import { capabilityOf, messageCapability, messageRange } from './pci-messages.js';

/** Offsets in the header (section 6.1). */
export const pciRegisters = {
  vendor: 0x00,
  device: 0x02,
  command: 0x04,
  status: 0x06,
  revision: 0x08,
  classCode: 0x09,
  cacheLine: 0x0c,
  latencyTimer: 0x0d,
  headerType: 0x0e,
  ranges: 0x10,
  subsystemVendor: 0x2c,
  subsystem: 0x2e,
  rom: 0x30,
  capabilities: 0x34,
  interruptLine: 0x3c,
  interruptPin: 0x3d,
  minimumGrant: 0x3e,
  maximumLatency: 0x3f,
  /** Registers of the function's own. */
  own: 0x40,
} as const;

/** Bits of the command register (section 6.2.2). */
export const pciCommand = { ports: 1, memory: 2, busMaster: 4, interruptDisable: 0x400 } as const;

const commandBitsUsual = 0x0547; // Ports, memory, master, parity response, SERR# and interrupt disable.
const statusCapabilities = 0x10;
const statusInterrupt = 0x08;
/** Error bits of the status register are cleared by writing ones (section 6.2.3). */
const statusClearable = 0xf900;
const capabilitiesFrom = 0xdc;
const romEnable = 1;

/** A register of the function's own, or one whose header field differs: its first byte, its bytes after reset, and the bits that software may write. */
export interface PciOwnRegister {
  readonly offset: number;
  readonly initial: readonly number[];
  /** Default: none. */
  readonly writable?: readonly number[];
  /** Bits that writing ones clears. Default: none. */
  readonly clearable?: readonly number[];
}

/** What the board does for a function. */
export interface PciFunctionBoard {
  /** Registers from `offset` on were written: ranges, the command, or the function's own. */
  readonly changed: (offset: number, width: Width) => void;
}

/** A range as it is decoded now. */
export interface PciRangeNow {
  readonly kind: 'ports' | 'memory';
  readonly base: number;
  readonly bytes: number;
}

interface State {
  configuration: Uint8Array;
  interrupt: boolean;
}
type Context = DeviceContext<State, 'interrupt', PciFunctionBoard>;

interface Layout {
  readonly initial: Uint8Array;
  readonly writable: Uint8Array;
  readonly clearable: Uint8Array;
  /** Where the window's registers are in the space, when a capability has one. */
  window?: PciWindow;
  /** Where the control register of its messages is, when it has any. */
  messageControl?: number;
}

/** The access that a window makes now. */
export interface PciWindowNow {
  /** Where its data is in the space. */
  readonly data: number;
  readonly range: number;
  readonly offset: number;
  readonly width: Width;
}

function put(into: Uint8Array, offset: number, value: number, width: number): void {
  for (let at = 0; at < width; at++) into[offset + at] = (value >>> (8 * at)) & 0xff;
}

/** What the header holds after reset, and what software may change of it. */
function layoutOf(identity: PciIdentity, own: readonly PciOwnRegister[]): Layout {
  const layout: Layout = {
    initial: new Uint8Array(256),
    writable: new Uint8Array(256),
    clearable: new Uint8Array(256),
  };
  const { initial, writable, clearable } = layout;
  put(initial, pciRegisters.vendor, identity.vendor, 2);
  put(initial, pciRegisters.device, identity.device, 2);
  initial[pciRegisters.revision] = identity.revision;
  put(initial, pciRegisters.classCode, identity.classCode, 3);
  put(initial, pciRegisters.subsystemVendor, identity.subsystemVendor ?? 0, 2);
  put(initial, pciRegisters.subsystem, identity.subsystem ?? 0, 2);
  initial[pciRegisters.interruptPin] = identity.interruptPin ?? 0;
  initial[pciRegisters.minimumGrant] = identity.latencies?.minimumGrant ?? 0;
  initial[pciRegisters.maximumLatency] = identity.latencies?.maximumLatency ?? 0;
  put(writable, pciRegisters.command, identity.commandBits ?? commandBitsUsual, 2);
  put(clearable, pciRegisters.status, statusClearable, 2);
  writable[pciRegisters.cacheLine] = 0xff;
  writable[pciRegisters.latencyTimer] = 0xf8;
  if (identity.interruptPin !== undefined) writable[pciRegisters.interruptLine] = 0xff;
  for (const [index, range] of Object.entries(identity.ranges ?? {})) {
    const at = pciRegisters.ranges + 4 * Number(index);
    initial[at] = range.kind === 'ports' ? 1 : range.prefetchable ? 8 : 0;
    put(writable, at, ~(range.bytes - 1) & (range.kind === 'ports' ? ~3 : ~15), 4);
  }
  if (identity.romBytes !== undefined)
    put(writable, pciRegisters.rom, (~(identity.romBytes - 1) & ~0x7ff) | romEnable, 4);
  placeCapabilities(identity, layout);
  for (const register of own) {
    initial.set(register.initial, register.offset);
    if (register.writable) writable.set(register.writable, register.offset);
    if (register.clearable) clearable.set(register.clearable, register.offset);
  }
  return layout;
}

/** Capabilities stand at the end of the space, first one lowest, each aligned to four bytes (section 6.7). */
function placeCapabilities(identity: PciIdentity, layout: Layout): void {
  const { initial, writable } = layout;
  const capabilities = identity.capabilities ?? [];
  if (capabilities.length === 0) return;
  const sizes = capabilities.map(({ body }) => Math.ceil((2 + body.length) / 4) * 4);
  let at = Math.min(capabilitiesFrom, 256 - sizes.reduce((sum, size) => sum + size, 0));
  assert(at >= pciRegisters.own, 'the capabilities fit the configuration space');
  initial[pciRegisters.status] = statusCapabilities;
  initial[pciRegisters.capabilities] = at;
  capabilities.forEach(({ id, body, writable: mask, window }, index) => {
    const next = at + sizes[index]!;
    initial[at] = id;
    initial[at + 1] = index + 1 < capabilities.length ? next : 0;
    initial.set(body, at + 2);
    if (mask) writable.set(mask, at + 2);
    if (window) layout.window = shifted(window, at);
    if (id === messageCapability.id) layout.messageControl = at + 2;
    at = next;
  });
}

const shifted = ({ range, offset, length, data }: PciWindow, by: number): PciWindow => ({
  range: range + by,
  offset: offset + by,
  length: length + by,
  data: data + by,
});

const valueAt = (from: Uint8Array, offset: number, width: number): number => {
  let value = 0;
  for (let at = 0; at < width; at++) value += (from[offset + at] ?? 0) * 2 ** (8 * at);
  return value;
};

const commandOf = ({ state }: Context): number => valueAt(state.configuration, pciRegisters.command, 2);

/** The control register of the function's messages; 0 where it has none. */
const messageControlOf = ({ state }: Context, { messageControl }: Layout): number =>
  messageControl === undefined ? 0 : valueAt(state.configuration, messageControl, 2);

/** The pin's level: a function whose messages are switched on does not use it (revision 3.0, section 6.8.3.3). */
const pinLevel = (context: Context, layout: Layout): boolean =>
  context.state.interrupt &&
  (commandOf(context) & pciCommand.interruptDisable) === 0 &&
  (messageControlOf(context, layout) & messageCapability.enable) === 0;

function driveInterrupt(context: Context, layout: Layout): void {
  const { state, lines } = context;
  const status = state.configuration[pciRegisters.status]! & ~statusInterrupt;
  state.configuration[pciRegisters.status] = status | (state.interrupt ? statusInterrupt : 0);
  lines.interrupt(pinLevel(context, layout));
}

/** A function that can send messages has their range and their capability. */
function withMessages(identity: PciIdentity): PciIdentity {
  const { messages, ranges, capabilities = [] } = identity;
  if (messages === undefined) return identity;
  return {
    ...identity,
    ranges: { ...ranges, [messages.range]: messageRange },
    capabilities: [...capabilities, capabilityOf(messages)],
  };
}

function rangesNow({ state }: Context, identity: PciIdentity, command: number): (PciRangeNow | undefined)[] {
  return Array.from({ length: 6 }, (_, index) => {
    const range = identity.ranges?.[index as 0];
    if (range === undefined) return undefined;
    const base = valueAt(state.configuration, pciRegisters.ranges + 4 * index, 4);
    const isOn = (command & (range.kind === 'ports' ? pciCommand.ports : pciCommand.memory)) !== 0;
    const start = range.kind === 'ports' ? base - (base % 4) : base - (base % 16);
    // A range at zero has not been placed yet; one that reaches past the end of its space has nowhere to be.
    const end = start + range.bytes;
    const top = range.kind === 'ports' ? 65536 : 2 ** 32;
    return isOn && start !== 0 && end <= top ? { kind: range.kind, base: start, bytes: range.bytes } : undefined;
  });
}

/** What a window is set to; undefined when that is no whole access inside a range. */
function windowNow({ state }: Context, identity: PciIdentity, window: PciWindow | undefined): PciWindowNow | undefined {
  if (window === undefined) return undefined;
  const range = state.configuration[window.range]!;
  const offset = valueAt(state.configuration, window.offset, 4);
  const width = valueAt(state.configuration, window.length, 4);
  const bytes = identity.ranges?.[range as 0]?.bytes ?? 0;
  if ((width !== 1 && width !== 2 && width !== 4) || offset % width !== 0 || offset + width > bytes) return undefined;
  return { data: window.data, range, offset, width };
}

/** A function's configuration space as a chip of its own: its state is the 256 bytes, and the level of its interrupt. */
export function pciFunction(name: string, given: PciIdentity, own: readonly PciOwnRegister[] = []) {
  const identity = withMessages(given);
  const layout = layoutOf(identity, own);
  return defineDevice({
    name,
    source: 'PCI Local Bus Specification, revision 2.2, chapter 6',
    notModelled: [
      'parity and system errors',
      'built-in self test',
      'latency timers and cache lines beyond their registers',
    ],
    registers: {},
    inputs: [],
    outputs: ['interrupt'],
    state: struct<State>({ configuration: bytes(256), interrupt: flag() }),
    reset(context: Context) {
      context.state.configuration.set(layout.initial);
      context.board.changed(0, 4);
    },
    read: {},
    write: {},
    operations: {
      read: ({ state }: Context, offset: number, width: Width): number => valueAt(state.configuration, offset, width),
      write(context: Context, offset: number, value: number, width: Width): void {
        const { configuration } = context.state;
        for (let index = 0; index < width; index++) {
          const at = offset + index;
          const byte = (value >>> (8 * index)) & 0xff;
          const old = configuration[at]!;
          const mask = layout.writable[at]!;
          configuration[at] = ((old & ~mask) | (byte & mask)) & ~(byte & layout.clearable[at]!);
        }
        driveInterrupt(context, layout);
        context.board.changed(offset, width);
      },
      /** Sets bytes that software may only read, such as a status of the function's own. */
      preset(context: Context, offset: number, value: number, width: Width): void {
        put(context.state.configuration, offset, value, width);
      },
      interrupt(context: Context, level: boolean): void {
        context.state.interrupt = level;
        driveInterrupt(context, layout);
      },
      /** The level of its interrupt pin. */
      pin: (context: Context): boolean => pinLevel(context, layout),
      /** The control register of its messages; 0 where it has none. */
      messageControl: (context: Context): number => messageControlOf(context, layout),
      /** Whether the function may start transfers of its own. */
      isMaster: (context: Context): boolean => (commandOf(context) & pciCommand.busMaster) !== 0,
      /** The ranges that the function answers at now, by index. */
      ranges: (context: Context) => rangesNow(context, identity, commandOf(context)),
      /** The access that configuration accesses from `offset` on make through the window; undefined when they make none. */
      window(context: Context, offset: number, width: Width): PciWindowNow | undefined {
        const now = windowNow(context, identity, layout.window);
        return now !== undefined && offset < now.data + 4 && offset + width > now.data ? now : undefined;
      },
      /** Where the expansion ROM stands now; undefined while it is off. */
      rom(context: Context): number | undefined {
        const register = valueAt(context.state.configuration, pciRegisters.rom, 4);
        const isOn = (register & romEnable) !== 0 && (commandOf(context) & pciCommand.memory) !== 0;
        const base = register - (register % 0x800);
        return isOn && base !== 0 && identity.romBytes !== undefined ? base : undefined;
      },
    },
  });
}

const newFunction = (definition: ReturnType<typeof pciFunction>, interrupt: Drive, board: PciFunctionBoard) =>
  createDevice(definition, { lines: { interrupt }, board });

/** A function on a board. */
export type PciFunctionDevice = ReturnType<typeof newFunction>;

/** Puts a function's configuration space on a board. */
export const createPciFunction = newFunction;
