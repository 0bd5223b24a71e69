/**
 * Universal asynchronous receiver and transmitter with FIFOs: a PC's serial port.
 *
 * Source: National Semiconductor PC16550D data sheet, June 1995 (the 16550A); sections 8.1 to 8.7.
 * Not modelled: parity, framing and break errors (the line carries whole characters and never a wrong one), stick parity,
 * DMA mode and its two pins, the half-bit timing of the start bit, and the FIFO mode's delay of the first
 * transmitter-empty interrupt (8.4.2). Undefined by the data sheet and chosen here: a divisor of 0 counts as 65536.
 */
import { defineDevice, type DeviceContext } from '../device.js';
import { interruptEnable, interruptIdentity, lineControl, lineStatus, modemControl, modemStatus } from './registers.js';
import {
  beginTransmission,
  clockLine,
  controlFifos,
  drainTransmitter,
  type LineBoard,
  queueForTransmission,
  queueOnLine,
  takeReceived,
  ticksToLineEvent,
} from './serial-line.js';
import { lineBytesMax, type UartState, uartState } from './state.js';

type Output = 'interrupt' | 'interruptPin' | 'dtr' | 'rts' | 'out1' | 'out2';

type Context = DeviceContext<UartState, Output, LineBoard>;
type ModemInput = keyof typeof modemStatus;

function identifyInterrupt(state: UartState): number {
  const enabled = interruptEnable.decode(state.interruptEnable);
  const ready = state.receiveQueue.length >= (state.fifosEnabled ? state.trigger : 1);
  if (enabled.lineStatus && state.overrun) return interruptIdentity.lineStatus;
  if (enabled.received && state.timeoutPending) return interruptIdentity.timeout;
  if (enabled.received && ready) return interruptIdentity.received;
  if (enabled.transmitterEmpty && state.transmitterEmptyPending) return interruptIdentity.transmitterEmpty;
  if (enabled.modemStatus && state.modemChanges !== 0) return interruptIdentity.modemStatus;
  return interruptIdentity.none;
}

/**
 * All outputs follow from the state. Loopback holds the modem outputs inactive, and with OUT2 a PC's interrupt, which QEMU's port
 * does not pass through a gate.
 */
function driveOutputs({ state, lines, board }: Context): void {
  const control = modemControl.decode(state.modemControl);
  const connected = !control.loopback;
  const asks = identifyInterrupt(state) !== interruptIdentity.none;
  lines.dtr(control.dtr && connected);
  lines.rts(control.rts && connected);
  lines.out1(control.out1 && connected);
  lines.out2(control.out2 && connected);
  lines.interruptPin(asks);
  lines.interrupt(asks && (board.asQemu === true || (control.out2 && connected)));
}

/** The levels of the modem status register: the pins, or in loopback the modem control register's own bits. */
function modemLevels(state: UartState): number {
  const control = modemControl.decode(state.modemControl);
  if (!control.loopback) return state.modemInputs;
  return (
    (control.rts ? modemStatus.cts.level : 0) |
    (control.dtr ? modemStatus.dsr.level : 0) |
    (control.out1 ? modemStatus.ri.level : 0) |
    (control.out2 ? modemStatus.dcd.level : 0)
  );
}

/** Notes which modem levels changed; of the ring indicator only its end counts (TERI, 8.6). */
function senseModem(state: UartState): void {
  const levels = modemLevels(state);
  const changed = levels ^ state.modemLevels;
  for (const { change, level } of Object.values(modemStatus)) {
    const counts = (changed & level) !== 0 && (level !== modemStatus.ri.level || (levels & level) === 0);
    if (counts) state.modemChanges |= change;
  }
  state.modemLevels = levels;
}

function modemInput(name: ModemInput) {
  return (context: Context, asserted: boolean): void => {
    const { state } = context;
    const { level } = modemStatus[name];
    state.modemInputs = asserted ? state.modemInputs | level : state.modemInputs & ~level;
    senseModem(state);
    driveOutputs(context);
  };
}

const showsDivisor = (state: UartState): boolean => lineControl.decode(state.lineControl).divisorLatch;

function readData(context: Context): number {
  const { state } = context;
  if (showsDivisor(state)) return state.divisor & 0xff;
  const byte = takeReceived(state);
  driveOutputs(context);
  return byte;
}

function writeData(context: Context, value: number): void {
  const { state } = context;
  if (showsDivisor(state)) {
    state.divisor = (state.divisor & 0xff00) | value;
    return;
  }
  queueForTransmission(state, value);
  driveOutputs(context); // The answered interrupt falls before an idle shift register raises the next.
  beginTransmission(state, context.board);
  driveOutputs(context);
}

