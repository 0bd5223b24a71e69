/** What a built-in network is made of, as pure data: it stands in the machine description. */
import { UserError } from '../base/errors.js';
import { parseAddress } from './ipv4.js';

/** A file that the network's server offers over HTTP and TFTP. */
export interface ServedFile {
  /** Its name in the server, parts separated by `/`, such as `boot/vmlinuz`. */
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

export interface NetworkPlan {
  /** Guest microseconds that a frame takes from one end of a cable to the switch or back. Default 50. */
  readonly latencyMicroseconds?: number;
  /** Names that the name server knows, beside `gateway`, `dns` and `server`, with their addresses. */
  readonly names?: readonly { readonly name: string; readonly address: string }[];
  /** The file whose name DHCP gives to a computer that boots from the network. */
  readonly bootFile?: string;
  readonly files?: readonly ServedFile[];
}

/** The one subnet, and who is in it. Guests come from `firstGuest` on, in the order in which they ask. */
export const addresses = {
  network: 0x0a000200,
  mask: 0xffffff00,
  broadcast: 0x0a0002ff,
  gateway: 0x0a000202,
  nameServer: 0x0a000203,
  firstGuest: 0x0a00020f,
} as const;

/** The hardware address of everything that is not a guest. */
export const serverMac: Uint8Array = Uint8Array.of(0x52, 0x55, 0x0a, 0x00, 0x02, 0x02);

export const latencyDefault = 50;
const latencyMost = 10_000_000;
const filesMost = 4096;

function wrong(place: string, problem: string, nextStep: string): never {
  throw new UserError(problem, { file: 'machine description', place, nextStep });
}

/** Checks a plan and that the files' content is at hand; throws {@link UserError} naming the place. */
export function checkPlan(plan: NetworkPlan, images: ReadonlyMap<string, Uint8Array>, place = 'builtInNetwork'): void {
  const { latencyMicroseconds = latencyDefault, names = [], bootFile, files = [] } = plan;
  if (!Number.isInteger(latencyMicroseconds) || latencyMicroseconds < 1 || latencyMicroseconds > latencyMost)
    wrong(`${place}.latencyMicroseconds`, 'no such latency', `Give whole microseconds from 1 to ${latencyMost}.`);
  for (const { name, address } of names) {
    if (!/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/i.test(name))
      wrong(`${place}.names`, `"${name}" is no host name`, 'Use letters, digits, hyphens and dots.');
    if (parseAddress(address) === undefined)
      wrong(`${place}.names.${name}`, `"${address}" is no address`, 'Give it as 10.0.2.2.');
  }
  if (bootFile !== undefined && !/^[\x21-\x7e]{1,127}$/.test(bootFile))
    wrong(`${place}.bootFile`, 'no such file name', 'Give at most 127 printable characters.');
  if (files.length > filesMost) wrong(`${place}.files`, 'too many files', `Serve at most ${filesMost}.`);
  const seen = new Set<string>();
  for (const { path, sha256, size } of files) {
    const where = `${place}.files: ${path}`;
    if (path === '' || path.startsWith('/') || path.length > 255) wrong(where, 'no such path', 'Give a relative path.');
    if (seen.has(path)) wrong(where, 'the path stands here twice', 'Serve each path once.');
    seen.add(path);
    const content = images.get(sha256);
    if (content === undefined) wrong(where, `no file with SHA-256 ${sha256} is at hand`, 'Give the file.');
    if (content.length !== size) wrong(where, `the file has ${content.length} bytes, not ${size}`, 'Correct its size.');
  }
}

/** A served file with its content. */
export interface LoadedFile extends ServedFile {
  readonly content: Uint8Array;
}

/** The files of a checked plan, in the order of their paths. */
export function loadFiles(plan: NetworkPlan, images: ReadonlyMap<string, Uint8Array>): LoadedFile[] {
  return (plan.files ?? [])
    .map((file) => ({ ...file, content: images.get(file.sha256)! }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
