/**
 * What QEMU's options tell firmware, and which firmware it is (`-bios`, `-fw_cfg`, `-uuid`, `-boot`, `-machine graphics=`).
 *
 * Source: QEMU, "fw_cfg" (system specifications) and "Invocation" (System Emulation, User's Guide); the files of `-boot` by SeaBIOS,
 * "Runtime configuration".
 */
import { type Properties, properties, refuse } from './qemu-drives.js';

/** A file of the firmware configuration: bytes, or those of a file at a path. */
export interface QemuConfigurationFile {
  readonly name: string;
  readonly bytes?: Uint8Array;
  readonly path?: string;
}

export interface QemuFirmware {
  /** A path, or a name in the folders where firmware is installed; absent for the one that is there by itself. */
  readonly bios: string | undefined;
  readonly files: readonly QemuConfigurationFile[];
  readonly uuid: string | undefined;
  readonly graphics: boolean;
  readonly bootMenu: boolean;
}

const littleEndian = (value: number, bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, at) => (value >> (8 * at)) & 0xff);

const isOn = (word: string | undefined): boolean => word === 'on';

export class FirmwareSettings {
  bios: string | undefined;
  uuid: string | undefined;
  private graphics = true;
  private bootMenu = false;
  private readonly files: QemuConfigurationFile[] = [];

  withoutGraphics(): void {
    this.graphics = false;
  }
  /** `-machine`. */
  machine(all: Properties): void {
    if (all.has('graphics')) this.graphics = isOn(all.get('graphics'));
    this.bios = all.get('firmware') ?? this.bios;
  }
  /** `-boot`: how long firmware waits before it starts again where nothing boots, and before it leaves its menu. */
  boot(all: Properties): void {
    if (all.has('menu')) this.bootMenu = isOn(all.get('menu'));
    const wait = (property: string, name: string, bytes: 2 | 4, least: number): void => {
      const text = all.get(property);
      if (text === undefined) return;
      const value = Number(text);
      if (!Number.isInteger(value) || value < least || value > 0xffff)
        refuse('-boot', `${property} is a whole number from ${least} to 65535, not "${text}"`);
      this.files.push({ name, bytes: littleEndian(value, bytes) });
    };
    wait('reboot-timeout', 'etc/boot-fail-wait', 4, -1);
    wait('splash-time', 'etc/boot-menu-wait', 2, 0);
  }
  /** `-fw_cfg name=NAME,string=TEXT` or `file=PATH`; a text may hold commas only as doubled ones. */
  configurationFile(text: string): void {
    const all = properties(text, 'name');
    const [name, string, path] = [all.get('name'), all.get('string'), all.get('file')];
    if (name === undefined || (string === undefined) === (path === undefined))
      refuse('-fw_cfg', `"${text}" is not name=NAME with one of string=TEXT and file=PATH`);
    this.files.push({ name, ...(path === undefined ? { bytes: new TextEncoder().encode(string) } : { path }) });
  }

  finish(): QemuFirmware {
    const { bios, files, uuid, graphics, bootMenu } = this;
    return { bios, files, uuid, graphics, bootMenu };
  }
}
