/** Registers of the local APIC by offset (Intel SDM Vol. 3A, table 10-1), and the fields that the chip looks at. */
export const offsets = {
  id: 0x20,
  version: 0x30,
  taskPriority: 0x80,
  arbitrationPriority: 0x90,
  processorPriority: 0xa0,
  endOfInterrupt: 0xb0,
  logicalDestination: 0xd0,
  destinationFormat: 0xe0,
  spuriousVector: 0xf0,
  inService: 0x100,
  triggerMode: 0x180,
  requests: 0x200,
  errorStatus: 0x280,
  commandLow: 0x300,
  commandHigh: 0x310,
  timer: 0x320,
  performance: 0x340,
  lint0: 0x350,
  lint1: 0x360,
  error: 0x370,
  initialCount: 0x380,
  currentCount: 0x390,
  divide: 0x3e0,
} as const;

/** Registers that writes do nothing to. */
export const isReadOnly = (offset: number): boolean =>
  [offsets.version, offsets.arbitrationPriority, offsets.processorPriority, offsets.currentCount].some(
    (each) => each === offset,
  ) ||
  (offset >= offsets.inService && offset < offsets.errorStatus);

/** Version 11h with five local vector table entries, as of the P6 family (section 10.4.8). */
export const versionValue = 0x0004_0011;

/** Bits of local vector table entries (figure 10-8). */
export const localVector = { masked: 0x1_0000, periodic: 0x2_0000, remoteRequest: 0x4000, level: 0x8000 } as const;

/** Bits that software may write in each entry (figure 10-8). */
export const localVectorBits = {
  timer: 0x3_00ff,
  performance: 0x1_07ff,
  lint0: 0x1_a7ff,
  lint1: 0x1_a7ff,
  error: 0x1_00ff,
} as const;
export type LocalVectorName = keyof typeof localVectorBits;
export const localVectorNames = Object.keys(localVectorBits) as LocalVectorName[];

/** Delivery modes (section 10.5.1 and table 10-3). */
export const delivery = {
  fixed: 0,
  lowest: 1,
  systemManagement: 2,
  nonMaskable: 4,
  init: 5,
  startup: 6,
  external: 7,
} as const;

/** Bits of the error status register (figure 10-9). */
export const errors = {
  sendAccept: 0x04,
  sendIllegalVector: 0x20,
  receiveIllegalVector: 0x40,
  illegalRegister: 0x80,
} as const;

export const softwareEnable = 0x100;

/** Bus clocks a count of the timer takes, by the divide configuration register's bits 0, 1 and 3 (figure 10-10). */
export const dividerOf = (register: number): number => {
  const code = (register & 3) | ((register & 8) >> 1);
  return code === 7 ? 1 : 2 << code;
};