function writeInterruptEnable(context: Context, value: number): void {
  const { state } = context;
  if (showsDivisor(state)) {
    state.divisor = (state.divisor & 0xff) | (value << 8);
    return;
  }
  const before = interruptEnable.decode(state.interruptEnable).transmitterEmpty;
  const after = interruptEnable.decode(value).transmitterEmpty;
  // Drivers rely on it: enabling the interrupt while the register is empty asks again.
  if (before !== after) state.transmitterEmptyPending = after && state.transmitQueue.length === 0;
  state.interruptEnable = value & 0x0f;
  driveOutputs(context);
}

function readInterruptIdentity(context: Context): number {
  const { state } = context;
  const identity = identifyInterrupt(state);
  if (identity === interruptIdentity.transmitterEmpty) state.transmitterEmptyPending = false;
  driveOutputs(context);
  return identity | (state.fifosEnabled ? interruptIdentity.fifosEnabled : 0);
}

function readLineStatus(context: Context): number {
  const { state } = context;
  const empty = state.transmitQueue.length === 0;
  const status =
    (state.receiveQueue.length > 0 ? lineStatus.dataReady : 0) |
    (state.overrun ? lineStatus.overrun : 0) |
    (empty ? lineStatus.transmitterEmpty : 0) |
    (empty && !state.shifting ? lineStatus.transmitterIdle : 0);
  state.overrun = false;
  driveOutputs(context);
  return status;
}

function readModemStatus(context: Context): number {
  const { state } = context;
  const status = state.modemLevels | state.modemChanges;
  state.modemChanges = 0;
  driveOutputs(context);
  return status;
}

/** One serial port. `interruptPin` is the chip's INTR; `interrupt` is that pin behind OUT2, as on a PC's card. */
export const uart = defineDevice({
  name: 'uart',
  source: 'National Semiconductor PC16550D, June 1995',
  notModelled: [
    'parity, framing and break errors',
    'stick parity',
    'DMA mode pins',
    'half-bit timing of the start bit',
    'delay of the first transmitter-empty interrupt in FIFO mode',
  ],
  clock: { numerator: 1_843_200, denominator: 1 },
  registers: {
    data: 0,
    interruptEnable: 1,
    identityOrFifo: 2,
    lineControl: 3,
    modemControl: 4,
    lineStatus: 5,
    modemStatus: 6,
    scratch: 7,
  },
  inputs: ['cts', 'dsr', 'ri', 'dcd'],
  outputs: ['interrupt', 'interruptPin', 'dtr', 'rts', 'out1', 'out2'],
  state: uartState,
  reset: driveOutputs,
  advance(context: Context, ticks) {
    clockLine(context.state, ticks, context.board);
    driveOutputs(context);
  },
  nextEdge: ({ state }: Context) => ticksToLineEvent(state),
  steady: { lineStatus: (value) => (value & lineStatus.overrun) === 0 },
  read: {
    data: readData,
    interruptEnable: ({ state }: Context) => (showsDivisor(state) ? state.divisor >> 8 : state.interruptEnable),
    identityOrFifo: readInterruptIdentity,
    lineControl: ({ state }: Context) => state.lineControl,
    modemControl: ({ state }: Context) => state.modemControl,
    lineStatus: readLineStatus,
    modemStatus: readModemStatus,
    scratch: ({ state }: Context) => state.scratch,
  },
  write: {
    data: writeData,
    interruptEnable: writeInterruptEnable,
    identityOrFifo(context: Context, value: number) {
      controlFifos(context.state, value);
      beginTransmission(context.state, context.board);
      driveOutputs(context);
    },
    lineControl(context: Context, value: number) {
      context.state.lineControl = value;
    },
    modemControl(context: Context, value: number) {
      context.state.modemControl = value & 0x1f;
      senseModem(context.state);
      driveOutputs(context);
    },
    scratch(context: Context, value: number) {
      context.state.scratch = value;
    },
  },
  input: { cts: modemInput('cts'), dsr: modemInput('dsr'), ri: modemInput('ri'), dcd: modemInput('dcd') },
  operations: {
    /**
     * Puts characters on the receive line, behind those that wait there; they arrive at the line's rate.
     * Returns how many found room: at most 65536 wait.
     */
    receive(context: Context, bytes: Iterable<number>): number {
      return queueOnLine(context.state, bytes, lineBytesMax);
    },
    /** What the transmitter still holds goes out at once, as no time follows in which it would. */
    drain(context: Context): void {
      drainTransmitter(context.state, context.board);
      driveOutputs(context);
    },
  },
});
