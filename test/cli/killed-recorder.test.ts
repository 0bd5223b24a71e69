/** What is left of a recording whose recorder was killed, and what damage to a trace says, through the command line. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.js';
import { echo, run, type Running, start } from './command-line.js';

const folder = mkdtempSync(join(tmpdir(), 'killed-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);
const machine = ['--memory', '2M', '--disk', 'echo.img', '--date', '2024-01-01T00:00:00Z', '--seed', '1'];
const recording = (script: string, trace: string): string[] => ['record', ...machine, '--script', script, '-o', trace];

interface Inspected {
  readonly cut?: { readonly frame: number; readonly offset: number };
  readonly end?: { readonly reason: string };
  readonly events: readonly { readonly kind: string }[];
}
async function inspect(trace: string): Promise<Inspected> {
  const { code, stdout } = await run(folder, 'inspect', trace, '--json');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Inspected;
}

/** Waits until a recorder's trace has so many bytes. */
async function grown(trace: string, bytes: number): Promise<void> {
  while (!existsSync(path(trace)) || statSync(path(trace)).size < bytes) await sleep(5);
}

beforeAll(async () => {
  writeFileSync(path('echo.img'), echo);
  const ready = { waitFor: { screen: 'R', within: 20 } };
  writeFileSync(path('short.json'), JSON.stringify([ready, { type: 'a few keys' }, { wait: 0.5 }]));
  const typing = Array.from({ length: 1000 }, (_, at) => ({ type: `line ${at} of many\n` }));
  writeFileSync(path('long.json'), JSON.stringify([ready, ...typing]));
  expect((await run(folder, ...recording('short.json', 'whole.trace'))).code).toBe(0);
});

describe('a recorder that is killed', () => {
  const random = seededRandom(20);
  const moments = Array.from({ length: 3 }, (_, at) => ({
    bytes: 600 + random.below(1000),
    pause: random.below(100),
    at,
  }));
  const left: Buffer[] = [];

  for (const { bytes, pause, at } of moments) {
    test(`${pause} ms after its trace had ${bytes} bytes leaves one that replays to its last whole frame`, async () => {
      const trace = `killed-${at}.trace`;
      const recorder = start(folder, recording('long.json', trace));
      await grown(trace, bytes);
      await sleep(pause);
      recorder.kill('SIGKILL');
      expect((await recorder.said).signal).toBe('SIGKILL');
      left.push(readFileSync(path(trace)));

      const { cut, end } = await inspect(trace);
      expect(end).toBeUndefined();
      expect(cut!.offset).toBeLessThanOrEqual(left.at(-1)!.length);
      const { code, stdout, stderr } = await run(folder, 'replay', trace, '--json');
      expect(code).toBe(0);
      expect(stderr).toContain(`up to frame ${cut!.frame}, byte ${cut!.offset}`);
      const report = JSON.parse(stdout) as { result: string; verified: number; checkpoints: unknown[]; screen: string };
      expect(report).toMatchObject({ result: 'equal', cut, verified: report.checkpoints.length });
      // How much of the typing was done by then depends on the host.
      expect(report.screen).toMatch(/R|line/);
    });
  }

  test('leaves the beginning of what it would have recorded, byte for byte', () => {
    const [longest, ...others] = [...left].sort((a, b) => b.length - a.length);
    expect(others).toHaveLength(moments.length - 1);
    for (const other of others) expect(longest!.subarray(0, other.length).equals(other)).toBe(true);
  });

  test('live leaves what was typed until then', async () => {
    const recorder = start(folder, ['record', ...machine, '-o', 'live.trace']);
    const typing = setInterval(() => recorder.type('hi'), 200);
    await grown('live.trace', 900);
    recorder.kill('SIGKILL');
    clearInterval(typing);
    await recorder.said;
    const { cut, events } = await inspect('live.trace');
    expect(cut).toBeDefined();
    expect(events.filter(({ kind }) => kind === 'key').length).toBeGreaterThan(1);
    expect((await run(folder, 'replay', 'live.trace')).code).toBe(0);
  });

  test('before its first frame leaves an older trace of that name as it was', async () => {
    const old = readFileSync(path('whole.trace'));
    writeFileSync(path('old.trace'), old);
    const recorder = start(folder, recording('long.json', 'old.trace'));
    await sleep(30);
    recorder.kill('SIGKILL');
    await recorder.said;
    expect(readFileSync(path('old.trace')).equals(old)).toBe(true);
  });
});

