/**
 * The IDE function of the PIIX3: two bus masters that move data between memory and the drives of two ATA channels, as tables
 * in memory of physical regions say. It acts only when it is told to or when a drive asks, so it has no time of its own.
 */
import { defineDevice, type DeviceContext, type Width } from '../device.js';
import type { MemoryAccess } from '../memory-access.js';
import type { PciOwnRegister } from '../pci-function.js';
import type { PciIdentity } from '../pci-identity.js';
import { count, flag, repeat, type StateOf, struct, u32, u8 } from '../../state/schema.js';

const commandBit = { start: 0x01, toMemory: 0x08 } as const;
const statusBit = { active: 0x01, error: 0x02, interrupt: 0x04, capable: 0x60 } as const;
const channelBytes = 8;
const descriptorBytes = 8;
const endOfTable = 0x80000000;

const channelState = struct({
  command: u8(),
  status: u8(),
  /** The table's first descriptor, as software wrote it; and the next one to be read. */
  table: u32(),
  nextDescriptor: u32(),
  regionAt: u32(),
  regionLeft: count(),
  /** The descriptor at hand is the last. */
  last: flag(),
  /** The drive's INTRQ. */
  interrupt: flag(),
});
const functionState = struct({ channels: repeat(2, channelState) });
type ChannelState = StateOf<typeof channelState>;
type FunctionState = StateOf<typeof functionState>;

/** A channel of drives, as the bus master reaches it. */
export interface DmaPartner {
  /** Bytes that the drive can move now, and their direction; undefined while it does not ask. */
  request(): { readonly bytes: number; readonly toHost: boolean } | undefined;
  /** Fills `into`, no longer than `request` said. */
  toHost(into: Uint8Array): void;
  /** Takes `from`, no longer than `request` said. */
  fromHost(from: Uint8Array): void;
  /** The host gives up the transfer. */
  stop(): void;
}

/** What the board grants. */
export interface BusMasterBoard {
  readonly memory: MemoryAccess;
  channel(index: 0 | 1): DmaPartner;
}
type Context = DeviceContext<FunctionState, never, BusMasterBoard>;

/** The PCI identity of the function. */
export const busMasterIdePci: PciIdentity = {
  vendor: 0x8086,
  device: 0x7010,
  revision: 0x00,
  classCode: 0x010180, // An IDE controller in legacy mode that can master the bus.
  ranges: { 4: { kind: 'ports', bytes: 16 } },
  commandBits: 0x0007, // Memory space, which it has none of, can be switched on all the same: test programs insist.
};

/** IDETIM of both channels and SIDETIM in configuration space (section 2.4); the channels are decoded from the start. */
export const busMasterIdeRegisters: readonly PciOwnRegister[] = [
  { offset: 0x40, initial: [0x00, 0x80, 0x00, 0x80, 0x00], writable: [0xff, 0xff, 0xff, 0xff, 0xff] },
];

const channelOf = (context: Context, index: number): ChannelState => context.state.channels[index]!;
const partnerOf = (context: Context, index: number): DmaPartner => context.board.channel(index === 0 ? 0 : 1);

/** Takes the next region from the table, which lies within 64 KiB. */
function nextRegion(context: Context, channel: ChannelState): void {
  const descriptor = new Uint8Array(descriptorBytes);
  const at = channel.nextDescriptor;
  context.board.memory.read(at, descriptor);
  channel.nextDescriptor = ((at & 0xffff0000) | ((at + descriptorBytes) & 0xffff)) >>> 0;
  const view = new DataView(descriptor.buffer);
  const control = view.getUint32(4, true);
  channel.regionAt = (view.getUint32(0, true) & ~1) >>> 0;
  channel.regionLeft = control & 0xfffe || 0x10000;
  channel.last = (control & endOfTable) !== 0;
}

