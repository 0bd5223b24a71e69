/**
 * The PIC transcript: both controllers. The timer, whose accesses are in the transcript too, is not what is compared: its
 * interrupt line is taken from the transcript and drives level 0 of the master.
 */
import { createPicPair } from '../../../src/device/pic/pair.js';
import { type PicBench, picDifferences } from './pic-differences.js';
import type { TranscriptSubject } from './runner.js';

/** Levels that may be level-triggered: the chipset keeps timer, keyboard and cascade, clock and coprocessor on edges. */
const edgeLevelMasks = { master: 0xf8, slave: 0xde } as const;

function create(): PicBench {
  const pair = createPicPair(() => {});
  const chipAt = (port: number) => (port >> 4 === 0x2 ? pair.master : port >> 4 === 0xa ? pair.slave : undefined);
  const register = (port: number) => (port & 1 ? 'data' : 'command');
  return {
    ...pair,
    write(port, value) {
      if (port === 0x4d0) pair.master.operations.writeEdgeLevel(value & edgeLevelMasks.master);
      else if (port === 0x4d1) pair.slave.operations.writeEdgeLevel(value & edgeLevelMasks.slave);
      else chipAt(port)?.write(register(port), value);
    },
    read: (port) => chipAt(port)?.read(register(port)),
    advanceTo: () => {},
    takeLine: ({ line, level }) => {
      if (line === 0) pair.master.input('ir0', level);
    },
  };
}

/** The subject of `pic.txt`. */
export const picTranscript: TranscriptSubject<PicBench> = {
  name: 'pic',
  lines: [],
  create,
  knownDifferences: picDifferences,
};
