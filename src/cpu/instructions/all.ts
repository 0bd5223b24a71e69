import { arithmetic } from './arithmetic.js';
import { bits } from './bits.js';
import { control } from './control.js';
import { decimal } from './decimal.js';
import { exchanges } from './exchange.js';
import { flagInstructions } from './flags.js';
import type { Instruction } from './instruction.js';
import { laterSystemInstructions } from './later-system.js';
import { move } from './move.js';
import { multiplication } from './multiplication.js';
import { shifts } from './shift.js';
import { stack } from './stack.js';
import { strings } from './string.js';
import { arrange } from './vector/arrange.js';
import { vectorControl } from './vector/control.js';
import { conversions } from './vector/conversion.js';
import { vectorMoves } from './vector/move.js';
import { packedInteger } from './vector/packed-integer.js';
import { streamingArithmetic } from './vector/streaming-arithmetic.js';
import { systemInstructions } from './system.js';
import { x87 } from './x87/all.js';

/** Every instruction of every model; a form says which models have it. */
export const instructions: readonly Instruction[] = [
  ...arithmetic,
  ...multiplication,
  ...decimal,
  ...move,
  ...stack,
  ...shifts,
  ...control,
  ...strings,
  ...bits,
  ...flagInstructions,
  ...systemInstructions,
  ...vectorMoves,
  ...packedInteger,
  ...arrange,
  ...streamingArithmetic,
  ...conversions,
  ...vectorControl,
  ...exchanges,
  ...laterSystemInstructions,
  ...x87,
];
