/**
 * The execution phase: READ, WRITE, VERIFY, READ TRACK, READ ID and FORMAT TRACK (82077AA section 5.1). Sector `n` of a
 * track starts at `(n - 1) / sectors` of a revolution after the index hole; its data 62 byte times later.
 */
import { goodSectors } from '../medium.js';
import { stepUnitTicks } from './geometry.js';
import { endTransfer, giveByte, serveHost, takeByte, takesBytes, transferByteTicks, withoutDma } from './host.js';
import {
  advanceAsQemu,
  endsWithoutDisk,
  isLastAsQemu,
  seeksByItself,
  ticksForSlowHost,
  ticksWithoutDisk,
} from './qemu.js';
import { matchesId, operationOf, revolutionOf, ticksUntilAngle, trackUnderHeads, wantedSlot } from './track.js';
import { headAfter, placeHeads, stepTicks } from './seek.js';
import { commandBit, type FloppyContext, type FloppyState, isTurning, selectedRate, st1Bit, st2Bit } from './state.js';

/** Bytes from a sector's start to its data: sync, address mark, ID, CRC, gap 2, sync, data mark. */
const preambleBytes = 62;
const crcBytes = 2;

function schedule(state: FloppyState, step: FloppyState['step'], ticks: number): void {
  state.step = step;
  state.ticksLeft = ticks;
}

/** Begins a transfer command whose parameters are complete. */
export function startTransfer(context: FloppyContext): void {
  const { state } = context;
  const { command } = state;
  const operation = operationOf(state);
  state.phase = 'execution';
  state.unit = command[1]! & 3;
  state.side = (command[1]! >> 2) & 1;
  state.st1 = 0;
  state.st2 = 0;
  state.sectorsPassed = 0;
  state.terminalCount = false;
  state.bufferAt = 0;
  if (operation === 'format') {
    state.lastSectorParameter = command[3]!;
  } else if (operation !== 'readId') {
    [state.cylinder, state.head, state.sector, state.size] = [command[2]!, command[3]!, command[4]!, command[5]!];
    state.lastSectorParameter = command[6]!;
    const distance = command[2]! - state.presentCylinder[state.unit]!;
    if (seeksByItself(context) && distance !== 0) {
      schedule(state, 'impliedSeek', stepTicks(context, distance));
      return;
    }
  }
  loadHeads(context);
}

/** The load time that SPECIFY set, unless the heads are still down from the last transfer on this drive. */
function loadHeads({ state }: FloppyContext): void {
  const loaded = state.headLoadedTicks > 0 && state.headUnit === state.unit;
  const units = state.loadAndMode >> 1 || 128;
  schedule(state, 'headLoad', loaded ? 1 : units * 2 * stepUnitTicks(selectedRate(state)));
}

function isProtected({ state, board }: FloppyContext): boolean {
  return board.drive(state.unit)?.writable === false;
}

/** Waits for the wanted place of the track, or for two index pulses; for ever when nothing turns (section 8.1). */
export function search(context: FloppyContext): void {
  const { state } = context;
  const operation = operationOf(state);
  if (takesBytes(state)) {
    if (isProtected(context)) {
      state.st1 |= st1Bit.notWritable;
      endTransfer(context, true);
      return;
    }
    serveHost(context); // Writing begins with a filled FIFO.
  }
  if (!isTurning(context, state.unit)) {
    schedule(state, 'notFound', ticksWithoutDisk(context));
    return;
  }
  const track = trackUnderHeads(context);
  const slot = track && wantedSlot(context, track, operation);
  if (operation === 'format') schedule(state, 'sectorStart', ticksUntilAngle(context, 0, 1));
  else if (track !== undefined && slot !== undefined) {
    schedule(state, 'sectorStart', ticksUntilAngle(context, slot, track.geometry.sectorsPerTrack));
  } else {
    const revolution = revolutionOf(context);
    schedule(state, 'notFound', ticksUntilAngle(context, 0, 1) + revolution);
  }
}

/** Two index pulses passed without the sector. */
function giveUp(context: FloppyContext): void {
  const { state } = context;
  const end = endsWithoutDisk(context);
  if (end !== undefined) {
    endTransfer(context, end.abnormal);
    return;
  }
  const track = trackUnderHeads(context);
  state.st1 |= track === undefined ? st1Bit.missingMark : st1Bit.noData;
  if (track !== undefined && state.cylinder !== track.cylinder) state.st2 |= st2Bit.wrongCylinder;
  endTransfer(context, true);
}

