/** The registers of the 82540EM (section 13.4), as data. */
import { type FileRegister, registerFile } from '../register-file.js';
import { driveEeprom } from '../serial-eeprom.js';
import { accessPhy, resetPhy } from './phy.js';
import {
  cause,
  causeMask,
  control,
  driveInterrupt,
  type E1000Context as Context,
  type E1000State,
  keptRegisters,
  raise,
  receiveAddresses,
  statistics,
  tableWords,
} from './state.js';
import { beginTransmission } from './transmit.js';
import { assert } from '../../base/assert.js';
import { resetState } from '../../state/schema.js';
import { e1000State } from './state.js';

type Register = FileRegister<Context>;

const word = (
  offset: number,
  read: (context: Context) => number,
  write?: (context: Context, value: number) => void,
): Register => ({ offset, bytes: 4, read, ...(write === undefined ? {} : { write }) });

/** EEPROM words of the 82540EM (section 5.6): the address, identifiers, and a checksum that makes the sum of all BABAh. */
export function programEeprom({ state, board }: Context): void {
  const { words } = state.eeprom;
  words.fill(0);
  for (let at = 0; at < 3; at++) words[at] = board.mac[2 * at]! | (board.mac[2 * at + 1]! << 8);
  [0x440a, 0x001e, 0x8086, 0x100e, 0x8086, 0x3040].forEach((value, at) => (words[0x0a + at] = value));
  const sum = words.reduce((total, value) => total + value, 0);
  words[0x3f] = (0xbaba - sum) & 0xffff;
}

/** The first exact address comes from the EEPROM at every reset. */
function loadAddress(state: E1000State): void {
  const [first, second, third] = state.eeprom.words as [number, number, number];
  state.addresses[0] = ((second << 16) | first) >>> 0;
  state.addresses[1] = (0x8000_0000 | third) >>> 0;
}

/** CTRL.RST, and the end of power-on: registers take their initial values; the EEPROM and the cable stay. */
export function resetController(context: Context): void {
  const { state } = context;
  const { linkUp } = state;
  const words = [...state.eeprom.words];
  resetState(e1000State, state);
  state.linkUp = linkUp;
  state.eeprom.words.splice(0, words.length, ...words);
  state.control = 0x0000_0009; // Full duplex, and the link's own reset.
  resetPhy(state);
  kept.forEach(({ initial }, at) => (state.kept[at] = initial ?? 0));
  loadAddress(state);
  driveInterrupt(context);
}

function writeControl(context: Context, value: number): void {
  const { state } = context;
  if (value & control.reset) return resetController(context);
  const rises = value & ~state.control & control.setLinkUp;
  state.control = (value & ~(control.reset | control.phyReset)) >>> 0;
  if (value & control.phyReset) resetPhy(state);
  if (rises && state.linkUp) raise(context, cause.linkChange);
}

/** EECD: the EEPROM's wires; access is granted as soon as it is asked for, and it has 64 words. */
const eepromBit = { clock: 0x01, select: 0x02, input: 0x04, output: 0x08, request: 0x40, grant: 0x80, present: 0x100 };

function readEepromControl({ state }: Context): number {
  const { request, grant, present, output } = eepromBit;
  const bits = state.eepromControl & request ? grant : 0;
  return state.eepromControl | bits | present | (state.eeprom.output ? output : 0);
}

function writeEepromControl({ state }: Context, value: number): void {
  const { clock, select, input, request } = eepromBit;
  state.eepromControl = value & (clock | select | input | request);
  driveEeprom(state.eeprom, {
    clock: (value & clock) !== 0,
    select: (value & select) !== 0,
    input: (value & input) !== 0,
  });
}

/** EERD: a word by its address, at once. */
function readEepromWord({ state }: Context, value: number): void {
  const start = 0x01;
  const done = 0x10;
  if (!(value & start)) return void (state.eepromRead = value & 0xff00);
  const data = state.eeprom.words[(value >> 8) & 0x3f]!;
  state.eepromRead = (data * 65536 + (value & 0xff00) + done) >>> 0;
}

function takeCauses(context: Context): number {
  const { causes } = context.state;
  context.state.causes = 0;
  driveInterrupt(context);
  return causes;
}

const setMask = (context: Context, mask: number): void => {
  context.state.mask = mask >>> 0;
  driveInterrupt(context);
};

/** STATUS: full duplex, link, 1000 Mbit/s. */
const readStatus = ({ state }: Context): number => 0x80 | 0x01 | (state.linkUp ? 0x02 : 0);