/** Moves what the drive asks for as far as the table goes. Every step moves at least two bytes of a drive's buffer. */
function move(context: Context, index: number): void {
  const channel = channelOf(context, index);
  const partner = partnerOf(context, index);
  for (let request = partner.request(); request !== undefined; request = partner.request()) {
    if ((channel.command & commandBit.start) === 0) return;
    if ((channel.status & statusBit.active) === 0) {
      partner.stop(); // The table was shorter than the transfer: it ends here, and no interrupt comes.
      return;
    }
    if (request.toHost !== ((channel.command & commandBit.toMemory) !== 0)) return;
    if (channel.regionLeft === 0) nextRegion(context, channel);
    const data = new Uint8Array(Math.min(channel.regionLeft, request.bytes));
    if (!request.toHost) context.board.memory.read(channel.regionAt, data);
    else partner.toHost(data);
    if (request.toHost) context.board.memory.write(channel.regionAt, data);
    channel.regionAt = (channel.regionAt + data.length) >>> 0;
    channel.regionLeft -= data.length;
    if (channel.regionLeft === 0 && channel.last) channel.status &= ~statusBit.active;
    if (!request.toHost) partner.fromHost(data);
  }
}

function writeCommand(context: Context, index: number, value: number): void {
  const channel = channelOf(context, index);
  const was = channel.command;
  channel.command = value & (commandBit.start | commandBit.toMemory);
  const [started, starts] = [(was & commandBit.start) !== 0, (value & commandBit.start) !== 0];
  if (starts && !started) {
    channel.status |= statusBit.active;
    channel.nextDescriptor = channel.table;
    channel.regionLeft = 0;
    channel.last = false;
    move(context, index);
  } else if (!starts && started) {
    const aborts = (channel.status & (statusBit.active | statusBit.interrupt)) === statusBit.active;
    channel.status &= ~statusBit.active;
    if (aborts) partnerOf(context, index).stop();
  }
}

function writeByte(context: Context, offset: number, value: number): void {
  const index = offset >= channelBytes ? 1 : 0;
  const channel = channelOf(context, index);
  const register = offset % channelBytes;
  if (register === 0) writeCommand(context, index, value);
  else if (register === 2) {
    const kept = channel.status & ~(value & (statusBit.error | statusBit.interrupt)) & ~statusBit.capable;
    channel.status = kept | (value & statusBit.capable);
  } else if (register >= 4) {
    const shift = 8 * (register - 4);
    channel.table = ((channel.table & ~(0xff << shift)) | (value << shift)) >>> 0;
    channel.table = (channel.table & ~3) >>> 0;
  }
}

function readByte(context: Context, offset: number): number {
  const channel = channelOf(context, offset >= channelBytes ? 1 : 0);
  const register = offset % channelBytes;
  if (register === 0) return channel.command;
  if (register === 2) return channel.status;
  return register >= 4 ? (channel.table >>> (8 * (register - 4))) & 0xff : 0;
}

/** The rising edge of a drive's INTRQ stays in the status until software clears it. */
function takeInterrupt(context: Context, index: number, level: boolean): void {
  const channel = channelOf(context, index);
  if (level && !channel.interrupt) channel.status |= statusBit.interrupt;
  channel.interrupt = level;
}

const bytesOf = (width: Width): number[] => Array.from({ length: width }, (_, at) => at);

const operations = {
  readRegister: (context: Context, offset: number, width: Width): number =>
    bytesOf(width).reduce((value, at) => value + readByte(context, (offset + at) & 0xf) * 2 ** (8 * at), 0),
  writeRegister(context: Context, offset: number, value: number, width: Width): void {
    for (const at of bytesOf(width)) writeByte(context, (offset + at) & 0xf, (value >>> (8 * at)) & 0xff);
  },
};

/** The bus-master IDE function. */
export const busMasterIde = defineDevice<
  FunctionState,
  never,
  'dmaRequest0' | 'dmaRequest1' | 'interrupt0' | 'interrupt1',
  never,
  BusMasterBoard,
  typeof operations
>({
  name: 'bus-master-ide',
  source: 'Intel 82371SB (PIIX3), order number 290550, sections 2.4 and 3.4; SFF-8038i revision 1.0',
  notModelled: [
    'native mode: the channels are at their ISA places',
    'timing: the registers keep what they are given and change nothing',
    'IDETIM bit 15: set after a reset, and the channels answer whether it is set or not',
    'bus errors: what no memory answers reads as ones',
  ],
  registers: {},
  inputs: ['dmaRequest0', 'dmaRequest1', 'interrupt0', 'interrupt1'],
  outputs: [],
  state: functionState,
  read: {},
  write: {},
  input: {
    dmaRequest0: (context, level) => void (level && move(context, 0)),
    dmaRequest1: (context, level) => void (level && move(context, 1)),
    interrupt0: (context, level) => takeInterrupt(context, 0, level),
    interrupt1: (context, level) => takeInterrupt(context, 1, level),
  },
  operations,
});
