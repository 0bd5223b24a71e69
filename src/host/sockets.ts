/** Sockets of this computer: streams of text to programs that listen at a path. */
import { connect, Socket } from 'node:net';
import { UserError } from '../base/errors.js';

/** A stream of text in both directions. */
export interface TextSocket {
  write(text: string): void;
  /** Ends the stream after what was written, whether the other end does or not. */
  close(): void;
  /** Called with each piece of text that arrives. */
  onText: (piece: string) => void;
  /** Resolves when the other end is gone. */
  readonly closed: Promise<void>;
}

/** A stream of bytes in both directions. */
export interface ByteSocket {
  write(bytes: Uint8Array): void;
  close(): void;
}

/** The socket behind a file descriptor that whoever started this program left open. Throws {@link UserError} for none. */
export function openDescriptor(descriptor: number, onBytes: (piece: Uint8Array) => void): ByteSocket {
  let socket;
  try {
    socket = new Socket({ fd: descriptor, readable: true, writable: true });
  } catch (cause) {
    throw new UserError(`file descriptor ${descriptor} is no socket`, { place: '-netdev', cause: cause as Error });
  }
  socket.on('data', onBytes);
  socket.on('error', () => {});
  return { write: (bytes) => void socket.write(bytes), close: () => socket.destroySoon() };
}

/** Connects to the program that listens at a path. Throws {@link UserError} where none does. */
export function connectSocket(path: string): Promise<TextSocket> {
  const socket = connect(path);
  socket.setEncoding('latin1');
  return new Promise((connected, failed) => {
    socket.once('error', (cause) =>
      failed(
        new UserError(`no program can be reached at this socket: ${cause.message}`, {
          file: path,
          nextStep: 'Start the program that listens there first.',
          cause,
        }),
      ),
    );
    socket.once('connect', () => {
      const made: TextSocket = {
        write: (text) => void socket.write(text, 'latin1'),
        close: () => socket.destroySoon(),
        onText: () => {},
        closed: new Promise((done) => {
          socket.once('close', () => done());
          socket.on('error', () => done());
        }),
      };
      socket.on('data', (piece) => made.onText(String(piece)));
      connected(made);
    });
  });
}
