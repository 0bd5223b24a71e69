/** Machine code and descriptor tables as byte arrays, for tests: little-endian numbers and a few instructions by name. */

/** A 16-bit number, little-endian. */
export const w = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff];
/** A 32-bit number, little-endian. */
export const d = (value: number): number[] => [...w(value), ...w(value >>> 16)];

const registers = { eax: 0, ecx: 1, edx: 2, ebx: 3, esp: 4, ebp: 5, esi: 6, edi: 7 } as const;
export type RegisterName = keyof typeof registers;

/** Instructions of 32-bit code. */
export const code32 = {
  nop: [0x90],
  hlt: [0xf4],
  iret: [0xcf],
  iret16: [0x66, 0xcf],
  retf: [0xcb],
  sti: [0xfb],
  cli: [0xfa],
  pushf: [0x9c],
  popf: [0x9d],
  mov: (register: RegisterName, value: number): number[] => [0xb8 + registers[register], ...d(value)],
  inc: (register: RegisterName): number[] => [0x40 + registers[register]],
  push: (value: number): number[] => [0x68, ...d(value)],
  pushRegister: (register: RegisterName): number[] => [0x50 + registers[register]],
  popRegister: (register: RegisterName): number[] => [0x58 + registers[register]],
  /** MOV [address], imm32. */
  store: (address: number, value: number): number[] => [0xc7, 0x05, ...d(address), ...d(value)],
  /** MOV BYTE [address], imm8. */
  storeByte: (address: number, value: number): number[] => [0xc6, 0x05, ...d(address), value],
  /** MOV EAX, [address]. */
  loadEax: (address: number): number[] => [0xa1, ...d(address)],
  /** MOV [address], EAX. */
  storeEax: (address: number): number[] => [0xa3, ...d(address)],
  /** MOV sreg, AX; the segment's encoding number: ES CS SS DS FS GS. */
  movSegment: (segment: number): number[] => [0x8e, 0xc0 | (segment << 3)],
  int: (vector: number): number[] => [0xcd, vector],
  jumpFar: (selector: number, offset: number): number[] => [0xea, ...d(offset), ...w(selector)],
  callFar: (selector: number, offset: number): number[] => [0x9a, ...d(offset), ...w(selector)],
  ltr: [0x0f, 0x00, 0xd8],
  lldt: [0x0f, 0x00, 0xd0],
  /** MOV CR3, EAX. */
  writeCr3: [0x0f, 0x22, 0xd8],
  /** MOV EAX, CR3; MOV CR3, EAX. */
  flushTlb: [0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8],
  outAl: (port: number): number[] => [0xe6, port],
  inAl: (port: number): number[] => [0xe4, port],
} as const;

/** Access bytes of descriptors: present, then privilege, then type. */
export const access = {
  code: 0x9b,
  conforming: 0x9f,
  data: 0x93,
  readOnly: 0x91,
  expandDown: 0x97,
  executeOnly: 0x99,
  task16: 0x81,
  ldt: 0x82,
  task32: 0x89,
} as const;
/** The access byte with a descriptor privilege level. */
export const atLevel = (accessByte: number, level: number): number => accessByte | (level << 5);

/** Descriptor flag bits: granularity, and big. */
export const G = 8;
export const B = 4;

/** A segment descriptor (Intel SDM Vol. 3A, figure 3-8); `limit` has 20 bits. */
export const descriptor = (base: number, limit: number, accessByte: number, flags: number): number[] => [
  ...w(limit),
  ...w(base),
  (base >>> 16) & 0xff,
  accessByte,
  (flags << 4) | ((limit >>> 16) & 0xf),
  base >>> 24,
];

/** Gate types. */
export const gateTypes = { call16: 4, task: 5, interrupt16: 6, trap16: 7, call32: 12, interrupt32: 14, trap32: 15 };

/** A gate descriptor (Intel SDM Vol. 3A, figures 5-8 and 6-2); `count` is a call gate's parameter count. */
export const gate = (
  type: keyof typeof gateTypes,
  selector: number,
  offset: number,
  level = 0,
  count = 0,
  present = true,
): number[] => [
  ...w(offset),
  ...w(selector),
  count,
  (present ? 0x80 : 0) | (level << 5) | gateTypes[type],
  ...w(offset >>> 16),
];
