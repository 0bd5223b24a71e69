import { execFileSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { afterEach, expect, test, vi } from 'vitest';
import { progress, shellLine, styled } from '../../src/host/terminal.js';

afterEach(() => vi.unstubAllEnvs());

function stream(isTTY: boolean): NodeJS.WriteStream & { written: () => string } {
  const through = new PassThrough();
  return Object.assign(through, { isTTY, written: () => String(through.read() ?? '') }) as never;
}

test('a line that is printed to be run survives the shell', () => {
  const words = ['plain', 'two words', "it's", '$HOME', 'a"b', '', '*', 'x;y', '^a(b)$'];
  const printed = execFileSync('sh', ['-c', `${shellLine('printf', '%s|', ...words)}`], { encoding: 'utf8' });
  expect(printed).toBe(words.map((word) => `${word}|`).join(''));
});

test('colours go to terminals only, and NO_COLOR is honoured', () => {
  vi.stubEnv('FORCE_COLOR', undefined);
  vi.stubEnv('TERM', 'xterm');
  vi.stubEnv('NO_COLOR', '');
  expect(styled('x', 'red', stream(true))).toBe('\u001b[31mx\u001b[0m');
  expect(styled('x', 'red', stream(false))).toBe('x');
  vi.stubEnv('NO_COLOR', '1');
  expect(styled('x', 'red', stream(true))).toBe('x');
});

test('progress overwrites one line on a terminal, and is a plain line every quarter elsewhere', () => {
  const terminal = stream(true);
  const bar = progress('replay', terminal);
  bar.at(1, 2, 'half');
  bar.end();
  expect(terminal.written()).toMatch(/^\r\u001b\[Kreplay \[#{12}\.{12}\] 50 % half\r\u001b\[K$/);

  const file = stream(false);
  const lines = progress('replay', file);
  for (let done = 0; done <= 100; done++) lines.at(done, 100, `step ${done}`);
  lines.end();
  expect(file.written().split('\n').slice(0, -1)).toEqual([
    'replay: 25 % step 25',
    'replay: 50 % step 50',
    'replay: 75 % step 75',
    'replay: 100 % step 100',
  ]);
});
