/** The first parallel port of a PC, with a printer whose bytes an observer sees. */
import type { Cycle } from '../../base/integers.js';
import { createDevice } from '../../device/device.js';
import { parallel } from '../../device/parallel/parallel.js';
import type { Board } from '../board.js';

const base = 0x378;
const request = 7;

export function attachParallel(board: Board): void {
  const device = createDevice(parallel, {
    lines: { interrupt: board.interrupts.source(request) },
    board: { print: (byte) => board.observers.parallel?.({ byte, cycle: board.now() as Cycle }) },
  });
  board.ports.connect(device, base, board.add('parallel', device));
}
