/** The UART transcript: the first serial port of the reference machine, with nothing at the other end. */
import { createDevice, type Drive } from '../../../src/device/device.js';
import { uart } from '../../../src/device/uart/uart.js';
import { ticksAt, type TranscriptSubject } from './runner.js';
import { type UartBench, uartDifferences } from './uart-differences.js';

const registers = [
  'data',
  'interruptEnable',
  'identityOrFifo',
  'lineControl',
  'modemControl',
  'lineStatus',
  'modemStatus',
  'scratch',
] as const;
const clock = { numerator: 1_843_200, denominator: 1 };
const divisorLatch = 0x80;
const outputTwo = 0x08;

function create(line: (number: number) => Drive): UartBench {
  const ignore = (): void => {};
  const port1 = createDevice(uart, {
    // The reference's interrupt is the chip's own pin: no OUT2 stands between.
    lines: { interrupt: ignore, interruptPin: line(4), dtr: ignore, rts: ignore, out1: ignore, out2: ignore },
    board: { transmit: ignore },
  });
  const { state } = port1;
  // The reference powers on with these inputs asserted, and with OUT2 set where the data sheet's reset clears it.
  for (const input of ['cts', 'dsr', 'dcd'] as const) port1.input(input, true);
  port1.read('modemStatus');
  port1.write('modemControl', outputTwo);

  let ticks = 0;
  let modemChangesBefore = 0;
  let modemInterruptBefore = false;
  let resetIgnored = false;
  /** What ends the traces of a reset that was not obeyed waits for the exchange after. */
  let resetEnds = false;

  function begin(port: number, isWrite: boolean): void {
    modemChangesBefore = state.modemChanges;
    modemInterruptBefore = (state.interruptEnable & 8) !== 0;
    if (resetEnds) resetIgnored = resetEnds = false;
    const data = (port & 7) === 0 && (state.lineControl & divisorLatch) === 0;
    resetEnds = isWrite ? data || (port & 7) === 2 : false;
  }

  /** The reference's line takes no time: the transmitter finishes before the next access. */
  function finishTransmission(): void {
    while (state.shifting) port1.advance(state.transmitTicks);
  }

  return {
    state,
    get modemChangesBefore() {
      return modemChangesBefore;
    },
    get modemInterruptBefore() {
      return modemInterruptBefore;
    },
    get resetIgnored() {
      return resetIgnored;
    },
    write(port, value) {
      begin(port, true);
      const fifosWereOff = !state.fifosEnabled;
      port1.write(registers[port & 7]!, value);
      if ((port & 7) === 2 && fifosWereOff && (value & 1) === 0 && (value & 6) !== 0) {
        resetIgnored = true;
        resetEnds = false;
      }
      finishTransmission();
    },
    read(port) {
      begin(port, false);
      return port1.read(registers[port & 7]!);
    },
    advanceTo(nanoseconds) {
      const now = ticksAt(nanoseconds, clock);
      port1.advance(now - ticks);
      ticks = now;
    },
  };
}

/** The subject of `uart.txt`. */
export const uartTranscript: TranscriptSubject<UartBench> = {
  name: 'uart',
  lines: [4],
  create,
  knownDifferences: uartDifferences,
};
