/** The SCRIPTS processor (chapter 5, "SCSI SCRIPTS Instruction Set"). */
import { blockMove, illegal, type Outcome, pieceBytes, signed24 } from './block-move.js';
import { resumeScript, selectTarget, setAttention, tryReselection } from './bus.js';
import { dmaInterrupt, updateInterrupt } from './interrupts.js';
import { readMemory, readWord, writeMemory } from './memory.js';
import { dcntl, dstat, istat0, istat1, register, registerBytes, sstat0 } from './registers.js';
import { type AdapterContext, get24, get32, get8, set32, set8 } from './state.js';
import { selectionTicks } from './timers.js';

/** How an instruction reads and writes registers: as software does. */
export interface RegisterFile {
  read(context: AdapterContext, at: number): number;
  write(context: AdapterContext, at: number, value: number): void;
}

const instructionTicks = 3;
/** Instructions executed at one tick at most; a script that never waits takes its time all the same. */
const burstMost = 32;
/** Bytes that move over the host's bus in a tick. */
const bytesPerTick = 10;

/** Starts SCRIPTS at DSP. */
export function startScript(context: AdapterContext): void {
  resumeScript(context);
  context.state.again = false;
  context.state.scriptTicks = instructionTicks;
  set8(context, register.ISTAT1, get8(context, register.ISTAT1) | istat1.SRUN);
}

/** Executes until the script waits, stops, or has had its share. */
export function runScript(context: AdapterContext, file: RegisterFile): void {
  const { state } = context;
  let ticks = 0;
  for (let executed = 0; executed < burstMost; executed++) {
    if (!state.again) fetchInstruction(context);
    state.again = false;
    const outcome = execute(context, file);
    if (outcome === 'stopped') return;
    if (typeof outcome === 'string') {
      state.script = outcome;
      state.scriptTicks = Infinity;
      return;
    }
    if (state.script !== 'running') return; // A register that it wrote stopped it.
    ticks += outcome + instructionTicks;
    if (get8(context, register.DCNTL) & dcntl.SSM) return dmaInterrupt(context, dstat.SSI);
    if (outcome > burstMost * instructionTicks) break;
  }
  state.scriptTicks = ticks;
}

function fetchInstruction(context: AdapterContext): void {
  const at = get32(context, register.DSP);
  set32(context, register.DBC, readWord(context, at));
  set32(context, register.DSPS, readWord(context, (at + 4) >>> 0));
  set32(context, register.DSP, (at + 8) >>> 0);
}

function execute(context: AdapterContext, file: RegisterFile): Outcome {
  const code = get8(context, register.DCMD);
  switch (code >> 6) {
    case 0:
      return blockMove(context, code);
    case 1:
      return ((code >> 3) & 7) < 5 ? inputOutput(context, code) : registerOperation(context, file, code);
    case 2:
      return transferControl(context, code);
    default:
      return (code & 0x20) === 0 ? memoryMove(context, file) : loadStore(context, file, code);
  }
}

// Input and output.

function inputOutput(context: AdapterContext, code: number): Outcome {
  const { state } = context;
  const operand = get32(context, register.DSPS);
  const flags = get24(context, register.DBC);
  const relative = (code & 0x04) !== 0;
  const alternative = relative ? (get32(context, register.DSP) + signed24(operand)) >>> 0 : operand;
  switch ((code >> 3) & 7) {
    case 0:
      return select(context, code, alternative);
    case 1:
      if (state.bus.connected) return 'disconnect';
      tryReselection(context);
      return 0;
    case 2:
      return waitReselect(context, alternative);
    default: {
      const level = ((code >> 3) & 7) === 3;
      if (flags & 0x400) state.carry = level;
      if (flags & 0x008) setAttention(context, level);
      return 0;
    }
  }
}

function select(context: AdapterContext, code: number, alternative: number): Outcome {
  const { state, board } = context;
  tryReselection(context);
  set32(context, register.DNAD, alternative);
  if (state.bus.connected) {
    set32(context, register.DSP, alternative); // A target was quicker: the script is to serve it first.
    return 0;
  }
  let which = get32(context, register.DBC);
  if (code & 0x02) {
    which = readWord(context, (get32(context, register.DSA) + signed24(which)) >>> 0);
    set8(context, register.SCNTL3, which >>> 24);
    set8(context, register.SXFER, (which >> 8) & 0xff);
  }
  const id = (which >> 16) & 0x0f;
  set8(context, register.SDID, id);
  set8(context, register.SSTAT0, get8(context, register.SSTAT0) | sstat0.WOA);
  if (board.target(id) === undefined) {
    state.selecting = true; // The script goes on, to the first instruction that waits for REQ.
    state.selectionTicks = selectionTicks(context);
    return 0;
  }
  selectTarget(context, id, (code & 0x01) !== 0);
  return 0;
}

function waitReselect(context: AdapterContext, alternative: number): Outcome {
  const { state } = context;
  set32(context, register.DNAD, alternative);
  tryReselection(context);
  if (state.bus.connected) return 0;
  if ((get8(context, register.ISTAT0) & istat0.SIGP) === 0) return 'reselect';
  set32(context, register.DSP, alternative);
  return 0;
}

// Registers.

