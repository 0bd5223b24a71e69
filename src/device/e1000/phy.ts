/** The PHY behind the MDI control register: a Marvell 88E1011 whose negotiation ends at once (sections 13.4.6 and 13.5). */
import { cause, type E1000Context as Context, type E1000State, raise } from './state.js';

const mdi = { write: 0x0400_0000, read: 0x0800_0000, ready: 0x1000_0000, interrupt: 0x2000_0000, error: 0x4000_0000 };
const register = { control: 0, status: 1, partner: 5, expansion: 6, gigabitStatus: 10, specificStatus: 17 } as const;
const controlBit = { restart: 0x0200, reset: 0x8000 } as const;
const address = 1;

/** Values after a reset, by number: control, identifiers, abilities, and the chip's own control registers. */
const resetValues: Readonly<Record<number, number>> = {
  0: 0x1140,
  2: 0x0141,
  3: 0x0c20,
  4: 0x0de1,
  7: 0x2001,
  9: 0x0f00,
  15: 0x3000,
  16: 0x0078,
  20: 0x0d60,
};
/** Bits that software may write. */
const writable: Readonly<Record<number, number>> = {
  0: 0x7de0,
  4: 0xffff,
  7: 0xffff,
  9: 0xff00,
  16: 0xffff,
  18: 0xffff,
  20: 0xffff,
  24: 0xffff,
  29: 0xffff,
  30: 0xffff,
};

export function resetPhy(state: E1000State): void {
  for (let number = 0; number < state.phy.length; number++) state.phy[number] = resetValues[number] ?? 0;
}

function readPhy({ phy, linkUp }: E1000State, number: number): number {
  switch (number) {
    case register.status:
      return 0x7949 | (linkUp ? 0x0024 : 0);
    case register.partner:
      return linkUp ? 0xcde1 : 0;
    case register.expansion:
      return linkUp ? 0x000f : 0x0004;
    case register.gigabitStatus:
      return linkUp ? 0x3c00 : 0;
    case register.specificStatus: // 1000 Mbit/s, full duplex, resolved, link.
      return linkUp ? 0xac00 : 0x0000;
    default:
      return phy[number]!;
  }
}

function writePhy(context: Context, number: number, value: number): void {
  const { state } = context;
  if (number === register.control && value & controlBit.reset) {
    resetPhy(state);
    return raise(context, cause.linkChange);
  }
  const mask = writable[number] ?? 0;
  state.phy[number] = (state.phy[number]! & ~mask) | (value & mask);
  if (number === register.control && value & controlBit.restart) raise(context, cause.linkChange);
}

/** MDIC: one access to a register of the PHY, done at once. */
export function accessPhy(context: Context, value: number): void {
  const { state } = context;
  const number = (value >> 16) & 0x1f;
  const isOurs = ((value >> 21) & 0x1f) === address;
  let answer = value & 0x3fff_ffff & ~0xffff;
  if (!isOurs) answer |= mdi.error;
  else if (value & mdi.read) answer |= readPhy(state, number);
  else if (value & mdi.write) {
    writePhy(context, number, value & 0xffff);
    answer |= value & 0xffff;
  }
  state.mdi = (answer | mdi.ready) >>> 0;
  if (value & mdi.interrupt) raise(context, cause.phyAccess);
}
