/**
 * POST card: shows the byte that was written last to a port, by which firmware and test programs say how far they have come. It only
 * listens: whatever answers at the port takes the byte too.
 *
 * Source: IBM PC AT Technical Reference, "Power-On Self Test" (checkpoints at the manufacturing port 80h); cards for that port show
 * two digits. No PC has it by itself; it is absent unless a description asks for it.
 *
 * Not modelled: see `notModelled` below.
 */
import { flag, type StateOf, struct, u8 } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';

const state = struct({ code: u8(), lit: flag() });

export interface PostCardBoard {
  /** The digits changed, or the same code came again. */
  show(code: number): void;
}

type Context = DeviceContext<StateOf<typeof state>, never, PostCardBoard>;

const operations = {
  hear({ state: card, board }: Context, code: number): void {
    card.code = code;
    card.lit = true;
    board.show(code);
  },
};

/** The card; the board says at which port it listens. */
export const postCard = defineDevice<StateOf<typeof state>, never, never, never, PostCardBoard, typeof operations>({
  name: 'postCard',
  source: 'IBM PC AT Technical Reference, "Power-On Self Test"',
  notModelled: ['reading the digits back: a port that nothing else answers at is an open bus'],
  registers: {},
  inputs: [],
  outputs: [],
  state,
  read: {},
  write: {},
  operations,
});
