/** Whether a medium holds a CD-ROM volume (ECMA-119 section 8.1): a descriptor in block 16 says CD001. */
import { type Medium, sectorBytes } from '../medium.js';

const descriptorSector = 64;
const identifier = [0x43, 0x44, 0x30, 0x30, 0x31] as const;

export function isVolume(medium: Pick<Medium, 'sectors' | 'read'>): boolean {
  if (medium.sectors <= descriptorSector) return false;
  const sector = new Uint8Array(sectorBytes);
  medium.read(descriptorSector, sector);
  return identifier.every((byte, at) => sector[1 + at] === byte);
}
