/**
 * The SCSI bus as its targets drive it (SPI-2, SCSI-2 chapter 6): selection, phases, messages, disconnection and
 * reselection. The initiator's side is in `scripts.ts`.
 */
import { scsiInterrupt } from './interrupts.js';
import { dcntl, istat0, line, phase, type Phase, register, scid, scntl1, sist0, sstat2 } from './registers.js';
import { type AdapterContext, get8, type NexusState, set8, targetsMost, ticksPerMicrosecond } from './state.js';

/** Ticks between two phases of a target that is quick. */
const phaseTicks = 10;

const message = {
  complete: 0x00,
  extended: 0x01,
  disconnect: 0x04,
  abort: 0x06,
  reject: 0x07,
  noOperation: 0x08,
  deviceReset: 0x0c,
  abortTag: 0x0d,
  simpleTag: 0x20,
  orderedTag: 0x22,
  ignoreWideResidue: 0x23,
  identify: 0x80,
} as const;
/** Two-byte messages are those between 20h and 2Fh. */
const isTwoByte = (first: number): boolean => first >= 0x20 && first <= 0x2f;

const nexusOf = ({ state }: AdapterContext): NexusState => state.nexus[state.bus.target]!;

/** Shows the phase and the connection in the registers. */
function show(context: AdapterContext): void {
  const { bus } = context.state;
  set8(context, register.SSTAT1, (get8(context, register.SSTAT1) & ~0x07) | bus.phase);
  const lines = bus.connected ? line.BSY | (bus.request ? line.REQ : 0) | bus.phase : 0;
  set8(context, register.SBCL, lines | (bus.attention ? line.ATN : 0));
  const connected = get8(context, register.SCNTL1) & ~scntl1.CON;
  set8(context, register.SCNTL1, connected | (bus.connected ? scntl1.CON : 0));
  set8(context, register.ISTAT0, (get8(context, register.ISTAT0) & ~istat0.CON) | (bus.connected ? istat0.CON : 0));
  set8(context, register.SSTAT2, bus.connected ? 0 : sstat2.LDSC);
}

/** Goes into a phase; REQ follows after `ticks`. */
function enterPhase(context: AdapterContext, to: Phase, ticks = phaseTicks): void {
  const { bus } = context.state;
  bus.phase = to;
  bus.request = false;
  bus.ticksLeft = Math.max(ticks, 1);
  show(context);
}

/** REQ is there: a script that waited for it goes on. */
export function assertRequest(context: AdapterContext): void {
  const { state } = context;
  state.bus.request = true;
  state.bus.ticksLeft = Infinity;
  show(context);
  if (state.script === 'request') resumeScript(context);
}

/** Lets a waiting script go on with the instruction that waited. */
export function resumeScript({ state }: AdapterContext): void {
  state.script = 'running';
  state.again = true;
  state.scriptTicks = 1;
}

/** Connects the initiator to target `id`, which is there. */
export function selectTarget(context: AdapterContext, id: number, attention: boolean): void {
  const { bus, nexus } = context.state;
  Object.assign(bus, { connected: true, target: id, attention, next: 'command' });
  bus.message.length = 0;
  bus.messageOut.length = 0;
  bus.command.length = 0;
  // A nexus that the target still has is given up when a new command comes: there is one command at a time.
  Object.assign(nexus[id]!, { mayDisconnect: false, logicalUnit: 0, tagged: false });
  enterPhase(context, attention ? phase.messageOut : phase.command);
}

/** The initiator raises or drops ATN; a target goes to MESSAGE OUT when it sees it raised. */
export function setAttention(context: AdapterContext, level: boolean): void {
  const { bus } = context.state;
  bus.attention = level;
  if (level && bus.connected && bus.phase !== phase.messageOut) {
    if (bus.phase === phase.command) bus.next = 'command';
    else if (bus.phase === phase.status) bus.next = 'status';
    else if (bus.phase !== phase.messageIn) bus.next = 'data';
    if (bus.phase !== phase.messageIn || bus.message.length === 0) enterPhase(context, phase.messageOut);
  }
  show(context);
}