function registerOperation(context: AdapterContext, file: RegisterFile, code: number): Outcome {
  const { state } = context;
  const word = get32(context, register.DBC);
  const at = ((word >> 16) & 0x7f) | (word & 0x80);
  const [operation, operator] = [(code >> 3) & 7, code & 7];
  const useSfbr = (word & 0x800000) !== 0;
  const right = useSfbr ? get8(context, register.SFBR) : (word >> 8) & 0xff;
  const left = operation === 5 ? get8(context, register.SFBR) : operator === 0 ? 0 : file.read(context, at);
  const result = operate(context, operator, left, right);
  if (operator === 1 || operator >= 5) state.carry = result > 0xff;
  if (operation === 6) set8(context, register.SFBR, result & 0xff);
  else file.write(context, at, result & 0xff);
  return 0;
}

/** The result in the low byte; bit 8 is the carry of those operators that have one. */
function operate({ state }: AdapterContext, operator: number, left: number, right: number): number {
  const carry = state.carry ? 1 : 0;
  switch (operator) {
    case 0:
      return right;
    case 1:
      return (left << 1) | carry;
    case 2:
      return left | right;
    case 3:
      return left ^ right;
    case 4:
      return left & right;
    case 5:
      return (left >> 1) | (carry << 7) | ((left & 1) << 8);
    case 6:
      return left + right;
    default:
      return left + right + carry;
  }
}

// Transfer control.

const condition = { carry: 0x200000, fly: 0x100000, ifTrue: 0x080000, data: 0x040000, phase: 0x020000, wait: 0x010000 };

function transferControl(context: AdapterContext, code: number): Outcome {
  const { state } = context;
  const word = get24(context, register.DBC);
  if ((word & condition.wait) !== 0 && !state.bus.request) return 'request';
  const compares = word & (condition.carry | condition.phase | condition.data);
  const wanted = (word & condition.ifTrue) !== 0;
  if (compares === 0 && !wanted) return 0; // NOP.
  const mask = ~(word >> 8) & 0xff;
  const holds =
    ((word & condition.carry) === 0 || state.carry === wanted) &&
    ((word & condition.phase) === 0 || ((get8(context, register.SSTAT1) & 7) === (code & 7)) === wanted) &&
    ((word & condition.data) === 0 || (((get8(context, register.SFBR) ^ word) & mask) === 0) === wanted);
  if (!holds) return 0;
  const operand = get32(context, register.DSPS);
  const next = get32(context, register.DSP);
  const to = (word & 0x800000) === 0 ? operand : (next + signed24(operand)) >>> 0;
  switch ((code >> 3) & 7) {
    case 0:
      set32(context, register.DSP, to);
      return 0;
    case 1:
      set32(context, register.TEMP, next);
      set32(context, register.DSP, to);
      return 0;
    case 2:
      set32(context, register.DSP, get32(context, register.TEMP));
      return 0;
    case 3:
      return interruptHost(context, (word & condition.fly) !== 0);
    default:
      return illegal(context);
  }
}

function interruptHost(context: AdapterContext, onTheFly: boolean): Outcome {
  if (!onTheFly) {
    dmaInterrupt(context, dstat.SIR);
    return 'stopped';
  }
  set8(context, register.ISTAT0, get8(context, register.ISTAT0) | istat0.INTF);
  updateInterrupt(context);
  return 0;
}

// Memory.

/** MEMORY MOVE; either end may be the chip's own registers, where the host mapped them. */
function memoryMove(context: AdapterContext, file: RegisterFile): Outcome {
  const source = get32(context, register.DSPS);
  const next = get32(context, register.DSP);
  const target = readWord(context, next);
  set32(context, register.TEMP, target);
  set32(context, register.DSP, (next + 4) >>> 0);
  const bytes = get24(context, register.DBC);
  for (let done = 0; done < bytes; done += pieceBytes) {
    const piece = moveFrom(context, file, (source + done) >>> 0, Math.min(pieceBytes, bytes - done));
    const at = registerAt(context, (target + done) >>> 0, piece.length);
    if (at === undefined) writeMemory(context, (target + done) >>> 0, piece);
    else piece.forEach((value, index) => file.write(context, at + index, value));
  }
  return Math.floor(bytes / bytesPerTick);
}

function moveFrom(context: AdapterContext, file: RegisterFile, address: number, bytes: number): Uint8Array {
  const at = registerAt(context, address, bytes);
  if (at === undefined) return readMemory(context, address, bytes);
  return Uint8Array.from({ length: bytes }, (_, index) => file.read(context, at + index));
}

/** The register at a physical address; undefined when the bytes are elsewhere. */
function registerAt({ board }: AdapterContext, address: number, bytes: number): number | undefined {
  const base = board.base(1);
  const inside = base !== undefined && address >= base && address + bytes <= base + registerBytes;
  return inside ? address - base : undefined;
}

function loadStore(context: AdapterContext, file: RegisterFile, code: number): Outcome {
  const word = get24(context, register.DBC);
  const operand = get32(context, register.DSPS);
  const address = (code & 0x10) === 0 ? operand : (get32(context, register.DSA) + signed24(operand)) >>> 0;
  const bytes = word & 7;
  const at = (word >> 16) & 0xff;
  if (bytes === 0 || bytes > 4) return illegal(context);
  if (code & 0x01) {
    readMemory(context, address, bytes).forEach((value, index) => file.write(context, (at + index) & 0xff, value));
  } else {
    const values = Array.from({ length: bytes }, (_, index) => file.read(context, (at + index) & 0xff));
    writeMemory(context, address, Uint8Array.from(values));
  }
  return 0;
}
