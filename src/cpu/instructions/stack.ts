/** PUSH, POP and the rest that moves the stack pointer. */
import type { SegmentName } from '../layout.js';
import { atLeast } from '../model.js';
import type { Value } from '../wasm/values.js';
import type { Emitter } from './emitter.js';
import { popFlagsQuickly, pushFlagsQuickly } from './flag-ways.js';
import { loadDataSegmentReal } from './real-mode.js';
import {
  form,
  imm,
  imm16,
  instruction,
  type Instruction,
  looselyDecoded,
  opcodeRegister,
  rm,
  secondImm8,
  signedImm8,
} from './instruction.js';

const push = instruction('push', {
  source: 'Intel SDM Vol. 2B, "PUSH: Push Word, Doubleword or Quadword Onto the Stack"',
  forms: [
    form('50+r', opcodeRegister),
    form('FF /6', rm),
    form('FF /7', rm).only('8086'),
    form('68 iz', imm).since('80286'),
    form('6A ib', signedImm8).since('80286'),
  ],
  usesStack: true,
  meaning(emit, source) {
    if (emit.model === '8086' && !source!.isMemory) {
      // The 8086 moves SP before it reads the register, so PUSH SP stores the new value.
      emit.setStackPointer(emit.sub(emit.stackPointer(), 2));
      return emit.storeTo('ss', emit.stackPointer(), 16, source!.read());
    }
    const value = source!.read();
    emit.push(value, source!.width);
  },
});

const pop = instruction('pop', {
  source: 'Intel SDM Vol. 2B, "POP: Pop a Value From the Stack"',
  forms: [form('58+r', opcodeRegister), form('8F /0', rm), ...looselyDecoded('8F', [rm])],
  target: 'write',
  usesStack: true,
  meaning(emit, target) {
    const { width } = target!;
    const value = emit.top(0, width);
    // A store may fault, so it comes before the stack pointer moves (the 80286 does not care); POP ESP keeps what it popped.
    const writesFirst = target!.isMemory && emit.model !== '80286';
    if (writesFirst) target!.write(value);
    emit.release(width / 8);
    if (!writesFirst) target!.write(value);
  },
});

const stackSegments: readonly [SegmentName, number, string, string | undefined][] = [
  ['es', 0, '06', '07'],
  ['cs', 1, '0E', undefined],
  ['ss', 2, '16', '17'],
  ['ds', 3, '1E', '1F'],
  ['fs', 4, '0F A0', '0F A1'],
  ['gs', 5, '0F A8', '0F A9'],
];

const pushSegments = stackSegments.map(([segment, , opcode]) =>
  instruction(`push${segment}`, {
    source: 'Intel SDM Vol. 2B, "PUSH: Push Word, Doubleword or Quadword Onto the Stack"',
    forms: [form(opcode).since(opcode.startsWith('0F') ? '80386' : '8086')],
    usesStack: true,
    meaning(emit) {
      // Sixteen bits are stored whatever the operand size; the upper half of a doubleword keeps what was there.
      const pointer = emit.hold(emit.zeroExtend(emit.sub(emit.stackPointer(), emit.width / 8), emit.stackWidth));
      emit.storeTo('ss', pointer, 16, emit.hold(emit.selector(segment)));
      emit.setStackPointer(pointer);
    },
  }),
);

const popSegments = stackSegments
  .filter(([, , , opcode]) => opcode !== undefined)
  .map(([segment, number, , opcode]) =>
    instruction(`pop${segment}`, {
      source: 'Intel SDM Vol. 2B, "POP: Pop a Value From the Stack"',
      forms: [form(opcode!).since(opcode!.startsWith('0F') ? '80386' : '8086')],
      usesStack: true,
      endsBlock: true,
      meaning(emit) {
        const selector = emit.top(0, 16);
        if (segment !== 'ss') {
          loadDataSegmentReal(emit, emit.i32(number), selector, () => emit.release(emit.width / 8));
        }
        // The pointer moves by the old stack's size even where SS changes what that size is.
        const before = emit.hold(emit.stackPointer());
        emit.system(segment === 'ss' ? 'loadSegmentShadowed' : 'loadSegment', emit.i32(number), selector);
        emit.setStackPointer(emit.add(before, emit.width / 8));
        emit.refetch();
      },
    }),
  );

/** POP CS: the 8086 alone takes 0F so. */
const popCode8086 = instruction('popcs', {
  source: "Intel iAPX 86,88 User's Manual (210201), table 4-14: POP segment register with reg 01",
  forms: [form('0F').only('8086')],
  usesStack: true,
  endsBlock: true,
  meaning(emit) {
    const selector = emit.top(0, 16);
    emit.release(2);
    emit.system('loadSegment', emit.i32(1), selector);
    emit.refetch();
  },
});

const all = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;

