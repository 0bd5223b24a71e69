import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cycle } from '../../src/base/integers.js';
import { UserError } from '../../src/base/errors.js';
import { chordEvents, textKeys } from '../../src/replay/keys.js';
import type { InputEvent } from '../../src/machine/machine.js';
import { createOperator, GuestStuck, type Operator } from '../../src/replay/operator.js';
import { parsePattern } from '../../src/replay/pattern.js';
import { createRecorder } from '../../src/replay/recorder.js';
import { parseScript } from '../../src/replay/script.js';
import { readTrace } from '../../src/trace/reader.js';
import { memorySink } from '../trace/samples.js';
import { playerOf, powerOn } from './recordings.js';
import { createToy, toyDescription } from './toy-machine.js';

/** Records a script on the toy machine; gives the trace's bytes and whatever stopped the script. */
function perform(steps: unknown): { file: Uint8Array; error: unknown } {
  const sink = memorySink();
  const machine = createToy(toyDescription, powerOn);
  const recorder = createRecorder({ machine, powerOn, sink, title: 'script', packageVersion: '1', firmware: {} });
  let error: unknown;
  try {
    parseScript(JSON.stringify(steps)).perform(createOperator(recorder));
  } catch (thrown) {
    error = thrown;
  }
  recorder.finish(error === undefined ? 'finished' : 'limit');
  return { file: sink.bytes(), error };
}

describe('a script', () => {
  test('types, waits for what appears, and gives the same trace every time', () => {
    const steps = [
      { at: 5000 },
      { type: 'ab\n' },
      { waitFor: { screen: '/ab/', within: 1 } },
      { waitFor: { serial: 'b', within: 1 } },
      { serial: 'xyz' },
      { serial: { port: 2, text: 'é' } },
      { at: 90_000, press: 'ctrl+alt+delete' },
      { wait: 0.25 },
      { reset: true },
    ];
    const { file, error } = perform(steps);
    expect(error).toBeUndefined();
    expect(perform(steps).file).toEqual(file);
    const { records } = readTrace(file);
    const inputs = records.filter((each) => each.kind !== 'checkpoint');
    expect(inputs.slice(0, 4)).toEqual([
      { kind: 'key', at: 5000, key: 0x1e, pressed: true },
      { kind: 'key', at: 8125, key: 0x1e, pressed: false },
      { kind: 'key', at: 11_250, key: 0x30, pressed: true },
      { kind: 'key', at: 14_375, key: 0x30, pressed: false },
    ]);
    expect(inputs.filter(({ kind }) => kind === 'serial')).toMatchObject([
      { port: 0, data: Uint8Array.of(0x78, 0x79, 0x7a) },
      { port: 2, data: Uint8Array.of(0xc3, 0xa9) },
    ]);
    const atNinety = inputs.filter(({ at }) => at >= 90_000);
    expect(atNinety.map((each) => (each.kind === 'key' ? each.key : each.kind))).toEqual([
      0x1d,
      0x38,
      0xe053,
      0xe053,
      0x38,
      0x1d,
      'reset',
    ]);
    const player = playerOf(file);
    expect(player.advance(player.trace.endsAt)).toBeUndefined();
  });

  test('that waits in vain says for what, when, and what the screen showed', () => {
    const { file, error } = perform([{ type: 'ab' }, { waitFor: { screen: 'C:\\>', within: 2 } }]);
    expect(error).toBeInstanceOf(GuestStuck);
    expect((error as Error).message).toMatch(
      /C:\\> did not appear on the screen within 2 guest seconds \(cycle \d+\)\nThe screen then:\n +ab$/,
    );
    expect(readTrace(file).end?.reason).toBe('limit');
  });

  test('waits on a serial port only for what came since the last wait', () => {
    const { error } = perform([
      { type: 'a' },
      { waitFor: { serial: 'a', within: 1 } },
      { waitFor: { serial: 'a', within: 1 } },
    ]);
    expect(error).toBeInstanceOf(GuestStuck);
  });

  test('ends where the machine stops for good, and says which processor that may be owed to', () => {
    expect(perform([{ type: 's' }, { wait: 1 }]).error).toMatchObject({
      message: expect.stringMatching(
        /stopped: shutdown, by a triple fault \(.+\); its processor is an 80386, and .* newer one \(--processor\)/u,
      ) as string,
    });
  });

  test.each([
    ['{', /not JSON/],
    ['{}', /no list of steps/],
    ['[1]', /step 1: it is not a table/],
    ['[{}]', /exactly one of/],
    ['[{"wait": 1, "type": "a"}]', /exactly one of/],
    ['[{"wait": 1}, {"tipe": "a"}]', /step 2: "tipe" is none of type, press/],
    ['[{"type": "ä"}]', /no key for "ä"\.\n/],
    ['[{"press": "hyper+x"}]', /no key "hyper"\.\n.*known are escape/],
    ['[{"wait": -1}]', /guest seconds/],
    ['[{"reset": false}]', /reset is not true/],
    ['[{"at": 1.5}]', /at is not an integer/],
    ['[{"waitFor": {"screen": "x"}}]', /within/],
    ['[{"waitFor": {"screen": "x", "serial": "y", "within": 1}}]', /one of screen, serial and exit/],
    ['[{"waitFor": {"screen": "/(/", "within": 1}}]', /regular expression/],
    ['[{"toString": 1}]', /"toString" is none of/],
  ])('that reads %s is refused', (json, message) => {
    expect(() => parseScript(json, 'keys.json')).toThrow(UserError);
    expect(() => parseScript(json, 'keys.json')).toThrow(message);
    expect(() => parseScript(json, 'keys.json')).toThrow(/^keys\.json/);
  });

  test('that names a cycle that is over is refused when it gets there', () => {
    expect(perform([{ wait: 1 }, { at: 5 }]).error).toBeInstanceOf(UserError);
  });
});

