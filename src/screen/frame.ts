/** One screen as the monitor shows it: pixels, and text where the display is in a text mode. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, opaque: four bytes a pixel, rows from the top. */
  readonly pixels: Uint8Array;
  /** Present in text modes. */
  readonly text?: TextScreen;
}

/** A text screen's cells. */
export interface TextScreen {
  readonly columns: number;
  readonly rows: number;
  /** Code page 437 codes, row by row. */
  readonly characters: Uint8Array;
  readonly attributes: Uint8Array;
  /** The cursor's cell; absent when it is off or outside the screen. */
  readonly cursor?: { readonly column: number; readonly row: number };
}
