/** Makes sequences out of a seed: any form of the declarations, and what needs care to show anything. */
import { type Random, seededRandom } from '../../../src/base/random.js';
import { handlersOf } from '../../../src/cpu/engine/interpreter/handlers.js';
import type { Form, Instruction } from '../../../src/cpu/instructions/instruction.js';
import type { ProcessorModel } from '../../../src/cpu/model.js';
import { d } from '../../cpu/bytes.js';
import { chance, dataAddress, encode, type Encoded, number32, pick } from './encode.js';
import { dataBytes, fxBytes, places, type Sequence, stackBytes, type Step } from './sequence.js';
import { undefinedFlagsOf } from './undefined.js';

/** Instructions that tell of the host's system, call it, or leave what cannot be compared. */
const excluded: Readonly<Record<string, string>> = {
  'cpuid rdtsc rdpmc smsw sgdt sidt sldt str lar lsl verr verw': 'tell of the host',
  'sysenter int syscall': 'call the system; INT n is a step of its own',
  'iret retf ret jmpf callf jmp call': 'need targets; some are steps of their own',
  'les lds lss lfs lgs popes popss popds popfs popgs pushgs': 'load selectors of the host, or show them',
  'fsave fnsave fstenv fnstenv fxsave fxrstor': 'store pointers that AMD processors only keep with an exception',
  'f2xm1 fyl2x fyl2xp1 fptan fpatan fsin fcos fsincos': 'differ in the last place between makers',
  bound: 'a step of its own',
  int1: 'stands in front of itself where a hypervisor runs the host',
};
const excludedNames = new Set(Object.keys(excluded).flatMap((names) => names.split(' ')));

interface Choice {
  readonly instruction: Instruction;
  readonly form: Form;
}
const byModel = new Map<ProcessorModel, readonly (readonly Choice[])[]>();

/** Forms by family, so that the many of one do not crowd out the others: integer, x87, MMX, SSE. */
function families(model: ProcessorModel): readonly (readonly Choice[])[] {
  const known = byModel.get(model);
  if (known !== undefined) return known;
  const found: Choice[][] = [[], [], [], []];
  for (const { instruction, form } of handlersOf(model).forms) {
    if (excludedNames.has(instruction.mnemonic) || isSegmentLoad(form)) continue;
    const escape = form.opcode[0]! >= 0xd8 && form.opcode[0]! <= 0xdf;
    const banks = form.operands.map(({ bank }) => bank);
    const family = escape ? 1 : banks.includes('xmm') ? 3 : banks.includes('mmx') ? 2 : 0;
    found[family]!.push({ instruction, form });
  }
  byModel.set(
    model,
    found.filter((family) => family.length > 0),
  );
  return byModel.get(model)!;
}
const isSegmentLoad = ({ opcode }: Form): boolean => opcode[0] === 0x8e;

const step = (name: string, bytes: readonly number[], more: Partial<Step> = {}): Step => ({
  name,
  bytes,
  undefinedFlags: 0,
  undefinedStatus: 0,
  jumpOver: 0,
  ...more,
});

const mov = (register: number, value: number): number[] => [0xb8 + register, ...d(value)];
const hex = (bytes: readonly number[]): string => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

const shifts = new Set(['shl', 'sal', 'shr', 'sar', 'rol', 'ror', 'rcl', 'rcr', 'shld', 'shrd']);
const [CF, AF, OF] = [0x001, 0x010, 0x800];

/** What a shift by a known count leaves undefined; `undefined` where even its result is. */
function undefinedOfShift(mnemonic: string, width: number, count: number): number | undefined {
  if (count === 0) return 0;
  const rotates = mnemonic.startsWith('r');
  if (rotates) return count === 1 ? 0 : OF;
  if (mnemonic.length === 4)
    return count > width ? undefined : AF | (count === 1 ? 0 : OF) | (count === width ? CF : 0);
  const carry = mnemonic !== 'sar' && count >= width ? CF : 0;
  return AF | (count === 1 ? 0 : OF) | carry;
}

/** PUSHF; AND [ESP], ~flags; POPF: makes undefined flags defined. */
const settle = (flags: number): number[] => (flags === 0 ? [] : [0x9c, 0x81, 0x24, 0x24, ...d(~flags), 0x9d]);

/** A pushed selector's upper half is stored or not, by processor (SDM Vol. 2B, "PUSH"): MOV WORD [ESP+2], 0. */
const segmentPush = /^push[cdefgs]s$/;
const clearUpperHalf = [0x66, 0xc7, 0x44, 0x24, 0x02, 0, 0];

