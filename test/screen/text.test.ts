import { expect, test } from 'vitest';
import { decodeCodePage } from '../../src/screen/code-page.js';
import { screenText } from '../../src/screen/text.js';

const allCodes = Uint8Array.from({ length: 256 }, (_, code) => code);

test('every code of the code page is one character, and only the three blanks look alike', () => {
  const characters = [...decodeCodePage(allCodes)];
  expect(characters).toHaveLength(256);
  expect(characters.join('')).toHaveLength(256);
  const blanks = characters.flatMap((character, code) => (character === ' ' ? [code] : []));
  expect(blanks).toEqual([0x00, 0x20, 0xff]);
  expect(new Set(characters).size).toBe(254);
});

test('printable ASCII stands for itself, and corners, accents and Greek are where code page 437 has them', () => {
  for (let code = 0x20; code < 0x7f; code++) expect(decodeCodePage(allCodes)[code]).toBe(String.fromCharCode(code));
  const places = { 0x01: '☺', 0x10: '►', 0x7f: '⌂', 0x80: 'Ç', 0xa5: 'Ñ', 0xb0: '░', 0xc9: '╔', 0xda: '┌', 0xe3: 'π' };
  for (const [code, character] of Object.entries(places)) {
    expect(decodeCodePage(Uint8Array.of(Number(code)))).toBe(character);
  }
});

test('a text screen is one line a row without trailing spaces, and a picture is no text', () => {
  const characters = Uint8Array.from('A:\\>        ok  ', (letter) => letter.charCodeAt(0));
  characters[5] = 0xff;
  const text = { columns: 8, rows: 2, characters, attributes: new Uint8Array(16) };
  const picture = { width: 1, height: 1, pixels: new Uint8Array(4) };
  expect(screenText({ ...picture, text })).toBe('A:\\>\n    ok');
  expect(screenText(picture)).toBe('');
});
