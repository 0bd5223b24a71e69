/** An HTTP/1.1 server (RFC 9110, RFC 9112) for a folder of files: GET and HEAD, ranges, kept connections. It has no clock, so no dates. */
import { fromLatin1, joined, latin1 } from '../bytes.js';
import type { LoadedFile } from '../plan.js';
import type { TcpService, TcpStack } from '../tcp/stack.js';
import type { Connection } from '../tcp/state.js';

export const httpPort = 80;
const requestBytesMost = 8192;
/** Room for a whole head or a short page, before an answer is begun. */
const headRoom = 4096;

const types: Readonly<Record<string, string>> = {
  html: 'text/html',
  htm: 'text/html',
  txt: 'text/plain',
  ipxe: 'text/plain',
  cfg: 'text/plain',
  json: 'application/json',
  css: 'text/css',
  js: 'text/javascript',
  png: 'image/png',
};
const typeOf = (path: string): string => types[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';

const reasons = {
  200: 'OK',
  206: 'Partial Content',
  304: 'Not Modified',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  416: 'Range Not Satisfiable',
  431: 'Request Header Fields Too Large',
  505: 'HTTP Version Not Supported',
} as const;
type Status = keyof typeof reasons;

interface Request {
  readonly method: string;
  readonly path: string;
  readonly close: boolean;
  readonly headers: ReadonlyMap<string, string>;
}

/** A request from its head; a status when it is none. */
function parseRequest(head: string): Request | Status {
  const [line, ...fields] = head.split('\r\n');
  const match = /^([A-Z]+) (\S+) HTTP\/(\d)\.(\d)$/.exec(line ?? '');
  if (match === null) return 400;
  const [, method, target, major, minor] = match as unknown as [string, string, string, string, string];
  if (major !== '1') return 505;
  const headers = new Map<string, string>();
  for (const field of fields) {
    const at = field.indexOf(':');
    if (at <= 0) return 400;
    headers.set(field.slice(0, at).toLowerCase(), field.slice(at + 1).trim());
  }
  const path = decodePath(target.replace(/^http:\/\/[^/]*/i, '').replace(/[?#].*$/, ''));
  if (path === undefined) return 400;
  const wish = (headers.get('connection') ?? '').toLowerCase();
  const close = wish.includes('close') || (minor === '0' && !wish.includes('keep-alive'));
  return { method, path, close, headers };
}

/** A path without its leading slash, its escapes resolved; undefined when they are broken. */
function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path).replace(/^\/+/, '');
  } catch {
    return undefined;
  }
}

/** The bytes that a Range field asks for: undefined for the whole, null for none that exist (RFC 9110, section 14.1.2). */
function parseRange(field: string | undefined, size: number): { from: number; end: number } | undefined | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(field ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const [first, last] = [match[1]!, match[2]!];
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (first !== '' && last !== '' && Number(last) < from) return undefined;
  return from < end ? { from, end } : null;
}

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** The page that lists what a folder holds, as a file; undefined for a folder that is not there. */
function listing(folder: string, files: readonly LoadedFile[]): Uint8Array | undefined {
  const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
  const names = new Set(
    files
      .filter(({ path }) => path.startsWith(prefix))
      .map(({ path }) => path.slice(prefix.length).replace(/\/.*$/, '/')),
  );
  if (names.size === 0 && folder !== '') return undefined;
  const rows = [...names].map((name) => `<li><a href="/${encodeURI(prefix + name)}">${escapeHtml(name)}</a></li>\n`);
  const title = `/${escapeHtml(prefix)}`;
  return new TextEncoder().encode(`<!DOCTYPE html>\n<title>${title}</title>\n<ul>\n${rows.join('')}</ul>\n`);
}

/** Serves `files`, which are in the order of their paths. */
export function httpService(stack: TcpStack, files: readonly LoadedFile[]): TcpService {
  function answer(
    connection: Connection,
    status: Status,
    fields: Readonly<Record<string, string | number>>,
    body?: string,
  ) {
    const all = { Server: 'tsvm-test', ...fields, Connection: connection.http.closing ? 'close' : 'keep-alive' };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = latin1(`HTTP/1.1 ${status} ${reasons[status]}\r\n${lines.join('')}\r\n`);
    stack.write(connection, body === undefined ? head : joined(head, latin1(body)));
  }

  function refuse(connection: Connection, status: Status, withBody: boolean, extra = {}): void {
    const text = `${status} ${reasons[status]}\n`;
    const fields = { ...extra, 'Content-Type': 'text/plain', 'Content-Length': text.length };
    answer(connection, status, fields, withBody ? text : undefined);
  }

  function respond(connection: Connection, { method, path, close, headers }: Request): void {
    const { http } = connection;
    // A body would have to be read past; closing behind the answer ends the matter.
    http.closing = close || headers.has('transfer-encoding') || Number(headers.get('content-length') ?? 0) > 0;
    const isHead = method === 'HEAD';
    if (method !== 'GET' && !isHead) return refuse(connection, 405, true, { Allow: 'GET, HEAD' });
    const file = findFile(path);
    if (file === undefined) {
      const page = listing(path, files);
      if (page === undefined) return refuse(connection, 404, !isHead);
      // A listing is sent in one piece; the few that are longer than a connection's buffer are cut off visibly.
      const shown = page.subarray(0, stack.room(connection) - headRoom / 2);
      return answer(
        connection,
        200,
        { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': shown.length },
        isHead ? undefined : fromLatin1(shown),
      );
    }
    sendFile(connection, file, isHead, headers);
  }

  function findFile(path: string): number | undefined {
    const folder = path === '' || path.endsWith('/');
    const at = files.findIndex((each) => each.path === (folder ? `${path}index.html` : path));
    return at < 0 ? undefined : at;
  }

  function sendFile(connection: Connection, index: number, isHead: boolean, headers: Request['headers']): void {
    const { http } = connection;
    const { path, sha256, size } = files[index]!;
    const tag = `"${sha256.slice(0, 32)}"`;
    const common = { 'Accept-Ranges': 'bytes', ETag: tag };
    if (headers.get('if-none-match') === tag) return answer(connection, 304, common);
    const condition = headers.get('if-range');
    const range = condition === undefined || condition === tag ? parseRange(headers.get('range'), size) : undefined;
    if (range === null) return refuse(connection, 416, !isHead, { 'Content-Range': `bytes */${size}` });
    const { from, end } = range ?? { from: 0, end: size };
    const fields = {
      ...common,
      'Content-Type': typeOf(path),
      'Content-Length': end - from,
      ...(range === undefined ? {} : { 'Content-Range': `bytes ${from}-${end - 1}/${size}` }),
    };
    answer(connection, range === undefined ? 200 : 206, fields);
    if (!isHead) Object.assign(http, { sending: true, file: index, at: from, end });
  }

  /** Sends what there is room for, then answers the next request, as long as both can be done. */
  function proceed(connection: Connection): void {
    const { http } = connection;
    for (;;) {
      if (connection.closing) return;
      if (http.sending) {
        const { content } = files[http.file]!;
        http.at += stack.write(
          connection,
          content.subarray(http.at, Math.min(http.end, http.at + stack.room(connection))),
        );
        if (http.at < http.end) return;
        http.sending = false;
      }
      if (http.closing) return stack.close(connection);
      if (stack.room(connection) < headRoom) return;
      const head = takeHead(connection);
      if (head === undefined) {
        if (connection.peerClosed) stack.close(connection);
        return;
      }
      const request = head === 431 ? head : parseRequest(head);
      if (typeof request === 'number') {
        http.closing = true;
        refuse(connection, request, true);
      } else respond(connection, request);
    }
  }

  return {
    received(connection, data) {
      const { http } = connection;
      http.request = joined(http.request, data).slice(0, requestBytesMost);
      proceed(connection);
    },
    room: ({ http }) => requestBytesMost - http.request.length,
    drained(connection) {
      proceed(connection);
      stack.windowOpened(connection);
    },
    ended: proceed,
  };
}

/** Takes the head of the next request; undefined when it is not there yet, 431 when it never will be. */
function takeHead({ http }: Connection): string | 431 | undefined {
  const text = fromLatin1(http.request).replace(/^(\r\n)+/, '');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return http.request.length >= requestBytesMost ? 431 : undefined;
  http.request = latin1(text.slice(end + 4));
  return text.slice(0, end);
}
