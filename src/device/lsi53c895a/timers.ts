/** The timers of STIME0 and STIME1 (section 4, registers 48h and 49h): they count the SCSI clock behind its prescaler. */
import { register, stest1 } from './registers.js';
import { type AdapterContext, get8, ticksPerMicrosecond } from './state.js';

const oscillatorMegahertz = 40;
/** Twice the divisors of SCNTL3's clock conversion factor. */
const doubleDivisors = [6, 2, 3, 4, 6, 8, 12, 16] as const;
/** Clocks behind the prescaler, times three, that the shortest period halved takes: 125 microseconds at 23 MHz. */
const clocksTimesThree = 4340;

/** Ticks of the period `code`; Infinity for 0, which turns a timer off. */
function period(context: AdapterContext, code: number): number {
  if (code === 0) return Infinity;
  const quadrupled = stest1.QEN | stest1.QSEL;
  const clock = oscillatorMegahertz * ((get8(context, register.STEST1) & quadrupled) === quadrupled ? 4 : 1);
  const doubleDivisor = doubleDivisors[get8(context, register.SCNTL3) & 7]!;
  const ticks = (2 ** code * clocksTimesThree * doubleDivisor * ticksPerMicrosecond) / (6 * clock);
  return Math.max(Math.floor(ticks), 1);
}

/** Ticks until a selection that nobody answers times out. */
export const selectionTicks = (context: AdapterContext): number =>
  period(context, get8(context, register.STIME0) & 0xf);

/** Ticks of the general purpose timer. */
export const generalTicks = (context: AdapterContext): number => period(context, get8(context, register.STIME1) & 0xf);