/** One form as a step, undefined flags settled. */
function formStep(random: Random, { instruction, form }: Choice): Step | undefined {
  const { mnemonic } = instruction;
  const alignment = form.operands.reduce((most, { width, isUnaligned }) => {
    return width === 128 && isUnaligned !== true ? 16 : most;
  }, 4);
  const encoded = encode(random, form, alignment);
  let setup = [...encoded.setup];
  let flags = undefinedFlagsOf(mnemonic);
  if (mnemonic.startsWith('maskmov')) setup = mov(7, dataAddress(random));
  if (shifts.has(mnemonic)) {
    const shift = shiftOf(random, form, encoded, mnemonic);
    if (shift === undefined) return undefined;
    setup = [...shift.setup, ...setup];
    ({ flags } = shift);
    // The count's register was set up first, and so may hold an address now.
    if (shift.setup.length > 0 && encoded.setup.some((byte) => byte === 0xb9)) return undefined;
  }
  if (form.opcode[0] === 0x8c && ((encoded.modrm! >> 3) & 7) === 5) return undefined; // The host's GS.
  if (form.opcode[1] === 0x20 || form.opcode[1] === 0x22) {
    if (encoded.bytes.includes(0xf0)) return undefined; // CR8, by AMD's other way to it.
  }
  if (mnemonic === 'bswap' && !encoded.operand32) return undefined; // Undefined in 16 bits.
  if (instruction.repeatable !== undefined) return stringStep(random, mnemonic, encoded);
  const after = segmentPush.test(mnemonic) && encoded.operand32 ? clearUpperHalf : settle(flags);
  return step(`${mnemonic} (${hex(encoded.bytes)})`, [...setup, ...encoded.bytes, ...after], {
    undefinedFlags: flags,
  });
}

function shiftOf(
  random: Random,
  form: Form,
  { operand32, lastByte }: Encoded,
  mnemonic: string,
): { readonly setup: readonly number[]; readonly flags: number } | undefined {
  const first = form.operands[0]!.width;
  const width = first === 'operand' ? (operand32 ? 32 : 16) : first;
  const last = form.operands.at(-1)!;
  const byRegister = last.kind === 'fixed';
  const count = byRegister ? pick(random, [0, 1, 2, 7, 8, 9, 16, 17, 31, 32, 33, random.below(256)]) : lastByte;
  const flags = undefinedOfShift(mnemonic, width, last.kind === 'one' ? 1 : count & 31);
  return flags === undefined ? undefined : { setup: byRegister ? [0xb1, count] : [], flags };
}

/** A string instruction over memory that is there, repeated or not. */
function stringStep(random: Random, mnemonic: string, { bytes }: Encoded): Step {
  const repeat = chance(random, 60) ? [pick(random, [0xf2, 0xf3])] : [];
  const setup = chance(random, 85)
    ? [...mov(6, dataAddress(random)), ...mov(7, dataAddress(random)), ...mov(1, random.below(24))]
    : repeat.length > 0
      ? mov(1, random.below(300))
      : [];
  return step(`${hex(repeat)} ${mnemonic}`, [...setup, ...repeat, ...bytes]);
}

const nops = new Array<number>(10).fill(0x90);

/** What forms alone would seldom do well. */
const special: readonly ((random: Random) => Step)[] = [
  // Conditional and plain jumps over the next steps.
  (random) => step('jcc', [0x70 | random.below(16), 0], { jumpOver: 1 + random.below(3) }),
  (random) => step('jmp', [0xeb, 0], { jumpOver: 1 + random.below(3) }),
  (random) => step('loop/jcxz', [0xe0 | random.below(4), 0], { jumpOver: 1 + random.below(3) }),
  // CALL over nothing, and RET to what was pushed.
  () => step('call', [0xe8, 0, 0, 0, 0]),
  () => step('push, ret', [0xe8, 0, 0, 0, 0, 0x83, 0x04, 0x24, 5, 0xc3]),
  (random) => step('ret n', [0xe8, 0, 0, 0, 0, 0x83, 0x04, 0x24, 7, 0xc2, random.below(4) * 4, 0]),
  (random) => step('popf', [0x68, ...d(number32(random) & 0x24_0ed5), 0x9d]),
  (random) => step('int n', [0xcd, pick(random, [0, 1, 2, 3, 4, 5, 0x20, 0x81, 0xff])]),
  (random) => step('bound', [...mov(0, number32(random)), 0x62, 0x05, ...d(dataAddress(random))]),
  (random) =>
    step('cmpxchg match', [
      0xa1,
      ...d(places.data + 64),
      0x0f,
      0xb1,
      0x0d,
      ...d(places.data + 64),
      random.below(2) === 0 ? 0x90 : 0x40,
    ]),
  // A store into the code that follows: over a NOP.
  (random) => {
    const opcode = 0x40 | random.below(8);
    // CALL $+5; POP EAX; MOV BYTE [EAX+6], opcode; NOP, which becomes INC or DEC.
    return step('self-modifying', [0xe8, 0, 0, 0, 0, 0x58, 0xc6, 0x40, 0x05, opcode, 0x90]);
  },
  // Opcodes as they come; what they take for operands are the NOPs behind them.
  (random) => step('opcodes', [...Array.from({ length: 1 + random.below(4) }, () => soup(random)), ...nops]),
];

