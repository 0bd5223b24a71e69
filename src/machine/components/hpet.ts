/** High Precision Event Timers on a board: at FED00000h, in place of the PIT's and the clock's requests where software asks. */
import { createDevice } from '../../device/device.js';
import { hpet, type HpetRoute } from '../../device/hpet/hpet.js';
import type { Board } from '../board.js';
import { interruptRequests } from '../interrupt-lines.js';

const base = 0xfed0_0000;
const bytes = 0x400;
/** The requests that timers 0 and 1 take over. */
const legacyRequests = [0, 8] as const;
/** The I/O APIC's input 2 is request 0; other inputs below 16 are requests of their own number. */
const requestOf = (input: number): number => (input === 2 ? 0 : input);

export function attachHpet(board: Board): void {
  // A timer's interrupt may stand at any request: a source that is routed before its level is driven.
  const sources = [0, 1, 2].map(() => board.interrupts.routedSource());
  const route = (timer: number, { legacy, input }: HpetRoute): void => {
    const request = legacy ? legacyRequests[timer] : requestOf(input);
    sources[timer]!.route(request !== undefined && request < interruptRequests ? request : undefined);
  };
  const device = createDevice(hpet, {
    lines: {},
    board: {
      replaceLegacy: (replaced) => board.replaceLegacy(replaced),
      interrupt(timer, where, level) {
        route(timer, where);
        sources[timer]!.drive(level);
      },
    },
  });
  const mapped = (): void => {
    board.replaceLegacy(device.state.legacy);
    sources.forEach((_, timer) => route(timer, device.operations.route(timer)));
  };
  board.addMapping('hpet', device, mapped);
  board.addressSpace.map.place(base, bytes, {
    read: (offset, width) => board.touch(device, () => device.operations.readRegister(offset, width)),
    write: (offset, value, width) => board.touch(device, () => device.operations.writeRegister(offset, value, width)),
  });
}
