/** Machines on this host: the interpreter's module comes ready-made out of the package where it is there. */
import { readFileSync } from 'node:fs';
import { provideHandlerTables } from '../cpu/engine/interpreter/handlers.js';
import { provideInterpreter } from '../cpu/engine/interpreter/instance.js';
import { createMachine as create, type EngineChoice } from '../machine/index.js';
import type { Images, Machine, MachineDescription, PowerOn } from '../machine/machine.js';
import { engineAsked } from './engine.js';

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
  return create(description, images, powerOn, engine ?? engineAsked());
}

/** What `npm run build` wrote for a model; undefined where the sources run as they are. */
function packaged(name: string): Uint8Array | undefined {
  try {
    return readFileSync(new URL(`../interpreters/${name}`, import.meta.url));
  } catch {
    return undefined;
  }
}
