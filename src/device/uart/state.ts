/** What the 16550A remembers. */
import { byteQueue, count, flag, struct, u16, u8 } from '../../state/schema.js';

/** Characters that wait on the receive line, at most; more are refused. */
export const lineBytesMax = 65536;
export const fifoBytes = 16;

/** The state of one UART. */
export interface UartState {
  interruptEnable: number;
  lineControl: number;
  modemControl: number;
  scratch: number;
  divisor: number;
  fifosEnabled: boolean;
  /** Bytes in the receiver FIFO that ask for an interrupt. */
  trigger: number;
  /** THR, or the transmitter FIFO: what has not reached the shift register. */
  transmitQueue: number[];
  shifting: boolean;
  shiftRegister: number;
  /** Own ticks until the shift register is empty; meaningful while `shifting`. */
  transmitTicks: number;
  /** The transmitter-empty interrupt is pending: neither identified nor answered with a byte. */
  transmitterEmptyPending: boolean;
  /** The receiver FIFO; without the FIFOs one entry while `receiveBuffer` has not been read. */
  receiveQueue: number[];
  /** RBR without the FIFOs. */
  receiveBuffer: number;
  overrun: boolean;
  /** Characters on their way in, oldest first; the oldest one arrives in `receiveTicks`. */
  line: number[];
  receiveTicks: number;
  /** Own ticks until the FIFO has lain untouched for four characters; `Infinity` while it is empty. */
  timeoutTicks: number;
  timeoutPending: boolean;
  /** The modem inputs' levels (true is asserted) as bits of the modem status, and the changes seen in them. */
  modemInputs: number;
  modemLevels: number;
  modemChanges: number;
}

/**
 * The declaration: master reset values of the data sheet's table II. It leaves the divisor undefined; here it is 12,
 * 9600 bits a second.
 */
export const uartState = struct<UartState>({
  interruptEnable: u8(),
  lineControl: u8(),
  modemControl: u8(),
  scratch: u8(),
  divisor: u16(12),
  fifosEnabled: flag(),
  trigger: u8(1),
  transmitQueue: byteQueue(fifoBytes),
  shifting: flag(),
  shiftRegister: u8(),
  transmitTicks: count(),
  transmitterEmptyPending: flag(),
  receiveQueue: byteQueue(fifoBytes),
  receiveBuffer: u8(),
  overrun: flag(),
  line: byteQueue(lineBytesMax),
  receiveTicks: count(),
  timeoutTicks: count(Infinity),
  timeoutPending: flag(),
  modemInputs: u8(),
  modemLevels: u8(),
  modemChanges: u8(),
});
