/**
 * Local APIC: vectors waiting and in service, their priorities, the local vector table, the timer, and interrupts sent to itself.
 *
 * Source: Intel SDM Vol. 3A, chapter 10 (document 253668), as of the P6 family.
 * Not modelled: see `notModelled` below. A software-disabled APIC lets LINT0 and LINT1 through as INTR and NMI, as a disabled
 * one does, so that a firmware that never heard of it works.
 */
import { resetState, type StateOf } from '../../state/schema.js';
import { defineDevice, type DeviceContext, type Width } from '../device.js';
import {
  delivery,
  dividerOf,
  errors,
  isReadOnly,
  localVector,
  localVectorBits,
  type LocalVectorName,
  localVectorNames,
  offsets,
  softwareEnable,
  versionValue,
} from './registers.js';
import { stateFields } from './state.js';
import { classOf, exclude, has, highest, include } from './vector-set.js';

type State = StateOf<typeof stateFields>;

/** What the board grants. */
export interface LocalApicBoard {
  /** A level-triggered interrupt with this vector has ended. */
  readonly endOfInterrupt: (vector: number) => void;
  /** INIT reaches the processor. */
  readonly init: () => void;
  /** LINT0 takes the 8259As' interrupts from a reset on, as QEMU's does; by the manual firmware has to say so. */
  readonly asQemu?: boolean;
}
type Context = DeviceContext<State, 'interrupt' | 'nonMaskable', LocalApicBoard>;

/** A message as it reaches a local APIC. */
export interface ApicMessage {
  readonly mode: number;
  readonly vector: number;
  readonly level: boolean;
  readonly logical: boolean;
  readonly destination: number;
}

const words = 8;
const lowestVector = 16;

function processorPriority(state: State): number {
  const serving = Math.max(highest(state.inService), 0);
  return classOf(state.taskPriority) >= classOf(serving) ? state.taskPriority : classOf(serving);
}
const isOn = (state: State): boolean => state.enabled && (state.spuriousVector & softwareEnable) !== 0;

/** The vector that the processor would be given now; -1 for none. */
function deliverable(state: State): number {
  if (!isOn(state)) return -1;
  const vector = highest(state.requests);
  return vector >= 0 && classOf(vector) > classOf(processorPriority(state)) ? vector : -1;
}

/** Whether the 8259As' output reaches the processor: LINT0 is INTR unless its entry says otherwise (section 10.5.1). */
function externalDue(state: State): boolean {
  if (!state.lint0High) return false;
  if (!isOn(state)) return true;
  return (state.lint0 & localVector.masked) === 0 && ((state.lint0 >> 8) & 7) === delivery.external;
}

function drive(context: Context): void {
  context.lines.interrupt(deliverable(context.state) >= 0 || externalDue(context.state));
}

/** Notes an error; the first since the status register was written also interrupts (section 10.5.3). */
function raiseError(context: Context, bits: number): void {
  const { state } = context;
  const armed = state.errorsSeen === 0;
  // Noted before: an error entry whose own vector is illegal is an error too, and must not raise another.
  state.errorsSeen |= bits;
  if (armed) deliverLocal(context, 'error');
}

function accept(context: Context, vector: number, level: boolean): void {
  const { state } = context;
  if (vector < lowestVector) return raiseError(context, errors.receiveIllegalVector);
  include(state.requests, vector);
  if (level) include(state.triggerMode, vector);
  else exclude(state.triggerMode, vector);
  drive(context);
}

/** An event of the local vector table. */
function deliverLocal(context: Context, name: LocalVectorName): void {
  const { state } = context;
  const entry = state[name];
  if ((entry & localVector.masked) !== 0 || !isOn(state)) return;
  const mode = name === 'timer' || name === 'error' ? delivery.fixed : (entry >> 8) & 7;
  if (mode === delivery.fixed) {
    const level = name === 'lint0' && (entry & localVector.level) !== 0;
    if (level && (entry & localVector.remoteRequest) !== 0) return;
    if (level) state[name] = entry | localVector.remoteRequest;
    accept(context, entry & 0xff, level);
  } else if (mode === delivery.nonMaskable) pulseNonMaskable(context);
  else if (mode === delivery.init) context.board.init();
}
function pulseNonMaskable({ lines }: Context): void {
  lines.nonMaskable(true);
  lines.nonMaskable(false);
}

function setLint(context: Context, name: 'lint0' | 'lint1', high: boolean): void {
  const { state } = context;
  const key = name === 'lint0' ? 'lint0High' : 'lint1High';
  const rises = high && !state[key];
  state[key] = high;
  if (rises && (!isOn(state) ? name === 'lint1' : ((state[name] >> 8) & 7) !== delivery.external)) {
    if (isOn(state)) deliverLocal(context, name);
    else pulseNonMaskable(context);
  }
  drive(context);
}

