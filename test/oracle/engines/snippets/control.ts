/** Where code goes: branches, nested loops of every kind, calls, tables of jumps, jumps between and into instructions. */
import { d, w } from '../../../cpu/bytes.js';
import { hasAlias } from '../environment.js';
import { anyNumber, freeRegister } from '../forms.js';
import { places, variables } from '../program.js';
import { EBP, EBX, ECX, EDI, EDX, ESI, ESP, jcc, jumps } from '../writer.js';
import type { Body, Snippet } from './body.js';
import { arithmetic } from './integer.js';

const direct = (reg: number, rm: number): number => 0xc0 | (reg << 3) | rm;

/** CMP or TEST, and a condition over something. */
export const branch =
  (inner: Snippet): Snippet =>
  (body) => {
    const after = body.label();
    if (body.chance(40)) body.op(32, 0x39, direct(body.random.below(8), body.random.below(8)));
    else if (body.chance(60)) body.op(32, 0x83, direct(7, body.random.below(8)), body.random.below(256));
    else if (body.chance(60)) body.op(32, 0xa9, ...d(1 << body.random.below(32)));
    // Else whatever flags there are.
    body.jump(jcc(body.random.below(16)), { label: after });
    body.depth++;
    inner(body);
    body.depth--;
    if (body.chance(50)) {
      const end = body.label();
      body.jump(jumps.jmp, { label: end });
      body.place(after);
      arithmetic(body);
      body.place(end);
    } else body.place(after);
  };

type Loop = (body: Body, count: number, inner: Snippet) => void;
const loops: readonly Loop[] = [
  // Counted in memory.
  (body, count, inner) => {
    const counter = body.counter();
    body.memory(32, [0xc7], 0, counter, d(count));
    const top = body.here();
    inner(body);
    if (body.chance(50)) body.memory(32, [0xff], 1, counter);
    else body.memory(32, [0x83], 5, counter, [1]);
    body.jump(jcc(body.pick([5, 5, 0xf])), { label: top });
  },
  // Counted in a register that is kept on the stack.
  (body, count, inner) => {
    body.set(ECX, count);
    const top = body.here();
    body.op(32, 0x51);
    inner(body);
    body.op(32, 0x59);
    if (body.chance(50)) body.jump(jumps.loop, { label: top });
    else {
      body.op(32, 0x49);
      body.jump(jcc(5), { label: top });
    }
  },
  // Counted in a register of its own, downwards or upwards, with every sense of the condition.
  (body, count, inner) => {
    const counter = freeRegister(body, [EBX, ESI, EDI]);
    body.reserving([counter], () => {
      const kind = body.random.below(4);
      body.set(counter, kind < 2 ? count : kind === 2 ? 0 : -count);
      const top = body.here();
      inner(body);
      if (kind < 2) {
        if (kind === 0) body.op(32, 0x48 | counter);
        else body.op(32, 0x83, direct(5, counter), 1);
        return body.jump(jcc(body.pick([5, 0xf])), { label: top });
      }
      if (kind === 3) {
        body.op(32, 0x40 | counter);
        return body.jump(jcc(body.pick([5, 8])), { label: top });
      }
      body.op(32, 0x83, direct(0, counter), 1);
      body.op(32, 0x83, direct(7, counter), count);
      body.jump(jcc(body.pick([2, 5, 6, 0xc, 0xe])), { label: top });
    });
  },
  // LOOP, LOOPE, LOOPNE over arithmetic.
  (body, count) => {
    body.set(ECX, count);
    body.reserving([ECX], () => {
      const top = body.here();
      arithmetic(body);
      body.jump(body.pick([jumps.loop, jumps.loop, jumps.loope, jumps.loopne]), { label: top });
    });
  },
  // Left in the middle, and JCXZ.
  (body, count, inner) => {
    const [end, counter] = [body.label(), body.counter()];
    body.memory(32, [0xc7], 0, counter, d(count));
    const top = body.here();
    body.memory(32, [0x8b], ECX, counter);
    body.jump(jumps.jcxz, { label: end });
    inner(body);
    body.memory(32, [0xff], 1, counter);
    if (body.chance(40)) body.jump(jcc(body.random.below(16)), { label: end });
    body.jump(jumps.jmp, { label: top });
    body.place(end);
  },
];
export const loop =
  (inner: Snippet): Snippet =>
  (body) => {
    const count = body.depth === 0 ? body.between(2, 24) : body.between(1, 6);
    body.depth++;
    body.pick(loops)(body, count, inner);
    body.depth--;
  };

