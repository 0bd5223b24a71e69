/**
 * Code page 437 as Unicode: every glyph of the PC's character generator as one character of the Basic Multilingual Plane.
 * Source: the Unicode Consortium's mapping table CP437, and IBM's "Graphic Character Identification" for codes 00h to 1Fh
 * and 7Fh, which are glyphs on a screen.
 */

/** Sixteen characters a row. The three blank glyphs (00h, 20h, FFh) are all a space: nobody can tell them apart on a screen. */
const characters =
  ' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼' +
  '►◄↕‼¶§▬↨↑↓→←∟↔▲▼' +
  ' !"#$%&\'()*+,-./' +
  '0123456789:;<=>?' +
  '@ABCDEFGHIJKLMNO' +
  'PQRSTUVWXYZ[\\]^_' +
  '`abcdefghijklmno' +
  'pqrstuvwxyz{|}~⌂' +
  'ÇüéâäàåçêëèïîìÄÅ' +
  'ÉæÆôöòûùÿÖÜ¢£¥₧ƒ' +
  'áíóúñÑªº¿⌐¬½¼¡«»' +
  '░▒▓│┤╡╢╖╕╣║╗╝╜╛┐' +
  '└┴┬├─┼╞╟╚╔╩╦╠═╬╧' +
  '╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀' +
  'αßΓπΣσµτΦΘΩδ∞φε∩' +
  '≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ';

/** The characters that the codes show, one UTF-16 unit a code. */
export function decodeCodePage(codes: Uint8Array): string {
  let text = '';
  for (const code of codes) text += characters[code];
  return text;
}
