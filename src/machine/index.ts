import { checkDescription } from './description.js';
import type { Images, Machine, MachineDescription, PowerOn } from './machine.js';
import { createPc } from './pc.js';

export { boardProcessors, defaultCyclesPerSecond } from './description.js';

/** Makes a machine, switched on, at cycle 0. Throws UserError when the description or an image is wrong. */
export function createMachine(description: MachineDescription, images: Images, powerOn: PowerOn): Machine {
  checkDescription(description, images, powerOn);
  return createPc(description, images, powerOn);
}