function below(emit: Emitter, pointer: Value, bytes: number): Value {
  return emit.zeroExtend(emit.sub(pointer, bytes), emit.stackWidth);
}

const pushAll = instruction('pusha', {
  source: 'Intel SDM Vol. 2B, "PUSHA/PUSHAD: Push All General-Purpose Registers"',
  forms: [form('60').since('80286')],
  usesStack: true,
  meaning(emit) {
    const bytes = emit.width / 8;
    const pointer = emit.hold(emit.stackPointer());
    for (const [index, name] of all.entries()) {
      const value = emit.register(name, emit.width === 16 ? 16 : 32).read();
      emit.storeTo('ss', below(emit, pointer, bytes * (index + 1)), emit.width, value);
    }
    emit.setStackPointer(emit.sub(pointer, bytes * all.length));
  },
});

const popAll = instruction('popa', {
  source: 'Intel SDM Vol. 2B, "POPA/POPAD: Pop All General-Purpose Registers"',
  forms: [form('61').since('80286')],
  usesStack: true,
  meaning(emit) {
    const bytes = emit.width / 8;
    // Popped from EDI upwards, and only then written: a fault on the way leaves every register alone.
    const upwards = [...all].reverse();
    const values = upwards.map((_, index) => emit.top(bytes * index, emit.width));
    for (const [index, name] of upwards.entries()) {
      if (name !== 'esp') emit.register(name, emit.width).write(values[index]!);
    }
    emit.release(bytes * all.length);
  },
});

const pushFlags = instruction('pushf', {
  source: 'Intel SDM Vol. 2B, "PUSHF/PUSHFD: Push EFLAGS Register Onto the Stack"',
  forms: [form('9C')],
  usesStack: true,
  endsBlock: true,
  meaning(emit) {
    pushFlagsQuickly(emit);
    emit.push(emit.system('pushedFlags', emit.i32(emit.width)), emit.width);
  },
});

const popFlags = instruction('popf', {
  source: 'Intel SDM Vol. 2B, "POPF/POPFD: Pop Stack Into EFLAGS Register"',
  forms: [form('9D')],
  usesStack: true,
  endsBlock: true,
  meaning(emit) {
    popFlagsQuickly(emit);
    const value = emit.top(0, emit.width);
    emit.system('popFlags', value, emit.i32(emit.width));
    emit.release(emit.width / 8);
    emit.refetch();
  },
});

const enter = instruction('enter', {
  source: 'Intel SDM Vol. 2A, "ENTER: Make Stack Frame for Procedure Parameters"',
  forms: [form('C8 iw ib', imm16, secondImm8).since('80286')],
  usesStack: true,
  meaning(emit, size, nesting) {
    const width = emit.width === 16 ? 16 : 32;
    const bytes = width / 8;
    const level = emit.hold(emit.and(nesting!.read(), 0x1f));
    // Where frames overlap, what is copied may lie where this instruction has pushed.
    emit.rereadsWhen(emit.greaterUnsigned(level, 1));
    const pointer = emit.variable(emit.stackPointer());
    const push = (value: Value): void => {
      pointer.set(below(emit, pointer, bytes));
      emit.storeTo('ss', emit.hold(pointer), width, value);
    };
    const framePointer = emit.register('ebp', emit.stackWidth);
    push(emit.register('ebp', width).read());
    const frame = emit.hold(pointer);
    const display = emit.variable(framePointer.read());
    const left = emit.variable(level);
    emit.loop((again) => {
      emit.when(emit.greaterUnsigned(left, 1), () => {
        display.set(below(emit, display, bytes));
        push(emit.loadFrom('ss', emit.hold(display), width));
        left.set(emit.sub(left, 1));
        again();
      });
    });
    emit.when(level, () => push(frame));
    const last = emit.hold(emit.zeroExtend(emit.sub(pointer, size!.read()), emit.stackWidth));
    // The new top of the stack must be there to be written, or the instruction is restarted.
    if (atLeast(emit.model, '80386')) emit.prepareStore('ss', last, width);
    emit.register('ebp', emit.stackWidth === 16 || width === 16 ? 16 : 32).write(frame);
    emit.setStackPointer(last);
  },
});

const leave = instruction('leave', {
  source: 'Intel SDM Vol. 2A, "LEAVE: High Level Procedure Exit"',
  forms: [form('C9').since('80286')],
  usesStack: true,
  meaning(emit) {
    const pointer = emit.hold(emit.register('ebp', emit.stackWidth).read());
    const width = emit.width === 16 ? 16 : 32;
    const value = emit.loadFrom('ss', pointer, width);
    emit.setStackPointer(emit.add(pointer, width / 8));
    emit.register('ebp', width).write(value);
  },
});

export const stack: readonly Instruction[] = [
  push,
  pop,
  ...pushSegments,
  ...popSegments,
  popCode8086,
  pushAll,
  popAll,
  pushFlags,
  popFlags,
  enter,
  leave,
];
