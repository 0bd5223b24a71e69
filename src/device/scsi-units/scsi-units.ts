/**
 * A SCSI target of several logical units, such as a disk array shows: it hands each command to the unit that it names, and answers
 * itself what is asked of the target, or of units that are not there.
 *
 * Source: SPC-2 (T10/1236-D) sections 7.3 "INQUIRY command" and 7.19 "REPORT LUNS command"; SAM-2 section 4.12 for the numbers.
 *
 * Not modelled: see `notModelled` below.
 */
import { flag, type StateOf, struct, u8 } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';
import type { ScsiTarget, ScsiTransfer } from '../scsi-target.js';
import {
  answer,
  attention,
  big32,
  bigBytes,
  endCommand,
  execute,
  readBytes,
  refuse,
  requestSense,
  resetUnit,
  sense,
  takeSense,
  unitState,
  writeBytes,
} from '../scsi-unit.js';

const reportUnitsOperation = 0xa0;
/** The least that REPORT LUNS may be given room for. */
const reportBytesLeast = 16;
/** SPC-2. */
const version = 4;

const state = struct({
  /** Commands that no unit takes: their data and their sense. */
  own: unitState,
  /** Whether the last command was such a one, and otherwise to which unit it went. */
  isOwn: flag(true),
  unit: u8(),
});

export interface ScsiUnitsBoard {
  /** The unit with a number; each believes itself to be number 0. */
  unit(number: number): ScsiTarget | undefined;
  /** Numbers of the units that are there, from the lowest on. */
  numbers(): readonly number[];
}
type Context = DeviceContext<StateOf<typeof state>, never, ScsiUnitsBoard>;

/** The unit that works on the last command. */
const current = ({ state: target, board }: Context): ScsiTarget | undefined =>
  target.isOwn ? undefined : board.unit(target.unit);

/** REPORT LUNS: eight bytes each, whichever unit is asked. */
function reportUnits({ state: { own }, board }: Context): ScsiTransfer {
  const allocation = big32(own.command, 6);
  if (allocation < reportBytesLeast) return refuse(own, sense.invalidField);
  const numbers = board.numbers();
  const list = numbers.flatMap((number) => [0, number, 0, 0, 0, 0, 0, 0]);
  return answer(own, [...bigBytes(list.length, 4), 0, 0, 0, 0, ...list], allocation);
}

/** REQUEST SENSE of a unit that is not there says so, and succeeds. */
function senseOfAbsent(own: StateOf<typeof unitState>): ScsiTransfer {
  [own.senseKey, own.senseCode] = sense.unitNotSupported;
  return requestSense(own);
}

const operations = {
  begin(context: Context, command: Uint8Array, number: number): ScsiTransfer {
    const { state: target, board } = context;
    const unit = command[0] === reportUnitsOperation ? undefined : board.unit(number);
    current(context)?.end();
    target.isOwn = unit === undefined;
    if (unit !== undefined) {
      target.unit = number;
      return unit.begin(command, 0);
    }
    // Whatever its number, it is none that is there: INQUIRY says so, and the rest is refused.
    return execute(target.own, command, { logicalUnit: number || 1, version }, (operation) =>
      operation === reportUnitsOperation ? () => reportUnits(context) : () => senseOfAbsent(target.own),
    );
  },
  read(context: Context, into: Uint8Array): void {
    const unit = current(context);
    if (unit === undefined) readBytes(context.state.own, into, () => {});
    else unit.read(into);
  },
  write(context: Context, from: Uint8Array): void {
    const unit = current(context);
    if (unit === undefined) writeBytes(context.state.own, from, () => {});
    else unit.write(from);
  },
  end: (context: Context): number => current(context)?.end() ?? endCommand(context.state.own),
  senseKey: (context: Context): number => current(context)?.senseKey() ?? context.state.own.senseKey,
  takeSense: (context: Context): Uint8Array => current(context)?.takeSense() ?? takeSense(context.state.own),
  /** Each unit says so for itself. */
  busReset(context: Context): void {
    for (const number of context.board.numbers()) context.board.unit(number)!.busReset();
    resetUnit(context.state.own, attention.none);
    context.state.isOwn = true;
  },
};

export const scsiUnits = defineDevice<StateOf<typeof state>, never, never, never, ScsiUnitsBoard, typeof operations>({
  name: 'scsiUnits',
  source: 'SPC-2 (T10/1236-D); SAM-2 (T10/1157-D)',
  notModelled: [
    'several commands at once: the target works on one, whichever units they are for',
    'units beyond number 255, well known units, other than the simple addressing',
    'RESERVE and other states of a whole target; units that come and go',
  ],
  registers: {},
  inputs: [],
  outputs: [],
  state,
  read: {},
  write: {},
  operations,
});
