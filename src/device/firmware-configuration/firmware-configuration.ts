/**
 * Firmware configuration: a window to items by which the maker of a virtual machine tells firmware and kernels what it is made of. A
 * number selects an item, whose bytes are then read one after another from a port, or copied to memory at once.
 *
 * Source: QEMU, docs/specs/fw_cfg.rst ("QEMU Firmware Configuration (fw_cfg) Device"). No real board has it; it is absent unless a
 * description asks for it.
 *
 * Not modelled: see `notModelled` below.
 */
import { count, type StateOf, struct, u16, u32 } from '../../state/schema.js';
import { defineDevice, type DeviceContext, type Width } from '../device.js';
import type { MemoryAccess } from '../memory-access.js';
import type { Items } from './items.js';

/** What the address register of the memory interface reads as, byte by byte. */
const interfaceSignature = new TextEncoder().encode('QEMU CFG');

/** Bits of the control field; the number of an item to select stands in its upper half. */
const controls = { error: 0x01, read: 0x02, skip: 0x04, select: 0x08, write: 0x10 } as const;
/** The bit of a number by which writing was asked for; it selects the same item. */
const writeFlag = 0x4000;
const commandBytes = 16;
/** Zeros are written in pieces of this size. */
const zeros = new Uint8Array(65536);

const state = struct({
  selected: u16(),
  /** The next byte of the item; it goes on behind its end, where zeros are. */
  offset: count(),
  /** The upper half of the address of a command, until the lower half starts it. */
  addressHigh: u32(),
});

export interface ConfigurationBoard {
  readonly items: Items;
  readonly memory: MemoryAccess;
  /** Bytes of memory from address 0 on: what a command may copy to. */
  readonly memoryBytes: number;
}

type Context = DeviceContext<StateOf<typeof state>, never, ConfigurationBoard>;

const selectedItem = ({ state: { selected }, board }: Context): Uint8Array =>
  board.items.get(selected & ~writeFlag) ?? new Uint8Array(0);

function select({ state: device }: Context, key: number): void {
  device.selected = key & 0xffff;
  device.offset = 0;
}

function readByte(context: Context): number {
  const { state: device } = context;
  const item = selectedItem(context);
  if (device.offset >= item.length) return 0;
  return item[device.offset++]!;
}

/** Copies the item's next bytes to memory, and zeros behind its end. */
function copy(context: Context, address: number, length: number): void {
  const { state: device, board } = context;
  const bytes = selectedItem(context).subarray(device.offset, device.offset + length);
  board.memory.write(address, bytes);
  device.offset += bytes.length;
  for (let at = bytes.length; at < length; at += zeros.length) {
    board.memory.write(address + at, zeros.subarray(0, Math.min(zeros.length, length - at)));
  }
}

/** Does what a command in memory says, and leaves there whether it could be done. */
function runCommand(context: Context, at: number): void {
  const { state: device, board } = context;
  // Elsewhere nothing could be told.
  if (at + commandBytes > board.memoryBytes) return;
  const command = new Uint8Array(commandBytes);
  board.memory.read(at, command);
  const view = new DataView(command.buffer);
  const [control, length, high, low] = [0, 4, 8, 12].map((offset) => view.getUint32(offset)) as [
    number,
    number,
    number,
    number,
  ];
  if ((control & controls.select) !== 0) select(context, control >>> 16);
  let result = 0;
  if ((control & controls.read) !== 0) {
    if (high !== 0 || low + length > board.memoryBytes) result = controls.error;
    else copy(context, low, length);
  } else if ((control & controls.write) !== 0) {
    result = length === 0 ? 0 : controls.error; // Every item is read-only.
  } else if ((control & controls.skip) !== 0) {
    device.offset = Math.min(device.offset + length, selectedItem(context).length);
  }
  board.memory.write(at, Uint8Array.of(0, 0, 0, result));
}

const swapped = (value: number): number =>
  (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;

const operations = {
  /** The selector is written as a word. */
  select,
  /** The data port; writes to it do nothing. */
  readByte,
  /** The address register: eight bytes, big-endian. */
  readAddress(_: Context, offset: number, width: Width): number {
    let value = 0;
    for (let index = 0; index < width; index++) value += interfaceSignature[offset + index]! * 256 ** index;
    return value;
  },
  /** Doublewords only; the lower half, at offset 4, starts the command. False for another access. */
  writeAddress(context: Context, offset: number, value: number, width: Width): boolean {
    const { state: device } = context;
    if (width !== 4 || offset % 4 !== 0) return false;
    if (offset === 0) {
      device.addressHigh = swapped(value);
      return true;
    }
    const high = device.addressHigh;
    device.addressHigh = 0;
    if (high === 0) runCommand(context, swapped(value));
    return true;
  },
};

export const firmwareConfiguration = defineDevice<
  StateOf<typeof state>,
  never,
  never,
  never,
  ConfigurationBoard,
  typeof operations
>({
  name: 'firmwareConfiguration',
  source: 'QEMU, docs/specs/fw_cfg.rst',
  notModelled: [
    'items that can be written; a command that writes gets an error',
    'commands and copies beyond the memory: the former do nothing, the latter get an error',
    'time: a command is done when its address was written',
  ],
  registers: {},
  inputs: [],
  outputs: [],
  state,
  read: {},
  write: {},
  operations,
});
