/**
 * A SCSI host adapter: a SCRIPTS processor that serves a SCSI bus by itself and masters the host's bus for instructions and
 * data. Software writes the address of a script and waits for interrupts.
 */
import { defineDevice, type Width } from '../device.js';
import type { PciIdentity } from '../pci-identity.js';
import { assertRequest, resetBus, resumeScript, setAttention, tryReselection } from './bus.js';
import { dmaInterrupt, scsiInterrupt, stopScript, updateInterrupt } from './interrupts.js';
import {
  ctest2,
  dcntl,
  dmode,
  dstat,
  istat0,
  line,
  readOnlyBits,
  register,
  registerBytes,
  resetValues,
  scntl1,
  sist0,
  sist1,
  sstat0,
} from './registers.js';
import { type RegisterFile, runScript, startScript } from './scripts.js';
import {
  type AdapterBoard,
  type AdapterContext,
  type AdapterState,
  adapterState,
  get8,
  ramBytes,
  set8,
  targetsMost,
  ticksPerMicrosecond,
} from './state.js';
import { generalTicks } from './timers.js';

/** The PCI identity of the adapter. */
export const lsi53c895aPci: PciIdentity = {
  vendor: 0x1000,
  device: 0x0012,
  revision: 0x00,
  classCode: 0x010000,
  subsystemVendor: 0x1000,
  subsystem: 0x1000,
  interruptPin: 1,
  ranges: {
    0: { kind: 'ports', bytes: 256 },
    1: { kind: 'memory', bytes: 1024 },
    2: { kind: 'memory', bytes: ramBytes },
  },
  latencies: { minimumGrant: 0x11, maximumLatency: 0x40 },
};

const scratchA = 0x34;
const scratchB = 0x5c;
const shownBase = 0x08; // CTEST2, PCICIE: the scratch registers show base addresses.

/** Takes what an interrupt status register holds: reading clears it. */
function take(context: AdapterContext, at: number): number {
  const value = get8(context, at);
  set8(context, at, 0);
  updateInterrupt(context);
  return value;
}

/** A byte of a scratch register, or of the base address that it shows instead. */
function readScratch(context: AdapterContext, at: number, first: number, range: 1 | 2): number {
  if ((get8(context, register.CTEST2) & shownBase) === 0) return get8(context, at);
  return ((context.board.base(range) ?? 0) >>> (8 * (at - first))) & 0xff;
}

function readByte(context: AdapterContext, at: number): number {
  if (at >= scratchA && at < scratchA + 4) return readScratch(context, at, scratchA, 1);
  if (at >= scratchB && at < scratchB + 4) return readScratch(context, at, scratchB, 2);
  switch (at) {
    case register.DSTAT:
      return take(context, at) | dstat.DFE;
    case register.SIST0:
    case register.SIST1:
      return take(context, at);
    case register.CTEST2: {
      const signalled = (get8(context, register.ISTAT0) & istat0.SIGP) !== 0;
      set8(context, register.ISTAT0, get8(context, register.ISTAT0) & ~istat0.SIGP);
      return get8(context, at) | ctest2.CM | (signalled ? ctest2.SIGP : 0);
    }
    default:
      return get8(context, at);
  }
}

/** Puts the registers into the state after a reset. The RAM keeps its content. */
function resetRegisters(context: AdapterContext): void {
  const { state } = context;
  state.registers.fill(0);
  for (const [at, value] of resetValues) set8(context, at, value);
  state.carry = false;
  state.again = false;
  state.generalTicks = Infinity;
  stopScript(context);
}

function writeStatus(context: AdapterContext, value: number): void {
  const { state } = context;
  const kept = get8(context, register.ISTAT0) & (istat0.CON | istat0.SIP | istat0.DIP);
  const onTheFly = get8(context, register.ISTAT0) & ~value & istat0.INTF;
  if (value & istat0.SRST) {
    resetRegisters(context);
    for (const nexus of state.nexus) Object.assign(nexus, { active: false, disconnected: false, ticksLeft: Infinity });
    Object.assign(state.bus, { connected: false, request: false, attention: false, ticksLeft: Infinity, phase: 0 });
    set8(context, register.ISTAT0, value & istat0.SRST);
    updateInterrupt(context);
    return;
  }
  set8(context, register.ISTAT0, (value & (istat0.ABRT | istat0.SIGP | istat0.SEM)) | kept | onTheFly);
  if (value & istat0.ABRT) dmaInterrupt(context, dstat.ABRT);
  if (value & istat0.SIGP && state.script === 'reselect') resumeScript(context);
  updateInterrupt(context);
}

/** SCNTL1: RST resets the bus when it rises; the chip sees its own reset. */
function writeBusControl(context: AdapterContext, value: number): void {
  const wasReset = (get8(context, register.SSTAT0) & sstat0.RST) !== 0;
  const resets = (value & scntl1.RST) !== 0;
  set8(context, register.SCNTL1, (value & ~scntl1.CON) | (get8(context, register.SCNTL1) & scntl1.CON));
  set8(context, register.SSTAT0, (get8(context, register.SSTAT0) & ~sstat0.RST) | (resets ? sstat0.RST : 0));
  if (!resets || wasReset) return;
  resetBus(context);
  scsiInterrupt(context, sist0.RST, 0);
}