const dangerous = new Set([
  0x0f,
  0xcd,
  0xc4,
  0xc5,
  0x62,
  0x65,
  0x8e,
  0xea,
  0x9a,
  0xcf,
  0xcb,
  0xca,
  0x07,
  0x17,
  0x1f,
  0xf1,
  0x06,
  0x0e,
  0x16,
  0x1e,
  // These leave flags undefined, or have a known difference.
  0x69,
  0x6b,
  0xf6,
  0xf7,
  0xc0,
  0xc1,
  0xd0,
  0xd1,
  0xd2,
  0xd3,
  0x27,
  0x2f,
  0x37,
  0x3f,
  0xd4,
  0xd5,
  0xa6,
  0xa7,
  0x6c,
  0x6d,
  0x6e,
  0x6f,
  // Jumps land in the middle of steps.
  ...Array.from({ length: 16 }, (_, code) => 0x70 + code),
  0xe0,
  0xe1,
  0xe2,
  0xe3,
  0xe8,
  0xe9,
  0xeb,
  0x8c,
]);

/** Any byte that starts nothing which calls the host, speaks of it, or shows nothing. */
function soup(random: Random): number {
  for (;;) {
    const byte = random.below(256);
    if (!dangerous.has(byte) && (byte & 0xf8) !== 0xd8) return byte;
  }
}

function anyStep(random: Random, model: ProcessorModel): Step {
  if (chance(random, 12)) return pick(random, special)(random);
  const all = families(model);
  for (;;) {
    const family = chance(random, 40) ? all[0]! : pick(random, all);
    const found = formStep(random, pick(random, family));
    if (found !== undefined) return found;
  }
}

function bytesFrom(random: Random, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < count; at += 4) view.setUint32(at, number32(random), true);
  return bytes;
}

/** An FXSAVE image: x87 registers of every kind, some of them empty, masked exceptions most of the time. */
function fxImage(random: Random): Uint8Array {
  const image = new Uint8Array(fxBytes);
  const view = new DataView(image.buffer);
  const masks = chance(random, 90) ? 0x3f : random.below(64);
  view.setUint16(0, 0x40 | masks | (chance(random, 50) ? 0x300 : random.below(16) << 8), true);
  view.setUint16(2, (random.below(8) << 11) | (chance(random, 50) ? 0 : random.next() & 0x4700), true);
  image[4] = chance(random, 50) ? 0xff : random.below(256);
  view.setUint32(
    24,
    (chance(random, 90) ? 0x1f80 : random.below(64) << 7) |
      (random.below(4) << 13) |
      (random.below(8) === 0 ? 0x8040 : 0),
    true,
  );
  for (let register = 0; register < 8; register++) writeFloat80(random, view, 32 + register * 16);
  for (let register = 0; register < 8; register++) image.set(vectorBytes(random), 160 + register * 16);
  return image;
}
function writeFloat80(random: Random, view: DataView, at: number): void {
  const kind = random.below(8);
  const exponent = kind === 0 ? pick(random, [0, 1, 0x7fff, 0x7ffe]) : 0x3fff - 40 + random.below(80);
  view.setUint32(at, kind < 3 ? 0 : random.next(), true);
  view.setUint32(
    at + 4,
    (kind < 2 ? 0 : random.next()) | (exponent === 0 || chance(random, 1) ? 0 : 0x8000_0000),
    true,
  );
  view.setUint16(at + 8, exponent | (chance(random, 50) ? 0x8000 : 0), true);
}
const float64s = [
  0,
  1,
  -1,
  0.5,
  2,
  1e300,
  1e-310,
  1e-40,
  3.5,
  1e10,
  -1e10,
  2147483648,
  Infinity,
  -Infinity,
  NaN,
] as const;
function vectorBytes(random: Random): Uint8Array {
  const kind = random.below(4);
  if (kind === 0) return bytesFrom(random, 16);
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  const any = (): number =>
    chance(random, 50) ? pick(random, float64s) : (random.next() - 2 ** 31) / 2 ** random.below(40);
  if (kind === 1) for (let at = 0; at < 16; at += 8) view.setFloat64(at, any(), true);
  else for (let at = 0; at < 16; at += 4) view.setFloat32(at, any(), true);
  return bytes;
}

/** The sequence of a number in a seed's row. */
export function sequenceOf(seed: number, index: number, model: ProcessorModel = 'pentiumM'): Sequence {
  const random = seededRandom((Math.imul(seed, 0x9e37_79b1) ^ Math.imul(index, 0x85eb_ca6b)) >>> 0);
  random.next();
  const registers = Array.from({ length: 8 }, (_, register) => {
    if (register === 4) return places.stack + 0x800 + (chance(random, 95) ? 0 : random.below(4));
    return register >= 5 && chance(random, 70) ? dataAddress(random, 4) : number32(random);
  });
  const flags = random.next() & (chance(random, 97) ? 0xcd5 : 0x4_0cd5);
  const count = 1 + random.below(10);
  return {
    registers,
    flags,
    data: bytesFrom(random, dataBytes),
    stack: bytesFrom(random, stackBytes),
    fx: fxImage(random),
    steps: Array.from({ length: count }, () => anyStep(random, model)),
  };
}
