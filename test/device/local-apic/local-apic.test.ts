import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { localApic } from '../../../src/device/local-apic/local-apic.js';
import { offsets } from '../../../src/device/local-apic/registers.js';
import { type Action, anyAdvance, testChipProperties } from '../chip-properties.js';

function bench(asQemu = false) {
  const seen: string[] = [];
  const levels = new Map<string, boolean>();
  const line = (name: string) => (level: boolean) => {
    if ((levels.get(name) ?? false) !== level) seen.push(`${name}=${level ? 1 : 0}`);
    levels.set(name, level);
  };
  const chip = createDevice(localApic, {
    lines: { interrupt: line('interrupt'), nonMaskable: line('nonMaskable') },
    board: { endOfInterrupt: (vector) => void seen.push(`eoi ${vector}`), init: () => void seen.push('init'), asQemu },
  });
  const { operations } = chip;
  return {
    chip,
    seen,
    read: (offset: number) => operations.readRegister(offset, 4),
    write: (offset: number, value: number) => operations.writeRegister(offset, value, 4),
    fixed: (vector: number, level = false) =>
      operations.receive({ mode: 0, vector, level, logical: false, destination: 0 }),
    acknowledge: () => operations.acknowledge(),
  };
}
type Bench = ReturnType<typeof bench>;
const switchedOn = (asQemu = false): Bench => {
  const made = bench(asQemu);
  made.write(offsets.spuriousVector, 0x1ff);
  return made;
};

test.each([
  ['masks LINT0 until software says otherwise', false, []],
  ['takes the 8259As’ interrupts at LINT0, as QEMU’s', true, ['interrupt=1']],
])('a local APIC that is switched on %s', (_, asQemu, expected) => {
  const { chip, seen } = switchedOn(asQemu);
  chip.input('lint0', true);
  expect(seen).toEqual(expected);
});

describe('a local APIC that software has not switched on', () => {
  test('lets LINT0 through as INTR and asks the 8259As for the vector', () => {
    const { chip, seen, acknowledge } = bench();
    chip.input('lint0', true);
    expect(seen).toEqual(['interrupt=1']);
    expect(acknowledge()).toBe(-1);
  });
  test('keeps the mask of every local vector table entry', () => {
    const { read, write } = bench();
    write(offsets.lint0, 0x700);
    expect(read(offsets.lint0)).toBe(0x1_0700);
  });
  test('takes no fixed interrupt', () => {
    expect(bench().fixed(0x40)).toBe(false);
  });
});

