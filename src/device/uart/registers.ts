/** The 16550A's registers: National Semiconductor PC16550D data sheet (June 1995), section 8 "Registers". */
import { bit, bits, choice, register } from '../register-fields.js';

/** Interrupt Enable Register; its upper four bits read as zero. */
export const interruptEnable = register('Interrupt Enable', {
  received: bit(0),
  transmitterEmpty: bit(1),
  lineStatus: bit(2),
  modemStatus: bit(3),
});

/** FIFO Control Register: the other bits count only together with `enable`. */
export const fifoControl = register('FIFO Control', {
  enable: bit(0),
  clearReceiver: bit(1),
  clearTransmitter: bit(2),
  trigger: choice(7, 6, [1, 4, 8, 14]),
});

/** Line Control Register. */
export const lineControl = register('Line Control', {
  dataBits: choice(1, 0, [5, 6, 7, 8]),
  longStop: bit(2),
  parity: bit(3),
  parityKind: bits(5, 4),
  break: bit(6),
  divisorLatch: bit(7),
});

/** Modem Control Register; its upper three bits read as zero. */
export const modemControl = register('Modem Control', {
  dtr: bit(0),
  rts: bit(1),
  out1: bit(2),
  out2: bit(3),
  loopback: bit(4),
});

/** Line Status Register, as masks. */
export const lineStatus = { dataReady: 0x01, overrun: 0x02, transmitterEmpty: 0x20, transmitterIdle: 0x40 } as const;

/** Modem Status Register: a change and a level of each input, as masks. */
export const modemStatus = {
  cts: { change: 0x01, level: 0x10 },
  dsr: { change: 0x02, level: 0x20 },
  ri: { change: 0x04, level: 0x40 },
  dcd: { change: 0x08, level: 0x80 },
} as const;

/** Interrupt Identification Register: what is pending with the highest priority, and the FIFO bits. */
export const interruptIdentity = {
  none: 0x01,
  modemStatus: 0x00,
  transmitterEmpty: 0x02,
  received: 0x04,
  lineStatus: 0x06,
  timeout: 0x0c,
  fifosEnabled: 0xc0,
} as const;
