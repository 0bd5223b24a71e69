/** The bench's guest: its floppy image, where its phases lie, and the commands and answers on its serial line. */
import { readFileSync } from 'node:fs';

const floppyBytes = 1_474_560;
const headerOffset = 512;

/** The phases by the letter of the guest's command. */
export const phases = {
  real: { command: 'R', title: 'real mode, 16-bit' },
  protected: { command: 'P', title: 'protected mode, 32-bit flat' },
  paged: { command: 'G', title: 'the same with paging' },
};

/** The whole floppy: the built sectors, then zeros. */
export function readGuestImage() {
  const image = new Uint8Array(floppyBytes);
  image.set(readFileSync(new URL('guest/bench.img', import.meta.url)));
  return image;
}

/**
 * What the image says of itself: instructions in one iteration of the mix, and the linear addresses of each phase's first
 * instruction and of the first one behind it.
 */
export function guestFacts(image) {
  const view = new DataView(image.buffer, image.byteOffset + headerOffset, 28);
  const word = (index) => view.getUint32(8 + 4 * index, true);
  const flat = { begin: word(3), end: word(4) };
  return {
    instructionsPerIteration: word(0),
    bounds: { real: { begin: word(1), end: word(2) }, protected: flat, paged: flat },
  };
}

/** The bytes that make the guest run a phase. */
export function commandBytes(phase, iterations) {
  const bytes = new Uint8Array(5);
  bytes[0] = phases[phase].command.charCodeAt(0);
  new DataView(bytes.buffer).setUint32(1, iterations, true);
  return bytes;
}

/**
 * Reads the guest's answers byte by byte. `stamp` is asked at the start mark and at the end mark; `finished` becomes the
 * result of a phase once its checksum is whole, and `ready` is true once the guest has booted.
 */
export class AnswerReader {
  ready = false;
  finished = undefined;
  #start = undefined;
  #end = undefined;
  #checksum = [];

  constructor(stamp) {
    this.stamp = stamp;
  }

  take(byte) {
    if (this.#end !== undefined) {
      this.#checksum.push(byte);
      if (this.#checksum.length === 4) {
        const checksum = this.#checksum.reduceRight((sum, each) => sum * 256 + each, 0);
        this.finished = { start: this.#start, end: this.#end, checksum };
      }
    } else if (byte === 0x42) this.ready = true;
    else if (byte === 0x53) this.#start = this.stamp();
    else if (byte === 0x45) this.#end = this.stamp();
  }

  /** Forgets the last phase, so that the next can be asked for. */
  clear() {
    this.finished = this.#start = this.#end = undefined;
    this.#checksum = [];
  }
}