/** The start of the wanted sector passes the heads. */
function enterSector(context: FloppyContext): void {
  const { state } = context;
  const operation = operationOf(state);
  if (operation === 'format') {
    startFormatSector(context);
    return;
  }
  const track = trackUnderHeads(context);
  if (track === undefined) {
    search(context); // The rate was changed meanwhile.
    return;
  }
  const { sectorsPerTrack } = track.geometry;
  if (operation === 'readId') {
    const slot = Math.round(((state.rotation % revolutionOf(context)) * sectorsPerTrack) / revolutionOf(context));
    const sector = (slot % sectorsPerTrack) + 1;
    Object.assign(state, { cylinder: track.cylinder, head: state.side, sector, size: 2 });
    endTransfer(context, false);
    return;
  }
  const slot = operation === 'readTrack' ? state.sectorsPassed % sectorsPerTrack : state.sector - 1;
  if (!matchesId(state, track) || state.sector !== slot + 1) state.st1 |= st1Bit.noData; // READ TRACK only.
  state.bufferAt = 0;
  if (!takesBytes(state)) track.medium.read(track.firstSector + slot, state.buffer);
  else if (goodSectors(track.medium, 'write', track.firstSector + slot, 1) === 0) {
    schedule(state, 'notFound', ticksUntilAngle(context, 0, 1) + revolutionOf(context)); // Its ID cannot be read.
    return;
  }
  const skipped = operation === 'readDeleted' && (state.command[0]! & commandBit.skip) !== 0;
  if (operation === 'verify' || skipped) {
    schedule(state, 'sectorEnd', (preambleBytes + state.buffer.length + crcBytes) * transferByteTicks(state));
  } else {
    schedule(state, 'byte', (preambleBytes + 1) * transferByteTicks(state));
  }
}

/** One byte of the data field passes the heads. */
function moveByte(context: FloppyContext): void {
  const { state } = context;
  if (takesBytes(state)) {
    const value = takeByte(context);
    if (value === undefined) {
      overrun(context);
      return;
    }
    state.buffer[state.bufferAt++] = value;
  } else if (giveByte(context, state.buffer[state.bufferAt]!)) {
    state.bufferAt++;
  } else {
    overrun(context);
    return;
  }
  const last = state.bufferAt === state.buffer.length;
  schedule(state, last ? 'sectorEnd' : 'byte', (last ? crcBytes : 1) * transferByteTicks(state));
  serveHost(context);
}

/** The host was too slow. */
function overrun(context: FloppyContext): void {
  const { state } = context;
  const patience = ticksForSlowHost(context, selectedRate(state));
  if (patience !== undefined) {
    state.ticksLeft = patience;
    return;
  }
  state.st1 |= st1Bit.overrun;
  endTransfer(context, true);
}

/** Whether the checksum behind the data just read is wrong. */
function isDamaged(context: FloppyContext): boolean {
  const { state } = context;
  const track = trackUnderHeads(context);
  if (track === undefined) return false;
  const isTrack = operationOf(state) === 'readTrack';
  const slot = isTrack ? state.sectorsPassed % track.geometry.sectorsPerTrack : state.sector - 1;
  return goodSectors(track.medium, 'read', track.firstSector + slot, 1) === 0;
}

/** The checksum passes, too: what was written is on the medium now; what was read may turn out to be wrong. */
function endSector(context: FloppyContext): void {
  const { state } = context;
  if (takesBytes(state)) {
    const track = trackUnderHeads(context);
    if (track !== undefined && matchesId(state, track) && track.medium.writable) {
      track.medium.write(track.firstSector + state.sector - 1, state.buffer);
    }
  } else if (isDamaged(context)) {
    state.st1 |= st1Bit.dataError;
    state.st2 |= st2Bit.dataErrorInData;
    serveHost(context);
    if (operationOf(state) !== 'readTrack') {
      endTransfer(context, true); // The host has the data all the same; the ID is that of the bad sector.
      return;
    }
  }
  state.sectorsPassed++;
  drain(context);
}

/** Goes on when the host has taken every byte of a last sector. */
function drain(context: FloppyContext): void {
  const { state } = context;
  if (takesBytes(state)) {
    nextSector(context);
    return;
  }
  serveHost(context);
  const over = isLastSector(context) || state.terminalCount;
  if (!over || state.fifo.length === 0) nextSector(context);
  // Without DMA the host's own read goes on from here; a masked channel is asked again every byte time.
  else schedule(state, 'drain', withoutDma(state) ? Infinity : transferByteTicks(state));
}

/** The sector before this point ends the command even without terminal count. */
function isLastSector(context: FloppyContext): boolean {
  const asQemu = isLastAsQemu(context);
  if (asQemu !== undefined) return asQemu;
  const { state } = context;
  const operation = operationOf(state);
  const [first, second, endOfTrack, length] = [
    state.command[0]!,
    state.command[1]!,
    state.command[6]!,
    state.command[8]!,
  ];
  if (operation === 'readTrack') return state.sectorsPassed >= endOfTrack;
  if (operation === 'readDeleted' && (first & commandBit.skip) === 0) return true;
  if (operation === 'verify' && (second & 0x80) !== 0) return state.sectorsPassed >= (length || 256);
  return state.sector === endOfTrack && ((first & commandBit.multiTrack) === 0 || state.side === 1);
}

