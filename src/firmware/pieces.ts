/** How a ROM stands in a TypeScript file: pieces of it as base64, over something that is there already. */

/** Where a piece begins, and its bytes as base64. */
export type Pieces = readonly (readonly [offset: number, base64: string])[];

/** Puts pieces of a ROM into it. */
export function decodePieces(rom: Uint8Array, pieces: Pieces): Uint8Array {
  for (const [offset, base64] of pieces) {
    const text = atob(base64);
    for (let at = 0; at < text.length; at++) rom[offset + at] = text.charCodeAt(at);
  }
  return rom;
}
