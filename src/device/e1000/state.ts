/** What an 82540EM remembers, what it is granted, and its bits by the developer's manual's names. */
import { bytes, count, flag, oneOf, repeat, type StateOf, struct, u16, u32 } from '../../state/schema.js';
import type { DeviceContext } from '../device.js';
import type { MemoryAccess } from '../memory-access.js';
import { serialEepromState } from '../serial-eeprom.js';

/** Interrupt causes (13.4.17). */
export const cause = {
  transmitWritten: 0x01,
  transmitEmpty: 0x02,
  linkChange: 0x04,
  receiveLow: 0x10,
  receiveOverrun: 0x40,
  received: 0x80,
  phyAccess: 0x200,
} as const;
export const causeMask = 0x0001_ffff;

export const control = { setLinkUp: 0x40, reset: 0x0400_0000, phyReset: 0x8000_0000 } as const;

/** Receive control (13.4.22). */
export const receiveControl = {
  enable: 0x0002,
  unicastPromiscuous: 0x0008,
  multicastPromiscuous: 0x0010,
  longPackets: 0x0020,
  loopback: 0x00c0,
  broadcast: 0x8000,
  extendedSize: 0x0200_0000,
  stripCheck: 0x0400_0000,
} as const;

export const transmitControl = { enable: 0x02, padShort: 0x08 } as const;
export const receiveChecksum = { ip: 0x100, transport: 0x200 } as const;

/** One descriptor ring: base, length in bytes, head and tail. */
const ring = struct({ low: u32(), high: u32(), length: u32(), head: u16(), tail: u16() });
export type Ring = StateOf<typeof ring>;

export const receiveAddresses = 16;
export const tableWords = 128;
/** The statistics from 4000h to 4124h. */
export const statistics = 74;
/** Registers that are kept and do nothing else here; `registers.ts` names them. */
export const keptRegisters = 27;

export const e1000State = struct({
  linkUp: flag(true),
  control: u32(),
  eepromControl: u32(),
  eepromRead: u32(),
  eeprom: serialEepromState,
  mdi: u32(),
  phy: repeat(32, u16()),
  causes: u32(),
  mask: u32(),
  /** Interrupt throttling: the interval in 256 ns, and own ticks until the next interrupt may come. */
  throttle: u16(),
  throttleTicks: count(Infinity),
  asserted: flag(),
  receiveControl: u32(),
  transmitControl: u32(),
  receiveChecksum: u32(),
  receive: ring,
  transmit: ring,
  addresses: repeat(2 * receiveAddresses, u32()),
  multicastTable: repeat(tableWords, u32()),
  vlanTable: repeat(tableWords, u32()),
  statistics: repeat(statistics, u32()),
  kept: repeat(keptRegisters, u32()),
  /** The register that the I/O window points at. */
  ioAddress: u32(),
  /** The contexts for checksums and for segmentation, as the driver wrote them last. */
  checksumContext: bytes(16),
  segmentationContext: bytes(16),
  sending: oneOf(['nothing', 'context', 'packet'], 'nothing'),
  transmitTicks: count(Infinity),
});

export type E1000State = StateOf<typeof e1000State>;

export interface E1000Board {
  readonly memory: MemoryAccess;
  /** The address in the card's EEPROM. */
  readonly mac: Uint8Array;
  readonly transmit: (frame: Uint8Array) => void;
}

export type E1000Context = DeviceContext<E1000State, 'interrupt', E1000Board>;

/** Own ticks, of 8 ns, in a unit of the throttling register. */
const ticksPerInterval = 32;

/** The pin follows causes and mask, but rises only when the throttling interval is over. */
export function driveInterrupt({ state, lines }: E1000Context): void {
  const wanted = (state.causes & state.mask) !== 0;
  if (!wanted) state.asserted = false;
  else if (!state.asserted && state.throttleTicks === Infinity) {
    state.asserted = true;
    if (state.throttle > 0) state.throttleTicks = state.throttle * ticksPerInterval;
  }
  lines.interrupt(state.asserted);
}

export function raise(context: E1000Context, causes: number): void {
  context.state.causes = (context.state.causes | causes) >>> 0;
  driveInterrupt(context);
}

/** Adds to a statistic, which stays at its most. */
export function countUp(state: E1000State, offset: number, by = 1): void {
  const at = (offset - 0x4000) / 4;
  state.statistics[at] = Math.min(state.statistics[at]! + by, 0xffffffff);
}

/** Counts octets in two words. */
export function countOctets(state: E1000State, offset: number, by: number): void {
  const at = (offset - 0x4000) / 4;
  const total = state.statistics[at]! + by;
  state.statistics[at] = total % 2 ** 32;
  if (total >= 2 ** 32) state.statistics[at + 1] = (state.statistics[at + 1]! + 1) >>> 0;
}

export const descriptorBytes = 16;
/** Descriptors in a ring. */
export const ringSize = ({ length }: Ring): number => length / descriptorBytes;

const highMost = 2 ** 20;

/** A descriptor's address; undefined where it cannot be addressed. */
export const descriptorAt = (which: Ring, index: number): number | undefined =>
  which.high < highMost ? which.high * 2 ** 32 + which.low + index * descriptorBytes : undefined;

/** The buffer address that a descriptor begins with; undefined where it cannot be addressed. */
export function bufferAddress(descriptor: DataView): number | undefined {
  const high = descriptor.getUint32(4, true);
  return high < highMost ? high * 2 ** 32 + descriptor.getUint32(0, true) : undefined;
}
