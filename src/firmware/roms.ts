/** Which of the built-in ROMs a board has. */
import { hotPlugBiosImage, hotPlugBiosSha256 } from './hot-plug-image.js';
import { biosImage, biosSha256 } from './image.js';

/** A ROM of this package. */
export interface BuiltInRom {
  readonly sha256: string;
  /** A fresh copy of its bytes. */
  readonly image: () => Uint8Array;
}

/** The ROM for a board's devices: its tables name slots for hot plug where those can be used. */
export const builtInRom = ({ devices = [] }: { readonly devices?: readonly string[] }): BuiltInRom =>
  devices.includes('pci-hot-plug')
    ? { sha256: hotPlugBiosSha256, image: hotPlugBiosImage }
    : { sha256: biosSha256, image: biosImage };
