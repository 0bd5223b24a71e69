import fc from 'fast-check';
import { expect, test } from 'vitest';
import { framed, FrameStream } from '../../../src/debug/qtest/frames.js';

test('frames come out of a stream as they went in, however it is cut', () => {
  const frames = fc.array(fc.uint8Array({ minLength: 14, maxLength: 100 }), { maxLength: 5 });
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 50 }), (sent, piece) => {
      const bytes = Uint8Array.from(sent.flatMap((frame) => [...framed(frame)]));
      const stream = new FrameStream();
      const found: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += piece) found.push(...stream.take(bytes.subarray(at, at + piece)));
      expect(found).toEqual(sent);
    }),
  );
});

test('a frame shorter than a header is filled with zeros, one longer than any passed over', () => {
  const stream = new FrameStream();
  expect(stream.take(framed(Uint8Array.of(1, 2)))).toEqual([
    Uint8Array.from({ length: 14 }, (_, at) => [1, 2][at] ?? 0),
  ]);
  expect(stream.take(framed(new Uint8Array(1519)))).toEqual([]);
});