/** Whether a message's destination is this APIC (section 10.6.2). */
function isFor(state: State, { logical, destination }: ApicMessage): boolean {
  if (!logical) return destination === state.id || (destination & 0x0f) === 0x0f || destination === 0xff;
  if (destination === 0xff) return true;
  const flat = state.destinationFormat >>> 28 === 0xf;
  const mine = state.logicalDestination >>> 24;
  return flat ? (destination & mine) !== 0 : destination >> 4 === mine >> 4 && (destination & mine & 0x0f) !== 0;
}

/** Takes a message; false when it is not for this APIC. */
function receive(context: Context, message: ApicMessage): boolean {
  const { state } = context;
  if (!state.enabled || !isFor(state, message)) return false;
  switch (message.mode) {
    case delivery.fixed:
    case delivery.lowest:
      if (!isOn(state)) return false;
      accept(context, message.vector, message.level);
      return true;
    case delivery.nonMaskable:
      pulseNonMaskable(context);
      return true;
    case delivery.init:
      context.board.init();
      return true;
    default:
      return true; // A system management interrupt or a start-up message changes nothing here.
  }
}

/** The interrupt command register's low half sends (section 10.6.1). */
function sendCommand(context: Context, value: number): void {
  const { state } = context;
  state.commandLow = value & 0x000c_cfff;
  const mode = (value >> 8) & 7;
  const shorthand = (value >> 18) & 3;
  const assert = (value & 0x4000) !== 0;
  if (mode === delivery.init && !assert) return; // Only synchronises arbitration identifiers.
  if ((mode === delivery.fixed || mode === delivery.lowest) && (value & 0xff) < lowestVector) {
    return raiseError(context, errors.sendIllegalVector);
  }
  // All but itself: there is no other. What no APIC takes is an error of the P6 family's (figure 10-9).
  if (shorthand === 3) return raiseError(context, errors.sendAccept);
  const toSelf = { logical: false, destination: state.id };
  const addressed = { logical: (value & 0x800) !== 0, destination: state.commandHigh >>> 24 };
  const taken = receive(context, {
    mode,
    vector: value & 0xff,
    level: false,
    ...(shorthand === 0 ? addressed : toSelf),
  });
  if (!taken) raiseError(context, errors.sendAccept);
}

function endOfInterrupt(context: Context): void {
  const { state, board } = context;
  const vector = highest(state.inService);
  if (vector < 0) return;
  exclude(state.inService, vector);
  const level = has(state.triggerMode, vector);
  drive(context);
  if (!level) return;
  const ownLevel = (state.lint0 & localVector.remoteRequest) !== 0 && (state.lint0 & 0xff) === vector;
  if (ownLevel) {
    state.lint0 &= ~localVector.remoteRequest;
    if (state.lint0High) deliverLocal(context, 'lint0');
  }
  board.endOfInterrupt(vector);
}

function writeSpurious(context: Context, value: number): void {
  const { state } = context;
  state.spuriousVector = (value & 0x3f0) | 0x0f;
  // Software-disabled: every entry is masked (section 10.4.7.2).
  if ((value & softwareEnable) === 0) for (const name of localVectorNames) state[name] |= localVector.masked;
  drive(context);
}

function writeLocalVector(context: Context, name: LocalVectorName, value: number): void {
  const { state } = context;
  // Only a level that waits for its end has a remote request.
  const kept = (value & localVector.level) !== 0 ? state[name] & localVector.remoteRequest : 0;
  const bits = (value & localVectorBits[name]) | kept;
  state[name] = (state.spuriousVector & softwareEnable) !== 0 ? bits : bits | localVector.masked;
  if (name === 'lint0') drive(context);
}

const counted = (state: State): number => Math.ceil(state.remaining / dividerOf(state.divide));

const localVectorAt = new Map(localVectorNames.map((name): [number, LocalVectorName] => [offsets[name], name]));
const vectorSets = (['inService', 'triggerMode', 'requests'] as const).map((name) => ({ name, start: offsets[name] }));

function readRegister(context: Context, offset: number): number {
  const { state } = context;
  const set = vectorSets.find(({ start }) => offset >= start && offset < start + 16 * words);
  if (set !== undefined) return state[set.name][(offset - set.start) >> 4]!;
  const local = localVectorAt.get(offset);
  if (local !== undefined) return state[local];
  switch (offset) {
    case offsets.id:
      return (state.id << 24) >>> 0;
    case offsets.version:
      return versionValue;
    case offsets.taskPriority:
      return state.taskPriority;
    case offsets.arbitrationPriority:
    case offsets.processorPriority:
      return processorPriority(state);
    case offsets.logicalDestination:
      return state.logicalDestination;
    case offsets.destinationFormat:
      return state.destinationFormat;
    case offsets.spuriousVector:
      return state.spuriousVector;
    case offsets.errorStatus:
      return state.errorStatus;
    case offsets.commandLow:
      return state.commandLow;
    case offsets.commandHigh:
      return state.commandHigh;
    case offsets.initialCount:
      return state.initialCount;
    case offsets.currentCount:
      return counted(state);
    case offsets.divide:
      return state.divide;
    case offsets.endOfInterrupt:
      return 0;
    default:
      raiseError(context, errors.illegalRegister);
      return 0;
  }
}

