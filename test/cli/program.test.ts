import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { echo, run, start, tripleFault } from './command-line.js';

const folder = mkdtempSync(join(tmpdir(), 'program-'));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
const script = (...steps: readonly unknown[]): string => JSON.stringify(steps);
const fixed = ['--date', '2024-01-01T00:00:00Z', '--seed', '1'];
const fromScript = (image: string, steps: string, trace: string): string[] => {
  return ['record', '--image', image, '--script', steps, '-o', trace, ...fixed];
};

/** A Multiboot header with addresses (flag 16), which say that it lies behind its own image. */
const multibootWithoutImage = Uint32Array.of(
  0x1bad_b002,
  0x1_0000,
  0xe451_4ffe,
  0x1000,
  0x2000,
  0x3000,
  0x3000,
  0x2020,
);

beforeAll(async () => {
  write('echo.img', echo);
  write('fault.img', tripleFault);
  write('kernel.elf', new Uint8Array(multibootWithoutImage.buffer));
  write('keys.json', script({ waitFor: { screen: 'R', within: 20 } }, { type: 'ok' }, { wait: 0.5 }));
  const { code, stderr } = await run(folder, ...fromScript('echo.img', 'keys.json', 'echo.trace'));
  expect(`${code} ${stderr}`).toMatch(/^0 /);
});

describe('a mistake of the user', () => {
  const mistakes: readonly (readonly [what: string, words: readonly string[], says: string])[] = [
    ['a path that is not there', ['nonsense'], 'no such suite, folder or command'],
    ['an option that does not exist', ['replay', 'echo.trace', '--speed'], 'speed'],
    ['a missing argument', ['diff', 'echo.trace'], 'Not enough'],
    ['an image that is no floppy', ['record', '--floppy', 'keys.json', '-o', 'x.trace'], 'keys.json'],
    ['a board that does not exist', ['record', '--machine', 'amiga', '-o', 'x.trace'], 'pc'],
    ['a file that is no trace', ['replay', 'keys.json'], 'frame 0 at byte 0'],
    ['a predicate that is none', ['bisect', 'echo.trace', '--when', 'sometimes'], 'sometimes'],
    ['a cycle beyond the trace', ['replay', 'echo.trace', '--until', '1e15'], '1000000000000000'],
    ['an option that is given twice', ['replay', 'echo.trace', '--until', '3', '--until', '4'], '--until: it is given'],
    [
      'a kernel whose header is wrong',
      ['record', '--kernel', 'kernel.elf', '-o', 'x.trace'],
      'kernel.elf, kernel.image',
    ],
    ['firmware of an odd size', ['record', '--bios', 'keys.json', '-o', 'x.trace'], 'keys.json, firmware.bios'],
    ['a date that is none', ['record', '-o', 'x.trace', '--date', 'soon'], 'soon'],
  ];
  for (const [what, words, says] of mistakes) {
    test(`${what} ends with exit code 2, says what is wrong, and prints one runnable line`, async () => {
      const { code, stdout, stderr } = await run(folder, ...words);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toContain(says);
      expect(stderr.match(/^ {2}run npx tsvm-test /gm)).toHaveLength(1);
    });
  }

  test.each([[['suites']], [['run', 'echo.img']]])(
    'an engine that is none ends %j before anything runs',
    async (words) => {
      const { code, stdout, stderr } = await start(folder, words, { TSVM_ENGINE: 'regions=0' }).said;
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('TSVM_ENGINE');
    },
  );

  test('nothing is written for a recording that cannot start', () => {
    expect(existsSync(join(folder, 'x.trace'))).toBe(false);
  });
});

