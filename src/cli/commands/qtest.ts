import { UserError } from '../../base/errors.js';
import { benchCyclesPerSecond, requestOf } from '../../debug/qtest/qemu-machine.js';
import { parseQemuCommand } from '../../debug/qtest/qemu-options.js';
import { createQtestSession, type SessionOptions } from '../../debug/qtest/session.js';
import { describeMachine } from '../../host/describe-machine.js';
import { temporaryFolder } from '../../host/files.js';
import { watchInterrupts } from '../../host/interrupts.js';
import { powerOnFrom } from '../../host/power-on.js';
import { connectSocket, type TextSocket } from '../../host/sockets.js';
import type { PowerOn } from '../../machine/machine.js';
import { defineCommand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { machineOptions, requestFrom } from '../machine-options.js';
import { createReport } from '../report.js';

type Machine = Pick<SessionOptions, 'description' | 'images' | 'names'>;

interface Sockets {
  readonly qtest: string;
  readonly qmp: readonly string[];
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
      .conflicts('as-qemu', ['socket', 'qmp', 'machine']),
  async handler(argv) {
    const { exact } = argv;
    const words = argv._.slice(1).map(String);
    const folder = temporaryFolder();
    try {
      const { machine, sockets } = argv.asQemu ? asQemu(words, folder.path) : described(argv);
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
    machine: { description, images, names },
    sockets: { qtest: socket, qmp: qmp === undefined ? [] : [qmp] },
  };
}

function asQemu(words: readonly string[], folder: string): { machine: Machine; sockets: Sockets } {
  const command = parseQemuCommand(words);
  if (command.qtestSocket === undefined) {
    throw new UserError('no socket is named', { place: '-qtest', nextStep: 'Give -qtest unix:PATH.' });
  }
  const described = describeMachine(requestOf(command.machine, folder));
  return {
    machine: { ...described, names: command.machine?.names ?? new Map() },
    sockets: { qtest: command.qtestSocket, qmp: command.qmpSockets },
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
      quit: () => quit(),
    });
    qtestSocket.onText = (piece) => session.take(piece);
    for (const path of sockets.qmp) {
      const socket = await connectSocket(path);
      open.push(socket);
      const qmp = session.openQmp((text) => socket.write(text));
      socket.onText = (piece) => qmp.take(piece);
    }
    await Promise.race([ended, qtestSocket.closed]);
  } finally {
    for (const socket of open) socket.close();
    watch.close();
  }
}
