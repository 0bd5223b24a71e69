/**
 * Where the reference's serial port is not a 16550A. Sections are those of National Semiconductor's PC16550D data sheet,
 * June 1995. That its line takes no time is no entry here: the bench lets the line finish after every access.
 */
import type { UartState } from '../../../src/device/uart/state.js';
import type { Bench, Difference, KnownDifference } from './runner.js';

/** The serial port on its bench. */
export interface UartBench extends Bench {
  readonly state: UartState;
  /** Modem changes that were pending before the exchange. */
  readonly modemChangesBefore: number;
  readonly modemInterruptBefore: boolean;
  /** The reference has obeyed a FIFO reset that came without the enable bit, and the traces of it are not gone yet. */
  readonly resetIgnored: boolean;
}

type UartDifference = Difference<UartBench>;

const reads = ({ exchange, answerDiffers }: UartDifference, register: number): boolean =>
  answerDiffers && exchange.kind === 'read' && (exchange.port & 7) === register;

const modemInterruptEnabled = (state: UartState): boolean => (state.interruptEnable & 8) !== 0;

/** The modem status interrupt holds the line, or is identified, where the reference has none. */
function modemInterrupt({ bench }: UartDifference): boolean {
  const before = bench.modemInterruptBefore && bench.modemChangesBefore !== 0;
  return before || (modemInterruptEnabled(bench.state) && bench.state.modemChanges !== 0);
}

function onlyModemChanges({ exchange, answer }: UartDifference): boolean {
  return exchange.kind === 'read' && ((exchange.answer ^ (answer ?? 0)) & ~0x0f) === 0;
}

function losesHighBits({ exchange, answer }: UartDifference): boolean {
  return exchange.kind === 'read' && [0x1f, 0x3f, 0x7f].some((mask) => (exchange.answer & mask) === answer);
}

/** In the order in which they are tried. */
export const uartDifferences: readonly KnownDifference<UartBench>[] = [
  {
    reference: 'transfers eight bits whatever the word length',
    datasheet: '8.1 "Line Control Register", bits 0 and 1: the number of bits in each character',
    explains: (difference) => reads(difference, 0) && losesHighBits(difference),
  },
  {
    reference: 'shows no changes of the modem inputs in loopback',
    datasheet:
      '8.7 "Modem Control Register", bit 4: the modem inputs are the register\'s own bits, with their interrupts',
    explains: (difference) =>
      (reads(difference, 6) && onlyModemChanges(difference)) ||
      ((reads(difference, 2) || difference.linesDiffer) && modemInterrupt(difference)),
  },
  {
    reference: 'resets a FIFO, and asks for the interrupt of an empty transmitter, with the FIFOs off',
    datasheet: '8.5 "FIFO Control Register", bit 0: must be 1 when the other bits are written to',
    explains: (difference) =>
      difference.bench.resetIgnored && (difference.linesDiffer || reads(difference, 2) || reads(difference, 5)),
  },
  {
    reference: 'keeps the speed that it had when the divisor becomes 0',
    datasheet:
      '8.3 "Programmable Baud Generator": divisors are 1 to 65535; the time of a FIFO timeout is undefined with 0',
    explains: (difference) =>
      difference.bench.state.divisor === 0 && (difference.linesDiffer || reads(difference, 2) || reads(difference, 5)),
  },
];
