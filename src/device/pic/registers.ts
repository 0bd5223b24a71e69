/** The 8259A's command words: Intel 8259A data sheet (order number 231468), "Programming the 8259A". */
import { bit, bits, choice, register } from '../register-fields.js';

/** Initialization Command Word 1: A0 = 0 and D4 = 1. */
export const icw1 = register('ICW1', { needsIcw4: bit(0), single: bit(1), levelTriggered: bit(3) });

/** Initialization Command Word 4. */
export const icw4 = register('ICW4', {
  processor8086: bit(0),
  autoEndOfInterrupt: bit(1),
  bufferedMaster: bit(2),
  buffered: bit(3),
  specialFullyNested: bit(4),
});

/** Operation Command Word 2: A0 = 0, D4 D3 = 00. */
export const ocw2 = register('OCW2', {
  level: bits(2, 0),
  command: choice(7, 5, [
    'clearRotateInAutomatic',
    'endNonspecific',
    'none',
    'endSpecific',
    'setRotateInAutomatic',
    'endNonspecificAndRotate',
    'setPriority',
    'endSpecificAndRotate',
  ]),
});

/** Operation Command Word 3: A0 = 0, D4 D3 = 01. */
export const ocw3 = register('OCW3', {
  readSelect: choice(1, 0, ['keep', 'keep', 'requests', 'inService']),
  poll: bit(2),
  specialMask: choice(6, 5, ['keep', 'keep', 'clear', 'set']),
});
