/** What reaches beyond the program's own code and data: the system's services, devices, pages, segments, control registers. */
import { d, w } from '../../../cpu/bytes.js';
import { absentData, otherSizeCode, readOnlyData, shiftedData } from '../environment.js';
import { anyAddress, anyNumber } from '../forms.js';
import { places, variables } from '../program.js';
import { services } from '../system.js';
import { EAX, ECX, EDX, EBX } from '../writer.js';
import type { Snippet } from './body.js';
import { arithmetic, anyInstructions } from './integer.js';

const direct = (reg: number, rm: number): number => 0xc0 | (reg << 3) | rm;
const serviceNumbers = Object.values(services);

/** INT n, and the other ways to an exception's handler. */
export const service: Snippet = (body) => {
  const kind = body.random.below(10);
  if (kind < 8) return body.emit(0xcd, body.pick(serviceNumbers));
  if (kind === 8) return body.emit(0xcc);
  body.emit(0xce);
};
/** What surely faults, each in its way. */
export const fault: Snippet = (body) => {
  body.risky(() => {
    if (body.chance(50)) arithmetic(body);
    switch (body.random.below(8)) {
      case 0:
        body.op(32, 0x31, direct(ECX, ECX));
        return body.emit(0xf7, direct(6, ECX)); // DIV by 0
      case 1:
        return body.emit(0x0f, 0x0b);
      case 2:
        return body.memory(32, [0x8b], EBX, 0x0800_0000);
      case 3:
        return body.memory(body.bits, [0x62], EAX, variables.free); // BOUND
      case 4:
        body.op(16, 0xb8 | EAX, ...w(body.pick([absentData, 0x7ff8, readOnlyData, 0])));
        return body.emit(0x8e, direct(body.pick([0, 4, 5]), EAX));
      case 5:
        return body.emit(0xcd, body.pick([1, 5, 0x21, 0x41]));
      case 6:
        return body.emit(0xf4);
      default:
        return body.memory(
          32,
          [0xff],
          0,
          body.pick([places.code + 0x2000, places.data + 0x1ffe, body.environment.aliasBase + 0x9000]),
        );
    }
  });
};
/** IN and OUT of the stub bus: what is read depends on the cycle; writes raise interrupts, write memory, stop the run. */
export const port: Snippet = (body) => {
  body.risky(() => {
    if (body.chance(40)) body.op(32, 0xb8 | EAX, ...d(anyNumber(body)));
    const number = 0x10 + body.random.below(8);
    const width = body.pick([8, 16, 32] as const);
    if (body.chance(50)) return body.op(width, (body.chance(60) ? 0xe6 : 0xe4) | (width === 8 ? 0 : 1), number);
    body.op(32, 0xb8 | EDX, ...d(number));
    body.op(width, (body.chance(60) ? 0xee : 0xec) | (width === 8 ? 0 : 1));
  });
};
/** Loads and stores of a device's page. */
export const device: Snippet = (body) => {
  if (body.bits === 16) return port(body);
  body.risky(() => {
    const at = places.device + (body.random.below(64) & (body.chance(80) ? ~3 : ~0));
    for (let count = body.between(1, 3); count > 0; count--) {
      const width = body.pick([8, 16, 32] as const);
      body.memory(
        width,
        [body.pick([0x88, 0x8a, 0x00, 0x02, 0x30, 0x86]) | (width === 8 ? 0 : 1)],
        body.pick([0, 1, 2]),
        at,
      );
    }
  });
};
/** Interrupts on and off, and a look at how things stand. */
export const flags: Snippet = (body) => {
  body.risky(() => {
    const kind = body.random.below(10);
    if (kind < 3) return body.emit(0xfb);
    if (kind < 5) return body.emit(0xfa);
    if (kind < 7 && body.environment.model !== '80386' && body.environment.model !== '80486')
      return body.emit(0x0f, 0x31);
    // PUSHF; OR or AND of TF, IF, DF ...; POPF.
    body.op(body.bits, 0x9c);
    body.op(body.bits, 0x58 | EAX);
    const bit = body.pick([0x100, 0x100, 0x200, 0x400, 0x4000, 0x1, 0x800]);
    body.op(16, body.chance(70) ? 0x0d : 0x35, ...w(bit));
    body.op(body.bits, 0x50 | EAX);
    body.op(body.bits, 0x9d);
    if (bit === 0x400) body.emit(0xfc);
  });
};
/** Interrupts are off while one arrives, and on again in one of the ways there are. */
export const critical: Snippet = (body) => {
  body.risky(() => {
    const isKept = body.chance(60);
    if (isKept) {
      if (body.chance(70)) body.emit(0xfb);
      body.op(body.bits, 0x9c);
    }
    body.emit(0xfa);
    if (body.chance(70)) body.emit(0xe6, 0x11);
    if (body.chance(60)) arithmetic(body);
    if (isKept) body.op(body.bits, 0x9d);
    else body.emit(0xfb);
    arithmetic(body);
  });
};
/** HLT, with interrupts on. */
export const halt: Snippet = (body) => {
  body.risky(() => body.emit(0xfb, 0xf4));
};
/** Loads of segment registers: the same selector, another, none. */
export const segments: Snippet = (body) => {
  body.risky(() => {
    const name = body.pick(['es', 'fs', 'gs', 'ds', 'ss'] as const);
    const code = { es: 0, ss: 2, ds: 3, fs: 4, gs: 5 }[name];
    const { selector } = body.environment.segments[name];
    const other = body.chance(75)
      ? selector
      : body.pick([0, readOnlyData, absentData, body.environment.segments.ds.selector]);
    if (name === 'ss' || name === 'ds' || body.chance(70)) {
      body.op(16, 0xb8 | EAX, ...w(name === 'ss' || name === 'ds' ? selector : other));
      body.emit(0x8e, direct(code, EAX));
      if (name === 'ss') arithmetic(body);
    } else {
      body.op(16, 0xb8 | EAX, ...w(other));
      body.op(body.bits, 0x50 | EAX);
      body.emit(...(code === 0 ? [0x07] : [0x0f, code === 4 ? 0xa1 : 0xa9]));
    }
  });
};
/** One loop over data through the usual segment and, by turns, through one that is neither whole nor at 0. */
export const otherData: Snippet = (body) => {
  const { kind, segments: own, level } = body.environment;
  if (kind === 'real' || kind === 'virtual8086') return segments(body);
  const name = body.pick(['ds', 'es'] as const);
  const code = name === 'ds' ? 3 : 0;
  const other = body.pick([shiftedData, shiftedData, readOnlyData]) | level;
  const choice = variables.pointers + 0x30;
  const counter = body.counter();
  const load = (): void => body.emit(0x8e, direct(code, EAX));
  const home = (): void => {
    body.op(16, 0xb8 | EAX, ...w(own[name].selector));
    load();
  };
  body.memory(32, [0xc7], 0, counter, d(body.between(2, 6)));
  body.memory(16, [0xc7], 0, choice, w(own[name].selector));
  const again = body.here();
  body.risky(() => {
    body.memory(16, [0x81], 6, choice, w(own[name].selector ^ other));
    body.memory(16, [0x8b], EAX, choice);
    load();
    body.set(ECX, body.between(2, 20));
    body.reserving([ECX], () => {
      const top = body.here();
      for (let count = body.between(1, 3); count > 0; count--) {
        const operand = body.absolute(body.pick([0, 2, 3]), 0x300 + body.random.below(0x200));
        body.emit(...body.override(name), ...body.sized(32), body.pick([0x8b, 0x8b, 0x03, 0x89, 0x01]), ...operand);
      }
      if (body.chance(40)) body.emit(body.pick([0xaa, 0xac]));
      body.op(32, 0x49);
      body.jump({ short: [0x75], near: [0x0f, 0x85] }, { label: top });
    });
  });
  home();
  body.memory(32, [0xff], 1, counter);
  body.jump({ short: [0x75], near: [0x0f, 0x85] }, { label: again });
};
/** Control and debug registers, where the level lets it. */
export const control: Snippet = (body) => {
  if (body.environment.level !== 0) return service(body);
  body.risky(() => {
    switch (body.random.below(8)) {
      case 0:
        return body.emit(0x0f, 0x06);
      case 1:
        return body.emit(0x0f, 0x20, direct(3, EAX), 0x0f, 0x22, direct(3, EAX));
      case 2:
        body.emit(0x0f, 0x20, direct(0, EAX));
        body.op(32, 0x35, ...d(body.pick([0x1_0000, 0x8, 0x20, 0x4_0000])));
        return body.emit(0x0f, 0x22, direct(0, EAX));
      case 3:
        return body.emit(0x0f, 0x21, direct(6, EBX), 0x0f, 0x23, direct(6, EBX));
      case 4: {
        // A breakpoint on data, or none.
        const on = body.chance(60);
        body.op(32, 0xb8 | EAX, ...d(body.chance(50) ? variables.loops : anyAddress(body)));
        body.emit(0x0f, 0x23, direct(2, EAX));
        body.op(32, 0xb8 | EAX, ...d(on ? 0x420 | (body.random.below(16) << 24) : 0));
        return body.emit(0x0f, 0x23, direct(7, EAX));
      }
      case 5: {
        // A breakpoint on code.
        if (body.changeables.length === 0) return;
        body.setToLabel(EAX, body.pick(body.changeables).label, body.base('cs'));
        body.emit(0x0f, 0x23, direct(3, EAX));
        body.op(32, 0xb8 | EAX, ...d(0x480));
        return body.emit(0x0f, 0x23, direct(7, EAX));
      }
      case 6:
        body.emit(0x0f, 0x01, direct(4, EAX), 0x0f, 0x01, direct(6, EAX)); // SMSW; LMSW
        return;
      default:
        return body.emit(0x0f, 0x01, ...body.absolute(7, body.offset(variables.free)));
    }
  });
};
/** Far through code of the other size, and back. */
export const otherSize: Snippet = (body) => {
  const { environment } = body;
  if (environment.kind === 'real' || environment.kind === 'virtual8086') return farNear(body);
  const { cs } = environment.segments;
  const plus = cs.base === 0 ? -places.code : 0;
  const [there, back] = [body.label(), body.label()];
  body.risky(() => {
    const selector = otherSizeCode | environment.level;
    const size = body.bits === 32 ? 4 : 2;
    body.items.push({ kind: 'reference', before: [0xea], label: there, plus, size, after: w(selector) });
    body.place(there);
    body.bits = body.bits === 32 ? 16 : 32;
    for (let count = body.between(1, 3); count > 0; count--) arithmetic(body);
    if (body.chance(30)) anyInstructions(body);
    const backSize = environment.codeBits === 32 ? 4 : 2;
    const before = [...body.sized(environment.codeBits), 0xea];
    body.items.push({ kind: 'reference', before, label: back, plus: 0, size: backSize, after: w(cs.selector) });
    body.bits = environment.codeBits;
    body.place(back);
  });
};
/** A far call of a routine right here, and a far return. */
const farNear: Snippet = (body) => {
  const [routine, over] = [body.label(), body.label()];
  const { selector } = body.environment.segments.cs;
  body.jump({ short: [0xeb], near: [0xe9] }, { label: over });
  body.place(routine);
  arithmetic(body);
  body.emit(0xcb);
  body.place(over);
  body.risky(() => {
    const size = body.bits === 32 ? 4 : 2;
    body.items.push({ kind: 'reference', before: [0x9a], label: routine, plus: 0, size, after: w(selector) });
  });
};
/** The same code in another segment, at other offsets: a small loop that runs once this way and once that. */
const otherBase: Snippet = (body) => {
  const { selector, base } = body.environment.segments.cs;
  const [loop, again, end] = [body.label(), body.label(), body.label()];
  const farTo = (label: number, paragraphs: number): void => {
    const after = w(selector - paragraphs);
    body.items.push({ kind: 'reference', before: [0xea], label, plus: paragraphs * 16, size: 2, after });
  };
  const counter = body.counter();
  body.memory(32, [0xc7], 0, counter, d(body.between(1, 4)));
  body.place(again);
  // Less than a page away, or a whole one, where the code lies at the same offset of its page.
  const isPage = base >= 0x4000 && body.chance(35);
  farTo(loop, isPage ? 0x100 : body.between(1, Math.min(0x80, base >> 4)));
  body.place(loop);
  body.set(ECX, body.between(2, 30));
  body.reserving([ECX], () => {
    const top = body.here();
    arithmetic(body);
    body.jump({ short: [0xe2] }, { label: top });
  });
  body.memory(32, [0xff], 1, counter);
  // Once more from where it is; then home, and through it from there.
  body.jump({ short: [0x75], near: [0x0f, 0x85] }, { label: body.chance(50) ? loop : again });
  farTo(end, 0);
  body.place(end);
};
export const far: Snippet = (body) => {
  const { kind, segments } = body.environment;
  const moves = (kind === 'real' || kind === 'virtual8086') && segments.cs.base >= 0x800;
  if (moves && body.chance(60)) return otherBase(body);
  return body.chance(40) ? farNear(body) : otherSize(body);
};
/** IRET to the next instruction, with flags of its own. */
export const interruptReturn: Snippet = (body) => {
  const { environment } = body;
  const next = body.label();
  const size = body.bits === 32 ? 4 : 2;
  body.risky(() => {
    body.op(body.bits, 0x9c);
    if (body.chance(30) && body.bits === 32)
      body.emit(0x81, 0x0c, 0x24, ...d(body.pick([0x100, 0x200, 0x1_0000, 0x4_0000])));
    body.op(body.bits, 0x68, ...body.immediate(body.bits, environment.segments.cs.selector));
    body.items.push({ kind: 'reference', before: [0x68], label: next, plus: 0, size, after: [] });
    body.emit(0xcf);
    body.place(next);
  });
};