describe('a recorder that is asked to stop', () => {
  const ways: readonly (readonly [string, (trace: string) => Running])[] = [
    ['a script', (trace) => start(folder, recording('long.json', trace))],
    ['the terminal', (trace) => start(folder, ['record', ...machine, '-o', trace])],
  ];
  for (const [from, begin] of ways) {
    for (const [signal, expected] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      test(`by ${signal} while it records from ${from} leaves a complete trace and exits with ${expected}`, async () => {
        const trace = `${signal}-${expected}.trace`;
        rmSync(path(trace), { force: true });
        const recorder = begin(trace);
        await grown(trace, 600);
        recorder.kill(signal);
        expect((await recorder.said).code).toBe(expected);
        const { cut, end } = await inspect(trace);
        expect({ cut, end }).toMatchObject({ cut: undefined, end: { reason: 'interrupted' } });
        const { code, stdout } = await run(folder, 'replay', trace, '--json');
        expect(code).toBe(0);
        expect(JSON.parse(stdout)).toMatchObject({ result: 'equal', end: 'interrupted' });
      });
    }
  }

  test('leaves no temporary file behind', () => {
    const known = /\.(trace|img|json)$/;
    const others = readdirSync(folder).filter((name) => !known.test(name));
    // What stands under a temporary name was never a trace: its recorder was killed before its first frame.
    expect(others.filter((name) => !name.includes('old.trace'))).toEqual([]);
  });
});

describe('a damaged trace', () => {
  /** Replays damaged copies of the whole trace, two at a time, and gives what each said. */
  async function replayed(damages: readonly Uint8Array[]): Promise<{ code: number | null; stderr: string }[]> {
    const said: { code: number | null; stderr: string }[] = [];
    const take = async (first: number): Promise<void> => {
      for (let at = first; at < damages.length; at += 2) {
        writeFileSync(path(`damaged-${at}.trace`), damages[at]!);
        said[at] = await run(folder, 'replay', `damaged-${at}.trace`, '--image', 'echo.img', '--until', '0');
      }
    };
    await Promise.all([take(0), take(1)]);
    return said;
  }

  test('with a bit flipped ends with exit code 2 and names frame and offset', async () => {
    const whole = readFileSync(path('whole.trace'));
    const random = seededRandom(3);
    const flipped = Array.from({ length: 24 }, () => {
      const copy = Uint8Array.from(whole);
      copy[random.below(copy.length)]! ^= 1 << random.below(8);
      return copy;
    });
    for (const { code, stderr } of await replayed(flipped)) {
      expect(code).toBe(2);
      expect(stderr).toMatch(/damaged-\d+\.trace, frame \d+ at byte \d+: /);
    }
  });

  test('that is cut anywhere replays to its last whole frame, or says that its header is gone', async () => {
    const whole = readFileSync(path('whole.trace'));
    const random = seededRandom(4);
    const { frames } = JSON.parse((await run(folder, 'inspect', 'whole.trace', '--json')).stdout) as {
      readonly frames: readonly { readonly offset: number; readonly size: number }[];
    };
    const headerEnds = frames[0]!.offset + frames[0]!.size;
    const lengths = [0, 1, headerEnds - 1, headerEnds, whole.length - 1];
    while (lengths.length < 24) lengths.push(random.below(whole.length));
    const said = await replayed(lengths.map((length) => whole.subarray(0, length)));
    said.forEach(({ code, stderr }, at) => {
      const gone = lengths[at]! < headerEnds;
      expect([lengths[at], code]).toEqual([lengths[at], gone ? 2 : 0]);
      expect(stderr).toMatch(gone ? /frame 0 at byte \d+: / : /cut: it replays up to frame \d+/);
    });
  });
});
