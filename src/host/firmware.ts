/** The firmware that this package has, as traces name it. */
import { builtInRom } from '../firmware/roms.js';
import type { MachineDescription } from '../machine/machine.js';

/** SHA-256 of every firmware image by its role, for a machine. */
export function firmwareDigests(description: MachineDescription): Readonly<Record<string, string>> {
  return { bios: builtInRom(description).sha256 };
}
