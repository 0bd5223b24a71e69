/**
 * Direct memory access: two cascaded controllers with page registers. Register offsets are the PC's absolute ports.
 *
 * Source: Intel 8237A High Performance Programmable DMA Controller (order number 231466); the cascade, the word channels
 * and the page registers: IBM PC AT Technical Reference, "Direct memory access".
 *
 * Not modelled: see `notModelled` below.
 */
import { assert } from '../../base/assert.js';
import type { StateOf } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';
import {
  type Channel,
  commandDisable,
  type Controller,
  controllers,
  controls,
  dmaState,
  mode,
  pageBase,
  pageOfChannel,
} from './registers.js';

/** What the board lets the controllers reach: single bytes of physical memory. */
export interface DmaBoard {
  readMemory(physical: number): number;
  writeMemory(physical: number, value: number): void;
}

type Context = DeviceContext<StateOf<typeof dmaState>, never, DmaBoard>;
type Control = (typeof controls)[number];

function masterClear(controller: Controller): void {
  controller.command = 0;
  controller.mask = 0xff;
  controller.softwareRequests = 0;
  controller.terminalCounts = 0;
  controller.highByteNext = false;
}

/** A mask with one bit, the channel that bits 0 and 1 name, set or cleared by bit 2. */
function changeBit(bits: number, value: number): number {
  const bit = 1 << (value & 3);
  return value & 4 ? bits | bit : bits & ~bit;
}

const writeControl: Readonly<Record<Control, (controller: Controller, value: number) => void>> = {
  command(controller, value) {
    controller.command = value;
  },
  request(controller, value) {
    controller.softwareRequests = changeBit(controller.softwareRequests, value);
  },
  singleMask(controller, value) {
    controller.mask = changeBit(controller.mask, value);
  },
  mode(controller, value) {
    controller.channels[value & 3]!.mode = value;
  },
  clearFlipFlop(controller) {
    controller.highByteNext = false;
  },
  masterClear,
  clearMask(controller) {
    controller.mask = 0;
  },
  allMask(controller, value) {
    controller.mask = value;
  },
};

/** "Bits 4 to 7 are set whenever their corresponding channel is requesting service"; reading clears bits 0 to 3. */
function readStatus(controller: Controller): number {
  const requesting = (controller.requests | controller.softwareRequests) << 4;
  const status = requesting | controller.terminalCounts;
  controller.terminalCounts = 0;
  return status;
}

/**
 * Reads of A3 to A0 = 8 to 15. Only the status and the temporary register (always zero without memory-to-memory transfers) are
 * legal; the others are listed as illegal, and answer as later compatible controllers do: 9 with the mask, the rest with zero.
 */
function readControl(controller: Controller, control: Control): number {
  if (control === 'command') return readStatus(controller);
  return control === 'request' ? controller.mask : 0;
}

type Word = 'address' | 'count';

function readWordByte(controller: Controller, channel: Channel, word: Word): number {
  const high = controller.highByteNext;
  controller.highByteNext = !high;
  return high ? channel[word] >> 8 : channel[word] & 0xff;
}

/** "The base registers cannot be read"; they are written together with the current ones, a byte at a time. */
function writeWordByte(controller: Controller, channel: Channel, word: Word, value: number): void {
  const high = controller.highByteNext;
  controller.highByteNext = !high;
  const base = word === 'address' ? 'baseAddress' : 'baseCount';
  const merge = (old: number): number => (high ? (old & 0x00ff) | (value << 8) : (old & 0xff00) | value);
  channel[base] = merge(channel[base]);
  channel[word] = merge(channel[word]);
}

/** The registers as the device definition wants them: offsets, reads and writes by name. */
function declareRegisters(): {
  offsets: Record<string, number>;
  read: Record<string, (context: Context) => number>;
  write: Record<string, (context: Context, value: number) => void>;
} {
  const offsets: Record<string, number> = {};
  const read: Record<string, (context: Context) => number> = {};
  const write: Record<string, (context: Context, value: number) => void> = {};
  controllers.forEach(({ name, base, stride }, which) => {
    const of = (context: Context): Controller => context.state.controllers[which]!;
    for (let number = 0; number < 4; number++) {
      for (const [at, word] of (['address', 'count'] as const).entries()) {
        const register = `${name} ${word} ${number}`;
        offsets[register] = base + (number * 2 + at) * stride;
        read[register] = (context) => readWordByte(of(context), of(context).channels[number]!, word);
        write[register] = (context, value) => writeWordByte(of(context), of(context).channels[number]!, word, value);
      }
    }
    for (const [at, control] of controls.entries()) {
      const register = `${name} ${control}`;
      offsets[register] = base + (8 + at) * stride;
      read[register] = (context) => readControl(of(context), control);
      write[register] = (context, value) => writeControl[control](of(context), value);
    }
  });
  for (let page = 0; page < 16; page++) {
    const register = `page ${page.toString(16)}`;
    offsets[register] = pageBase + page;
    read[register] = ({ state }) => state.pages[page]!;
    write[register] = ({ state }, value) => {
      state.pages[page] = value;
    };
  }
  return { offsets, read, write };
}

