/** A watchdog on a board: it resets the board, unless the description has it tell its observers alone. */
import type { Cycle } from '../../base/integers.js';
import { createDevice } from '../../device/device.js';
import { ib700 } from '../../device/ib700/ib700.js';
import type { Board } from '../board.js';

const base = 0x441;

export function attachWatchdog(board: Board): void {
  const device = createDevice(ib700, {
    lines: {},
    board: {
      expired() {
        board.observers.watchdog?.({ cycle: board.now() as Cycle });
        if (board.description.testing?.watchdogTells !== true) board.resetBoard();
      },
    },
  });
  board.ports.connect(device, base, board.add('ib700', device));
}
