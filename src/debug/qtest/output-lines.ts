/**
 * Where the outputs of QEMU's serial lines and debug console lead (`-serial`, `-debugcon`, `-chardev`): files, or nowhere.
 *
 * Source: QEMU, "Character device options" (System Emulation, User's Guide).
 */
import { properties, refuse } from './qemu-drives.js';

/** A serial port by its number, or the debug console. */
export type OutputLine = number | 'debugConsole';

interface CharacterDevice {
  readonly backend: string;
  readonly path: string | undefined;
}

/** Back ends that no test program could look at. */
const nowhere = new Set(['none', 'null', 'stdio', 'mon:stdio', 'vc', 'pty', 'ringbuf', 'memory']);
const serialPorts = 4;

export class OutputLines {
  private readonly devices = new Map<string, CharacterDevice>();
  private readonly said: { readonly line: OutputLine; readonly option: string; readonly text: string }[] = [];
  private nextPort = 0;

  /** `-chardev`. */
  device(text: string): void {
    const all = properties(text, 'backend');
    this.devices.set(all.get('id') ?? '', { backend: all.get('backend') ?? '', path: all.get('path') });
  }
  /** `-serial`, once a port. */
  serial(text: string): void {
    if (this.nextPort === serialPorts) refuse('-serial', `there are no more than ${serialPorts} ports`);
    this.said.push({ line: this.nextPort++, option: '-serial', text });
  }
  /** `-debugcon`, or a device of that kind. */
  debugConsole(option: string, text: string): void {
    this.said.push({ line: 'debugConsole', option, text });
  }
  /** The path behind a character device that is a socket of a monitor. */
  socketOf(id: string): string {
    return this.devices.get(id)?.path ?? refuse('-mon', `there is no device "${id}"`);
  }
  /** Files by the lines that lead there; character devices may have stood behind what names them. */
  files(): ReadonlyMap<OutputLine, string> {
    return new Map(
      this.said.flatMap(({ line, option, text }): (readonly [OutputLine, string])[] => {
        const path = this.fileOf(option, text);
        return path === undefined ? [] : [[line, path]];
      }),
    );
  }
  private fileOf(option: string, text: string): string | undefined {
    if (nowhere.has(text.split(',')[0]!)) return undefined;
    const [, id] = /^chardev:(.+)$/.exec(text) ?? [];
    if (id === undefined) {
      const [, path] = /^file:(.+)$/.exec(text) ?? [];
      return path ?? refuse(option, `a line leads into a file (file:PATH) or nowhere (none), not to "${text}"`);
    }
    const device = this.devices.get(id) ?? refuse(option, `there is no character device "${id}"`);
    if (nowhere.has(device.backend)) return undefined;
    if (device.backend !== 'file' || device.path === undefined)
      refuse('-chardev', `a line leads into a file or nowhere, not into a "${device.backend}"`);
    return device.path;
  }
}
