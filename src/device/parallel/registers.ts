/**
 * The parallel port's registers as data: offsets from its base, and their fields.
 *
 * Source: Microsoft, "Extended Capabilities Port Protocol and ISA Interface Standard" 1.09, section 4 (registers, ECR modes,
 * configuration registers); SMC FDC37C665GT data sheet, "Parallel Port"; IEEE 1284-1994 (compatibility mode signals).
 */

/** Data, status and control; the enhanced port's address and data strobes; then 400h further the extended capabilities. */
export const offsets = {
  data: 0x000,
  status: 0x001,
  control: 0x002,
  eppAddress: 0x003,
  eppData0: 0x004,
  eppData1: 0x005,
  eppData2: 0x006,
  eppData3: 0x007,
  fifo: 0x400,
  configurationB: 0x401,
  extendedControl: 0x402,
} as const;

/** Status: the printer's lines as the connector has them, busy turned round by the port. */
export const status = {
  notBusy: 0x80,
  notAcknowledge: 0x40,
  paperEnd: 0x20,
  selected: 0x10,
  notError: 0x08,
  /** Always ones. */
  reserved: 0x06,
  enhancedTimeout: 0x01,
} as const;

/** Control: strobe, automatic feed and select go out turned round; bits 6 and 7 read as ones. */
export const control = {
  strobe: 0x01,
  notInitialise: 0x04,
  interruptEnable: 0x10,
  /** Data come in. */
  input: 0x20,
  kept: 0x3f,
  reserved: 0xc0,
} as const;

/** Extended control. */
export const extended = {
  modeShift: 5,
  notErrorInterrupt: 0x10,
  dma: 0x08,
  /** Set: the FIFO asks for no service. */
  serviceInterrupt: 0x04,
  full: 0x02,
  empty: 0x01,
  written: 0xfc,
} as const;

export const modes = {
  standard: 0,
  bidirectional: 1,
  fifo: 2,
  capabilities: 3,
  enhanced: 4,
  test: 6,
  configuration: 7,
} as const;

/** Configuration A: interrupts are pulses, words of eight bits, nothing waits in the transmitter. */
export const configurationA = 0x94;
/** Configuration B: no compression, interrupt 7 by jumper, no DMA channel. */
export const configurationB = 0x08;
