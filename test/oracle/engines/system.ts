/** Handlers of exceptions and interrupts, and the services that programs call with INT: one table of actions by vector. */
import { d, w } from '../../cpu/bytes.js';
import { aliasBases, places, variables } from './program.js';
import { jcc, jumps, type Writer } from './writer.js';

/** Vectors of interrupts and of services. */
export const interrupts = { first: 0x20, count: 16 } as const;
export const services = {
  toggle: 0x30,
  toggleQuietly: 0x31,
  reload: 0x32,
  unmap: 0x33,
  trace: 0x34,
  patch: 0x35,
  protect: 0x36,
  nothing: 0x37,
  copy: 0x38,
  writeProtect: 0x39,
  breakCode: 0x3a,
  breakNothing: 0x3b,
  watch: 0x3c,
  output: 0x3d,
  wait: 0x3e,
  global: 0x3f,
  /** Goes on at level 0 where the program said, as after a fault. */
  home: 0x1e,
} as const;
export const vectorCount = 0x40;

export const flatCode = 0x08;
export const flatData = 0x10;

const withError = new Set([8, 10, 11, 12, 13, 14, 17]);
const unmapped = [0xd, 0xe] as const;
/** The page of the alias mapping that shows one or the other page of routines. */
export const stubIndex = 0x400 + (places.stubs[0] >> 12);
const entryAddress = (index: number): number => places.table + index * 4;

/** What a handler does beside counting. */
export type Action = 'resume' | 'skip' | 'halt' | 'map' | 'debug' | 'kick' | 'plain' | 'nested' | keyof typeof services;

/** The program's own data segment comes back with POP DS, whatever it was at. */
function restoreData(writer: Writer): void {
  const { kind, segments } = writer.environment;
  if (kind !== 'virtual8086') writer.emit(0xc7, 0x04, 0x24, ...d(segments.ds.selector));
}

/** Writes the stack's depth of the frame: EIP, CS and flags lie there. */
interface Frame {
  readonly error: number;
}

const invalidate = (writer: Writer, linear: number): void => writer.emit(0x0f, 0x01, ...writer.absolute(7, linear));
const reloadCr3 = [0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8];
const storeFrame = (slot: number): number[] => [0x89, 0x44, 0x24, slot];

