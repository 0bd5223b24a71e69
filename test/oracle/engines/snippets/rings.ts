/** From level 0 to level 3 and home again, and loads of segments whose descriptors change. */
import { d, w } from '../../../cpu/bytes.js';
import { flatUserCode, flatUserData, readOnlyData, shiftedData } from '../environment.js';
import { places, variables } from '../program.js';
import { services } from '../system.js';
import { EAX, EBX, ESP, jcc } from '../writer.js';
import type { Body, Snippet } from './body.js';
import { arithmetic, memoryArithmetic, pointers } from './integer.js';
import { interruptReturn, segments, service } from './worlds.js';

const direct = (reg: number, rm: number): number => 0xc0 | (reg << 3) | rm;
const kept = variables.pointers + 0x28;
const farPointer = variables.pointers + 0x60;
const isFlatSystem = ({ environment: { kind, level } }: Body): boolean =>
  level === 0 && (kind === 'flat' || kind === 'paged');
const registers = { es: 0, ss: 2, ds: 3, fs: 4, gs: 5 } as const;

/** MOV AX, selector; MOV sreg, AX. */
function load(body: Body, name: keyof typeof registers, selector: number): void {
  body.op(16, 0xb8 | EAX, ...w(selector));
  body.emit(0x8e, direct(registers[name], EAX));
}

const userWork: readonly Snippet[] = [
  arithmetic,
  arithmetic,
  pointers,
  memoryArithmetic,
  (body) => body.emit(0xcd, body.pick([services.nothing, services.toggle, services.output, services.reload])),
  (body) => body.emit(...body.pick([[0xfa], [0xfb], [0xf4], [0x0f, 0x06], [0x0f, 0x20, 0xd8], [0x9c, 0x9d]])),
];
/** IRET to level 3, something there, and an interrupt whose handler goes on at level 0. */
export const outer: Snippet = (body) => {
  if (!isFlatSystem(body)) return interruptReturn(body);
  const there = body.label();
  const [code, data] = [flatUserCode | 3, flatUserData | 3];
  const { ds, es, fs, gs } = body.environment.segments;
  body.memory(32, [0x89], ESP, kept);
  body.risky(() => {
    body.emit(0x68, ...d(data), 0x68, ...d(places.stack - 0x80), 0x9c);
    if (body.chance(15)) body.emit(0x81, 0x0c, 0x24, ...d(body.pick([0x100, 0x3000, 0x4_0000])));
    body.emit(0x68, ...d(body.chance(97) ? code : body.pick([code & ~3, data, 0])));
    body.items.push({ kind: 'reference', before: [0x68], label: there, plus: 0, size: 4, after: [] });
    body.emit(0xcf);
    body.place(there);
    load(body, 'ds', data);
    if (body.chance(60)) load(body, body.pick(['es', 'fs', 'gs']), body.chance(90) ? data : shiftedData);
    for (let count = body.between(1, 3); count > 0; count--) body.pick(userWork)(body);
    body.emit(0xcd, services.home);
  });
  // Segments that level 3 may not use were emptied, and the stack is the handlers'.
  load(body, 'ds', ds.selector);
  load(body, 'es', es.selector);
  if (body.chance(50)) load(body, 'fs', fs.selector);
  if (body.chance(50)) load(body, 'gs', gs.selector);
  body.memory(32, [0x8b], ESP, kept);
};

/** A load of a far pointer: LES, LDS, LSS, LFS, LGS. */
function loadFar(body: Body, name: 'es' | 'ds' | 'fs' | 'gs' | 'ss', selector: number): void {
  const opcode = { es: [0xc4], ds: [0xc5], ss: [0x0f, 0xb2], fs: [0x0f, 0xb4], gs: [0x0f, 0xb5] }[name];
  const register = name === 'ss' ? ESP : EBX;
  if (name === 'ss') body.memory(32, [0x89], ESP, farPointer);
  body.memory(16, [0xc7], 0, farPointer + 4, w(selector));
  body.memory(32, opcode, register, farPointer);
}
/** By turns, a descriptor changes: what is accessed, written, present, its base or its limit. */
const changes: readonly (readonly [offset: number, digit: number, value: number])[] = [
  [5, 4, 0xfe], // AND: no longer accessed.
  [5, 4, 0xfe],
  [5, 6, 0x02], // XOR
  [5, 6, 0x80],
  [5, 6, 0x04],
  [2, 6, 0x10],
  [1, 6, 0x08],
  [6, 6, 0x80],
];
/** A loop that loads a segment in some way, from a descriptor that changes, and uses it. */
export const descriptors: Snippet = (body) => {
  if (!isFlatSystem(body)) return segments(body);
  const name = body.pick(['es', 'fs', 'gs'] as const);
  const selector = body.pick([shiftedData, shiftedData, readOnlyData]) | (body.chance(10) ? 3 : 0);
  const counter = body.counter();
  body.memory(32, [0xc7], 0, counter, d(body.between(1, 8)));
  const top = body.here();
  body.risky(() => {
    if (body.chance(70)) {
      const [offset, digit, value] = body.pick(changes);
      body.memory(8, [0x80], digit, places.gdt + (selector & ~7) + offset, [value]);
    }
    const way = body.random.below(3);
    if (way === 0) load(body, name, selector);
    else if (way === 1) loadFar(body, name, selector);
    else body.emit(0x68, ...d(selector), ...{ es: [0x07], fs: [0x0f, 0xa1], gs: [0x0f, 0xa9] }[name]);
    for (let count = body.between(1, 3); count > 0; count--) {
      const operand = body.absolute(body.pick([0, 2, 3]), 0x300 + body.random.below(0x200));
      body.emit(...body.override(name), body.pick([0x8b, 0x03, 0x89, 0x01]), ...operand);
    }
  });
  load(body, name, body.environment.segments[name].selector);
  if (body.chance(20)) loadFar(body, 'ss', body.environment.segments.ss.selector);
  if (body.chance(15)) service(body);
  body.memory(32, [0xff], 1, counter);
  body.jump(jcc(5), { label: top });
};
