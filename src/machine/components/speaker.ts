/** The speaker of a PC: a tone while port 61h lets through what counter 2 of the timer makes. An observer hears it change. */
import type { Cycle } from '../../base/integers.js';
import type { Device, RegisterAccess } from '../../device/device.js';
import type { MachineObservers } from '../machine.js';

/** The clock of the timer, in hertz, as a ratio. */
const timerClock = { numerator: 14_318_180, denominator: 12 } as const;

export class Speaker {
  private period: number | undefined;

  constructor(
    private readonly observers: Partial<MachineObservers>,
    private readonly now: () => number,
    /** What sounds now: ticks of the timer a period, or undefined for silence. */
    private readonly sounding: () => number | undefined,
  ) {}

  /** A chip's registers, writes of which may change the tone. */
  heard<Register extends string>({ registers, access }: Pick<Device<unknown, Register>, 'registers' | 'access'>) {
    return {
      registers,
      access: (register: Register): RegisterAccess => {
        const unheard = access(register);
        return {
          read: (width) => unheard.read(width),
          write: (value, width) => {
            const taken = unheard.write(value, width);
            this.listen();
            return taken;
          },
          readMany: () => 0,
          writeMany: () => 0,
        };
      },
    };
  }
  /** Something that makes the tone was written. What is remembered here is what was told, not state. */
  listen(): void {
    const period = this.sounding();
    if (period === this.period) return;
    this.period = period;
    const hertz = period === undefined ? undefined : timerClock.numerator / (timerClock.denominator * period);
    this.observers.speaker?.({ hertz, cycle: this.now() as Cycle });
  }
  /** Starts from what sounds now, without telling. */
  forget(): void {
    this.period = this.sounding();
  }
}