/** Ends the command, or turns to the next sector of its sequence. */
function nextSector(context: FloppyContext): void {
  const { state } = context;
  const operation = operationOf(state);
  if (state.terminalCount) {
    advanceId(state);
    endTransfer(context, operation === 'readTrack' && state.st1 !== 0);
  } else if (!isLastSector(context)) {
    if (!advanceAsQemu(context, trackUnderHeads(context))) advanceId(state);
    if (takesBytes(state)) state.bufferAt = 0; // From here on the host gives the next sector's bytes.
    search(context);
  } else if (isLastAsQemu(context)) {
    endTransfer(context, false); // At its length, as well as at terminal count.
  } else if (operation === 'verify') {
    advanceId(state);
    endTransfer(context, false);
  } else if (operation === 'readDeleted' && (state.command[0]! & commandBit.skip) === 0) {
    state.st2 |= st2Bit.controlMark; // An ordinary data mark, where a deleted one was asked for.
    advanceId(state);
    endTransfer(context, false);
  } else {
    state.st1 |= st1Bit.endOfCylinder; // Terminal count never came; the ID stays at the last sector.
    endTransfer(context, true);
  }
}

/** The ID after the sector just passed (section 5.1.1, result phase table). */
function advanceId(state: FloppyState): void {
  if (operationOf(state) === 'readTrack' || state.sector !== state.command[6]) {
    state.sector = (state.sector + 1) & 0xff;
    return;
  }
  const multiTrack = (state.command[0]! & commandBit.multiTrack) !== 0;
  state.sector = 1;
  if (!multiTrack || state.side === 1) state.cylinder = (state.cylinder + 1) & 0xff;
  if (!multiTrack) return;
  state.head ^= 1;
  if (!state.terminalCount && state.side === 0) state.side = 1;
}

/** FORMAT TRACK: the sectors are spread evenly over the revolution; each begins with its ID from the host. */
function startFormatSector(context: FloppyContext): void {
  const { state } = context;
  if (state.sectorsPassed >= state.command[3]!) {
    endTransfer(context, false);
    return;
  }
  state.bufferAt = 0;
  schedule(state, 'formatId', transferByteTicks(state));
  serveHost(context);
}

function takeFormatId(context: FloppyContext): void {
  const { state } = context;
  const value = takeByte(context);
  if (value === undefined) {
    overrun(context);
    return;
  }
  state.buffer[state.bufferAt++] = value;
  const sectorTicks = Math.floor(revolutionOf(context) / state.command[3]!);
  if (state.bufferAt === 4) schedule(state, 'formatSector', Math.max(1, sectorTicks - 4 * transferByteTicks(state)));
  else schedule(state, 'formatId', transferByteTicks(state));
  serveHost(context);
}

/** A sector with the filler byte, where the medium has a sector of that ID; the medium cannot hold others. */
function endFormatSector(context: FloppyContext): void {
  const { state } = context;
  [state.cylinder, state.head, state.sector, state.size] = [...state.buffer.subarray(0, 4)] as [
    number,
    number,
    number,
    number,
  ];
  const track = trackUnderHeads(context);
  if (track !== undefined && matchesId(state, track) && track.medium.writable && state.command[2] === 2) {
    track.medium.write(track.firstSector + state.sector - 1, state.buffer.fill(state.command[5]!));
  }
  state.sectorsPassed++;
  startFormatSector(context);
}

function arrive(context: FloppyContext): void {
  const { state } = context;
  const target = state.command[2]!;
  const steps = target - state.presentCylinder[state.unit]!;
  placeHeads(context, state.unit, target, headAfter(context, state.unit, steps), steps !== 0);
  loadHeads(context);
}

/** What happens when the time of the execution's step is up. */
export const stepEnds: Readonly<Partial<Record<FloppyState['step'], (context: FloppyContext) => void>>> = {
  impliedSeek: arrive,
  headLoad: search,
  sectorStart: enterSector,
  notFound: giveUp,
  byte: moveByte,
  sectorEnd: endSector,
  drain,
  formatId: takeFormatId,
  formatSector: endFormatSector,
};

/** Steps that need a turning medium. */
const turningSteps: readonly FloppyState['step'][] = [
  'sectorStart',
  'notFound',
  'byte',
  'sectorEnd',
  'formatId',
  'formatSector',
];

/** A motor was switched: a search that waited for index pulses begins, and what needed them waits. */
export function motorsChanged(context: FloppyContext): void {
  const { state } = context;
  const waiting = state.step === 'notFound' && state.ticksLeft === Infinity;
  if (turningSteps.includes(state.step) && isTurning(context, state.unit) === waiting) search(context);
}

/** Another medium, or none, is in a drive: whatever the chip was reading there is gone, and it searches anew. */
export function mediumChanged(context: FloppyContext, unit: number): void {
  const { state } = context;
  state.diskChanged[unit] = true;
  if (turningSteps.includes(state.step) && state.unit === unit) search(context);
}

/** The host moved a byte without DMA: a disk that waited for that goes on. */
export function hostMovedByte({ state }: FloppyContext): void {
  if (state.ticksLeft === Infinity && (state.step === 'byte' || state.step === 'formatId')) state.ticksLeft = 1;
}

/** The host took a byte without DMA: the end of the command may have waited for that. */
export function hostTookByte(context: FloppyContext): void {
  hostMovedByte(context);
  if (context.state.step === 'drain') drain(context);
  else serveHost(context);
}
