/** The RTL8139's registers (RTL8139C, section 6; RTL8139C+, section 8), as data. */
import { type FileRegister, registerFile } from '../register-file.js';
import { driveEeprom } from '../serial-eeprom.js';
import {
  command,
  eepromMode,
  interrupt,
  interruptMask,
  plusCommand,
  receiveConfigurationMask,
  transmitConfiguration,
  transmitStatus,
} from './bits.js';
import { isRingEmpty } from './receive.js';
import { driveInterrupt, raise, type Rtl8139Context as Context, type Rtl8139State } from './state.js';
import { beginTransmission, stopTransmission } from './transmit.js';

type Register = FileRegister<Context>;
type NumberName = {
  [Name in keyof Rtl8139State]: Rtl8139State[Name] extends number ? Name : never;
}[keyof Rtl8139State];

/** A register that keeps what is written, within a mask. */
const plain = (offset: number, bytes: 1 | 2 | 4, name: NumberName, mask = 2 ** (8 * bytes) - 1): Register => ({
  offset,
  bytes,
  read: ({ state }) => state[name],
  write: ({ state }, value) => void (state[name] = (value & mask) >>> 0),
});

const constant = (offset: number, bytes: 1 | 2 | 4, value: number): Register => ({ offset, bytes, read: () => value });

const mode = (state: Rtl8139State): number => state.eepromControl >> 6;

/** Words of the EEPROM that hold the address. */
export const addressWord = 7;

/** Takes the address from the EEPROM, as at power-on (autoload). */
export function loadAddress({ state }: Context): void {
  for (let word = 0; word < 3; word++) {
    const value = state.eeprom.words[addressWord + word]!;
    state.address[2 * word] = value & 0xff;
    state.address[2 * word + 1] = value >> 8;
  }
}

/** CR.RST: everything but the address, the EEPROM and the configuration (6.6). */
export function softReset(context: Context): void {
  const { state } = context;
  stopTransmission(state);
  state.transmitStatuses.fill(transmitStatus.own);
  Object.assign(state, {
    command: 0,
    interruptStatus: 0,
    interruptMask: 0,
    transmitConfiguration: 0,
    receiveConfiguration: 0,
    nextTransmit: 0,
    readPointer: 0xfff0,
    writePointer: 0,
    plusCommand: 0,
    normalIndex: 0,
    highIndex: 0,
    receiveIndex: 0,
    normalPolled: false,
    highPolled: false,
  } satisfies Partial<Rtl8139State>);
  driveInterrupt(context);
}

function writeCommandRegister(context: Context, value: number): void {
  const { state } = context;
  if (value & command.reset) return softReset(context);
  const enabled = value & (command.transmitEnable | command.receiveEnable);
  const risen = enabled & ~state.command;
  state.command = enabled;
  if (risen & command.receiveEnable) Object.assign(state, { readPointer: 0xfff0, writePointer: 0, receiveIndex: 0 });
  if (risen & command.transmitEnable) Object.assign(state, { nextTransmit: 0, normalIndex: 0, highIndex: 0 });
  if (!(enabled & command.transmitEnable)) stopTransmission(state);
  beginTransmission(context);
}

function writeEepromControl(context: Context, value: number): void {
  const { state } = context;
  state.eepromControl = value & 0xce;
  if (mode(state) === eepromMode.autoload) {
    loadAddress(context);
    state.eepromControl = 0;
  }
  if (mode(state) === eepromMode.program)
    driveEeprom(state.eeprom, { select: (value & 8) !== 0, clock: (value & 4) !== 0, input: (value & 2) !== 0 });
}

/** Statistics go to memory (8.3); what never happens on this line is zero. */
function dumpTally({ state, board }: Context): void {
  const { sent, received, physical, broadcast, multicast } = state.tally;
  const block = new DataView(new ArrayBuffer(64));
  block.setUint32(0, sent, true);
  block.setUint32(8, received, true);
  block.setUint16(28, state.missed & 0xffff, true);
  block.setUint32(40, physical, true);
  block.setUint32(48, broadcast, true);
  block.setUint32(56, multicast, true);
  if (state.tallyHigh < 2 ** 20)
    board.memory.write(state.tallyHigh * 2 ** 32 + (state.tallyLow & ~0x3f), new Uint8Array(block.buffer));
}

