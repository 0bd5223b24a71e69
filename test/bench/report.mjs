/** What a run of the workloads comes to: figures for `--json`, and tables of the same. */
import { geometricMean, median, summary } from './statistics.mjs';
import { workloads, workloadsOfTheMean } from './workloads/list.mjs';

/** Ratios that are told: how many times as fast the first is as the second. */
const comparisons = [
  ['plain', 'v86'],
  ['plain', 'qemu'],
  ['record', 'qemu-record'],
  ['replay', 'qemu-replay'],
  ['plain', 'record'],
  ['record', 'replay'],
];

/** A row for each workload: seconds and MIPS by peer, ratios, and whether all computed the same. */
export function rowsOf({ times, names }) {
  return names
    .filter((name) => times[name] !== undefined)
    .map((name) => {
      const byPeer = times[name];
      const counted = byPeer.plain ?? byPeer.record ?? byPeer.replay;
      const instructions = counted === undefined ? undefined : median(counted.map((each) => each.instructions));
      const measured = Object.fromEntries(
        Object.entries(byPeer).map(([peer, list]) => {
          const seconds = summary(list.map((each) => each.processor / 1000));
          return [
            peer,
            { seconds, mips: instructions === undefined ? undefined : instructions / 1e6 / seconds.median },
          ];
        }),
      );
      const checksums = Object.fromEntries(Object.entries(byPeer).map(([peer, list]) => [peer, list[0].checksum]));
      return {
        ...{ name, title: workloads[name], instructions, peers: measured },
        ratios: Object.fromEntries(comparisons.flatMap((pair) => ratioOf(byPeer, pair))),
        checksums: new Set(Object.values(checksums)).size > 1 ? checksums : Object.values(checksums)[0],
      };
    });
}

/** The median of each round's ratio. */
function ratioOf(byPeer, [fast, slow]) {
  const [left, right] = [byPeer[fast], byPeer[slow]];
  if (left === undefined || right === undefined) return [];
  const rounds = Math.min(left.length, right.length);
  const each = Array.from({ length: rounds }, (_, round) => right[round].processor / left[round].processor);
  return [[`${fast}/${slow}`, median(each)]];
}

/** Geometric means of the ratios over the fourteen, and the least of each with its workload. */
export function meansOf(rows) {
  const means = {};
  for (const pair of comparisons) {
    const key = pair.join('/');
    const found = rows.filter(({ name, ratios }) => workloadsOfTheMean.includes(name) && ratios[key] !== undefined);
    if (found.length === 0) continue;
    const least = found.reduce((left, right) => (right.ratios[key] < left.ratios[key] ? right : left));
    means[key] = {
      ...{ geometricMean: geometricMean(found.map(({ ratios }) => ratios[key])), rows: found.length },
      least: { name: least.name, ratio: least.ratios[key] },
    };
  }
  return means;
}

/** A table in Markdown, its columns aligned. */
export function table(head, rows) {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell ?? '-'));
  const widths = head.map((_, column) => Math.max(2, ...cells.map((row) => row[column].length)));
  const line = (row) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n');
}

const fixed = (value, digits) => (value === undefined ? '-' : value.toFixed(digits));

export function speedTables(rows, means, titles) {
  const peers = Object.keys(titles).filter((peer) => rows.some((row) => row.peers[peer] !== undefined));
  const seconds = table(
    ['seconds of processor time, MIPS', 'M instr.', ...peers.map((peer) => titles[peer])],
    rows.map((row) => [
      row.name,
      row.instructions === undefined ? '-' : fixed(row.instructions / 1e6, 0),
      ...peers.map((peer) => {
        const cell = row.peers[peer];
        return cell === undefined ? '-' : `${fixed(cell.seconds.median, 2)} ${fixed(cell.mips, 0).padStart(5)}`;
      }),
    ]),
  );
  const keys = comparisons
    .map((pair) => pair.join('/'))
    .filter((key) => rows.some((row) => row.ratios[key] !== undefined));
  const ratio = (value) => (value === undefined ? '-' : `${fixed(value, 2)}x`);
  const ratios = table(
    ['times as fast', ...keys],
    [
      ...rows.map((row) => [row.name, ...keys.map((key) => ratio(row.ratios[key]))]),
      ['geometric mean of the fourteen', ...keys.map((key) => ratio(means[key]?.geometricMean))],
      [
        'the least of them',
        ...keys.map((key) =>
          means[key] === undefined ? '-' : `${ratio(means[key].least.ratio)} ${means[key].least.name}`,
        ),
      ],
    ],
  );
  return keys.length === 0 ? seconds : `${seconds}\n\n${ratios}`;
}

/** Everything that is not speed, a row each. */
export function costTable({ starts = {}, snapshots = {}, peaks = {}, idle = {}, recordings = {} }, titles) {
  const peers = Object.keys(titles).filter((peer) =>
    [starts, snapshots, peaks, idle, recordings].some((figures) => figures[peer] !== undefined),
  );
  const of = (title, figures, shown) => [
    title,
    ...peers.map((peer) => (figures[peer] === undefined ? '-' : shown(figures[peer]))),
  ];
  const milliseconds = (value) => (value === undefined ? '-' : `${fixed(value, value < 10 ? 1 : 0)} ms`);
  const mebibytes = (value) => `${fixed(value / 2 ** 20, 1)} MiB`;
  return table(
    ['cost', ...peers.map((peer) => titles[peer])],
    [
      of('start to first guest instruction, clock', starts, ({ median: ms }) => milliseconds(ms)),
      of('snapshot after 10,000 dirty pages, processor', snapshots, ({ saveMs }) => milliseconds(saveMs)),
      of('digest, processor', snapshots, ({ digestMs }) => milliseconds(digestMs)),
      of('going back to the snapshot before, processor', snapshots, ({ restoreMs }) => milliseconds(restoreMs)),
      of('writing 10,000 pages, more after a snapshot, processor', snapshots, ({ copyMs }) => milliseconds(copyMs)),
      of('bytes of the snapshot', snapshots, ({ bytes }) => mebibytes(bytes)),
      of('peak memory, 256 MiB guest', peaks, mebibytes),
      of('60 idle guest seconds, clock', idle, ({ clock }) => milliseconds(clock)),
      of('60 idle guest seconds, processor', idle, ({ processor }) => milliseconds(processor)),
      of('trace, bytes', recordings, ({ bytes }) => String(bytes)),
      of('trace, bytes per 1000 instructions', recordings, ({ bytesPerThousand }) => bytesPerThousand.toPrecision(2)),
    ].filter((row) => row.slice(1).some((cell) => cell !== '-')),
  );
}
