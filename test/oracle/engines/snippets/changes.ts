/** Code that changes: ahead, behind, in the very instruction, through another mapping, by strings and by the stack. */
import { places, variables } from '../program.js';
import { hasAlias } from '../environment.js';
import { freeRegister } from '../forms.js';
import { EAX, ECX, EDI, ESI, jcc, jumps, type OperandWidth } from '../writer.js';
import type { Body, Changeable, Snippet } from './body.js';
import { arithmetic } from './integer.js';

const direct = (reg: number, rm: number): number => 0xc0 | (reg << 3) | rm;

/** Writes something that can be changed; where. */
function changeable(body: Body, label = body.label()): Changeable {
  const place = changeableAt(body, label);
  body.changeables.push(place);
  return place;
}
function changeableAt(body: Body, label: number): Changeable {
  body.place(label);
  switch (body.random.below(4)) {
    case 0:
      body.op(8, 0xb0 | freeRegister(body, [0, 1, 2, 3]), body.random.below(256));
      return { label, plus: 1, kind: 'immediate' };
    case 1:
      body.op(body.bits, 0x83, direct(body.random.below(8), freeRegister(body)), body.random.below(256));
      return { label, plus: 2, kind: 'immediate' };
    case 2: {
      const over = body.label();
      body.jump({ short: [0x70 | body.random.below(16)] }, { label: over });
      body.op(body.bits, 0x40 | freeRegister(body));
      body.place(over);
      return { label, plus: 0, kind: 'condition' };
    }
    default:
      body.op(body.bits, 0x40 | freeRegister(body));
      return { label, plus: 0, kind: 'incDec' };
  }
}
/** Linear addresses of the code to write to: its own mapping, or the other one. */
const mapping = (body: Body): number =>
  hasAlias(body.environment) && body.chance(30) ? body.environment.aliasBase : 0;

/** A store that changes a place, in one of many ways. */
function change(body: Body, { label, plus, kind }: Changeable): void {
  const at = plus + mapping(body);
  const turned = kind === 'incDec' ? 8 : 1;
  if (kind !== 'immediate') return body.onCode(8, [0x80], 6, label, at, [turned]); // XOR BYTE
  const register = body.random.below(8);
  switch (body.random.below(8)) {
    case 0:
      return body.onCode(8, [0x88], register, label, at);
    case 1:
      return body.onCode(8, [0x80], body.pick([0, 5, 6]), label, at, [body.random.below(256)]);
    case 2:
      return body.onCode(8, [0xfe], body.random.below(2), label, at);
    case 3:
      return body.onCode(8, [0x86], freeRegister(body, [0, 1, 2, 3]), label, at);
    case 4:
      return body.onCode(8, [0xc6], 0, label, at, [body.random.below(256)]);
    case 5:
      return body.onCode(8, [0x0f, 0x90 | body.random.below(16)], 0, label, at);
    case 6:
      return body.onCode(8, [0xf6], 2 + body.random.below(2), label, at);
    default:
      return body.onCode(8, [0x00], register, label, at);
  }
}

/** Changes what comes next, directly or a few instructions on. */
export const ahead: Snippet = (body) => {
  const label = body.label();
  const holder: { change?: Changeable } = {};
  // What the place is like has to be known before it is written: it is written apart, then put behind the store.
  const from = body.items.length;
  holder.change = changeable(body, label);
  const written = body.items.splice(from);
  body.risky(() => change(body, holder.change!));
  for (let count = body.random.below(3); count > 0; count--) arithmetic(body);
  body.items.push(...written);
};
/** Changes something that ran before; a loop around it comes by again. */
export const behind: Snippet = (body) => {
  const place = body.changeables.length > 0 && body.chance(70) ? body.pick(body.changeables) : changeable(body);
  body.risky(() => change(body, place));
};
/** An instruction that changes its own immediate, or its own opcode. */
export const itself: Snippet = (body) => {
  const label = body.here();
  body.risky(() => {
    const inner = body.here();
    if (body.chance(60)) {
      // ADD BYTE [its immediate], imm: at the end of the instruction, whose length depends on its prefixes.
      const { prefix } = body.environment.codeWriter;
      const length = prefix.length + 1 + 1 + (body.bits === 32 ? 4 : 2);
      return body.onCode(8, [0x80], 0, inner, length, [body.between(1, 9)]);
    }
    body.onCode(8, [0x80], 6, body.chance(50) ? label : inner, body.random.below(3), [body.pick([0, 1, 8, 0x40])]);
  });
};
/** A loop of its own that changes itself at every turn. */
export const changingLoop: Snippet = (body) => {
  const counter = body.counter();
  body.memory(32, [0xc7], 0, counter, [body.between(3, 20), 0, 0, 0]);
  const top = body.here();
  const place = changeable(body);
  if (body.chance(50)) arithmetic(body);
  // Not at every turn: the code gets hot in between.
  if (body.chance(60)) {
    const skip = body.label();
    body.memory(8, [0xf6], 0, counter, [body.pick([1, 3, 7])]);
    body.jump(jcc(5), { label: skip });
    change(body, place);
    body.place(skip);
  } else change(body, place);
  if (body.chance(30)) changeable(body);
  body.memory(32, [0xff], 1, counter);
  body.jump(jcc(5), { label: top });
};
/** Wide stores over code with the bytes that are there already, or half of another instruction. */
export const wide: Snippet = (body) => {
  const place = changeable(body);
  const width: OperandWidth = body.pick([16, 32]);
  body.risky(() => {
    body.onCode(width, [0x8b], EAX, place.label, place.plus);
    body.op(32, 0x83, direct(body.pick([1, 4, 6]), EAX), place.kind === 'immediate' ? body.random.below(128) : 0);
    body.onCode(width, [0x89], EAX, place.label, place.plus);
  });
};
/** Copies a routine to another place, changes the copy, and calls it there; the place is used again and again. */
export const copy: Snippet = (body) => {
  if (body.environment.kind === 'segmented' || body.bits === 16) return changingLoop(body);
  const target = places.copies + 0x40 * body.random.below(2) + (body.chance(10) ? 0xfe0 : 0);
  const source = places.stubs[body.random.below(2)]! + body.random.below(4) * 0x20;
  const copyAndCall = (): void => {
    body.set(ESI, source);
    body.set(EDI, target + mapping(body));
    body.set(ECX, body.chance(50) ? 8 : 32);
    body.emit(0xf3, body.chance(50) ? 0xa4 : 0xa5);
    if (body.chance(50)) body.emit(0x80, ...body.absolute(6, target), 8);
    body.jump(jumps.call, { offset: target });
  };
  body.saving(() => body.risky(copyAndCall));
};
/** Pushes code to where it runs at once: the stack lies there for a moment. */
export const pushed: Snippet = (body) => {
  if (body.bits === 16 || body.base('ss') !== 0 || body.base('cs') !== 0) return changingLoop(body);
  const here = body.label();
  body.risky(() => {
    body.memory(32, [0x89], 4, variables.pointers + 0x20);
    body.setToLabel(4, here, 4);
    body.op(32, 0x68, 0x40 | freeRegister(body), 0x48 | freeRegister(body), 0x90, body.pick([0x90, 0xf5]));
    body.place(here);
    body.emit(0x90, 0x90, 0x90, 0x90);
    body.memory(32, [0x8b], 4, variables.pointers + 0x20);
  });
  body.memory(32, [0x8b], 4, variables.pointers + 0x20);
};
