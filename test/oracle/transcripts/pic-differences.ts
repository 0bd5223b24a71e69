/** Where the reference's interrupt controller is not an 8259A. Sections are those of Intel's data sheet, order number 231468. */
import type { PicPair } from '../../../src/device/pic/pair.js';
import type { Bench, Difference, KnownDifference } from './runner.js';

/** Both controllers on their bench. */
export interface PicBench extends Bench, PicPair {}

/** The requests of which a read of a controller's command port tells more, or fewer, than the reference. */
function differingRequests({ exchange, answer, bench }: Difference<PicBench>): { more: number; fewer: number } {
  const chip = exchange.kind === 'read' && exchange.port === 0x20 ? bench.master : bench.slave;
  if (exchange.kind !== 'read' || answer === undefined || chip.state.readsInService) return { more: 0, fewer: 0 };
  return { more: answer & ~exchange.answer, fewer: exchange.answer & ~answer };
}

/** In the order in which they are tried. */
export const picDifferences: readonly KnownDifference<PicBench>[] = [
  {
    reference: 'keeps a request whose line has fallen',
    datasheet: '"Edge and Level Triggered Modes": the IR inputs must remain high until the first INTA',
    explains: (difference) => {
      const { more, fewer } = differingRequests(difference);
      return more === 0 && fewer === 1 && (difference.bench.master.state.inputs & 1) === 0;
    },
  },
  {
    reference: 'senses edges whatever ICW1 says',
    datasheet: '"Initialization Command Word 1", LTIM: 1 makes all inputs level-triggered',
    explains: (difference) => {
      const { more, fewer } = differingRequests(difference);
      return fewer === 0 && more === 1 && difference.bench.master.state.levelTriggered;
    },
  },
];