/** Leaves the bus free; a target that waits for it may come. */
export function freeBus(context: AdapterContext): void {
  const { state } = context;
  Object.assign(state.bus, { connected: false, request: false, ticksLeft: Infinity, attention: false, phase: 0 });
  state.bus.message.length = 0;
  show(context);
  if (state.script === 'disconnect' || state.script === 'request') resumeScript(context);
}

/** What the target does when its messages, or the host's, are over. */
function proceed(context: AdapterContext): void {
  const { bus } = context.state;
  const nexus = nexusOf(context);
  switch (bus.next) {
    case 'command':
      return enterPhase(context, phase.command);
    case 'data':
      if (nexus.bytesLeft > 0) return enterPhase(context, nexus.direction === 'in' ? phase.dataIn : phase.dataOut);
      return enterPhase(context, phase.status);
    case 'status':
      return enterPhase(context, phase.status);
    case 'leave':
      nexus.disconnected = true;
      return freeBus(context);
    case 'free':
      nexus.active = false;
      return freeBus(context);
  }
}

/** Sends a message; `next` follows it. */
function sendMessage(context: AdapterContext, bytes: readonly number[], next: typeof context.state.bus.next): void {
  const { bus } = context.state;
  bus.message.splice(0, bus.message.length, ...bytes);
  bus.next = next;
  enterPhase(context, phase.messageIn);
}

/** The host takes up to `most` message bytes. */
export function takeMessage(context: AdapterContext, most: number): number[] {
  const { bus } = context.state;
  const taken = bus.message.splice(0, most);
  if (bus.message.length > 0) enterPhase(context, phase.messageIn, 1);
  else if (bus.attention) enterPhase(context, phase.messageOut);
  else proceed(context);
  return taken;
}

/** The host sent message bytes; ATN is off when these were the last. */
export function giveMessage(context: AdapterContext, bytes: readonly number[]): void {
  const { bus } = context.state;
  bus.messageOut.push(...bytes.slice(0, 16 - bus.messageOut.length));
  while (bus.messageOut.length > 0) {
    const length = messageLength(bus.messageOut);
    if (length === undefined || length > bus.messageOut.length) break;
    if (actOnMessage(context, bus.messageOut.splice(0, length))) return;
  }
  if (bus.attention) enterPhase(context, phase.messageOut, 1);
  else {
    bus.messageOut.length = 0; // A message that broke off.
    proceed(context);
  }
}

/** The length of the first message; undefined while it cannot be told. */
function messageLength(bytes: readonly number[]): number | undefined {
  const [first, second] = bytes;
  if (first !== message.extended) return isTwoByte(first!) ? 2 : 1;
  return second === undefined ? undefined : second + 2;
}

/** Acts on one message of the host; true when the target then did something else than to go on. */
function actOnMessage(context: AdapterContext, bytes: readonly number[]): boolean {
  const { state, board } = context;
  const nexus = nexusOf(context);
  const [first, second] = bytes;
  if (first! >= message.identify) {
    nexus.logicalUnit = first! & 0x07;
    nexus.mayDisconnect = (first! & 0x40) !== 0;
    return false;
  }
  if (first! >= message.simpleTag && first! <= message.orderedTag) {
    nexus.tagged = true;
    nexus.tag = second!;
    return false;
  }
  switch (first) {
    case message.extended:
      state.bus.attention = false;
      sendMessage(context, negotiate(bytes), state.bus.next);
      return true;
    case message.abort:
    case message.abortTag:
    case message.deviceReset:
      if (first === message.deviceReset) board.target(state.bus.target)?.busReset();
      else board.target(state.bus.target)?.end();
      Object.assign(nexus, { active: false, disconnected: false, ticksLeft: Infinity });
      freeBus(context);
      return true;
    default:
      return false; // NO OPERATION, MESSAGE REJECT, parity errors: the target goes on.
  }
}

/** The answer to a negotiation: eight bits wide, synchronous as asked for; anything else is rejected. */
function negotiate(bytes: readonly number[]): number[] {
  const [, , code, first, second] = bytes;
  if (code === 0x01 && bytes.length === 5)
    return [message.extended, 3, 0x01, Math.max(first!, 10), Math.min(second!, 31)];
  if (code === 0x03 && bytes.length === 4) return [message.extended, 2, 0x03, 0];
  return [message.reject];
}