/** 32-bit actions; EAX is free, [ESP+8] is the frame, DS is flat. */
function act32(writer: Writer, action: Action, { error }: Frame): void {
  const eip = 8 + error;
  const onFlags = (...bytes: number[]): void => writer.emit(...bytes);
  switch (action) {
    case 'resume':
      writer.emit(0xa1, ...d(variables.resume), ...storeFrame(eip));
      restoreData(writer);
      return writer.emit(0xc7, 0x44, 0x24, eip + 4, ...d(writer.environment.segments.cs.selector));
    case 'skip':
      return writer.emit(0xff, 0x44, 0x24, eip);
    case 'halt':
      writer.emit(0xf4);
      return act32(writer, 'resume', { error });
    case 'map':
      return mapPage(writer, eip);
    case 'kick':
      return kick(writer);
    case 'debug': {
      // RF, and now and then no more single steps.
      onFlags(0x81, 0x4c, 0x24, eip + 8, ...d(0x1_0000));
      const on = writer.label();
      writer.emit(0xf6, ...writer.absolute(0, variables.counts + 4), 3);
      writer.jump(jcc(5), { label: on });
      onFlags(0x81, 0x64, 0x24, eip + 8, ...d(~0x100));
      return writer.place(on);
    }
    case 'toggle':
      writer.emit(0x81, ...writer.absolute(6, entryAddress(stubIndex)), ...d(places.stubs[0] ^ places.stubs[1]));
      return invalidate(writer, writer.environment.aliasBase + places.stubs[0]);
    case 'toggleQuietly':
      return writer.emit(0x81, ...writer.absolute(6, entryAddress(stubIndex)), ...d(places.stubs[0] ^ places.stubs[1]));
    case 'reload':
      return writer.emit(...reloadCr3);
    case 'unmap': {
      const page = writer.pick(unmapped);
      writer.emit(0x81, ...writer.absolute(4, entryAddress(page)), ...d(~1));
      return invalidate(writer, page << 12);
    }
    case 'protect':
      writer.emit(0x81, ...writer.absolute(6, entryAddress((places.code >> 12) + writer.random.below(2))), ...d(2));
      return writer.emit(...reloadCr3);
    case 'trace':
      return onFlags(0x81, 0x4c, 0x24, eip + 8, ...d(0x100));
    case 'patch':
      writer.emit(0xa1, ...d(variables.pointers), 0x80, 0x30, 0x08); // XOR BYTE [EAX], 8
      return;
    case 'copy':
      // PUSH ESI, EDI, ECX, ES; MOV ES; REP MOVSB; and back.
      writer.emit(0x56, 0x57, 0x51, 0x06, 0x1e, 0x07);
      writer.emit(0xbe, ...d(places.stubs[writer.random.below(2)]!), 0xbf, ...d(places.copies), 0xb9, ...d(48));
      return writer.emit(0xf3, 0xa4, 0x07, 0x59, 0x5f, 0x5e);
    case 'writeProtect':
      return writer.emit(0x0f, 0x20, 0xc0, 0x35, ...d(0x1_0000), 0x0f, 0x22, 0xc0);
    case 'breakCode':
    case 'watch':
      return breakpoint(writer, action);
    case 'breakNothing':
      return writer.emit(0x31, 0xc0, 0x0f, 0x23, 0xf8);
    case 'output':
      return writer.emit(0xe6, 0x10 + writer.random.below(8));
    case 'wait':
      return writer.emit(0xfb, 0xf4, 0xfa);
    case 'global':
      return writer.emit(0x0f, 0x20, 0xe0, 0x34, 0x80, 0x0f, 0x22, 0xe0);
    case 'nested':
      return writer.emit(0xfb, 0x90, 0x40, 0x48, 0xfa);
    case 'home':
      return act32(writer, 'resume', { error });
    case 'plain':
    case 'nothing':
      return;
  }
}
/** The watchdog: the program goes on at its next part, whatever it was doing, unless a handler was interrupted. */
function kick(writer: Writer): void {
  const { level, kind } = writer.environment;
  const skip = writer.label();
  if (kind === 'virtual8086')
    writer.emit(0xf6, 0x44, 0x24, 18, 2); // TEST BYTE [flags + 2], VM
  else writer.emit(0xf6, 0x44, 0x24, 12, 3); // TEST BYTE [CS], 3
  if (level === 3) writer.jump(jcc(4), { label: skip });
  writer.emit(0xa1, ...d(variables.next), ...storeFrame(8));
  restoreData(writer);
  writer.emit(0xc7, 0x44, 0x24, 12, ...d(writer.environment.segments.cs.selector));
  writer.emit(0x81, 0x4c, 0x24, 16, ...d(0x200));
  writer.place(skip);
}
/** DR0 on a routine's code, or DR1 on a counter of loops. */
function breakpoint(writer: Writer, action: 'breakCode' | 'watch'): void {
  if (action === 'breakCode') {
    return writer.emit(0xa1, ...d(variables.pointers), 0x0f, 0x23, 0xc0, 0xb8, ...d(0x402), 0x0f, 0x23, 0xf8);
  }
  const control = 0x40c | ((writer.chance(50) ? 0xd : 0x5) << 20);
  writer.emit(0xb8, ...d(variables.loops), 0x0f, 0x23, 0xc8, 0xb8, ...d(control), 0x0f, 0x23, 0xf8);
}
/** Maps the page that a fault wanted, or goes on elsewhere. */
function mapPage(writer: Writer, eip: number): void {
  const [elsewhere, done] = [writer.label(), writer.label()];
  const low = writer.label();
  const [near, far] = aliasBases;
  writer.emit(0x0f, 0x20, 0xd0, 0xc1, 0xe8, 12); // MOV EAX, CR2; SHR EAX, 12
  writer.emit(0x3d, ...d(far >> 12));
  writer.jump(jcc(2), { label: low });
  writer.emit(0x2d, ...d((far - near) >> 12)); // Both second mappings have one table.
  writer.place(low);
  writer.emit(0x3d, ...d(0x800));
  writer.jump(jcc(3), { label: elsewhere });
  // A page that is there and still faults is protected: half of the handlers leave it so.
  writer.emit(0xf6, 0x04, 0x85, ...d(places.table), 1);
  writer.jump(jcc(5), { label: elsewhere });
  writer.emit(0x80, 0x0c, 0x85, ...d(places.table), 7); // OR BYTE [table + EAX*4], 7
  writer.emit(0x0f, 0x20, 0xd0, 0x0f, 0x01, 0x38); // MOV EAX, CR2; INVLPG [EAX]
  writer.jump(jumps.jmp, { label: done });
  writer.place(elsewhere);
  writer.emit(0xa1, ...d(variables.resume), ...storeFrame(eip));
  restoreData(writer);
  writer.emit(0xc7, 0x44, 0x24, eip + 4, ...d(writer.environment.segments.cs.selector));
  writer.place(done);
}

