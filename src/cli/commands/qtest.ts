import { UserError } from '../../base/errors.js';
import { framed, FrameStream } from '../../debug/qtest/frames.js';
import type { OutputLine } from '../../debug/qtest/output-lines.js';
import { benchCyclesPerSecond, drivesThatStop, requestOf } from '../../debug/qtest/qemu-machine.js';
import { parseQemuCommand } from '../../debug/qtest/qemu-options.js';
import { createQtestSession, type SessionOptions } from '../../debug/qtest/session.js';
import { breathe } from '../../host/environment.js';
import { describeMachine } from '../../host/describe-machine.js';
import { growingFile, temporaryFolder } from '../../host/files.js';
import { watchInterrupts } from '../../host/interrupts.js';
import { powerOnFrom } from '../../host/power-on.js';
import { type ByteSocket, connectSocket, openDescriptor, type TextSocket } from '../../host/sockets.js';
import type { PowerOn } from '../../machine/machine.js';
import { defineCommand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { machineOptions, requestFrom } from '../machine-options.js';
import { createReport } from '../report.js';

/** How long a machine that stands still is left alone. */
const idleMilliseconds = 10;

type Machine = Pick<
  SessionOptions,
  'description' | 'images' | 'names' | 'runs' | 'setUp' | 'stopping' | 'watchdog' | 'pluggables' | 'diskGeometries'
>;

const noPluggables: SessionOptions['pluggables'] = { ids: new Map(), backends: new Map(), uses: new Map() };

interface Sockets {
  readonly qtest: string;
  readonly qmp: readonly string[];
  /** Files into which outputs go, by line. */
  readonly outputs: ReadonlyMap<OutputLine, string>;
  /** Descriptors of the sockets that network cards are plugged into, by card. */
  readonly cards: ReadonlyMap<number, number>;
}

/** `qtest`: the board without a running processor behind QEMU's qtest protocol. */
export const qtest = defineCommand({
  builder: (yargs) =>
    yargs
      .options(machineOptions)
      .option('socket', { type: 'string', describe: 'The socket where the test program listens' })
      .option('qmp', { type: 'string', describe: "The socket where it listens for QEMU's machine protocol" })
      .option('date', { type: 'string', describe: 'Date at power-on: ISO 8601 or Unix seconds; default now' })
      .option('seed', { type: 'number', describe: 'Seed of what the machine draws at random; default at random' })
      .option('exact', {
        type: 'boolean',
        default: false,
        describe: 'Let time pass by clock_step only, not for chips to finish their work',
      })
      .option('as-qemu', { type: 'boolean', default: false, describe: "Take QEMU's own options, behind --" })
      .option('stand-in', {
        type: 'string',
        array: true,
        default: [],
        describe: 'With --as-qemu: a board or device in place of another, as q35=pc',
      })
      .conflicts('as-qemu', ['socket', 'qmp', 'machine']),
  async handler(argv) {
    const { exact } = argv;
    const words = argv._.slice(1).map(String);
    const folder = temporaryFolder();
    try {
      const { machine, sockets } = argv.asQemu ? asQemu(words, argv.standIn, folder.path) : described(argv);
      await serve(machine, sockets, { powerOn: () => powerOnFrom(argv), settles: !exact });
    } finally {
      folder.remove();
    }
    createReport(argv.json).document({});
    return exitCodes.passed;
  },
});

function described(
  argv: Parameters<typeof requestFrom>[0] & { socket?: string | undefined; qmp?: string | undefined },
): {
  machine: Machine;
  sockets: Sockets;
} {
  const { socket, qmp } = argv;
  if (socket === undefined) {
    throw new UserError('no socket is named', { place: '--socket', nextStep: 'Name the one the program listens on.' });
  }
  const { description, images } = describeMachine({ cyclesPerSecond: benchCyclesPerSecond, ...requestFrom(argv) });
  const names = new Map([
    ['floppy0', 'floppyA'],
    ['floppy1', 'floppyB'],
  ] as const);
  return {
    machine: {
      ...{ description, images, names, runs: false, setUp: { first: [], afterReset: [] }, stopping: new Set() },
      watchdog: { action: 'reset', reboots: true } as const,
      ...{ pluggables: noPluggables, diskGeometries: undefined },
    },
    sockets: { qtest: socket, qmp: qmp === undefined ? [] : [qmp], outputs: new Map(), cards: new Map() },
  };
}

function asQemu(
  words: readonly string[],
  standIns: readonly string[],
  folder: string,
): { machine: Machine; sockets: Sockets } {
  const command = parseQemuCommand(words, standIns);
  for (const note of command.notes) process.stderr.write(`tsvm-test qtest: ${note}\n`);
  if (command.qtestSocket === undefined) {
    throw new UserError('no socket is named', { place: '-qtest', nextStep: 'Give -qtest unix:PATH.' });
  }
  const { machine, runs, setUp, watchdog } = command;
  const described = describeMachine(requestOf(command, folder), { live: true });
  const cards = (machine?.cards ?? []).map(({ socket }, card) => [card, socket] as const);
  return {
    machine: {
      ...{ ...described, names: machine?.names ?? new Map(), watchdog, runs, setUp, stopping: drivesThatStop(command) },
      ...{ pluggables: machine?.pluggables ?? noPluggables, diskGeometries: machine?.diskGeometries },
    },
    sockets: {
      qtest: command.qtestSocket,
      qmp: command.qmpSockets,
      outputs: command.outputs,
      cards: new Map(cards.filter((pair): pair is readonly [number, number] => pair[1] !== undefined)),
    },
  };
}

/** Serves until the test program is gone, asks for the end, or a signal comes. */
async function serve(
  machine: Machine,
  sockets: Sockets,
  how: { readonly powerOn: () => PowerOn; readonly settles: boolean },
): Promise<void> {
  const watch = watchInterrupts();
  const open: TextSocket[] = [];
  const lines = new Map<number, ByteSocket>();
  const files = new Map([...sockets.outputs].map(([line, path]) => [line, growingFile(path)] as const));
  try {
    let quit = (): void => {};
    const ended = new Promise<void>((done) => {
      quit = done;
      watch.onInterrupt = done;
    });
    const qtestSocket = await connectSocket(sockets.qtest);
    open.push(qtestSocket);
    const session = createQtestSession({
      ...machine,
      settles: how.settles,
      powerOn: how.powerOn(),
      send: (line) => qtestSocket.write(`${line}\n`),
      later: (milliseconds, action) => void setTimeout(action, milliseconds).unref(),
      quit: () => quit(),
      sendByte: (line, byte) => files.get(line)?.write(Uint8Array.of(byte)),
      sendFrame: (card, frame) => lines.get(card)?.write(framed(frame)),
    });
    for (const [card, descriptor] of sockets.cards) {
      const frames = new FrameStream();
      const line = openDescriptor(descriptor, (piece) => {
        for (const frame of frames.take(piece)) session.takeFrame(card, frame);
      });
      lines.set(card, line);
    }
    qtestSocket.onText = (piece) => session.take(piece);
    for (const path of sockets.qmp) {
      const socket = await connectSocket(path);
      open.push(socket);
      const qmp = session.openQmp((text) => socket.write(text));
      socket.onText = (piece) => qmp.take(piece);
    }
    const over = Promise.race([ended, qtestSocket.closed]);
    if (machine.runs) await runUntil(over, session);
    else await over;
  } finally {
    for (const each of [...open, ...lines.values(), ...files.values()]) each.close();
    watch.close();
  }
}

/** Lets the processor run in pieces, between which sockets are looked at. */
async function runUntil(over: Promise<void>, session: ReturnType<typeof createQtestSession>): Promise<void> {
  const state = { over: false };
  void over.then(() => (state.over = true));
  while (!state.over) await breathe(session.run() ? 0 : idleMilliseconds);
}
