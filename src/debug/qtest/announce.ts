/**
 * Announcements of the machine's addresses, as a host sends them for a machine that has moved to it, so that switches learn where it
 * is: a reverse ARP request in the name of each card, again and again for a while.
 *
 * Source: QEMU QMP Reference Manual, `announce-self`; RFC 903.
 */

const frameBytes = 60;
const broadcast = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] as const;
/** Type of a reverse ARP frame; Ethernet, IPv4, addresses of 6 and 4 bytes; "request reverse". */
const header = [0x80, 0x35, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x03] as const;

/** The frame in which a card asks what its own address is. */
export function announcementOf(mac: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameBytes);
  frame.set([...broadcast, ...mac, ...header, ...mac, 0, 0, 0, 0, ...mac]);
  return frame;
}

/** How often, and how many milliseconds apart. */
export interface AnnouncementRounds {
  readonly rounds: number;
  readonly initial: number;
  readonly step: number;
  readonly max: number;
}

/** Does something after so many milliseconds of the host's. */
export type Later = (milliseconds: number, action: () => void) => void;

/** Rounds of announcements under names: those of a name end when others begin under it. */
export class Announcements {
  private readonly current = new Map<string, symbol>();

  constructor(
    private readonly later: Later,
    private readonly sendAll: () => void,
  ) {}

  start(name: string, { rounds, initial, step, max }: AnnouncementRounds): void {
    const mine = Symbol(name);
    this.current.set(name, mine);
    const round = (number: number): void => {
      if (number >= rounds || this.current.get(name) !== mine) return;
      this.sendAll();
      this.later(Math.min(initial + step * number, max), () => round(number + 1));
    };
    this.later(0, () => round(0));
  }
}