function writeByte(context: AdapterContext, at: number, value: number): void {
  const { state } = context;
  if (at === register.ISTAT0) return writeStatus(context, value);
  if (at === register.SCNTL1) return writeBusControl(context, value);
  const fixed = readOnlyBits.get(at) ?? 0;
  set8(context, at, (get8(context, at) & fixed) | (value & ~fixed));
  switch (at) {
    case register.DSP + 3:
      if ((get8(context, register.DMODE) & dmode.MAN) === 0) startScript(context);
      return;
    case register.DCNTL:
      set8(context, at, value & ~dcntl.STD);
      if (value & dcntl.STD && state.script === 'stopped') startScript(context);
      return updateInterrupt(context);
    case register.DIEN:
    case register.SIEN0:
    case register.SIEN1:
      return updateInterrupt(context);
    case register.SCID:
      return tryReselection(context);
    case register.SOCL:
      if (state.bus.connected) setAttention(context, (value & line.ATN) !== 0);
      return;
    case register.STIME1:
      state.generalTicks = generalTicks(context);
      return;
    case register.CTEST3:
      set8(context, at, value & 0x03 & ~fixed); // The FIFO is flushed and cleared at once: it is empty.
      return;
  }
}

const file: RegisterFile = {
  read: (context, at) => readByte(context, at & (registerBytes - 1)),
  write: (context, at, value) => writeByte(context, at & (registerBytes - 1), value),
};

/** Passes `ticks` of one countdown; true when it ran out. */
const runsOut = (left: number): boolean => left === 0;

function advance(context: AdapterContext, ticks: number): void {
  const { state } = context;
  state.scriptTicks -= ticks;
  state.selectionTicks -= ticks;
  state.generalTicks -= ticks;
  state.bus.ticksLeft -= ticks;
  let comes = false;
  for (const nexus of state.nexus) {
    if (nexus.ticksLeft === 0) continue; // It waits for the bus.
    nexus.ticksLeft -= ticks;
    comes ||= nexus.ticksLeft === 0;
  }
  if (runsOut(state.generalTicks)) {
    state.generalTicks = Infinity;
    scsiInterrupt(context, 0, sist1.GEN);
  }
  if (runsOut(state.selectionTicks)) {
    state.selectionTicks = Infinity;
    scsiInterrupt(context, 0, sist1.STO);
  }
  if (runsOut(state.bus.ticksLeft)) assertRequest(context);
  if (comes) tryReselection(context);
  if (runsOut(state.scriptTicks) && state.script === 'running') runScript(context, file);
}

function nextEdge({ state }: AdapterContext): number {
  let next = Math.min(state.scriptTicks, state.selectionTicks, state.generalTicks, state.bus.ticksLeft);
  for (let id = 0; id < targetsMost; id++) {
    const { ticksLeft } = state.nexus[id]!;
    if (ticksLeft > 0 && ticksLeft < next) next = ticksLeft;
  }
  return next;
}

const bytesOf = (width: Width): number[] => Array.from({ length: width }, (_, at) => at);
const join = (width: Width, byte: (at: number) => number): number =>
  bytesOf(width).reduce((value, at) => value + byte(at) * 2 ** (8 * at), 0);

const operations = {
  readRegister: (context: AdapterContext, offset: number, width: Width): number =>
    join(width, (at) => file.read(context, offset + at)),
  writeRegister(context: AdapterContext, offset: number, value: number, width: Width): void {
    for (const at of bytesOf(width)) file.write(context, offset + at, (value >>> (8 * at)) & 0xff);
  },
  readRam: ({ state }: AdapterContext, offset: number, width: Width): number =>
    join(width, (at) => state.ram[(offset + at) & (ramBytes - 1)]!),
  writeRam({ state }: AdapterContext, offset: number, value: number, width: Width): void {
    for (const at of bytesOf(width)) state.ram[(offset + at) & (ramBytes - 1)] = value >>> (8 * at);
  },
};

/** The SCSI host adapter. */
export const lsi53c895a = defineDevice<AdapterState, never, never, 'interrupt', AdapterBoard, typeof operations>({
  name: 'lsi53c895a',
  source: 'LSI53C895A PCI to Ultra2 SCSI Controller, Technical Manual version 2.2, order number S14028.B',
  notModelled: [
    'target mode, other initiators on the bus, low-level arbitration and handshakes by SCNTL0, SOCL and SODL',
    'wide transfers (targets refuse them), parity, the DMA and SCSI FIFOs (always empty), byte chaining',
    'unexpected disconnection, gross errors, the handshake timer',
    'stacked interrupts: causes that come while one is pending join it',
    '64-bit addresses, prefetch, cache line commands; big-endian order',
    'serial EEPROM, expansion ROM, general purpose pins',
    'tagged commands in parallel: a target has one command at a time',
  ],
  clock: { numerator: 1_000_000 * ticksPerMicrosecond, denominator: 1 },
  registers: {},
  inputs: [],
  outputs: ['interrupt'],
  state: adapterState,
  reset(context) {
    resetRegisters(context);
    updateInterrupt(context);
  },
  advance,
  nextEdge,
  read: {},
  write: {},
  operations,
});
