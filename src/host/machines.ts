/** Machines on this host: the interpreter's module comes ready-made out of the package where it is there. */
import { readFileSync } from 'node:fs';
import { provideHandlerTables } from '../cpu/engine/interpreter/handlers.js';
import { provideInterpreter } from '../cpu/engine/interpreter/instance.js';
import { UserError } from '../base/errors.js';
import { descriptionName } from '../machine/description.js';
import { createMachine as create, type EngineChoice } from '../machine/index.js';
import type { Images, Machine, MachineDescription, PowerOn } from '../machine/machine.js';
import { engineAsked } from './engine.js';
import { ImageStore } from './images.js';

/** Makes a machine, switched on, at cycle 0. Throws UserError when the description or an image is wrong. */
export function createMachine(
  description: MachineDescription,
  images: Images,
  powerOn: PowerOn,
  engine?: EngineChoice,
): Machine {
  const model = description.processor;
  provideInterpreter(model, () => packaged(`${model}.wasm`));
  provideHandlerTables(model, () => {
    const bytes = packaged(`${model}.handlers`);
    return bytes === undefined ? undefined : new Uint16Array(bytes.slice().buffer);
  });
  try {
    return create(description, images, powerOn, engine ?? engineAsked());
  } catch (error) {
    throw error instanceof UserError ? namingFile(error, description, images) : error;
  }
}

/** What is wrong with an image is wrong with the file that it came from, where that is known. */
function namingFile(error: UserError, description: MachineDescription, images: Images): UserError {
  const { file, place } = error;
  if (!(images instanceof ImageStore) || place === undefined) return error;
  if (file !== undefined && file !== descriptionName) return error;
  let at: unknown = description;
  for (const key of place.split(/[.[\]]+/)) at = key === '' ? at : (at as Record<string, unknown> | undefined)?.[key];
  const from = images.files.get((at as { sha256?: string } | undefined)?.sha256 ?? '');
  return from === undefined ? error : error.of(from);
}

/** What `npm run build` wrote for a model; undefined where the sources run as they are. */
function packaged(name: string): Uint8Array | undefined {
  try {
    return readFileSync(new URL(`../interpreters/${name}`, import.meta.url));
  } catch {
    return undefined;
  }
}