function handler32(writer: Writer, vector: number, action: Action): void {
  const error = withError.has(vector) ? 4 : 0;
  writer.emit(0x50, 0x1e, 0xb8, ...d(flatData), 0x8e, 0xd8); // PUSH EAX; PUSH DS; MOV EAX, flat; MOV DS, EAX
  writer.emit(0xff, ...writer.absolute(0, variables.counts + vector * 4));
  act32(writer, action, { error });
  writer.emit(0x1f, 0x58);
  if (error > 0) writer.emit(0x83, 0xc4, 4);
  writer.emit(0xcf);
}

/** 16-bit actions: AX and BX are free, DS is 0; BP+6 is the frame. */
function act16(writer: Writer, action: Action): void {
  const code = writer.environment.segments.cs.selector;
  switch (action) {
    case 'resume':
    case 'home':
    case 'map':
      writer.emit(0xa1, ...w(variables.resume), 0x89, 0x46, 8);
      return writer.emit(0xc7, 0x46, 10, ...w(code));
    case 'skip':
      return writer.emit(0xff, 0x46, 8);
    case 'halt':
      writer.emit(0xf4);
      return act16(writer, 'resume');
    case 'kick':
      writer.emit(0xa1, ...w(variables.next), 0x89, 0x46, 8, 0xc7, 0x46, 10, ...w(code));
      return writer.emit(0x81, 0x4e, 12, ...w(0x200));
    case 'debug': {
      const on = writer.label();
      writer.emit(0xf6, ...writer.absolute(0, variables.counts + 4), 3);
      writer.jump(jcc(5), { label: on });
      writer.emit(0x81, 0x66, 12, ...w(~0x100));
      return writer.place(on);
    }
    case 'trace':
      return writer.emit(0x81, 0x4e, 12, ...w(0x100));
    case 'patch':
    case 'copy':
    case 'protect':
      writer.emit(0x8b, 0x1e, ...w(variables.pointers), 0xb8, ...w(code), 0x8e, 0xd8, 0x80, 0x37, 0x08);
      return;
    case 'output':
      return writer.emit(0xe6, 0x10 + writer.random.below(8));
    case 'wait':
      return writer.emit(0xfb, 0xf4, 0xfa);
    case 'nested':
      return writer.emit(0xfb, 0x90, 0x40, 0x48, 0xfa);
    default:
      return;
  }
}
function handler16(writer: Writer, vector: number, action: Action): void {
  writer.emit(0x50, 0x53, 0x1e, 0x55, 0x89, 0xe5, 0x31, 0xc0, 0x8e, 0xd8); // PUSH AX BX DS BP; MOV BP, SP; DS = 0
  writer.emit(0xff, ...writer.absolute(0, variables.counts + vector * 4));
  act16(writer, action);
  writer.emit(0x5d, 0x1f, 0x5b, 0x58, 0xcf);
}

const serviceNames = Object.entries(services) as [keyof typeof services, number][];

function actionOf(writer: Writer, vector: number): Action {
  const service = serviceNames.find(([, number]) => number === vector);
  if (service !== undefined) return service[0];
  if (vector === 1) return 'debug';
  if (vector === 2) return 'kick';
  if (vector === 3 || vector === 4) return 'plain';
  if (vector === 14) return writer.chance(80) ? 'map' : 'resume';
  if (vector < 0x20) return writer.chance(90) ? 'resume' : writer.chance(80) ? 'skip' : 'halt';
  if (vector === interrupts.first || writer.chance(40)) return 'plain';
  return writer.pick<Action>(['plain', 'patch', 'toggle', 'unmap', 'trace', 'output', 'nested', 'copy', 'reload']);
}

/** Writes all handlers; gives their labels by vector. */
export function writeSystem(writer: Writer): number[] {
  const sixteen = writer.environment.kind === 'real';
  return Array.from({ length: vectorCount }, (_, vector) => {
    const label = writer.here();
    const action = actionOf(writer, vector);
    const light = vector >= interrupts.first && action === 'plain' && writer.chance(30);
    if (light) writer.emit(0xcf);
    else if (sixteen) handler16(writer, vector, action);
    else handler32(writer, vector, action);
    return label;
  });
}
