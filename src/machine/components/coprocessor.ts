/** The way of an x87 exception to the interrupt controller, for programs that have it reported as request 13 (CR0.NE clear). */
import { coprocessorError } from '../../device/coprocessor-error/coprocessor-error.js';
import { createDevice } from '../../device/device.js';
import type { Board } from '../board.js';

const request = 13;

export function attachCoprocessor(board: Board): void {
  const device = createDevice(coprocessorError, {
    lines: {
      interrupt: board.interrupts.source(request),
      ignoreError: (level) => board.ignoreNumericError(level),
    },
    board: {},
  });
  board.ports.connect(device, 0, board.add('coprocessorError', device));
  board.onNumericError((level) => device.input('error', level));
}