describe('a local APIC', () => {
  test('that IA32_APIC_BASE switches off and on again is as after a reset, and its pins are where they were', () => {
    const { chip, seen, read, write, fixed } = switchedOn();
    write(offsets.taskPriority, 0x20);
    fixed(0x41);
    chip.input('lint0', true);
    seen.length = 0;
    chip.operations.setEnabled(false);
    chip.operations.setEnabled(true);
    expect([read(offsets.spuriousVector), read(offsets.taskPriority), read(offsets.requests + 0x20)]).toEqual([
      0xff, 0, 0,
    ]);
    expect(read(offsets.lint0)).toBe(0x1_0000);
    expect(seen).toEqual([]);
    expect(chip.state.lint0High).toBe(true);
  });
  test('gives the highest vector first and holds lower ones back until its end', () => {
    const { fixed, acknowledge, write } = switchedOn();
    for (const vector of [0x31, 0x52, 0x41]) fixed(vector);
    expect(acknowledge()).toBe(0x52);
    expect(acknowledge()).toBe(0xff); // Spurious: nothing else may interrupt it.
    write(offsets.endOfInterrupt, 0);
    expect(acknowledge()).toBe(0x41);
  });
  test('lets a higher priority class interrupt a lower one, and not one of the same class', () => {
    const { fixed, acknowledge } = switchedOn();
    fixed(0x41);
    acknowledge();
    fixed(0x4f);
    expect(acknowledge()).toBe(0xff);
    fixed(0x50);
    expect(acknowledge()).toBe(0x50);
  });
  test('holds back what is not above the task priority class', () => {
    const { fixed, seen, write, read } = switchedOn();
    write(offsets.taskPriority, 0x45);
    fixed(0x4a);
    expect(seen).toEqual([]);
    expect(read(offsets.processorPriority)).toBe(0x45);
    write(offsets.taskPriority, 0x30);
    expect(seen).toEqual(['interrupt=1']);
  });
  test('tells of the end of a level-triggered interrupt and not of an edge-triggered one', () => {
    const { fixed, acknowledge, write, seen } = switchedOn();
    fixed(0x40, true);
    acknowledge();
    write(offsets.endOfInterrupt, 0);
    fixed(0x41);
    acknowledge();
    write(offsets.endOfInterrupt, 0);
    expect(seen.filter((each) => each.startsWith('eoi'))).toEqual(['eoi 64']);
  });
  test('shows waiting and served vectors in the words of its registers', () => {
    const { fixed, acknowledge, read } = switchedOn();
    fixed(0x65);
    expect(read(offsets.requests + 0x30)).toBe(0x20);
    acknowledge();
    expect(read(offsets.requests + 0x30)).toBe(0);
    expect(read(offsets.inService + 0x30)).toBe(0x20);
  });
  test('counts its timer down by the divider and repeats it when it is periodic', () => {
    const { chip, write, read, acknowledge, seen } = switchedOn();
    write(offsets.divide, 0x03); // By 16.
    write(offsets.timer, 0x2_0040);
    write(offsets.initialCount, 100);
    chip.advance(160);
    expect(read(offsets.currentCount)).toBe(90);
    chip.advance(16 * 90);
    expect(seen).toEqual(['interrupt=1']);
    expect(acknowledge()).toBe(0x40);
    expect(read(offsets.currentCount)).toBe(100);
  });
  test('stops a one-shot timer at zero', () => {
    const { chip, write, read } = switchedOn();
    write(offsets.divide, 0x0b);
    write(offsets.initialCount, 5);
    chip.advance(5);
    expect(read(offsets.currentCount)).toBe(0);
    expect(chip.nextEdge()).toBe(Infinity);
  });
  test('sends itself what the command register asks, by shorthand, number and logical destination', () => {
    const { write, acknowledge } = switchedOn();
    write(offsets.commandLow, 0x4_4061);
    expect(acknowledge()).toBe(0x61);
    write(offsets.endOfInterrupt, 0);
    write(offsets.logicalDestination, 0x0200_0000);
    write(offsets.commandHigh, 0x0300_0000);
    write(offsets.commandLow, 0x4862);
    expect(acknowledge()).toBe(0x62);
  });
  test('reports an illegal vector in the error status after a write to it', () => {
    const { write, read, acknowledge } = switchedOn();
    write(offsets.error, 0x44);
    write(offsets.commandLow, 0x4_4005);
    expect(acknowledge()).toBe(0x44);
    write(offsets.errorStatus, 0);
    expect(read(offsets.errorStatus)).toBe(0x20);
  });
  test('tells of an error once until the status is written, even where the error entry is itself wrong', () => {
    const { write, read, acknowledge } = switchedOn();
    write(offsets.error, 0x05);
    write(offsets.commandLow, 0x4_4005);
    write(offsets.errorStatus, 0);
    expect(read(offsets.errorStatus)).toBe(0x60);
    write(offsets.error, 0x44);
    for (let count = 0; count < 2; count++) write(offsets.commandLow, 0x4_4005);
    expect(acknowledge()).toBe(0x44);
    write(offsets.endOfInterrupt, 0);
    expect(acknowledge()).toBe(0xff);
  });
  test('notes an error when nobody takes what it sends', () => {
    const { write, read } = switchedOn();
    write(offsets.commandHigh, 0x0500_0000);
    write(offsets.commandLow, 0x4061);
    write(offsets.errorStatus, 0);
    expect(read(offsets.errorStatus)).toBe(0x04);
    write(offsets.commandLow, 0xc_4061);
    write(offsets.errorStatus, 0);
    expect(read(offsets.errorStatus)).toBe(0x04);
  });
  test('delivers LINT0 as a level once, and again after its end while it is up', () => {
    const { chip, write, read, acknowledge } = switchedOn();
    write(offsets.lint0, 0x8061);
    chip.input('lint0', true);
    chip.input('lint0', false);
    chip.input('lint0', true);
    expect(acknowledge()).toBe(0x61);
    expect(read(offsets.lint0)).toBe(0xc061);
    expect(acknowledge()).toBe(0xff);
    write(offsets.endOfInterrupt, 0);
    expect(acknowledge()).toBe(0x61);
    chip.input('lint0', false);
    write(offsets.endOfInterrupt, 0);
    expect(acknowledge()).toBe(0xff);
    expect(read(offsets.lint0)).toBe(0x8061);
  });
  test('is as at power-on after INIT, but for its identifier', () => {
    const { chip, write, read, fixed, acknowledge } = switchedOn();
    write(offsets.id, 0x0300_0000);
    write(offsets.taskPriority, 0x20);
    fixed(0x61);
    chip.operations.initialize();
    expect(read(offsets.id)).toBe(0x0300_0000);
    expect(read(offsets.taskPriority)).toBe(0);
    expect(read(offsets.spuriousVector)).toBe(0xff);
    expect(acknowledge()).toBe(0xff);
  });
  test('delivers an overflow of a performance counter as its entry says', () => {
    const { chip, write, read, seen, acknowledge } = switchedOn();
    chip.operations.performance(false); // Masked at first.
    expect(seen).toEqual([]);
    write(offsets.performance, 0x41);
    chip.operations.performance(false);
    expect(seen).toEqual(['interrupt=1']);
    expect(acknowledge()).toBe(0x41);
    seen.length = 0;
    write(offsets.performance, 0x400);
    chip.operations.performance(true);
    expect(seen).toEqual(['nonMaskable=1', 'nonMaskable=0']);
    expect(read(offsets.performance)).toBe(0x1_0400);
    chip.operations.performance(true);
    expect(seen).toHaveLength(2);
  });
  test('delivers LINT1 as a non-maskable interrupt where its entry says so', () => {
    const { chip, write, seen } = switchedOn();
    write(offsets.lint1, 0x400);
    chip.input('lint1', true);
    expect(seen).toEqual(['nonMaskable=1', 'nonMaskable=0']);
  });
});

