import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice, defineDevice, type DeviceContext } from '../../../src/device/device.js';
import type { pit } from '../../../src/device/pit/pit.js';
import { count, flag, struct, u8 } from '../../../src/state/schema.js';
import { pitSubject } from '../../../src/suite/properties/devices.js';
import { checkDevice, checkSubject, deviceNames, type PropertySubject } from '../../../src/suite/properties/index.js';
import { decodeToken, encodeToken } from '../../../src/suite/properties/token.js';
import type { AnyDevice, Step } from '../../../src/suite/properties/subject.js';
import { loadMutant } from './mutants.js';
import { pitFaults } from './planted-faults.js';

interface AlarmState {
  left: number;
  level: boolean;
}
type AlarmContext = DeviceContext<AlarmState, 'alarm', unknown>;

/** A countdown that raises a line; `late` is how far beyond the edge it promises the next one. */
const alarm = (late = 0) =>
  defineDevice({
    name: 'alarm',
    source: 'a test',
    notModelled: [],
    clock: { numerator: 1, denominator: 1 },
    registers: { count: 0 },
    inputs: [],
    outputs: ['alarm'],
    state: struct<AlarmState>({ left: count(), level: flag() }),
    advance({ state, lines }: AlarmContext, ticks) {
      state.level ||= state.left > 0 && state.left <= ticks;
      state.left = Math.max(0, state.left - ticks);
      lines.alarm(state.level);
    },
    nextEdge: ({ state }: AlarmContext) => (state.left > 0 ? state.left + late : Infinity),
    read: { count: ({ state }: AlarmContext) => state.left },
    write: {
      count({ state, lines }: AlarmContext, value: number) {
        state.left = value;
        state.level = false;
        lines.alarm(false);
      },
    },
  });

const alarmSteps: PropertySubject['steps'] = fc.oneof(
  fc.constant<Step>({ kind: 'read', register: 'count' }),
  fc.integer({ min: 0, max: 255 }).map((value): Step => ({ kind: 'write', register: 'count', value })),
  fc.integer({ min: 1, max: 300 }).map((ticks): Step => ({ kind: 'advance', ticks })),
);
const alarmSubject = (definition: ReturnType<typeof alarm>): PropertySubject => ({
  name: 'alarm',
  create: ({ line }) =>
    createDevice(definition, { lines: { alarm: line('alarm') }, board: undefined }) as unknown as AnyDevice,
  steps: alarmSteps,
});

describe("a user's own chip", () => {
  test('passes without a model when it keeps what every chip must', () => {
    expect(checkSubject(alarmSubject(alarm()), { runs: 100 })).toEqual({ passed: true, runs: 100, failures: [] });
  });

  test('that announces an edge late is caught, with the shortest steps', () => {
    const { failures } = checkSubject(alarmSubject(alarm(1)));
    expect(failures[0]?.text.split('\n').slice(0, 4)).toEqual([
      'alarm: it does not hold that splitting time changes nothing, and nextEdge is never late.',
      'After',
      '  1. write count 0x01',
      '  2. 2 ticks pass',
    ]);
  });

  test('that keeps something outside its state is caught', () => {
    const create = (): AnyDevice => {
      let hidden = 0;
      const definition = defineDevice({
        name: 'hidden',
        source: 'a test',
        notModelled: [],
        registers: { value: 0 },
        inputs: [],
        outputs: [],
        state: struct<{ shown: number }>({ shown: u8() }),
        read: { value: () => hidden },
        write: { value: (_context: unknown, value: number) => void (hidden = value) },
      });
      return createDevice(definition, { lines: {}, board: undefined }) as unknown as AnyDevice;
    };
    const steps = fc.constantFrom<Step>(
      { kind: 'read', register: 'value' },
      { kind: 'write', register: 'value', value: 1 },
    );
    const subject: PropertySubject = { name: 'hidden', create, steps };
    expect(checkSubject(subject).failures[0]?.text).toContain('saving, loading and going on is going on');
  });

  test('that announces an edge of nothing is caught', () => {
    const definition = { ...alarm(), nextEdge: () => 0 };
    expect(checkSubject(alarmSubject(definition)).passed).toBe(false);
  });
});

describe('a failure', () => {
  test('prints accesses in register names and field words, and its token replays exactly that case', async () => {
    const subject = pitSubject(await loadMutant<typeof pit>('pit', pitFaults[3]!));
    const { failures } = checkSubject(subject);
    const { text, token } = failures[0]!;
    expect(text).toMatch(/write control 0x\w+ {2}\(bcd=\w+ mode=[37] access=\w+ target=\d\)/);
    expect(text).toContain(`Replay: npx tsvm-test props pit --token ${token}`);
    expect(checkSubject(subject, { token })).toEqual({ passed: false, runs: 1, failures });
    expect(checkDevice('pit', { token }).passed).toBe(true);
  });

  test('is the same for the same seed', async () => {
    const subject = pitSubject(await loadMutant<typeof pit>('pit', pitFaults[0]!));
    expect(checkSubject(subject, { seed: 7 })).toEqual(checkSubject(subject, { seed: 7 }));
  });
});

describe('a token', () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ kind: fc.constant('read' as const), register: fc.string() }),
    fc.record({ kind: fc.constant('write' as const), register: fc.string(), value: fc.nat() }),
    fc.record({ kind: fc.constant('input' as const), line: fc.string(), level: fc.boolean() }),
    fc.record({ kind: fc.constant('advance' as const), ticks: fc.integer({ min: 1 }) }),
    fc.record({ kind: fc.constant('operation' as const), name: fc.string(), arguments: fc.array(fc.nat()) }),
  );

  test('gives back any steps', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(step), (subject, steps) => {
        const token = encodeToken({ subject, steps });
        expect(token).toMatch(/^[\w-]*$/);
        expect(decodeToken(token)).toEqual({ subject, steps });
      }),
    );
  });

  test('that is damaged gives an error, whatever it is', () => {
    const token = encodeToken({ subject: 'pit', steps: [{ kind: 'read', register: 'counter0' }] });
    for (const bad of [
      '',
      'x',
      '%%%',
      token.slice(1),
      token.slice(0, -2),
      encodeToken({ subject: 'pit', steps: [] }).replace('W', 'Z'),
    ]) {
      expect(() => checkDevice('pit', { token: bad }), bad).toThrow('token');
    }
  });

  test('of another chip, or with a register that the chip lacks, gives an error', () => {
    const foreign = encodeToken({ subject: 'uart', steps: [] });
    expect(() => checkDevice('pit', { token: foreign })).toThrow('a case of uart');
    const stale = encodeToken({ subject: 'pit', steps: [{ kind: 'read', register: 'counter9' }] });
    expect(() => checkDevice('pit', { token: stale })).toThrow('no register counter9');
  });

  test('of a slave replays under the name of its chip', () => {
    const token = encodeToken({ subject: 'pic-slave', steps: [{ kind: 'read', register: 'data' }] });
    expect(checkDevice('pic', { token })).toEqual({ passed: true, runs: 1, failures: [] });
  });
});

test('an unknown device is refused with the names that there are', () => {
  expect(() => checkDevice('mouse')).toThrow(`Devices: ${deviceNames.join(', ')}.`);
});