/** A call of a later function: direct, through a register, through memory, or by PUSH and RET. */
export const call: Snippet = (body) => {
  if (body.functions.length === 0) return arithmetic(body);
  body.saving(() => callSome(body));
};
function callSome(body: Body): void {
  const target = body.pick(body.functions);
  const wide = body.bits === 32 ? 32 : 16;
  switch (body.random.below(6)) {
    case 0: {
      const register = freeRegister(body);
      body.setToLabel(register, target);
      return body.op(wide, 0xff, direct(2, register));
    }
    case 1:
      body.storeLabel(variables.pointers + 0x10, target);
      return body.memory(wide, [0xff], 2, variables.pointers + 0x10);
    case 2: {
      const back = body.label();
      const register = freeRegister(body);
      body.setToLabel(register, back);
      body.op(wide, 0x50 | register);
      body.setToLabel(register, target);
      body.op(wide, 0x50 | register);
      body.emit(0xc3);
      return body.place(back);
    }
    default:
      return body.jump(jumps.call, { label: target });
  }
}
/** A jump through a table of its own, by a register. */
export const choose: Snippet = (body) => {
  const [table, end] = [body.label(), body.label()];
  const entries = body.pick([2, 4]);
  const size = body.bits === 32 ? 4 : 2;
  const targets = Array.from({ length: entries }, () => body.label());
  const index = freeRegister(body, [EBX, ESI, EDI]);
  body.op(32, 0x83, direct(4, index), entries - 1);
  const scaled = size === 4 ? [0x2e, 0xff, 0x24, 0x85 | (index << 3)] : undefined;
  if (scaled === undefined) {
    body.op(16, 0x01, direct(index, index));
    const mode = 0x80 | (4 << 3) | (index === EBX ? 7 : index === ESI ? 4 : 5);
    body.items.push({ kind: 'reference', before: [0x2e, 0xff, mode], label: table, plus: 0, size: 2, after: [] });
  } else body.items.push({ kind: 'reference', before: scaled, label: table, plus: 0, size: 4, after: [] });
  body.place(table);
  for (const label of targets) body.items.push({ kind: 'reference', before: [], label, plus: 0, size, after: [] });
  for (const label of targets) {
    body.place(label);
    arithmetic(body);
    if (body.chance(70)) body.jump(jumps.jmp, { label: end });
  }
  body.place(end);
};
/** A loop that calls, or jumps to, one routine after another through a table in memory: in its own page and in others. */
export const dispatch: Snippet = (body) => {
  const [over, counter, entries] = [body.label(), body.counter(), body.pick([2, 4])];
  const table = variables.pointers + 0x40;
  const isCall = body.chance(65);
  const back = body.label();
  const own = Array.from({ length: body.between(1, 3) }, () => body.label());
  body.jump(jumps.jmp, { label: over });
  for (const label of own) {
    if (body.chance(6)) body.align(body.random.below(0x100));
    body.place(label);
    arithmetic(body);
    if (isCall) body.emit(0xc3);
    else body.jump(jumps.jmp, { label: back });
  }
  body.place(over);
  for (let entry = 0; entry < entries; entry++) {
    const label = isCall && body.chance(25) && body.functions.length > 0 ? body.pick(body.functions) : body.pick(own);
    const isAway = isCall && hasAlias(body.environment) && body.chance(20);
    body.storeLabel(table + entry * 4, label, isAway ? body.environment.aliasBase : 0);
  }
  if (isCall && hasAlias(body.environment) && body.chance(40)) {
    const stub = body.environment.aliasBase + places.stubs[0] + body.random.below(4) * 0x20;
    body.memory(32, [0xc7], 0, table, d(stub));
  }
  body.memory(32, [0xc7], 0, counter, d(body.between(2, 30)));
  const top = body.here();
  body.saving(() => {
    body.memory(32, [0x8b], EBX, counter);
    body.op(32, 0x83, direct(4, EBX), entries - 1);
    if (body.bits === 16) body.op(16, 0xc1, direct(4, EBX), 2);
    const digit = isCall ? 2 << 3 : 4 << 3;
    const offset = body.offset(table);
    body.risky(() => {
      if (body.bits === 32) body.emit(0xff, 0x04 | digit, 0x85 | (EBX << 3), ...d(offset));
      else body.emit(0xff, 0x87 | digit, ...w(offset));
      body.place(back);
    });
  });
  body.memory(32, [0xff], 1, counter);
  body.jump(jcc(5), { label: top });
};
/** A jump into an instruction, whose immediate is code too; the other way through it comes first, or later. */
export const middle: Snippet = (body) => {
  const [inside, counter] = [body.label(), body.counter()];
  const register = freeRegister(body, [0, 2, EBX, ESI]);
  body.memory(32, [0xff], 0, counter);
  body.memory(32, [0xf7], 0, counter, d(1));
  body.jump(jcc(body.pick([4, 5])), { label: inside, plus: 1 });
  body.place(inside);
  // Whole: MOV r, imm. From its second byte: INC or DEC twice, and what is left of it.
  const inner = [0x40 | freeRegister(body), 0x48 | freeRegister(body), 0x90, 0xf5];
  body.op(body.bits, 0xb8 | register, ...inner.slice(0, body.bits === 32 ? 4 : 2));
};
/** Stack frames and whole register sets. */
export const stack: Snippet = (body) => {
  switch (body.random.below(8)) {
    case 0:
      body.op(body.bits, 0x60);
      arithmetic(body);
      return body.op(body.bits, 0x61);
    case 1:
      body.risky(() => body.op(body.bits, 0xc8, ...w(body.random.below(64)), body.random.below(4)));
      return body.emit(0xc9);
    case 2:
      body.op(32, 0x50 | body.random.below(8));
      body.op(32, 0x68, ...d(anyNumber(body)));
      arithmetic(body);
      return body.op(32, 0x83, direct(0, ESP), 8);
    case 3:
      body.op(body.bits, 0x9c);
      arithmetic(body);
      return body.op(body.bits, 0x9d);
    case 4:
      return body.risky(() => {
        body.memory(32, [0xff], 6, variables.free + 0x30);
        body.memory(32, [0x8f], 0, variables.free + 0x34);
      });
    case 5:
      if (body.bits === 16) return arithmetic(body);
      body.emit(0x50, 0x87, 0x04, 0x24, 0x01, 0x0c, 0x24); // PUSH EAX; XCHG [ESP], EAX; ADD [ESP], ECX
      return body.emit(0x58);
    case 6:
      body.op(16, 0x50 | body.random.below(8));
      return body.op(16, 0x58 | freeRegister(body, [0, 1, 2, EBX]));
    default:
      body.op(32, 0x89, direct(ESP, EBP)); // MOV EBP, ESP
      if (body.bits === 32) body.emit(0x8b, 0x45, 0xfc, 0x89, 0x55, 0xf8);
      return;
  }
};
/** Goes on at the same code in the second mapping, or back from it. */
export const hop: Snippet = (body) => {
  if (!hasAlias(body.environment)) return stack(body);
  const next = body.label();
  body.jump(
    { near: [0xe9] },
    { label: next, plus: body.chance(60) ? body.environment.aliasBase : -body.environment.aliasBase },
  );
  // Where the other mapping is the wrong one, the jump lands nowhere and faults.
  body.place(next);
  if (body.chance(40)) {
    const home = body.label();
    body.setToLabel(EDX, home);
    body.emit(0xff, direct(4, EDX));
    body.place(home);
  }
};
/** A routine on the page whose mapping changes. */
export const callStub: Snippet = (body) => {
  const at = (body.random.below(4) * 0x20) | (body.chance(10) ? 1 : 0);
  const linear = hasAlias(body.environment)
    ? body.environment.aliasBase + places.stubs[0]
    : places.stubs[body.random.below(2)]!;
  const offset = linear + at - body.base('cs');
  if (body.bits === 16 && offset > 0xffff) return arithmetic(body);
  const callIt = (): void => {
    if (body.chance(50)) return body.jump(jumps.call, { offset });
    const register = freeRegister(body);
    body.set(register, offset);
    body.op(body.bits, 0xff, direct(2, register));
  };
  body.saving(() => body.risky(callIt));
};
/** The next instructions lie across the end of a page. */
export const pageEnd: Snippet = (body) => {
  body.align((0x1000 - body.between(0, 9)) & 0xfff);
  for (let count = body.between(1, 3); count > 0; count--) arithmetic(body);
};
/** Bytes of 66h and 67h in numbers, in front of something short. */
export const prefixes: Snippet = (body) => {
  const many = Array.from({ length: body.between(1, 6) }, () => body.pick([0x66, 0x67, 0x2e, 0x3e, 0x36, 0x64]));
  body.risky(() => body.emit(...many, body.pick([0x90, 0x40, 0x4b, 0x98, 0x99, 0xac, 0xaa, 0x50, 0xfc])));
};
