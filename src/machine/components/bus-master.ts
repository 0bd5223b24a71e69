/** Memory as one PCI function masters it. */
import type { MemoryAccess } from '../../device/memory-access.js';
import type { PciFunctionDevice } from '../../device/pci-function.js';
import type { Board } from '../board.js';

/** The board's memory while the function's bus master bit is set; before, reads give zeros and writes go nowhere. */
export function memoryFor(board: Board, owner: () => PciFunctionDevice | undefined): MemoryAccess {
  const may = (): boolean => owner()?.operations.isMaster() ?? false;
  return {
    read: (physical, into) => void (may() ? board.master.read(physical, into) : into.fill(0)),
    write: (physical, from) => void (may() && board.master.write(physical, from)),
  };
}
