/**
 * The host's side of the chip: INT and DRQ, the FIFO with its threshold, and the result phase (82077AA section 4).
 */
import { byteTicks, stepUnitTicks } from './geometry.js';
import { serviceAsked, soughtOnTheWay } from './qemu.js';
import { configureBit, type FloppyContext, type FloppyState, outputBit, selectedRate, st0Bit } from './state.js';

/** The command in execution takes bytes from the host. */
export function takesBytes({ command }: FloppyState): boolean {
  const code = command[0]! & 0x1f;
  return code === 0x05 || code === 0x09 || code === 0x0d;
}

export const withoutDma = (state: FloppyState): boolean => (state.loadAndMode & 1) !== 0;

const fifoDepth = (state: FloppyState): number => (state.configure & configureBit.fifoOff ? 1 : 16);

/** Bytes of the sector, or of the sector ID, that the host has to give in all. */
const bytesWanted = (state: FloppyState): number => ((state.command[0]! & 0x1f) === 0x0d ? 4 : state.buffer.length);

/** Drives INT: status to be read, or a byte to be moved without DMA; both pass the DMA gate only (section 2.1.2). */
export function updateInterrupt(context: FloppyContext): void {
  const { state, lines, board } = context;
  const byte = state.service && withoutDma(state);
  serviceAsked(context, byte);
  const open = board.asQemu === true || (state.digitalOutput & outputBit.gate) !== 0;
  lines.interrupt(open && (state.interrupt || byte));
}

/** Whether the chip asks for service next: it starts at the threshold and goes on until the FIFO is full or empty. */
function wantsService(state: FloppyState): boolean {
  const { fifo } = state;
  const depth = fifoDepth(state);
  const threshold = (state.configure & 0x0f) + 1;
  if (takesBytes(state)) {
    const enough = state.terminalCount || state.bufferAt + fifo.length >= bytesWanted(state);
    if (enough || fifo.length >= depth) return false;
    return state.service || fifo.length < Math.min(threshold, depth);
  }
  if (fifo.length === 0) return false;
  const sectorComplete = state.bufferAt === state.buffer.length;
  return state.service || sectorComplete || fifo.length >= Math.max(1, depth - threshold);
}

/** Moves one byte over DMA; false when the channel does not answer. */
function moveByDma({ state, board }: FloppyContext): boolean {
  const given = takesBytes(state) ? board.dma.toDevice() : undefined;
  const taken = takesBytes(state) ? undefined : board.dma.fromDevice(state.fifo[0]!);
  if (given !== undefined) state.fifo.push(given.value & 0xff);
  else if (taken !== undefined) state.fifo.shift();
  else return false;
  if ((given ?? taken)?.terminalCount) {
    state.terminalCount = true;
    if (!takesBytes(state)) state.fifo.length = 0; // Whatever came after the last byte wanted is dropped.
  }
  return true;
}

/** Asks the host for what the FIFO needs, and moves what DMA can move now. */
export function serveHost(context: FloppyContext): void {
  const { state, board } = context;
  state.service = wantsService(state);
  if (!withoutDma(state)) {
    const gate = (state.digitalOutput & outputBit.gate) !== 0;
    if (gate && state.service) board.dma.request(true);
    while (gate && state.service && moveByDma(context)) state.service = wantsService(state);
    board.dma.request(gate && state.service);
  }
  updateInterrupt(context);
}

/** A byte arrived from the disk; false when the host left no room for it. */
export function giveByte(context: FloppyContext, value: number): boolean {
  const { state } = context;
  if (state.terminalCount) return true;
  if (state.fifo.length >= fifoDepth(state)) serveHost(context); // A last chance for a channel that was masked.
  if (state.fifo.length >= fifoDepth(state)) return false;
  state.fifo.push(value);
  return true;
}

/** The next byte for the disk; undefined when the host gave none. After terminal count the rest is zeros. */
export function takeByte(context: FloppyContext): number | undefined {
  const { state } = context;
  if (state.fifo.length === 0) serveHost(context);
  return state.fifo.shift() ?? (state.terminalCount ? 0 : undefined);
}

/** Enters the result phase, or the command phase for a command that has no result. */
export function giveResult(context: FloppyContext, result: readonly number[], interrupt: boolean): void {
  const { state, board } = context;
  state.phase = result.length === 0 ? 'command' : 'result';
  state.commandLength = 0;
  state.result = [...result];
  state.step = 'none';
  state.ticksLeft = Infinity;
  state.fifo = [];
  state.service = false;
  state.interrupt ||= interrupt;
  board.dma.request(false);
  updateInterrupt(context);
}

/** Ends a transfer: status, and the sector ID that the chip is at; the heads stay loaded for the unload time. */
export function endTransfer(context: FloppyContext, abnormal: boolean): void {
  const { state } = context;
  const unloadUnits = state.stepAndUnload & 0x0f || 16;
  state.headLoadedTicks = unloadUnits * 16 * stepUnitTicks(selectedRate(state));
  state.headUnit = state.unit;
  const sought = soughtOnTheWay(context) ? st0Bit.seekEnd : 0;
  const st0 = (abnormal ? st0Bit.abnormal : 0) | sought | (state.side << 2) | state.unit;
  const { st1, st2, cylinder, head, sector, size } = state;
  giveResult(context, [st0, st1, st2, cylinder, head, sector, size], true);
}

/** Ticks of one byte at the selected rate. */
export const transferByteTicks = (state: FloppyState): number => byteTicks(selectedRate(state));
