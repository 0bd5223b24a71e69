import { checkDescription } from './description.js';
import type { EngineChoice } from '../cpu/engine/choice.js';
import type { Images, Machine, MachineDescription, PowerOn } from './machine.js';
import { Pc } from './pc.js';

export { boardProcessors, defaultCyclesPerSecond } from './description.js';

/** Which engine runs it makes no difference to the run. */
export type { EngineChoice } from '../cpu/engine/choice.js';
export { regionPlaces } from '../cpu/layout.js';

/** Makes a machine, switched on, at cycle 0. Throws UserError when the description or an image is wrong. */
export function createMachine(
  description: MachineDescription,
  images: Images,
  powerOn: PowerOn,
  engine: EngineChoice = 'compiler',
): Machine {
  checkDescription(description, images, powerOn);
  return new Pc(description, images, powerOn, engine);
}