function writeRegister(context: Context, offset: number, value: number): void {
  const { state } = context;
  const local = localVectorAt.get(offset);
  if (local !== undefined) return writeLocalVector(context, local, value);
  switch (offset) {
    case offsets.id:
      state.id = (value >>> 24) & 0x0f;
      return;
    case offsets.taskPriority:
      state.taskPriority = value & 0xff;
      return drive(context);
    case offsets.endOfInterrupt:
      return endOfInterrupt(context);
    case offsets.logicalDestination:
      state.logicalDestination = (value & 0xff00_0000) >>> 0;
      return;
    case offsets.destinationFormat:
      state.destinationFormat = (value | 0x0fff_ffff) >>> 0;
      return;
    case offsets.spuriousVector:
      return writeSpurious(context, value);
    case offsets.errorStatus:
      state.errorStatus = state.errorsSeen;
      state.errorsSeen = 0;
      return;
    case offsets.commandLow:
      return sendCommand(context, value);
    case offsets.commandHigh:
      state.commandHigh = (value & 0xff00_0000) >>> 0;
      return;
    case offsets.initialCount:
      state.initialCount = value;
      state.remaining = value * dividerOf(state.divide);
      return;
    case offsets.divide: {
      const left = counted(state);
      state.divide = value & 0x0b;
      state.remaining = left * dividerOf(state.divide);
      return;
    }
    default:
      if (!isReadOnly(offset)) raiseError(context, errors.illegalRegister);
  }
}

/** As after a reset, but for what is given and the levels of the pins. */
function begin({ state }: Context, kept: Partial<State>): void {
  const { lint0High, lint1High } = state;
  resetState(stateFields, state);
  Object.assign(state, { lint0High, lint1High, ...kept });
}

export const localApic = defineDevice({
  name: 'localApic',
  source: 'Intel SDM Vol. 3A, chapter 10, order number 253668',
  notModelled: ['other processors: messages reach this APIC or nobody', 'system management interrupts', 'x2APIC'],
  clock: { numerator: 100_000_000, denominator: 1 },
  registers: {},
  inputs: ['lint0', 'lint1'],
  outputs: ['interrupt', 'nonMaskable'],
  state: stateFields,
  reset(context: Context) {
    if (context.board.asQemu) context.state.lint0 = delivery.external << 8;
    drive(context);
  },
  advance(context: Context, ticks) {
    const { state } = context;
    if (state.remaining === 0) return;
    state.remaining -= ticks;
    if (state.remaining > 0) return;
    const periodic = (state.timer & localVector.periodic) !== 0;
    state.remaining = periodic ? state.initialCount * dividerOf(state.divide) : 0;
    deliverLocal(context, 'timer');
  },
  nextEdge: ({ state }: Context) => (state.remaining > 0 ? state.remaining : Infinity),
  read: {},
  write: {},
  input: {
    lint0: (context: Context, high: boolean) => setLint(context, 'lint0', high),
    lint1: (context: Context, high: boolean) => setLint(context, 'lint1', high),
  },
  operations: {
    /** Registers are 32 bits wide, one every 16 bytes; narrower reads give their part, narrower writes do nothing. */
    readRegister: (context: Context, offset: number, width: Width): number =>
      readRegister(context, offset & 0xff0) >>> (width === 4 ? 0 : 8 * (offset & 3)),
    writeRegister(context: Context, offset: number, value: number, width: Width): void {
      if (width === 4 && (offset & 0x0f) === 0) writeRegister(context, offset, value >>> 0);
    },
    /** A message on the bus between APICs; false when it was not taken. */
    receive,
    /** The processor acknowledges: a vector of its own, or -1 where the 8259As are to be asked. */
    acknowledge(context: Context): number {
      const { state } = context;
      const vector = deliverable(state);
      if (vector < 0) return externalDue(state) ? -1 : state.spuriousVector & 0xff;
      exclude(state.requests, vector);
      include(state.inService, vector);
      drive(context);
      return vector;
    },
    /** Whether the 8259As' requests come to the processor as what no flag of it masks: NMI or INIT. */
    isUnmaskable({ state }: Context): boolean {
      const mode = (state.lint0 >> 8) & 7;
      const isOpen = isOn(state) && (state.lint0 & localVector.masked) === 0;
      return isOpen && (mode === delivery.nonMaskable || mode === delivery.init);
    },
    /** A performance counter overflowed; processors from the Pentium M on mask the entry then. */
    performance(context: Context, masks: boolean): void {
      deliverLocal(context, 'performance');
      if (masks) context.state.performance |= localVector.masked;
    },
    /** INIT reached the processor: as at power-on, but for the identifier (section 10.4.7.3). */
    initialize(context: Context): void {
      const { enabled, id } = context.state;
      begin(context, { enabled, id });
      drive(context);
    },
    /** IA32_APIC_BASE's enable bit (section 10.4.3): an APIC that was switched off is as after a reset. */
    setEnabled(context: Context, enabled: boolean): void {
      if (context.state.enabled && !enabled) begin(context, {});
      context.state.enabled = enabled;
      drive(context);
    },
  },
});