/** The four transmit statuses; in C+ mode the first two are the address that statistics go to. */
const transmitStatusRegisters: readonly Register[] = [0, 1, 2, 3].map((slot) => ({
  offset: 0x10 + 4 * slot,
  bytes: 4,
  read({ state }) {
    if (state.plusCommand & plusCommand.mask && slot < 2) return slot === 0 ? state.tallyLow : state.tallyHigh;
    return state.transmitStatuses[slot]!;
  },
  write(context, value) {
    const { state } = context;
    if (!(state.plusCommand & plusCommand.mask)) {
      state.transmitStatuses[slot] = (value & (transmitStatus.sizeMask | transmitStatus.own | 0x003f_0000)) >>> 0;
      return beginTransmission(context);
    }
    const dump = 0x08;
    if (slot === 1) state.tallyHigh = value;
    if (slot !== 0) return;
    state.tallyLow = (value & ~dump) >>> 0;
    if (value & dump) dumpTally(context);
  },
}));

/** In C+ mode the transmit addresses are the two rings' bases. */
const ringBases = ['normalRingLow', 'normalRingHigh', 'highRingLow', 'highRingHigh'] as const;
const transmitAddressRegisters: readonly Register[] = ringBases.map((name, slot) => ({
  offset: 0x20 + 4 * slot,
  bytes: 4,
  read: ({ state }) => (state.plusCommand & plusCommand.mask ? state[name] : state.transmitAddresses[slot]!),
  write({ state }, value) {
    if (state.plusCommand & plusCommand.mask) state[name] = value;
    else state.transmitAddresses[slot] = value;
  },
}));

/** The statuses of all four descriptors in one word (6.24). */
function summary({ state }: Context): number {
  return state.transmitStatuses.reduce((word, status, slot) => {
    const bits = (status & transmitStatus.own ? 1 : 0) | (status & transmitStatus.aborted ? 0x10 : 0);
    return word | ((bits | (status & transmitStatus.ok ? 0x1000 : 0)) << slot);
  }, 0);
}

/** CONFIG0 to CONFIG5: written only when unlocked; the mask holds the bits that can be. */
const configurationRegisters: readonly Register[] = [
  { at: 0x51, mask: 0x00 },
  { at: 0x52, mask: 0xf3 },
  { at: 0x59, mask: 0x7d },
  { at: 0x5a, mask: 0xff },
  { at: 0xd8, mask: 0x03 },
].map(({ at, mask }, index) => ({
  offset: at,
  bytes: 1,
  read: ({ state }) => state.configuration[index]!,
  write({ state }, value) {
    if (mode(state) === eepromMode.unlocked)
      state.configuration[index] = (state.configuration[index]! & ~mask) | (value & mask);
  },
}));

const linkAndNegotiated = 0x0024;
const physicalRegisters: readonly Register[] = [
  {
    offset: 0x58,
    bytes: 1,
    read: ({ state }) => (state.mediaStatus & 0xc0) | 0x10 | (state.linkUp ? 0 : 0x04),
    write: ({ state }, value) => void (state.mediaStatus = value & 0xc0),
  },
  {
    offset: 0x62,
    bytes: 2,
    read: ({ state }) => state.basicModeControl,
    // Reset and restart of the negotiation are done at once, so their bits never stand.
    write: ({ state }, value) => void (state.basicModeControl = value & 0x8000 ? 0x3100 : value & 0x3100),
  },
  { offset: 0x64, bytes: 2, read: ({ state }) => 0x7809 | (state.linkUp ? linkAndNegotiated : 0) },
  plain(0x66, 2, 'advertisement'),
  { offset: 0x68, bytes: 2, read: ({ state }) => (state.linkUp ? 0x45e1 : 0) },
  { offset: 0x6a, bytes: 2, read: ({ state }) => (state.linkUp ? 1 : 0) },
  { offset: 0x74, bytes: 2, read: ({ state }) => 0x1a00 & (state.linkUp ? 0xffff : 0xefff) },
];

