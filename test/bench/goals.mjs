/** What this project wants to reach beside its peers, and how far a run has come. A goal whose figure was not measured is not shown. */
import { geometricMean } from './statistics.mjs';
import { workloadsOfTheMean } from './workloads/list.mjs';

const mips = (name) => (result) => result.rows?.find((row) => row.name === name)?.peers.plain?.mips;
const mean = (key) => (result) => result.means?.[key]?.geometricMean;
const meanMips = (peer) => (result) => {
  const figures = result.rows
    ?.filter(({ name }) => workloadsOfTheMean.includes(name))
    .map(({ peers }) => peers[peer]?.mips);
  return figures === undefined || figures.length === 0 || figures.includes(undefined)
    ? undefined
    : geometricMean(figures);
};
const least = (key) => (result) => result.means?.[key]?.least.ratio;
const cost = (key, of) => (result) => (result[key]?.plain === undefined ? undefined : of(result[key].plain));

const more = (goal, must, aim, of) => ({ goal, must, aim, of, reached: (value) => value >= must });
const less = (goal, must, aim, of) => ({ goal, must, aim, of, reached: (value) => value <= must });

const goals = [
  more('times as fast as v86, geometric mean', 2, 3.5, mean('plain/v86')),
  more('times as fast as v86, the least', 1, 1, least('plain/v86')),
  more('recording, times as fast as QEMU rr=record', 0.8, 1.5, mean('record/qemu-record')),
  more('replaying, times as fast as QEMU rr=replay', 1.3, 2.5, mean('replay/qemu-replay')),
  less('time of recording over plain', 1.03, 1.01, mean('plain/record')),
  less('time of replaying over recording', 1, 0.95, mean('record/replay')),
  ...['integer', 'sort', 'gzip'].map((name) => more(`${name}, MIPS`, 400, 650, mips(name))),
  more('syscall, MIPS', 80, 150, mips('syscall')),
  more('fork, MIPS', 50, 100, mips('fork')),
  more('exec, MIPS', 60, 120, mips('exec')),
  more('nbody-x87, MIPS', 50, 90, mips('nbody-x87')),
  more('nbody-sse2, MIPS', 150, 350, mips('nbody-sse2')),
  more('one-page, MIPS', 80, 300, mips('one-page')),
  more('interpreter alone, MIPS, geometric mean', 90, 150, meanMips('interpreter')),
  less(
    '60 idle guest seconds, s',
    0.2,
    0.05,
    cost('idle', ({ clock }) => clock / 1000),
  ),
  less(
    'snapshot and digest of 10,000 dirty pages, ms',
    25,
    17,
    cost('snapshots', ({ saveMs, digestMs }) => saveMs + digestMs),
  ),
  less(
    'start to first guest instruction, s',
    0.25,
    0.13,
    cost('starts', ({ median }) => median / 1000),
  ),
  less(
    'peak memory of a 256 MiB guest, MiB',
    380,
    300,
    cost('peaks', (bytes) => bytes / 2 ** 20),
  ),
];

/** Rows of a table, and the same for `--json`. */
export function goalsOf(result) {
  return goals.flatMap(({ goal, must, aim, of, reached }) => {
    const here = of(result);
    return here === undefined ? [] : [{ goal, must, aim, here, reached: reached(here) }];
  });
}
