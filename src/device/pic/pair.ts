/** Two 8259As as on a PC/AT: the slave's interrupt is the master's level 2, the CAS lines join them. */
import { createDevice, type Drive } from '../device.js';
import { pic, type PicBoard } from './pic.js';

const slaveLevel = 'ir2';

const newPic = (interrupt: Drive, board: PicBoard) => createDevice(pic, { lines: { interrupt }, board });
type Pic = ReturnType<typeof newPic>;

/** Both controllers; `master.operations.acknowledge()` answers for either. Each is saved and loaded on its own. */
export interface PicPair {
  readonly master: Pic;
  readonly slave: Pic;
}

/** Makes the pair; `interrupt` is the line to the processor. */
export function createPicPair(interrupt: Drive): PicPair {
  const slaves: Pic[] = [];
  const master = newPic(interrupt, {
    master: true,
    cascade: (number) => slaves[0]?.operations.acknowledgeAsSlave(number),
  });
  const slave = newPic((level) => master.input(slaveLevel, level), { master: false, cascade: () => undefined });
  slaves.push(slave);
  return { master, slave };
}