describe('keys', () => {
  test.each([
    ['a', [0x1e]],
    ['Escape', [0x01]],
    ['f12', [0x58]],
    ['right', [0xe04d]],
    ['pause', [0xe11d]],
    ['keypadPlus', [0x4e]],
    ['ctrl+altGr+insert', [0x1d, 0xe038, 0xe052]],
    ['shift+\\', [0x2a, 0x2b]],
    ['space', [0x39]],
    ['keypad*', [0x37]],
    ['keypadenter', [0xe01c]],
    ['rightctrl', [0xe01d]],
    ['menu', [0xe05d]],
    ['scrollLock', [0x46]],
    ['capslock', [0x3a]],
    ['home', [0xe047]],
    ['delete', [0xe053]],
    ['keypad.', [0x53]],
  ])('%s has its set 1 code', (chord, keys) => {
    expect(chordEvents(chord).presses.map(({ key }) => key)).toEqual(keys);
    expect(chordEvents(chord).releases.map(({ key }) => key)).toEqual(keys.toReversed());
  });

  test('every character of ASCII that prints is typed with the key that carries it', () => {
    const typed = textKeys('aA1!`~-_=+[{]}\\|;:\'",<.>/? \n');
    const shift = 'shift+';
    expect(typed).toEqual(
      [
        'a',
        `${shift}a`,
        '1',
        `${shift}1`,
        '`',
        `${shift}\``,
        '-',
        `${shift}-`,
        '=',
        `${shift}=`,
        '[',
        `${shift}[`,
        ']',
        `${shift}]`,
      ]
        .concat([
          '\\',
          `${shift}\\`,
          ';',
          `${shift};`,
          "'",
          `${shift}'`,
          ',',
          `${shift},`,
          '.',
          `${shift}.`,
          '/',
          `${shift}/`,
        ])
        .concat(['space', 'enter']),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) }),
        (text) => {
          for (const chord of textKeys(text)) expect(chordEvents(chord).presses.length).toBeGreaterThan(0);
        },
      ),
    );
  });

  test('hears the last words of a machine that stops, and tells that it stopped where others were waited for', () => {
    const stopping = () => {
      const machine = createToy(toyDescription, powerOn);
      const operator = createOperator({ machine, input: machine.input, run: machine.run });
      operator.input({ kind: 'key', key: 0x1f, pressed: true });
      return operator;
    };
    stopping().waitFor({ on: 'serial', port: 0, pattern: parsePattern('s', 'here') }, 1);
    expect(() => stopping().waitFor({ on: 'serial', port: 0, pattern: parsePattern('t', 'here') }, 1)).toThrow(
      'stopped: shutdown',
    );
  });

  test('waiting and striking take the guest time they say', () => {
    const machine = createToy(toyDescription, powerOn);
    const operator = createOperator({ machine, input: machine.input, run: machine.run });
    operator.press('a');
    expect(machine.cycle).toBe(6250);
    operator.waitUntil(cycle(7000));
    operator.wait(0.5);
    expect(machine.cycle).toBe(57_000);
  });

  test('plugs cards in and asks for their going, disks by the names of spare images', () => {
    const inputs: InputEvent[] = [];
    const operator = { input: (event: InputEvent) => void inputs.push(event) } as unknown as Operator;
    const spare = { sha256: 'a'.repeat(64), size: 512 };
    const steps = [
      { plug: { disk: { drive: 'virtio0', image: 'a.img' } } },
      { plug: { network: 'e1000', slot: 9 } },
      { plug: { device: 'virtio-rng' } },
      { unplug: 'virtio0' },
      { insert: { drive: 'floppyA', image: 'a.img', writable: false } },
    ];
    parseScript(JSON.stringify(steps), 's.json', new Map([['a.img', spare]])).perform(operator);
    expect(inputs).toEqual([
      { kind: 'plugDisk', drive: 'virtio0', medium: { ...spare, writable: true } },
      { kind: 'plugNetworkCard', card: 'e1000', network: 'built-in', slot: 9 },
      { kind: 'plugDevice', device: 'virtio-rng' },
      { kind: 'unplug', card: 'virtio0' },
      { kind: 'media', drive: 'floppyA', medium: { ...spare, writable: false } },
    ]);
  });

  test.each([
    { plug: {} },
    { plug: { network: 'e1000', device: 'virtio-rng' } },
    { plug: { network: 'ne2000' } },
    { plug: { disk: { drive: 'virtio0' } } },
    { plug: { disk: { drive: 'virtio0', image: 'absent.img' } } },
    { unplug: 'display' },
  ])('%o is refused before anything is done', (step) => {
    expect(() => parseScript(JSON.stringify([step]), 's.json')).toThrow(/s\.json, step 1/);
  });
});
