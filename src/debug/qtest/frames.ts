/**
 * Network frames over a stream, as QEMU's socket back end moves them: each behind its length, four bytes with the highest
 * first. What is shorter than the header of a frame is filled with zeros; test programs send such.
 */

const lengthBytes = 4;
/** Bytes of a frame's header, and of the longest frame, without its check sequence. */
const frameLeast = 14;
const frameMost = 1518;

/** The stream's bytes for a frame. */
export function framed(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(lengthBytes + frame.length);
  new DataView(bytes.buffer).setUint32(0, frame.length);
  bytes.set(frame, lengthBytes);
  return bytes;
}

/** Frames out of a stream that may cut them anywhere. */
export class FrameStream {
  private pending: Uint8Array = new Uint8Array(0);

  /** Takes a piece of the stream; gives the frames that it completes. What is longer than any frame is passed over. */
  take(piece: Uint8Array): Uint8Array[] {
    const all = new Uint8Array(this.pending.length + piece.length);
    all.set(this.pending);
    all.set(piece, this.pending.length);
    const view = new DataView(all.buffer);
    const found: Uint8Array[] = [];
    let at = 0;
    while (all.length - at >= lengthBytes) {
      const length = view.getUint32(at);
      if (all.length - at - lengthBytes < length) break;
      at += lengthBytes;
      const frame = new Uint8Array(Math.max(length, frameLeast));
      frame.set(all.subarray(at, at + length));
      if (frame.length <= frameMost) found.push(frame);
      at += length;
    }
    this.pending = all.slice(at);
    return found;
  }
}
