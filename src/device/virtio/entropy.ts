/**
 * Virtio entropy device: fills buffers with random bytes, which are a function of the seed that the machine was recorded with.
 *
 * Source: OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.4; the generator: D. Blackman, S. Vigna, "Scrambled Linear
 * Pseudorandom Number Generators" (xoshiro128**), seeded as its authors advise by another generator (SplitMix, 32 bits).
 */
import { flag, repeat, type StateOf, struct, u32 } from '../../state/schema.js';
import { segmentBytes, writeSegments } from './queue.js';
import { giveBack, takeChain, type VirtioContext } from './state.js';
import { defineVirtio, virtioIdentity, type VirtioKind } from './transport.js';

const queueSize = 8;
/** Most bytes that one buffer gets: the device may fill less than it was given. */
const fillBytesMax = 0x10000;

const entropyState = struct({
  /** The generator's four words, once something was asked of it. */
  seeded: flag(),
  words: repeat(4, u32()),
});

type EntropyState = StateOf<typeof entropyState>;

export interface EntropyBoard {
  /** 32 bits that the machine was recorded with. */
  readonly seed: number;
}

type EntropyContext = VirtioContext<EntropyState, EntropyBoard>;

const rotated = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

function seed(own: EntropyState, value: number): void {
  let state = value >>> 0;
  for (let at = 0; at < own.words.length; at++) {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    own.words[at] = (mixed ^ (mixed >>> 16)) >>> 0;
  }
  own.seeded = true;
}

/** The generator's next 32 bits. */
function nextWord({ words }: EntropyState): number {
  const result = Math.imul(rotated(Math.imul(words[1]!, 5), 7), 9) >>> 0;
  const [first, second, third, fourth] = words as [number, number, number, number];
  const mixedThird = third ^ first;
  const mixedFourth = fourth ^ second;
  words[0] = (first ^ mixedFourth) >>> 0;
  words[1] = (second ^ mixedThird) >>> 0;
  words[2] = (mixedThird ^ (second << 9)) >>> 0;
  words[3] = rotated(mixedFourth, 11) >>> 0;
  return result;
}

function fill(own: EntropyState, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += 4) {
    const word = nextWord(own);
    for (let part = 0; part < 4 && at + part < bytes.length; part++) bytes[at + part] = (word >>> (8 * part)) & 0xff;
  }
}

const kind: VirtioKind<EntropyState, EntropyBoard, Record<never, never>> = {
  name: 'virtio-rng',
  source: 'OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.4',
  notModelled: ['entropy of the host: the bytes follow from the seed', 'a rate limit'],
  deviceType: 4,
  pciDevice: 0x1005,
  classCode: 0x00ff00,
  features: [],
  queueSizes: [queueSize],
  state: entropyState,
  configurationBytes: 0,
  notified(context: EntropyContext, queue) {
    const { own } = context.state;
    if (!own.seeded) seed(own, context.board.seed);
    for (let count = 0; count < queueSize; count++) {
      const chain = takeChain(context, queue);
      if (chain === undefined) return;
      const bytes = new Uint8Array(Math.min(segmentBytes(chain.writable), fillBytesMax));
      fill(own, bytes);
      const written = writeSegments(context.board.memory, chain.writable, 0, bytes);
      giveBack(context, queue, { head: chain.head, written });
    }
  },
  /** The generator goes on: a driver that resets the device gets no byte twice. */
  driverReset: () => {},
  operations: {},
};

export const virtioEntropy = defineVirtio(kind);
export const virtioEntropyIdentity = virtioIdentity(kind);
