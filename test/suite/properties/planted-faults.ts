/** Ten faults a chip, of the kinds that device models really have: a rule of the datasheet forgotten, or state mishandled. */
import type { Mutation } from './mutants.js';

const fault = (fault: string, file: string, text: string, instead: string): Mutation => ({
  fault,
  file,
  text,
  instead,
});

/** The timer's faults. */
export const pitFaults: readonly Mutation[] = [
  fault('a second latch command replaces the first', 'counter.ts', 'if (counter.latchedBytes > 0) return;', ''),
  fault('BCD counters wrap at 65536', 'counter.ts', 'counter.bcd ? 10000 : 65536', '65536'),
  fault('the null count is never shown', 'counter.ts', '(Number(counter.nullCount) << statusByte.nullCount) |', ''),
  fault('odd square waves are even', 'counter.ts', 'counter.oddCount && counter.output ? 0 : 2', '2'),
  fault(
    'a low gate leaves OUT low',
    'counter.ts',
    'if (!level && (mode === 2 || mode === 3)) counter.output = true;',
    '',
  ),
  fault(
    'a new count restarts a running rate generator',
    'counter.ts',
    "counter.phase === 'waiting') counter.phase",
    'true) counter.phase',
  ),
  fault(
    'the first byte of two does not stop mode 0',
    'counter.ts',
    "counter.phase = 'waiting'; // \"Writing",
    '// "Writing',
  ),
  fault(
    'the gate triggers mode 4',
    'counter.ts',
    'modeOf(counter) !== 0 && modeOf(counter) !== 4',
    'modeOf(counter) !== 0',
  ),
  fault('a trigger that waits for its pulse is not saved', 'counter.ts', 'triggered: flag(),', ''),
  fault(
    'the end of a rate period is announced late',
    'pit.ts',
    'next = Math.min(next, pulsesToEvent(state[counterNames[index]]))',
    'next = Math.min(next, pulsesToEvent(state[counterNames[index]]) + 1)',
  ),
];

/** The interrupt controller's faults. */
export const picFaults: readonly Mutation[] = [
  fault(
    'an acknowledged edge asks again',
    'pic.ts',
    'const mask = 1 << level;\n  state.edges &= ~mask;',
    'const mask = 1 << level;',
  ),
  fault('LTIM is ignored', 'pic.ts', 'state.levelTriggered ? 0xff : state.edgeLevel', 'state.edgeLevel'),
  fault(
    'automatic end of interrupt still goes into service',
    'pic.ts',
    'if (!state.autoEndOfInterrupt) state.inService',
    'state.inService',
  ),
  fault('a vanished request is answered as level 0', 'pic.ts', 'spuriousLevel = 7', 'spuriousLevel = 0'),
  fault(
    'special mask mode still blocks lower levels',
    'priority.ts',
    'inputs.specialMask ? inputs.inService & ~inputs.mask : inputs.inService',
    'inputs.inService',
  ),
  fault(
    'a non-specific end ends masked levels in special mask mode',
    'pic.ts',
    '(state.specialMask ? ~state.mask : 0xff)',
    '0xff',
  ),
  fault('a poll command never ends', 'pic.ts', 'context.state.pollNext = false;', ''),
  fault(
    'a level in service interrupts itself',
    'priority.ts',
    'rank(asking) < rank(serving)',
    'rank(asking) <= rank(serving)',
  ),
  fault(
    'unmasking does not raise the interrupt',
    'pic.ts',
    '  driveInterrupt(context);\n}\n\n/** After a poll',
    '}\n\n/** After a poll',
  ),
  fault('rotation forgets its level in a saved state', 'pic.ts', 'lowestLevel: u8(7),', ''),
];

/** The serial port's faults. */
export const uartFaults: readonly Mutation[] = [
  fault('the highest trigger level is 12', 'registers.ts', '[1, 4, 8, 14]', '[1, 4, 8, 12]'),
  fault('the timeout comes after three characters', 'serial-line.ts', 'timeoutCharacters = 4', 'timeoutCharacters = 3'),
  fault(
    'reading the identity leaves the transmitter interrupt',
    'uart.ts',
    'if (identity === interruptIdentity.transmitterEmpty) state.transmitterEmptyPending = false;',
    '',
  ),
  fault('an overrun stays for ever', 'uart.ts', 'state.overrun = false;', ''),
  fault('parity takes no time', 'serial-line.ts', ' + Number(parity)', ''),
  fault(
    'the ring indicator counts both edges',
    'uart.ts',
    ' && (level !== modemStatus.ri.level || (levels & level) === 0)',
    '',
  ),
  fault(
    'loopback crosses RTS and DTR',
    'uart.ts',
    'control.rts ? modemStatus.cts.level',
    'control.dtr ? modemStatus.cts.level',
  ),
  fault('the character being sent is not saved', 'state.ts', 'shiftRegister: u8(),', ''),
  fault(
    'the high half of the divisor clears the low half',
    'uart.ts',
    '(state.divisor & 0xff) | (value << 8)',
    'value << 8',
  ),
  fault('the FIFO timeout does not wake the machine', 'serial-line.ts', '    state.timeoutTicks,\n', ''),
];