/** The channel's controller, when it would answer the channel's request: enabled, unmasked, and not itself a cascade. */
function answeringController({ controllers }: Context['state'], channel: number): Controller | undefined {
  const controller = controllers[channel >> 2]!;
  const { mode: value } = controller.channels[channel & 3]!;
  const open = (which: Controller, bit: number): boolean =>
    !(which.command & commandDisable) && !(which.mask & (1 << bit));
  if (!open(controller, channel & 3) || (value & mode.selectMask) === mode.cascade) return undefined;
  if (channel >= 4) return controller;
  const second = controllers[1]!;
  const passes = open(second, 0) && (second.channels[0]!.mode & mode.selectMask) === mode.cascade;
  return passes ? controller : undefined;
}

function physicalAddress({ pages }: Context['state'], channel: number, address: number): number {
  const page = pages[pageOfChannel[channel]!]!;
  // The word channels drive A1 to A16, and take A17 upwards from the page.
  return channel < 4 ? page * 0x10000 + address : (page & 0xfe) * 0x10000 + address * 2;
}

/** Steps address and count after a unit; true when the count has run out. */
function stepChannel(controller: Controller, number: number): boolean {
  const channel = controller.channels[number]!;
  channel.address = (channel.address + (channel.mode & mode.decrement ? -1 : 1)) & 0xffff;
  channel.count = (channel.count - 1) & 0xffff;
  if (channel.count !== 0xffff) return false;
  const bit = 1 << number;
  controller.terminalCounts |= bit;
  controller.softwareRequests &= ~bit;
  if (channel.mode & mode.autoinitialize) {
    channel.address = channel.baseAddress;
    channel.count = channel.baseCount;
  } else {
    controller.mask |= bit;
  }
  return true;
}

/** One unit in the given direction; undefined when the channel would not answer or moves the other way. */
function transfer<Result>(
  context: Context,
  channel: number,
  direction: number,
  move: (physical: number | undefined) => Result,
): { result: Result; terminalCount: boolean } | undefined {
  assert(channel >= 0 && channel <= 7 && channel !== 4, 'a device uses DMA channel 0 to 3 or 5 to 7');
  const controller = answeringController(context.state, channel);
  if (controller === undefined) return undefined;
  const { mode: value, address } = controller.channels[channel & 3]!;
  const kind = value & mode.transferMask;
  if (kind !== direction && kind !== mode.verify) return undefined;
  // "Verify transfers are pseudo transfers": address and count run, the memory lines stay quiet.
  const result = move(kind === mode.verify ? undefined : physicalAddress(context.state, channel, address));
  return { result, terminalCount: stepChannel(controller, channel & 3) };
}

const { offsets, read, write } = declareRegisters();

/** Both DMA controllers and the page registers; offsets are absolute ports 00h to DEh. */
export const dma = defineDevice({
  name: 'dma',
  source: 'Intel 8237A, order number 231466',
  notModelled: [
    'memory-to-memory transfers, channel 0 address hold and the temporary register (command bits 0 and 1): it reads as zero',
    'timing, priority and pin polarities (command bits 3 to 7): units move when a device is ready',
    'software requests move nothing: they show in the status, and a terminal count or a master clear ends them',
    'the difference between demand, single and block mode: the device sets the pace',
  ],
  registers: offsets,
  inputs: [],
  outputs: [],
  state: dmaState,
  read,
  write,

  operations: {
    /** Moves one unit from memory to the device of `channel`: a byte on 0 to 3, a word on 5 to 7. Undefined: not now. */
    toDevice(context: Context, channel: number): { value: number; terminalCount: boolean } | undefined {
      const moved = transfer(context, channel, mode.readMemory, (physical) => {
        if (physical === undefined) return channel < 4 ? 0xff : 0xffff;
        const low = context.board.readMemory(physical);
        return channel < 4 ? low : low | (context.board.readMemory(physical + 1) << 8);
      });
      return moved && { value: moved.result, terminalCount: moved.terminalCount };
    },
    /** Moves one unit from the device of `channel` to memory. Undefined: not now. */
    fromDevice(context: Context, channel: number, value: number): { terminalCount: boolean } | undefined {
      const moved = transfer(context, channel, mode.writeMemory, (physical) => {
        if (physical === undefined) return;
        context.board.writeMemory(physical, value & 0xff);
        if (channel >= 4) context.board.writeMemory(physical + 1, (value >> 8) & 0xff);
      });
      return moved && { terminalCount: moved.terminalCount };
    },
    /** Sets a channel's DREQ pin, for the status register. */
    request({ state }: Context, channel: number, level: boolean): void {
      const controller = state.controllers[channel >> 2]!;
      controller.requests = changeBit(controller.requests, (channel & 3) | (level ? 4 : 0));
    },
  },
});
