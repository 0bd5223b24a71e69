/**
 * Frames of a chip, each drawn where something changed since the one before: whoever waits for a word or shows the screen looks
 * often, and mostly at the same. All of it follows from the state, so nothing of it is saved.
 */
import type { Frame } from '../../screen/frame.js';
import { type PageImage, pageBytes } from '../../state/pages.js';
import { saveState } from '../../state/schema.js';
import type { VideoMemory } from '../video-memory.js';
import { type Picture, pictureOf } from './picture.js';
import { type VgaState, vgaState } from './state.js';
import { shownBlinks } from './timing.js';

/** Changes are noted for so many bytes at once. */
const chunkShift = 6;
const pageWords = pageBytes >> 2;

/** A frame's registers and memory, as they were when it was asked for. */
interface Moment {
  /** All that the registers say of a picture, as bytes. */
  readonly key: Uint8Array;
  readonly picture: Picture;
  readonly image: PageImage;
}

export class Canvas {
  /** The frame that was asked for last. */
  private last: { readonly moment: Moment; readonly frame: Frame } | undefined;
  private drawn: Drawing | undefined;

  constructor(
    private readonly state: VgaState,
    private readonly memory: VideoMemory,
  ) {}

  /** What the monitor shows now. It stays as it is, and is drawn when its pixels or cells are asked for. */
  frame(): Frame {
    const { state, memory, last } = this;
    const key = keyOf(state);
    const isSame = last !== undefined && isEqual(key, last.moment.key);
    const picture = isSame ? last.moment.picture : pictureOf(keptState(state), memory.bytes.length);
    // What shows no memory needs no image of it, nor a copy of what is written next.
    const image = isSame && picture.end === 0 ? last.moment.image : memory.image();
    if (isSame && changedPages(picture, image, last.moment.image).length === 0) return last.frame;
    const moment = { key: isSame ? last.moment.key : key, picture, image };
    const frame = this.frameAt(moment);
    this.last = { moment, frame };
    return frame;
  }

  private frameAt(moment: Moment): Frame {
    const { picture } = moment;
    const { width, height, text } = picture;
    let pixels: Uint8Array | undefined;
    const frame = {
      ...{ width, height },
      get pixels() {
        return (pixels ??= draw().pixels());
      },
    };
    const draw = (): Drawing => this.drawingOf(moment);
    if (text === undefined) return frame;
    let cells: Frame['text'];
    return Object.defineProperty(frame, 'text', {
      get: () => (cells ??= text(draw().shown)),
      enumerable: true,
    });
  }
  private drawingOf(moment: Moment): Drawing {
    if (this.drawn?.key !== moment.key) this.drawn = new Drawing(moment, this.drawn);
    this.drawn.goTo(moment.image);
    return this.drawn;
  }
}

/** What was drawn last under one setting of the registers, and what it was drawn from. */
class Drawing {
  readonly key: Uint8Array;
  /** The part of memory that the picture shows. */
  readonly shown: Uint8Array;
  private readonly picture: Picture;
  private readonly words: Int32Array;
  private readonly firstPage: number;
  /** Where something changed since the pixels were drawn; undefined while they are to be drawn whole. */
  private changes: Uint8Array | undefined;
  private image: PageImage | undefined;
  private output: Uint32Array | undefined;

  /** Takes over what was shown before, where that is the same part of memory. */
  constructor({ key, picture }: Moment, before: Drawing | undefined) {
    this.key = key;
    this.picture = picture;
    const { firstPage, endPage } = pagesOf(picture);
    this.firstPage = firstPage;
    const words = (endPage - firstPage) * pageWords;
    const isTaken = before?.firstPage === firstPage && before.words.length === words;
    this.words = isTaken ? before.words : new Int32Array(words);
    if (isTaken) this.image = before.image;
    this.shown = new Uint8Array(this.words.buffer, picture.first - firstPage * pageBytes);
  }

  /** Makes what is shown what an image holds. */
  goTo(image: PageImage): void {
    const { firstPage, words } = this;
    for (const page of changedPages(this.picture, image, this.image)) {
      const bytes = image.page(page);
      const at = (page - firstPage) * pageWords;
      const isAligned = bytes.byteOffset % 4 === 0;
      const held = isAligned ? bytes : bytes.slice();
      const fresh = new Int32Array(held.buffer, held.byteOffset, pageWords);
      if (this.changes !== undefined) this.note(fresh, at);
      words.set(fresh, at);
    }
    this.image = image;
  }
  /** Notes where a page, from a word on, differs from what was shown. */
  private note(fresh: Int32Array, at: number): void {
    const { words, picture } = this;
    let everywhere = 0;
    for (let word = 0; word < pageWords; word++) {
      const difference = words[at + word]! ^ fresh[word]!;
      if (difference === 0) continue;
      everywhere |= difference & picture.everywhere;
      this.changes![(at + word) >> (chunkShift - 2)] = 1;
    }
    if (everywhere !== 0) this.changes = undefined;
  }

  /** The pixels of what is shown. */
  pixels(): Uint8Array {
    const { picture, changes, output, shown } = this;
    const { width, height } = picture;
    if (changes === undefined || output === undefined) {
      this.output = new Uint32Array(width * height);
      picture.paint(shown, this.output);
      this.changes = new Uint8Array((this.words.length >> (chunkShift - 2)) + 1);
    } else {
      // Frames that were given away keep their pixels.
      this.output = output.slice();
      const offset = shown.byteOffset;
      picture.paint(shown, this.output, (from, bytes) => {
        const last = (offset + from + bytes - 1) >> chunkShift;
        for (let chunk = (offset + from) >> chunkShift; chunk <= last; chunk++) if (changes[chunk] === 1) return true;
        return false;
      });
      changes.fill(0);
    }
    return new Uint8Array(this.output.buffer);
  }
}

/** The pages that a picture shows. */
const pagesOf = ({ first, end }: Picture): { readonly firstPage: number; readonly endPage: number } => ({
  firstPage: Math.floor(first / pageBytes),
  endPage: Math.ceil(end / pageBytes),
});

/** Those that may differ between two images; all of them where there is no other. */
function changedPages(picture: Picture, image: PageImage, other: PageImage | undefined): readonly number[] {
  const { firstPage, endPage } = pagesOf(picture);
  return image.changedPages(other, firstPage, endPage);
}

/** The state without what no picture shows. */
function keyOf(state: VgaState): Uint8Array {
  const { dac, dispi, attributeIndex } = state;
  return saveState(vgaState, {
    ...state,
    ...{ latches: new Uint8Array(4), featureControl: 0, beam: 0, attributeData: false },
    ...{ sequencerIndex: 0, crtcIndex: 0, graphicsIndex: 0, attributeIndex: attributeIndex & 0x20 },
    frame: shownBlinks(state),
    dac: { ...dac, address: 0, colour: new Uint8Array(3), part: 0, reading: false },
    dispi: { ...dispi, index: 0, id: 0 },
  });
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return left.length === right.length;
}

/** A copy of all that the registers say of the picture. */
function keptState(state: VgaState): VgaState {
  const { attribute, crtc, graphics, sequencer, dac, dispi } = state;
  return {
    ...state,
    attribute: attribute.slice(),
    crtc: crtc.slice(),
    graphics: graphics.slice(),
    sequencer: sequencer.slice(),
    dac: { ...dac, colours: dac.colours.slice() },
    dispi: { ...dispi },
  };
}