const plusRegisters: readonly Register[] = [
  {
    offset: 0xd9,
    bytes: 1,
    write(context, value) {
      const { state } = context;
      state.highPolled ||= (value & 0x80) !== 0;
      state.normalPolled ||= (value & 0x40) !== 0;
      if (value & 0x01) raise(context, interrupt.software);
      beginTransmission(context);
    },
  },
  plain(0xe0, 2, 'plusCommand', plusCommand.mask),
  plain(0xe2, 2, 'interruptMitigation'),
  plain(0xe4, 4, 'receiveRingLow'),
  plain(0xe8, 4, 'receiveRingHigh'),
  plain(0xec, 1, 'earlyThreshold'),
];

const controlRegisters: readonly Register[] = [
  plain(0x30, 4, 'receiveBuffer'),
  constant(0x34, 2, 0),
  constant(0x36, 1, 0),
  {
    offset: 0x37,
    bytes: 1,
    read: ({ state }) => state.command | (isRingEmpty(state) ? command.bufferEmpty : 0),
    write: writeCommandRegister,
  },
  plain(0x38, 2, 'readPointer'),
  { offset: 0x3a, bytes: 2, read: ({ state }) => state.writePointer },
  {
    offset: 0x3c,
    bytes: 2,
    read: ({ state }) => state.interruptMask,
    write(context, value) {
      context.state.interruptMask = value & interruptMask;
      driveInterrupt(context);
    },
  },
  {
    offset: 0x3e,
    bytes: 2,
    missingAreZero: true,
    read: ({ state }) => state.interruptStatus,
    write(context, value) {
      context.state.interruptStatus &= ~value;
      driveInterrupt(context);
    },
  },
  {
    offset: 0x40,
    bytes: 4,
    read: ({ state }) => (state.transmitConfiguration | transmitConfiguration.version) >>> 0,
    write: ({ state }, value) => void (state.transmitConfiguration = value & transmitConfiguration.mask),
  },
  {
    offset: 0x44,
    bytes: 4,
    read: ({ state }) => state.receiveConfiguration,
    write({ state }, value) {
      const lengthMask = 0x1800;
      const isOtherRing = ((value ^ state.receiveConfiguration) & lengthMask) !== 0;
      state.receiveConfiguration = value & receiveConfigurationMask;
      if (isOtherRing) Object.assign(state, { readPointer: 0xfff0, writePointer: 0 });
    },
  },
  { offset: 0x48, bytes: 4, read: ({ state }) => state.timer, write: ({ state }) => void (state.timer = 0) },
  { offset: 0x4c, bytes: 4, read: ({ state }) => state.missed, write: ({ state }) => void (state.missed = 0) },
  {
    offset: 0x50,
    bytes: 1,
    read: ({ state }) =>
      mode(state) === eepromMode.program
        ? (state.eepromControl & 0xfe) | Number(state.eeprom.output)
        : state.eepromControl,
    write: writeEepromControl,
  },
  plain(0x54, 4, 'timerInterrupt'),
  plain(0x5c, 2, 'multipleInterrupt'),
  constant(0x5e, 1, 0x10),
  { offset: 0x60, bytes: 2, read: summary },
];

const bytesOf = (offset: number, name: 'address' | 'multicast', size: number): readonly Register[] =>
  Array.from({ length: size }, (_, at) => ({
    offset: offset + at,
    bytes: 1,
    read: ({ state }) => state[name][at]!,
    write: ({ state }, value) => void (state[name][at] = value),
  }));

/** All registers: 256 bytes, in ports (BAR 0) and in memory (BAR 1). */
export const rtl8139Registers = registerFile<Context>([
  ...bytesOf(0x00, 'address', 6),
  ...bytesOf(0x08, 'multicast', 8),
  ...transmitStatusRegisters,
  ...transmitAddressRegisters,
  ...controlRegisters,
  ...configurationRegisters,
  ...physicalRegisters,
  ...plusRegisters,
]);
