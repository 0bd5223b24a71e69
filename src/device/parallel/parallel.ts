/**
 * Parallel port with a printer: standard and bidirectional port, enhanced port, extended capabilities with their FIFO.
 *
 * Source: Microsoft, "Extended Capabilities Port Protocol and ISA Interface Standard" 1.09; SMC FDC37C665GT data sheet,
 * "Parallel Port"; IEEE 1284-1994, compatibility mode; IBM PC AT Technical Reference, "Parallel Printer Adapter" (interrupt).
 *
 * Not modelled: see `notModelled` below.
 */
import { byteQueue, count, flag, type StateOf, struct, u8 } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';
import { configurationA, configurationB, control, extended, modes, offsets, status } from './registers.js';

const fifoBytes = 16;
/** The FIFO asks for service when it has room for this many bytes, or holds as many to be read. */
const serviceThreshold = fifoBytes / 2;

/** Times in ticks of a microsecond: how long the printer is busy with a byte, and how long its acknowledgement is. */
const times = { work: 20, acknowledge: 5 } as const;

/** What data lines read as that nobody drives. */
const floating = 0xff;

const state = struct({
  data: u8(),
  control: u8(),
  /** Mode and interrupt bits of the extended control register. */
  extended: u8(extended.serviceInterrupt),
  fifo: byteQueue(fifoBytes),
  enhancedTimeout: flag(),
  /** The printer works on a byte until this runs out, then it acknowledges. */
  ticksToAcknowledge: count(Infinity),
  ticksToReady: count(Infinity),
  /** The acknowledgement has ended since the last one began, and asks for an interrupt. */
  acknowledged: flag(),
  /** The FIFO has asked for service. */
  serviceAsked: flag(),
});

type ParallelState = StateOf<typeof state>;

/** What is at the other end of the cable. */
export interface ParallelBoard {
  /** The printer takes a byte. */
  print(byte: number): void;
}

type Context = DeviceContext<ParallelState, 'interrupt', ParallelBoard>;

const modeOf = (port: ParallelState): number => port.extended >> extended.modeShift;
const busy = (port: ParallelState): boolean => port.ticksToAcknowledge !== Infinity || port.ticksToReady !== Infinity;

function driveInterrupt({ state: port, lines }: Context): void {
  const enabled = (port.control & control.interruptEnable) !== 0;
  lines.interrupt((enabled && port.acknowledged) || port.serviceAsked);
}

/** A strobe reaches the printer, which takes the byte unless it is busy or held in its reset. */
function strobe(context: Context, byte: number): void {
  const { state: port, board } = context;
  if (busy(port) || (port.control & control.notInitialise) === 0) return;
  port.ticksToAcknowledge = times.work;
  board.print(byte);
}

/** Sends the FIFO's next byte in the mode in which the port strobes by itself. */
function feedPrinter(context: Context): void {
  const { state: port } = context;
  if (modeOf(port) !== modes.fifo || busy(port) || (port.control & control.notInitialise) === 0) return;
  const byte = port.fifo.shift();
  if (byte !== undefined) strobe(context, byte);
}

/** Asks for service once when the FIFO has come to its threshold. */
function askForService(context: Context): void {
  const { state: port } = context;
  const mode = modeOf(port);
  const hasFifo = mode === modes.fifo || mode === modes.capabilities || mode === modes.test;
  if (!hasFifo || (port.extended & extended.serviceInterrupt) !== 0) return;
  const incoming = mode !== modes.fifo && (port.control & control.input) !== 0;
  const count = incoming ? port.fifo.length : fifoBytes - port.fifo.length;
  if (count < serviceThreshold) return;
  port.extended |= extended.serviceInterrupt;
  port.serviceAsked = true;
}

function settle(context: Context): void {
  feedPrinter(context);
  askForService(context);
  driveInterrupt(context);
}

function writeControl(context: Context, value: number): void {
  const { state: port } = context;
  const rises = value & ~port.control;
  port.control = value & control.kept;
  // The line follows the acknowledgement from now on; what ended before is past.
  if (rises & control.interruptEnable || (value & control.interruptEnable) === 0) port.acknowledged = false;
  if ((value & control.notInitialise) === 0) [port.ticksToAcknowledge, port.ticksToReady] = [Infinity, Infinity];
  if (rises & control.strobe && modeOf(port) !== modes.fifo) strobe(context, port.data);
  settle(context);
}

