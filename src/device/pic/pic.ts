/**
 * Programmable Interrupt Controller: eight requests, one interrupt; cascaded to fifteen on a PC.
 *
 * Source: Intel 8259A data sheet, order number 231468.
 * Not modelled: the MCS-80/85 mode (an acknowledge always answers as for an 8086), the freezing of priorities
 * between the two acknowledge pulses, the data bus buffer pin of buffered mode (its master/slave choice is).
 * Not in the data sheet: `edgeLevel`, the per-level trigger register that later chipsets add beside ICW1's LTIM.
 */
import { flag, oneOf, struct, u8 } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';
import { highestLevel, levelToServe } from './priority.js';
import { icw1, icw4, ocw2, ocw3 } from './registers.js';

export interface PicState {
  /** The levels of the IR inputs, one bit each. */
  inputs: number;
  /** The edge-sense latches: the input rose and has not been acknowledged. */
  edges: number;
  inService: number;
  mask: number;
  vectorBase: number;
  /** ICW3: on a master the levels that have a slave, on a slave its number. */
  cascade: number;
  /** The word that the next write to the data port is. */
  expects: 'mask' | 'icw2' | 'icw3' | 'icw4';
  needsIcw4: boolean;
  single: boolean;
  levelTriggered: boolean;
  /** One bit a level: level-triggered although ICW1 says edge. */
  edgeLevel: number;
  autoEndOfInterrupt: boolean;
  rotateInAutomatic: boolean;
  specialFullyNested: boolean;
  buffered: boolean;
  bufferedMaster: boolean;
  specialMask: boolean;
  readsInService: boolean;
  pollNext: boolean;
  lowestLevel: number;
}

/** What the board grants the controller. */
export interface PicBoard {
  /** The SP/EN pin: high on a master. */
  readonly master: boolean;
  /** The CAS lines: the vector of the slave with this number; undefined when none answers. Never asked on a slave. */
  readonly cascade: (slave: number) => number | undefined;
}

type Context = DeviceContext<PicState, 'interrupt', PicBoard>;

/** What a bus that nobody drives reads as. */
const openBus = 0xff;
const cascadeNumberBits = 7;
const slaveNumberAfterIcw1 = 7;
const spuriousLevel = 7;

const isMaster = ({ state, board }: Context): boolean => (state.buffered ? state.bufferedMaster : board.master);

/** The IRR: inputs on level-triggered levels; elsewhere, edges whose input stayed high, as both must until acknowledged. */
function requests(state: PicState): number {
  const byLevel = state.levelTriggered ? 0xff : state.edgeLevel;
  return state.inputs & (state.edges | byLevel);
}

const slaveLevels = (context: Context): number =>
  isMaster(context) && !context.state.single ? context.state.cascade : 0;

function servedLevel(context: Context): number | undefined {
  const { state } = context;
  const asking = requests(state);
  const { inService, mask, lowestLevel, specialMask, specialFullyNested } = state;
  if ((asking & ~mask) === 0) return undefined;
  const reentrantLevels = specialFullyNested ? slaveLevels(context) : 0;
  return levelToServe({ requests: asking, inService, mask, lowestLevel, specialMask, reentrantLevels });
}

function driveInterrupt(context: Context): void {
  context.lines.interrupt(servedLevel(context) !== undefined);
}

/** Takes the highest request into service; the spurious level 7 when the request has gone. */
function takeIntoService(context: Context): { level: number; spurious: boolean } {
  const { state } = context;
  const level = servedLevel(context);
  context.lines.interrupt(false); // INT falls, so that the next request makes an edge on a master.
  if (level === undefined) return { level: spuriousLevel, spurious: true };
  const mask = 1 << level;
  state.edges &= ~mask;
  if (!state.autoEndOfInterrupt) state.inService |= mask;
  else if (state.rotateInAutomatic) state.lowestLevel = level;
  return { level, spurious: false };
}

/** The two acknowledge pulses of a processor in 8086 mode. */
function acknowledge(context: Context): number {
  const { level, spurious } = takeIntoService(context);
  const fromSlave = !spurious && ((slaveLevels(context) >> level) & 1) !== 0;
  const vector = fromSlave ? context.board.cascade(level) : context.state.vectorBase | level;
  driveInterrupt(context);
  return vector ?? openBus;
}

/** ICW1: starts the initialization sequence ("Initialization Command Words 1 and 2", a to f). */
function initialize(context: Context, value: number): void {
  const { state } = context;
  const { inputs, edgeLevel } = state;
  const word = icw1.decode(value);
  Object.assign(state, picState.initial(), word, { inputs, edgeLevel, expects: 'icw2' });
  if (!context.board.master) state.cascade = slaveNumberAfterIcw1;
}

function endOfInterrupt(state: PicState, level: number | undefined, rotate: boolean): void {
  if (level === undefined) return;
  state.inService &= ~(1 << level);
  if (rotate) state.lowestLevel = level;
}

