/**
 * Addresses and bits of the real-time clock's registers.
 * Source: Dallas DS12887, "Address map" and "Registers"; tables of the Motorola MC146818A (ADI-1000).
 */

/** Addresses of the clock's own bytes; from 0Eh on lies general purpose memory. */
export const address = {
  seconds: 0x00,
  secondsAlarm: 0x01,
  minutes: 0x02,
  minutesAlarm: 0x03,
  hours: 0x04,
  hoursAlarm: 0x05,
  dayOfWeek: 0x06,
  dayOfMonth: 0x07,
  month: 0x08,
  year: 0x09,
  registerA: 0x0a,
  registerB: 0x0b,
  registerC: 0x0c,
  registerD: 0x0d,
  /** Plain memory to the chip; IBM's PC AT Technical Reference (CMOS RAM address map) keeps the century here. */
  century: 0x32,
} as const;

/** Register A: update in progress; the divider and the rate selection are the functions below. */
export const registerA = { updateInProgress: 0x80, writable: 0x7f } as const;

/** Register B. */
export const registerB = {
  set: 0x80,
  periodicInterruptEnable: 0x40,
  alarmInterruptEnable: 0x20,
  updateEndedInterruptEnable: 0x10,
  squareWaveEnable: 0x08,
  binary: 0x04,
  hours24: 0x02,
} as const;

/** Register C: the flags, at the positions of their enables in register B. */
export const registerC = {
  interruptRequest: 0x80,
  periodic: 0x40,
  alarm: 0x20,
  updateEnded: 0x10,
  maskable: 0x70,
} as const;

/** Register D. */
export const registerD = { validRamAndTime: 0x80 } as const;

/** What the divider control bits DV of register A make of the divider chain. */
export function dividerMode(valueA: number): 'runs' | 'stopped' | 'reset' {
  const control = (valueA >> 4) & 7;
  if (control <= 2) return 'runs';
  return control >= 6 ? 'reset' : 'stopped';
}

/** Ticks between periodic interrupts for the rate selection bits RS of register A (table 5), `Infinity` for none. */
export function periodicTicks(valueA: number): number {
  const rate = valueA & 0x0f;
  if (rate === 0) return Infinity;
  const wraps = rate <= 2 && ((valueA >> 4) & 7) === 2; // With the 32.768 kHz base the two fastest taps do not exist.
  return 2 ** ((wraps ? rate + 7 : rate) - 1);
}
