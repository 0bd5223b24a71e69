/**
 * The floppy disk controller of a PC/AT: command, execution and result phase, four seeks at once, DMA or programmed
 * transfers through the FIFO. It counts ticks of 1/3 microsecond, in which every data rate's byte is a whole number.
 *
 * The media turn at their drive's speed from one common angle, at full speed as soon as the motor is on; sectors lie in
 * order, without skew or interleave, so a track is read in one revolution after the wait for its first sector.
 */
import { defineDevice } from '../device.js';
import { isReleased, softwareReset, takeCommandByte } from './commands.js';
import { rotationTicks } from './geometry.js';
import { serveHost, takesBytes, updateInterrupt, withoutDma } from './host.js';
import { gateWritten, resetAsQemu, resultEndsInterrupt } from './qemu.js';
import { finishSeek, pollDrives, reviveInterrupt } from './seek.js';
import { type FloppyBoard, type FloppyContext, type FloppyState, floppyState, isTurning, mainBit } from './state.js';
import { hostMovedByte, hostTookByte, mediumChanged, motorsChanged, stepEnds } from './transfer.js';

/** Ticks from the end of a reset to the first command or, with polling, to the interrupt. */
const leaveResetTicks = 750;

/** The chip starts to work again. */
function release({ state }: FloppyContext): void {
  state.step = 'leaveReset';
  state.ticksLeft = leaveResetTicks;
}

function leaveReset(context: FloppyContext): void {
  context.state.step = 'none';
  context.state.ticksLeft = Infinity;
  context.state.phase = 'command';
  pollDrives(context);
}

function writeDigitalOutput(context: FloppyContext, value: number): void {
  const { state } = context;
  const wasReleased = isReleased(context);
  state.digitalOutput = value & 0xff;
  gateWritten(context);
  if (wasReleased && !isReleased(context)) softwareReset(context);
  if (!wasReleased && isReleased(context)) release(context);
  motorsChanged(context);
  if (state.phase === 'execution') serveHost(context); // The DMA gate may have opened.
  updateInterrupt(context);
}

/** DSR: the rate, and a reset that ends by itself. */
function writeDataRate(context: FloppyContext, value: number): void {
  context.state.rateSelect = value & 3;
  if ((value & 0x80) === 0 || !isReleased(context)) return;
  softwareReset(context);
  release(context);
}

function mainStatus({ state }: FloppyContext): number {
  const seeking = state.seeks.reduce((bits, { ticksLeft }, unit) => bits | (ticksLeft === Infinity ? 0 : 1 << unit), 0);
  switch (state.phase) {
    case 'held':
      return 0;
    case 'command':
      return mainBit.RQM | (state.commandLength > 0 ? mainBit.busy : 0) | seeking;
    case 'result':
      return mainBit.RQM | mainBit.DIO | mainBit.busy | seeking;
    case 'execution': {
      const implied = state.step === 'impliedSeek' ? 1 << state.unit : 0;
      if (!withoutDma(state)) return mainBit.busy | seeking | implied;
      const asking = state.service ? mainBit.RQM | (takesBytes(state) ? 0 : mainBit.DIO) : 0;
      return mainBit.busy | mainBit.nonDma | asking | seeking | implied;
    }
  }
}

function readData(context: FloppyContext): number {
  const { state } = context;
  if (state.phase === 'execution') {
    const given = withoutDma(state) && !takesBytes(state) ? state.fifo.shift() : undefined;
    if (given !== undefined) hostTookByte(context);
    return given ?? 0;
  }
  if (state.phase !== 'result') return 0;
  const value = state.result.shift()!;
  if (resultEndsInterrupt(context)) state.interrupt = false;
  if (state.result.length === 0) {
    state.phase = 'command';
    reviveInterrupt(context);
  }
  updateInterrupt(context);
  return value;
}

function writeData(context: FloppyContext, value: number): void {
  const { state } = context;
  if (state.phase === 'command') {
    takeCommandByte(context, value & 0xff);
  } else if (state.phase === 'execution' && withoutDma(state) && takesBytes(state) && state.service) {
    state.fifo.push(value & 0xff);
    hostMovedByte(context);
    serveHost(context);
  }
}

/** DIR: only the change line of the selected drive is driven; 360K drives have none. */
function digitalInput(context: FloppyContext): number {
  const { state, board } = context;
  const unit = state.digitalOutput & 3;
  const motor = board.asQemu === true || ((state.digitalOutput >> (4 + unit)) & 1) === 1;
  const kind = board.driveKind(unit);
  if (!motor || kind === undefined || kind === '360K') return 0;
  return state.diskChanged[unit] || !isTurning(context, unit) ? 0x80 : 0;
}

/** The floppy disk controller. */
export const floppy = defineDevice<
  FloppyState,
  'digitalOutput' | 'tapeDrive' | 'mainStatusOrDataRate' | 'data' | 'digitalInputOrConfiguration',
  never,
  'interrupt',
  FloppyBoard,
  { mediaChanged: (context: FloppyContext, unit: number) => void }
>({
  name: 'floppy',
  source: 'Intel 82077AA, order number 290166',
  notModelled: [
    'status registers A and B: the PC/AT leaves their ports open',
    'deleted data marks: WRITE DELETED DATA writes ordinary data',
    "single density (FM), sectors other than 512 bytes, IDs outside the medium's own layout, interleave and skew",
    'checksum errors in IDs, motor spin-up, write precompensation, power-down, tape drives, gap lengths',
    'the SCAN commands: invalid',
    'the microseconds that RQM stays low between command bytes',
  ],
  clock: { numerator: 24_000_000, denominator: 8 },
  registers: { digitalOutput: 2, tapeDrive: 3, mainStatusOrDataRate: 4, data: 5, digitalInputOrConfiguration: 7 },
  inputs: [],
  outputs: ['interrupt'],
  state: floppyState,
  reset(context) {
    resetAsQemu(context);
    context.board.dma.request(false);
    updateInterrupt(context);
  },
  advance(context, ticks) {
    const { state } = context;
    state.rotation = (state.rotation + ticks) % rotationTicks;
    state.headLoadedTicks = Math.max(0, state.headLoadedTicks - ticks);
    for (let unit = 0; unit < state.seeks.length; unit++) {
      const seek = state.seeks[unit]!;
      seek.ticksLeft -= ticks;
      if (seek.ticksLeft === 0) finishSeek(context, unit);
    }
    state.ticksLeft -= ticks;
    if (state.ticksLeft > 0) return;
    if (state.step === 'leaveReset') leaveReset(context);
    else stepEnds[state.step]?.(context);
  },
  nextEdge({ state }) {
    let soonest = state.ticksLeft;
    for (const { ticksLeft } of state.seeks) if (ticksLeft < soonest) soonest = ticksLeft;
    return soonest;
  },
  read: {
    digitalOutput: ({ state }) => state.digitalOutput,
    tapeDrive: ({ state }) => state.tapeDrive | 0xfc,
    mainStatusOrDataRate: mainStatus,
    data: readData,
    digitalInputOrConfiguration: digitalInput,
  },
  write: {
    digitalOutput: writeDigitalOutput,
    tapeDrive: ({ state }, value) => void (state.tapeDrive = value & 3),
    mainStatusOrDataRate: writeDataRate,
    data: writeData,
    digitalInputOrConfiguration: ({ state }, value) => void (state.rateSelect = value & 3),
  },
  operations: {
    /** The board put another medium, or none, into a drive (0 to 3). */
    mediaChanged: mediumChanged,
  },
});
