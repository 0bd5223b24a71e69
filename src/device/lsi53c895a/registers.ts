/** The operating registers (chapter 4): their places, their bits, and what software may not write. */

export const register = {
  SCNTL0: 0x00,
  SCNTL1: 0x01,
  SCNTL2: 0x02,
  SCNTL3: 0x03,
  SCID: 0x04,
  SXFER: 0x05,
  SDID: 0x06,
  SFBR: 0x08,
  SOCL: 0x09,
  SSID: 0x0a,
  SBCL: 0x0b,
  DSTAT: 0x0c,
  SSTAT0: 0x0d,
  SSTAT1: 0x0e,
  SSTAT2: 0x0f,
  DSA: 0x10,
  ISTAT0: 0x14,
  ISTAT1: 0x15,
  CTEST1: 0x19,
  CTEST2: 0x1a,
  CTEST3: 0x1b,
  TEMP: 0x1c,
  DBC: 0x24,
  DCMD: 0x27,
  DNAD: 0x28,
  DSP: 0x2c,
  DSPS: 0x30,
  DMODE: 0x38,
  DIEN: 0x39,
  DCNTL: 0x3b,
  ADDER: 0x3c,
  SIEN0: 0x40,
  SIEN1: 0x41,
  SIST0: 0x42,
  SIST1: 0x43,
  MACNTL: 0x46,
  GPCNTL: 0x47,
  STIME0: 0x48,
  STIME1: 0x49,
  STEST0: 0x4c,
  STEST1: 0x4d,
  STEST3: 0x4f,
  SIDL: 0x50,
  STEST4: 0x52,
  CCNTL0: 0x56,
  SBDL: 0x58,
  PMJAD1: 0xc0,
  PMJAD2: 0xc4,
  RBC: 0xc8,
  UA: 0xcc,
  ESA: 0xd0,
  IA: 0xd4,
  SBC: 0xd8,
  CSBC: 0xdc,
} as const;

export const registerBytes = 0x100;

/** Bits of the registers that the chip itself looks at or sets. */
export const scntl1 = { CON: 0x10, RST: 0x08, IARB: 0x02 } as const;
export const scntl2 = { WSR: 0x01 } as const;
export const scid = { RRE: 0x40 } as const;
export const line = { REQ: 0x80, ACK: 0x40, BSY: 0x20, ATN: 0x08 } as const;
export const dstat = { DFE: 0x80, ABRT: 0x10, SSI: 0x08, SIR: 0x04, IID: 0x01 } as const;
export const sstat0 = { WOA: 0x04, RST: 0x02 } as const;
export const sstat2 = { LDSC: 0x02 } as const;
export const istat0 = { ABRT: 0x80, SRST: 0x40, SIGP: 0x20, SEM: 0x10, CON: 0x08, INTF: 0x04, SIP: 0x02, DIP: 0x01 };
export const istat1 = { SRUN: 0x02 } as const;
export const ctest2 = { SIGP: 0x40, CM: 0x10, DACK: 0x01 } as const;
export const dmode = { MAN: 0x01 } as const;
export const dcntl = { SSM: 0x10, STD: 0x04, IRQD: 0x02, COM: 0x01 } as const;
export const sist0 = { MA: 0x80, CMP: 0x40, SEL: 0x20, RSL: 0x10, SGE: 0x08, UDC: 0x04, RST: 0x02, PAR: 0x01 } as const;
export const sist1 = { STO: 0x04, GEN: 0x02, HTH: 0x01 } as const;
export const stest1 = { QEN: 0x08, QSEL: 0x04 } as const;
export const ccntl0 = { ENPMJ: 0x80, PMJCTL: 0x40 } as const;
/** Interrupts that stop SCRIPTS only where they are enabled; the others always do. */
export const nonFatal = {
  sist0: sist0.CMP | sist0.SEL | sist0.RSL,
  sist1: sist1.GEN | sist1.HTH,
} as const;

/** Registers, or parts of them, that keep what the chip says whatever software writes. */
export const readOnlyBits: ReadonlyMap<number, number> = new Map([
  [register.SCNTL1, scntl1.CON],
  [register.SSID, 0xff],
  [register.SBCL, 0xff],
  [register.DSTAT, 0xff],
  [register.SSTAT0, 0xff],
  [register.SSTAT1, 0xff],
  [register.SSTAT2, 0xff],
  [register.ISTAT1, 0xff],
  [register.CTEST1, 0xff],
  [register.CTEST2, 0xf7],
  [register.CTEST3, 0xf0],
  [register.ADDER, 0xff],
  [register.ADDER + 1, 0xff],
  [register.ADDER + 2, 0xff],
  [register.ADDER + 3, 0xff],
  [register.SIST0, 0xff],
  [register.SIST1, 0xff],
  [register.MACNTL, 0xf0],
  [register.STEST0, 0xff],
  [register.SIDL, 0xff],
  [register.SIDL + 1, 0xff],
  [register.STEST4, 0xff],
  [register.SBDL, 0xff],
  [register.SBDL + 1, 0xff],
]);

/** What the registers hold after a reset, where it is not zero. */
export const resetValues: ReadonlyMap<number, number> = new Map([
  [register.SCNTL0, 0xc0],
  [register.SSTAT2, sstat2.LDSC],
  [register.CTEST1, 0xf0],
  [register.CTEST2, ctest2.DACK],
  [register.MACNTL, 0xd0],
  [register.GPCNTL, 0x0f],
  [register.STEST4, 0xe0], // A low-voltage differential bus; the clock multiplier is locked.
]);

/** Bus phases as MSG, C/D and I/O show them. */
export const phase = { dataOut: 0, dataIn: 1, command: 2, status: 3, messageOut: 6, messageIn: 7 } as const;
export type Phase = (typeof phase)[keyof typeof phase];
