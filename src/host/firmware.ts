/** The firmware that this package has, as traces name it. */
import { biosSha256 } from '../firmware/image.js';

/** SHA-256 of every firmware image by its role. */
export function firmwareDigests(): Readonly<Record<string, string>> {
  return { bios: biosSha256 };
}