/** Bytes of a command by its group; those of vendors' groups are as many as come at once. */
const commandLengths: readonly (number | undefined)[] = [6, 10, 10, undefined, 16, 12, undefined, undefined];

/** Bytes that the target still wants in the COMMAND phase. */
export function commandBytesWanted({ state: { bus } }: AdapterContext, first: number, offered: number): number {
  const operation = bus.command[0] ?? first;
  return (commandLengths[operation >> 5] ?? Math.min(bus.command.length + offered, 16)) - bus.command.length;
}

/** The host gave command bytes, no more than were wanted. */
export function giveCommand(context: AdapterContext, bytes: readonly number[], complete: boolean): void {
  const { state, board } = context;
  const { bus } = state;
  bus.command.push(...bytes);
  if (!complete) return enterPhase(context, phase.command, 1);
  const nexus = nexusOf(context);
  const target = board.target(bus.target);
  const command = Uint8Array.from(bus.command.splice(0));
  // SCSI-1 initiators without IDENTIFY name the unit in the command itself.
  const transfer = target?.begin(command, nexus.logicalUnit);
  Object.assign(nexus, {
    active: true,
    disconnected: false,
    direction: transfer?.direction ?? 'none',
    bytesLeft: transfer?.bytes ?? 0,
    nanosecondsPerByte: transfer?.nanosecondsPerByte ?? 0,
  });
  const ticks = (transfer?.microseconds ?? 0) * ticksPerMicrosecond;
  if (ticks > 0 && nexus.mayDisconnect) {
    nexus.ticksLeft = ticks;
    sendMessage(context, [message.disconnect], 'leave');
    return;
  }
  bus.next = 'data';
  const to = nexus.bytesLeft === 0 ? phase.status : nexus.direction === 'in' ? phase.dataIn : phase.dataOut;
  enterPhase(context, to, Math.max(ticks, phaseTicks));
}

/** Data moved: `bytes` of them. Gives the ticks that the medium took. */
export function passData(context: AdapterContext, bytes: number): number {
  const nexus = nexusOf(context);
  nexus.bytesLeft -= bytes;
  if (nexus.bytesLeft === 0) enterPhase(context, phase.status);
  return Math.floor((bytes * nexus.nanosecondsPerByte * ticksPerMicrosecond) / 1000);
}

/** Bytes that the target still moves in the data phase at hand. */
export const dataBytesLeft = (context: AdapterContext): number => nexusOf(context).bytesLeft;

/** The status byte; COMMAND COMPLETE follows. */
export function takeStatus(context: AdapterContext): number {
  const status = context.board.target(context.state.bus.target)?.end() ?? 0;
  sendMessage(context, [message.complete], 'free');
  return status;
}

/** A target that left the bus comes back as soon as it is free and the chip answers to reselection. */
export function tryReselection(context: AdapterContext): void {
  const { state } = context;
  const { bus } = state;
  const answers = (get8(context, register.SCID) & scid.RRE) !== 0;
  if (bus.connected || state.selecting || !answers) return;
  for (let id = 0; id < targetsMost; id++) {
    const nexus = state.nexus[id]!;
    if (!nexus.active || !nexus.disconnected || nexus.ticksLeft !== 0) continue;
    nexus.disconnected = false;
    nexus.ticksLeft = Infinity;
    Object.assign(bus, { connected: true, target: id, attention: false });
    set8(context, register.SSID, 0x80 | id);
    if ((get8(context, register.DCNTL) & dcntl.COM) === 0) set8(context, register.SFBR, 1 << (id & 7));
    const tag = nexus.tagged ? [message.simpleTag, nexus.tag] : [];
    sendMessage(context, [message.identify | nexus.logicalUnit, ...tag], 'data');
    if (state.script === 'reselect') resumeScript(context);
    if ((get8(context, register.SIEN0) & sist0.RSL) !== 0) scsiInterrupt(context, sist0.RSL, 0);
    return;
  }
}

/** RST on the bus: every target forgets what it did. */
export function resetBus(context: AdapterContext): void {
  const { state, board } = context;
  for (let id = 0; id < targetsMost; id++) {
    board.target(id)?.busReset();
    Object.assign(state.nexus[id]!, { active: false, disconnected: false, ticksLeft: Infinity });
  }
  freeBus(context);
}