describe('record and replay', () => {
  test('a replay verifies every checkpoint and gives back screen and serial output', async () => {
    const { code, stdout } = await run(
      folder,
      'replay',
      'echo.trace',
      '--screen',
      'a.png',
      '--serial',
      'a.txt',
      '--json',
    );
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as { result: string; verified: number; checkpoints: unknown[]; screen: string };
    expect(report.result).toBe('equal');
    expect(report.verified).toBe(report.checkpoints.length);
    expect(report.screen).toContain('Rok');
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('ok');
    expect([...readFileSync(join(folder, 'a.png')).subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
  });

  test('the same inputs give the same trace, byte for byte', async () => {
    await run(folder, ...fromScript('echo.img', 'keys.json', 'again.trace'));
    expect(readFileSync(join(folder, 'again.trace')).equals(readFileSync(join(folder, 'echo.trace')))).toBe(true);
  });

  test('a trace holds no path of this computer', () => {
    const bytes = readFileSync(join(folder, 'echo.trace')).toString('latin1');
    for (const word of [folder, 'echo.img', 'keys.json']) expect(bytes).not.toContain(word);
  });

  test('a recording that gave no date and no seed carries its own and replays', async () => {
    const words = ['record', '--image', 'echo.img', '--script', 'keys.json', '-o', 'now.trace'];
    expect((await run(folder, ...words)).code).toBe(0);
    expect((await run(folder, 'replay', 'now.trace')).code).toBe(0);
    const { stdout } = await run(folder, 'inspect', 'now.trace', '--json');
    const { header } = JSON.parse(stdout) as { header: { date: number } };
    expect(Math.abs(header.date - Date.now() / 1000)).toBeLessThan(3600);
  });

  test('an image that changed is not taken for the recorded one', async () => {
    mkdirSync(join(folder, 'elsewhere'), { recursive: true });
    writeFileSync(join(folder, 'elsewhere/echo.img'), tripleFault);
    writeFileSync(join(folder, 'elsewhere/echo.trace'), readFileSync(join(folder, 'echo.trace')));
    const { code, stderr } = await run(join(folder, 'elsewhere'), 'replay', 'echo.trace');
    expect(code).toBe(2);
    expect(stderr).toContain('--image');
    const given = await run(join(folder, 'elsewhere'), 'replay', 'echo.trace', '--image', join(folder, 'echo.img'));
    expect(given.code).toBe(0);
  });

  test('a guest that does not follow its script ends with exit code 4 and leaves a trace that replays', async () => {
    write('stuck.json', script({ waitFor: { screen: 'never', within: 2 } }));
    const { code, stderr } = await run(folder, ...fromScript('echo.img', 'stuck.json', 'stuck.trace'));
    expect(code).toBe(4);
    expect(stderr).toContain('run npx tsvm-test replay stuck.trace');
    expect((await run(folder, 'replay', 'stuck.trace')).code).toBe(0);
  });

  test('a triple fault ends with exit code 4, and bisect finds it', async () => {
    write('wait.json', script({ wait: 30 }));
    expect((await run(folder, ...fromScript('fault.img', 'wait.json', 'fault.trace'))).code).toBe(4);
    const { code, stdout } = await run(folder, 'bisect', 'fault.trace', '--when', 'shutdown', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ found: { before: { code: expect.stringMatching(/^cc/) } } });
  });

  test('bisect names the cycle of the first byte on the serial port, and its line runs', async () => {
    const { code, stdout } = await run(folder, 'bisect', 'echo.trace', '--when', 'serial:o');
    expect(code).toBe(0);
    const [, cycle] = /run npx tsvm-test replay echo\.trace --at (\d+)/.exec(stdout)!;
    const at = async (when: number): Promise<string> => {
      const { stdout } = await run(folder, 'replay', 'echo.trace', '--at', String(when), '--json');
      return (JSON.parse(stdout) as { serial: { 0: string } }).serial[0];
    };
    expect(await at(Number(cycle))).toBe('o');
    expect(await at(Number(cycle) - 1)).toBe('');
    expect((await run(folder, 'bisect', 'echo.trace', '--when', 'serial:never')).code).toBe(1);
  });

  test('diff finds where two recordings part, and nothing between equal ones', async () => {
    write('other.json', script({ waitFor: { screen: 'R', within: 20 } }, { type: 'oK' }, { wait: 0.5 }));
    await run(folder, ...fromScript('echo.img', 'other.json', 'other.trace'));
    const { code, stdout } = await run(folder, 'diff', 'echo.trace', 'other.trace', '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ difference: { cycle: expect.any(Number) } });
    expect((await run(folder, 'diff', 'echo.trace', 'echo.trace')).code).toBe(0);
  });
});

describe('a recorder that is interrupted', () => {
  /** Waits until a trace that is being recorded holds something beyond power-on. */
  const grown = async (trace: string): Promise<void> => {
    for (;;) {
      if (existsSync(join(folder, trace))) {
        const { stdout } = await run(folder, 'inspect', trace, '--json');
        if ((JSON.parse(stdout) as { endsAt: number }).endsAt > 1_000_000) return;
      }
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  beforeAll(() => write('long.json', script({ wait: 900_000 })));

  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`by ${signal} ends its trace and exits with ${expected}`, async () => {
      const recorder = start(folder, fromScript('echo.img', 'long.json', `${signal}.trace`));
      await grown(`${signal}.trace`);
      recorder.kill(signal);
      expect((await recorder.said).code).toBe(expected);
      const { code, stdout } = await run(folder, 'replay', `${signal}.trace`, '--until', '1000000', '--json');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).not.toHaveProperty('cut');
    });
  }

  test('by SIGKILL leaves a trace that replays up to its last whole frame', async () => {
    const recorder = start(folder, fromScript('echo.img', 'long.json', 'killed.trace'));
    await grown('killed.trace');
    recorder.kill('SIGKILL');
    expect((await recorder.said).signal).toBe('SIGKILL');
    const { code, stdout } = await run(folder, 'replay', 'killed.trace', '--until', '1000000', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('cut');
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('a live recording', () => {
  test('keeps what is typed, whenever it arrives, and replays', async () => {
    const recorder = start(folder, ['record', '--image', 'echo.img', '-o', 'live.trace', '--for', '6', ...fixed]);
    const typing = setInterval(() => recorder.type('hi'), 400);
    expect((await recorder.said).code).toBe(0);
    clearInterval(typing);
    const { code, stdout } = await run(folder, 'replay', 'live.trace', '--json');
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { screen: string }).screen).toMatch(/R[hi]*hi/);
  });

  test('ends with ctrl and ], with a trace that is whole', async () => {
    const recorder = start(folder, ['record', '--image', 'echo.img', '-o', 'ended.trace', ...fixed]);
    recorder.type('\u001d');
    expect((await recorder.said).code).toBe(0);
    const { stdout } = await run(folder, 'inspect', 'ended.trace', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ end: { reason: 'finished' } });
  });
});

describe('run', () => {
  const suite = `
    import { expect, guestSeconds, guestTest, guest, screenShows } from 'tsvm-test';
    const test = guestTest({ floppy: 'echo.img', memory: '2M' });
    test('echoes', async ({ vm, rerun }) => {
      await vm.runUntil(screenShows('R'), { within: guestSeconds(20) });
      await vm.type('x');
      await vm.runUntil(screenShows('Rx'), { within: guestSeconds(5) });
      expect(vm.screen).toMatchGolden('echo');
      expect(rerun()).toBeNull();
    });
  `;
  const absent = `
    import { guestTest, guest } from 'tsvm-test';
    guestTest({ floppy: guest('gone.img', { sha256: '${'0'.repeat(64)}' }) })('needs a guest', async ({ vm }) => vm.reset());
  `;

  beforeAll(() => {
    mkdirSync(join(folder, 'suites'), { recursive: true });
    write('suites/echo.suite.ts', suite);
    write('suites/absent.suite.ts', absent);
  });

  test('runs suites, writes goldens, counts what is skipped and says why', async () => {
    const { code, stdout, stderr } = await run(folder, '--json');
    expect(stderr).toContain('gone.img');
    expect(JSON.parse(stdout)).toMatchObject({ passed: 1, failed: 0, skipped: 1 });
    expect(code).toBe(0);
    expect(readdirSync(join(folder, 'suites/__goldens__/echo'))).toEqual(['echo.png', 'echo.txt']);
  });

  test('fails where a guest is required and absent', async () => {
    const { code, stdout } = await run(folder, 'suites/absent.suite.ts', '--require-guests', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ failed: 1 });
  });

  test('skips and says why, where an optional guest is absent, even when guests are required', async () => {
    write('suites/optional.suite.ts', absent.replace('{ sha256:', '{ optional: true, sha256:'));
    const { code, stdout, stderr } = await run(folder, 'suites/optional.suite.ts', '--require-guests', '--json');
    rmSync(join(folder, 'suites/optional.suite.ts'));
    expect(stderr).toContain('gone.img');
    expect(JSON.parse(stdout)).toMatchObject({ passed: 0, failed: 0, skipped: 1 });
    expect(code).toBe(0);
  });

  test('a failed test leaves pictures and a trace, and its runnable lines run', async () => {
    write('suites/echo.suite.ts', suite.replace("type('x')", "type('xy')"));
    const { code, stdout, stderr } = await run(folder, 'suites/echo.suite.ts');
    expect(code).toBe(1);
    expect(stdout).toContain('test-output/echo/echo.difference.png');
    const [, trace] = /run npx tsvm-test replay (\S+)/.exec(stdout + stderr)!;
    expect((await run(folder, 'replay', trace!)).code).toBe(0);
    expect(stderr).toContain("run npx tsvm-test suites/echo.suite.ts -t '^echoes$'");
    write('suites/echo.suite.ts', suite);
  });

  test('in CI nothing is written and a golden that no test asks for fails', async () => {
    write('suites/__goldens__/echo/old.png', '');
    const inCi = (...words: string[]) => start(folder, words, { CI: '1' }).said;
    expect((await inCi('suites/echo.suite.ts')).code).toBe(1);
    expect((await inCi('-u')).code).toBe(2);
    const { code } = await run(folder, 'suites/echo.suite.ts', '-u');
    expect(code).toBe(0);
    expect(readdirSync(join(folder, 'suites/__goldens__/echo'))).toEqual(['echo.png', 'echo.txt']);
    expect((await inCi('suites/echo.suite.ts')).code).toBe(0);
  });
});