describe('any use of a local APIC', () => {
  const offset = fc.oneof(
    fc.constantFrom(...Object.values(offsets)),
    fc.integer({ min: 0, max: 0xff }).map((index) => index * 16),
  );
  const value = fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constantFrom(0x1ff, 0x2_0040, 0, 100, 0x4_4061));
  const operation = (name: string, args: fc.Arbitrary<unknown[]>): fc.Arbitrary<Action> =>
    fc.record({ kind: fc.constant('operation' as const), name: fc.constant(name), arguments: args });
  const message = fc.record({
    mode: fc.nat(7),
    vector: fc.nat(255),
    level: fc.boolean(),
    logical: fc.boolean(),
    destination: fc.constantFrom(0, 1, 0xff),
  });
  const action = fc.oneof(
    operation('readRegister', fc.tuple(offset, fc.constantFrom(1, 2, 4))),
    operation('writeRegister', fc.tuple(offset, value, fc.constant(4))),
    operation('receive', fc.tuple(message)),
    operation('acknowledge', fc.constant([])),
    operation('performance', fc.tuple(fc.boolean())),
    fc.record({
      kind: fc.constant('input' as const),
      line: fc.constantFrom('lint0', 'lint1'),
      level: fc.boolean(),
    }) as fc.Arbitrary<Action>,
    anyAdvance(100_000),
  );
  testChipProperties(
    (line) =>
      createDevice(localApic, {
        lines: { interrupt: line('interrupt'), nonMaskable: line('nonMaskable') },
        board: { endOfInterrupt: () => {}, init: () => {} },
      }) as never,
    action,
  );
});