function operate(state: PicState, value: number): void {
  const { command, level } = ocw2.decode(value);
  // A masked level in special mask mode is not cleared by a non-specific end of interrupt.
  const ending = highestLevel(state.inService & (state.specialMask ? ~state.mask : 0xff), state.lowestLevel);
  switch (command) {
    case 'clearRotateInAutomatic':
    case 'setRotateInAutomatic':
      state.rotateInAutomatic = command === 'setRotateInAutomatic';
      break;
    case 'endNonspecific':
    case 'endNonspecificAndRotate':
      endOfInterrupt(state, ending, command === 'endNonspecificAndRotate');
      break;
    case 'endSpecific':
    case 'endSpecificAndRotate':
      endOfInterrupt(state, level, command === 'endSpecificAndRotate');
      break;
    case 'setPriority':
      state.lowestLevel = level;
      break;
    case 'none':
      break;
  }
}

function selectModes(state: PicState, value: number): void {
  const { readSelect, poll, specialMask } = ocw3.decode(value);
  if (readSelect !== 'keep') state.readsInService = readSelect === 'inService';
  if (specialMask !== 'keep') state.specialMask = specialMask === 'set';
  if (poll) state.pollNext = true;
}

function writeCommand(context: Context, value: number): void {
  if (value & 0x10) initialize(context, value);
  else if (value & 0x08) selectModes(context.state, value);
  else operate(context.state, value);
  driveInterrupt(context);
}

/** The data port takes what is left of the initialization sequence, then the mask (OCW1). */
function writeData(context: Context, value: number): void {
  const { state } = context;
  const afterIcw3 = state.needsIcw4 ? 'icw4' : 'mask';
  switch (state.expects) {
    case 'mask':
      state.mask = value;
      break;
    case 'icw2':
      state.vectorBase = value & 0xf8;
      state.expects = state.single ? afterIcw3 : 'icw3';
      break;
    case 'icw3':
      state.cascade = value;
      state.expects = afterIcw3;
      break;
    case 'icw4': {
      const modes = icw4.decode(value);
      state.autoEndOfInterrupt = modes.autoEndOfInterrupt;
      state.specialFullyNested = modes.specialFullyNested;
      state.buffered = modes.buffered;
      state.bufferedMaster = modes.bufferedMaster;
      state.expects = 'mask';
      break;
    }
  }
  driveInterrupt(context);
}

/** After a poll command the next read, of either port, is an acknowledge. */
function readPoll(context: Context): number {
  context.state.pollNext = false;
  const { level, spurious } = takeIntoService(context);
  driveInterrupt(context);
  return spurious ? 0 : 0x80 | level;
}

const inputNames = ['ir0', 'ir1', 'ir2', 'ir3', 'ir4', 'ir5', 'ir6', 'ir7'] as const;
type InputName = (typeof inputNames)[number];

function requestInput(level: number) {
  return (context: Context, high: boolean): void => {
    const { state } = context;
    const mask = 1 << level;
    if (high === ((state.inputs & mask) !== 0)) return; // Chips drive the level that they drive already.
    if (high) state.edges |= mask;
    else state.edges &= ~mask; // A request that falls before its acknowledge is gone.
    state.inputs = high ? state.inputs | mask : state.inputs & ~mask;
    driveInterrupt(context);
  };
}

const picState = struct<PicState>({
  inputs: u8(),
  edges: u8(),
  inService: u8(),
  mask: u8(),
  vectorBase: u8(),
  cascade: u8(),
  expects: oneOf(['mask', 'icw2', 'icw3', 'icw4'], 'mask'),
  needsIcw4: flag(),
  single: flag(),
  levelTriggered: flag(),
  edgeLevel: u8(),
  autoEndOfInterrupt: flag(),
  rotateInAutomatic: flag(),
  specialFullyNested: flag(),
  buffered: flag(),
  bufferedMaster: flag(),
  specialMask: flag(),
  readsInService: flag(),
  pollNext: flag(),
  lowestLevel: u8(7),
});

/** The controller, master or slave by its board. A PC has one of each: see `pair.ts`. */
export const pic = defineDevice({
  name: 'pic',
  source: 'Intel 8259A, order number 231468',
  notModelled: ['MCS-80/85 mode', 'priorities frozen between acknowledge pulses', 'the EN output of buffered mode'],
  registers: { command: 0, data: 1 },
  inputs: inputNames,
  outputs: ['interrupt'],
  state: picState,
  reset: driveInterrupt,
  read: {
    command(context: Context) {
      const { state } = context;
      if (state.pollNext) return readPoll(context);
      return state.readsInService ? state.inService : requests(state);
    },
    data: (context: Context) => (context.state.pollNext ? readPoll(context) : context.state.mask),
  },
  write: { command: writeCommand, data: writeData },
  input: Object.fromEntries(inputNames.map((name, level) => [name, requestInput(level)])) as Record<
    InputName,
    ReturnType<typeof requestInput>
  >,
  operations: {
    /** The processor's interrupt acknowledge: the vector, 0 to 255. */
    acknowledge,
    /** The same with this slave's number on the CAS lines; undefined when it is not this slave's number. */
    acknowledgeAsSlave: (context: Context, slave: number): number | undefined =>
      (context.state.cascade & cascadeNumberBits) === slave ? acknowledge(context) : undefined,
    /** The trigger register of later chipsets, one bit a level: 1 is level-triggered. */
    readEdgeLevel: ({ state }: Context): number => state.edgeLevel,
    /** Writes it; the board masks off the levels that stay edge-triggered. */
    writeEdgeLevel(context: Context, value: number): void {
      context.state.edgeLevel = value & 0xff;
      driveInterrupt(context);
    },
  },
});
