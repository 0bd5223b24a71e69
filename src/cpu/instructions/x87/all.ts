/** Every instruction of the x87 unit. */
import type { Instruction } from '../instruction.js';
import { x87Arithmetic } from './arithmetic.js';
import { x87Comparisons } from './compare.js';
import { x87Control } from './control.js';
import { x87Transfers } from './transfer.js';

export const x87: readonly Instruction[] = [...x87Arithmetic, ...x87Comparisons, ...x87Transfers, ...x87Control];