const generalRegisters: readonly Register[] = [
  word(0x0000, ({ state }) => state.control, writeControl),
  word(0x0004, ({ state }) => state.control, writeControl),
  word(0x0008, readStatus),
  word(0x0010, readEepromControl, writeEepromControl),
  word(0x0014, ({ state }) => state.eepromRead, readEepromWord),
  word(0x0020, ({ state }) => state.mdi, accessPhy),
  word(0x00c0, takeCauses, (context, value) => {
    context.state.causes &= ~value;
    driveInterrupt(context);
  }),
  word(
    0x00c4,
    ({ state }) => state.throttle,
    ({ state }, value) => void (state.throttle = value & 0xffff),
  ),
  word(
    0x00c8,
    () => 0,
    (context, value) => raise(context, value & causeMask),
  ),
  word(
    0x00d0,
    ({ state }) => state.mask,
    (context, value) => setMask(context, context.state.mask | (value & causeMask)),
  ),
  word(
    0x00d8,
    () => 0,
    (context, value) => setMask(context, context.state.mask & ~value),
  ),
  word(
    0x0100,
    ({ state }) => state.receiveControl,
    ({ state }, value) => void (state.receiveControl = value),
  ),
  word(
    0x0400,
    ({ state }) => state.transmitControl,
    (context, value) => {
      context.state.transmitControl = value;
      beginTransmission(context);
    },
  ),
  word(
    0x5000,
    ({ state }) => state.receiveChecksum,
    ({ state }, value) => void (state.receiveChecksum = value & 0x3ff),
  ),
];

/** The registers of one descriptor ring. */
function ringRegisters(base: number, name: 'receive' | 'transmit'): readonly Register[] {
  const moved = (context: Context): void => {
    if (name === 'transmit') beginTransmission(context);
  };
  return [
    word(
      base,
      ({ state }) => state[name].low,
      ({ state }, value) => void (state[name].low = (value & ~0xf) >>> 0),
    ),
    word(
      base + 4,
      ({ state }) => state[name].high,
      ({ state }, value) => void (state[name].high = value),
    ),
    word(
      base + 8,
      ({ state }) => state[name].length,
      ({ state }, value) => void (state[name].length = value & 0xfff80),
    ),
    word(
      base + 0x10,
      ({ state }) => state[name].head,
      ({ state }, value) => void (state[name].head = value & 0xffff),
    ),
    word(
      base + 0x18,
      ({ state }) => state[name].tail,
      (context, value) => {
        context.state[name].tail = value & 0xffff;
        moved(context);
      },
    ),
  ];
}

const arrayRegisters = (
  base: number,
  name: 'addresses' | 'multicastTable' | 'vlanTable',
  size: number,
): readonly Register[] =>
  Array.from({ length: size }, (_, at) =>
    word(
      base + 4 * at,
      ({ state }) => state[name][at]!,
      ({ state }, value) => void (state[name][at] = value),
    ),
  );

/** Statistics are cleared by reading. */
const statisticsRegisters: readonly Register[] = Array.from({ length: statistics }, (_, at) =>
  word(0x4000 + 4 * at, ({ state }) => {
    const value = state.statistics[at]!;
    state.statistics[at] = 0;
    return value;
  }),
);

/** Registers that keep what is written: flow control, delays, gaps, lights, wake-up, thresholds, management. */
const kept: readonly { readonly offset: number; readonly initial?: number }[] = [
  { offset: 0x0018 },
  { offset: 0x0028, initial: 0x00c2_8001 },
  { offset: 0x002c, initial: 0x0100 },
  { offset: 0x0030, initial: 0x8808 },
  { offset: 0x0038, initial: 0x8100 },
  { offset: 0x0170 },
  { offset: 0x0178 },
  { offset: 0x0410, initial: 0x0060_2008 },
  { offset: 0x0458 },
  { offset: 0x0e00, initial: 0x0783_0706 },
  { offset: 0x1000, initial: 0x0010_0030 },
  { offset: 0x2160 },
  { offset: 0x2168 },
  { offset: 0x2820 },
  { offset: 0x2828, initial: 0x0101_0000 },
  { offset: 0x282c },
  { offset: 0x2c00 },
  { offset: 0x3000, initial: 0x0010 },
  { offset: 0x3820 },
  { offset: 0x3828 },
  { offset: 0x382c },
  { offset: 0x3830 },
  { offset: 0x5800 },
  { offset: 0x5808 },
  { offset: 0x5810 },
  { offset: 0x5820 },
  // The software semaphore of later members of the family, which drivers for all of them take before they read the EEPROM.
  { offset: 0x5b50 },
];
assert(kept.length === keptRegisters, 'every kept register has its place in the state');

/** Memory range of registers (BAR 0), and ports (BAR 2) with an address and a data window. */
export const registerBytes = 0x20000;

export const e1000Registers = registerFile<Context>([
  ...generalRegisters,
  ...ringRegisters(0x2800, 'receive'),
  ...ringRegisters(0x3800, 'transmit'),
  ...statisticsRegisters,
  ...arrayRegisters(0x5200, 'multicastTable', tableWords),
  ...arrayRegisters(0x5400, 'addresses', 2 * receiveAddresses),
  ...arrayRegisters(0x5600, 'vlanTable', tableWords),
  ...kept.map(({ offset }, at) =>
    word(
      offset,
      ({ state }) => state.kept[at]!,
      ({ state }, value) => void (state.kept[at] = value),
    ),
  ),
]);

/** IOADDR and IODATA (section 13.2.2.3). */
export const e1000Window = registerFile<Context>([
  word(
    0,
    ({ state }) => state.ioAddress,
    ({ state }, value) => void (state.ioAddress = value & (registerBytes - 1)),
  ),
  word(
    4,
    (context) => e1000Registers.read(context, context.state.ioAddress & ~3, 4),
    (context, value) => e1000Registers.write(context, context.state.ioAddress & ~3, value, 4),
  ),
]);
