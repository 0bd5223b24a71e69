/** Frames as PNG files and back, without loss. Only pixels are kept: a decoded frame has no text. */
import { decode, encode } from 'fast-png';
import { UserError } from '../base/errors.js';
import type { Frame } from './frame.js';

/** A frame's pixels as a PNG file of eight bits a channel, without alpha. */
export function encodePng(frame: Frame): Uint8Array {
  const { width, height, pixels } = frame;
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = pixels[from]!;
    data[to + 1] = pixels[from + 1]!;
    data[to + 2] = pixels[from + 2]!;
  }
  return encode({ width, height, data, channels: 3, depth: 8 });
}

/** The picture in a PNG file as a frame, made opaque; throws {@link UserError} for bytes that are not a PNG of eight bits a channel. */
export function decodePng(bytes: Uint8Array): Frame {
  const image = decoded(bytes);
  const { width, height, data, channels, depth, palette } = image;
  const colours = width * height;
  if (depth !== 8 || data.length !== colours * channels) throw notReadable(`it has ${depth} bits a channel`);
  const pixels = new Uint8Array(colours * 4);
  for (let at = 0; at < colours; at++) {
    const first = data[at * channels]!;
    const indexed = palette?.[first];
    if (palette !== undefined && indexed === undefined) throw notReadable(`it has no colour ${first} in its palette`);
    // One channel is an index into the palette or a grey, two are a grey with alpha, three and four are colours.
    const [red, green, blue] =
      indexed ?? (channels < 3 ? [first, first, first] : [first, data[at * channels + 1]!, data[at * channels + 2]!]);
    pixels.set([red!, green!, blue!, 0xff], at * 4);
  }
  return { width, height, pixels };
}

function decoded(bytes: Uint8Array): ReturnType<typeof decode> {
  try {
    return decode(bytes, { checkCrc: true });
  } catch (error) {
    throw notReadable(error instanceof Error ? error.message : String(error));
  }
}

function notReadable(problem: string): UserError {
  return new UserError(`the picture cannot be read: ${problem}`, {
    nextStep: 'Give a PNG of eight bits a channel, as this program writes it.',
  });
}
