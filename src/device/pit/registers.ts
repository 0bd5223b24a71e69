/** The 8254's control words: Intel 8254 data sheet (order number 231164), "Programming the 8254". */
import { bit, bits, choice, register } from '../register-fields.js';

/** Control Word Format. `mode` is kept as written: 6 and 7 are other spellings of 2 and 3. */
export const controlWord = register('Control Word', {
  bcd: bit(0),
  mode: bits(3, 1),
  access: choice(5, 4, ['latch', 'low', 'high', 'lowThenHigh']),
  target: choice(7, 6, [0, 1, 2, 'readBack']),
});

/** Read-Back Command: a clear bit asks for the latch. */
export const readBackCommand = register('Read-Back Command', {
  counter0: bit(1),
  counter1: bit(2),
  counter2: bit(3),
  keepStatus: bit(4),
  keepCount: bit(5),
});

/** Status Byte, as bit positions to put together. */
export const statusByte = { output: 7, nullCount: 6, access: 4, mode: 1, bcd: 0 } as const;