/** Between modes the port passes through the standard or the bidirectional one, which empty the FIFO. */
function writeExtended(context: Context, value: number): void {
  const { state: port } = context;
  port.extended = value & extended.written;
  if (modeOf(port) <= modes.bidirectional) port.fifo.length = 0;
  if (value & extended.serviceInterrupt) port.serviceAsked = false;
  settle(context);
}

function readExtended({ extended: value, fifo }: ParallelState): number {
  return value | (fifo.length === fifoBytes ? extended.full : 0) | (fifo.length === 0 ? extended.empty : 0);
}

function readStatus(port: ParallelState): number {
  const acknowledges = port.ticksToReady !== Infinity;
  return (
    (busy(port) ? 0 : status.notBusy) |
    (acknowledges ? 0 : status.notAcknowledge) |
    (port.enhancedTimeout ? status.enhancedTimeout : 0) |
    (status.selected | status.notError | status.reserved)
  );
}

/** Whether the port's own data register drives the lines. */
function drivesData(port: ParallelState): boolean {
  return modeOf(port) === modes.standard || (port.control & control.input) === 0;
}

function writeFifo(context: Context, value: number): void {
  const { state: port } = context;
  const takes = modeOf(port) !== modes.configuration && modeOf(port) !== modes.standard;
  if (takes && port.fifo.length < fifoBytes) port.fifo.push(value);
  settle(context);
}

function readFifo(context: Context): number {
  const { state: port } = context;
  if (modeOf(port) === modes.configuration) return configurationA;
  const byte = modeOf(port) === modes.test ? port.fifo.shift() : undefined;
  settle(context);
  return byte ?? floating;
}

/** A cycle of the enhanced port: the printer knows none, so the port gives up after ten microseconds, which pass at once. */
function enhancedCycle({ state: port }: Context): number {
  if (modeOf(port) === modes.enhanced) port.enhancedTimeout = true;
  return floating;
}

/** The port; register offsets are from its base, 378h for the first one. */
export const parallel = defineDevice({
  name: 'parallel',
  source: 'Microsoft, "Extended Capabilities Port Protocol and ISA Interface Standard" 1.09; SMC FDC37C665GT',
  notModelled: [
    'a peripheral that negotiates: bytes of the ECP mode stay in the FIFO, cycles of the enhanced port time out',
    'DMA of the FIFO, run-length compression, the interrupt of the error line',
    'what the printer makes of its bytes, paper, and errors: it takes every byte, 40,000 a second at most',
    'nibble and byte mode: nothing comes back from the printer',
  ],
  clock: { numerator: 1_000_000, denominator: 1 },
  registers: offsets,
  inputs: [],
  outputs: ['interrupt'],
  state,

  reset: driveInterrupt,

  advance(context: Context, ticks) {
    const { state: port } = context;
    port.ticksToAcknowledge -= ticks;
    port.ticksToReady -= ticks;
    if (port.ticksToReady === 0) {
      port.ticksToReady = Infinity;
      port.acknowledged = (port.control & control.interruptEnable) !== 0;
    }
    if (port.ticksToAcknowledge === 0) {
      port.ticksToAcknowledge = Infinity;
      port.ticksToReady = times.acknowledge;
      port.acknowledged = false;
    }
    settle(context);
  },

  nextEdge: ({ state: port }) => Math.min(port.ticksToAcknowledge, port.ticksToReady),

  read: {
    data: ({ state: port }) => (drivesData(port) ? port.data : floating),
    status: ({ state: port }) => readStatus(port),
    control: ({ state: port }) => port.control | control.reserved,
    eppAddress: enhancedCycle,
    eppData0: enhancedCycle,
    eppData1: enhancedCycle,
    eppData2: enhancedCycle,
    eppData3: enhancedCycle,
    fifo: readFifo,
    configurationB: ({ state: port }) => (modeOf(port) === modes.configuration ? configurationB : floating),
    extendedControl: ({ state: port }) => readExtended(port),
  },
  write: {
    data: ({ state: port }, value) => void (port.data = value),
    /** Writing a one there clears the time-out. */
    status({ state: port }, value) {
      if (value & status.enhancedTimeout) port.enhancedTimeout = false;
    },
    control: writeControl,
    eppAddress: (context) => void enhancedCycle(context),
    eppData0: (context) => void enhancedCycle(context),
    eppData1: (context) => void enhancedCycle(context),
    eppData2: (context) => void enhancedCycle(context),
    eppData3: (context) => void enhancedCycle(context),
    fifo: writeFifo,
    extendedControl: writeExtended,
  },
});
