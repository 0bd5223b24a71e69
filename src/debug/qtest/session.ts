/** One test program's session: a machine on a bench, its two protocols, and the media of its drives. */
import type { Cycle } from '../../base/integers.js';
import { digestOf, ImageStore, openImage } from '../../host/images.js';
import type { Bench } from '../../machine/bench.js';
import { createMachine } from '../../host/machines.js';
import type { Drive, Images, MachineDescription, PowerOn } from '../../machine/machine.js';
import { QmpSession } from './qmp.js';
import { QtestServer } from './server.js';

export interface SessionOptions {
  readonly description: MachineDescription;
  readonly images: Images;
  readonly powerOn: PowerOn;
  /** Drives by the names that the test program knows. */
  readonly names: ReadonlyMap<string, Drive>;
  /** Lets chips finish their work after every access. */
  readonly settles: boolean;
  /** Takes a line of the qtest protocol. */
  readonly send: (line: string) => void;
  /** The test program asks for the end. */
  readonly quit: () => void;
}

export interface QtestSession {
  /** Takes a piece of the qtest protocol's stream. */
  take(piece: string): void;
  /** Opens a QMP session whose answers go to `send`; what comes back takes its stream. */
  openQmp(send: (text: string) => void): { take(piece: string): void };
}

/** Makes the machine and its session. Throws UserError for a machine that cannot be. */
export function createQtestSession(options: SessionOptions): QtestSession {
  const images = new ImageStore(options.images);
  const machine = createMachine(options.description, images, options.powerOn);
  const bench = machine.bench();
  startFloppyController(bench);
  const server = new QtestServer(bench, { send: options.send, settles: options.settles });
  let pending = '';
  return {
    take(piece) {
      const lines = (pending + piece).split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) server.line(line);
    },
    openQmp: (send) =>
      new QmpSession(
        {
          reset: () => machine.input({ kind: 'reset' }),
          insert(drive, path, writable) {
            const image = openImage(path, 'It was to go into a drive.');
            const sha256 = digestOf(image);
            images.keep(sha256, image);
            machine.input({ kind: 'media', drive, medium: { sha256, size: image.size, writable } });
          },
          eject: (drive) => machine.input({ kind: 'media', drive }),
          drive: (name) => options.names.get(name),
          quit: options.quit,
          microseconds: () => Math.floor((bench.cycle / bench.cyclesPerSecond) * 1e6),
        },
        send,
      ),
  };
}

const floppyPorts = { digitalOutput: 0x3f2, data: 0x3f5 } as const;
/** Not in reset, interrupts and DMA on, drive A selected with its motor running. */
const driveReady = 0x1c;
const senseInterrupt = 0x08;
const drives = 4;

/**
 * The floppy controller comes out of its hardware reset held in it, until software says otherwise; test programs find it as
 * firmware leaves it: running, the drive selected, and the interrupts of its reset sensed.
 */
function startFloppyController(bench: Bench): void {
  const settle = (): void => {
    while (bench.nextWork() !== Infinity) bench.pass(bench.nextWork() as Cycle);
  };
  bench.writePort(floppyPorts.digitalOutput, driveReady, 1);
  settle();
  for (let drive = 0; drive < drives; drive++) {
    bench.writePort(floppyPorts.data, senseInterrupt, 1);
    settle();
    for (let byte = 0; byte < 2; byte++) {
      bench.readPort(floppyPorts.data, 1);
      settle();
    }
  }
}
