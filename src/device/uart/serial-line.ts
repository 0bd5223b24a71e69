/** The 16550A's transmitter and receiver: characters at the line's exact rate. PC16550D data sheet, sections 8.2 to 8.4. */
import { fifoControl, lineControl, modemControl } from './registers.js';
import { fifoBytes, type UartState } from './state.js';

/** The other end of the line. */
export interface LineBoard {
  /** A character has left the line. */
  readonly transmit: (byte: number) => void;
  /** As QEMU's serial port: what is written has gone out whole at once, whatever rate and word length the line is set to. */
  readonly asQemu?: boolean;
}

const ticksPerBit = 16;
const timeoutCharacters = 4;

/** Own ticks that a character takes: start bit, data, parity, and one, one and a half or two stop bits. */
function characterTicks(state: UartState): number {
  const { dataBits, parity, longStop } = lineControl.decode(state.lineControl);
  const halfStopBits = longStop ? (dataBits === 5 ? 3 : 4) : 2;
  const halfBits = 2 * (1 + dataBits + Number(parity)) + halfStopBits;
  return (state.divisor || 65536) * halfBits * (ticksPerBit / 2);
}

/** A character keeps as many low bits as the line has data bits. */
function dataMask(state: UartState, board: LineBoard): number {
  return board.asQemu === true ? 0xff : (1 << lineControl.decode(state.lineControl).dataBits) - 1;
}

const isLoopedBack = (state: UartState): boolean => modemControl.decode(state.modemControl).loopback;

/** Moves the next character into an idle shift register. */
function startShifting(state: UartState): void {
  const next = state.shifting ? undefined : state.transmitQueue.shift();
  if (next === undefined) return;
  state.shifting = true;
  state.shiftRegister = next;
  state.transmitTicks = characterTicks(state);
  if (state.transmitQueue.length === 0) state.transmitterEmptyPending = true;
}

/** A byte written to THR; one too many for the FIFO is lost, without the FIFOs it takes the waiting one's place. */
export function queueForTransmission(state: UartState, byte: number): void {
  state.transmitterEmptyPending = false;
  if (!state.fifosEnabled) state.transmitQueue.length = 0;
  if (state.transmitQueue.length < fifoBytes) state.transmitQueue.push(byte);
}

function restartTimeout(state: UartState): void {
  const runs = state.fifosEnabled && state.receiveQueue.length > 0;
  state.timeoutTicks = runs ? timeoutCharacters * characterTicks(state) : Infinity;
}

/** A whole character has come in, from the line or from the own transmitter. */
function receiveCharacter(state: UartState, byte: number): void {
  const room = state.fifosEnabled ? fifoBytes : 1;
  if (state.receiveQueue.length < room) state.receiveQueue.push(byte);
  else state.overrun = true; // The FIFO keeps what it has; the lone register, below, does not.
  if (!state.fifosEnabled) state.receiveBuffer = byte;
  restartTimeout(state);
}

/** RBR: the oldest character. An empty FIFO gives zero, the lone register what it last held. */
export function takeReceived(state: UartState): number {
  const byte = state.receiveQueue.shift();
  state.timeoutPending = false;
  restartTimeout(state);
  return state.fifosEnabled ? (byte ?? 0) : state.receiveBuffer;
}

function finishTransmission(state: UartState, board: LineBoard): void {
  const byte = state.shiftRegister & dataMask(state, board);
  state.shifting = false;
  if (isLoopedBack(state)) receiveCharacter(state, byte);
  else if (!lineControl.decode(state.lineControl).break) board.transmit(byte); // A break holds the line; nobody hears it.
  startShifting(state);
}

/**
 * After a byte was queued: shifting starts at once when the shift register is idle. In loopback "data that is transmitted is
 * immediately received" (8.7): the test that many kernels open a port with reads the byte back right after writing it.
 */
export function beginTransmission(state: UartState, board: LineBoard): void {
  const wasIdle = !state.shifting;
  startShifting(state);
  if (board.asQemu === true) drainTransmitter(state, board);
  else if (wasIdle && state.shifting && isLoopedBack(state)) finishTransmission(state, board);
}

/** What the transmitter still holds goes out at once: for a board whose time ends. */
export function drainTransmitter(state: UartState, board: LineBoard): void {
  while (state.shifting) finishTransmission(state, board);
}

function finishReception(state: UartState, board: LineBoard): void {
  const byte = state.line.shift()! & dataMask(state, board);
  if (!isLoopedBack(state)) receiveCharacter(state, byte); // Loopback cuts the receive line off.
  if (state.line.length > 0) state.receiveTicks = characterTicks(state);
}

/** Own ticks until transmitter, receiver or timeout finish something; at least 1, `Infinity` for never. */
export function ticksToLineEvent(state: UartState): number {
  return Math.min(
    state.shifting ? state.transmitTicks : Infinity,
    state.line.length > 0 ? state.receiveTicks : Infinity,
    state.timeoutTicks,
  );
}

/** Moves the line on by `ticks`, at most to its next event. */
export function clockLine(state: UartState, ticks: number, board: LineBoard): void {
  const transmitted = state.shifting && (state.transmitTicks -= ticks) === 0;
  const received = state.line.length > 0 && (state.receiveTicks -= ticks) === 0;
  state.timeoutTicks -= ticks;
  if (state.timeoutTicks === 0) {
    state.timeoutPending = true;
    state.timeoutTicks = Infinity;
  }
  if (received) finishReception(state, board);
  if (transmitted) finishTransmission(state, board);
}

/** Puts characters on the receive line behind those already there; the first one of an idle line arrives a character later. */
export function queueOnLine(state: UartState, bytes: Iterable<number>, most: number): number {
  const idle = state.line.length === 0;
  let taken = 0;
  for (const byte of bytes) {
    if (state.line.length >= most) break;
    state.line.push(byte & 0xff);
    taken += 1;
  }
  if (idle && taken > 0) state.receiveTicks = characterTicks(state);
  return taken;
}

function clearReceiver(state: UartState): void {
  state.receiveQueue.length = 0;
  state.timeoutPending = false;
  state.timeoutTicks = Infinity;
}

function clearTransmitter(state: UartState): void {
  state.transmitQueue.length = 0;
  state.transmitterEmptyPending = true;
}

/** FCR: switching the FIFOs on or off empties both; the other bits count only together with the enable bit. */
export function controlFifos(state: UartState, value: number): void {
  const word = fifoControl.decode(value);
  const switched = word.enable !== state.fifosEnabled;
  state.fifosEnabled = word.enable;
  if (switched || (word.enable && word.clearReceiver)) clearReceiver(state);
  if (switched || (word.enable && word.clearTransmitter)) clearTransmitter(state);
  if (word.enable) state.trigger = word.trigger;
}
