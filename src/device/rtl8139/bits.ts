/** Bits of the RTL8139's registers, by the names of its data sheet. */

export const command = { bufferEmpty: 0x01, transmitEnable: 0x04, receiveEnable: 0x08, reset: 0x10 } as const;

/** Interrupt status and mask (6.7, 6.8). */
export const interrupt = {
  receiveOk: 0x0001,
  receiveError: 0x0002,
  transmitOk: 0x0004,
  transmitError: 0x0008,
  /** The ring is full; in C+ mode, no descriptor is free. */
  receiveOverflow: 0x0010,
  linkChange: 0x0020,
  transmitUnavailable: 0x0080,
  software: 0x0100,
  timeout: 0x4000,
} as const;
export const interruptMask = 0xe1ff;

/** Receive configuration (6.10). */
export const receive = {
  allPhysical: 0x01,
  physicalMatch: 0x02,
  multicast: 0x04,
  broadcast: 0x08,
  runts: 0x10,
  wrap: 0x80,
} as const;
export const receiveConfigurationMask = 0x0f03ffff;

/** Transmit configuration (6.9): loopback is on when both its bits are set. */
export const transmitConfiguration = { loopback: 0x0006_0000, mask: 0x0307_07f1, version: 0x7480_0000 } as const;

/** Transmit status of a descriptor in C mode (6.3). */
export const transmitStatus = { sizeMask: 0x1fff, own: 0x2000, ok: 0x8000, aborted: 0x4000_0000 } as const;

/** The status word before each packet in the ring (6.1). */
export const packetStatus = { ok: 0x0001, broadcast: 0x2000, physical: 0x4000, multicast: 0x8000 } as const;

export const eepromMode = { normal: 0, autoload: 1, program: 2, unlocked: 3 } as const;

/** C+ command register (8.1). */
export const plusCommand = { transmitEnable: 0x01, receiveEnable: 0x02, receiveChecksum: 0x20, mask: 0x00ff } as const;

/** Descriptors of C+ mode (8.2.1, 8.2.2). */
export const descriptor = {
  own: 0x8000_0000,
  endOfRing: 0x4000_0000,
  first: 0x2000_0000,
  last: 0x1000_0000,
  largeSend: 0x0800_0000,
  ipChecksum: 0x0004_0000,
  udpChecksum: 0x0002_0000,
  tcpChecksum: 0x0001_0000,
  bytes: 16,
} as const;

export const received = {
  multicast: 0x0800_0000,
  physical: 0x0400_0000,
  broadcast: 0x0200_0000,
  isTcp: 0x0002_0000,
  isUdp: 0x0004_0000,
  isIp: 0x0006_0000,
  ipFailed: 0x0001_0000,
  udpFailed: 0x0000_8000,
  tcpFailed: 0x0000_4000,
} as const;
