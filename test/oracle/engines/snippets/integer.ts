/** Register arithmetic that depends on itself: flags in and out, all widths, high and low bytes, and a few of memory. */
import { d } from '../../../cpu/bytes.js';
import { anyAddress, anyForm, anyNumber, freeRegister, registerFor as register } from '../forms.js';
import { places, variables } from '../program.js';
import { EAX, EBX, ECX, EDI, EDX, ESI, jcc, type OperandWidth } from '../writer.js';
import type { Body, Snippet } from './body.js';

const widths: readonly OperandWidth[] = [8, 16, 32, 32, 32];

const direct = (reg: number, rm: number): number => 0xc0 | (reg << 3) | rm;
const odd = (width: OperandWidth): number => (width === 8 ? 0 : 1);

const operations: readonly ((body: Body, width: OperandWidth) => void)[] = [
  // op r, r and op r, imm: ADD OR ADC SBB AND SUB XOR CMP.
  (body, width) => {
    const code = (body.random.below(8) << 3) | (body.chance(50) ? 2 : 0) | odd(width);
    body.op(width, code, direct(register(body, width), register(body, width)));
  },
  (body, width) => {
    const digit = body.random.below(8);
    const rm = direct(digit, register(body, width));
    if (width !== 8 && body.chance(60)) return body.op(width, 0x83, rm, body.random.below(256));
    body.op(width, 0x80 | odd(width), rm, ...body.immediate(width, anyNumber(body)));
  },
  // INC, DEC (short and long), NOT, NEG.
  (body, width) => {
    if (width === 8) return body.emit(0xfe, direct(body.random.below(2), register(body, 8)));
    body.op(width, 0x40 | (body.random.below(2) << 3) | freeRegister(body));
  },
  (body, width) => body.op(width, 0xf6 | odd(width), direct(2 + body.random.below(2), register(body, width))),
  // Shifts and rotations by an immediate, by one, and by CL.
  (body, width) => {
    const rm = direct(body.random.below(8), register(body, width));
    if (body.chance(30)) return body.op(width, 0xd0 | odd(width), rm);
    if (body.chance(50)) return body.op(width, 0xd2 | odd(width), rm);
    body.op(width, 0xc0 | odd(width), rm, body.random.below(40));
  },
  (body, width) => {
    if (width === 8) return body.emit(0x98);
    const code = body.chance(50) ? 0xa4 : 0xac;
    const rm = direct(freeRegister(body), freeRegister(body));
    if (body.chance(50)) return body.op(width, 0x0f, code, rm, body.random.below(40));
    body.op(width, 0x0f, code + 1, rm);
  },
  // MOV, XCHG, LEA, MOVZX, MOVSX, CMP, TEST.
  (body, width) => body.op(width, 0x88 | odd(width), direct(register(body, width), register(body, width))),
  (body, width) =>
    width === 8
      ? body.emit(0xb0 | register(body, 8), body.random.below(256))
      : body.op(width, 0xb8 | freeRegister(body), ...body.immediate(width, anyNumber(body))),
  (body, width) => body.op(width, 0x86 | odd(width), direct(register(body, width), register(body, width))),
  (body) => {
    if (body.bits === 16) return body.op(32, 0x8d, 0x40 | (freeRegister(body) << 3) | body.random.below(6), 0x7f);
    const index = body.pick([0, 1, 2, 3, 5, 6, 7]);
    const scale = body.random.below(4) << 6;
    body.emit(
      0x8d,
      0x44 | (freeRegister(body) << 3),
      scale | (index << 3) | body.random.below(8),
      body.random.below(256),
    );
  },
  (body) => {
    const code = body.pick([0xb6, 0xb7, 0xbe, 0xbf]);
    body.op(body.chance(70) ? 32 : 16, 0x0f, code, direct(freeRegister(body), body.random.below(8)));
  },
  (body, width) => body.op(width, 0x84 | odd(width), direct(body.random.below(8), body.random.below(8))),
  // SETcc, CMOVcc.
  (body) => body.emit(0x0f, 0x90 | body.random.below(16), direct(0, register(body, 8))),
  (body) => {
    if (!['pentium3', 'pentiumM'].includes(body.environment.model)) return body.emit(0xf5);
    body.op(
      body.chance(70) ? 32 : 16,
      0x0f,
      0x40 | body.random.below(16),
      direct(freeRegister(body), body.random.below(8)),
    );
  },
  // Bits.
  (body) => body.op(32, 0x0f, 0xba, direct(4 + body.random.below(4), freeRegister(body)), body.random.below(64)),
  (body) => body.op(32, 0x0f, body.pick([0xa3, 0xab, 0xb3, 0xbb]), direct(body.random.below(8), freeRegister(body))),
  (body) => body.op(32, 0x0f, body.pick([0xbc, 0xbd]), direct(freeRegister(body), body.random.below(8))),
  (body) => (body.environment.model === '80386' ? body.emit(0xf8) : body.op(32, 0x0f, 0xc8 | freeRegister(body))),
  // Products of two and three operands.
  (body) => body.op(body.chance(70) ? 32 : 16, 0x0f, 0xaf, direct(freeRegister(body), body.random.below(8))),
  (body) => body.op(32, 0x6b, direct(freeRegister(body), body.random.below(8)), body.random.below(256)),
  // DAA DAS AAA AAS, right after a sum or a difference.
  (body) => {
    if (body.reserved.has(EAX)) return body.emit(0xf9);
    body.emit(body.pick([0x04, 0x14, 0x1c, 0x2c]), body.random.below(256));
    body.emit(body.pick([0x27, 0x2f, 0x37, 0x3f]));
  },
  // CLC STC CMC, CBW CWD, LAHF SAHF.
  (body) => body.emit(body.pick([0xf5, 0xf8, 0xf9])),
  (body) =>
    body.emit(...(body.reserved.has(EDX) || body.reserved.has(EAX) ? [0x90] : [body.pick([0x98, 0x99, 0x9e, 0x9f])])),
];

