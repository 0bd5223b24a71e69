/** The small services of every old host: echo (RFC 862), discard (RFC 863) and the character generator (RFC 864). */
import { latin1 } from '../bytes.js';
import type { TcpService, TcpStack } from '../tcp/stack.js';

/** Their ports, over TCP and UDP alike. */
export const simplePort = { echo: 7, discard: 9, characters: 19 } as const;

const printable = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('');
const lineCharacters = 72;
/** One round of the generator: every line starts one character further on. */
const pattern = latin1(
  Array.from(printable, (_, at) => `${(printable + printable).slice(at, at + lineCharacters)}\r\n`).join(''),
);

/** What the generator answers to any datagram. */
export const characterDatagram = (): Uint8Array => pattern.slice(0, lineCharacters + 2);

export const echoService = (stack: TcpStack): TcpService => ({
  received: (connection, data) => void stack.write(connection, data),
  room: (connection) => stack.room(connection),
  drained: (connection) => stack.windowOpened(connection),
});

export const discardService = (): TcpService => ({ received: () => {} });

export function characterService(stack: TcpStack): TcpService {
  const fill = (connection: Parameters<TcpService['received']>[0]): void => {
    // Whole rounds only, so that the pattern goes on without a seam and without a place to remember.
    if (stack.room(connection) >= pattern.length) stack.write(connection, pattern);
  };
  return { received: () => {}, opened: fill, drained: fill };
}