/** Registers alone; nothing in it faults. */
export const arithmetic: Snippet = (body) => {
  for (let count = body.between(1, 6); count > 0; count--) body.pick(operations)(body, body.pick(widths));
};
/** A number of several words: ADD, then ADC or SBB all the way. */
export const carryChain: Snippet = (body) => {
  const code = body.pick([0x13, 0x1b]);
  body.emit(body.pick([0xf8, 0xf9]));
  for (let count = body.between(2, 5); count > 0; count--) {
    if (body.chance(60)) body.op(32, code, direct(freeRegister(body), body.random.below(8)));
    else if (body.chance(50)) body.memory(32, [code], freeRegister(body), variables.free + count * 4);
    else if (body.chance(50)) body.op(32, 0x40 | freeRegister(body));
    else body.op(32, 0xd1, direct(2 + body.random.below(2), freeRegister(body)));
  }
  body.emit(0x0f, 0x92, direct(0, register(body, 8)));
};
/** MUL, IMUL, DIV, IDIV: most divisions work. */
export const multiplication: Snippet = (body) => {
  const width = body.pick(widths);
  const digit = body.between(4, 7);
  if (body.reserved.has(EDX)) return body.pick(operations)(body, 32);
  if (digit >= 6 && body.chance(85)) {
    body.op(32, 0xb8 | EDX, ...d(0));
    if (width === 8) body.op(16, 0xb8 | EAX, ...body.immediate(16, body.random.below(0x7f)));
    else body.op(width, 0x25, ...body.immediate(width, 0x7fff_ffff));
    body.op(32, 0x83, direct(1, ECX), 1);
  }
  body.risky(() => {
    if (body.chance(60))
      body.op(width, 0xf6 | odd(width), direct(digit, body.chance(70) ? ECX : register(body, width)));
    else body.memory(width, [0xf6 | odd(width)], digit, anyAddress(body, 4));
  });
};
/** Loads and stores through a pointer that goes on. */
export const pointers: Snippet = (body) => {
  const pointer = freeRegister(body, [EBX, ESI, EDI]);
  const start = body.chance(70) ? variables.free + body.random.below(0x400) : anyAddress(body);
  body.risky(() => {
    body.set(pointer, body.offset(start));
    body.reserving([pointer], () => {
      for (let count = body.between(2, 6); count > 0; count--) throughPointer(body, pointer);
    });
  });
};
function throughPointer(body: Body, pointer: number): void {
  const width = body.pick(widths);
  const mode = body.bits === 32 ? 0x40 | pointer : 0x40 | (pointer === EBX ? 7 : pointer === ESI ? 4 : 5);
  const displacement = body.between(-16, 64) & 0xff;
  const operand = (reg: number): number[] => [mode | (reg << 3), displacement];
  switch (body.random.below(8)) {
    case 0:
    case 1:
      return body.op(width, 0x8a | odd(width), ...operand(register(body, width)));
    case 2:
    case 3:
      return body.op(width, 0x88 | odd(width), ...operand(body.random.below(8)));
    case 4:
      return body.op(width, (body.random.below(8) << 3) | odd(width), ...operand(body.random.below(8)));
    case 5:
      return body.op(width, (body.random.below(8) << 3) | 2 | odd(width), ...operand(register(body, width)));
    case 6:
      return body.op(width, 0xfe | odd(width), ...operand(body.random.below(2)));
    default:
      return body.op(32, 0x83, direct(0, pointer), body.pick([1, 2, 4, 8, 0x7f, 0xfc]));
  }
}
/** A read-modify-write of memory, with its flags looked at. */
export const memoryArithmetic: Snippet = (body) => {
  const skip = body.label();
  body.risky(() => {
    const width = body.pick(widths);
    const at = anyAddress(body);
    if (body.chance(50)) body.memory(width, [(body.random.below(8) << 3) | odd(width)], register(body, width), at);
    else body.memory(width, [0x80 | odd(width)], body.random.below(8), at, body.immediate(width, anyNumber(body)));
    body.jump(jcc(body.random.below(16)), { label: skip });
    body.memory(32, [0xff], body.random.below(2), variables.free + 0x20);
    body.place(skip);
  });
};
/** Any instructions at all. */
export const anyInstructions: Snippet = (body) => {
  body.risky(() => {
    for (let count = body.between(1, 4); count > 0; count--) {
      const family = body.random.below(100);
      anyForm(body, family < 55 ? 'integer' : family < 70 ? 'x87' : family < 80 ? 'mmx' : 'xmm');
    }
  });
};
/** Floating point that computes something: integers in, sums and products, results out. */
export const floating: Snippet = (body) => {
  if (body.environment.model === '80386') return arithmetic(body);
  body.risky(() => {
    if (body.chance(60)) body.emit(0xdb, 0xe3); // FNINIT
    const at = variables.free + 0x40;
    body.memory(8, [0xdb], 0, at + 4 * body.random.below(4)); // FILD
    for (let count = body.between(1, 5); count > 0; count--) {
      if (body.chance(40))
        body.memory(8, [body.pick([0xd8, 0xdc, 0xda])], body.random.below(8), at + 8 * body.random.below(4));
      else if (body.chance(50)) body.emit(0xd9, body.pick([0xe8, 0xee, 0xeb, 0xe0, 0xe1, 0xc0, 0xc9, 0xfa, 0xfc]));
      else
        body.emit(body.pick([0xd8, 0xdc, 0xde]), 0xc0 | body.pick([0, 1, 4, 5, 6, 7].map((digit) => digit << 3)) | 1);
    }
    body.memory(8, [body.pick([0xd9, 0xdd, 0xdb])], 3, at + 0x40);
  });
};
/** String instructions over memory that is there, and now and then over more. */
export const strings: Snippet = (body) => {
  if (body.reserved.has(ECX) || body.reserved.has(ESI) || body.reserved.has(EDI)) return arithmetic(body);
  body.risky(() => {
    const count = body.chance(90) ? body.random.below(24) : body.random.below(200);
    body.set(ECX, count);
    body.set(ESI, body.offset(anyAddress(body)));
    const backwards = body.chance(15);
    body.set(EDI, body.offset(anyAddress(body), 'es'));
    if (backwards) body.emit(0xfd);
    if (body.chance(10)) body.emit(0x67);
    if (body.chance(70)) body.emit(body.pick([0xf2, 0xf3]));
    const ports = body.chance(8);
    if (ports) body.set(EDX, 0x10 + body.random.below(2));
    body.op(
      body.pick([32, 16]),
      ports ? 0x6c + body.random.below(4) : body.pick([0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf]),
    );
  });
  body.emit(0xfc);
};
/** A small loop over an array that gets hot at once: sums, copies, a generator of random numbers. */
export const kernel: Snippet = (body) => {
  const count = body.between(8, 60);
  const array = body.chance(85)
    ? variables.free + 4 * body.random.below(64)
    : places.data + 0x1000 - 4 * body.random.below(12) - body.random.below(2);
  const counter = freeRegister(body, [ECX, EDX]);
  body.risky(() => {
    body.set(ESI, body.offset(array));
    body.set(counter, count);
    body.reserving([counter, ESI], () => {
      const top = body.here();
      for (let parts = body.between(1, 3); parts > 0; parts--) {
        if (body.chance(40)) throughPointer(body, ESI);
        else body.pick(operations)(body, body.pick(widths));
      }
      body.op(32, 0x83, direct(0, ESI), 4);
      if (body.chance(50)) body.op(32, 0x48 | counter);
      else body.op(32, 0x83, direct(5, counter), 1);
      body.jump(jcc(5), { label: top });
    });
  });
};
